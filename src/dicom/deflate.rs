//! Deflated data sets (PS3.5 §A.5: RFC 1951, no zlib header), inflated in pieces.

use flate2::Compress;
use flate2::Compression;
use flate2::Decompress;
use flate2::FlushCompress;
use flate2::FlushDecompress;
use flate2::Status;

/// Deflated bytes in one step. A deflated byte becomes at most 1,032 bytes, and 8 may wait inside
/// the inflater, so whatever a step inflates fits into [`SCRATCH_BYTES`]: nothing is left behind,
/// even when the step ends in an error, and how the input was cut changes nothing.
const STEP_BYTES: usize = 16;
const SCRATCH_BYTES: usize = 32 * 1024;
const _: () = assert!((STEP_BYTES + 8) * 1032 <= SCRATCH_BYTES);

/// Inflates a stream of bytes; holds about 75 KiB, whatever comes.
pub(super) struct Inflater {
    state: Decompress,
    scratch: Vec<u8>,
    is_ended: bool,
}

/// What a step came to.
pub(super) struct Inflation<'a> {
    /// Deflated bytes that are done with; at least one of those that were given.
    pub(super) consumed: usize,
    pub(super) inflated: &'a [u8],
    /// What follows `inflated` is not deflated data.
    pub(super) malformed: bool,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            state: Decompress::new(false),
            scratch: vec![0; SCRATCH_BYTES],
            is_ended: false,
        }
    }

    /// The last block has been inflated; what follows is padding.
    pub(super) const fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Inflates the first few of `bytes`.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Inflation<'_> {
        let input = bytes.get(..STEP_BYTES).unwrap_or(bytes);
        let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
        let status = self
            .state
            .decompress(input, &mut self.scratch, FlushDecompress::None);
        let consumed = since(before_in, self.state.total_in());
        let inflated = since(before_out, self.state.total_out());
        self.is_ended = matches!(status, Ok(Status::StreamEnd));
        Inflation {
            consumed,
            inflated: self.scratch.get(..inflated).unwrap_or_default(),
            malformed: status.is_err() || (consumed == 0 && !input.is_empty() && !self.is_ended),
        }
    }
}

fn since(before: u64, now: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}

/// Deflates a data set of ours, padded to an even length (PS3.5 §A.5).
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut state = Compress::new(Compression::default(), false);
    let mut out = Vec::new();
    loop {
        out.reserve(SCRATCH_BYTES);
        let done = since(0, state.total_in());
        let rest = bytes.get(done..).unwrap_or_default();
        match state.compress_vec(rest, &mut out, FlushCompress::Finish) {
            Ok(Status::Ok | Status::BufError) => {}
            Ok(Status::StreamEnd) | Err(_) => break,
        }
    }
    if !out.len().is_multiple_of(2) {
        out.push(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflated(mut rest: &[u8]) -> Option<Vec<u8>> {
        let mut inflater = Inflater::new();
        let mut out = Vec::new();
        while !inflater.is_ended() && !rest.is_empty() {
            let step = inflater.step(rest);
            out.extend_from_slice(step.inflated);
            if step.malformed {
                return None;
            }
            rest = &rest[step.consumed..];
        }
        inflater.is_ended().then_some(out)
    }

    #[test]
    fn what_is_deflated_inflates_to_itself() {
        let texts: [Vec<u8>; 4] = [
            Vec::new(),
            b"once".to_vec(),
            vec![7; 3_000_000],
            (0..200_000_u32).flat_map(u32::to_be_bytes).collect(),
        ];
        for text in texts {
            let deflated = deflated(&text);
            assert!(deflated.len().is_multiple_of(2));
            assert_eq!(inflated(&deflated), Some(text));
        }
    }

    #[test]
    fn what_is_not_deflated_is_malformed_and_a_part_is_not_ended() {
        assert_eq!(inflated(&[0xff; 40]), None);
        let deflated = deflated(&[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(inflated(&deflated[..6]), None);
    }
}
