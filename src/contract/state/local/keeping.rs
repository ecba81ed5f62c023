//! What must be kept, and what is forgotten. That keys are destroyed is for the keyring; here
//! stands that they are to be, so that a crash in between is made good.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::LINKED_PATIENTS_MAX;
use super::Patients;
use super::Rejection;
use super::Step;
use super::reference;
use crate::contract::body::Body;
use crate::contract::keeping::Epoch;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::names::Pseudonym;
use crate::contract::state::table::Fact;
use crate::contract::state::table::Table;

/// Holds that can stand at a time.
pub const HOLDS_MAX: usize = 10_000;

/// What may neither be erased nor dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Only details of this year and later.
    pub from_year: Option<u16>,
    /// Whose details: every pseudonym that the person had then, so that none gets out by being
    /// parted from the others. `None`: everybody's.
    pub patients: Option<BTreeSet<Pseudonym>>,
    /// Number of a case file.
    pub reference: String,
    /// Only details of this year and earlier.
    pub until_year: Option<u16>,
}

impl Hold {
    /// Whether it stands against forgetting one of `patients`: of whatever years, their key is one.
    fn is_on(&self, patients: &BTreeSet<Pseudonym>) -> bool {
        let held = self.patients.as_ref();
        held.is_none_or(|held| !held.is_disjoint(patients))
    }

    /// Whether it stands against dropping the details of `year`. Whose they are, the state does not
    /// know: somebody who is held may be among them.
    fn is_in(&self, year: u16) -> bool {
        self.from_year.is_none_or(|from| from <= year)
            && self.until_year.is_none_or(|until| year <= until)
    }
}

/// The entry that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Erased(u64);

/// The entry that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Dropped(u64);

impl Fact for Hold {
    type Key = u64;
    const KIND: &'static str = "hold";
}

impl Fact for Erased {
    type Key = Pseudonym;
    const KIND: &'static str = "erased";
}

impl Fact for Dropped {
    type Key = Epoch;
    const KIND: &'static str = "dropped";
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::contract::state) struct Keeping {
    dropped: Table<Dropped>,
    erased: Table<Erased>,
    holds: Table<Hold>,
}

impl Keeping {
    pub(super) const fn new() -> Self {
        Self {
            dropped: Table::new(),
            erased: Table::new(),
            holds: Table::new(),
        }
    }

    pub(super) fn apply(
        &mut self,
        step: &mut Step<'_>,
        body: &Body,
        known: &Patients,
    ) -> Result<(), Rejection> {
        match body {
            Body::PatientErased { patients, .. } => self.erase(step, patients, known),
            Body::HoldPlaced {
                patients,
                reference,
                from_year,
                until_year,
                by: _,
            } => {
                let hold = Hold {
                    from_year: *from_year,
                    patients: patients.clone(),
                    reference: reference.clone(),
                    until_year: *until_year,
                };
                self.hold(step, hold)
            }
            Body::HoldLifted { hold, .. } => {
                let lifted = self.holds.remove(step.map, hold);
                lifted.map(|_| ()).ok_or(Rejection::NoHold(*hold))
            }
            Body::DetailsDropped { epoch, .. } => self.drop_details(step, epoch),
            _ => Ok(()),
        }
    }

    /// A person is forgotten as a whole: one pseudonym that is left would still tell.
    fn erase(
        &mut self,
        step: &mut Step<'_>,
        patients: &BTreeSet<Pseudonym>,
        known: &Patients,
    ) -> Result<(), Rejection> {
        let first = patients.first().ok_or(Rejection::NotThePerson)?;
        let is_erased = patients.iter().any(|one| self.erased.get(one).is_some());
        if is_erased || known.group(*first) != *patients {
            return Err(Rejection::NotThePerson);
        }
        self.refuse_held(self.hold_on(patients))?;
        for patient in patients {
            self.erased.put(step.map, *patient, Erased(step.seq))?;
        }
        Ok(())
    }

    fn hold(&mut self, step: &mut Step<'_>, hold: Hold) -> Result<(), Rejection> {
        reference(&hold.reference)?;
        let is_empty = hold.patients.as_ref().is_some_and(BTreeSet::is_empty);
        let ends_before = hold
            .from_year
            .zip(hold.until_year)
            .is_some_and(|(from, until)| from > until);
        let too_many = |held: &BTreeSet<Pseudonym>| held.len() > LINKED_PATIENTS_MAX;
        if is_empty || ends_before || hold.patients.as_ref().is_some_and(too_many) {
            return Err(Rejection::HoldsNothing);
        }
        if self.holds.len() >= HOLDS_MAX {
            return Err(Rejection::TooManyHolds);
        }
        Ok(self.holds.put(step.map, step.seq, hold)?)
    }

    fn drop_details(&mut self, step: &mut Step<'_>, epoch: &Epoch) -> Result<(), Rejection> {
        if !epoch.is_over(step.time.day()) || self.dropped.get(epoch).is_some() {
            return Err(Rejection::NotSealed(epoch.clone()));
        }
        self.refuse_held(self.holds().find(|(_, hold)| hold.is_in(epoch.year)))?;
        Ok(self
            .dropped
            .put(step.map, epoch.clone(), Dropped(step.seq))?)
    }

    fn refuse_held(&self, hold: Option<(u64, &Hold)>) -> Result<(), Rejection> {
        match hold {
            None => Ok(()),
            Some((hold, Hold { reference, .. })) => Err(Rejection::Held {
                hold,
                reference: reference.clone(),
            }),
        }
    }

    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        self.dropped.fill(map)?;
        self.erased.fill(map)?;
        self.holds.fill(map)
    }

    /// By number.
    pub(in crate::contract::state) fn holds(&self) -> impl Iterator<Item = (u64, &Hold)> {
        self.holds.iter().map(|(entry, hold)| (*entry, hold))
    }

    /// The first hold on one of `patients`, or on everybody.
    pub(in crate::contract::state) fn hold_on(
        &self,
        patients: &BTreeSet<Pseudonym>,
    ) -> Option<(u64, &Hold)> {
        self.holds().find(|(_, hold)| hold.is_on(patients))
    }

    /// The first hold that speaks of details of `year`.
    pub(in crate::contract::state) fn hold_in(&self, year: u16) -> Option<u64> {
        let mut holds = self.holds();
        holds
            .find(|(_, hold)| hold.is_in(year))
            .map(|(entry, _)| entry)
    }

    pub(in crate::contract::state) fn erased(&self) -> impl Iterator<Item = Pseudonym> {
        self.erased.iter().map(|(patient, _)| *patient)
    }

    pub(in crate::contract::state) fn is_erased(&self, patient: Pseudonym) -> bool {
        self.erased.get(&patient).is_some()
    }

    pub(in crate::contract::state) fn dropped(&self) -> impl Iterator<Item = &Epoch> {
        self.dropped.iter().map(|(epoch, _)| epoch)
    }
}
