//! The postings of a run of entries, as they lie in the store.
//!
//! A *posting* is a facet and the numbers of the entries of one run that have it, counted from the
//! run's first. The postings of a run, sorted by facet, are cut into *blocks* of about
//! [`BLOCK_BYTES`]; a long posting goes on in the next block. A block's key:
//!
//! | | bytes |
//! |---|---|
//! | `r` | 1 |
//! | number of the run's first entry, big-endian | 8 |
//! | facet that the block begins with (none in a run's first block) | |
//! | number that it begins with (none in a run's first block), big-endian | 4 |
//!
//! Its value: 8 bytes of SHA-256 over its key and what follows; the length of the next block's key
//! and that key, nothing for a run's last; then each posting as *shared*, *more* (bytes of the
//! facet that are those of the facet before, and how many follow), those bytes, *count*, the first
//! number, and the differences to the others. Numbers and lengths are LEB128.
//!
//! So a block tells whether it is the one that was written in this place, and how far it reaches:
//! a store that lost one cannot pass off its absence as "nothing found".

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::digest::Sha256;
use crate::storage::index::store::Pair;

/// Bytes of a block, about: it ends with the posting that reaches them.
const BLOCK_BYTES: usize = 2048;

/// Numbers of a posting in one block at most.
const PIECE_NUMBERS: usize = 1024;

/// Bytes of SHA-256 that a block begins with.
const CHECK_BYTES: usize = 8;

/// Postings by facet: numbers counted from the run's first entry, rising.
pub(super) type Postings = BTreeMap<Vec<u8>, Vec<u32>>;

/// A block is not what was written in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spoilt;

/// The key of a run's first block. Every key of the run begins with it.
pub(super) fn run_key(first: u64) -> Vec<u8> {
    [b"r", &first.to_be_bytes()[..]].concat()
}

/// The key of a block that begins with this facet and number.
pub(super) fn block_key(first: u64, facet: &[u8], number: u32) -> Vec<u8> {
    [&run_key(first), facet, &number.to_be_bytes()].concat()
}

/// The blocks of a run: keys and values, by rising key.
pub(super) fn encode(first: u64, postings: &Postings) -> Vec<Pair> {
    let mut blocks: Vec<Pair> = vec![(run_key(first), Vec::new())];
    let mut before: &[u8] = &[];
    for (facet, numbers) in postings {
        for piece in numbers.chunks(PIECE_NUMBERS) {
            let start = piece.first().copied().unwrap_or_default();
            if blocks
                .last()
                .is_some_and(|(_, body)| body.len() >= BLOCK_BYTES)
            {
                blocks.push((block_key(first, facet, start), Vec::new()));
                before = &[];
            }
            if let Some((_, body)) = blocks.last_mut() {
                push_posting(body, before, facet, piece);
            }
            before = facet;
        }
    }
    let mut next = Vec::new();
    for (key, body) in blocks.iter_mut().rev() {
        *body = sealed(key, &next, body);
        next.clone_from(key);
    }
    blocks
}

fn push_posting(body: &mut Vec<u8>, before: &[u8], facet: &[u8], numbers: &[u32]) {
    let shared = before.iter().zip(facet).take_while(|(a, b)| a == b).count();
    let more = facet.get(shared..).unwrap_or_default();
    push_number(body, shared as u64);
    push_number(body, more.len() as u64);
    body.extend_from_slice(more);
    push_number(body, numbers.len() as u64);
    let mut last = 0;
    for number in numbers {
        push_number(body, u64::from(number.wrapping_sub(last)));
        last = *number;
    }
}

fn sealed(key: &[u8], next: &[u8], body: &[u8]) -> Vec<u8> {
    let mut value = vec![0; CHECK_BYTES];
    push_number(&mut value, next.len() as u64);
    value.extend_from_slice(next);
    value.extend_from_slice(body);
    let check = check(key, value.get(CHECK_BYTES..).unwrap_or_default());
    value.splice(..CHECK_BYTES, check);
    value
}

fn check(key: &[u8], rest: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::of(&[key, rest]);
    digest.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// A block that is what was written in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    /// Key of the next block of the run; empty for the last.
    pub(super) next: &'a [u8],
    body: &'a [u8],
}

impl<'a> Block<'a> {
    pub(super) fn read(key: &[u8], value: &'a [u8]) -> Result<Self, Spoilt> {
        let (found, rest) = value.split_first_chunk().ok_or(Spoilt)?;
        if *found != check(key, rest) {
            return Err(Spoilt);
        }
        let mut body = rest;
        let next = take_number(&mut body)?;
        let next = take(&mut body, next)?;
        Ok(Self { next, body })
    }

