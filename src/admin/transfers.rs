//! What moves and what moved: one decision each, with all that followed it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::IntoParams;

use super::asked;
use super::asked::Unreadable;
use super::board::UnderWay;
use super::catalogue::Catalogue;
use super::catalogue::CatalogueError;
use super::console::Console;
use super::decisions::blocking;
use super::problem::Problem;
use crate::audit;
use crate::audit::ClockFace;
use crate::audit::Filter;
use crate::audit::Record;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::contract::Verb;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedObject;
use crate::gateway::control::QueuePlace;
use crate::storage::FOUND_MAX;
use crate::storage::Facet;

/// Entries that are read for one answer, beyond its first row.
const PARTS_MAX: usize = 4_000;
/// Times that the ledger is asked for more, where few are what is sought.
const ROUNDS_MAX: usize = 3;
/// Decisions about the same study that are looked at for deliveries.
const DELIVERIES_MAX: usize = 64;

/// Which transfers. What is empty leaves nothing out.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TransfersAsked {
    /// An institution that asked, holds the images or receives them.
    pub(super) institution: String,
    /// An AE title, of the requester or of the recipient.
    pub(super) ae: String,
    /// `completed`, `failed`, `interrupted`, `cancelled` or `stopped`.
    pub(super) outcome: String,
    /// A purpose of use, such as `TREATMENT`.
    pub(super) purpose: String,
    /// Begun from this moment on: a day, a time on the site's clocks, or a time with an offset (RFC 3339).
    pub(super) from: String,
    /// Begun before this moment, likewise.
    pub(super) to: String,
    /// Only decisions before this entry: `before` of the page that came first.
    pub(super) before: Option<u64>,
    /// At most so many: 1 to 200, 25 if absent.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<usize>,
}

/// The same, understood.
#[derive(Clone, Debug)]
pub(super) struct TransfersSought {
    filter: Filter,
    outcome: Option<Outcome>,
    before: u64,
    limit: usize,
}

impl TransfersAsked {
    /// Its fields, by name.
    pub(super) fn fields(&self) -> [(&'static str, &str); 6] {
        [
            ("institution", &self.institution),
            ("ae", &self.ae),
            ("outcome", &self.outcome),
            ("purpose", &self.purpose),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    /// Nothing is sought in particular.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_none() && self.fields().iter().all(|(_, text)| text.trim().is_empty())
    }

    /// Understands it.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub(super) fn sought(&self, face: &ClockFace) -> Result<TransfersSought, Unreadable> {
        Ok(TransfersSought {
            filter: Filter {
                from: asked::moment(face, "from", &self.from)?,
                to: asked::moment(face, "to", &self.to)?,
                institution: asked::read("institution", &self.institution)?,
                ae: asked::read("ae", &self.ae)?,
                purpose: asked::read("purpose", &self.purpose)?,
                ..Filter::default()
            },
            outcome: asked::one_of("outcome", &self.outcome, &Outcome::ALL, Outcome::as_str)?,
            before: self.before.unwrap_or(u64::MAX),
            limit: asked::limit(self.limit)?,
        })
    }
}

impl TransfersSought {
    /// Whether it takes one that moves.
    pub(super) fn takes(&self, moving: &UnderWay) -> bool {
        let (filter, request) = (&self.filter, &moving.judged.request);
        let institutions = [&request.requester, &request.custodian, &request.recipient];
        let aes = [&request.requester_ae, &request.recipient_ae];
        let is_among = |asked: &InstitutionSlug| institutions.contains(&asked);
        filter.from.is_none_or(|from| moving.since >= from)
            && filter.to.is_none_or(|to| moving.since < to)
            && filter.institution.as_ref().is_none_or(is_among)
            && filter.ae.as_ref().is_none_or(|ae| aes.contains(&ae))
            && filter
                .purpose
                .is_none_or(|purpose| purpose == request.purpose)
            && self
                .outcome
                .is_none_or(|outcome| moving.outcome == Some(outcome))
    }
}

/// Whether images go out under a decision.
fn moves(record: &Record) -> bool {
    let judged = record.judged.as_ref();
    judged.is_some_and(|judged| {
        judged.entry == record.entry.seq
            && judged.decision.releases()
            && judged.request.verb != Verb::Query
    })
}

/// Nothing has moved yet under a decision.
fn begun(decision: &Record) -> Option<UnderWay> {
    let judged = decision.judged.clone()?;
    Some(UnderWay::begun(judged, decision.at()))
}

/// What moved, and the entry before which the next look goes on.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// By the moment of the decision, the newest first.
    pub(super) transfers: Vec<UnderWay>,
    /// `None`: there is no more.
    pub(super) before: Option<u64>,
}

