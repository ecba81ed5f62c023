//! Disclosures: what left for other institutions about one person, out of the ledger's entries.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::contract::acts::Outcome;
use crate::contract::acts::ReceiptStanding;
use crate::contract::body::Body;
use crate::contract::decision::Decision;
use crate::contract::decision::Verdict;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Purpose;
use crate::contract::request::Request;
use crate::contract::request::StudyFacts;
use crate::contract::request::Verb;
use crate::contract::state::Applied;
use crate::contract::user::User;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// Disclosures of images that are kept, and groups of what was told; of more, the oldest are counted.
pub const DISCLOSURES_MAX: usize = 10_000;

/// Who got something, on whose request, and on what ground.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Parties {
    /// Who got it.
    pub recipient: InstitutionSlug,
    /// Its AE title.
    pub recipient_ae: AeTitle,
    /// Who asked for it.
    pub requester: InstitutionSlug,
    /// Its AE title.
    pub requester_ae: AeTitle,
    /// The person who asked, where one was named, and what proved it.
    pub user: Option<User>,
    /// For what.
    pub purpose: Purpose,
    /// What permitted it.
    pub authority: Authority,
}

/// What permitted a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Authority {
    /// The gateway only observed: the contract refused it, and it was released all the same.
    pub observed: bool,
    /// The rules that decided, by their `@id`.
    pub rules: Vec<String>,
    /// The grants that spoke for it, by number.
    pub consents: Vec<ConsentId>,
}

/// Images that were released under one decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// The decision's entry.
    pub entry: u64,
    /// When it was decided.
    pub at: UtcMicros,
    /// To whom, and why.
    #[serde(flatten)]
    pub parties: Parties,
    /// By which pseudonym the ledger knew the patient.
    pub patient: Pseudonym,
    /// Which study.
    pub study: Option<StudyFacts>,
    /// Instances that were delivered.
    pub instances: u64,
    /// Instances that failed: of these, something may have left.
    pub failed: u64,
    /// Bytes of data sets that were delivered.
    pub bytes: u64,
    /// How it ended; `None`: it has not ended.
    pub outcome: Option<Outcome>,
    /// How far the receipt of the recipient's gateway has come; `None`: there is none.
    pub receipt: Option<ReceiptStanding>,
}

/// What others were told of images, without getting them: matches of queries, and procedure steps. What
/// is alike but for its time and its study is told as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// To whom, and why.
    #[serde(flatten)]
    pub parties: Parties,
    /// The first decision's entry.
    pub first_entry: u64,
    /// When that was.
    pub first: UtcMicros,
    /// The last decision's entry.
    pub last_entry: u64,
    /// When that was.
    pub last: UtcMicros,
    /// How many decisions.
    pub times: u64,
    /// How many studies were named by them.
    pub studies: u64,
    /// The decisions' entries, as far as they are kept.
    pub entries: Vec<u64>,
}

/// All that left, as it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosures {
    /// Images, the oldest first.
    pub images: Vec<Disclosure>,
    /// What was told of images, by the first time.
    pub told: Vec<Told>,
    /// How many decisions are left out: of images, the oldest; of what was told, those of more groups than
    /// are kept.
    pub more: u64,
    /// Recipients of whom the patient is not told for now, where that was asked for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub suspended: BTreeSet<InstitutionSlug>,
}

/// Gathers the disclosures of one person from the entries of a ledger, which are to be added in their
/// order.
#[derive(Clone, Debug)]
pub struct Disclosing {
    own: InstitutionSlug,
    patients: BTreeSet<Pseudonym>,
    images: BTreeMap<u64, Disclosure>,
    /// Decisions of which a procedure step was told.
    steps: BTreeSet<u64>,
    told: BTreeMap<Parties, Group>,
    /// Entries that are kept of what was told.
    entries: usize,
    more: u64,
    since: Option<UtcMicros>,
    left_out: BTreeSet<InstitutionSlug>,
    marked: BTreeSet<InstitutionSlug>,
}

/// What was told alike.
#[derive(Clone, Debug)]
struct Group {
    told: Told,
    studies: BTreeSet<Sha256>,
}

impl Disclosing {
    /// None yet, of the person whom the ledger of `own` knows by `patients`.
    pub const fn new(own: InstitutionSlug, patients: BTreeSet<Pseudonym>) -> Self {
        Self {
            own,
            patients,
            images: BTreeMap::new(),
            steps: BTreeSet::new(),
            told: BTreeMap::new(),
            entries: 0,
            more: 0,
            since: None,
            left_out: BTreeSet::new(),
            marked: BTreeSet::new(),
        }
    }

    /// Only what was decided from this moment on.
    #[must_use]
    pub const fn since(mut self, since: Option<UtcMicros>) -> Self {
        self.since = since;
        self
    }

    /// Nothing of what went to these.
    #[must_use]
    pub fn leaving_out(mut self, recipients: BTreeSet<InstitutionSlug>) -> Self {
        self.left_out = recipients;
        self
    }

    /// These are told as recipients of whom the patient is not told for now.
    #[must_use]
    pub fn marking(mut self, recipients: BTreeSet<InstitutionSlug>) -> Self {
        self.marked = recipients;
        self
    }

