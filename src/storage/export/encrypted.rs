//! An export in one file that only its recipients can read: a tar archive in an age file
//! (C2SP age). Nothing of it is on the disk in clear at any time.

use std::fmt;
use std::fs::File;
use std::fs::Permissions;
use std::io;
use std::io::BufWriter;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use age::Encryptor;
use age::stream::StreamWriter;
use age::x25519;
use tempfile::NamedTempFile;

use crate::storage::disk;
use crate::storage::export::Archive;
use crate::storage::export::ExportError;

/// The file's name.
const FILE: &str = "export.tar.age";

/// Bytes of a block of a tar archive (POSIX ustar).
const BLOCK: u64 = 512;

/// The blocks that end a tar archive.
const ARCHIVE_END: [u8; 1024] = [0; 1024];

/// Who can read an encrypted export: an X25519 recipient (C2SP age), written `age1…`.
#[derive(Clone)]
pub struct AgeRecipient(x25519::Recipient);

/// A text that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an age recipient is written age1 and 58 more characters, as age-keygen prints it")]
pub struct NotARecipient;

impl FromStr for AgeRecipient {
    type Err = NotARecipient;

    fn from_str(text: &str) -> Result<Self, NotARecipient> {
        text.parse().map(Self).map_err(|_| NotARecipient)
    }
}

impl fmt::Display for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgeRecipient({self})")
    }
}

/// The encrypted file under way. Until it is finished it has another name; abandoned, it is gone.
pub(super) struct EncryptedTar {
    out: StreamWriter<BufWriter<NamedTempFile>>,
    dir: PathBuf,
    path: PathBuf,
    /// Bytes that the file in the archive was said to have.
    announced: u64,
    written: u64,
}

impl EncryptedTar {
    pub(super) fn begin(dir: &Path, recipients: &[AgeRecipient]) -> Result<Self, ExportError> {
        let path = dir.join(FILE);
        let begin = || {
            if path.try_exists()? {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let file = tempfile::Builder::new()
                .permissions(Permissions::from_mode(0o644))
                .tempfile_in(dir)?;
            let recipients = recipients.iter().map(|one| &one.0 as &dyn age::Recipient);
            let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
            encryptor.wrap_output(BufWriter::new(file))
        };
        match begin() {
            Ok(out) => Ok(Self {
                out,
                dir: dir.to_owned(),
                path,
                announced: 0,
                written: 0,
            }),
            Err(source) => Err(ExportError::Io { path, source }),
        }
    }

    fn told<T>(&self, result: io::Result<T>) -> Result<T, ExportError> {
        result.map_err(|source| ExportError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

impl Archive for EncryptedTar {
    fn begin(&mut self, name: &str, bytes: u64) -> Result<(), ExportError> {
        let mut head = tar::Header::new_gnu();
        let named = head.set_path(name);
        self.told(named)?;
        head.set_mode(0o644);
        head.set_size(bytes);
        head.set_cksum();
        (self.announced, self.written) = (bytes, 0);
        let written = self.out.write_all(head.as_bytes());
        self.told(written)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.written = self.written.saturating_add(bytes.len() as u64);
        let written = self.out.write_all(bytes);
        self.told(written)
    }

    fn end(&mut self) -> Result<(), ExportError> {
        if self.written != self.announced {
            let words = "a file of the export has another length than was announced";
            return self.told(Err(io::Error::other(words)));
        }
        let padding = self.written.next_multiple_of(BLOCK) - self.written;
        let padded = io::copy(&mut io::Read::take(io::repeat(0), padding), &mut self.out);
        self.told(padded)?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), ExportError> {
        let Self {
            mut out, dir, path, ..
        } = *self;
        let finish = || {
            out.write_all(&ARCHIVE_END)?;
            let buffered = out.finish()?;
            let file: NamedTempFile = buffered
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            let kept: File = file.persist_noclobber(&path)?;
            kept.sync_all()?;
            disk::sync_dir(&dir)
        };
        finish().map_err(|source| ExportError::Io { path, source })
    }
}
