//! Which agencies' disclosures are left out of a patient's accounting for a while (45 CFR 164.528(a)(2)).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::Rejection;
use super::Step;
use super::exact;
use super::reference;
use crate::contract::body::Body;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::state::table::Fact;
use crate::contract::state::table::Table;
use crate::contract::suspension::StatementForm;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;

/// Suspensions that can last at a time.
pub const SUSPENSIONS_MAX: usize = 10_000;

/// Days for which an oral statement holds at most (45 CFR 164.528(a)(2)(ii)(C)).
pub const ORAL_SUSPENSION_DAYS_MAX: i64 = 30;

/// A patient's accounting leaves out what went to an agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// Whose accounting.
    pub patient: Pseudonym,
    /// Which agency.
    pub recipient: InstitutionSlug,
    /// Number of a case file.
    pub reference: String,
    /// How it said so.
    pub statement: StatementForm,
    /// Until when.
    pub until: UtcMicros,
}

impl Fact for Suspension {
    type Key = u64;
    const KIND: &'static str = "suspension";
}

/// See the module. One that has ended stays until the next is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::contract::state) struct Suspensions(Table<Suspension>);

impl Default for Suspensions {
    fn default() -> Self {
        Self(Table::new())
    }
}

impl Suspensions {
    pub(super) fn apply(&mut self, step: &mut Step<'_>, body: &Body) -> Result<(), Rejection> {
        match body {
            Body::DisclosuresSuspended {
                patient,
                recipient,
                until,
                statement,
                reference,
                by: _,
            } => {
                let suspension = Suspension {
                    patient: *patient,
                    recipient: recipient.clone(),
                    reference: reference.clone(),
                    statement: *statement,
                    until: *until,
                };
                self.suspend(step, suspension)
            }
            Body::DisclosuresResumed { suspension, .. } => {
                let lasting = self.0.get(suspension).filter(|one| one.until > step.time);
                lasting.ok_or(Rejection::NoSuspension(*suspension))?;
                self.0.remove(step.map, suspension);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn suspend(&mut self, step: &mut Step<'_>, new: Suspension) -> Result<(), Rejection> {
        reference(&new.reference)?;
        exact([new.until])?;
        if new.recipient == *step.own {
            return Err(Rejection::OwnDisclosure);
        }
        if new.until <= step.time {
            return Err(Rejection::SuspensionOver);
        }
        if new.statement == StatementForm::Oral {
            let longest = step
                .time
                .plus(ORAL_SUSPENSION_DAYS_MAX.saturating_mul(DAY_MICROS));
            // Said again, it is still the same statement: what is to last longer is put in writing.
            let lasts = self.lasting(step.time).any(|(_, one)| {
                one.statement == StatementForm::Oral
                    && one.patient == new.patient
                    && one.recipient == new.recipient
            });
            if new.until > longest || lasts {
                return Err(Rejection::OralSuspension);
            }
        }
        let ended: Vec<u64> = self
            .0
            .iter()
            .filter(|(_, one)| one.until <= step.time)
            .map(|(entry, _)| *entry)
            .collect();
        if self.0.len().saturating_sub(ended.len()) >= SUSPENSIONS_MAX {
            return Err(Rejection::TooManySuspensions);
        }
        for entry in ended {
            self.0.remove(step.map, &entry);
        }
        Ok(self.0.put(step.map, step.seq, new)?)
    }

    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        self.0.fill(map)
    }

    /// Those that last at `at`, by number.
    pub(in crate::contract::state) fn lasting(
        &self,
        at: UtcMicros,
    ) -> impl Iterator<Item = (u64, &Suspension)> {
        let lasting = self.0.iter().filter(move |(_, one)| one.until > at);
        lasting.map(|(entry, one)| (*entry, one))
    }

    /// Whose disclosures the accounting of a person leaves out at `at`.
    pub(in crate::contract::state) fn recipients(
        &self,
        patients: &BTreeSet<Pseudonym>,
        at: UtcMicros,
    ) -> BTreeSet<InstitutionSlug> {
        let theirs = self
            .lasting(at)
            .filter(|(_, one)| patients.contains(&one.patient));
        theirs.map(|(_, one)| one.recipient.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::State;
    use crate::contract::fixtures::Ledger;
    use crate::contract::fixtures::PATIENT;
    use crate::contract::fixtures::START;
    use crate::contract::fixtures::slug;

    const MONTH: i64 = ORAL_SUSPENSION_DAYS_MAX * DAY_MICROS;

    fn suspended(statement: StatementForm, until: UtcMicros) -> Body {
        Body::DisclosuresSuspended {
            patient: PATIENT,
            recipient: slug("police"),
            until,
            statement,
            reference: "case 7".to_owned(),
            by: "officer".to_owned(),
        }
    }

    fn resumed(suspension: u64) -> Body {
        Body::DisclosuresResumed {
            suspension,
            by: "officer".to_owned(),
        }
    }

    fn recipients(state: &State, at: UtcMicros) -> usize {
        state.suspended(&BTreeSet::from([PATIENT]), at).len()
    }

    #[test]
    fn a_suspension_lasts_until_its_end_or_until_it_is_resumed() {
        let mut ledger = Ledger::new();
        let before = ledger.state.root();
        let until = START.plus(400 * DAY_MICROS);
        let entry = ledger.say(suspended(StatementForm::Written, until));
        assert_ne!(ledger.state.root(), before);
        assert_eq!(recipients(&ledger.state, START), 1);
        assert_eq!(recipients(&ledger.state, until), 0);
        let other = BTreeSet::from([Pseudonym::from_bytes([9; 16])]);
        assert!(ledger.state.suspended(&other, START).is_empty());
        let text = serde_json::to_string(&ledger.state).unwrap();
        let rebuilt: State = serde_json::from_str(&text).unwrap();
        assert_eq!(rebuilt.root(), ledger.state.root());
        ledger.say(resumed(entry));
        assert_eq!(recipients(&ledger.state, START), 0);
        let again = ledger.try_say(resumed(entry));
        assert_eq!(again, Err(Rejection::NoSuspension(entry)));
    }

    #[test]
    fn an_oral_statement_holds_for_thirty_days_and_once() {
        let mut ledger = Ledger::new();
        let refused = |ledger: &mut Ledger, form, until| ledger.try_say(suspended(form, until));
        let oral = StatementForm::Oral;
        let longer = refused(&mut ledger, oral, START.plus(MONTH + 1));
        assert_eq!(longer, Err(Rejection::OralSuspension));
        ledger.say(suspended(oral, START.plus(MONTH)));
        ledger.now = START.plus(MONTH - 1);
        let again = refused(&mut ledger, oral, START.plus(MONTH + DAY_MICROS));
        assert_eq!(again, Err(Rejection::OralSuspension));
        // For longer, it is put in writing.
        ledger.say(suspended(StatementForm::Written, START.plus(3 * MONTH)));
        assert_eq!(recipients(&ledger.state, START.plus(2 * MONTH)), 1);
    }

    #[test]
    fn what_ended_makes_room_when_the_next_is_recorded() {
        let mut ledger = Ledger::new();
        let first = ledger.say(suspended(StatementForm::Written, START.plus(1)));
        ledger.now = START.plus(1);
        let over = ledger.try_say(resumed(first));
        assert_eq!(over, Err(Rejection::NoSuspension(first)));
        ledger.say(suspended(StatementForm::Written, START.plus(DAY_MICROS)));
        assert_eq!(ledger.state.suspensions(START).count(), 1);
    }

    #[test]
    fn a_suspension_that_says_nothing_is_refused() {
        let mut ledger = Ledger::new();
        let over = ledger.try_say(suspended(StatementForm::Written, START));
        assert_eq!(over, Err(Rejection::SuspensionOver));
        let far = ledger.try_say(suspended(StatementForm::Written, UtcMicros(i64::MAX)));
        assert_eq!(far, Err(Rejection::Time));
        let mut own = suspended(StatementForm::Written, START.plus(1));
        if let Body::DisclosuresSuspended { recipient, .. } = &mut own {
            *recipient = slug("st-anna");
        }
        assert_eq!(ledger.try_say(own), Err(Rejection::OwnDisclosure));
    }
}
