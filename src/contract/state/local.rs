//! The part of the state that one gateway knows for itself.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use super::Applied;
use super::Rejection;
use crate::contract::body::Body;
use crate::contract::credit::Parameters;
use crate::contract::event::Event;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::merkle_map::leaf;
use crate::contract::names::InstitutionSlug;
use crate::digest::Sha256;
use crate::time::DAY_MICROS;
use crate::time::HOUR_MICROS;
use crate::time::UtcMicros;

mod consents;
mod credits;
mod keeping;
mod patients;
mod receipts;
mod reviews;
mod suspensions;
mod transfers;

pub use consents::CONSENTS_PER_PATIENT_MAX;
pub use credits::PROOF_NOTE_BYTES_MAX;
pub use credits::REPORTS_MAX;
pub use credits::Report;
pub use keeping::HOLDS_MAX;
pub use keeping::Hold;
pub use patients::Guardian;
pub use patients::LINKED_PATIENTS_MAX;
pub use receipts::OpenReceipt;
pub use receipts::RECEIPTS_MAX;
pub use reviews::REVIEWS_MAX;
pub use reviews::Reason;
pub use reviews::Review;
pub use suspensions::ORAL_SUSPENSION_DAYS_MAX;
pub use suspensions::SUSPENSIONS_MAX;
pub use suspensions::Suspension;
pub use transfers::OPEN_PERMITS_MAX;
pub use transfers::OpenPermit;

use credits::Before;

pub(super) use consents::Consents;
pub(super) use credits::Credits;
pub(super) use keeping::Keeping;
pub(super) use patients::Patients;
pub(super) use receipts::Receipts;
pub(super) use reviews::Reviews;
pub(super) use suspensions::Suspensions;
pub(super) use transfers::Transfers;

/// Entries that prove a statement, at most.
const PROOF_MAX: usize = 32;

/// The last local event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    author_seq: u64,
    seq: u64,
}

/// See the table in [`super`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Local {
    own: Option<InstitutionSlug>,
    last: Option<Last>,
    pub(super) consents: Consents,
    pub(super) credits: Credits,
    pub(super) keeping: Keeping,
    pub(super) patients: Patients,
    pub(super) receipts: Receipts,
    pub(super) reviews: Reviews,
    pub(super) suspensions: Suspensions,
    pub(super) transfers: Transfers,
    #[serde(skip)]
    map: MerkleMap,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    own: Option<InstitutionSlug>,
    last: Option<Last>,
    consents: Consents,
    credits: Credits,
    keeping: Keeping,
    patients: Patients,
    #[serde(default)]
    receipts: Receipts,
    reviews: Reviews,
    #[serde(default)]
    suspensions: Suspensions,
    transfers: Transfers,
}

impl<'de> Deserialize<'de> for Local {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let snapshot = Snapshot::deserialize(deserializer)?;
        let mut local = Self {
            own: snapshot.own,
            last: snapshot.last,
            consents: snapshot.consents,
            credits: snapshot.credits,
            keeping: snapshot.keeping,
            patients: snapshot.patients,
            receipts: snapshot.receipts,
            reviews: snapshot.reviews,
            suspensions: snapshot.suspensions,
            transfers: snapshot.transfers,
            map: MerkleMap::new(),
        };
        local.rebuild().map_err(serde::de::Error::custom)?;
        Ok(local)
    }
}

/// What a part of the local state is given to apply an event.
pub(super) struct Step<'a> {
    /// Number of the entry.
    pub(super) seq: u64,
    /// Its ledger time.
    pub(super) time: UtcMicros,
    /// Our own institution.
    pub(super) own: &'a InstitutionSlug,
    /// The numbers in force.
    pub(super) parameters: &'a Parameters,
    /// Where facts have their leaves.
    pub(super) map: &'a mut MerkleMap,
}

/// Largest integer that canonical JSON holds exactly (RFC 8785): 2^53 - 1; as a time, the year
/// 2255.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Characters of a case file's number.
const REFERENCE_CHARACTERS_MAX: usize = 64;

