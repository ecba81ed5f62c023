//! The part of the state that one gateway knows for itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use super::Applied;
use super::Rejection;
use crate::contract::consent::Consent;
use crate::contract::decision::Decision;
use crate::contract::event::Body;
use crate::contract::event::Event;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::merkle_map::leaf;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Request;
use crate::contract::request::Verb;
use crate::contract::score::Reputation;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// Consents that one patient can have at a time, expired ones included.
pub const CONSENTS_PER_PATIENT_MAX: usize = 1000;

/// Permits that can be open at a time.
pub const OPEN_PERMITS_MAX: usize = 100_000;

/// Largest integer that canonical JSON holds exactly (RFC 8785): 2^53 - 1; as a time, the year
/// 2255.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// A decision that releases images and whose end is not recorded yet: what is needed to close it after a
/// crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenPermit {
    /// What was permitted: a store or a retrieval. Queries move no images and stay open for
    /// nothing.
    pub verb: Verb,
    /// Who sends: the requester of a store, else the custodian.
    pub sender: InstitutionSlug,
    /// Who receives.
    pub recipient: InstitutionSlug,
    /// Whose images.
    pub patient: Option<Pseudonym>,
    /// Ledger time of the decision.
    pub opened_at: UtcMicros,
}

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
    consents: BTreeMap<Pseudonym, BTreeMap<ConsentId, Consent>>,
    open: BTreeMap<u64, OpenPermit>,
    reputations: BTreeMap<InstitutionSlug, Reputation>,
    #[serde(skip)]
    map: MerkleMap,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    own: Option<InstitutionSlug>,
    last: Option<Last>,
    consents: BTreeMap<Pseudonym, BTreeMap<ConsentId, Consent>>,
    open: BTreeMap<u64, OpenPermit>,
    reputations: BTreeMap<InstitutionSlug, Reputation>,
}

impl<'de> Deserialize<'de> for Local {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let snapshot = Snapshot::deserialize(deserializer)?;
        let mut local = Self {
            own: snapshot.own,
            last: snapshot.last,
            consents: snapshot.consents,
            open: snapshot.open,
            reputations: snapshot.reputations,
            map: MerkleMap::new(),
        };
        local.rebuild().map_err(serde::de::Error::custom)?;
        Ok(local)
    }
}

impl Local {
    pub(super) fn new() -> Self {
        Self {
            own: None,
            last: None,
            consents: BTreeMap::new(),
            open: BTreeMap::new(),
            reputations: BTreeMap::new(),
            map: MerkleMap::new(),
        }
    }

    /// Takes the author of the first event as our own institution.
    pub(super) fn begin(&mut self, at: Applied, event: &Event) -> Result<(), Rejection> {
        self.map
            .set(OWN_KEY.to_owned(), leaf(OWN_KEY, &event.author)?);
        self.own = Some(event.author.clone());
        self.note(at, event)
    }

    /// Applies everything that only one gateway says; other events are none of its business.
    pub(super) fn apply(&mut self, at: Applied, event: &Event) -> Result<(), Rejection> {
        self.check(at, event)?;
        match &event.body {
            Body::Genesis { .. } | Body::PolicyActivated { .. } => return Ok(()),
            Body::ConsentGranted { consent, by: _ } => self.grant(at, consent)?,
            Body::ConsentRevoked {
                consent,
                patient,
                by: _,
            } => self.revoke(*consent, *patient)?,
            Body::Decision { request, decision } => self.open(at, request, decision)?,
            Body::TransferClosed {
                decision,
                sender,
                recipient,
                is_final,
                ..
            } => {
                match self.open.get(decision) {
                    None => return Err(Rejection::NotOpen(*decision)),
                    Some(open) if open.sender != *sender || open.recipient != *recipient => {
                        return Err(Rejection::Parties(*decision));
                    }
                    Some(_) => {}
                }
                self.learn(at, event)?;
                if *is_final {
                    self.open.remove(decision);
                    self.map.remove(&open_key(*decision));
                }
            }
            Body::Query { .. }
            | Body::Alert { .. }
            | Body::Started { .. }
            | Body::Stopped { .. } => {}
        }
        self.note(at, event)
    }

