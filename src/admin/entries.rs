//! Entries of the ledger, found by what they are about or by their numbers, and who the patients in them are.

use std::collections::BTreeSet;

use super::caller::Caller;
use super::catalogue::Catalogue;
use super::catalogue::CatalogueError;
use super::console::Console;
use super::jobs;
use super::problem::Problem;
use super::rights::Right;
use super::shelf;
use super::shelf::Found;
use crate::audit;
use crate::audit::Filter;
use crate::audit::Identity;
use crate::audit::Reading;
use crate::audit::ReadingError;
use crate::audit::Record;
use crate::contract::DetailsOf;
use crate::storage::Facet;
use crate::storage::IndexError;
use crate::storage::JournalReader;

/// An entry, looked up.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    /// As audits tell it.
    pub(super) record: Record,
    /// As it stands in the ledger.
    pub(super) line: String,
    /// The same with room in it, for people.
    pub(super) pretty: String,
    /// Something is sealed beside it, or beside the decision that it follows from.
    pub(super) is_sealed: bool,
    /// There is one after it.
    pub(super) has_next: bool,
}

/// What is sealed beside an entry.
#[derive(Clone, Debug)]
pub(super) struct Details {
    /// `None`: the patient was forgotten, or the details were dropped.
    pub(super) identity: Option<Identity>,
}

/// The number of an entry, out of an address.
///
/// # Errors
/// When it is none: there is no such entry.
pub(super) fn number(text: &str) -> Result<u64, Problem> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    number.ok_or_else(Problem::not_found)
}

/// Up to `limit` entries before entry `before` that `filter` takes, the newest first. By the index where that tells
/// all of them; else the ledger is looked through, a bounded part of it. Blocks on the disk.
fn look(
    catalogue: &Catalogue,
    journal: &JournalReader,
    filter: &Filter,
    page: (u64, usize),
) -> Result<Found, CatalogueError> {
    if let Some(kind) = &filter.kind {
        let mut facets = Vec::new();
        // What follows from a decision is about those whom the decision names, and the index does not say so.
        if kind == DECISION {
            let patients = filter.patients.iter().copied().map(Facet::Patient);
            let institution = filter.institution.iter().cloned().map(Facet::Institution);
            facets.push(patients.collect::<Vec<Facet>>());
            facets.push(institution.collect());
            facets.retain(|facets| !facets.is_empty());
        }
        return catalogue.newest_first(kind, &facets, filter, page, |_| true);
    }
    if !filter.patients.is_empty() {
        match catalogue.of_patients(filter, page) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) | Err(CatalogueError::Index(IndexError::Unavailable)) => {}
            Err(error) => return Err(error),
        }
    }
    let (before, limit) = page;
    Ok(shelf::newest_first(journal, None, filter, before, limit)?)
}

/// The kind of a decision.
const DECISION: &str = "decision";

/// Entries that came since the console looked last, at most: those of some seconds.
const NEWEST_MAX: usize = 20_000;

/// Whether many entries are looked at for few: what neither the index finds nor most entries are.
fn is_long(filter: &Filter) -> bool {
    let is_indexed = filter.kind.is_some() || !filter.patients.is_empty();
    let is_narrow = filter.institution.is_some()
        || filter.ae.is_some()
        || filter.user.is_some()
        || filter.study.is_some()
        || filter.purpose.is_some()
        || filter.verdict.is_some();
    !is_indexed && is_narrow
}

/// The entry before which all lie that `filter` can take, of which the first `known` are known to be there.
fn end(journal: &JournalReader, filter: &Filter, known: u64) -> Result<u64, ReadingError> {
    let mut end = known;
    for stored in journal.unchecked_entries(known).take(NEWEST_MAX) {
        end = stored?.entry.seq.saturating_add(1);
    }
    match filter.to {
        Some(to) => Ok(audit::first_from(journal, end, to)?),
        None => Ok(end),
    }
}

impl Console {
    /// Up to `limit` entries before entry `before` that `filter` takes, the newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(super) async fn entries(
        &self,
        filter: Filter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Found, Problem> {
        let (catalogue, journal) = (self.catalogue(), self.recorder.journal());
        let signed = self.checkpoint().map_or(0, |(newest, _)| newest.size);
        let known = self.board.seen().entries().max(signed);
        let is_long = is_long(&filter);
        let looking = move || {
            let end = end(&journal, &filter, known)?;
            let before = before.map_or(end, |before| before.min(end));
            look(&catalogue, &journal, &filter, (before, limit))
        };
        if !is_long {
            let found = tokio::task::spawn_blocking(looking).await;
            return Ok(found.map_err(|_| Problem::unavailable(""))??);
        }
        let seat = self.searches.acquire().await;
        let seat = seat.map_err(|_| Problem::unavailable(""))?;
        let found = jobs::apart("search", looking).await;
        drop(seat);
        Ok(found.map_err(Problem::unavailable)??)
    }

    /// An entry.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub(super) async fn entry(&self, seq: u64) -> Result<Looked, Problem> {
        let journal = self.recorder.journal();
        let look = move || -> Result<Option<Looked>, ReadingError> {
            let Some(stored) = journal.get(seq)? else {
                return Ok(None);
            };
            let has_next = journal.get(seq.saturating_add(1))?.is_some();
            let line = stored.entry.line().unwrap_or_default();
            let pretty = serde_json::to_string_pretty(&stored.entry).unwrap_or_default();
            let mut is_sealed = stored.sealed.is_some();
            let record = Reading::of_journal(journal.clone(), None).record(stored)?;
            if let Some(judged) = &record.judged
                && !is_sealed
            {
                let decision = journal.get(judged.entry)?;
                is_sealed = decision.is_some_and(|stored| stored.sealed.is_some());
            }
            Ok(Some(Looked {
                record,
                line,
                pretty,
                is_sealed,
                has_next,
            }))
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let looked = looked.map_err(|_| Problem::unavailable(""))?;
        let looked = looked.map_err(CatalogueError::from)?;
        looked.ok_or_else(Problem::not_found)
    }

    /// What is sealed beside an entry, or beside the decision that it follows from. That it is shown is recorded.
    ///
    /// # Errors
    /// When `caller` may not know, or it cannot be recorded.
    pub(super) async fn details(
        &self,
        caller: &Caller,
        looked: &Looked,
    ) -> Result<Details, Problem> {
        caller.may(Right::SeePatients)?;
        let seq = looked.record.entry.seq;
        let decision = looked.record.judged.as_deref().map(|judged| judged.entry);
        for entry in [Some(seq), decision.filter(|decision| *decision != seq)] {
            let Some(entry) = entry else { continue };
            let unsealed = self.recorder.unseal(entry).await;
            let unsealed = unsealed.map_err(|_| Problem::unavailable("the gateway stops"))?;
            let Some((patient, details)) = unsealed else {
                continue;
            };
            let Ok(identity) = serde_json::from_slice(&details) else {
                continue;
            };
            let patients = BTreeSet::from([patient]);
            self.shown(caller, patients, DetailsOf::Entries, Some(seq))
                .await?;
            return Ok(Details {
                identity: Some(identity),
            });
        }
        Ok(Details { identity: None })
    }
}
