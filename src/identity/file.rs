//! Files that decide who gets in, written as a whole or not at all.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::fchown;
use std::path::Path;
use std::path::PathBuf;

use tempfile::NamedTempFile;

/// The disk says no.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct ReplaceError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Keeps others who come this way from changing the file while this value lives: what one of them writes
/// between our reading and our writing would be lost. The lock is on the folder, which stays when the
/// file is replaced, and can be taken by whoever may list it.
///
/// # Errors
/// When the folder cannot be opened or locked.
pub fn lock_for(path: &Path) -> Result<File, ReplaceError> {
    let failed = |source| ReplaceError {
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
///
/// # Errors
/// When the disk says no; the file is then as it was, or, where only the folder could not be synced, as it
/// is to be.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), ReplaceError> {
    let failed = |source| ReplaceError {
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
            replace(&path, text.as_bytes()).unwrap();
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