    fn check(&self, at: Applied, event: &Event) -> Result<(), Rejection> {
        match &self.own {
            None => return Err(Rejection::NoGenesis),
            Some(own) if *own != event.author => {
                return Err(Rejection::Author(event.author.clone()));
            }
            Some(_) => {}
        }
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
            Some(_) | None => Ok(()),
        }
    }

    fn note(&mut self, at: Applied, event: &Event) -> Result<(), Rejection> {
        let last = Last {
            author_seq: event.author_seq,
            seq: at.seq,
        };
        self.map.set(LAST_KEY.to_owned(), leaf(LAST_KEY, &last)?);
        self.last = Some(last);
        self.map.settle();
        Ok(())
    }

    fn grant(&mut self, at: Applied, consent: &Consent) -> Result<(), Rejection> {
        let times = [Some(consent.valid_from), consent.valid_until];
        let exact = |time: &UtcMicros| time.0.unsigned_abs() <= INTEGER_MAX;
        if !times.iter().flatten().all(exact) {
            return Err(Rejection::Time);
        }
        let id = ConsentId(at.seq);
        let key = consent_key(id);
        let leaf = leaf(&key, consent)?;
        let count = self.consents.get(&consent.patient).map_or(0, BTreeMap::len);
        if count >= CONSENTS_PER_PATIENT_MAX {
            return Err(Rejection::TooManyConsents(consent.patient));
        }
        let consents = self.consents.entry(consent.patient).or_default();
        consents.insert(id, consent.clone());
        self.map.set(key, leaf);
        Ok(())
    }

    fn revoke(&mut self, consent: ConsentId, patient: Pseudonym) -> Result<(), Rejection> {
        let consents = self.consents.get_mut(&patient);
        let Some(consents) = consents.filter(|consents| consents.contains_key(&consent)) else {
            return Err(Rejection::NoConsent { consent, patient });
        };
        consents.remove(&consent);
        if consents.is_empty() {
            self.consents.remove(&patient);
        }
        self.map.remove(&consent_key(consent));
        Ok(())
    }

    fn open(
        &mut self,
        at: Applied,
        request: &Request,
        decision: &Decision,
    ) -> Result<(), Rejection> {
        let sender = match request.verb {
            Verb::Store => &request.requester,
            Verb::Retrieve => &request.custodian,
            Verb::Query => return Ok(()),
        };
        if !decision.releases() {
            return Ok(());
        }
        if self.open.len() >= OPEN_PERMITS_MAX {
            return Err(Rejection::TooManyOpen);
        }
        let permit = OpenPermit {
            verb: request.verb,
            sender: sender.clone(),
            recipient: request.recipient.clone(),
            patient: request.patient,
            opened_at: at.ledger_time,
        };
        let key = open_key(at.seq);
        self.map.set(key.clone(), leaf(&key, &permit)?);
        self.open.insert(at.seq, permit);
        Ok(())
    }

    /// Counts what a closed transfer tells of other institutions.
    fn learn(&mut self, at: Applied, event: &Event) -> Result<(), Rejection> {
        let day = at.ledger_time.day();
        for (institution, good) in event.body.evidence(&event.author) {
            let known = self.reputations.get(institution).cloned();
            let mut reputation = known.unwrap_or_else(|| Reputation::new(day));
            reputation.record(day, &event.author, good);
            let key = reputation_key(institution);
            self.map.set(key.clone(), leaf(&key, &reputation)?);
            self.reputations.insert(institution.clone(), reputation);
        }
        Ok(())
    }

    /// Fills the Merkle map from everything else.
    fn rebuild(&mut self) -> Result<(), serde_json::Error> {
        if let Some(own) = &self.own {
            self.map.set(OWN_KEY.to_owned(), leaf(OWN_KEY, own)?);
        }
        if let Some(last) = &self.last {
            self.map.set(LAST_KEY.to_owned(), leaf(LAST_KEY, last)?);
        }
        for (id, consent) in self.consents.values().flatten() {
            let key = consent_key(*id);
            self.map.set(key.clone(), leaf(&key, consent)?);
        }
        for (seq, permit) in &self.open {
            let key = open_key(*seq);
            self.map.set(key.clone(), leaf(&key, permit)?);
        }
        for (slug, reputation) in &self.reputations {
            let key = reputation_key(slug);
            self.map.set(key.clone(), leaf(&key, reputation)?);
        }
        self.map.settle();
        Ok(())
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

    pub(super) fn consents(&self) -> impl Iterator<Item = (ConsentId, &Consent)> {
        let all = self.consents.values().flatten();
        all.map(|(id, consent)| (*id, consent))
    }

    pub(super) fn consents_of(
        &self,
        patient: Pseudonym,
    ) -> impl Iterator<Item = (ConsentId, &Consent)> {
        let theirs = self.consents.get(&patient).into_iter().flatten();
        theirs.map(|(id, consent)| (*id, consent))
    }

    pub(super) fn open_permits(&self) -> impl Iterator<Item = (u64, &OpenPermit)> {
        self.open.iter().map(|(seq, permit)| (*seq, permit))
    }

    pub(super) fn reputations(&self) -> impl Iterator<Item = (&InstitutionSlug, &Reputation)> {
        self.reputations.iter()
    }

    pub(super) fn reputation(&self, institution: &InstitutionSlug) -> Option<&Reputation> {
        self.reputations.get(institution)
    }
}

const OWN_KEY: &str = "own";
const LAST_KEY: &str = "last";

fn consent_key(id: ConsentId) -> String {
    format!("consent/{id}")
}

fn open_key(seq: u64) -> String {
    format!("open/{seq}")
}

fn reputation_key(slug: &InstitutionSlug) -> String {
    format!("reputation/{slug}")
}
