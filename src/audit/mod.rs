//! The ledger told in other tongues, for people who were not there: every format is a projection of one
//! [`Record`] of each entry.

mod clock_face;
mod csv;
mod filter;
mod format;
mod html;
mod jsonl;
mod reading;
mod record;
mod summary;

pub use clock_face::ClockFace;
pub use clock_face::NoSuchZone;
pub use csv::Csv;
pub use filter::Filter;
pub use format::Format;
pub use format::Site;
pub use html::Html;
pub use jsonl::JsonLines;
pub use reading::Reading;
pub use reading::ReadingError;
pub use record::Counts;
pub use record::Identity;
pub use record::Judged;
pub use record::Record;
pub use record::Severity;
pub use summary::of as summary_of;
