//! Where an export goes, file after file.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::storage::disk;
use crate::storage::export::ExportError;

/// Takes the files of an export.
pub(in crate::storage) trait Archive {
    /// Begins the file `name`, a relative path, which will have this many bytes.
    fn begin(&mut self, name: &str, bytes: u64) -> Result<(), ExportError>;

    /// Goes on with the file that was begun.
    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError>;

    /// Ends the file that was begun.
    fn end(&mut self) -> Result<(), ExportError>;

    /// Ends the export, durably.
    fn finish(self: Box<Self>) -> Result<(), ExportError>;

    /// A whole file.
    fn add(&mut self, name: &str, content: &[u8]) -> Result<(), ExportError> {
        self.begin(name, content.len() as u64)?;
        self.write(content)?;
        self.end()
    }
}

/// Files in a folder. None of them may be there before.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Folder {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            path: dir.to_owned(),
            file: None,
        }
    }

    fn told<T>(&self, result: io::Result<T>) -> Result<T, ExportError> {
        result.map_err(|source| ExportError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

impl Archive for Folder {
    fn begin(&mut self, name: &str, _bytes: u64) -> Result<(), ExportError> {
        self.path = self.dir.join(name);
        let folder = self.path.parent().unwrap_or(&self.dir);
        let file = fs::create_dir_all(folder).and_then(|()| File::create_new(&self.path));
        self.file = Some(BufWriter::new(self.told(file)?));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        let written = match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        self.told(written)
    }

    fn end(&mut self) -> Result<(), ExportError> {
        let ended = self.file.take().map_or(Ok(()), |mut file| file.flush());
        self.told(ended)
    }

    fn finish(self: Box<Self>) -> Result<(), ExportError> {
        // One call for all files: there may be tens of thousands of tiles.
        self.told(disk::sync_file_system(&self.dir))
    }
}
