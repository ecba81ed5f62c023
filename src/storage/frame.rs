//! How a batch of entries lies in a segment. All numbers are big-endian.
//!
//! | batch | bytes | | record | bytes |
//! |---|---|---|---|---|
//! | magic | 8 | | length of the line | 4 |
//! | batch id, from 1 without gaps | 8 | | length of the sealed details, or 0 | 4 |
//! | number of the first entry | 8 | | SHA-256 of the line | 32 |
//! | count of records | 4 | | SHA-256 of the sealed details, if any | 32 |
//! | bytes of the records | 4 | | the line | |
//! | SHA-256 of the records' heads | 32 | | the sealed details | |
//! | SHA-256 of the above, its beginning | 8 | | | |
//!
//! The heads hold the digests of all that they stand before, so the batch's digest covers
//! everything; and what is damaged can be told to the entry.

use std::ops::Range;

use crate::digest::Hasher;
use crate::digest::Sha256;
use crate::ledger::Damage;
use crate::ledger::Harm;
use crate::ledger::LINE_BYTES_MAX;
use crate::ledger::Line;
use crate::ledger::Sealed;
use crate::ledger::line_hash;

/// Entries in the largest batch.
pub const BATCH_ENTRIES_MAX: usize = 64;

/// Bytes of the longest sealed details beside one line.
pub const SEALED_BYTES_MAX: usize = 65_536;

/// Begins every batch. Its first byte is never part of a line, which is UTF-8 text.
const MAGIC: [u8; 8] = *b"\xFFcredB1\n";

/// Bytes of a batch's head.
pub(super) const HEAD_BYTES: usize = 72;

/// Bytes of a batch's head that its check covers.
const CHECKED_BYTES: usize = 64;

/// Bytes of the records in the largest batch.
pub(super) const BODY_BYTES_MAX: usize =
    BATCH_ENTRIES_MAX * (RECORD_HEAD_BYTES_MAX + LINE_BYTES_MAX + SEALED_BYTES_MAX);

const RECORD_HEAD_BYTES_MAX: usize = 72;

/// An entry on its way into the journal.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its line, without a newline.
    pub line: String,
    /// The sealed details beside it: not empty, at most [`SEALED_BYTES_MAX`] bytes.
    pub sealed: Option<Vec<u8>>,
}

/// The head of a batch, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchHead {
    pub(super) id: u64,
    pub(super) first_seq: u64,
    pub(super) count: u32,
    pub(super) body_bytes: u32,
    heads_digest: Sha256,
}

impl BatchHead {
    /// Reads a head; `None` when these bytes are none, or it is damaged.
    pub(super) fn parse(bytes: &[u8; HEAD_BYTES]) -> Option<Self> {
        let (checked, check) = bytes.split_at_checked(CHECKED_BYTES)?;
        let fields = checked.strip_prefix(&MAGIC)?;
        if !Sha256::of(&[checked]).as_bytes().starts_with(check) {
            return None;
        }
        let (id, fields) = fields.split_first_chunk()?;
        let (first_seq, fields) = fields.split_first_chunk()?;
        let (count, fields) = fields.split_first_chunk()?;
        let (body_bytes, digest) = fields.split_first_chunk()?;
        let head = Self {
            id: u64::from_be_bytes(*id),
            first_seq: u64::from_be_bytes(*first_seq),
            count: u32::from_be_bytes(*count),
            body_bytes: u32::from_be_bytes(*body_bytes),
            heads_digest: Sha256::from_bytes(digest.try_into().ok()?),
        };
        (head.body_len() <= BODY_BYTES_MAX).then_some(head)
    }

    /// Bytes of the records.
    pub(super) fn body_len(&self) -> usize {
        usize::try_from(self.body_bytes).unwrap_or(usize::MAX)
    }

    /// Bytes of the whole batch.
    pub(super) fn len(&self) -> u64 {
        HEAD_BYTES as u64 + u64::from(self.body_bytes)
    }

    /// Number of the entry after the batch.
    pub(super) fn next_seq(&self) -> u64 {
        self.first_seq.saturating_add(u64::from(self.count))
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.id.to_be_bytes());
        bytes.extend_from_slice(&self.first_seq.to_be_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes.extend_from_slice(&self.body_bytes.to_be_bytes());
        bytes.extend_from_slice(self.heads_digest.as_bytes());
        let check = Sha256::of(&[&bytes]);
        bytes.extend(check.as_bytes().iter().take(HEAD_BYTES - CHECKED_BYTES));
        bytes
    }
}

/// The bytes of a batch; `None` when it is empty or over the limits.
pub(super) fn encode(id: u64, first_seq: u64, records: &[Record]) -> Option<Vec<u8>> {
    let records: Vec<_> = records
        .iter()
        .map(|record| (record.line.as_bytes(), record.sealed.as_deref()))
        .collect();
    encode_bytes(id, first_seq, &records)
}

