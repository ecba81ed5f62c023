//! Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519): somebody else's word that a log's
//! checkpoint continues all that they saw of that log before.

use std::fmt;
use std::str::FromStr;

use ring::signature::ED25519;
use ring::signature::UnparsedPublicKey;

use crate::ledger::key;
use crate::ledger::key::KeyError;
use crate::ledger::key::LogKey;
use crate::ledger::key::LogSigner;
use crate::ledger::note;
use crate::ledger::note::NoteError;
use crate::ledger::note::SignatureLine;

/// Type byte of timestamped Ed25519 cosignatures (C2SP signed-note, "Signature types").
const COSIGNATURE_TYPE: u8 = 0x04;

/// The latest time that a cosignature can bear, in seconds since the Epoch: 2^63 - 1.
const TIME_MAX_S: u64 = i64::MAX.cast_unsigned();

/// A witness's public key and its name. Its text form is a *vkey* of type 4.
#[derive(Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: Box<str>,
    id: [u8; 4],
    public: [u8; 32],
}

impl WitnessKey {
    /// The key with this name.
    ///
    /// # Errors
    /// When a signed note cannot carry the name.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, KeyError> {
        Ok(Self {
            name: name.into(),
            id: key::key_id(name, COSIGNATURE_TYPE, &public)?,
            public,
        })
    }

    /// The name of the witness.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the same key signs as this log.
    pub fn is_of(&self, log: &LogKey) -> bool {
        self.public == *log.public()
    }

    fn made(&self, line: &SignatureLine<'_>) -> bool {
        line.name == self.name() && line.id == self.id
    }

    /// The time, in seconds since the Epoch, that this key's cosignature of `text` bears.
    fn time_of(&self, line: &SignatureLine<'_>, text: &str) -> Result<u64, NoteError> {
        let (time, signature) = line
            .signature
            .split_first_chunk()
            .ok_or(NoteError::BadSignature)?;
        let time_s = u64::from_be_bytes(*time);
        // A checkpoint's cosignature always has a time (tlog-witness).
        let known = time_s > 0 && time_s <= TIME_MAX_S;
        let message = cosigned_message(text, time_s);
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        if known && key.verify(message.as_bytes(), signature).is_ok() {
            Ok(time_s)
        } else {
            Err(NoteError::BadSignature)
        }
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = key::vkey_text(&self.name, self.id, COSIGNATURE_TYPE, &self.public);
        f.write_str(&text)
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey({self})")
    }
}

impl FromStr for WitnessKey {
    type Err = KeyError;

    /// Reads a vkey of type 4; white space around it is ignored.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, public) = key::read_vkey(text, COSIGNATURE_TYPE)?;
        Self::new(name, public)
    }
}

/// A witness's private key. It signs nothing but cosignatures: the message has no room for the
/// witness's name, so a key belongs to one witness and to no other purpose.
pub struct WitnessSigner {
    signer: LogSigner,
    key: WitnessKey,
}

impl WitnessSigner {
    /// A signer of cosignatures out of a key that signs nothing else, under its name.
    ///
    /// # Errors
    /// When a signed note cannot carry the name.
    pub fn new(signer: LogSigner) -> Result<Self, KeyError> {
        let key = WitnessKey::new(signer.key().name(), *signer.key().public())?;
        Ok(Self { signer, key })
    }

    /// The public half.
    pub const fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// The signature line, with its newline, that says: as of `time_s` (seconds since the Epoch)
    /// the checkpoint with this text is the largest consistent one seen of its log.
    pub fn cosign(&self, text: &str, time_s: u64) -> String {
        let time_s = time_s.clamp(1, TIME_MAX_S);
        let message = cosigned_message(text, time_s);
        let mut stamped = time_s.to_be_bytes().to_vec();
        stamped.extend_from_slice(self.signer.sign(message.as_bytes()).as_bytes());
        SignatureLine::write(self.key.name(), self.key.id, &stamped)
    }
}

impl fmt::Debug for WitnessSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessSigner({})", self.key)
    }
}

/// What a cosignature signs (tlog-cosignature, "Ed25519 signed message").
fn cosigned_message(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

/// A cosignature that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Name of the witness.
    pub witness: String,
    /// When, in seconds since the Epoch, as the witness says.
    pub time_s: u64,
}

/// The cosignatures on `note` by these witnesses. Signatures of others are ignored. The log's own
/// signature is for [`Checkpoint::open`](crate::ledger::Checkpoint::open).
///
/// # Errors
/// When the note is malformed, or a line names one of the witnesses and does not verify.
pub fn cosignatures(note: &str, witnesses: &[WitnessKey]) -> Result<Vec<Cosignature>, NoteError> {
    let (text, lines) = note::parse(note)?;
    let mut found = Vec::new();
    for line in &lines {
        for key in witnesses.iter().filter(|key| key.made(line)) {
            found.push(Cosignature {
                witness: key.name().to_owned(),
                time_s: key.time_of(line, text)?,
            });
        }
    }
    Ok(found)
}

