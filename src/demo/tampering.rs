//! One flipped bit, to show that it is found.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::demo::DemoError;

/// Files of a demo's export that are looked through, at most.
const FILES_MAX: usize = 10_000;

/// What was flipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flip {
    /// File, from the copy's folder.
    file: PathBuf,
    /// Place in it, in bytes.
    offset: usize,
    before: u8,
    after: u8,
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (char::from(self.before), char::from(self.after));
        let Self { file, offset, .. } = self;
        write!(
            f,
            "{before} became {after} ({}, byte {offset})",
            file.display()
        )
    }
}

/// Copies the folder `from` to `to`, and flips the lowest bit of a digit of the wall clock's
/// reading in the line of ledger entry `entry`.
pub(crate) fn copy_with_one_bit_flipped(
    from: &Path,
    to: &Path,
    entry: u64,
) -> Result<Flip, DemoError> {
    let mut flip = None;
    let mut left = vec![PathBuf::new()];
    let mut files = 0;
    while let Some(place) = left.pop() {
        let (source, target) = (from.join(&place), to.join(&place));
        std::fs::create_dir_all(&target).map_err(copying(&target))?;
        for found in std::fs::read_dir(&source).map_err(copying(&source))? {
            let found = found.map_err(copying(&source))?;
            let name = place.join(found.file_name());
            if found.file_type().map_err(copying(&name))?.is_dir() {
                left.push(name);
                continue;
            }
            files += 1;
            if files > FILES_MAX {
                return Err(DemoError::TooManyMatches { limit: FILES_MAX });
            }
            let mut bytes = std::fs::read(found.path()).map_err(copying(&name))?;
            if flip.is_none() {
                flip = flip_in(&mut bytes, entry, &name);
            }
            std::fs::write(to.join(&name), bytes).map_err(copying(&name))?;
        }
    }
    let missing = || DemoError::Dicom(format!("ledger entry {entry} is not in the export"));
    flip.ok_or_else(missing)
}

fn copying(path: &Path) -> impl FnOnce(io::Error) -> DemoError {
    DemoError::io(format!("copy {}", path.display()))
}

/// Entries are lines of canonical JSON, so that `wall` follows `seq`.
fn flip_in(bytes: &mut [u8], entry: u64, name: &Path) -> Option<Flip> {
    let start = format!("\"seq\":{entry},\"wall\":");
    let at = bytes
        .windows(start.len())
        .position(|window| window == start.as_bytes())?;
    // The eighth of sixteen digits of microseconds: some hundred seconds.
    let offset = at + start.len() + 7;
    let digit = bytes.get_mut(offset)?;
    let before = *digit;
    *digit ^= 1;
    let after = *digit;
    Some(Flip {
        file: name.to_owned(),
        offset,
        before,
        after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_bit_of_the_right_entry_differs() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join("deep")).unwrap();
        let lines = "{\"seq\":1,\"wall\":1790000000000000}\n{\"seq\":12,\"wall\":1790000000000000}";
        std::fs::write(from.join("deep/lines"), lines).unwrap();
        std::fs::write(from.join("key"), "k").unwrap();
        let flip = copy_with_one_bit_flipped(&from, &to, 12).unwrap();
        assert_eq!(flip.to_string(), "0 became 1 (deep/lines, byte 58)");
        let copied = std::fs::read(to.join("deep/lines")).unwrap();
        let differing = lines.bytes().zip(&copied);
        let bits: u32 = differing.map(|(a, b)| (a ^ b).count_ones()).sum();
        assert_eq!(bits, 1);
        assert_eq!(std::fs::read(to.join("key")).unwrap(), b"k");
        assert!(copy_with_one_bit_flipped(&from, &to, 2).is_err());
    }
}
