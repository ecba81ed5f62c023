//! What a session asks the recorder: facts in the clear, which only the recorder turns into
//! pseudonyms.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::config::Mode;
use crate::config::Peer;
use crate::config::Retrieve;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::Through;
use crate::contract::TransportFacts;
use crate::contract::User;
use crate::contract::Verb;
use crate::dicom::AeTitle;
use crate::dicom::Head;
use crate::dicom::Uid;
use crate::gateway::inbound::Inbound;
use crate::gateway::link::Ticket;
use crate::gateway::link::Ticketed;
use crate::time::Day;

/// A patient as DICOM names one. Never shown by `Debug`, never logged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway) struct PatientIdentity {
    /// Issuer of Patient ID (0010,0021), empty where there is none.
    pub(in crate::gateway) issuer: Vec<u8>,
    /// Patient ID (0010,0020), never empty.
    pub(in crate::gateway) id: Vec<u8>,
}

impl std::fmt::Debug for PatientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientIdentity(..)")
    }
}

impl PatientIdentity {
    /// The same Patient ID, and no two different issuers: many data sets name none.
    pub(in crate::gateway) fn is_same_patient(&self, other: &Self) -> bool {
        let issuers =
            self.issuer.is_empty() || other.issuer.is_empty() || self.issuer == other.issuer;
        self.id == other.id && issuers
    }

    /// The patient of a data set; `None` when the Patient ID is absent or empty.
    pub(in crate::gateway) fn of(head: &Head) -> Option<Self> {
        Some(Self {
            issuer: head.issuer_of_patient_id.clone().unwrap_or_default(),
            id: head.patient_id.clone()?,
        })
    }
}

/// A study in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway) struct StudyAsked {
    pub(in crate::gateway) uid: Uid,
    pub(in crate::gateway) modalities: Vec<String>,
    pub(in crate::gateway) date: Option<Day>,
}

/// A question for the contract. What waits in the spool is asked again when it leaves: there it lies
/// sealed, with the instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway) struct Asked {
    pub(in crate::gateway) verb: Verb,
    pub(in crate::gateway) purpose: Purpose,
    pub(in crate::gateway) requester: InstitutionSlug,
    pub(in crate::gateway) requester_ae: AeTitle,
    /// The person, and what proves it.
    pub(in crate::gateway) user: Option<User>,
    /// The decision under which it was received, of what leaves the spool.
    pub(in crate::gateway) again: Option<u64>,
    /// Whose images these are.
    pub(in crate::gateway) custodian: InstitutionSlug,
    /// Who sends the bytes to us.
    pub(in crate::gateway) sender: InstitutionSlug,
    pub(in crate::gateway) recipient: InstitutionSlug,
    pub(in crate::gateway) recipient_ae: AeTitle,
    pub(in crate::gateway) patient: Option<PatientIdentity>,
    pub(in crate::gateway) study: Option<StudyAsked>,
    /// A C-FIND request as a whole; its matches are asked about one by one.
    pub(in crate::gateway) question: bool,
    pub(in crate::gateway) transport: TransportFacts,
    /// Forwarded whatever the answer, but recorded as judged.
    pub(in crate::gateway) observed: bool,
    /// The gateway of another institution at the other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::gateway) through: Option<Through>,
    /// What that gateway stated, as it signed it; it is kept with the details.
    #[serde(skip)]
    pub(in crate::gateway) stated: Option<Arc<str>>,
    /// The transfer that both gateways are to sign a receipt for.
    #[serde(skip)]
    pub(in crate::gateway) ticket: Ticketed,
}

impl Asked {
    /// The very same question, whatever was decided about the instances before.
    pub(in crate::gateway) fn is_same_question(&self, other: &Self) -> bool {
        let question = |asked: &Self| Self {
            again: None,
            ..asked.clone()
        };
        question(self) == question(other)
    }

    /// The same, of a transfer that both gateways are to sign a receipt for.
    pub(in crate::gateway) fn of_transfer(self, ticket: Arc<Ticket>) -> Self {
        Self {
            ticket: Ticketed(Some(ticket)),
            ..self
        }
    }

