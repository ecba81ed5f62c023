//! Retrievals under way. When an archive sends us images that a C-MOVE of ours asked for, its
//! association names only itself and an AE title of ours; this is where the two are matched.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::mpsc;

use super::super::recorder::PatientIdentity;
use super::super::recorder::Recorded;
use super::super::recorder::Refusal;
use super::super::transfer::Tally;
use super::count::Counts;
use super::hand_over::Delivery;
use crate::config::Peer;
use crate::config::PeerName;
use crate::contract::Outcome;
use crate::dicom::AeTitle;
use crate::dicom::Head;
use crate::dicom::Uid;

/// Who asked, as the destination is told (0000,1030 and 0000,1031).
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Originator {
    pub(in crate::gateway) ae_title: AeTitle,
    pub(in crate::gateway) message_id: u16,
}

/// Where a retrieval's images go.
#[derive(Clone, Debug)]
pub(in crate::gateway) enum Destination {
    /// A peer that we open an association to.
    Peer {
        peer: Arc<Peer>,
        /// The AE title that we call it by.
        calling: AeTitle,
    },
    /// The requestor of a C-GET, on its own association.
    Requestor {
        requestor: Arc<Peer>,
        /// What it accepted: class and transfer syntax, and its context.
        contexts: Arc<BTreeMap<(Uid, Uid), u8>>,
        deliveries: mpsc::Sender<Delivery>,
    },
}

/// A study that the contract permitted to be retrieved.
#[derive(Debug)]
pub(in crate::gateway) struct PermittedStudy {
    pub(in crate::gateway) patient: Option<PatientIdentity>,
    pub(in crate::gateway) recorded: Recorded,
    /// The denial that has stopped it since; serves every further instance while it stands.
    pub(in crate::gateway) refused: Option<Refusal>,
    pub(in crate::gateway) tally: Tally,
}

impl PermittedStudy {
    /// How a part of it ends that would end as `outcome` if nothing had stopped it.
    pub(in crate::gateway) fn outcome(&self, outcome: Outcome) -> Outcome {
        match (outcome, &self.refused) {
            (Outcome::Completed, Some(_)) => Outcome::Stopped,
            (outcome, _) => outcome,
        }
    }
}

/// What changes while images move.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Progress {
    pub(in crate::gateway) studies: BTreeMap<Uid, PermittedStudy>,
    pub(in crate::gateway) counts: Counts,
    /// What the destination has answered for; kept where a break is to be gone on from.
    pub(in crate::gateway) settled: Option<BTreeSet<Uid>>,
}

impl Progress {
    /// What releases each study.
    pub(in crate::gateway) fn released(&self) -> Vec<(Uid, Recorded)> {
        let studies = self.studies.iter();
        studies
            .map(|(uid, study)| (uid.clone(), study.recorded.clone()))
            .collect()
    }
}

/// One retrieval.
#[derive(Debug)]
pub(in crate::gateway) struct Retrieval {
    /// Name of the archive that sends.
    pub(in crate::gateway) archive: String,
    /// The AE title of ours that the archive sends to.
    pub(in crate::gateway) receiving: AeTitle,
    /// Our own Message ID of the C-MOVE at the archive, unique there.
    pub(in crate::gateway) upstream_message_id: u16,
    pub(in crate::gateway) originator: Originator,
    pub(in crate::gateway) destination: Destination,
    progress: Mutex<Progress>,
}

impl Destination {
    /// Who gets them.
    pub(in crate::gateway) fn name(&self) -> &PeerName {
        match self {
            Self::Peer { peer, .. } => &peer.name,
            Self::Requestor { requestor, .. } => &requestor.name,
        }
    }
}

impl Retrieval {
    /// The progress. No await happens while it is held.
    pub(in crate::gateway) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The decision that permits an arriving instance; `None` when its study or patient is not
    /// one that was permitted, or it names no study.
    pub(in crate::gateway) fn permits(&self, head: &Head) -> Option<Recorded> {
        let progress = self.progress();
        let study = progress.studies.get(head.study_instance_uid.as_ref()?)?;
        let arrived = PatientIdentity::of(head);
        let same = match (&study.patient, &arrived) {
            (None, None) => true,
            (Some(expected), Some(arrived)) => expected.is_same_patient(arrived),
            (None, Some(_)) | (Some(_), None) => false,
        };
        same.then(|| study.recorded.clone())
    }
}

/// All retrievals under way.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Retrievals {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    retrievals: Vec<Arc<Retrieval>>,
    /// Whose turn it is to use an AE title of ours that stands for no single destination.
    turns: BTreeMap<String, Arc<tokio::sync::Mutex<()>>>,
    /// Last Message ID used at each archive: they are unique per archive, not per association.
    message_ids: BTreeMap<String, u16>,
}

/// A retrieval that is known to the registry for as long as this lives.
#[derive(Debug)]
pub(in crate::gateway) struct Registered<'a> {
    registry: &'a Retrievals,
    pub(in crate::gateway) retrieval: Arc<Retrieval>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let mut open = self.registry.lock();
        open.retrievals
            .retain(|other| !Arc::ptr_eq(other, &self.retrieval));
    }
}

impl Retrievals {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock that lets one retrieval at a time fetch from `archive` under a shared AE title.
    pub(in crate::gateway) fn turn(&self, archive: &Peer) -> Arc<tokio::sync::Mutex<()>> {
        let mut open = self.lock();
        Arc::clone(open.turns.entry(archive.name.to_string()).or_default())
    }

    /// Makes a retrieval known before the archive is asked.
    pub(in crate::gateway) fn register(
        &self,
        archive: &Peer,
        receiving: AeTitle,
        originator: Originator,
        destination: Destination,
        progress: Progress,
    ) -> Registered<'_> {
        let mut open = self.lock();
        let archive = archive.name.to_string();
        let last = open.message_ids.entry(archive.clone()).or_insert(0);
        *last = last.checked_add(1).unwrap_or(1);
        let retrieval = Arc::new(Retrieval {
            archive,
            receiving,
            upstream_message_id: *last,
            originator,
            destination,
            progress: Mutex::new(progress),
        });
        open.retrievals.push(Arc::clone(&retrieval));
        Registered {
            registry: self,
            retrieval,
        }
    }

    /// Retrievals that images from `archive` to our `receiving` may belong to.
    pub(in crate::gateway) fn awaiting(
        &self,
        archive: &Peer,
        receiving: &AeTitle,
    ) -> Vec<Arc<Retrieval>> {
        let open = self.lock();
        let mine = |r: &&Arc<Retrieval>| archive.name == *r.archive && r.receiving == *receiving;
        open.retrievals.iter().filter(mine).cloned().collect()
    }

    /// The retrieval of one arriving instance, and the decision that permits it. The archive's
    /// Move Originator Message ID decides where it is given; some archives omit it, and then the
    /// first retrieval that permits the study does: all of them go to the same destination.
    pub(in crate::gateway) fn matching(
        &self,
        archive: &Peer,
        receiving: &AeTitle,
        message_id: Option<u16>,
        head: &Head,
    ) -> Option<(Arc<Retrieval>, Recorded)> {
        let candidates = self.awaiting(archive, receiving);
        let named = candidates
            .iter()
            .filter(|r| Some(r.upstream_message_id) == message_id);
        named
            .chain(&candidates)
            .find_map(|r| Some((Arc::clone(r), r.permits(head)?)))
    }
}
