//! The files of an export, as they are written: how long each is, and its digest. Whoever waits may stop it.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::manifest::Listed;
use crate::digest::Hasher;

/// Set by whoever does not want the export any more.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Nothing more is written.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// It was set.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A folder that is being filled.
#[derive(Debug)]
pub(super) struct Filling {
    path: PathBuf,
    files: Vec<Listed>,
    stop: Stop,
}

/// A file that is being written.
pub(super) struct Writing {
    name: String,
    file: BufWriter<File>,
    hasher: Hasher,
    bytes: u64,
    stop: Stop,
}

/// A file or the folder cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FolderError {
    /// Which.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FolderError {
    pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |source| Self {
            path: path.to_owned(),
            source,
        }
    }
}

impl Filling {
    /// A new folder at `path`.
    pub(super) fn begin(path: &Path, stop: Stop) -> Result<Self, FolderError> {
        fs::create_dir(path).map_err(FolderError::at(path))?;
        Ok(Self {
            path: path.to_owned(),
            files: Vec::new(),
            stop,
        })
    }

    /// A new file in it.
    pub(super) fn file(&self, name: &str) -> Result<Writing, FolderError> {
        let path = self.path.join(name);
        let begin = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            File::options().write(true).create_new(true).open(&path)
        };
        let file = begin().map_err(FolderError::at(&path))?;
        Ok(Writing {
            name: name.to_owned(),
            file: BufWriter::new(file),
            hasher: Hasher::new(),
            bytes: 0,
            stop: self.stop.clone(),
        })
    }

    /// A file with this content.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<(), FolderError> {
        let mut file = self.file(name)?;
        file.put(|out| out.write_all(content))?;
        self.done(file)
    }

    /// A file is complete.
    pub(super) fn done(&mut self, file: Writing) -> Result<(), FolderError> {
        let path = self.path.join(&file.name);
        let inner = file
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error);
        let synced = inner.and_then(|inner| inner.sync_all());
        synced.map_err(FolderError::at(&path))?;
        self.files.push(Listed {
            name: file.name,
            bytes: file.bytes,
            sha256: file.hasher.finish(),
        });
        Ok(())
    }

    /// The files so far, by name.
    pub(super) fn listed(&self) -> Vec<Listed> {
        let mut files = self.files.clone();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        files
    }

    /// It is complete, and called `path` from now on.
    pub(super) fn finish(self, path: &Path) -> Result<(), FolderError> {
        let finish = || {
            fs::rename(&self.path, path)?;
            let parent = path.parent().filter(|parent| *parent != Path::new(""));
            File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
        };
        finish().map_err(FolderError::at(path))
    }
}

impl Writing {
    /// Writes to it.
    pub(super) fn put(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), FolderError> {
        let written = write(self);
        written.map_err(|source| FolderError {
            path: PathBuf::from(&self.name),
            source,
        })
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.stop.is_set() {
            return Err(io::Error::other("stopped"));
        }
        self.hasher.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.file.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
