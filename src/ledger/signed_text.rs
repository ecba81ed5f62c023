//! What gateways sign for each other: a signed note (C2SP signed-note) whose text is a title line and one
//! line of canonical JSON (RFC 8785). Any verifier of signed notes checks the signatures; the title keeps
//! what was signed as one thing from being read as another.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::canonical_json;
use crate::ledger::key::LogKey;
use crate::ledger::key::LogSigner;
use crate::ledger::note;
use crate::ledger::note::NoteError;

/// Bytes of the longest signed text between gateways: a proof in an entry holds two of them.
pub const SIGNED_TEXT_BYTES_MAX: usize = 16_384;

/// A kind of signed text.
pub trait SignedText: Serialize + DeserializeOwned {
    /// Its title line: name and version.
    const TITLE: &'static str;
}

/// Why a signed text is not believed.
#[derive(Debug, thiserror::Error)]
pub enum SignedTextError {
    /// Too long.
    #[error("{bytes} bytes, limit {SIGNED_TEXT_BYTES_MAX}")]
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// Not a signed note, or not signed by the key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Another kind.
    #[error("not a {0}")]
    Title(&'static str),
    /// Not the JSON of this kind, or not in canonical form.
    #[error("not the canonical JSON of a {0}")]
    Form(&'static str),
}

/// Signs `said`.
///
/// # Errors
/// When it has no JSON form or is too long.
pub fn sign_text<T: SignedText>(said: &T, signer: &LogSigner) -> Result<String, SignedTextError> {
    checked(note::sign(&text_of(said)?, signer)?)
}

/// What `key` signed in `note`.
///
/// # Errors
/// When it is too long, not of this kind, not canonical, or not signed by `key`.
pub fn open_text<T: SignedText>(note: &str, key: &LogKey) -> Result<T, SignedTextError> {
    check_length(note)?;
    let text = note::open(note, key)?;
    let json = text
        .strip_prefix(T::TITLE)
        .and_then(|rest| rest.strip_prefix('\n'))
        .ok_or(SignedTextError::Title(T::TITLE))?;
    let said: T = serde_json::from_str(json.trim_end_matches('\n'))
        .map_err(|_| SignedTextError::Form(T::TITLE))?;
    // One text for one meaning: two texts that say the same would be two signatures.
    if text_of(&said)? == text {
        Ok(said)
    } else {
        Err(SignedTextError::Form(T::TITLE))
    }
}

/// `note` with the signature of `signer` beside those that it has; what the signer had said before is
/// left as it is.
///
/// # Errors
/// When the note is malformed or becomes too long.
pub fn countersign(note: &str, signer: &LogSigner) -> Result<String, SignedTextError> {
    check_length(note)?;
    let (text, lines) = note::parse(note)?;
    let own = signer.key();
    if lines
        .iter()
        .any(|line| line.name == own.name() && line.id == own.id())
    {
        return Ok(note.to_owned());
    }
    let whole = note::sign(text, signer)?;
    let line = whole.rsplit_once("\n\n").map_or("", |(_, line)| line);
    checked(format!("{note}{line}"))
}

/// `note` with no other signature than that of `key`.
///
/// # Errors
/// When the note is malformed or not signed by `key`.
pub fn signed_alone(note: &str, key: &LogKey) -> Result<String, SignedTextError> {
    check_length(note)?;
    Ok(note::signed_by(note, key)?)
}

fn text_of<T: SignedText>(said: &T) -> Result<String, SignedTextError> {
    let json = canonical_json(said).map_err(|_| SignedTextError::Form(T::TITLE))?;
    Ok(format!("{}\n{json}\n", T::TITLE))
}

fn checked(note: String) -> Result<String, SignedTextError> {
    check_length(&note)?;
    Ok(note)
}

const fn check_length(note: &str) -> Result<(), SignedTextError> {
    if note.len() > SIGNED_TEXT_BYTES_MAX {
        return Err(SignedTextError::TooLong { bytes: note.len() });
    }
    Ok(())
}
