//! The reputation of other institutions, as far as our own gateway saw it or an arbiter upheld it.
//!
//! Nobody moves their own score: whatever an event says of its author's own institution weighs
//! nothing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::Rejection;
use super::Step;
use super::reference;
use crate::contract::acts::ReceiptStanding;
use crate::contract::body::Body;
use crate::contract::consent::Consent;
use crate::contract::consent::Effect;
use crate::contract::consent::Grantees;
use crate::contract::credit::Ceiling;
use crate::contract::credit::Charge;
use crate::contract::credit::Incident;
use crate::contract::credit::Reputation;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::names::InstitutionSlug;
use crate::contract::state::table::Fact;
use crate::contract::state::table::Table;
use crate::time::Day;
use crate::time::UtcMicros;

/// Reported incidents that can wait for an arbiter at a time.
pub const REPORTS_MAX: usize = 10_000;

/// Charges that can be taken back; the oldest are forgotten, and then stand.
const CHARGES_MAX: usize = 100_000;

/// Revocations that wait for an answer; the oldest are forgotten, and then earn nothing.
const REVOCATIONS_MAX: usize = 100_000;

/// Bytes of a signed checkpoint in a proof of equivocation. Two of them fit into an entry.
pub const PROOF_NOTE_BYTES_MAX: usize = 16_384;

/// A reported incident that no arbiter has decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Who reported it.
    pub by: String,
    /// What.
    pub incident: Incident,
    /// Who is said to have done it.
    pub institution: InstitutionSlug,
    /// When it lapses.
    pub lapses: UtcMicros,
    /// Entries that prove it.
    pub proof: Vec<u64>,
    /// Number of a case file.
    pub reference: String,
}

/// A revocation, and who has not answered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    day: Day,
    waiting: BTreeSet<InstitutionSlug>,
}

impl Fact for Reputation {
    type Key = InstitutionSlug;
    const KIND: &'static str = "reputation";
}

impl Fact for Charge {
    type Key = u64;
    const KIND: &'static str = "charge";
}

impl Fact for Report {
    type Key = u64;
    const KIND: &'static str = "report";
}

impl Fact for Revocation {
    type Key = u64;
    const KIND: &'static str = "revocation";
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::contract::state) struct Credits {
    charges: Table<Charge>,
    reports: Table<Report>,
    reputations: Table<Reputation>,
    revocations: Table<Revocation>,
}

/// What the other parts held before an event, and this one needs to weigh it.
#[derive(Default)]
pub(super) struct Before {
    /// What the event is evidence of.
    pub(super) evidence: Vec<(InstitutionSlug, bool)>,
    /// The consent that the event revokes.
    pub(super) revoked: Option<Consent>,
    /// The review that the event closes had been charged as late.
    pub(super) was_overdue: bool,
}

impl Credits {
    pub(super) const fn new() -> Self {
        Self {
            charges: Table::new(),
            reports: Table::new(),
            reputations: Table::new(),
            revocations: Table::new(),
        }
    }

    pub(super) fn apply(
        &mut self,
        step: &mut Step<'_>,
        body: &Body,
        before: &Before,
    ) -> Result<(), Rejection> {
        match body {
            Body::Receipt {
                institution,
                standing: ReceiptStanding::Disputed,
                ..
            } => self.disputed(step, institution),
            Body::TransferClosed { .. } | Body::Receipt { .. } => {
                self.learn(step, &before.evidence)
            }
            Body::Misstated {
                institution,
                statement,
                ..
            } => self.misstated(step, institution, statement),
            Body::ConsentRevoked { .. } => self.await_answers(step, before.revoked.as_ref()),
            Body::RevocationHonoured {
                revocation,
                institution,
                ..
            } => self.honoured(step, *revocation, institution),
            Body::ReviewOverdue { institution, .. } => self.late_review(step, institution),
            Body::ReviewClosed {
                institution,
                justified,
                ..
            } if !justified && !before.was_overdue => self.late_review(step, institution),
            Body::IncidentReported {
                incident,
                institution,
                proof,
                reference,
                by,
            } => {
                step.proven_by(proof)?;
                let report = Report {
                    by: by.clone(),
                    incident: *incident,
                    institution: institution.clone(),
                    lapses: step.dispute_ends(),
                    proof: proof.clone(),
                    reference: reference.clone(),
                };
                self.report(step, report)
            }
            Body::IncidentDecided {
                report,
                institution,
                upheld,
                by,
            } => self.arbitrate(step, *report, institution, *upheld, by),
            Body::ChargeReversed {
                charge,
                institution,
                ..
            } => self.reverse(step, *charge, institution),
            Body::Equivocated {
                institution,
                key: _,
                first,
                second,
            } => self.convict(step, institution, first, second),
            Body::CeilingLifted {
                charge,
                institution,
                ..
            } => self.lift(step, *charge, institution),
            _ => Ok(()),
        }
    }

    fn known(&self, step: &Step<'_>, institution: &InstitutionSlug) -> Reputation {
        let known = self.reputations.get(institution).cloned();
        known.unwrap_or_else(|| Reputation::new(step.time.day()))
    }

