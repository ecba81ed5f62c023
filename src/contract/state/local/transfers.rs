//! Decisions that release images and whose end is not recorded yet.

use serde::Deserialize;
use serde::Serialize;

use super::Rejection;
use super::Step;
use crate::contract::decision::Decision;
use crate::contract::event::Body;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Request;
use crate::contract::request::Verb;
use crate::contract::state::table::Fact;
use crate::contract::state::table::Table;
use crate::time::UtcMicros;

/// Permits that can be open at a time.
pub const OPEN_PERMITS_MAX: usize = 100_000;

/// A decision that releases images and whose end is not recorded yet: what is needed to close it
/// after a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenPermit {
    /// Ledger time of the decision.
    pub opened_at: UtcMicros,
    /// Whose images.
    pub patient: Option<Pseudonym>,
    /// Who receives.
    pub recipient: InstitutionSlug,
    /// Who sends: the requester of a store, else the custodian.
    pub sender: InstitutionSlug,
    /// What was permitted: a store or a retrieval. Queries move no images and stay open for
    /// nothing.
    pub verb: Verb,
}

impl Fact for OpenPermit {
    type Key = u64;
    const KIND: &'static str = "open";
}

/// Open permits, by the number of their decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::contract::state) struct Transfers(Table<OpenPermit>);

impl Transfers {
    pub(super) const fn new() -> Self {
        Self(Table::new())
    }

    pub(super) fn apply(&mut self, step: &mut Step<'_>, body: &Body) -> Result<(), Rejection> {
        match body {
            Body::Decision { request, decision } => self.open(step, request, decision),
            Body::TransferClosed {
                decision,
                sender,
                recipient,
                is_final,
                ..
            } => {
                match self.0.get(decision) {
                    None => return Err(Rejection::NotOpen(*decision)),
                    Some(open) if open.sender != *sender || open.recipient != *recipient => {
                        return Err(Rejection::Parties(*decision));
                    }
                    Some(_) => {}
                }
                if *is_final {
                    self.0.remove(step.map, decision);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open(
        &mut self,
        step: &mut Step<'_>,
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
        if self.0.len() >= OPEN_PERMITS_MAX {
            return Err(Rejection::TooManyOpen);
        }
        let permit = OpenPermit {
            opened_at: step.time,
            patient: request.patient,
            recipient: request.recipient.clone(),
            sender: sender.clone(),
            verb: request.verb,
        };
        Ok(self.0.put(step.map, step.seq, permit)?)
    }

    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        self.0.fill(map)
    }

    pub(in crate::contract::state) fn open_permits(
        &self,
    ) -> impl Iterator<Item = (u64, &OpenPermit)> {
        self.0.iter().map(|(seq, permit)| (*seq, permit))
    }
}
