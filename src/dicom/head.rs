//! The head of a data set: what a judgement needs to know, read from the stream of its bytes up
//! to the place of Study Instance UID (0020,000D), before anything is released. What is absent
//! is a fact, too.
//!
//! Values that nobody asked for are skipped as they come. Only an unfinished header or wanted
//! value is held between two pieces, at most [`VALUE_BYTES_MAX`] bytes, whatever lengths the data
//! set declares.

mod draft;
mod search;

use crate::dicom::Encoding;
use crate::dicom::Tag;
use crate::dicom::Uid;
use crate::dicom::UidError;
use crate::dicom::deflate::Inflater;
use crate::dicom::head::search::Search;
use crate::dicom::scan::ScanError;
use crate::dicom::scan::Syntax;
use crate::time::Day;

/// Bytes in the longest value that a head takes. LO has 64 characters (PS3.5 §6.2); the rest is
/// for multi-byte characters and their escape sequences.
pub const VALUE_BYTES_MAX: u32 = 1024;

/// What a data set says about itself before its Series.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// SOP Class UID (0008,0016).
    pub sop_class_uid: Option<Uid>,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: Option<Uid>,
    /// Patient ID (0010,0020), the raw bytes without outer padding. `None` when absent or empty.
    pub patient_id: Option<Vec<u8>>,
    /// Issuer of Patient ID (0010,0021), likewise.
    pub issuer_of_patient_id: Option<Vec<u8>>,
    /// Study Instance UID (0020,000D). `None` when absent or empty.
    pub study_instance_uid: Option<Uid>,
    /// Modality (0008,0060). `None` when absent, empty, or not 1 to 16 letters, digits, spaces
    /// and underscores: it is going to be a fact in the clear, so nothing else passes as one.
    pub modality: Option<String>,
    /// Station Name (0008,1010), the raw bytes without outer padding. `None` when absent, empty, or
    /// too long for one.
    pub station_name: Option<Vec<u8>>,
    /// Study Date (0008,0020). `None` when absent or not a date.
    pub study_date: Option<Day>,
}

/// Leaves the patient out.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("sop_class_uid", &self.sop_class_uid)
            .field("modality", &self.modality)
            .finish_non_exhaustive()
    }
}

/// Why a data set has no head. Always the sender's fault; names tags and lengths, never values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not a data set.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The data set ended inside an element.
    #[error("the data set ends inside an element")]
    Truncated,
    /// The place of the Study Instance UID, filled or not, lies beyond the limit.
    #[error("the head of the data set does not end within its first {limit_bytes} bytes")]
    TooLong {
        /// The limit that was set.
        limit_bytes: usize,
    },
    /// A wanted value is longer than [`VALUE_BYTES_MAX`].
    #[error("element {tag} has {length} bytes, limit {VALUE_BYTES_MAX}")]
    ValueTooLong {
        /// The wanted element.
        tag: Tag,
        /// Its declared length.
        length: u32,
    },
    /// A wanted element is a sequence.
    #[error("element {tag} is a sequence where text belongs")]
    NotText {
        /// The wanted element.
        tag: Tag,
    },
    /// A UID is none.
    #[error("element {tag}: {source}")]
    Uid {
        /// The wanted element.
        tag: Tag,
        /// What is wrong with it.
        source: UidError,
    },
    /// The deflated bytes are not what RFC 1951 describes.
    #[error("the deflated data set cannot be inflated")]
    Inflate,
}

/// Reads a [`Head`] from the pieces of a data set as they arrive. However they are cut, the
/// answer is the same.
pub struct HeadReader {
    search: Search,
    deflated: Option<Deflated>,
    limit_bytes: usize,
    answer: Option<Result<Head, HeadError>>,
}

/// Leaves the patient out.
impl std::fmt::Debug for HeadReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeadReader")
            .field("limit_bytes", &self.limit_bytes)
            .finish_non_exhaustive()
    }
}

/// What stands before the search when the data set is deflated.
struct Deflated {
    inflater: Inflater,
    /// Deflated bytes that may still come.
    left: usize,
}

impl HeadReader {
    /// A reader of one data set. The head must end within its first `limit_bytes`; of a deflated
    /// data set that counts the inflated bytes, and the deflated ones too, so neither a bomb nor
    /// an endless run of empty blocks gets further.
    pub fn new(encoding: Encoding, limit_bytes: usize) -> Self {
        Self {
            search: Search::new(Syntax::of(encoding), limit_bytes),
            deflated: (encoding == Encoding::DeflatedLittle).then(|| Deflated {
                inflater: Inflater::new(),
                left: limit_bytes,
            }),
            limit_bytes,
            answer: None,
        }
    }

    /// Takes the next bytes: `Some` as soon as Study Instance UID has been read, or an element
    /// has begun that stands behind its place. Later bytes change neither head nor error.
    ///
    /// # Errors
    /// As soon as it is certain that the data set has no head: see [`HeadError`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Head>, HeadError> {
        if self.answer.is_none() {
            self.answer = match &mut self.deflated {
                None => self.search.push(bytes),
                Some(deflated) => deflated.push(bytes, &mut self.search, self.limit_bytes),
            }
            .transpose();
        }
        self.answer.clone().transpose()
    }

    /// The data set has ended: what it did not say by now it does not say.
    ///
    /// # Errors
    /// [`HeadError::Truncated`] when it ended inside an element.
    pub fn finish(&mut self) -> Result<Head, HeadError> {
        let whole = self
            .deflated
            .as_ref()
            .is_none_or(|deflated| deflated.inflater.is_ended());
        let search = &mut self.search;
        self.answer
            .get_or_insert_with(|| {
                if whole && search.is_between_elements() {
                    Ok(search.head())
                } else {
                    Err(HeadError::Truncated)
                }
            })
            .clone()
    }
}

impl Deflated {
    fn push(
        &mut self,
        bytes: &[u8],
        search: &mut Search,
        limit_bytes: usize,
    ) -> Result<Option<Head>, HeadError> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.inflater.is_ended() {
            let allowed = rest.get(..self.left).unwrap_or(rest);
            if allowed.is_empty() {
                return Err(HeadError::TooLong { limit_bytes });
            }
            let step = self.inflater.step(allowed);
            if let Some(head) = search.push(step.inflated)? {
                return Ok(Some(head));
            }
            if step.malformed {
                return Err(HeadError::Inflate);
            }
            self.left = self.left.saturating_sub(step.consumed);
            rest = rest.get(step.consumed..).unwrap_or_default();
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
