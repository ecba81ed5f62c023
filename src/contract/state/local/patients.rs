//! What is known of patients besides their consents: who is whom, who speaks for whom, and
//! standing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::Rejection;
use super::Step;
use super::exact;
use crate::contract::body::Body;
use crate::contract::credit::Parameters;
use crate::contract::credit::Reputation;
use crate::contract::credit::StandingEvidence;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::names::Pseudonym;
use crate::contract::state::table::Fact;
use crate::contract::state::table::Table;
use crate::time::Day;
use crate::time::UtcMicros;

/// Patient IDs that can be one patient.
pub const LINKED_PATIENTS_MAX: usize = 32;

/// A merged patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    into: Pseudonym,
}

/// The other way round: who was merged into a patient. Kept as a fact of its own, so that a group
/// is found from any of its members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Merged(BTreeSet<Pseudonym>);

/// Somebody who may consent in a patient's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardian {
    /// The entry that named them; who it is stands in its sealed details.
    pub entry: u64,
    /// Until when.
    pub until: Option<UtcMicros>,
}

/// A patient's reputation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Standing(Reputation);

impl Fact for Link {
    type Key = Pseudonym;
    const KIND: &'static str = "link";
}

impl Fact for Merged {
    type Key = Pseudonym;
    const KIND: &'static str = "merged";
}

impl Fact for Guardian {
    type Key = Pseudonym;
    const KIND: &'static str = "guardian";
}

impl Fact for Standing {
    type Key = Pseudonym;
    const KIND: &'static str = "standing";
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::contract::state) struct Patients {
    guardians: Table<Guardian>,
    links: Table<Link>,
    merged: Table<Merged>,
    standings: Table<Standing>,
}

impl Patients {
    pub(super) const fn new() -> Self {
        Self {
            guardians: Table::new(),
            links: Table::new(),
            merged: Table::new(),
            standings: Table::new(),
        }
    }