/// Gathers what followed these decisions, of which `known` are known already; as many of them, from the first on,
/// as have room in one answer.
fn gather(
    catalogue: &Catalogue,
    decisions: &[Record],
    known: &BTreeMap<u64, UnderWay>,
) -> Result<Vec<UnderWay>, CatalogueError> {
    let mut transfers = Vec::new();
    let mut wanted = BTreeSet::new();
    for decision in decisions {
        if let Some(known) = known.get(&decision.entry.seq) {
            transfers.push(known.clone());
            continue;
        }
        let parts = catalogue.numbers_about(decision.entry.seq, FOUND_MAX)?;
        let room = PARTS_MAX.saturating_sub(wanted.len());
        if parts.len() > room && !transfers.is_empty() {
            break;
        }
        wanted.extend(parts);
        transfers.extend(begun(decision));
    }
    let numbers: Vec<u64> = wanted.into_iter().collect();
    let parts = catalogue.read(&numbers)?;
    for part in parts.values() {
        let follows = Record::follows(part.body());
        let mut of_it = transfers.iter_mut();
        let of_it = of_it.find(|transfer| follows == Some(transfer.judged.entry));
        if let Some(transfer) = of_it.filter(|one| !known.contains_key(&one.judged.entry)) {
            transfer.add(part);
        }
    }
    Ok(transfers)
}

/// What ended of what is sought, by the moment of the decision, the newest first.
fn ended(
    catalogue: &Catalogue,
    sought: &TransfersSought,
    known: &BTreeMap<u64, UnderWay>,
    mut before: u64,
) -> Result<Moved, CatalogueError> {
    let institution = sought.filter.institution.iter().cloned();
    let facets: Vec<Vec<Facet>> = institution
        .map(|institution| vec![Facet::Institution(institution)])
        .collect();
    let mut found = Moved::default();
    for _ in 0..ROUNDS_MAX {
        let page = (before, sought.limit);
        let looked = catalogue.newest_first("decision", &facets, &sought.filter, page, moves)?;
        let gathered = gather(catalogue, &looked.records, known)?;
        let all = gathered.len() == looked.records.len();
        for transfer in gathered {
            before = transfer.judged.entry;
            if transfer.outcome.is_some() && sought.takes(&transfer) {
                found.transfers.push(transfer);
                if found.transfers.len() >= sought.limit {
                    found.before = (before > 0).then_some(before);
                    return Ok(found);
                }
            }
        }
        match (all, looked.before) {
            (true, None) => return Ok(found),
            (true, Some(next)) => before = next,
            (false, _) => break,
        }
    }
    found.before = (before > 0).then_some(before);
    Ok(found)
}

/// One transfer, with all its parts.
#[derive(Clone, Debug)]
pub(super) struct OneTransfer {
    /// All of it.
    pub(super) transfer: UnderWay,
    /// Its entries, in order: how it went, and receipts.
    pub(super) parts: Vec<Record>,
    /// There is more than is told.
    pub(super) more: bool,
    /// Decisions by which the gateway delivered what was spooled.
    pub(super) deliveries: Vec<Record>,
    /// What lies in queues, by queue: dead letters and what is in quarantine.
    pub(super) aside: Vec<(String, Vec<ListedObject>)>,
}

impl Console {
    /// What moves now of what is sought, by the moment of the decision.
    pub(super) fn moving(&self, sought: &TransfersSought) -> Vec<UnderWay> {
        let seen = self.board.seen();
        let moving = seen.under_way().filter(|one| sought.takes(one));
        moving.cloned().collect()
    }

