//! Decisions that release images and whose end is not recorded yet.

use serde::Deserialize;
use serde::Serialize;

use super::Rejection;
use super::Step;
use crate::contract::acts::Outcome;
use crate::contract::body::Body;
use crate::contract::decision::Decision;
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
    /// An earlier part of the transfer delivered something.
    pub delivered: bool,
    /// On whose side an earlier part went wrong, if one did.
    pub fault: Option<InstitutionSlug>,
    /// Ledger time of the decision.
    pub opened_at: UtcMicros,
    /// Whose images.
    pub patient: Option<Pseudonym>,
    /// Who receives.
    pub recipient: InstitutionSlug,
    /// Who sends: the requester of a store, else the custodian.
    pub sender: InstitutionSlug,
    /// That it ends well speaks for nobody: a receipt that two gateways sign does, or the images were
    /// sealed into a parcel, and who has that is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
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
                instances,
                fault,
                is_final,
                ..
            } => {
                let open = self.0.get(decision);
                let open = open.ok_or(Rejection::NotOpen(*decision))?;
                if open.sender != *sender || open.recipient != *recipient {
                    return Err(Rejection::Parties(*decision));
                }
                if *is_final {
                    self.0.remove(step.map, decision);
                    return Ok(());
                }
                let part = OpenPermit {
                    delivered: open.delivered || *instances > 0,
                    fault: open.fault.clone().or_else(|| fault.clone()),
                    ..open.clone()
                };
                if part == *open {
                    return Ok(());
                }
                Ok(self.0.put(step.map, *decision, part)?)
            }
            Body::ParcelSealed { decision, .. } => match self.0.get(decision) {
                Some(open) => {
                    let silent = OpenPermit {
                        silent: true,
                        ..open.clone()
                    };
                    Ok(self.0.put(step.map, *decision, silent)?)
                }
                None => Ok(()),
            },
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
            delivered: false,
            fault: None,
            opened_at: step.time,
            patient: request.patient,
            recipient: request.recipient.clone(),
            sender: sender.clone(),
            silent: request
                .through
                .as_ref()
                .is_some_and(|through| through.receipt),
            verb: request.verb,
        };
        Ok(self.0.put(step.map, step.seq, permit)?)
    }

    /// What the end of a transfer is evidence of: the institutions other than `own` that sent or
    /// received, each with whether it is good. To be asked before the event is applied.
    ///
    /// A transfer counts once, whatever number of parts it was recorded in. Good: it was completed,
    /// something was delivered, and nothing else is to speak for that. Late: some part names the institution as at fault, whatever was
    /// delivered. Everything else (broken on our own side, cancelled, stopped, nobody known to be at
    /// fault, nothing sent) counts neither way.
    pub(in crate::contract::state) fn evidence(
        &self,
        body: &Body,
        own: &InstitutionSlug,
    ) -> Vec<(InstitutionSlug, bool)> {
        let Body::TransferClosed {
            decision,
            sender,
            recipient,
            instances,
            outcome,
            fault,
            is_final: true,
            ..
        } = body
        else {
            return Vec::new();
        };
        let open = self.0.get(decision);
        let delivered = *instances > 0 || open.is_some_and(|open| open.delivered);
        let earlier = open.and_then(|open| open.fault.as_ref());
        let silent = open.is_some_and(|open| open.silent);
        let good = *outcome == Outcome::Completed && delivered && !silent;
        let second = (recipient != sender).then_some(recipient);
        let others = std::iter::once(sender).chain(second);
        let others = others.filter(|institution| *institution != own);
        others
            .filter_map(|institution| {
                let at_fault = [fault.as_ref(), earlier].contains(&Some(institution));
                (at_fault || good).then(|| (institution.clone(), !at_fault))
            })
            .collect()
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
