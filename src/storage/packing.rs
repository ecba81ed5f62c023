//! A folder as one tar file, written to whoever reads it as fast as they read: no more than a buffer of it is held.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

/// Files of the largest folder that is packed.
const FILES_MAX: usize = 10_000;

/// Folders within each other, at most.
const DEPTH_MAX: usize = 8;

/// Bytes of a tar block.
const BLOCK: u64 = 512;

/// Bytes that are read at a time.
const STEP: usize = 64 * 1024;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum PackingError {
    /// The folder.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There are too many files, or too many folders in each other.
    #[error("the folder holds more than {FILES_MAX} files, or folders deeper than {DEPTH_MAX}")]
    TooMany,
}

/// What goes into the file: regular files, by name. It is as long as [`bytes`](Self::bytes) says, or fails.
#[derive(Clone, Debug)]
pub struct Packing {
    files: Vec<Packed>,
}

#[derive(Clone, Debug)]
struct Packed {
    name: String,
    path: PathBuf,
    bytes: u64,
}

impl Packing {
    /// The files of a folder, which will lie in one called `name`.
    ///
    /// # Errors
    /// When the folder cannot be read, or holds too much.
    pub fn of(folder: &Path, name: &str) -> Result<Self, PackingError> {
        let mut files = Vec::new();
        collect(folder, name, 0, &mut files)?;
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { files })
    }

    /// How long the tar file is.
    pub fn bytes(&self) -> u64 {
        let padded = |bytes: u64| bytes.div_ceil(BLOCK).saturating_mul(BLOCK);
        let files = self.files.iter();
        let all = files.map(|file| padded(file.bytes).saturating_add(BLOCK));
        all.fold(2 * BLOCK, u64::saturating_add)
    }

    /// Writes it.
    ///
    /// # Errors
    /// When a file cannot be read or has changed, or `out` takes no more.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for file in &self.files {
            let mut head = tar::Header::new_gnu();
            head.set_path(&file.name)?;
            head.set_mode(0o600);
            head.set_size(file.bytes);
            head.set_cksum();
            out.write_all(head.as_bytes())?;
            let mut from = File::open(&file.path)?.take(file.bytes);
            let copied = copy(&mut from, out)?;
            if copied != file.bytes {
                return Err(io::Error::other("a file became shorter"));
            }
            let over = copied % BLOCK;
            if over > 0 {
                io::copy(&mut io::repeat(0).take(BLOCK - over), out)?;
            }
        }
        io::copy(&mut io::repeat(0).take(2 * BLOCK), out)?;
        out.flush()
    }
}

fn copy(from: &mut dyn Read, out: &mut dyn Write) -> io::Result<u64> {
    let mut buffer = vec![0; STEP];
    let mut copied = 0_u64;
    loop {
        let read = from.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(copied);
        };
        out.write_all(bytes)?;
        copied = copied.saturating_add(read as u64);
    }
}

fn collect(
    folder: &Path,
    name: &str,
    depth: usize,
    files: &mut Vec<Packed>,
) -> Result<(), PackingError> {
    if depth >= DEPTH_MAX {
        return Err(PackingError::TooMany);
    }
    for item in fs::read_dir(folder)? {
        let item = item?;
        let name = format!("{name}/{}", item.file_name().to_string_lossy());
        let kind = item.file_type()?;
        if kind.is_dir() {
            collect(&item.path(), &name, depth.saturating_add(1), files)?;
        } else if kind.is_file() {
            if files.len() >= FILES_MAX {
                return Err(PackingError::TooMany);
            }
            files.push(Packed {
                name,
                path: item.path(),
                bytes: item.metadata()?.len(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_as_long_as_was_said_and_unpacks_to_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("export");
        fs::create_dir_all(folder.join("earlier")).unwrap();
        let contents = [
            ("a.csv", vec![1; 512]),
            ("b.csv", vec![2; 513]),
            ("earlier/7.json", vec![3; 200_000]),
            ("empty", vec![]),
        ];
        for (name, content) in &contents {
            fs::write(folder.join(name), content).unwrap();
        }
        let packing = Packing::of(&folder, "audit-1").unwrap();
        let mut packed = Vec::new();
        packing.write(&mut packed).unwrap();
        assert_eq!(packed.len() as u64, packing.bytes());
        let to = dir.path().join("unpacked");
        tar::Archive::new(packed.as_slice()).unpack(&to).unwrap();
        for (name, content) in &contents {
            assert_eq!(&fs::read(to.join("audit-1").join(name)).unwrap(), content);
        }
    }

    #[test]
    fn a_file_that_became_shorter_is_not_taken_for_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        fs::write(&file, [1; 100]).unwrap();
        let packing = Packing::of(dir.path(), "x").unwrap();
        fs::write(&file, [1; 50]).unwrap();
        assert!(packing.write(&mut Vec::new()).is_err());
        fs::remove_file(&file).unwrap();
        assert!(packing.write(&mut Vec::new()).is_err());
    }
}
