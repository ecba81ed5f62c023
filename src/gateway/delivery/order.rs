//! [`Order`]: all that delivery must know of an object. It lies sealed with the object.

use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use super::queue::Object;
use crate::config::Mode;
use crate::config::Peer;
use crate::config::PeerName;
use crate::config::Priority;
use crate::contract::TransportFacts;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::dimse::CommandSet;
use crate::dimse::element;
use crate::gateway::recorder::Asked;
use crate::storage::ObjectId;
use crate::time::UtcMicros;

/// Bytes of the longest order. Most have a kilobyte; one for as many destinations as there can be has
/// less than twelve. Each is read at a start.
const ORDER_BYTES_MAX: usize = 16_384;

/// How orders are written. A later version either reads this one too (its new fields have defaults)
/// or has another number: what cannot be read stays in the spool.
const ORDER_VERSION: u16 = 1;

/// Why an order cannot be written, or bytes are not one.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum OrderError {
    /// Its command set is too long.
    #[error("what must be known to deliver it takes {0} bytes, limit {ORDER_BYTES_MAX}")]
    TooLong(usize),
    /// Not what was written.
    #[error("what must be known to deliver it cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Written by a gateway of another version.
    #[error("it was written as version {0}, and this gateway reads version {ORDER_VERSION}")]
    Version(u16),
    /// The command names no SOP class.
    #[error("its command names no SOP class")]
    NoSopClass,
    /// The destination is not among those that it was meant for.
    #[error("it is not meant for peer {0}")]
    NotFor(PeerName),
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway) struct Order {
    version: u16,
    /// The C-STORE-RQ as it came.
    #[serde(with = "as_base64")]
    command: CommandSet,
    transfer_syntax: Uid,
    received_at: UtcMicros,
    /// What was asked of the contract; who receives is told by [`Leg`] and configuration, and the
    /// transport is that of the sender's association alone.
    asked: Asked,
    legs: Vec<Leg>,
}

/// What all versions have in common.
#[derive(Deserialize)]
struct Versioned {
    version: u16,
}

/// What an object's way to one destination needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway) struct Leg {
    /// The destination.
    pub(in crate::gateway) to: PeerName,
    /// The AE title that it is called by.
    pub(in crate::gateway) calling: AeTitle,
    /// The decision under which it was received for this destination.
    pub(in crate::gateway) decision: u64,
    /// Whether decisions bound then.
    pub(in crate::gateway) mode: Mode,
    /// The route's; `None`: the sender's.
    pub(in crate::gateway) priority: Option<Priority>,
}

/// The association that an object wants to go by: from whom, and on which presentation context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Via {
    pub(super) calling: AeTitle,
    pub(super) sop_class: Uid,
    pub(super) transfer_syntax: Uid,
}

impl Order {
    /// The order to deliver what came with `command` in `transfer_syntax`, as was `asked`.
    pub(in crate::gateway) const fn new(
        command: CommandSet,
        transfer_syntax: Uid,
        received_at: UtcMicros,
        asked: Asked,
        legs: Vec<Leg>,
    ) -> Self {
        Self {
            version: ORDER_VERSION,
            command,
            transfer_syntax,
            received_at,
            asked,
            legs,
        }
    }

    /// What is sealed with the object.
    ///
    /// # Errors
    /// When it is longer than what is kept about an object.
    pub(in crate::gateway) fn to_bytes(&self) -> Result<Vec<u8>, OrderError> {
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > ORDER_BYTES_MAX {
            return Err(OrderError::TooLong(bytes.len()));
        }
        Ok(bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, OrderError> {
        match serde_json::from_slice::<Self>(bytes) {
            Ok(order) if order.version == ORDER_VERSION => Ok(order),
            Ok(order) => Err(OrderError::Version(order.version)),
            Err(error) => match serde_json::from_slice::<Versioned>(bytes) {
                Ok(other) if other.version != ORDER_VERSION => {
                    Err(OrderError::Version(other.version))
                }
                Ok(_) | Err(_) => Err(error.into()),
            },
        }
    }

    /// Where it is to go.
    pub(super) fn leg(&self, to: &PeerName) -> Result<&Leg, OrderError> {
        let leg = self.legs.iter().find(|leg| leg.to == *to);
        leg.ok_or_else(|| OrderError::NotFor(to.clone()))
    }

    /// The object of this order in the queue of `to`.
    pub(super) fn object(
        &self,
        id: ObjectId,
        bytes: u64,
        to: &PeerName,
    ) -> Result<Object, OrderError> {
        let leg = self.leg(to)?;
        let sop_class = self.command.get_uid(element::AFFECTED_SOP_CLASS_UID);
        let said = self.command.get_u16(element::PRIORITY);
        let study = self.asked.study.as_ref();
        Ok(Object {
            id,
            bytes,
            priority: leg.priority.unwrap_or_else(|| Priority::from_command(said)),
            received_at: self.received_at,
            study: study.map(|study| Arc::new(study.uid.clone())),
            via: Arc::new(Via {
                calling: leg.calling.clone(),
                sop_class: sop_class.ok_or(OrderError::NoSopClass)?,
                transfer_syntax: self.transfer_syntax.clone(),
            }),
        })
    }

    /// The command as it goes out: all that came, but numbered by our own association.
    pub(super) fn command(&self, message_id: u16) -> CommandSet {
        self.command.clone().with_message_id(message_id)
    }

    /// SOP class and instance, as its command names them.
    pub(super) fn instance(&self) -> Option<(Uid, Uid)> {
        let class = self.command.get_uid(element::AFFECTED_SOP_CLASS_UID)?;
        let instance = self.command.get_uid(element::AFFECTED_SOP_INSTANCE_UID)?;
        Some((class, instance))
    }

    /// What was asked when it was received.
    pub(super) const fn asked(&self) -> &Asked {
        &self.asked
    }

    /// The question that its delivery to `peer` raises: who asked, for whom and how it came are
    /// those of reception; who receives, and whether it goes there encrypted, is what the
    /// configuration says now.
    /// Decisions bind unless they did not then and do not now.
    pub(super) fn asked_again(&self, leg: &Leg, peer: &Peer, observes: bool) -> Asked {
        Asked {
            again: Some(leg.decision),
            recipient: peer.institution.clone(),
            recipient_ae: peer.ae_title.clone(),
            observed: leg.mode == Mode::Observe && observes,
            through: peer.through.clone().or_else(|| self.asked.through.clone()),
            transport: TransportFacts {
                tls: self.asked.transport.tls && peer.tls,
                ..self.asked.transport
            },
            ..self.asked.clone()
        }
    }
}

/// A command set as base64 of its bytes on the wire.
mod as_base64 {
    use super::CommandSet;
    use super::Deserialize;
    use super::Deserializer;
    use super::STANDARD;
    use super::Serializer;
    use base64::Engine as _;

    pub(super) fn serialize<S: Serializer>(
        command: &CommandSet,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(command.encode()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<CommandSet, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        CommandSet::parse(&bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
pub(super) mod tests;
