//! The file of passcodes, written as a whole or not at all.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::fchown;
use std::path::Path;
use std::path::PathBuf;

use tempfile::NamedTempFile;

use crate::config::SecretFile;

/// Why the file is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// Systemd's copy cannot be changed.
    #[error(
        "`passcodes` is a credential of systemd's: run the command on a configuration that names the \
         file itself"
    )]
    Credential,
    /// The disk says no.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Where the file is to be written.
pub(super) fn path(file: &SecretFile) -> Result<PathBuf, FileError> {
    match file {
        SecretFile::Path(path) => Ok(path.clone()),
        SecretFile::Credential(_) => Err(FileError::Credential),
    }
}

/// Keeps other such commands from changing the file while this value lives: what one of them writes
/// between our reading and our writing would be lost. The lock is on the folder, which stays when the
/// file is replaced, and can be taken by whoever may list it.
pub(super) fn lock(path: &Path) -> Result<File, FileError> {
    let failed = |source| FileError::Io {
        path: path.to_owned(),
        source,
    };
    let folder = File::open(folder(path)).map_err(failed)?;
    folder.lock().map_err(failed)?;
    Ok(folder)
}

/// The folder that a file lies in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        Some(_) | None => Path::new("."),
    }
}

/// Replaces the file, durably. It stays its owner's, and only its owner can read it: a draft beside it
/// is made so (mode 0600) and then takes its place.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |source| FileError::Io {
        path: path.to_owned(),
        source,
    };
    let dir = folder(path);
    let mut draft = NamedTempFile::new_in(dir).map_err(failed)?;
    if let Ok(old) = fs::metadata(path) {
        let ours = draft.as_file().metadata().map_err(failed)?;
        if (ours.uid(), ours.gid()) != (old.uid(), old.gid()) {
            fchown(draft.as_file(), Some(old.uid()), Some(old.gid())).map_err(failed)?;
        }
    }
    draft.write_all(bytes).map_err(failed)?;
    draft.as_file().sync_all().map_err(failed)?;
    draft.persist(path).map_err(|error| failed(error.error))?;
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_file_is_its_owners_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passcodes");
        for text in ["one", "two"] {
            write(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no draft stays"
        );
    }
}
