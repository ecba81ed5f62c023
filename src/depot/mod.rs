//! Where parcels are left and fetched: a folder, or a store that speaks S3. Whoever runs it sees
//! sealed bytes, and is trusted with nothing but keeping them.
//!
//! Blocking: to be used from threads that may wait. Whatever [`Place::put`] and [`Sink::finish`] have
//! acknowledged is durable: in a folder, file and folder are synced; a store has answered.

mod folder;
mod http;
mod s3;

use std::io;
use std::path::Path;

use crate::config::ParcelStore;
use crate::config::S3Store;
use crate::parcel::ParcelId;

pub use folder::Draft;
pub use folder::Folder;
pub use s3::Bucket;
pub use s3::Download;
pub use s3::Upload;

/// Where parcels are left.
#[derive(Clone, Debug)]
pub enum Depot {
    /// A folder.
    Folder(Folder),
    /// A store.
    S3(Bucket),
}

/// The place of one parcel.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder of its own.
    Folder(Folder),
    /// A prefix of its own.
    S3(Bucket),
}

/// A file of a parcel that is being written. Dropped, it is none.
#[derive(Debug)]
pub enum Sink {
    /// In a folder.
    Folder(Draft),
    /// In a store.
    S3(Upload),
}

/// A file of a parcel that is being read.
#[derive(Debug)]
pub enum Source {
    /// In a folder.
    Folder(std::fs::File),
    /// In a store.
    S3(Download),
}

impl Depot {
    /// The depot that the configuration names.
    ///
    /// # Errors
    /// When it cannot be used as it is configured. It need not be there now.
    pub fn open(store: &ParcelStore) -> io::Result<Self> {
        match store {
            ParcelStore::Folder(path) => Ok(Self::Folder(Folder::at(path))),
            ParcelStore::S3(store) => Ok(Self::S3(Bucket::open(store)?)),
        }
    }

    /// Whether it is there. Cheap: nothing is written.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self) -> io::Result<()> {
        match self {
            Self::Folder(folder) => folder.check(),
            Self::S3(bucket) => bucket.check(),
        }
    }

    /// The place of a parcel.
    pub fn place(&self, id: ParcelId) -> Place {
        match self {
            Self::Folder(folder) => Place::Folder(folder.within(&id.to_string())),
            Self::S3(bucket) => Place::S3(bucket.within(&id.to_string())),
        }
    }
}

impl Place {
    /// A parcel that lies in a folder.
    pub fn folder(path: &Path) -> Self {
        Self::Folder(Folder::at(path))
    }

    /// A parcel that lies at `store`, which is its own prefix.
    ///
    /// # Errors
    /// When it cannot be used as it is described.
    pub fn s3(store: &S3Store) -> io::Result<Self> {
        Bucket::open(store).map(Self::S3)
    }

    /// Makes the place of a parcel that is to be written.
    ///
    /// # Errors
    /// When it is there, or what it is in is not.
    pub fn make(&self) -> io::Result<()> {
        match self {
            Self::Folder(folder) => folder.make(),
            Self::S3(_) => Ok(()),
        }
    }

    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self, name: &str) -> io::Result<Sink> {
        match self {
            Self::Folder(folder) => folder.create(name).map(Sink::Folder),
            Self::S3(bucket) => Ok(Sink::S3(bucket.create(name))),
        }
    }

    /// Writes a small file as a whole, durably, and after all others.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut sink = self.create(name)?;
        io::Write::write_all(&mut sink, bytes)?;
        sink.finish()
    }

    /// Removes these files, and the place, as far as that can be done now: without its manifest it is
    /// no parcel, and nothing in it can be opened.
    pub fn discard(&self, names: &[String]) {
        match self {
            Self::Folder(folder) => folder.discard(names),
            Self::S3(bucket) => bucket.discard(names),
        }
    }

    /// Opens a file; tells its length.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn read(&self, name: &str) -> io::Result<(Source, u64)> {
        match self {
            Self::Folder(folder) => {
                let (file, bytes) = folder.read(name)?;
                Ok((Source::Folder(file), bytes))
            }
            Self::S3(bucket) => {
                let (download, bytes) = bucket.read(name)?;
                Ok((Source::S3(download), bytes))
            }
        }
    }

    /// Reads a small file as a whole.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or has more than `bytes_max` bytes.
    pub fn read_small(&self, name: &str, bytes_max: usize) -> io::Result<Vec<u8>> {
        let (source, _) = self.read(name)?;
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let mut source = io::Read::take(source, limit.saturating_add(1));
        io::Read::read_to_end(&mut source, &mut bytes)?;
        if bytes.len() > bytes_max {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{name} has more than {bytes_max} bytes"),
            ));
        }
        Ok(bytes)
    }
}

impl Sink {
    /// Returns when the file is durable under its name.
    ///
    /// # Errors
    /// When it is not.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Folder(draft) => draft.finish(),
            Self::S3(upload) => upload.finish(),
        }
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Folder(draft) => draft.write(bytes),
            Self::S3(upload) => upload.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Folder(file) => file.read(into),
            Self::S3(download) => download.read(into),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_was_finished_is_there_and_what_was_dropped_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let depot = Depot::open(&ParcelStore::Folder(dir.path().to_owned())).unwrap();
        let place = depot.place(ParcelId::from_bytes([1; 16]));
        place.make().unwrap();
        assert!(place.make().is_err());
        let mut sink = place.create("000001").unwrap();
        sink.write_all(b"sealed").unwrap();
        assert!(place.read("000001").is_err());
        sink.finish().unwrap();
        let (mut source, bytes) = place.read("000001").unwrap();
        let mut read = Vec::new();
        source.read_to_end(&mut read).unwrap();
        assert_eq!((&read[..], bytes), (&b"sealed"[..], 6));
        drop(place.create("000002").unwrap());
        let left = std::fs::read_dir(dir.path().join("01".repeat(16))).unwrap();
        assert_eq!(left.count(), 1);
        place.put("manifest", b"text").unwrap();
        assert_eq!(place.read_small("manifest", 4).unwrap(), b"text");
        assert!(place.read_small("manifest", 3).is_err());
        place.discard(&["000001".to_owned(), "manifest".to_owned()]);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let away = dir.path().join("unmounted");
        let depot = Depot::open(&ParcelStore::Folder(away.clone())).unwrap();
        assert!(depot.check().is_err());
        assert!(depot.place(ParcelId::from_bytes([1; 16])).make().is_err());
        assert!(!away.exists());
    }
}
