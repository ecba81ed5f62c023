//! Secrets are files: a private key, a file of passcodes, a token. Never a value in the
//! configuration, on the command line or in the environment, where backups, process lists and crash
//! reports would show it.
//!
//! Three ways name such a file: a path; `$CREDENTIALS_DIRECTORY/NAME`, as systemd gives it to a unit
//! with `LoadCredential=`; and, where a command takes something from the environment at all, a
//! variable that ends in `_FILE` and holds a path.

use std::env;
use std::fmt;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::OFlags;

use crate::config::reading::Readable;

/// Bytes of the longest secret that is read: a chain of keys has its place, a disk image not.
pub const SECRET_BYTES_MAX: u64 = 65_536;

/// What systemd calls the folder of a unit's credentials.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Permission bits that expose a file: any of group and others.
const EXPOSED: u32 = 0o077;

/// The same for a file of systemd's. Where the unit has a `User=`, systemd grants it access by an ACL on
/// a file of root's, and the mode's group bits show the mask of that ACL, not what a group may: reading
/// there (0440) exposes nothing.
const EXPOSED_CREDENTIAL: u32 = 0o037;

/// Permission bits by which others than the owner can change a file.
const WRITABLE: u32 = 0o022;

/// Root's number.
const ROOT: u32 = 0;

/// Where a secret lies. Nothing of it is read until it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFile {
    /// A path.
    Path(PathBuf),
    /// A name below `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

/// The bytes of a secret, and nothing that shows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be opened or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// Others than the owner have access.
    #[error("{} is accessible to others (mode {mode:o}); run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Others than the owner can change what is believed.
    #[error("{} can be written by others (mode {mode:o}); run: chmod go-w {}", path.display(), path.display())]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Somebody else's, who can change it whatever its mode says.
    #[error("{} belongs to user {owner}, and neither to root nor to the user that runs this", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
    },
    /// Too long.
    #[error("{} has more than {limit} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Nothing in it.
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
    /// `$CREDENTIALS_DIRECTORY` is named, and systemd gave none.
    #[error(
        "$CREDENTIALS_DIRECTORY/{0} is named, but CREDENTIALS_DIRECTORY is not set to an absolute path: systemd sets it for a unit with LoadCredential="
    )]
    NoCredentials(String),
}

impl SecretFile {
    /// The file that the environment variable `variable` names; its name ends in `_FILE`. `None`
    /// when it is not set.
    pub fn from_variable(variable: &str) -> Option<Self> {
        debug_assert!(variable.ends_with("_FILE"), "{variable} would hold a value");
        let path = env::var_os(variable)?;
        Some(Self::Path(path.into()))
    }

    /// The same file, where a relative path starts at `base_dir`.
    #[must_use]
    pub fn within(self, base_dir: &Path) -> Self {
        match self {
            Self::Path(path) => Self::Path(base_dir.join(path)),
            Self::Credential(name) => Self::Credential(name),
        }
    }

    /// Reads it, [`SECRET_BYTES_MAX`] at most.
    ///
    /// # Errors
    /// When it cannot be read, is no regular file, is empty or too long, belongs to somebody else than
    /// root or ourselves, or others than its owner can read or write it.
    pub fn read(&self) -> Result<Secret, SecretError> {
        self.read_up_to(SECRET_BYTES_MAX)
    }

    /// Reads it, as [`Self::read`], `limit` bytes at most: a file of many users is longer than a key.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_up_to(&self, limit: u64) -> Result<Secret, SecretError> {
        self.read_by(credentials().as_deref(), limit)
    }

    /// Where it lies now, to watch it for changes.
    ///
    /// # Errors
    /// When it is a credential, and there are none.
    pub fn path(&self) -> Result<PathBuf, SecretError> {
        self.path_by(credentials().as_deref())
    }

    fn path_by(&self, credentials: Option<&Path>) -> Result<PathBuf, SecretError> {
        match self {
            Self::Path(path) => Ok(path.clone()),
            Self::Credential(name) => folder(credentials)
                .map(|dir| dir.join(name))
                .ok_or_else(|| SecretError::NoCredentials(name.clone())),
        }
    }

    fn read_by(&self, credentials: Option<&Path>, limit: u64) -> Result<Secret, SecretError> {
        let path = self.path_by(credentials)?;
        // Right in it: a path that only begins alike may lead out again.
        let is_credential = folder(credentials).is_some() && path.parent() == credentials;
        let access = if is_credential {
            Access::Credential
        } else {
            Access::Owner
        };
        read(&path, access, rustix::process::geteuid().as_raw(), limit).map(Secret)
    }
}

/// Who may do what with a file that is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Its owner alone reads and writes it.
    Owner,
    /// The same, as systemd shows it.
    Credential,
    /// Everybody may read it.
    Public,
}

impl Access {
    /// Permission bits that must not be there.
    const fn refused(self) -> u32 {
        match self {
            Self::Owner => EXPOSED,
            Self::Credential => EXPOSED_CREDENTIAL,
            Self::Public => WRITABLE,
        }
    }
}