/// The same of lines that need not be text.
pub(super) fn encode_bytes(
    id: u64,
    first_seq: u64,
    records: &[(&[u8], Option<&[u8]>)],
) -> Option<Vec<u8>> {
    if records.is_empty() || records.len() > BATCH_ENTRIES_MAX {
        return None;
    }
    let mut bytes = vec![0; HEAD_BYTES];
    let mut heads = Hasher::new();
    for (line, sealed) in records {
        let sealed_fits =
            sealed.is_none_or(|sealed| (1..=SEALED_BYTES_MAX).contains(&sealed.len()));
        if line.len() > LINE_BYTES_MAX || !sealed_fits {
            return None;
        }
        let start = bytes.len();
        let sealed_len = sealed.map_or(0, <[u8]>::len);
        bytes.extend_from_slice(&u32::try_from(line.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(sealed_len).ok()?.to_be_bytes());
        bytes.extend_from_slice(line_hash(line).as_bytes());
        if let Some(sealed) = sealed {
            bytes.extend_from_slice(Sha256::of(&[sealed]).as_bytes());
        }
        heads.update(bytes.get(start..)?);
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(sealed.unwrap_or_default());
    }
    let head = BatchHead {
        id,
        first_seq,
        count: u32::try_from(records.len()).ok()?,
        body_bytes: u32::try_from(bytes.len() - HEAD_BYTES).ok()?,
        heads_digest: heads.finish(),
    };
    bytes.splice(..HEAD_BYTES, head.encode());
    Some(bytes)
}

/// A batch as it was read.
#[derive(Debug, Default)]
pub(super) struct Batch {
    body: Vec<u8>,
    records: Vec<Found>,
}

#[derive(Debug)]
struct Found {
    seq: u64,
    line: Range<usize>,
    hash: Sha256,
    sealed: Option<(Range<usize>, Sha256)>,
}

/// A record of a batch, its digests checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) seq: u64,
    pub(super) line: Line<'a>,
    pub(super) sealed: Option<&'a [u8]>,
}

impl Batch {
    /// Room for the body of the batch with this head, to be filled before [`check`](Self::check).
    pub(super) fn body_for(&mut self, head: &BatchHead) -> &mut [u8] {
        self.records.clear();
        self.body.clear();
        self.body.resize(head.body_len(), 0);
        &mut self.body
    }

    /// Forgets the records.
    pub(super) fn clear(&mut self) {
        self.records.clear();
    }

    /// Takes the records out of the body.
    ///
    /// # Errors
    /// The first record that is damaged; those before it can be had.
    pub(super) fn check(&mut self, head: &BatchHead) -> Result<(), Damage> {
        let mut heads = Hasher::new();
        let mut at = 0;
        while at < self.body.len() {
            let seq = head.first_seq.saturating_add(self.records.len() as u64);
            let found =
                read_record(&self.body, at, seq, &mut heads).map_err(|words| damage(seq, words))?;
            at = found.end();
            self.records.push(found);
        }
        if self.records.len() as u64 != u64::from(head.count) || heads.finish() != head.heads_digest
        {
            return Err(damage(head.first_seq, "the frame of its batch was changed"));
        }
        Ok(())
    }

    /// The records that are in order.
    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = Seen<'_>> {
        self.records.iter().filter_map(|found| {
            let text = self.body.get(found.line.clone())?;
            let (sealed, digest) = match &found.sealed {
                None => (None, Sealed::Nothing),
                Some((range, digest)) => {
                    (Some(self.body.get(range.clone())?), Sealed::Digest(*digest))
                }
            };
            let line = Line {
                text,
                hash: found.hash,
                sealed: digest,
            };
            Some(Seen {
                seq: found.seq,
                line,
                sealed,
            })
        })
    }
}

impl Found {
    fn end(&self) -> usize {
        self.sealed
            .as_ref()
            .map_or(self.line.end, |(range, _)| range.end)
    }
}

const fn damage(entry: u64, words: &'static str) -> Damage {
    Damage {
        entry,
        harm: Harm::Frame(words),
    }
}