    pub(super) fn apply(&mut self, step: &mut Step<'_>, body: &Body) -> Result<(), Rejection> {
        match body {
            Body::PatientLinked { patient, into, .. } => self.link(step, *patient, *into),
            Body::PatientUnlinked { patient, from, .. } => self.unlink(step, *patient, *from),
            Body::GuardianNamed { patient, until, .. } => {
                exact(*until)?;
                let guardian = Guardian {
                    entry: step.seq,
                    until: *until,
                };
                Ok(self.guardians.put(step.map, *patient, guardian)?)
            }
            Body::GuardianEnded { patient, .. } => {
                let ended = self.guardians.remove(step.map, patient);
                ended.map(|_| ()).ok_or(Rejection::NoGuardian(*patient))
            }
            Body::StandingNoted {
                patient,
                evidence,
                proof,
                ..
            } => self.weigh(step, *patient, *evidence, proof),
            Body::PatientErased { patients, .. } => {
                for patient in patients {
                    self.guardians.remove(step.map, patient);
                    self.links.remove(step.map, patient);
                    self.merged.remove(step.map, patient);
                    self.standings.remove(step.map, patient);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn link(
        &mut self,
        step: &mut Step<'_>,
        patient: Pseudonym,
        into: Pseudonym,
    ) -> Result<(), Rejection> {
        let (one, other) = (self.group(patient), self.group(into));
        if self.links.get(&patient).is_some() || one.contains(&into) {
            return Err(Rejection::Linked(patient));
        }
        if one.len().saturating_add(other.len()) > LINKED_PATIENTS_MAX {
            return Err(Rejection::TooManyLinked(into));
        }
        let mut merged = self.merged.get(&into).cloned().unwrap_or_default();
        merged.0.insert(patient);
        self.merged.put(step.map, into, merged)?;
        Ok(self.links.put(step.map, patient, Link { into })?)
    }

    fn unlink(
        &mut self,
        step: &mut Step<'_>,
        patient: Pseudonym,
        from: Pseudonym,
    ) -> Result<(), Rejection> {
        if self.links.get(&patient) != Some(&Link { into: from }) {
            return Err(Rejection::NotLinked(patient));
        }
        let mut merged = self.merged.get(&from).cloned().unwrap_or_default();
        merged.0.remove(&patient);
        if merged.0.is_empty() {
            self.merged.remove(step.map, &from);
        } else {
            self.merged.put(step.map, from, merged)?;
        }
        self.links.remove(step.map, &patient);
        Ok(())
    }

    fn weigh(
        &mut self,
        step: &mut Step<'_>,
        patient: Pseudonym,
        evidence: StandingEvidence,
        proof: &[u64],
    ) -> Result<(), Rejection> {
        step.proven_by(proof)?;
        let (by, day) = (step.parameters.patients(), step.time.day());
        let weight = step.parameters.standing_weight(evidence);
        let known = self.standings.get(&patient).cloned();
        let Standing(mut standing) = known.unwrap_or_else(|| Standing(Reputation::new(day)));
        match evidence {
            StandingEvidence::IdentityProven | StandingEvidence::GrantKept => {
                standing.gain(by, day, step.own, weight);
            }
            StandingEvidence::LinkAbused => standing.charge(by, day, weight),
        }
        Ok(self.standings.put(step.map, patient, Standing(standing))?)
    }

    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        self.guardians.fill(map)?;
        self.links.fill(map)?;
        self.merged.fill(map)?;
        self.standings.fill(map)
    }

    /// The patient that `patient` was merged into, and so on to the one that survives.
    fn surviving(&self, patient: Pseudonym) -> Pseudonym {
        let mut at = patient;
        for _ in 0..LINKED_PATIENTS_MAX {
            match self.links.get(&at) {
                Some(link) => at = link.into,
                None => break,
            }
        }
        at
    }

    /// Every pseudonym of the person whom `patient` stands for.
    pub(in crate::contract::state) fn group(&self, patient: Pseudonym) -> BTreeSet<Pseudonym> {
        let mut group = BTreeSet::new();
        let mut waiting = vec![self.surviving(patient)];
        while let Some(one) = waiting.pop() {
            if group.insert(one) {
                let merged = self.merged.get(&one);
                waiting.extend(merged.iter().flat_map(|merged| merged.0.iter().copied()));
            }
        }
        group
    }

    /// Whether it is one of several pseudonyms of a person.
    pub(in crate::contract::state) fn is_alone(&self, patient: Pseudonym) -> bool {
        self.links.get(&patient).is_none() && self.merged.get(&patient).is_none()
    }

    /// Who may speak for `patient` at `at`, under whichever of the person's pseudonyms they were
    /// named; of several the one named last.
    pub(in crate::contract::state) fn guardian_of(
        &self,
        patient: Pseudonym,
        at: UtcMicros,
    ) -> Option<Guardian> {
        let group = self.group(patient);
        let named = group.iter().filter_map(|one| self.guardians.get(one));
        let now = named.filter(|guardian| guardian.until.is_none_or(|until| at < until));
        now.copied().max_by_key(|guardian| guardian.entry)
    }

    /// The lowest standing of the person on `day`, 0 to 1000.
    pub(in crate::contract::state) fn standing(
        &self,
        parameters: &Parameters,
        patient: Pseudonym,
        day: Day,
    ) -> u16 {
        let by = parameters.patients();
        let group = self.group(patient);
        let known = group.iter().filter_map(|one| self.standings.get(one));
        let scores = known.map(|Standing(standing)| standing.score(by, day));
        scores.min().unwrap_or_else(|| by.cold_start())
    }

    /// Who was merged into whom.
    pub(in crate::contract::state) fn links(&self) -> impl Iterator<Item = (Pseudonym, Pseudonym)> {
        self.links
            .iter()
            .map(|(patient, link)| (*patient, link.into))
    }
}