/// Reads a file that is no secret and is believed, as an identity provider's public keys: `limit` bytes
/// at most.
///
/// # Errors
/// When it cannot be read, is no regular file, is empty or too long, belongs to somebody else, or others
/// than its owner can write it.
pub fn read_public(path: &Path, limit: u64) -> Result<Vec<u8>, SecretError> {
    let us = rustix::process::geteuid().as_raw();
    read(path, Access::Public, us, limit)
}

/// Reads a file of root's or of `us`, to which nobody else has more access than `access` says.
fn read(path: &Path, access: Access, us: u32, limit: u64) -> Result<Vec<u8>, SecretError> {
    let path = path.to_owned();
    let failed = |source| SecretError::Io {
        path: path.clone(),
        source,
    };
    let file = open(&path).map_err(failed)?;
    // Of the open file, not of its path: what is checked is what is read.
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(SecretError::NotAFile(path));
    }
    let mode = found.mode() & 0o7777;
    if mode & access.refused() != 0 {
        return Err(match access {
            Access::Owner | Access::Credential => SecretError::Exposed { path, mode },
            Access::Public => SecretError::Writable { path, mode },
        });
    }
    let owner = found.uid();
    if owner != ROOT && owner != us {
        return Err(SecretError::Foreign { path, owner });
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match u64::try_from(bytes.len()) {
        Ok(0) => Err(SecretError::Empty(path)),
        Ok(length) if length <= limit => Ok(bytes),
        Ok(_) | Err(_) => Err(SecretError::TooLong { path, limit }),
    }
}

/// What systemd says.
fn credentials() -> Option<PathBuf> {
    env::var_os(CREDENTIALS_DIRECTORY).map(PathBuf::from)
}

/// The folder of credentials, if it can be one: systemd's is absolute, and every path lies below an
/// empty one.
fn folder(credentials: Option<&Path>) -> Option<&Path> {
    credentials.filter(|dir| dir.is_absolute())
}

/// Opens without waiting for the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

impl Secret {
    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As one line of text: without the line's end that an editor leaves. `None` when it is not
    /// UTF-8 or has several lines.
    pub fn line(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.0).ok()?;
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        (!line.contains(['\n', '\r'])).then_some(line)
    }
}

impl Readable for SecretFile {
    const ALLOWED: &'static str = "a file that only its owner can read: a path, or $CREDENTIALS_DIRECTORY/NAME as systemd \
         gives it";

