//! Signed notes (C2SP signed-note): a text, an empty line, signature lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ledger::key::LogKey;
use crate::ledger::key::LogSigner;

/// Bytes in the longest signed note that is read. Room for more than 100 witnesses.
pub const NOTE_BYTES_MAX: usize = 65_536;

/// What a signature line begins with: em dash, space.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// Why a signed note is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`NOTE_BYTES_MAX`].
    #[error("the note has {0} bytes, at most {NOTE_BYTES_MAX} are read")]
    TooLong(usize),
    /// Not of the form text, empty line, signatures; or with control characters.
    #[error("not a signed note: text, an empty line, signature lines")]
    Malformed,
    /// None of the signatures is the key's.
    #[error("the note is not signed by the expected key")]
    NotSigned,
    /// A signature names the key but does not verify.
    #[error("the note's signature does not verify: the note was changed or forged")]
    BadSignature,
}

/// Signs `text`, which ends in a newline, and returns the whole note.
///
/// # Errors
/// When the text cannot stand in a note.
pub(super) fn sign(text: &str, signer: &LogSigner) -> Result<String, NoteError> {
    check_text(text)?;
    let (key, signature) = (signer.key(), signer.sign(text.as_bytes()));
    let line = SignatureLine::write(key.name(), key.id(), signature.as_bytes());
    let note = format!("{text}\n{line}");
    check_length(&note)?;
    Ok(note)
}

/// A signature line of a note, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignatureLine<'a> {
    /// The line, without its newline.
    pub(super) line: &'a str,
    /// Name of the key.
    pub(super) name: &'a str,
    /// Key id.
    pub(super) id: [u8; 4],
    /// What follows the key id.
    pub(super) signature: Vec<u8>,
}

impl<'a> SignatureLine<'a> {
    /// Reads a line, without its newline: em dash, name, base64.
    pub(super) fn parse(line: &'a str) -> Result<Self, NoteError> {
        let (name, blob) = line
            .strip_prefix(SIGNATURE_MARK)
            .and_then(|line| line.split_once(' '))
            .ok_or(NoteError::Malformed)?;
        let blob = STANDARD.decode(blob).map_err(|_| NoteError::Malformed)?;
        let (id, signature) = blob.split_first_chunk().ok_or(NoteError::Malformed)?;
        if name.is_empty() {
            return Err(NoteError::Malformed);
        }
        Ok(Self {
            line,
            name,
            id: *id,
            signature: signature.to_vec(),
        })
    }

    /// The line that carries `signature` by the key with this name and id, with its newline.
    pub(super) fn write(name: &str, id: [u8; 4], signature: &[u8]) -> String {
        let mut blob = id.to_vec();
        blob.extend_from_slice(signature);
        format!("{SIGNATURE_MARK}{name} {}\n", STANDARD.encode(blob))
    }
}

/// Cuts a note into its text and its signature lines. Nothing is verified.
pub(super) fn parse(note: &str) -> Result<(&str, Vec<SignatureLine<'_>>), NoteError> {
    check_length(note)?;
    check_text(note)?;
    let blank = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, rest) = note
        .split_at_checked(blank.saturating_add(1))
        .ok_or(NoteError::Malformed)?;
    let signatures = rest.strip_prefix('\n').ok_or(NoteError::Malformed)?;
    if signatures.is_empty() {
        return Err(NoteError::Malformed);
    }
    let lines: Result<Vec<_>, _> = signatures.lines().map(SignatureLine::parse).collect();
    Ok((text, lines?))
}

/// The text of `note`, if `key` signed it. Signatures of others are ignored.
///
/// # Errors
/// When the note is malformed, or not signed by `key`.
pub(super) fn open<'a>(note: &'a str, key: &LogKey) -> Result<&'a str, NoteError> {
    let (text, lines) = parse(note)?;
    let mut signed = false;
    for line in lines {
        if line.name == key.name() && line.id == key.id() {
            if !key.verifies(text.as_bytes(), &line.signature) {
                return Err(NoteError::BadSignature);
            }
            signed = true;
        }
    }
    if signed {
        Ok(text)
    } else {
        Err(NoteError::NotSigned)
    }
}

/// How many signature lines a note has.
pub(super) fn signatures(note: &str) -> usize {
    let lines = note.rsplit_once("\n\n").map(|(_, lines)| lines.lines());
    lines.map_or(0, Iterator::count)
}

/// `note` with no other signature than that of `key`.
///
/// # Errors
/// When the note is malformed, or not signed by `key`.
pub(super) fn signed_by(note: &str, key: &LogKey) -> Result<String, NoteError> {
    let text = open(note, key)?;
    let (_, lines) = parse(note)?;
    let own = lines
        .iter()
        .find(|line| line.name == key.name() && line.id == key.id())
        .ok_or(NoteError::NotSigned)?;
    Ok(format!("{text}\n{}\n", own.line))
}

const fn check_length(note: &str) -> Result<(), NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong(note.len()));
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), NoteError> {
    let control = |byte: u8| byte < 0x20 && byte != b'\n';
    if !text.ends_with('\n') || text.bytes().any(control) {
        return Err(NoteError::Malformed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::Ed25519KeyPair;

    /// Text and signature in the tests of Go's `golang.org/x/mod/sumdb/note`.
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n";
    const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNI\
        uGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer() -> LogSigner {
        // The seed is what follows the type byte in
        // PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz
        let typed = STANDARD
            .decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")
            .unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&typed[1..]).unwrap();
        LogSigner::from_pair("PeterNeumann", pair).unwrap()
    }

    #[test]
    fn a_note_is_signed_as_gos_implementation_signs_it() {
        assert_eq!(sign(TEXT, &signer()), Ok(format!("{TEXT}\n{SIGNATURE}")));
    }

    #[test]
    fn the_text_of_a_signed_note_is_read() {
        let note = format!("{TEXT}\n{SIGNATURE}");
        assert_eq!(open(&note, signer().key()), Ok(TEXT));
        let witnessed = format!("{TEXT}\n\u{2014} witness AAAAAAAA\n{SIGNATURE}");
        assert_eq!(open(&witnessed, signer().key()), Ok(TEXT));
    }

    #[test]
    fn a_changed_note_is_not_believed() {
        let note = format!("{TEXT}\n{SIGNATURE}");
        let key = signer().key().clone();
        let forged = note.replace("answer", "Answer");
        assert_eq!(open(&forged, &key), Err(NoteError::BadSignature));
        let other = LogKey::new("somebody.else", [7; 32]).unwrap();
        assert_eq!(open(&note, &other), Err(NoteError::NotSigned));
        for place in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[place] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(open(&text, &key).is_err(), "{text}");
            }
        }
        for end in 0..note.len() {
            if let Some(part) = note.get(..end) {
                assert!(open(part, &key).is_err());
            }
        }
    }
}
