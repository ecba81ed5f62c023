//! How far the store goes, as it is written there.

use crate::digest::Sha256;

/// Form of what the store holds. An index of another form is built anew.
const FORM: u8 = 2;

/// How far the store goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// Number of the first entry that it does not hold.
    pub(super) next_seq: u64,
    /// Entries of a run.
    pub(super) run_entries: u32,
    /// SHA-256 of the line before `next_seq`: tells whose journal it is.
    pub(super) last_line: Sha256,
}

impl Progress {
    /// Nothing held yet.
    pub(super) const fn none(run_entries: u32) -> Self {
        Self {
            next_seq: 0,
            run_entries,
            last_line: Sha256::ZERO,
        }
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        bytes.extend_from_slice(&self.run_entries.to_be_bytes());
        bytes.extend_from_slice(&self.next_seq.to_be_bytes());
        bytes.extend_from_slice(self.last_line.as_bytes());
        bytes
    }

    /// `None`: not what was written, or of another form.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (run_entries, rest) = bytes.strip_prefix(&[FORM])?.split_first_chunk()?;
        let (next_seq, last_line) = rest.split_first_chunk()?;
        Some(Self {
            next_seq: u64::from_be_bytes(*next_seq),
            run_entries: u32::from_be_bytes(*run_entries),
            last_line: Sha256::from_bytes(last_line.try_into().ok()?),
        })
    }
}