/// The number of a case file that can be kept.
fn reference(text: &str) -> Result<(), Rejection> {
    let fits = |byte: u8| matches!(byte, 0x20..=0x7e);
    if text.len() > REFERENCE_CHARACTERS_MAX || !text.bytes().all(fits) {
        return Err(Rejection::Reference);
    }
    Ok(())
}

/// Times that can be written down exactly.
fn exact(times: impl IntoIterator<Item = UtcMicros>) -> Result<(), Rejection> {
    let mut times = times.into_iter();
    if times.all(|time| time.0.unsigned_abs() <= INTEGER_MAX) {
        Ok(())
    } else {
        Err(Rejection::Time)
    }
}

impl Step<'_> {
    /// When a dispute that begins now lapses.
    fn dispute_ends(&self) -> UtcMicros {
        let days = i64::from(self.parameters.dispute_days());
        self.time.plus(days.saturating_mul(DAY_MICROS))
    }

    /// So many hours from now.
    fn in_hours(&self, hours: u32) -> UtcMicros {
        self.time.plus(i64::from(hours).saturating_mul(HOUR_MICROS))
    }

    /// Entries that prove something: at least one, not too many, none that is still to come.
    fn proven_by(&self, proof: &[u64]) -> Result<(), Rejection> {
        let good = (1..=PROOF_MAX).contains(&proof.len());
        if good && proof.iter().all(|entry| *entry < self.seq) {
            Ok(())
        } else {
            Err(Rejection::Proof)
        }
    }
}

impl Local {
    pub(super) fn new() -> Self {
        Self {
            own: None,
            last: None,
            consents: Consents::new(),
            credits: Credits::new(),
            keeping: Keeping::new(),
            patients: Patients::new(),
            receipts: Receipts::default(),
            reviews: Reviews::new(),
            suspensions: Suspensions::default(),
            transfers: Transfers::new(),
            map: MerkleMap::new(),
        }
    }

    /// Takes the author of the first event as our own institution.
    pub(super) fn begin(&mut self, at: Applied, event: &Event) -> Result<(), Rejection> {
        self.map.set(OWN_KEY, leaf(OWN_KEY, &event.author)?);
        self.own = Some(event.author.clone());
        self.note(at, event)
    }

    /// Applies everything that only one gateway says; other events are none of its business.
    /// `parameters` are those in force.
    pub(super) fn apply(
        &mut self,
        at: Applied,
        event: &Event,
        parameters: Option<&Parameters>,
    ) -> Result<(), Rejection> {
        let own = self.check(at, event)?;
        if let Some(parameters) = parameters {
            let before = self.before(&event.body, &own);
            self.reviews.has_room(&event.body)?;
            let mut step = Step {
                seq: at.seq,
                time: at.ledger_time,
                own: &own,
                parameters,
                map: &mut self.map,
            };
            // Each part looks at what concerns it, and refuses before it changes anything. Where an
            // event concerns several parts, only the first of them refuses; but for the room that
            // reviews need, which is looked at before.
            self.keeping.apply(&mut step, &event.body, &self.patients)?;
            self.patients.apply(&mut step, &event.body)?;
            self.consents
                .apply(&mut step, &event.body, &self.patients)?;
            self.transfers.apply(&mut step, &event.body)?;
            self.receipts.apply(&mut step, &event.body)?;
            self.reviews.apply(&mut step, &event.body)?;
            self.suspensions.apply(&mut step, &event.body)?;
            self.credits.apply(&mut step, &event.body, &before)?;
        } else if !event.body.needs_no_policy() {
            return Err(Rejection::NoPolicy);
        }
        self.note(at, event)
    }

