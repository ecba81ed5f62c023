//! Every recorded decision decided anew, from the entries before it, and compared with what was
//! recorded. Unlike [`Replay`](crate::ledger::Replay) it tells every difference and goes on, and
//! it does not verify: signatures, chain and canonical form are the verifier's.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::CONTRACT_VERSION;
use crate::contract::Decision;
use crate::contract::ENGINE;
use crate::contract::Request;
use crate::contract::State;
use crate::contract::decide;
use crate::ledger::entry::Entry;
use crate::ledger::verify::Damage;
use crate::ledger::verify::Harm;
use crate::time::UtcMicros;

#[cfg(test)]
mod tests;

/// What a decision that was decided anew is, compared with the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The same to the byte.
    Same,
    /// Not the same, though this very version of contract and engine reached it.
    Different,
    /// Another version reached it; this one gives the same answer (verdict, reasons, errors,
    /// obligations, consents).
    OtherVersionSame,
    /// Another version reached it; this one answers differently.
    OtherVersionDifferent,
}

/// Counts of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Entries that were read.
    pub entries: u64,
    /// Decisions among them.
    pub decisions: u64,
    /// Decisions of each [`Class`].
    pub same: u64,
    /// See [`Class::Different`].
    pub different: u64,
    /// See [`Class::OtherVersionSame`].
    pub other_version_same: u64,
    /// See [`Class::OtherVersionDifferent`].
    pub other_version_different: u64,
    /// Entries with an event that the contract does not take.
    pub rejected: u64,
}

impl Compared {
    /// Whether every decision is reached again: those of this version to the byte, those of
    /// others with the same answer.
    pub const fn is_clean(&self) -> bool {
        self.different == 0 && self.other_version_different == 0 && self.rejected == 0
    }

    const fn count(&mut self, class: Class) {
        let counter = match class {
            Class::Same => &mut self.same,
            Class::Different => &mut self.different,
            Class::OtherVersionSame => &mut self.other_version_same,
            Class::OtherVersionDifferent => &mut self.other_version_different,
        };
        *counter = counter.saturating_add(1);
    }
}

/// A decision that is not reached again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The decision's entry.
    pub entry: u64,
    /// Its ledger time.
    pub ledger_time: UtcMicros,
    /// [`Class::Different`] or [`Class::OtherVersionDifferent`].
    pub class: Class,
    /// What was asked.
    pub request: Request,
    /// What was recorded.
    pub recorded: Decision,
    /// What is reached now.
    pub reached: Decision,
}

/// Something to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A decision that is not reached again.
    Different(Box<Difference>),
    /// The contract does not take the event; what follows is decided without it.
    Rejected {
        /// The entry.
        entry: u64,
        /// Why.
        why: String,
    },
}

/// Takes the lines of a ledger in order.
#[derive(Debug)]
pub struct Comparison {
    state: State,
    counts: Compared,
}

impl Comparison {
    /// Before the first entry.
    #[expect(
        clippy::new_without_default,
        reason = "a comparison is begun, not defaulted to"
    )]
    pub fn new() -> Self {
        let mut state = State::new();
        state.defer_root();
        Self {
            state,
            counts: Compared::default(),
        }
    }

    /// The counts so far.
    pub const fn counts(&self) -> &Compared {
        &self.counts
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// When the line is no entry's.
    pub fn push(&mut self, line: &str) -> Result<Vec<Finding>, Damage> {
        let entry = Entry::read(line).map_err(|error| Damage {
            entry: self.counts.entries,
            harm: Harm::Unreadable(error),
        })?;
        self.counts.entries = self.counts.entries.saturating_add(1);
        let mut findings = Vec::new();
        if let Body::Decision { request, decision } = &entry.event.body {
            self.counts.decisions = self.counts.decisions.saturating_add(1);
            self.state.settle_root();
            let (class, reached) = decide_anew(&self.state, request, decision);
            self.counts.count(class);
            if matches!(class, Class::Different | Class::OtherVersionDifferent) {
                findings.push(Finding::Different(Box::new(Difference {
                    entry: entry.seq,
                    ledger_time: entry.ledger_time,
                    class,
                    request: (**request).clone(),
                    recorded: (**decision).clone(),
                    reached,
                })));
            }
        }
        let at = Applied {
            seq: entry.seq,
            ledger_time: entry.ledger_time,
        };
        if let Err(rejection) = self.state.apply(at, &entry.event) {
            self.counts.rejected = self.counts.rejected.saturating_add(1);
            findings.push(Finding::Rejected {
                entry: entry.seq,
                why: rejection.to_string(),
            });
        }
        Ok(findings)
    }
}

fn decide_anew(state: &State, request: &Request, recorded: &Decision) -> (Class, Decision) {
    let reached = Decision {
        observed: recorded.observed,
        ..decide(state, request)
    };
    let same_version = recorded.engine == ENGINE && recorded.contract_version == CONTRACT_VERSION;
    let class = match same_version {
        true if reached == *recorded => Class::Same,
        true => Class::Different,
        false if answers_alike(&reached, recorded) => Class::OtherVersionSame,
        false => Class::OtherVersionDifferent,
    };
    (class, reached)
}

/// Whether two versions, each with a state of its own form, say the same.
fn answers_alike(one: &Decision, other: &Decision) -> bool {
    one.verdict == other.verdict
        && one.reasons == other.reasons
        && one.errors == other.errors
        && one.obligations == other.obligations
        && one.consents == other.consents
}

impl Difference {
    /// Names of the members in which the two decisions differ, sorted.
    pub fn members(&self) -> Vec<String> {
        let both = [&self.recorded, &self.reached].map(serde_json::to_value);
        let [Ok(recorded), Ok(reached)] = both else {
            return Vec::new();
        };
        let members = recorded.as_object().into_iter().flatten();
        let differing = members.filter(|(name, value)| reached.get(name) != Some(value));
        let names: BTreeSet<String> = differing.map(|(name, _)| name.clone()).collect();
        names.into_iter().collect()
    }
}
