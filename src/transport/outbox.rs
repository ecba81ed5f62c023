//! What waits to be written to a socket: whole buffers, never copied together.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Buf;
use bytes::Bytes;

/// Buffers handed to one `writev`; Linux takes up to 1,024.
const SLICES_MAX: usize = 64;

/// Bytes in the order in which they leave.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    parts: VecDeque<Bytes>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn push(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.bytes = self.bytes.saturating_add(part.len());
            self.parts.push_back(part);
        }
    }

    /// Bytes not yet written.
    pub(super) const fn len(&self) -> usize {
        self.bytes
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.bytes = 0;
    }

    /// Fills `slices` for a vectored write and tells how many it filled.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize {
        let mut filled = 0;
        for (slice, part) in slices.iter_mut().zip(&self.parts) {
            *slice = IoSlice::new(part);
            filled += 1;
        }
        filled
    }

    /// An array to fill by [`Outbox::slices`].
    pub(super) fn empty_slices<'a>() -> [IoSlice<'a>; SLICES_MAX] {
        [IoSlice::new(&[]); SLICES_MAX]
    }

    /// Forgets the first `written` bytes.
    pub(super) fn advance(&mut self, written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        let mut left = written;
        while left > 0 {
            let Some(first) = self.parts.front_mut() else {
                return;
            };
            if first.len() > left {
                first.advance(left);
                return;
            }
            left -= first.len();
            self.parts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_write_leaves_the_rest_in_order() {
        let mut outbox = Outbox::default();
        for part in [&b"abc"[..], b"", b"defg", b"h"] {
            outbox.push(Bytes::copy_from_slice(part));
        }
        assert_eq!(outbox.len(), 8);
        outbox.advance(5);
        let mut slices = Outbox::empty_slices();
        let filled = outbox.slices(&mut slices);
        let left: Vec<u8> = slices[..filled].iter().flat_map(|s| s.to_vec()).collect();
        assert_eq!(left, b"fgh");
        outbox.advance(3);
        assert!(outbox.is_empty());
    }
}
