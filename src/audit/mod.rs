//! The ledger told in other tongues, for people who were not there: every format is a projection of one
//! [`Record`] of each entry.

mod dicom;
mod filter;
mod format;
mod reading;
mod record;
mod summary;

pub use dicom::DicomAudit;
pub use dicom::messages as dicom_messages;
pub use filter::Filter;
pub use format::Format;
pub use format::Site;
pub use reading::Reading;
pub use reading::ReadingError;
pub use record::Counts;
pub use record::Identity;
pub use record::Judged;
pub use record::Record;
pub use record::Severity;
pub use summary::of as summary_of;
