//! Going on with a retrieval from another gateway whose association broke: what its archive listed and the
//! destination has not answered for is asked for again, image by image, under new decisions, until there is
//! nothing left or the time for it has passed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Request;
use super::Stop;
use super::archive::Archive;
use super::archive::ArchiveError;
use super::archive::FoundInstance;
use super::archive::Offered;
use super::by_move::Follow;
use super::identifier::Identifier;
use super::identifier::Level;
use crate::contract::Outcome;
use crate::dicom::Uid;
use crate::gateway::Gateway;
use crate::gateway::inbound::Inbound;
use crate::gateway::link::Role;
use crate::gateway::link::Ticket;
use crate::gateway::link::Ticketed;
use crate::gateway::recorder::Asked;
use crate::gateway::recorder::Judged;
use crate::gateway::session::Session;
use crate::gateway::transfer::Closing;

/// From one try to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// Instances that one request names, at most: 64 characters each, they fit into an element.
const NAMED_MAX: usize = 500;

/// What is to come, by study, as the archive listed it.
pub(super) type Listed = BTreeMap<Uid, Vec<FoundInstance>>;

/// What is needed to go on after a break.
pub(super) struct Resumable {
    pub(super) listed: Listed,
    pub(super) offered: Vec<Offered>,
    /// How long it may take until something arrives again.
    pub(super) patience: Duration,
}

/// A retrieval that goes on.
pub(super) struct Resumed {
    pub(super) archive: Archive,
    pub(super) plan: Vec<Identifier>,
}

impl Session {
    /// Opens the archive again, which may take a while: the requestor hears Pending meanwhile. `None` when
    /// nothing is left to be fetched, the time has passed, or the requestor cancelled.
    pub(super) async fn resume(
        &mut self,
        request: &Request,
        follow: &mut Follow<'_>,
        resumable: &Resumable,
        until: Instant,
    ) -> Result<Option<Resumed>, Stop> {
        let gateway = Arc::clone(&self.gateway);
        let missing = follow.missing(&resumable.listed);
        follow.retrieval.progress().counts.archive_broken();
        if missing.is_empty() || follow.cancelled {
            return Ok(None);
        }
        tracing::warn!(archive = %request.archive.name, "the link broke; going on when it is back");
        let inbound = self.inbound.clone();
        let counts = follow.retrieval.progress().counts.clone();
        let opened = async {
            let tries = async {
                loop {
                    tokio::time::sleep(PAUSE).await;
                    match open(&gateway, &inbound, request, resumable).await {
                        Ok(archive) => return archive,
                        Err(error) => tracing::info!(%error, "the link is not back yet"),
                    }
                }
            };
            Ok(tokio::time::timeout_at(until, tries).await.ok())
        };
        let opened = match self.attend(request, &counts, Box::pin(opened)).await {
            Ok(opened) => opened,
            // It cancelled.
            Err(Stop::Reply(_)) => {
                follow.cancelled = true;
                return Ok(None);
            }
            Err(ended) => return Err(ended),
        };
        let Some(archive) = opened else {
            return Ok(None);
        };
        let mut plan = Vec::new();
        for (study, instances) in missing {
            if !self.decide_again(follow, &study).await? {
                continue;
            }
            plan.extend(requests(&study, &instances));
            let counts = &mut follow.retrieval.progress().counts;
            instances.iter().for_each(|one| counts.unfail(&one.uid));
        }
        Ok(Some(Resumed { archive, plan }))
    }

    /// A new decision on a study for what is left of it; its first part is over. `false`: not permitted any
    /// more.
    async fn decide_again(&self, follow: &Follow<'_>, study: &Uid) -> Result<bool, Stop> {
        let gateway = &self.gateway;
        let before = {
            let mut progress = follow.retrieval.progress();
            let study = progress.studies.get_mut(study);
            study.map(|study| (study.recorded.clone(), std::mem::take(&mut study.tally)))
        };
        let Some((before, tally)) = before else {
            return Ok(false);
        };
        let closing = Closing::last(Outcome::Interrupted);
        gateway.recorder.close(&before, &tally, closing).await;
        if let Some(ticket) = before.ticket() {
            gateway.receipts.finish(gateway, ticket).await;
        }
        let ticket = before.ticket();
        let ticket = ticket.and_then(|ticket| Ticket::begin(&ticket.with, Role::Recipient));
        let asked = Asked {
            ticket: Ticketed(ticket),
            ..before.asked().clone()
        };
        match gateway.recorder.decide(asked).await {
            Ok(Judged::Permitted(again)) => {
                if let Some(study) = follow.retrieval.progress().studies.get_mut(study) {
                    study.recorded = again;
                    study.refused = None;
                }
                Ok(true)
            }
            Ok(Judged::Refused(_)) => {
                // Its decision is closed, and nothing of it comes any more.
                follow.retrieval.progress().studies.remove(study);
                Ok(false)
            }
            Err(error) => Err(ArchiveError::from(error).into()),
        }
    }
}

