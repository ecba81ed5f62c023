//! What an entry is found by, read from its line without reading all of it.
//!
//! The kinds that fill a ledger have a short form here: only the members that are facets, all
//! others stepped over. A line of any other kind, or that does not fit the short form, is read in
//! full; both ways find the same.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::digest::Sha256;
use crate::ledger::Entry;
use crate::ledger::EntryError;
use crate::storage::index::facet::Facet;
use crate::storage::index::facet::facets_of;
use crate::time::UtcMicros;

/// Stands before the kind of an event. No text within the line can hold it: its quotes would be
/// escaped.
const KIND: &str = r#""kind":""#;

/// An entry, as the index takes it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Faceted {
    pub(super) seq: u64,
    /// SHA-256 of its line.
    pub(super) line_hash: Sha256,
    /// What it is found by: keys of facets.
    pub(super) keys: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
struct Line<B> {
    event: Event<B>,
    ledger_time: UtcMicros,
}

#[derive(Deserialize)]
struct Event<B> {
    body: B,
}

/// The kinds with a short form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Decision,
    TransferClosed,
    Query,
    ConsentGranted,
}

#[derive(Deserialize)]
struct Decided {
    kind: Kind,
    request: Asked,
}

#[derive(Deserialize)]
struct Asked {
    requester: InstitutionSlug,
    custodian: InstitutionSlug,
    recipient: InstitutionSlug,
    patient: Option<Pseudonym>,
    study: Option<Study>,
}

#[derive(Deserialize)]
struct Study {
    uid_digest: Sha256,
}

#[derive(Deserialize)]
struct Closed {
    kind: Kind,
    decision: u64,
    sender: InstitutionSlug,
    recipient: InstitutionSlug,
}

#[derive(Deserialize)]
struct Queried {
    kind: Kind,
    decision: u64,
}

#[derive(Deserialize)]
struct Granted {
    kind: Kind,
    consent: Consented,
}

#[derive(Deserialize)]
struct Consented {
    patient: Pseudonym,
    grantees: Grantees,
}

/// A short form, and what it is found by besides its day and kind.
trait Short: DeserializeOwned {
    fn kind(&self) -> Kind;
    fn facets(self) -> Vec<Facet>;
}

impl Short for Decided {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn facets(self) -> Vec<Facet> {
        let asked = self.request;
        let parties = [asked.requester, asked.custodian, asked.recipient];
        let mut facets = parties.map(Facet::Institution).to_vec();
        facets.extend(asked.patient.map(Facet::Patient));
        facets.extend(asked.study.map(|study| Facet::Study(study.uid_digest)));
        facets
    }
}

impl Short for Closed {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn facets(self) -> Vec<Facet> {
        let parties = [self.sender, self.recipient].map(Facet::Institution);
        [Facet::About(self.decision)]
            .into_iter()
            .chain(parties)
            .collect()
    }
}

impl Short for Queried {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn facets(self) -> Vec<Facet> {
        vec![Facet::About(self.decision)]
    }
}

impl Short for Granted {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn facets(self) -> Vec<Facet> {
        let mut facets = vec![Facet::Patient(self.consent.patient)];
        if let Grantees::Named(named) = self.consent.grantees {
            facets.extend(named.into_iter().map(Facet::Institution));
        }
        facets
    }
}

/// Everything that the entry with this line is found by.
///
/// # Errors
/// When the text is no entry's line.
pub(super) fn facets_of_line(line: &str) -> Result<Vec<Facet>, EntryError> {
    match short(line) {
        Some(facets) => Ok(facets),
        None => Ok(facets_of(&Entry::read(line)?)),
    }
}

fn short(line: &str) -> Option<Vec<Facet>> {
    let (_, rest) = line.split_once(KIND)?;
    let (kind, _) = rest.split_once('"')?;
    match kind {
        "decision" => read::<Decided>(line, Kind::Decision, kind),
        "transfer-closed" => read::<Closed>(line, Kind::TransferClosed, kind),
        "query" => read::<Queried>(line, Kind::Query, kind),
        "consent-granted" => read::<Granted>(line, Kind::ConsentGranted, kind),
        _ => None,
    }
}

fn read<B: Short>(line: &str, kind: Kind, name: &str) -> Option<Vec<Facet>> {
    let line: Line<B> = serde_json::from_str(line).ok()?;
    let body = line.event.body;
    if body.kind() != kind {
        return None;
    }
    let mut facets = vec![
        Facet::Day(line.ledger_time.day()),
        Facet::Kind(name.to_owned()),
    ];
    facets.extend(body.facets());
    Some(facets)
}