fn read_record(
    body: &[u8],
    start: usize,
    seq: u64,
    heads: &mut Hasher,
) -> Result<Found, &'static str> {
    const CUT: &str = "its record ends in the middle";
    let record = body.get(start..).ok_or(CUT)?;
    let (line_len, rest) = record.split_first_chunk().ok_or(CUT)?;
    let (sealed_len, rest) = rest.split_first_chunk().ok_or(CUT)?;
    let (line_digest, rest) = rest.split_first_chunk().ok_or(CUT)?;
    let line_len = usize::try_from(u32::from_be_bytes(*line_len)).map_err(|_| CUT)?;
    let sealed_len = usize::try_from(u32::from_be_bytes(*sealed_len)).map_err(|_| CUT)?;
    let (sealed_digest, rest) = match sealed_len {
        0 => (None, rest),
        _ => {
            let (digest, rest) = rest.split_first_chunk().ok_or(CUT)?;
            (Some(Sha256::from_bytes(*digest)), rest)
        }
    };
    let head_len = record.len().saturating_sub(rest.len());
    let (line, rest) = rest.split_at_checked(line_len).ok_or(CUT)?;
    let hash = line_hash(line);
    if hash != Sha256::from_bytes(*line_digest) {
        return Err("its bytes are not those that were written");
    }
    let line_start = start.saturating_add(head_len);
    let line_end = line_start.saturating_add(line_len);
    let sealed = match sealed_digest {
        None => None,
        Some(digest) => {
            let sealed = rest.get(..sealed_len).ok_or(CUT)?;
            if Sha256::of(&[sealed]) != digest {
                return Err("its sealed details are not those that were written");
            }
            Some((line_end..line_end.saturating_add(sealed_len), digest))
        }
    };
    heads.update(record.get(..head_len).ok_or(CUT)?);
    Ok(Found {
        seq,
        line: line_start..line_end,
        hash,
        sealed,
    })
}

/// Whether `bytes` begin with a batch that is whole, whatever its numbers.
pub(super) fn is_whole_batch(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk() else {
        return false;
    };
    let Some(head) = BatchHead::parse(head) else {
        return false;
    };
    let Some(body) = rest.get(..head.body_len()) else {
        return false;
    };
    let mut batch = Batch::default();
    batch.body_for(&head).copy_from_slice(body);
    batch.check(&head).is_ok()
}

/// Where in `bytes` a batch's first bytes stand, from `from` on.
pub(super) fn find_magic(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let mut starts = rest
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == MAGIC[0]);
    let found =
        starts.find(|(place, _)| rest.get(*place..).is_some_and(|at| at.starts_with(&MAGIC)));
    from.checked_add(found?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: &str, sealed: Option<&[u8]>) -> Record {
        Record {
            line: line.to_owned(),
            sealed: sealed.map(<[u8]>::to_vec),
        }
    }

    fn read(bytes: &[u8]) -> Result<Batch, Damage> {
        let head =
            BatchHead::parse(bytes.first_chunk().unwrap()).ok_or_else(|| damage(0, "no head"))?;
        let mut batch = Batch::default();
        let body = &bytes[HEAD_BYTES..];
        let room = batch.body_for(&head);
        room.copy_from_slice(&body[..room.len()]);
        batch.check(&head).map(|()| batch)
    }

    #[test]
    fn a_batch_reads_back() {
        let records = [record("first", None), record("second", Some(b"secret"))];
        let bytes = encode(3, 40, &records).unwrap();
        let head = BatchHead::parse(bytes.first_chunk().unwrap()).unwrap();
        assert_eq!((head.id, head.first_seq, head.next_seq()), (3, 40, 42));
        assert_eq!(head.len(), bytes.len() as u64);
        let batch = read(&bytes).unwrap();
        let seen: Vec<_> = batch.records().collect();
        assert_eq!((seen[0].seq, seen[0].line.text), (40, &b"first"[..]));
        assert_eq!(
            (seen[0].sealed, seen[0].line.sealed),
            (None, Sealed::Nothing)
        );
        assert_eq!((seen[1].seq, seen[1].sealed), (41, Some(&b"secret"[..])));
        assert!(is_whole_batch(&bytes));
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_told_to_its_entry() {
        let records = [
            record("first", Some(b"one")),
            record("second", Some(b"two")),
        ];
        let bytes = encode(1, 0, &records).unwrap();
        let second = HEAD_BYTES + 72 + "first".len() + "one".len();
        for bit in 0..bytes.len() * 8 {
            let mut copy = bytes.clone();
            copy[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_whole_batch(&copy));
            if bit / 8 >= HEAD_BYTES {
                let expected = u64::from(bit / 8 >= second);
                assert_eq!(read(&copy).unwrap_err().entry, expected, "bit {bit}");
            } else {
                assert_eq!(BatchHead::parse(copy.first_chunk().unwrap()), None);
            }
        }
    }

    #[test]
    fn a_batch_over_the_limits_is_not_made() {
        assert!(encode(1, 0, &[]).is_none());
        let long = record(&"x".repeat(LINE_BYTES_MAX + 1), None);
        assert!(encode(1, 0, &[long]).is_none());
        assert!(encode(1, 0, &[record("line", Some(&[]))]).is_none());
        let large = vec![0; SEALED_BYTES_MAX + 1];
        assert!(encode(1, 0, &[record("line", Some(&large))]).is_none());
        let full = vec![record("line", None); BATCH_ENTRIES_MAX];
        assert!(encode(1, 0, &full).is_some());
        assert!(encode(1, 0, &[full, vec![record("line", None)]].concat()).is_none());
    }
}