    /// The numbers of this facet that stand in this block, rising.
    pub(super) fn numbers_of(&self, facet: &[u8]) -> Result<Vec<u32>, Spoilt> {
        let mut rest = self.body;
        let mut here = Vec::new();
        let mut numbers = Vec::new();
        while !rest.is_empty() {
            let shared = usize::try_from(take_number(&mut rest)?).map_err(|_| Spoilt)?;
            let more = take_number(&mut rest)?;
            here.truncate(shared);
            here.extend_from_slice(take(&mut rest, more)?);
            let count = take_number(&mut rest)?;
            match here.as_slice().cmp(facet) {
                Ordering::Less => skip_numbers(&mut rest, count)?,
                Ordering::Equal => take_numbers(&mut rest, count, &mut numbers)?,
                Ordering::Greater => break,
            }
        }
        Ok(numbers)
    }
}

fn take_numbers(rest: &mut &[u8], count: u64, numbers: &mut Vec<u32>) -> Result<(), Spoilt> {
    let mut last = 0_u32;
    for _ in 0..count {
        let more = u32::try_from(take_number(rest)?).map_err(|_| Spoilt)?;
        last = last.checked_add(more).ok_or(Spoilt)?;
        numbers.push(last);
    }
    Ok(())
}

/// Steps over so many numbers: each ends with a byte below 128.
fn skip_numbers(rest: &mut &[u8], count: u64) -> Result<(), Spoilt> {
    let count = usize::try_from(count).map_err(|_| Spoilt)?;
    if count == 0 {
        return Ok(());
    }
    let mut ends = rest.iter().enumerate().filter(|(_, byte)| **byte < 128);
    let (last, _) = ends.nth(count.saturating_sub(1)).ok_or(Spoilt)?;
    *rest = rest.get(last.saturating_add(1)..).ok_or(Spoilt)?;
    Ok(())
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push((number & 127) as u8);
}

fn take_number(rest: &mut &[u8]) -> Result<u64, Spoilt> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(Spoilt)?;
        *rest = after;
        number |= u64::from(byte & 127) << shift;
        if *byte < 128 {
            return Ok(number);
        }
    }
    Err(Spoilt)
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], Spoilt> {
    let length = usize::try_from(length).map_err(|_| Spoilt)?;
    let (taken, after) = rest.split_at_checked(length).ok_or(Spoilt)?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some short postings, and one of many blocks.
    fn postings() -> Postings {
        let mut postings: Postings = (0..500_u32)
            .map(|at| {
                (
                    format!("p{:08}", at * 7919).into_bytes(),
                    vec![at, at + 900],
                )
            })
            .collect();
        postings.insert(
            b"kdecision\0".to_vec(),
            (0..9_000).map(|at| at * 300).collect(),
        );
        postings
    }

    #[test]
    fn every_posting_is_found_in_its_blocks() {
        let (postings, first) = (postings(), 65_536);
        let blocks = encode(first, &postings);
        assert!(blocks.len() > 10);
        assert!(blocks.is_sorted());
        for (facet, numbers) in &postings {
            let found = blocks.iter().flat_map(|(key, value)| {
                assert!(value.len() < 2 * BLOCK_BYTES + 5 * PIECE_NUMBERS);
                let block = Block::read(key, value).unwrap();
                block.numbers_of(facet).unwrap()
            });
            assert_eq!(&found.collect::<Vec<_>>(), numbers);
        }
    }

    #[test]
    fn blocks_are_chained_from_the_runs_key_on() {
        let blocks = encode(4096, &postings());
        assert_eq!(blocks[0].0, run_key(4096));
        for (at, (key, value)) in blocks.iter().enumerate() {
            let next = blocks.get(at + 1).map_or(&[][..], |(next, _)| next);
            assert_eq!(Block::read(key, value).unwrap().next, next);
        }
    }

    #[test]
    fn a_block_that_was_changed_or_moved_is_spoilt() {
        let blocks = encode(0, &postings());
        let (key, value) = &blocks[3];
        for at in (0..value.len()).step_by(7) {
            let mut copy = value.clone();
            copy[at] ^= 4;
            assert_eq!(Block::read(key, &copy).unwrap_err(), Spoilt);
        }
        assert_eq!(Block::read(&blocks[2].0, value).unwrap_err(), Spoilt);
        assert_eq!(
            Block::read(key, &value[..CHECK_BYTES - 1]).unwrap_err(),
            Spoilt
        );
    }

    #[test]
    fn numbers_that_are_cut_or_too_long_are_spoilt() {
        for bytes in [&[][..], &[128], &[255; 11]] {
            assert_eq!(take_number(&mut &bytes[..]), Err(Spoilt));
        }
        for number in [0, 127, 128, 1 << 31, u64::MAX] {
            let mut bytes = Vec::new();
            push_number(&mut bytes, number);
            assert_eq!(take_number(&mut bytes.as_slice()), Ok(number));
        }
        assert_eq!(skip_numbers(&mut &[1, 128, 1][..], 3), Err(Spoilt));
    }
}