    /// It signed something else than what our own gateway saw.
    fn disputed(
        &mut self,
        step: &mut Step<'_>,
        institution: &InstitutionSlug,
    ) -> Result<(), Rejection> {
        let weight = step.parameters.incident_weight(Incident::DigestMismatch);
        self.charge(step, institution, weight, None)
    }

    fn lift(
        &mut self,
        step: &mut Step<'_>,
        charge: u64,
        institution: &InstitutionSlug,
    ) -> Result<(), Rejection> {
        let mut reputation = self.known(step, institution);
        if !reputation.lift_ceiling(charge) {
            return Err(Rejection::NoCharge(charge));
        }
        Ok(self
            .reputations
            .put(step.map, institution.clone(), reputation)?)
    }

    /// Counts what a closed transfer tells of other institutions.
    fn learn(
        &mut self,
        step: &mut Step<'_>,
        evidence: &[(InstitutionSlug, bool)],
    ) -> Result<(), Rejection> {
        let (by, day) = (step.parameters.institutions(), step.time.day());
        for (institution, good) in evidence {
            let mut reputation = self.known(step, institution);
            reputation.record(by, day, step.own, *good);
            self.reputations
                .put(step.map, institution.clone(), reputation)?;
        }
        Ok(())
    }

    /// Institutions that a revoked grant named may answer in time.
    fn await_answers(
        &mut self,
        step: &mut Step<'_>,
        revoked: Option<&Consent>,
    ) -> Result<(), Rejection> {
        let day = step.time.day();
        let Some(Consent {
            effect: Effect::Grant,
            grantees: Grantees::Named(named),
            ..
        }) = revoked
        else {
            return Ok(());
        };
        let late = |revocation: &Revocation| {
            i64::from(day.0).saturating_sub(i64::from(revocation.day.0))
                > i64::from(step.parameters.revocation_days())
        };
        let over = self.revocations.iter().filter(|(_, one)| late(one));
        let mut over: Vec<u64> = over.map(|(entry, _)| *entry).collect();
        let left = self.revocations.len().saturating_sub(over.len());
        if left >= REVOCATIONS_MAX {
            over.extend(self.revocations.iter().next().map(|(entry, _)| *entry));
        }
        for entry in over {
            self.revocations.remove(step.map, &entry);
        }
        let others = named.iter().filter(|one| *one != step.own);
        let waiting: BTreeSet<InstitutionSlug> = others.cloned().collect();
        if waiting.is_empty() {
            return Ok(());
        }
        Ok(self
            .revocations
            .put(step.map, step.seq, Revocation { day, waiting })?)
    }

    fn honoured(
        &mut self,
        step: &mut Step<'_>,
        entry: u64,
        institution: &InstitutionSlug,
    ) -> Result<(), Rejection> {
        let day = step.time.day();
        let known = self.revocations.get(&entry).cloned();
        let mut revocation = known.ok_or(Rejection::NoRevocation(entry))?;
        if !revocation.waiting.remove(institution) {
            return Err(Rejection::NoRevocation(entry));
        }
        let took = i64::from(day.0).saturating_sub(i64::from(revocation.day.0));
        if took <= i64::from(step.parameters.revocation_days()) {
            let mut reputation = self.known(step, institution);
            let weight = step.parameters.revocation_honoured_weight();
            reputation.gain(step.parameters.institutions(), day, step.own, weight);
            self.reputations
                .put(step.map, institution.clone(), reputation)?;
        }
        if revocation.waiting.is_empty() {
            self.revocations.remove(step.map, &entry);
            Ok(())
        } else {
            Ok(self.revocations.put(step.map, entry, revocation)?)
        }
    }

    fn late_review(
        &mut self,
        step: &mut Step<'_>,
        institution: &InstitutionSlug,
    ) -> Result<(), Rejection> {
        let weight = step.parameters.break_glass_weight();
        self.charge(step, institution, weight, None)
    }

    fn report(&mut self, step: &mut Step<'_>, report: Report) -> Result<(), Rejection> {
        if report.institution == *step.own {
            return Err(Rejection::OwnScore);
        }
        reference(&report.reference)?;
        self.forget_lapsed(step);
        if self.reports.len() >= REPORTS_MAX {
            return Err(Rejection::TooManyReports);
        }
        Ok(self.reports.put(step.map, step.seq, report)?)
    }

    fn forget_lapsed(&mut self, step: &mut Step<'_>) {
        let lapsed = self.reports.iter();
        let lapsed = lapsed.filter(|(_, report)| report.lapses <= step.time);
        let lapsed: Vec<u64> = lapsed.map(|(entry, _)| *entry).collect();
        for entry in lapsed {
            self.reports.remove(step.map, &entry);
        }
    }

