//! The deeper pass over a ledger: events are signed by their authors, the contract accepts them,
//! and every decision is reached again from the entries before it.

use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::CONTRACT_VERSION;
use crate::contract::Decision;
use crate::contract::ENGINE;
use crate::contract::Event;
use crate::contract::InstitutionSlug;
use crate::contract::Request;
use crate::contract::State;
use crate::contract::decide;
use crate::ledger::entry::Entry;
use crate::ledger::key::LogKey;
use crate::ledger::signatures;
use crate::ledger::signatures::Signatures;
use crate::ledger::verify::Damage;
use crate::ledger::verify::Harm;

#[cfg(test)]
mod tests;

/// Takes lines that a [`Verifier`](crate::ledger::Verifier) has found in order, and folds them.
#[derive(Debug)]
pub struct Replay {
    state: State,
    key: LogKey,
    own: Option<InstitutionSlug>,
    /// `None`: neither signatures nor decisions, only the state.
    signatures: Option<Signatures>,
}

impl Replay {
    /// A replay of the ledger whose checkpoints `key` signs. Every line is checked to its end
    /// before the next.
    pub fn new(key: LogKey) -> Self {
        Self {
            state: State::new(),
            signatures: Some(Signatures::of(key.clone(), 1)),
            key,
            own: None,
        }
    }

    /// The same, with signatures verified many at a time: that of a line may be told only with a
    /// later one, at the latest by [`Replay::settle`].
    pub fn in_batches(key: LogKey) -> Self {
        let mut replay = Self {
            signatures: Some(Signatures::of(key.clone(), signatures::BATCH)),
            ..Self::new(key)
        };
        replay.state.defer_root();
        replay
    }

    /// Only applies the events and compares the states that entries name: no signatures, and no
    /// decision is decided anew.
    pub fn of_state(key: LogKey) -> Self {
        Self {
            signatures: None,
            ..Self::in_batches(key)
        }
    }

    /// What the entries so far add up to. Its root is up to date only in a replay that is not in
    /// batches.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Takes the line of entry `seq`.
    ///
    /// # Errors
    /// When the line is not canonical, the event not signed or not acceptable, or the decision in
    /// it not the one that the contract reaches.
    pub fn push(&mut self, seq: u64, line: &str) -> Result<(), Damage> {
        match self.check(seq, line) {
            Ok(()) => Ok(()),
            Err(damage) => {
                // A signature that still waits is of an entry before this one.
                self.settle()?;
                Err(damage)
            }
        }
    }

    /// Verifies the signatures that wait. To be called after the last line.
    ///
    /// # Errors
    /// The first event that its author did not sign.
    pub fn settle(&mut self) -> Result<(), Damage> {
        self.signatures.as_mut().map_or(Ok(()), Signatures::settle)
    }

    fn check(&mut self, seq: u64, line: &str) -> Result<(), Damage> {
        let damage = |harm| Damage { entry: seq, harm };
        let read = if self.signatures.is_some() {
            Entry::parse(line)
        } else {
            Entry::read(line)
        };
        let entry = read.map_err(|error| damage(Harm::Unreadable(error)))?;
        let event = &entry.event;
        self.check_author(event).map_err(damage)?;
        if let Some(signatures) = &mut self.signatures {
            let text = Event::signed_text(&event.author, event.author_seq, &event.body)
                .map_err(|error| damage(Harm::Unreadable(error.into())))?;
            signatures.push(seq, text, event.signature)?;
        }
        self.check_state(&entry).map_err(damage)?;
        let at = Applied {
            seq: entry.seq,
            ledger_time: entry.ledger_time,
        };
        self.state
            .apply(at, event)
            .map_err(|rejection| damage(Harm::Rejected(rejection.to_string())))
    }

    fn check_author(&mut self, event: &Event) -> Result<(), Harm> {
        if let Body::Genesis {
            institution, key, ..
        } = &event.body
            && self.own.is_none()
        {
            if *key != self.key.to_string() {
                return Err(Harm::ForeignKey);
            }
            self.own = Some(institution.clone());
        }
        if self.own.as_ref() == Some(&event.author) {
            Ok(())
        } else {
            Err(Harm::UnknownAuthor)
        }
    }

    /// The state that the entry names, and the decision that it holds.
    fn check_state(&mut self, entry: &Entry) -> Result<(), Harm> {
        match &entry.event.body {
            Body::Decision { request, decision } => {
                // Judged by the moment at which it was recorded, and by no other.
                if request.received_at != entry.ledger_time {
                    return Err(Harm::Decision("it was judged by another moment"));
                }
                self.state.settle_root();
                self.decide_again(request, decision)
            }
            Body::Stopped { state_root, .. } => {
                self.state.settle_root();
                if *state_root == self.state.root() {
                    Ok(())
                } else {
                    Err(Harm::StateRoot)
                }
            }
            _ => Ok(()),
        }
    }

    fn decide_again(&self, request: &Request, recorded: &Decision) -> Result<(), Harm> {
        if recorded.engine != ENGINE || recorded.contract_version != CONTRACT_VERSION {
            return Err(Harm::Decision("another version of the contract reached it"));
        }
        if recorded.state_root != self.state.root() {
            return Err(Harm::Decision("it was asked of another state"));
        }
        if self.signatures.is_none() {
            return Ok(());
        }
        let again = Decision {
            observed: recorded.observed,
            ..decide(&self.state, request)
        };
        if again == *recorded {
            Ok(())
        } else {
            Err(Harm::Decision("the answer is another"))
        }
    }
}
