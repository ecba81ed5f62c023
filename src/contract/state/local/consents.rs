//! What patients granted and denied.

use std::fmt;
use std::ops::Bound;

use serde::Deserialize;
use serde::Serialize;

use super::Patients;
use super::Rejection;
use super::Step;
use super::exact;
use crate::contract::body::Body;
use crate::contract::consent::Consent;
use crate::contract::consent::Effect;
use crate::contract::consent::Giver;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::names::ConsentId;
use crate::contract::names::Pseudonym;
use crate::contract::state::table::Fact;
use crate::contract::state::table::Table;

/// Consents that one patient can have at a time, expired ones included.
pub const CONSENTS_PER_PATIENT_MAX: usize = 1000;

/// Objections that a patient can have beyond [`CONSENTS_PER_PATIENT_MAX`].
const DENIALS_BEYOND_MAX: usize = 100;

/// Consents lie together by patient; the number alone names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::contract::state) struct Key(Pseudonym, ConsentId);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.1)
    }
}

impl Fact for Consent {
    type Key = Key;
    const KIND: &'static str = "consent";
}

/// Consents that were not revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::contract::state) struct Consents(Table<Consent>);

impl Consents {
    pub(super) const fn new() -> Self {
        Self(Table::new())
    }

    pub(super) fn apply(
        &mut self,
        step: &mut Step<'_>,
        body: &Body,
        patients: &Patients,
    ) -> Result<(), Rejection> {
        match body {
            Body::ConsentGranted { consent, by: _ } => {
                if consent.given_by == Giver::Guardian
                    && patients.guardian_of(consent.patient, step.time).is_none()
                {
                    return Err(Rejection::NoGuardian(consent.patient));
                }
                self.grant(step, consent)
            }
            Body::ConsentRevoked {
                consent, patient, ..
            } => match self.0.remove(step.map, &Key(*patient, *consent)) {
                Some(_) => Ok(()),
                None => Err(Rejection::NoConsent {
                    consent: *consent,
                    patient: *patient,
                }),
            },
            Body::PatientErased { patients, .. } => {
                for patient in patients {
                    let theirs: Vec<_> = self.of(*patient).map(|(id, _)| id).collect();
                    for id in theirs {
                        self.0.remove(step.map, &Key(*patient, id));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn grant(&mut self, step: &mut Step<'_>, consent: &Consent) -> Result<(), Rejection> {
        exact(
            [Some(consent.valid_from), consent.valid_until]
                .into_iter()
                .flatten(),
        )?;
        // An objection finds room where a grant does not: it must not fail for old grants.
        let room = match consent.effect {
            Effect::Grant => CONSENTS_PER_PATIENT_MAX,
            Effect::Deny => CONSENTS_PER_PATIENT_MAX.saturating_add(DENIALS_BEYOND_MAX),
        };
        if self.of(consent.patient).count() >= room {
            return Err(Rejection::TooManyConsents(consent.patient));
        }
        let key = Key(consent.patient, ConsentId(step.seq));
        Ok(self.0.put(step.map, key, consent.clone())?)
    }

    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        self.0.fill(map)
    }

    /// All, by patient, then by number.
    pub(in crate::contract::state) fn all(&self) -> impl Iterator<Item = (ConsentId, &Consent)> {
        self.0.iter().map(|(Key(_, id), consent)| (*id, consent))
    }

    /// Those after that one, by patient, then by number; `None`: from the first.
    pub(in crate::contract::state) fn after(
        &self,
        last: Option<(Pseudonym, ConsentId)>,
    ) -> impl Iterator<Item = (ConsentId, &Consent)> {
        let from = last.map_or(Bound::Unbounded, |(patient, id)| {
            Bound::Excluded(Key(patient, id))
        });
        let after = self.0.range((from, Bound::Unbounded));
        after.map(|(Key(_, id), consent)| (*id, consent))
    }

    /// Those of one patient, by number.
    pub(in crate::contract::state) fn of(
        &self,
        patient: Pseudonym,
    ) -> impl Iterator<Item = (ConsentId, &Consent)> {
        let keys = Key(patient, ConsentId(0))..=Key(patient, ConsentId(u64::MAX));
        let theirs = self.0.range(keys);
        theirs.map(|(Key(_, id), consent)| (*id, consent))
    }

    /// One of one patient.
    pub(in crate::contract::state) fn get(
        &self,
        patient: Pseudonym,
        consent: ConsentId,
    ) -> Option<&Consent> {
        self.0.get(&Key(patient, consent))
    }
}
