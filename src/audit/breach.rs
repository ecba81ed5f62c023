//! What was reached through something that was compromised: a key, a user, an AE title, a rule.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use super::record::Identity;
use super::record::Judged;
use super::record::Record;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::HOUR_MICROS;
use crate::time::UtcMicros;

/// What was compromised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// A certificate, by the SHA-256 of its public key.
    Certificate(Sha256),
    /// A user, proven or not.
    User(String),
    /// A rule that permits what it should not, by its `@id`.
    Policy(String),
    /// An AE title: it asks, or receives.
    Ae(AeTitle),
}

impl Means {
    /// Whether what was decided was released by this.
    fn was_used(&self, judged: &Judged) -> bool {
        let (request, decision) = (&judged.request, &judged.decision);
        match self {
            Self::Certificate(key) => request.transport.certificate == Some(*key),
            Self::User(name) => request.user.as_ref().is_some_and(|user| user.name == *name),
            Self::Policy(id) => decision.reasons.contains(id),
            Self::Ae(title) => request.requester_ae == *title || request.recipient_ae == *title,
        }
    }
}

/// What was reached of one patient and study.
#[derive(Clone, Debug, Serialize)]
pub struct Reached {
    /// The patient, as the ledger knows them; `None`: the images name none.
    pub patient: Option<Pseudonym>,
    /// Keyed digest of the Study Instance UID; `None`: none in particular.
    pub study: Option<Sha256>,
    /// Who it is, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Modalities of the study.
    pub modalities: BTreeSet<String>,
    /// Its day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study_date: Option<Day>,
    /// The first access.
    pub first: UtcMicros,
    /// The last.
    pub last: UtcMicros,
    /// Decisions that released something of it.
    pub decisions: BTreeSet<u64>,
    /// Instances that were delivered, or sealed for a recipient.
    pub instances: u64,
    /// Instances that failed: of these, something may have left.
    pub failed: u64,
    /// To whom.
    pub recipients: BTreeSet<InstitutionSlug>,
}

/// Gathers it from records, which are to be added in their order.
#[derive(Clone, Debug)]
pub struct Breach {
    means: Means,
    from: Option<UtcMicros>,
    to: Option<UtcMicros>,
    reached: BTreeMap<(Option<Pseudonym>, Option<Sha256>), Reached>,
    entries: u64,
    matches: u64,
    nameless: u64,
}

impl Breach {
    /// Nothing yet, within this time.
    pub const fn new(means: Means, from: Option<UtcMicros>, to: Option<UtcMicros>) -> Self {
        Self {
            means,
            from,
            to,
            reached: BTreeMap::new(),
            entries: 0,
            matches: 0,
            nameless: 0,
        }
    }

    /// Takes the next record.
    pub fn add(&mut self, record: &Record) {
        let Some(judged) = record.judged.as_deref() else {
            return;
        };
        // What was asked within the time may be delivered after it, and the other way round.
        let within = self.is_within(record.at()) || self.is_within(judged.request.received_at);
        if !within || !judged.decision.releases() {
            return;
        }
        let body = record.body();
        let transport = &judged.request.transport;
        if matches!(self.means, Means::Certificate(_))
            && transport.mutual
            && transport.certificate.is_none()
            && matches!(body, Body::Decision { .. })
        {
            self.nameless = self.nameless.saturating_add(1);
        }
        if !self.means.was_used(judged) {
            return;
        }
        let (instances, failed) = match body {
            Body::Decision { .. } | Body::ParcelOpened { .. } | Body::ProcedureStep { .. } => {
                (0, 0)
            }
            Body::TransferClosed {
                instances, failed, ..
            } => (*instances, *failed),
            Body::ParcelSealed { instances, .. } => (*instances, 0),
            Body::Query { matches, .. } => {
                self.entries = self.entries.saturating_add(1);
                self.matches = self.matches.saturating_add(*matches);
                return;
            }
            _ => return,
        };
        // A query as a whole discloses nothing: its matches do.
        if judged.request.question {
            return;
        }
        self.entries = self.entries.saturating_add(1);
        self.reach(record, judged, instances, failed);
    }

