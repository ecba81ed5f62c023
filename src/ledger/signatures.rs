//! Signatures of many events, verified together.
//!
//! Ed25519 signatures can be verified in batches (Bernstein et al., "High-speed high-security
//! signatures", 2012, section 5): one equation over all of them, with coefficients that are derived
//! from all that is verified. It costs less than half of what one after another does. When it does
//! not hold, the signatures are verified one by one, to name the entry.
//!
//! What an honest signer made is accepted by both ways, and what was made without the private key
//! by neither. Only the holder of the key could make signatures (with points of small order in
//! them, against RFC 8032) that a batch takes and a single check does not.

use ed25519_dalek::Signature;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::verify_batch;

use crate::contract;
use crate::ledger::key::LogKey;
use crate::ledger::verify::Damage;
use crate::ledger::verify::Harm;

/// Signatures that are verified together.
pub(super) const BATCH: usize = 128;

/// Signatures of one key that wait to be verified.
#[derive(Debug)]
pub(super) struct Signatures {
    key: LogKey,
    point: Option<VerifyingKey>,
    waiting: Vec<Waiting>,
    together: usize,
}

#[derive(Debug)]
struct Waiting {
    entry: u64,
    text: String,
    signature: contract::Signature,
}

impl Signatures {
    /// Verifies at most `together` signatures of `key` at a time.
    pub(super) fn of(key: LogKey, together: usize) -> Self {
        Self {
            point: VerifyingKey::from_bytes(key.public()).ok(),
            key,
            waiting: Vec::new(),
            together,
        }
    }

    /// Takes the signature over `text`, the event of entry `entry`.
    pub(super) fn push(
        &mut self,
        entry: u64,
        text: String,
        signature: contract::Signature,
    ) -> Result<(), Damage> {
        self.waiting.push(Waiting {
            entry,
            text,
            signature,
        });
        if self.waiting.len() < self.together {
            return Ok(());
        }
        self.settle()
    }

    /// Verifies those that wait.
    pub(super) fn settle(&mut self) -> Result<(), Damage> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.len() > 1 && self.hold_together(&waiting) {
            return Ok(());
        }
        let bad = |waiting: &&Waiting| {
            let signature = waiting.signature.as_bytes();
            !self.key.verifies(waiting.text.as_bytes(), signature)
        };
        match waiting.iter().find(bad) {
            None => Ok(()),
            Some(waiting) => Err(Damage {
                entry: waiting.entry,
                harm: Harm::Signature,
            }),
        }
    }

    fn hold_together(&self, waiting: &[Waiting]) -> bool {
        let Some(point) = self.point else {
            return false;
        };
        let texts: Vec<&[u8]> = waiting.iter().map(|one| one.text.as_bytes()).collect();
        let signature = |one: &Waiting| Signature::from_bytes(one.signature.as_bytes());
        let signatures: Vec<Signature> = waiting.iter().map(signature).collect();
        let keys = vec![point; waiting.len()];
        verify_batch(&texts, &signatures, &keys).is_ok()
    }
}