    /// What an event finds, as far as it is weighed after it has gone.
    fn before(&self, body: &Body, own: &InstitutionSlug) -> Before {
        match body {
            Body::TransferClosed { .. } | Body::Receipt { .. } => Before {
                evidence: self.evidence(body, own),
                ..Before::default()
            },
            Body::ConsentRevoked {
                consent, patient, ..
            } => Before {
                revoked: self.consents.get(*patient, *consent).cloned(),
                ..Before::default()
            },
            Body::ReviewClosed { review, .. } => Before {
                was_overdue: self
                    .reviews
                    .get(*review)
                    .is_some_and(|review| review.overdue),
                ..Before::default()
            },
            _ => Before::default(),
        }
    }

    /// What a transfer's end, or its receipt, is evidence of; to be asked before the event is applied.
    pub(super) fn evidence(
        &self,
        body: &Body,
        own: &InstitutionSlug,
    ) -> Vec<(InstitutionSlug, bool)> {
        let mut evidence = self.transfers.evidence(body, own);
        evidence.extend(self.receipts.evidence(body));
        evidence
    }

    fn check(&self, at: Applied, event: &Event) -> Result<InstitutionSlug, Rejection> {
        let own = match &self.own {
            None => return Err(Rejection::NoGenesis),
            Some(own) if *own != event.author => {
                return Err(Rejection::Author(event.author.clone()));
            }
            Some(own) => own.clone(),
        };
        match self.last {
            Some(last) if event.author_seq <= last.author_seq => Err(Rejection::Repeated {
                author: event.author.clone(),
                author_seq: event.author_seq,
                last: last.author_seq,
            }),
            Some(last) if at.seq <= last.seq => Err(Rejection::Order {
                seq: at.seq,
                last: last.seq,
            }),
            Some(_) | None => Ok(own),
        }
    }

    fn note(&mut self, at: Applied, event: &Event) -> Result<(), Rejection> {
        let last = Last {
            author_seq: event.author_seq,
            seq: at.seq,
        };
        self.map.set(LAST_KEY, leaf(LAST_KEY, &last)?);
        self.last = Some(last);
        self.map.settle();
        Ok(())
    }

    /// Fills the Merkle map from everything else.
    fn rebuild(&mut self) -> Result<(), serde_json::Error> {
        if let Some(own) = &self.own {
            self.map.set(OWN_KEY, leaf(OWN_KEY, own)?);
        }
        if let Some(last) = &self.last {
            self.map.set(LAST_KEY, leaf(LAST_KEY, last)?);
        }
        self.consents.fill(&mut self.map)?;
        self.credits.fill(&mut self.map)?;
        self.keeping.fill(&mut self.map)?;
        self.patients.fill(&mut self.map)?;
        self.receipts.fill(&mut self.map)?;
        self.reviews.fill(&mut self.map)?;
        self.suspensions.fill(&mut self.map)?;
        self.transfers.fill(&mut self.map)?;
        self.map.settle();
        Ok(())
    }

    pub(super) const fn map_mut(&mut self) -> &mut MerkleMap {
        &mut self.map
    }

    pub(super) const fn root(&self) -> Sha256 {
        self.map.root()
    }

    pub(super) const fn own(&self) -> Option<&InstitutionSlug> {
        self.own.as_ref()
    }

    pub(super) fn last_author_seq(&self) -> Option<u64> {
        self.last.map(|last| last.author_seq)
    }
}

const OWN_KEY: &str = "own";
const LAST_KEY: &str = "last";

impl Body {
    /// What a gateway may say of itself before there are any rules.
    const fn needs_no_policy(&self) -> bool {
        matches!(
            self,
            Self::QueueChanged { .. }
                | Self::Bypassed { .. }
                | Self::AuditExported { .. }
                | Self::AuditSearched { .. }
                | Self::UserAuthenticated { .. }
                | Self::AccountChanged { .. }
                | Self::DetailsShown { .. }
                | Self::SignedIn { .. }
                | Self::SignedOut { .. }
                | Self::Alert { .. }
                | Self::Started { .. }
                | Self::Stopped { .. }
        )
    }
}