    fn reach(&mut self, record: &Record, judged: &Judged, instances: u64, failed: u64) {
        let request = &judged.request;
        let study = request.study.as_ref();
        let key = (request.patient, study.map(|study| study.uid_digest));
        let reached = self.reached.entry(key).or_insert_with(|| Reached {
            patient: request.patient,
            study: study.map(|study| study.uid_digest),
            identity: None,
            modalities: BTreeSet::new(),
            study_date: None,
            first: record.at(),
            last: record.at(),
            decisions: BTreeSet::new(),
            instances: 0,
            failed: 0,
            recipients: BTreeSet::new(),
        });
        if reached.identity.is_none() {
            reached.identity = record.identity().cloned();
        }
        if let Some(study) = study {
            reached.modalities.extend(study.modalities.iter().cloned());
            reached.study_date = reached.study_date.or(study.date);
        }
        // An entry of the end may stand alone here: its decision came before.
        reached.first = reached.first.min(request.received_at.min(record.at()));
        reached.last = reached.last.max(record.at());
        reached.decisions.insert(judged.entry);
        reached.instances = reached.instances.saturating_add(instances);
        reached.failed = reached.failed.saturating_add(failed);
        reached.recipients.insert(request.recipient.clone());
    }

    fn is_within(&self, at: UtcMicros) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    /// What was compromised.
    pub const fn means(&self) -> &Means {
        &self.means
    }

    /// One for each patient and study, the first access first.
    pub fn rows(&self) -> Vec<&Reached> {
        let mut rows: Vec<&Reached> = self.reached.values().collect();
        rows.sort_by_key(|row| row.first);
        rows
    }

    /// How many patients: by pseudonym, so that merged Patient IDs count one by one.
    pub fn patients(&self) -> usize {
        let patients = self.reached.keys().filter_map(|(patient, _)| *patient);
        patients.collect::<BTreeSet<_>>().len()
    }

    /// How many studies.
    pub fn studies(&self) -> usize {
        let studies = self.reached.keys().filter_map(|(_, study)| *study);
        studies.collect::<BTreeSet<_>>().len()
    }

    /// How many entries of the ledger it rests on.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// Instances that were delivered.
    pub fn instances(&self) -> u64 {
        let each = self.reached.values().map(|row| row.instances);
        each.fold(0, u64::saturating_add)
    }

    /// Matches that were told in answer to queries. Of those within one institution the ledger knows only how
    /// many there were, not whose.
    pub const fn matches(&self) -> u64 {
        self.matches
    }

    /// Where a certificate was asked for: decisions on what came by a certificate that the ledger does not name,
    /// as gateways before this version did not record it.
    pub const fn nameless(&self) -> u64 {
        self.nameless
    }
}

/// By when somebody is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// Which law.
    pub law: &'static str,
    /// Who is to be told.
    pub whom: &'static str,
    /// By when.
    pub at: UtcMicros,
    /// What is left, in seconds; negative: it has passed.
    pub left_s: i64,
}

/// The deadlines for a breach that became known at `known`, as they stand at `now`.
pub fn deadlines(known: UtcMicros, now: UtcMicros) -> [Deadline; 2] {
    let of = |law, whom, micros: i64| {
        let at = known.plus(micros);
        let left_s = at.0.saturating_sub(now.0).div_euclid(1_000_000);
        Deadline {
            law,
            whom,
            at,
            left_s,
        }
    };
    let hours = HOUR_MICROS.saturating_mul(72);
    let days = DAY_MICROS.saturating_mul(60);
    [
        of(
            "GDPR Art. 33",
            "supervisory authority, within 72 hours",
            hours,
        ),
        of(
            "45 CFR 164.404, 164.408",
            "patients, and of 500 or more also the Secretary of HHS, within 60 days",
            days,
        ),
    ]
}

impl Deadline {
    /// What is left, in words.
    pub fn left(&self) -> String {
        let seconds = self.left_s.unsigned_abs();
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        let time = match days {
            0 => format!("{hours} h {minutes} min"),
            days => format!("{days} d {hours} h"),
        };
        if self.left_s < 0 {
            format!("passed {time} ago")
        } else {
            format!("{time} left")
        }
    }
}

#[cfg(test)]
mod tests;