    fn read(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('$') else {
            return PathBuf::read(text).map(Self::Path);
        };
        let name = rest
            .strip_prefix(CREDENTIALS_DIRECTORY)
            .and_then(|name| name.strip_prefix('/'))
            .ok_or_else(|| {
                format!("{text:?} names another variable than $CREDENTIALS_DIRECTORY")
            })?;
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(_)), None) if !name.contains('\0') => {
                Ok(Self::Credential(name.to_owned()))
            }
            _ => Err(format!("{name:?} is not the name of a credential")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(dir: &Path, name: &str, bytes: &[u8], mode: u32) -> SecretFile {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        SecretFile::Path(path)
    }

    #[test]
    fn a_secret_that_only_its_owner_can_read_is_read() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o400] {
            let secret = file(dir.path(), &format!("{mode:o}"), b"abc\n", mode);
            let secret = secret.read().unwrap();
            assert_eq!(secret.bytes(), b"abc\n");
            assert_eq!(secret.line(), Some("abc"));
            assert_eq!(format!("{secret:?}"), "Secret(..)");
        }
    }

    #[test]
    fn a_secret_that_others_can_touch_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660, 0o602, 0o610, 0o601] {
            let secret = file(dir.path(), "secret", b"abc", mode);
            let refused = secret.read().unwrap_err();
            assert!(matches!(refused, SecretError::Exposed { .. }), "{mode:o}");
            let refused = refused.to_string();
            assert!(refused.contains(&format!("mode {mode:o}")), "{refused}");
            assert!(refused.contains("chmod 600"), "{refused}");
        }
    }

    #[test]
    fn a_credential_of_systemd_may_show_the_mask_of_its_acl() {
        let dir = tempfile::tempdir().unwrap();
        for (mode, good) in [
            (0o400, true),
            (0o440, true),
            (0o444, false),
            (0o460, false),
            (0o660, false),
        ] {
            let path = file(dir.path(), "tls.key", b"abc", mode);
            let named = SecretFile::Credential("tls.key".to_owned());
            for secret in [&named, &path] {
                let read = secret.read_by(Some(dir.path()), SECRET_BYTES_MAX);
                assert_eq!(read.is_ok(), good, "{mode:o} {secret:?}");
            }
            assert_eq!(path.read_by(None, SECRET_BYTES_MAX).is_ok(), mode == 0o400);
        }
        let named = SecretFile::Credential("tls.key".to_owned());
        let refused = named.read_by(None, SECRET_BYTES_MAX).unwrap_err();
        assert!(matches!(refused, SecretError::NoCredentials(_)));
    }

    #[test]
    fn what_belongs_to_somebody_else_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        file(dir.path(), "secret", b"abc", 0o600);
        let path = dir.path().join("secret");
        let owner = fs::metadata(&path).unwrap().uid();
        let by = |us: u32| read(&path, Access::Owner, us, SECRET_BYTES_MAX);
        assert_eq!(by(owner).unwrap(), b"abc");
        // Root's is believed by everybody, and nobody else's is by others.
        let refused = matches!(by(owner + 1), Err(SecretError::Foreign { .. }));
        assert_eq!(refused, owner != ROOT);
        if owner == ROOT {
            let someone = 4_711;
            std::os::unix::fs::chown(&path, Some(someone), None).unwrap();
            let refused = by(ROOT).unwrap_err().to_string();
            assert!(refused.contains("belongs to user 4711"), "{refused}");
            assert_eq!(by(someone).unwrap(), b"abc");
        }
    }

    #[test]
    fn what_is_public_may_be_read_by_all_and_written_by_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        for (mode, good) in [(0o644, true), (0o600, true), (0o664, false), (0o602, false)] {
            file(dir.path(), "keys.json", b"{}", mode);
            let read = read_public(&path, 2);
            assert_eq!(read.is_ok(), good, "{mode:o}");
            if let Err(refused) = read {
                assert!(matches!(refused, SecretError::Writable { .. }), "{refused}");
            }
        }
        file(dir.path(), "keys.json", b"{}", 0o644);
        let refused = read_public(&path, 1);
        assert!(matches!(refused, Err(SecretError::TooLong { .. })));
        // One that nobody writes to would keep whoever opens it waiting for ever.
        let pipe = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from(0o644)).unwrap();
        assert!(matches!(
            read_public(&pipe, 2),
            Err(SecretError::NotAFile(_))
        ));
    }

    #[test]
    fn what_does_not_lie_right_among_the_credentials_is_none_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let key = file(dir.path(), "tls.key", b"abc", 0o440);
        let below = dir.path().join("credentials");
        fs::create_dir(&below).unwrap();
        let out = SecretFile::Path(below.join("../tls.key"));
        for (secret, credentials) in [
            (&key, Path::new("")),
            (&key, Path::new(".")),
            (&key, Path::new("/")),
            (&key, &below),
            (&out, &below),
        ] {
            let refused = secret.read_by(Some(credentials), SECRET_BYTES_MAX);
            assert!(
                matches!(refused, Err(SecretError::Exposed { .. })),
                "{secret:?} {credentials:?}"
            );
        }
        let named = SecretFile::Credential("tls.key".to_owned());
        let refused = named.read_by(Some(Path::new("")), SECRET_BYTES_MAX);
        assert!(matches!(refused, Err(SecretError::NoCredentials(_))));
    }

    #[test]
    fn what_is_no_file_or_of_another_length_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = SecretFile::Path(dir.path().to_owned());
        assert!(matches!(folder.read(), Err(SecretError::NotAFile(_))));
        let device = SecretFile::Path("/dev/null".into());
        assert!(matches!(device.read(), Err(SecretError::NotAFile(_))));
        let pipe = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from(0o600)).unwrap();
        let refused = SecretFile::Path(pipe).read();
        assert!(matches!(refused, Err(SecretError::NotAFile(_))));
        let empty = file(dir.path(), "empty", b"", 0o600);
        assert!(matches!(empty.read(), Err(SecretError::Empty(_))));
        let most = usize::try_from(SECRET_BYTES_MAX).unwrap();
        let long = file(dir.path(), "long", &vec![b'a'; most], 0o600);
        assert_eq!(long.read().unwrap().bytes().len(), most);
        let long = file(dir.path(), "long", &vec![b'a'; most + 1], 0o600);
        assert!(matches!(long.read(), Err(SecretError::TooLong { .. })));
        let gone = SecretFile::Path(dir.path().join("gone"));
        assert!(matches!(gone.read(), Err(SecretError::Io { .. })));
    }

    #[test]
    fn a_secret_is_named_by_a_path_or_as_a_credential_of_systemd() {
        let read = <SecretFile as Readable>::read;
        assert_eq!(read("a/b"), Ok(SecretFile::Path("a/b".into())));
        let key = SecretFile::Credential("key".to_owned());
        assert_eq!(read("$CREDENTIALS_DIRECTORY/key"), Ok(key.clone()));
        assert_eq!(key.clone().within(Path::new("/etc")), key);
        let path = SecretFile::Path("a".into()).within(Path::new("/etc"));
        assert_eq!(path, SecretFile::Path("/etc/a".into()));
        for wrong in [
            "",
            "$HOME/key",
            "$CREDENTIALS_DIRECTORY",
            "$CREDENTIALS_DIRECTORY/",
            "$CREDENTIALS_DIRECTORY/../key",
            "$CREDENTIALS_DIRECTORY/a/b",
            "$CREDENTIALS_DIRECTORY//etc/key",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn several_lines_are_no_line() {
        for (bytes, line) in [
            (&b"a"[..], Some("a")),
            (b"a\r\n", Some("a")),
            (b"a\nb", None),
            (b"a\n\n", None),
            (b"\xff", None),
        ] {
            assert_eq!(Secret(bytes.to_vec()).line(), line, "{bytes:?}");
        }
    }
}