    /// Takes what the next entry says.
    pub fn add(&mut self, at: Applied, body: &Body) {
        match body {
            Body::Decision { request, decision } => self.decided(at, request, decision),
            Body::TransferClosed {
                decision,
                instances,
                failed,
                bytes,
                outcome,
                is_final,
                ..
            } => {
                let Some(open) = self.images.get_mut(decision) else {
                    return;
                };
                open.instances = open.instances.saturating_add(*instances);
                open.failed = open.failed.saturating_add(*failed);
                open.bytes = open.bytes.saturating_add(*bytes);
                if *is_final {
                    open.outcome = Some(*outcome);
                    self.ended(*decision);
                }
            }
            Body::Receipt {
                decision, standing, ..
            } => {
                if let Some(open) = self.images.get_mut(decision) {
                    open.receipt = Some(*standing);
                }
            }
            Body::ProcedureStep { decision, .. } => {
                if let Some(open) = self.images.get(decision)
                    && self.steps.insert(*decision)
                {
                    let study = open.study.as_ref().map(|study| study.uid_digest);
                    let at = Applied {
                        seq: open.entry,
                        ledger_time: open.at,
                    };
                    let parties = open.parties.clone();
                    self.tell(at, parties, study);
                }
            }
            _ => {}
        }
    }

    /// A decision: of images until it turns out otherwise.
    fn decided(&mut self, at: Applied, request: &Request, decision: &Decision) {
        let Some(patient) = request.patient.filter(|one| self.patients.contains(one)) else {
            return;
        };
        // A question as a whole discloses nothing: its matches are judged one by one.
        if request.recipient == self.own || request.question || !decision.releases() {
            return;
        }
        let is_early = self.since.is_some_and(|since| at.ledger_time < since);
        if is_early || self.left_out.contains(&request.recipient) {
            return;
        }
        let parties = Parties::of(request, decision);
        match request.verb {
            Verb::Query => {
                let study = request.study.as_ref().map(|study| study.uid_digest);
                self.tell(at, parties, study);
            }
            Verb::Store | Verb::Retrieve => {
                let disclosure = Disclosure {
                    entry: at.seq,
                    at: at.ledger_time,
                    parties,
                    patient,
                    study: request.study.clone(),
                    instances: 0,
                    failed: 0,
                    bytes: 0,
                    outcome: None,
                    receipt: None,
                };
                self.images.insert(at.seq, disclosure);
                if self.images.len() > DISCLOSURES_MAX {
                    self.images.pop_first();
                    self.more = self.more.saturating_add(1);
                }
            }
        }
    }

    /// A decision has come to its end: where nothing left under it, it is none of these.
    fn ended(&mut self, decision: u64) {
        let left = self
            .images
            .get(&decision)
            .is_some_and(Disclosure::may_have_left);
        if self.steps.remove(&decision) || !left {
            self.images.remove(&decision);
        }
    }

    fn tell(&mut self, at: Applied, parties: Parties, study: Option<Sha256>) {
        if self.told.len() >= DISCLOSURES_MAX && !self.told.contains_key(&parties) {
            self.more = self.more.saturating_add(1);
            return;
        }
        let group = self
            .told
            .entry(parties)
            .or_insert_with_key(|parties| Group {
                told: Told {
                    parties: parties.clone(),
                    first_entry: at.seq,
                    first: at.ledger_time,
                    last_entry: at.seq,
                    last: at.ledger_time,
                    times: 0,
                    studies: 0,
                    entries: Vec::new(),
                },
                studies: BTreeSet::new(),
            });
        group.told.last_entry = at.seq;
        group.told.last = at.ledger_time;
        group.told.times = group.told.times.saturating_add(1);
        if self.entries < DISCLOSURES_MAX {
            self.entries = self.entries.saturating_add(1);
            group.told.entries.push(at.seq);
        }
        if let Some(study) = study
            && group.studies.insert(study)
        {
            group.told.studies = group.told.studies.saturating_add(1);
        }
    }

    /// All that left up to here.
    pub fn end(self) -> Disclosures {
        let steps = self.steps;
        let images = self.images.into_values();
        let mut told: Vec<Told> = self.told.into_values().map(|group| group.told).collect();
        told.sort_by_key(|told| told.first_entry);
        Disclosures {
            images: images.filter(|one| !steps.contains(&one.entry)).collect(),
            told,
            more: self.more,
            suspended: self.marked,
        }
    }
}

impl Parties {
    fn of(request: &Request, decision: &Decision) -> Self {
        Self {
            recipient: request.recipient.clone(),
            recipient_ae: request.recipient_ae.clone(),
            requester: request.requester.clone(),
            requester_ae: request.requester_ae.clone(),
            user: request.user.clone(),
            purpose: request.purpose,
            authority: Authority {
                observed: decision.verdict == Verdict::Deny,
                rules: decision.reasons.clone(),
                consents: decision.consents.clone(),
            },
        }
    }
}

impl Disclosure {
    /// Something was delivered, or may have been when it broke off. What lies in the spool has not left:
    /// it does so under a decision of its own.
    fn may_have_left(&self) -> bool {
        let broke_off = match self.outcome {
            Some(Outcome::Interrupted) | None => true,
            Some(Outcome::Completed | Outcome::Failed | Outcome::Cancelled | Outcome::Stopped) => {
                false
            }
        };
        broke_off || self.instances > 0 || self.failed > 0
    }
}

#[cfg(test)]
mod tests;
