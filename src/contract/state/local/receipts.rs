//! Receipts for transfers between our gateway and others that are not settled yet.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::Rejection;
use super::Step;
use crate::contract::acts::ReceiptStanding;
use crate::contract::body::Body;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::state::table::Fact;
use crate::contract::state::table::Table;
use crate::time::UtcMicros;

/// Receipts that can be open at a time.
pub const RECEIPTS_MAX: usize = 100_000;

/// A receipt that both sides have not signed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenReceipt {
    /// When it is late.
    pub due: UtcMicros,
    /// The entry whose sealed details say what it is to be about.
    pub entry: u64,
    /// The other side.
    pub institution: InstitutionSlug,
    /// It was recorded as missing.
    pub overdue: bool,
    /// Whose images.
    pub patient: Pseudonym,
    /// We received, and so wrote it; else we sent, and wait for it.
    pub received: bool,
}

impl Fact for OpenReceipt {
    type Key = u64;
    const KIND: &'static str = "receipt";
}

/// Open receipts, by the number of our decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::contract::state) struct Receipts(Table<OpenReceipt>);

impl Default for Receipts {
    fn default() -> Self {
        Self(Table::new())
    }
}

impl Receipts {
    pub(super) fn apply(&mut self, step: &mut Step<'_>, body: &Body) -> Result<(), Rejection> {
        let (decision, institution, patient, standing) = match body {
            Body::Receipt {
                decision,
                institution,
                patient,
                standing,
            } => (decision, institution, patient, standing),
            Body::PatientErased { patients, .. } => {
                self.forget(step, patients);
                return Ok(());
            }
            _ => return Ok(()),
        };
        match standing {
            ReceiptStanding::Due | ReceiptStanding::Drafted => {
                let open = OpenReceipt {
                    due: step.in_hours(step.parameters.receipt_hours()),
                    entry: step.seq,
                    institution: institution.clone(),
                    overdue: false,
                    patient: *patient,
                    received: *standing == ReceiptStanding::Drafted,
                };
                self.open(step, *decision, open)
            }
            ReceiptStanding::Agreed | ReceiptStanding::Disputed => {
                self.waiting(*decision, institution)?;
                self.0.remove(step.map, decision);
                Ok(())
            }
            ReceiptStanding::Missing => {
                let open = self.waiting(*decision, institution)?;
                if open.overdue || open.due > step.time {
                    return Err(Rejection::ReceiptNotOverdue(*decision));
                }
                let overdue = OpenReceipt {
                    overdue: true,
                    ..open.clone()
                };
                Ok(self.0.put(step.map, *decision, overdue)?)
            }
        }
    }

    fn open(
        &mut self,
        step: &mut Step<'_>,
        decision: u64,
        open: OpenReceipt,
    ) -> Result<(), Rejection> {
        if open.institution == *step.own {
            return Err(Rejection::OwnReceipt);
        }
        if decision >= step.seq || self.0.get(&decision).is_some() {
            return Err(Rejection::ReceiptOpen(decision));
        }
        if self.0.len() >= RECEIPTS_MAX {
            self.make_room(step)?;
        }
        Ok(self.0.put(step.map, decision, open)?)
    }

    /// What was signed about these patients cannot be opened any more: nobody can settle it, and nobody
    /// owes it.
    fn forget(&mut self, step: &mut Step<'_>, patients: &BTreeSet<Pseudonym>) {
        let theirs = self.0.iter();
        let theirs = theirs.filter(|(_, open)| patients.contains(&open.patient));
        let theirs: Vec<u64> = theirs.map(|(decision, _)| *decision).collect();
        for decision in theirs {
            self.0.remove(step.map, &decision);
        }
    }

    /// One that is recorded as missing can go: it has counted.
    fn make_room(&mut self, step: &mut Step<'_>) -> Result<(), Rejection> {
        let oldest = self.0.iter().find(|(_, open)| open.overdue);
        let oldest = oldest.map(|(decision, _)| *decision);
        let oldest = oldest.ok_or(Rejection::TooManyReceipts)?;
        self.0.remove(step.map, &oldest);
        Ok(())
    }

    fn waiting(
        &self,
        decision: u64,
        institution: &InstitutionSlug,
    ) -> Result<&OpenReceipt, Rejection> {
        let open = self.0.get(&decision);
        let open = open.filter(|open| open.institution == *institution);
        open.ok_or(Rejection::NoReceipt(decision))
    }

    /// What the event is evidence of, before it is applied: agreed in time is good, missing is late. What
    /// is agreed after it was missing has counted.
    pub(in crate::contract::state) fn evidence(&self, body: &Body) -> Vec<(InstitutionSlug, bool)> {
        let Body::Receipt {
            decision,
            institution,
            standing,
            ..
        } = body
        else {
            return Vec::new();
        };
        let overdue = self
            .waiting(*decision, institution)
            .is_ok_and(|open| open.overdue);
        match standing {
            ReceiptStanding::Agreed if !overdue => vec![(institution.clone(), true)],
            ReceiptStanding::Missing => vec![(institution.clone(), false)],
            ReceiptStanding::Agreed
            | ReceiptStanding::Disputed
            | ReceiptStanding::Due
            | ReceiptStanding::Drafted => Vec::new(),
        }
    }

    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        self.0.fill(map)
    }

    pub(in crate::contract::state) fn all(&self) -> impl Iterator<Item = (u64, &OpenReceipt)> {
        self.0.iter().map(|(decision, open)| (*decision, open))
    }
}
