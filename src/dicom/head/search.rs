//! The search for a head in plain bytes.

use crate::dicom::Head;
use crate::dicom::HeadError;
use crate::dicom::Tag;
use crate::dicom::head::VALUE_BYTES_MAX;
use crate::dicom::head::draft::Draft;
use crate::dicom::scan::HEADER_BYTES_MAX;
use crate::dicom::scan::Kind;
use crate::dicom::scan::Scanner;
use crate::dicom::scan::Syntax;
use crate::dicom::tag;

/// Bytes that one step can need: a header, or a wanted value.
const STEP_BYTES_MAX: usize = VALUE_BYTES_MAX as usize;
const _: () = assert!(HEADER_BYTES_MAX <= STEP_BYTES_MAX);

/// What the next bytes belong to.
#[derive(Clone, Copy, Debug)]
enum Next {
    Header,
    /// A wanted value of this length.
    Value(Tag, u32),
    /// This many bytes that nobody asked for.
    Skipped(u32),
}

/// What one step over the bytes at hand came to.
enum Step {
    /// They hold an unfinished header or wanted value.
    Incomplete,
    /// This many are done with.
    Took(usize),
    Found(Head),
}

/// Skips what nobody asked for; holds at most one unfinished header or wanted value.
pub(super) struct Search {
    scanner: Scanner,
    next: Next,
    /// End of the last element whose header was read, in bytes of the data set.
    end: u64,
    limit_bytes: usize,
    /// The start of an unfinished header or wanted value.
    rest: Vec<u8>,
    draft: Draft,
}

impl Search {
    pub(super) const fn new(syntax: Syntax, limit_bytes: usize) -> Self {
        Self {
            scanner: Scanner::new(syntax),
            next: Next::Header,
            end: 0,
            limit_bytes,
            rest: Vec::new(),
            draft: Draft::new(),
        }
    }

    pub(super) fn is_between_elements(&self) -> bool {
        self.rest.is_empty() && self.scanner.at_top() && matches!(self.next, Next::Header)
    }

    /// What has been learnt.
    pub(super) fn head(&mut self) -> Head {
        self.draft.head()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Option<Head>, HeadError> {
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let held = self.rest.len();
            let step = if held == 0 {
                self.step(bytes)?
            } else {
                let mut joined = std::mem::take(&mut self.rest);
                let room = STEP_BYTES_MAX.saturating_sub(held);
                joined.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
                let step = self.step(&joined)?;
                if matches!(step, Step::Incomplete) {
                    self.rest = joined;
                }
                step
            };
            match step {
                Step::Found(head) => return Ok(Some(head)),
                // What was held alone was not enough, so a step that took took some of `bytes`.
                Step::Took(taken) => {
                    bytes = bytes.get(taken.saturating_sub(held)..).unwrap_or_default();
                }
                Step::Incomplete => {
                    if held == 0 {
                        self.rest.extend_from_slice(bytes);
                    }
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    fn step(&mut self, bytes: &[u8]) -> Result<Step, HeadError> {
        match self.next {
            Next::Skipped(length) => {
                let taken = bytes.len().min(length as usize);
                let left = length.saturating_sub(u32::try_from(taken).unwrap_or(length));
                self.next = if left == 0 {
                    Next::Header
                } else {
                    Next::Skipped(left)
                };
                Ok(Step::Took(taken))
            }
            Next::Value(tag, length) => {
                let Some(value) = bytes.get(..length as usize) else {
                    return Ok(Step::Incomplete);
                };
                self.next = Next::Header;
                self.draft.take(tag, value)?;
                Ok(if tag == tag::STUDY_INSTANCE_UID {
                    Step::Found(self.draft.head())
                } else {
                    Step::Took(value.len())
                })
            }
            Next::Header => self.header(bytes),
        }
    }

    fn header(&mut self, bytes: &[u8]) -> Result<Step, HeadError> {
        let Some(token) = self.scanner.read(bytes)? else {
            return Ok(Step::Incomplete);
        };
        let length = token.value;
        let mut is_wanted = false;
        if let Kind::Element(tag, vr) | Kind::Open(tag, vr) = token.kind {
            // Tags rise: what has not come by now never comes.
            if tag > tag::STUDY_INSTANCE_UID {
                return Ok(Step::Found(self.draft.head()));
            }
            is_wanted = Draft::wants(tag);
            let is_sequence = vr == Some(*b"SQ") || matches!(token.kind, Kind::Open(..));
            if is_wanted && is_sequence {
                return Err(HeadError::NotText { tag });
            }
            if is_wanted && length > VALUE_BYTES_MAX {
                return Err(HeadError::ValueTooLong { tag, length });
            }
        }
        let header = u64::try_from(token.header).unwrap_or(u64::MAX);
        self.end = self
            .end
            .saturating_add(header)
            .saturating_add(u64::from(length));
        if usize::try_from(self.end).map_or(true, |end| end > self.limit_bytes) {
            return Err(HeadError::TooLong {
                limit_bytes: self.limit_bytes,
            });
        }
        self.next = match token.kind {
            Kind::Element(tag, _) if is_wanted && length == 0 => {
                self.draft.take(tag, &[])?;
                if tag == tag::STUDY_INSTANCE_UID {
                    return Ok(Step::Found(self.draft.head()));
                }
                Next::Header
            }
            Kind::Element(tag, _) if is_wanted => Next::Value(tag, length),
            _ if length == 0 => Next::Header,
            _ => Next::Skipped(length),
        };
        Ok(Step::Took(token.header))
    }
}