async fn open(
    gateway: &Gateway,
    inbound: &Inbound,
    request: &Request,
    resumable: &Resumable,
) -> Result<Archive, ArchiveError> {
    let calling = inbound.calling_towards(&request.archive);
    let (class, offered) = (Some(&request.class), resumable.offered.clone());
    Archive::open(gateway, &request.archive, calling, class, offered).await
}

/// Requests for these instances, series by series: a request at IMAGE level names one series (PS3.4
/// §C.4.3.1.3).
fn requests(study: &Uid, instances: &[FoundInstance]) -> Vec<Identifier> {
    let mut by_series: BTreeMap<&Uid, Vec<Uid>> = BTreeMap::new();
    for instance in instances {
        let series = by_series.entry(&instance.series).or_default();
        series.push(instance.uid.clone());
    }
    let mut plan = Vec::new();
    for (series, uids) in by_series {
        plan.extend(uids.chunks(NAMED_MAX).map(|uids| Identifier {
            level: Level::Image,
            patient_id: None,
            studies: vec![study.clone()],
            series: vec![series.clone()],
            instances: uids.to_vec(),
        }));
    }
    plan
}

impl Follow<'_> {
    /// Counts what was listed and has not been answered for, before the last response: as remaining where the
    /// requestor cancelled, else as failed, by name.
    pub(super) fn account_for(&mut self, resumable: &Resumable) {
        let missing = self.missing(&resumable.listed);
        let left = missing.values().flatten();
        if self.cancelled {
            let count = u32::try_from(left.count()).unwrap_or(u32::MAX);
            self.remaining = self.remaining.max(count);
            return;
        }
        let counts = &mut self.retrieval.progress().counts;
        left.for_each(|one| counts.fail(one.uid.clone()));
    }

    /// How many instances the destination has answered for.
    pub(super) fn settled(&self) -> usize {
        let progress = self.retrieval.progress();
        progress.settled.as_ref().map_or(0, BTreeSet::len)
    }

    /// What was listed, and the destination has not answered for.
    fn missing(&self, listed: &Listed) -> Listed {
        let progress = self.retrieval.progress();
        let nothing = BTreeSet::new();
        let settled = progress.settled.as_ref().unwrap_or(&nothing);
        let mut missing = Listed::new();
        for (study, instances) in listed {
            let left = instances.iter().filter(|one| !settled.contains(&one.uid));
            let left: Vec<FoundInstance> = left.cloned().collect();
            if !left.is_empty() {
                missing.insert(study.clone(), left);
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(series: &str, uid: &str) -> FoundInstance {
        FoundInstance {
            uid: uid.parse().unwrap(),
            series: series.parse().unwrap(),
            class: None,
        }
    }

    #[test]
    fn what_is_left_is_asked_for_by_series_and_in_requests_of_bounded_length() {
        let mut left: Vec<_> = (0..NAMED_MAX + 1)
            .map(|number| instance("1.2.1", &format!("1.2.1.{number}")))
            .collect();
        left.push(instance("1.2.2", "1.2.2.1"));
        let plan = requests(&"1.2".parse().unwrap(), &left);
        let sizes: Vec<usize> = plan.iter().map(|one| one.instances.len()).collect();
        assert_eq!(sizes, [NAMED_MAX, 1, 1]);
        assert!(plan.iter().all(|one| one.series.len() == 1));
        let longest = plan.iter().map(|one| one.encode().len()).max().unwrap();
        assert!(longest < 65_534);
    }
}
