//! The deeper pass over a ledger: events are signed by their authors, the contract accepts them,
//! and every decision is reached again from the entries before it.

use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::CONTRACT_VERSION;
use crate::contract::Decision;
use crate::contract::ENGINE;
use crate::contract::InstitutionSlug;
use crate::contract::Request;
use crate::contract::State;
use crate::contract::decide;
use crate::ledger::entry::Entry;
use crate::ledger::key::LogKey;
use crate::ledger::verify::Damage;
use crate::ledger::verify::Harm;
use crate::ledger::witness::equivocation;

#[cfg(test)]
mod tests;

/// Takes lines that a [`Verifier`](crate::ledger::Verifier) has found in order, and folds them.
#[derive(Debug)]
pub struct Replay {
    state: State,
    key: LogKey,
    /// Number of the entry that named the log's key last, and the key.
    named: Option<(u64, String)>,
    /// Whose ledger, and the key that signs its events.
    own: Option<(InstitutionSlug, LogKey)>,
}

impl Replay {
    /// A replay of the ledger whose checkpoints `key` signs.
    pub fn new(key: LogKey) -> Self {
        Self {
            state: State::new(),
            key,
            named: None,
            own: None,
        }
    }

    /// What the entries so far add up to.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Takes the line of entry `seq`.
    ///
    /// # Errors
    /// When the line is not canonical, the event not signed or not acceptable, or the decision in
    /// it not the one that the contract reaches.
    pub fn push(&mut self, seq: u64, line: &str) -> Result<(), Damage> {
        self.check(line).map_err(|harm| Damage { entry: seq, harm })
    }

    /// The lines ended here.
    ///
    /// # Errors
    /// When the key that the ledger named last for its checkpoints is another than the one given.
    pub fn finish(self) -> Result<State, Damage> {
        match self.named {
            Some((entry, named)) if named != self.key.to_string() => Err(Damage {
                entry,
                harm: Harm::ForeignKey,
            }),
            Some(_) | None => Ok(self.state),
        }
    }

    fn check(&mut self, line: &str) -> Result<(), Harm> {
        let entry = Entry::parse(line).map_err(Harm::Unreadable)?;
        let event = &entry.event;
        match &event.body {
            Body::Genesis {
                institution,
                key,
                statement_key,
                ..
            } if self.own.is_none() => {
                let statement = statement_key.parse().map_err(|_| Harm::UnknownAuthor)?;
                self.own = Some((institution.clone(), statement));
                self.named = Some((entry.seq, key.clone()));
            }
            Body::Restored { key, .. } => self.named = Some((entry.seq, key.clone())),
            _ => {}
        }
        match &self.own {
            Some((own, key)) if *own == event.author => {
                if !key.verifies_event(event) {
                    return Err(Harm::Signature);
                }
            }
            Some(_) | None => return Err(Harm::UnknownAuthor),
        }
        match &event.body {
            Body::Decision { request, decision } => {
                // Judged by the moment at which it was recorded, and by no other.
                if request.received_at != entry.ledger_time {
                    return Err(Harm::Decision("it was judged by another moment"));
                }
                self.decide_again(request, decision)?;
            }
            Body::Equivocated {
                key, first, second, ..
            } if !contradict(key, first, second) => return Err(Harm::NoContradiction),
            Body::Stopped { state_root, .. } if *state_root != self.state.root() => {
                return Err(Harm::StateRoot);
            }
            _ => {}
        }
        let at = Applied {
            seq: entry.seq,
            ledger_time: entry.ledger_time,
        };
        self.state
            .apply(at, event)
            .map_err(|rejection| Harm::Rejected(rejection.to_string()))
    }

    fn decide_again(&self, request: &Request, recorded: &Decision) -> Result<(), Harm> {
        if recorded.engine != ENGINE || recorded.contract_version != CONTRACT_VERSION {
            return Err(Harm::Decision("another version of the contract reached it"));
        }
        if recorded.state_root != self.state.root() {
            return Err(Harm::Decision("it was asked of another state"));
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

/// Whether two signed notes are of one key, about one size, with different roots.
fn contradict(key: &str, first: &str, second: &str) -> bool {
    let Ok(key) = key.parse::<LogKey>() else {
        return false;
    };
    matches!(equivocation(first, second, &key), Ok(Some(_)))
}