    /// The question that an instance raises on a route of this mode, which `inbound` sends and `to` is to get.
    pub(in crate::gateway) fn instance(
        mode: Mode,
        inbound: &Inbound,
        to: &Peer,
        head: &Head,
    ) -> Self {
        let study = head.study_instance_uid.clone().map(|uid| StudyAsked {
            uid,
            modalities: head.modality.iter().cloned().collect(),
            date: head.study_date,
        });
        Self {
            patient: PatientIdentity::of(head),
            study,
            // Who sends an object holds it, and its patient is theirs.
            custodian: inbound.peer.institution.clone(),
            sender: inbound.peer.institution.clone(),
            transport: reached(inbound, inbound.reached.tls && to.tls),
            ..Self::about(mode, inbound, Verb::Store, to)
        }
    }

    /// The question that a procedure step raises, which `inbound` tells `to` of: its patient is theirs.
    pub(in crate::gateway) fn step(mode: Mode, inbound: &Inbound, to: &Peer) -> Self {
        Self {
            custodian: inbound.peer.institution.clone(),
            sender: inbound.peer.institution.clone(),
            ..Self::about(mode, inbound, Verb::Store, to)
        }
    }

    /// The question that a query of `inbound` raises at `archive`: what is disclosed goes to
    /// the requestor.
    pub(in crate::gateway) fn query(mode: Mode, inbound: &Inbound, archive: &Peer) -> Self {
        Self {
            question: true,
            transport: reached(inbound, archive.tls && inbound.reached.tls),
            ..Self::retrieve_or_query(mode, inbound, Verb::Query, archive, &inbound.peer)
        }
    }

    /// The question that moving a study of `archive` to `recipient` raises; with `by_get` on the
    /// association of `inbound`.
    pub(in crate::gateway) fn retrieve(
        mode: Mode,
        inbound: &Inbound,
        archive: &Peer,
        recipient: &Peer,
        by_get: bool,
    ) -> Self {
        // An archive that we have moved to us opens its own association, by TLS if it must.
        let fetched = match archive.retrieve {
            Retrieve::Get => archive.tls,
            Retrieve::Move => !archive.plain,
        };
        let passed_on = if by_get {
            inbound.reached.tls
        } else {
            recipient.tls
        };
        Self {
            transport: reached(inbound, fetched && passed_on),
            ..Self::retrieve_or_query(mode, inbound, Verb::Retrieve, archive, recipient)
        }
    }

    fn retrieve_or_query(
        mode: Mode,
        inbound: &Inbound,
        verb: Verb,
        archive: &Peer,
        recipient: &Peer,
    ) -> Self {
        Self {
            custodian: archive.institution.clone(),
            sender: archive.institution.clone(),
            through: through(archive, inbound, recipient),
            ..Self::about(mode, inbound, verb, recipient)
        }
    }

    /// What `inbound` asks on behalf of `to`, before patient and study are known.
    fn about(mode: Mode, inbound: &Inbound, verb: Verb, to: &Peer) -> Self {
        Self {
            verb,
            purpose: inbound.purpose,
            requester: inbound.peer.institution.clone(),
            requester_ae: inbound.peer.ae_title.clone(),
            user: inbound.user.clone(),
            again: None,
            custodian: to.institution.clone(),
            sender: to.institution.clone(),
            recipient: to.institution.clone(),
            recipient_ae: to.ae_title.clone(),
            patient: None,
            study: None,
            question: false,
            transport: reached(inbound, false),
            observed: mode == Mode::Observe,
            through: to.through.clone().or_else(|| inbound.peer.through.clone()),
            stated: inbound.heard.as_ref().map(|heard| Arc::clone(&heard.note)),
            ticket: Ticketed::default(),
        }
    }
}

/// The gateway that images of `archive` come through, or go to.
fn through(archive: &Peer, inbound: &Inbound, recipient: &Peer) -> Option<Through> {
    let ends = [archive, &inbound.peer, recipient];
    ends.iter().find_map(|peer| peer.through.clone())
}

/// How the requester reached us, and whether every hop that the images take is encrypted.
const fn reached(inbound: &Inbound, every_hop: bool) -> TransportFacts {
    TransportFacts {
        tls: every_hop,
        ..inbound.reached
    }
}
