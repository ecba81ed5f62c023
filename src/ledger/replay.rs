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
use crate::ledger::receipt::receipts_contradict;
use crate::ledger::signatures::BATCH;
use crate::ledger::signatures::Signatures;
use crate::ledger::signed_text::open_text;
use crate::ledger::statement::Statement;
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
    depth: Depth,
    /// Number of the entry that named the log's key last, and the key.
    named: Option<(u64, String)>,
    /// Whose ledger, and the key that signs its events.
    own: Option<(InstitutionSlug, Signatures)>,
}

/// How much is done with each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// The state only.
    State,
    /// All; so many signatures are verified together.
    All { together: usize },
}

impl Replay {
    /// A replay of the ledger whose checkpoints `key` signs. Every line is checked to its end
    /// before the next.
    pub fn new(key: LogKey) -> Self {
        Self {
            state: State::new(),
            key,
            depth: Depth::All { together: 1 },
            named: None,
            own: None,
        }
    }

    /// The same, with signatures verified many at a time: that of a line may be told only with a
    /// later one, at the latest by [`Replay::finish`].
    pub fn in_batches(key: LogKey) -> Self {
        Self::deferred(key, Depth::All { together: BATCH })
    }

    /// Only applies the events and compares the states that entries name: no signatures, and no
    /// decision is decided anew.
    pub fn of_state(key: LogKey) -> Self {
        Self::deferred(key, Depth::State)
    }

    fn deferred(key: LogKey, depth: Depth) -> Self {
        let mut replay = Self {
            depth,
            ..Self::new(key)
        };
        replay.state.defer_root();
        replay
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

    /// Verifies the signatures that wait.
    ///
    /// # Errors
    /// The first event that its author did not sign.
    pub fn settle(&mut self) -> Result<(), Damage> {
        match &mut self.own {
            Some((_, signatures)) => signatures.settle(),
            None => Ok(()),
        }
    }

    /// The lines ended here.
    ///
    /// # Errors
    /// When a signature that waited is not the author's, or the key that the ledger named last for
    /// its checkpoints is another than the one given.
    pub fn finish(mut self) -> Result<State, Damage> {
        self.settle()?;
        match self.named {
            Some((entry, named)) if named != self.key.to_string() => Err(Damage {
                entry,
                harm: Harm::ForeignKey,
            }),
            Some(_) | None => {
                self.state.settle_root();
                Ok(self.state)
            }
        }
    }

    fn check(&mut self, seq: u64, line: &str) -> Result<(), Damage> {
        let damage = |harm| Damage { entry: seq, harm };
        let read = match self.depth {
            Depth::State => Entry::read(line),
            Depth::All { .. } => Entry::parse(line),
        };
        let entry = read.map_err(|error| damage(Harm::Unreadable(error)))?;
        self.check_author(&entry, line)?;
        self.check_state(&entry).map_err(damage)?;
        let at = Applied {
            seq: entry.seq,
            ledger_time: entry.ledger_time,
        };
        self.state
            .apply(at, &entry.event)
            .map_err(|rejection| damage(Harm::Rejected(rejection.to_string())))
    }

    fn check_author(&mut self, entry: &Entry, line: &str) -> Result<(), Damage> {
        let damage = |harm| Damage {
            entry: entry.seq,
            harm,
        };
        let event = &entry.event;
        match &event.body {
            Body::Genesis {
                institution,
                key,
                statement_key,
                ..
            } if self.own.is_none() => {
                let statement: LogKey = statement_key
                    .parse()
                    .map_err(|_| damage(Harm::UnknownAuthor))?;
                let together = match self.depth {
                    Depth::State => 0,
                    Depth::All { together } => together,
                };
                let signatures = Signatures::of(statement, together);
                self.own = Some((institution.clone(), signatures));
                self.named = Some((entry.seq, key.clone()));
            }
            Body::Restored { key, .. } => self.named = Some((entry.seq, key.clone())),
            _ => {}
        }
        match &mut self.own {
            Some((own, _)) if *own != event.author => Err(damage(Harm::UnknownAuthor)),
            Some(_) if self.depth == Depth::State => Ok(()),
            Some((_, signatures)) => {
                let text = signed_text(line).ok_or_else(|| damage(Harm::Signature))?;
                signatures.push(entry.seq, text, event.signature)
            }
            None => Err(damage(Harm::UnknownAuthor)),
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
            Body::Equivocated {
                key, first, second, ..
            } if !contradict(key, first, second) => Err(Harm::NoContradiction),
            Body::Misstated {
                institution,
                key,
                statement,
            } if !misstates(institution, key, statement) => Err(Harm::NoContradiction),
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
        if self.depth == Depth::State {
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

/// What the event in this line is signed over (see [`Event::signed_text`]): the event without its
/// signature. The line is known to be canonical, so it stands there to the byte, and the signature
/// is the event's last member.
///
/// [`Event::signed_text`]: crate::contract::Event::signed_text
fn signed_text(line: &str) -> Option<String> {
    let (_, event) = line.split_once(r#","event":"#)?;
    // Quotes within texts are escaped, and no member of an entry after the event has this name.
    let (signed, _) = event.rsplit_once(r#","signature":""#)?;
    Some(format!("{signed}}}"))
}

/// Whether two signed notes are of one key and contradict each other: checkpoints of one size with
/// different roots, or different receipts for one transfer.
fn contradict(key: &str, first: &str, second: &str) -> bool {
    let Ok(key) = key.parse::<LogKey>() else {
        return false;
    };
    matches!(equivocation(first, second, &key), Ok(Some(_)))
        || matches!(receipts_contradict(first, second, &key), Ok(Some(_)))
}

/// Whether the key signed a statement in the name of another institution than the one whose key it is.
fn misstates(institution: &InstitutionSlug, key: &str, statement: &str) -> bool {
    let Ok(key) = key.parse::<LogKey>() else {
        return false;
    };
    open_text::<Statement>(statement, &key).is_ok_and(|said| said.from != *institution)
}
