//! The file of users and digests of their passcodes: one `NAME:DIGEST` a line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::config::SecretError;
use crate::config::SecretFile;
use crate::config::UserName;
use crate::identity::passcode::Digest;
use crate::identity::passcode::Passcode;
use crate::identity::passcode::PasscodeFault;

/// Bytes of the longest such file: some 8000 users.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// What the file begins with when it is written.
const HEADING: &str =
    "# Users and digests of their passcodes; see credence user passcode --help.\n";

/// Users and their digests.
#[derive(Debug)]
pub struct Passcodes {
    rows: BTreeMap<UserName, Digest>,
    nobody: Digest,
}

/// Why a file of passcodes cannot be used. No line of it is shown.
#[derive(Debug, thiserror::Error)]
pub enum PasscodesError {
    /// It cannot be read, or others can.
    #[error(transparent)]
    File(#[from] SecretError),
    /// Not text.
    #[error("the file of passcodes is not UTF-8")]
    NotText,
    /// A line without a name and a digest.
    #[error("line {line} of the file of passcodes is no user's name, a colon and a digest")]
    Line {
        /// Which, counted from 1.
        line: usize,
    },
    /// A digest that is none.
    #[error("line {line} of the file of passcodes: {fault}")]
    Digest {
        /// Which, counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: PasscodeFault,
    },
    /// A user with two lines.
    #[error("line {line} of the file of passcodes is a second one of the same user")]
    Twice {
        /// Which, counted from 1.
        line: usize,
    },
}

impl Default for Passcodes {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            nobody: Digest::of_nobody(),
        }
    }
}

impl Passcodes {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, others than its owner can, or a line is not sound: of a file that is
    /// wrong somewhere nothing is believed.
    pub fn read(file: &SecretFile) -> Result<Self, PasscodesError> {
        let secret = file.read_up_to(FILE_BYTES_MAX)?;
        let text = std::str::from_utf8(secret.bytes()).map_err(|_| PasscodesError::NotText)?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, PasscodesError> {
        let mut passcodes = Self::default();
        for (line, content) in (1..).zip(text.lines()) {
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            // A name may have colons; a digest has none.
            let (name, digest) = content
                .rsplit_once(':')
                .ok_or(PasscodesError::Line { line })?;
            let name: UserName = name.parse().map_err(|_| PasscodesError::Line { line })?;
            let digest = Digest::parse(digest);
            let digest = digest.map_err(|fault| PasscodesError::Digest { line, fault })?;
            if passcodes.rows.insert(name, digest).is_some() {
                return Err(PasscodesError::Twice { line });
            }
        }
        Ok(passcodes)
    }

    /// The users, sorted.
    pub fn users(&self) -> impl Iterator<Item = &UserName> {
        self.rows.keys()
    }

    /// Whether the file has this user.
    pub fn has(&self, name: &UserName) -> bool {
        self.rows.contains_key(name)
    }

    /// Whether this is the passcode of this user. Takes as long for a user who is not there: it costs
    /// tens of milliseconds and 19 MiB, and is for a thread that may block.
    pub fn verify(&self, name: Option<&UserName>, passcode: &Passcode) -> bool {
        let known = name.and_then(|name| self.rows.get(name));
        let digest = known.unwrap_or_else(|| self.stand_in(name));
        digest.is_of(passcode) && known.is_some()
    }

    /// What an unknown user's passcode is compared with: somebody's digest, picked by the name, so that
    /// digests of different cost take no longer for those who are known.
    fn stand_in(&self, name: Option<&UserName>) -> &Digest {
        let bytes = name.map_or(&[][..], |name| name.as_str().as_bytes());
        let sum = bytes.iter().fold(0_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add((*byte).into())
        });
        let place = sum.checked_rem(self.rows.len()).unwrap_or(0);
        self.rows.values().nth(place).unwrap_or(&self.nobody)
    }

    /// Sets the passcode of a user, known or new.
    pub fn set(&mut self, name: UserName, digest: Digest) {
        self.rows.insert(name, digest);
    }

    /// Takes a user out. `false` when there was none.
    pub fn remove(&mut self, name: &UserName) -> bool {
        self.rows.remove(name).is_some()
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = HEADING.to_owned();
        for (name, digest) in &self.rows {
            let _ = writeln!(text, "{name}:{}", digest.as_str());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    fn passcode(text: &str) -> Passcode {
        Passcode::from_bytes(text.as_bytes().to_vec())
    }

    fn weber() -> Passcodes {
        let mut passcodes = Passcodes::default();
        let digest = passcode("correct horse").digest().unwrap();
        passcodes.set(name("weber"), digest);
        passcodes
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut written = weber();
        let digest = passcode("battery staple").digest().unwrap();
        written.set(name("Jörg: Müller"), digest);
        let read = Passcodes::parse(&written.text()).unwrap();
        assert_eq!(read.rows, written.rows);
        assert!(read.verify(Some(&name("Jörg: Müller")), &passcode("battery staple")));
        assert!(written.remove(&name("weber")));
        assert!(!written.remove(&name("weber")));
        assert_eq!(written.users().count(), 1);
    }

    #[test]
    fn a_passcode_proves_its_own_user_only() {
        let passcodes = weber();
        assert!(passcodes.verify(Some(&name("weber")), &passcode("correct horse")));
        assert!(!passcodes.verify(Some(&name("weber")), &passcode("battery staple")));
        // The stand-in for somebody unknown is weber's digest, and of his passcode.
        assert!(!passcodes.verify(Some(&name("adler")), &passcode("correct horse")));
        assert!(!passcodes.verify(None, &passcode("correct horse")));
        assert!(!Passcodes::default().verify(Some(&name("weber")), &passcode("correct horse")));
    }

    #[test]
    fn of_a_file_that_is_wrong_somewhere_nothing_is_believed() {
        let good = weber().text();
        let digest = Digest::of_nobody();
        let digest = digest.as_str();
        for (more, says) in [
            (
                "weber".to_owned(),
                "line 3 of the file of passcodes is no user's name",
            ),
            (
                format!("\u{7}:{digest}"),
                "line 3 of the file of passcodes is no user's name",
            ),
            (
                "adler:secret".to_owned(),
                "line 3 of the file of passcodes: not a digest",
            ),
            (
                format!("weber:{digest}"),
                "line 3 of the file of passcodes is a second one",
            ),
        ] {
            let error = Passcodes::parse(&format!("{good}{more}\n")).unwrap_err();
            assert!(error.to_string().starts_with(says), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