    /// How many entries the board has seen, and the transfers that it knows.
    fn known(&self) -> (u64, BTreeMap<u64, UnderWay>) {
        let seen = self.board.seen();
        let known = seen.ended().chain(seen.under_way());
        let known = known.map(|one| (one.judged.entry, one.clone()));
        (seen.entries(), known.collect())
    }

    /// What ended of what is sought, the newest first.
    pub(super) async fn moved(&self, sought: TransfersSought) -> Result<Moved, Problem> {
        let (catalogue, journal) = (self.catalogue(), self.recorder.journal());
        let (entries, known) = self.known();
        blocking(move || {
            let mut before = sought.before;
            if let Some(to) = sought.filter.to {
                let first = audit::first_from(&journal, entries, to);
                let after = first.map_err(|error| CatalogueError::Reading(error.into()))?;
                before = before.min(if after < entries { after } else { u64::MAX });
            }
            Ok(ended(&catalogue, &sought, &known, before)?)
        })
        .await
    }

    /// One transfer.
    pub(super) async fn transfer(&self, decision: u64) -> Result<OneTransfer, Problem> {
        let catalogue = self.catalogue();
        let mut one = blocking(move || Ok(one_transfer(&catalogue, decision)?)).await?;
        let mut one = one.take().ok_or_else(Problem::not_found)?;
        one.aside = self.aside(&one.transfer).await;
        Ok(one)
    }

    /// What of a transfer's study lies in the queues of its recipient, and is not on its way.
    async fn aside(&self, transfer: &UnderWay) -> Vec<(String, Vec<ListedObject>)> {
        let request = &transfer.judged.request;
        let Some(study) = request.study.as_ref().map(|study| study.uid_digest) else {
            return Vec::new();
        };
        let Ok(queues) = self.queues().await else {
            return Vec::new();
        };
        let peers = self.config.peers.iter();
        let theirs = peers.filter(|peer| peer.ae_title == request.recipient_ae);
        let names: BTreeSet<&str> = theirs.map(|peer| peer.name.as_str()).collect();
        let lies = |amount: u64| amount > 0;
        let queues = queues.into_iter().filter(|queue| {
            names.contains(queue.queue.as_str())
                && (lies(queue.dead.objects) || lies(queue.quarantined.objects))
        });
        let mut found = Vec::new();
        for queue in queues {
            let command = Command::Queue {
                queue: queue.queue.clone(),
                one_by_one: true,
            };
            let Answer::Queue { mut objects, .. } = self.perform(command).await else {
                continue;
            };
            objects.retain(|object| {
                object.study == Some(study)
                    && matches!(object.place, QueuePlace::Dead | QueuePlace::Quarantined)
            });
            if !objects.is_empty() {
                found.push((queue.queue, objects));
            }
        }
        found
    }
}

fn one_transfer(
    catalogue: &Catalogue,
    decision: u64,
) -> Result<Option<OneTransfer>, CatalogueError> {
    let record = catalogue.entry(decision)?.filter(moves);
    let Some((record, mut transfer)) = record.and_then(|record| {
        let begun = begun(&record)?;
        Some((record, begun))
    }) else {
        return Ok(None);
    };
    let (parts, more) = catalogue.about(decision, FOUND_MAX)?;
    for part in &parts {
        transfer.add(part);
    }
    let study = record.study().map(|study| Facet::Study(study.uid_digest));
    let mut deliveries = match study.filter(|_| transfer.spooled > 0) {
        Some(study) => {
            let after = decision.saturating_add(1);
            // Without the index, what was delivered is found by its own decisions only.
            catalogue
                .since(&study, after, DELIVERIES_MAX)
                .unwrap_or_default()
        }
        None => Vec::new(),
    };
    deliveries.retain(|record| {
        let request = record.request();
        moves(record) && request.is_some_and(|request| request.again == Some(decision))
    });
    Ok(Some(OneTransfer {
        transfer,
        parts,
        more,
        deliveries,
        aside: Vec::new(),
    }))
}

#[cfg(test)]
pub(super) mod fixtures;
#[cfg(test)]
mod tests;
