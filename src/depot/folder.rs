//! Parcels in a folder.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::OFlags;

/// A folder: of parcels, or of one.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// A file that is being written, under another name than its own.
#[derive(Debug)]
pub struct Draft {
    file: File,
    draft: PathBuf,
    path: PathBuf,
    is_finished: bool,
}

impl Folder {
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn within(&self, name: &str) -> Self {
        Self(self.0.join(name))
    }

    pub(super) fn check(&self) -> io::Result<()> {
        let found = fs::metadata(&self.0).map_err(|error| told(&self.0, &error))?;
        match found.is_dir() {
            true => Ok(()),
            false => Err(told(&self.0, &io::Error::other("not a folder"))),
        }
    }

    /// What it is in is not made: where a disk is not mounted, nothing must be left in its place.
    pub(super) fn make(&self) -> io::Result<()> {
        fs::create_dir(&self.0).map_err(|error| told(&self.0, &error))?;
        sync_parent(&self.0)
    }

    pub(super) fn create(&self, name: &str) -> io::Result<Draft> {
        let (path, draft) = (self.0.join(name), self.0.join(format!("{name}.draft")));
        let options = OpenOptions::new().write(true).create_new(true).open(&draft);
        Ok(Draft {
            file: options.map_err(|error| told(&draft, &error))?,
            draft,
            path,
            is_finished: false,
        })
    }

    pub(super) fn discard(&self, names: &[String]) {
        for name in names {
            let _gone = fs::remove_file(self.0.join(name));
        }
        let _gone = fs::remove_dir(&self.0);
    }

    /// A symbolic link is not followed, and a pipe not waited for.
    pub(super) fn read(&self, name: &str) -> io::Result<(File, u64)> {
        let path = self.0.join(name);
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(&path);
        let opened = opened.and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(|error| told(&path, &error))?;
        if !metadata.is_file() {
            return Err(told(&path, &io::Error::other("not a regular file")));
        }
        Ok((file, metadata.len()))
    }
}

impl Draft {
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.draft, &self.path)?;
        self.is_finished = true;
        sync_parent(&self.path)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_finished {
            let _gone = fs::remove_file(&self.draft);
        }
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    File::open(parent)?.sync_all()
}

fn told(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
