//! What gateways tell each other of parcels: a title line, a line of canonical JSON, signed by a
//! statement key (C2SP signed-note).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::canonical_json;
use crate::ledger::LogKey;
use crate::ledger::LogSigner;
use crate::ledger::NoteError;
use crate::ledger::open_note;
use crate::ledger::sign_note;

/// Why a signed text is not believed, or cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not a note, or not signed by the key.
    #[error("{title} is not {signer}'s: {error}")]
    Note {
        /// What it is to be.
        title: &'static str,
        /// Whose it is to be: the name of the key.
        signer: String,
        /// What is wrong.
        error: NoteError,
    },
    /// Signed, and yet something else.
    #[error("it is signed by {signer}, but is no {title}: {problem}")]
    Text {
        /// What it is to be.
        title: &'static str,
        /// Whose it is: the name of the key.
        signer: String,
        /// What is wrong.
        problem: String,
    },
}

/// Signs `value` under `title`.
pub(super) fn sign<T: Serialize>(
    title: &'static str,
    value: &T,
    signer: &LogSigner,
) -> Result<String, StatementError> {
    let name = || signer.key().name().to_owned();
    let json = canonical_json(value).map_err(|error| StatementError::Text {
        title,
        signer: name(),
        problem: error.to_string(),
    })?;
    let signed = sign_note(&format!("{title}\n{json}\n"), signer);
    signed.map_err(|error| StatementError::Note {
        title,
        signer: name(),
        error,
    })
}

/// What `key` signed under `title`. Only the one form that [`sign`] writes is read.
pub(super) fn open<T: Serialize + DeserializeOwned>(
    title: &'static str,
    note: &str,
    key: &LogKey,
) -> Result<T, StatementError> {
    let text = open_note(note, key).map_err(|error| StatementError::Note {
        title,
        signer: key.name().to_owned(),
        error,
    })?;
    read(title, text).map_err(|problem| StatementError::Text {
        title,
        signer: key.name().to_owned(),
        problem,
    })
}

/// The value in the text of a note that is not verified.
pub(super) fn unverified<T: Serialize + DeserializeOwned>(
    title: &'static str,
    note: &str,
) -> Result<T, String> {
    let blank = note.find("\n\n").ok_or("it is no signed note")?;
    let text = note.get(..=blank).unwrap_or_default();
    read(title, text)
}

fn read<T: Serialize + DeserializeOwned>(title: &'static str, text: &str) -> Result<T, String> {
    let body = text.strip_prefix(title);
    let json = body.and_then(|body| body.strip_prefix('\n')?.strip_suffix('\n'));
    let json = json.ok_or("it has another title, or none")?;
    let value: T = serde_json::from_str(json).map_err(|error| error.to_string())?;
    match canonical_json(&value) {
        Ok(written) if written == json => Ok(value),
        Ok(_) | Err(_) => Err("it is not written as canonical JSON".to_owned()),
    }
}
