//! Records as they are asked for at a terminal: nothing is signed, and nothing that is sealed is told.

use std::io;
use std::io::Write;
use std::path::Path;

use super::filter::Filter;
use super::folder::FolderError;
use super::format::Format;
use super::reading::Reading;
use super::reading::ReadingError;
use super::record::Record;
use crate::storage::JournalReader;
use crate::storage::Keyring;

/// Why they cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// `out` cannot be written.
    #[error(transparent)]
    Out(#[from] FolderError),
}

/// Gives every record of the ledger in `data_dir` to `take`, in order; with the keyring, whom it is about, too.
/// Follows the chain.
///
/// # Errors
/// When the ledger cannot be read or is damaged, or `take` fails.
pub fn each(
    data_dir: &Path,
    keyring: Option<Keyring>,
    mut take: impl FnMut(&Record) -> io::Result<()>,
) -> Result<(), ListError> {
    let journal = JournalReader::new(data_dir);
    let mut reading = Reading::of_journal(journal.clone(), keyring);
    for stored in journal.entries(0) {
        let record = reading.record(stored.map_err(ReadingError::from)?)?;
        take(&record).map_err(broken)?;
    }
    Ok(())
}

pub(super) fn broken(source: io::Error) -> FolderError {
    FolderError {
        path: "output".into(),
        source,
    }
}

/// Writes the records that `filter` takes to `out`; gives how many there are. Follows the chain.
///
/// # Errors
/// When the ledger in `data_dir` cannot be read or is damaged, or `out` cannot be written.
pub fn list(
    data_dir: &Path,
    filter: &Filter,
    format: &mut dyn Format,
    out: &mut dyn Write,
) -> Result<u64, ListError> {
    let mut count = 0_u64;
    format.begin(out).map_err(broken)?;
    each(data_dir, None, |record| {
        if filter.takes(record) {
            format.record(out, record)?;
            count = count.saturating_add(1);
        }
        Ok(())
    })?;
    format.end(out).map_err(broken)?;
    Ok(count)
}