    fn arbitrate(
        &mut self,
        step: &mut Step<'_>,
        entry: u64,
        institution: &InstitutionSlug,
        upheld: bool,
        by: &str,
    ) -> Result<(), Rejection> {
        let report = self.reports.get(&entry);
        let report = report.filter(|report| report.institution == *institution);
        let report = report.ok_or(Rejection::NoReport(entry))?;
        if report.lapses <= step.time {
            return Err(Rejection::Lapsed(entry));
        }
        if super::super::is_same_person(&report.by, by) {
            return Err(Rejection::SamePerson);
        }
        let incident = report.incident;
        self.reports.remove(step.map, &entry);
        if !upheld {
            return Ok(());
        }
        let weight = step.parameters.incident_weight(incident);
        let ceiling = step
            .parameters
            .ceiling_from(incident, step.seq, step.time.day());
        self.charge(step, institution, weight, ceiling)
    }

    /// Two signatures that cannot both be honest need no arbiter: they count at once. That the key
    /// that made both is the institution's is our own gateway's word.
    fn convict(
        &mut self,
        step: &mut Step<'_>,
        institution: &InstitutionSlug,
        first: &str,
        second: &str,
    ) -> Result<(), Rejection> {
        if institution == step.own {
            return Err(Rejection::OwnScore);
        }
        let fits = |note: &str| note.len() <= PROOF_NOTE_BYTES_MAX;
        if first == second || !fits(first) || !fits(second) {
            return Err(Rejection::ProofNotes);
        }
        let incident = Incident::Equivocation;
        let weight = step.parameters.incident_weight(incident);
        let ceiling = step
            .parameters
            .ceiling_from(incident, step.seq, step.time.day());
        self.charge(step, institution, weight, ceiling)
    }

    /// A signature under another's name needs no arbiter either. That the key that made it is the
    /// institution's is our own gateway's word.
    fn misstated(
        &mut self,
        step: &mut Step<'_>,
        institution: &InstitutionSlug,
        statement: &str,
    ) -> Result<(), Rejection> {
        if institution == step.own {
            return Err(Rejection::OwnScore);
        }
        if statement.len() > PROOF_NOTE_BYTES_MAX {
            return Err(Rejection::ProofNotes);
        }
        let weight = step.parameters.incident_weight(Incident::PurposeMisuse);
        self.charge(step, institution, weight, None)
    }

    /// Charges another institution; our own has no score to lose.
    fn charge(
        &mut self,
        step: &mut Step<'_>,
        institution: &InstitutionSlug,
        weight: u64,
        ceiling: Option<Ceiling>,
    ) -> Result<(), Rejection> {
        if institution == step.own {
            return Ok(());
        }
        let day = step.time.day();
        let mut reputation = self.known(step, institution);
        reputation.charge(step.parameters.institutions(), day, weight);
        if let Some(ceiling) = ceiling {
            reputation.set_ceiling(ceiling);
        }
        self.reputations
            .put(step.map, institution.clone(), reputation)?;
        if self.charges.len() >= CHARGES_MAX {
            let oldest = self.charges.iter().next().map(|(entry, _)| *entry);
            if let Some(oldest) = oldest {
                self.charges.remove(step.map, &oldest);
            }
        }
        let charge = Charge {
            day,
            institution: institution.clone(),
            weight,
        };
        Ok(self.charges.put(step.map, step.seq, charge)?)
    }

    fn reverse(
        &mut self,
        step: &mut Step<'_>,
        entry: u64,
        institution: &InstitutionSlug,
    ) -> Result<(), Rejection> {
        let charge = self.charges.get(&entry);
        let charge = charge.filter(|charge| charge.institution == *institution);
        let charge = charge.cloned().ok_or(Rejection::NoCharge(entry))?;
        let mut reputation = self.known(step, institution);
        let by = step.parameters.institutions();
        reputation.reverse(by, step.time.day(), &charge);
        reputation.lift_ceiling(entry);
        self.charges.remove(step.map, &entry);
        Ok(self
            .reputations
            .put(step.map, institution.clone(), reputation)?)
    }

    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        self.charges.fill(map)?;
        self.reports.fill(map)?;
        self.reputations.fill(map)?;
        self.revocations.fill(map)
    }

    pub(in crate::contract::state) fn reputations(
        &self,
    ) -> impl Iterator<Item = (&InstitutionSlug, &Reputation)> {
        self.reputations.iter()
    }

    pub(in crate::contract::state) fn reputation(
        &self,
        institution: &InstitutionSlug,
    ) -> Option<&Reputation> {
        self.reputations.get(institution)
    }

    /// What can be taken back, by the number of the entry that charged.
    pub(in crate::contract::state) fn charges(&self) -> impl Iterator<Item = (u64, &Charge)> {
        self.charges.iter().map(|(entry, charge)| (*entry, charge))
    }

    /// When a grant was revoked, and who has not answered.
    pub(in crate::contract::state) fn revocation(
        &self,
        entry: u64,
    ) -> Option<(Day, &BTreeSet<InstitutionSlug>)> {
        let revocation = self.revocations.get(&entry)?;
        Some((revocation.day, &revocation.waiting))
    }

    /// Reported incidents, by the number of the report; lapsed ones, too, for a while.
    pub(in crate::contract::state) fn reports(&self) -> impl Iterator<Item = (u64, &Report)> {
        self.reports.iter().map(|(entry, report)| (*entry, report))
    }
}