/// `note` with the cosignature of `witness` that stands in `answer`, the signature lines that a
/// witness answers with. Lines of others are left out, and so is what the witness had said before.
///
/// # Errors
/// When the note or the answer is malformed, or `witness` has not signed this note.
pub fn add_cosignature(
    note: &str,
    answer: &str,
    witness: &WitnessKey,
) -> Result<(String, Cosignature), NoteError> {
    let (text, own) = note::parse(note)?;
    let whole = format!("{text}\n{answer}");
    let (_, lines) = note::parse(&whole)?;
    let line = lines.iter().find(|line| witness.made(line));
    let line = line.ok_or(NoteError::NotSigned)?;
    let cosignature = Cosignature {
        witness: witness.name().to_owned(),
        time_s: witness.time_of(line, text)?,
    };
    let mut cosigned = format!("{text}\n");
    let kept = own.iter().filter(|own| !witness.made(own));
    for line in kept.chain([line]) {
        cosigned.push_str(line.line);
        cosigned.push('\n');
    }
    note::parse(&cosigned)?;
    Ok((cosigned, cosignature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Checkpoint;
    use crate::ledger::Tree;
    use crate::ledger::fixtures;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    /// The example of C2SP tlog-cosignature.
    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4UR\
        YN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        \u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9d\
        lrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

    fn note() -> (LogSigner, String) {
        let signer = fixtures::signer();
        let note = Checkpoint::sign(&Tree::new(), &signer).unwrap();
        (signer, note)
    }

    fn text_of(note: &str) -> &str {
        note::parse(note).unwrap().0
    }

    #[test]
    fn the_message_is_that_of_the_standard() {
        let text = text_of(EXAMPLE);
        assert_eq!(
            cosigned_message(text, 1_679_315_147),
            "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
             CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        );
        // The time of the standard's own line is where we look for it.
        let (_, lines) = note::parse(EXAMPLE).unwrap();
        let (time, signature) = lines[1].signature.split_first_chunk::<8>().unwrap();
        assert_eq!(u64::from_be_bytes(*time), 1_679_315_147);
        assert_eq!(signature.len(), 64);
    }

    #[test]
    fn a_vkey_of_a_witness_reads_back_and_is_none_of_a_log() {
        let witness = fixtures::witness("mercy.example/witness", 9);
        let text = witness.key().to_string();
        assert_eq!(text.parse(), Ok(witness.key().clone()));
        assert!(text.parse::<LogKey>().is_err());
        let log = fixtures::signer().key().to_string();
        assert_eq!(log.parse::<WitnessKey>(), Err(KeyError::Vkey));
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(changed.parse::<WitnessKey>().is_err(), "{changed}");
        }
    }

    #[test]
    fn a_note_takes_the_cosignatures_of_known_witnesses() {
        let (signer, note) = note();
        let (one, two) = (fixtures::witness("one", 1), fixtures::witness("two", 2));
        let text = text_of(&note);
        let answer = two.cosign(text, 5) + &one.cosign(text, 7);
        let (note, cosigned) = add_cosignature(&note, &answer, one.key()).unwrap();
        assert_eq!((cosigned.witness.as_str(), cosigned.time_s), ("one", 7));
        assert_eq!(note.lines().count(), 6, "the line of the other is left out");
        let (note, _) = add_cosignature(&note, &answer, two.key()).unwrap();
        // Once more, later: it replaces the earlier one.
        let (note, _) = add_cosignature(&note, &one.cosign(text_of(&note), 9), one.key()).unwrap();
        let keys = [one.key().clone(), two.key().clone()];
        let found = cosignatures(&note, &keys).unwrap();
        let times: Vec<_> = found.iter().map(|found| found.time_s).collect();
        assert_eq!(times, [5, 9]);
        assert_eq!(cosignatures(&note, &[]), Ok(Vec::new()));
        let open = Checkpoint::open(&note, signer.key()).unwrap();
        assert_eq!(open.size, 0);
    }

    #[test]
    fn a_cosignature_of_another_text_time_or_key_is_refused() {
        let (_, note) = note();
        let witness = fixtures::witness("one", 1);
        let (text, key) = (text_of(&note), witness.key());
        let other_key = fixtures::witness("one", 2);
        let other = witness.cosign("another text\n", 7);
        let refused = add_cosignature(&note, &other, key);
        assert_eq!(refused, Err(NoteError::BadSignature));
        let unknown = add_cosignature(&note, &other_key.cosign(text, 7), key);
        assert_eq!(unknown, Err(NoteError::NotSigned));
        for garbage in ["", "\n", "one\n", "\u{2014} one AAAA\n", "\u{2014} one !\n"] {
            assert!(add_cosignature(&note, garbage, key).is_err(), "{garbage}");
        }
        // A plain signature of the log's kind is none of a witness.
        let line = SignatureLine::write("one", key.id, &[0; 64]);
        let refused = add_cosignature(&note, &line, key);
        assert_eq!(refused, Err(NoteError::BadSignature));
    }

    #[test]
    fn every_changed_bit_of_a_cosignature_is_seen() {
        let (_, note) = note();
        let witness = fixtures::witness("one", 1);
        let text = text_of(&note);
        let line = witness.cosign(text, 1_700_000_000);
        let blob = line.trim_end().rsplit(' ').next().unwrap();
        let blob = STANDARD.decode(blob).unwrap();
        for bit in 32..blob.len() * 8 {
            let mut changed = blob.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let line = SignatureLine::write("one", witness.key().id, &changed[4..]);
            let refused = add_cosignature(&note, &line, witness.key());
            assert_eq!(refused, Err(NoteError::BadSignature), "{bit}");
        }
    }
}
