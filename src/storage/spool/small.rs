//! Small files of the spool, each sealed as a whole, and there as a whole or not at all: notes, what
//! is to be remembered, the numbers that were given out.

use std::ffi::OsStr;
use std::io;
use std::io::Read as _;

use crate::storage::disk;
use crate::storage::spool::Shared;
use crate::storage::spool::SpoolError;
use crate::storage::spool::folder::Folder;
use crate::storage::spool::sealing;
use crate::storage::spool::sealing::FILE_OVERHEAD_BYTES;

/// Writes a file, sealed as the one that `label` says, and syncs it; its folder is not synced.
pub(super) fn write(
    shared: &Shared,
    folder: &Folder,
    name: &str,
    label: &str,
    text: &[u8],
) -> Result<(), SpoolError> {
    let calls = &shared.calls;
    let sealed = sealing::seal_file(&shared.site, label, text)?;
    let draft = format!("{name}.draft");
    let told = |source| folder.error(&draft, source);
    let (from, to) = (OsStr::new(&draft), OsStr::new(name));
    // One that a crash left was removed at the start; one that could not be removed is now.
    remove(shared, folder, &draft)?;
    let file = calls.create(folder.file(), from).map_err(told)?;
    let give_up = |error| {
        let _removed = calls.unlink(folder.file(), from);
        error
    };
    let written = calls.write_at(&file, &sealed, 0);
    written.map_err(told).map_err(give_up)?;
    shared.synced(calls.sync_file(&file)).map_err(give_up)?;
    let renamed = calls.rename((folder.file(), from), (folder.file(), to));
    renamed.map_err(told).map_err(give_up)
}

/// Reads a file; `None` when it is not there, an error when it has more than `bytes_max` bytes. The
/// inner `None`: it does not unseal.
pub(super) fn read(
    shared: &Shared,
    folder: &Folder,
    name: &str,
    label: &str,
    bytes_max: usize,
) -> Result<Option<Option<Vec<u8>>>, SpoolError> {
    let Some(file) = folder.open(name)? else {
        return Ok(None);
    };
    let bytes_max = bytes_max.saturating_add(FILE_OVERHEAD_BYTES);
    let mut sealed = Vec::new();
    let read = file
        .take((bytes_max as u64).saturating_add(1))
        .read_to_end(&mut sealed);
    let read = read.map_err(|source| folder.error(name, source))?;
    if read > bytes_max {
        return Ok(Some(None));
    }
    Ok(Some(sealing::open_file(&shared.site, label, &sealed).ok()))
}

/// Removes a file, if it is there; its folder is not synced.
pub(super) fn remove(shared: &Shared, folder: &Folder, name: &str) -> Result<(), SpoolError> {
    match shared.calls.unlink(folder.file(), OsStr::new(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(folder.error(name, error)),
        _ => Ok(()),
    }
}

/// Removes a file, if it is there, its bytes first: they must not be found in a freed block. Its folder is not
/// synced.
pub(super) fn destroy(shared: &Shared, folder: &Folder, name: &str) -> Result<(), SpoolError> {
    if let Some(file) = folder.open_to_write(name)? {
        let told = |source| folder.error(name, source);
        let bytes = file.metadata().map_err(told)?.len();
        let zeroes = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        match shared.calls.write_at(&file, &zeroes, 0) {
            // What needs room to overwrite does not overwrite in place: nothing is gained there by trying again,
            // and the file can go.
            Err(error) if disk::is_no_space(&error) => {}
            written => {
                written.map_err(told)?;
                shared.synced(shared.calls.sync_file(&file))?;
            }
        }
    }
    remove(shared, folder, name)
}
