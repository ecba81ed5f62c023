//! C-MOVE and C-GET (PS3.4 §C.4.2, §C.4.3). Retrieve contexts end at us: the archive sends to
//! us, by C-MOVE to an AE title of ours or by C-GET on our own association, and we send on what
//! the contract permits.

mod archive;
mod arrival;
mod by_get;
mod by_move;
mod count;
mod hand_over;
mod identifier;
mod judge;
mod registry;
mod reply;
mod resume;
mod silence;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use archive::Archive;
pub(super) use archive::ArchiveError;
pub(super) use archive::FoundStudy;
use identifier::Identifier;
pub(super) use identifier::Level;
pub(super) use registry::Destination;
pub(super) use registry::Originator;
pub(super) use registry::Retrievals;
use reply::Reply;

use super::inbound::Use;
use super::instance::Ended;
use super::instance::take_small;
use super::session::Session;
use crate::config::Mode;
use crate::config::Peer;
use crate::config::Retrieve;
use crate::config::Routed;
use crate::dicom::Model;
use crate::dicom::Service;
use crate::dicom::Uid;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;

/// One retrieve request while it is being served.
struct Request {
    context_id: u8,
    command: CommandSet,
    archive: Arc<Peer>,
    /// Whether decisions bind on the route that it came by.
    mode: Mode,
    /// The SOP class that the archive is asked by: of the requestor's information model, but of
    /// the service by which we fetch from this archive.
    class: Uid,
    identifier: Identifier,
}

/// How serving a retrieve request ends without its association ending.
enum Stop {
    /// With this response.
    Reply(Reply),
    /// The requestor's association ended.
    Ended(Ended),
}

impl From<Ended> for Stop {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

impl From<ArchiveError> for Stop {
    fn from(error: ArchiveError) -> Self {
        tracing::warn!(%error, "archive cannot serve a retrieval");
        Self::Reply(Reply::failed(
            Status::MOVE_CANNOT_CALCULATE_MATCHES,
            "archive cannot be used",
        ))
    }
}

impl Session {
    /// One C-MOVE-RQ, up to its final response.
    pub(super) async fn c_move(
        &mut self,
        context_id: u8,
        command: CommandSet,
        _model: Model,
        routed: &Routed,
    ) -> Result<(), Ended> {
        let served = self.serve_move(context_id, &command, routed).await;
        self.finish(context_id, &command, served)
    }

    /// One C-GET-RQ, up to its final response.
    pub(super) async fn c_get(
        &mut self,
        context_id: u8,
        command: CommandSet,
        _model: Model,
        routed: &Routed,
    ) -> Result<(), Ended> {
        let served = self.serve_get(context_id, &command, routed).await;
        self.finish(context_id, &command, served)
    }

    fn finish(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        served: Result<Reply, Stop>,
    ) -> Result<(), Ended> {
        let reply = match served {
            Ok(reply) | Err(Stop::Reply(reply)) => reply,
            Err(Stop::Ended(ended)) => return Err(ended),
        };
        let encoding = self.encoding(context_id).ok_or(Ended::OutOfTurn)?;
        let (response, list) = reply.encode(command, encoding);
        self.link.queue_command(context_id, &response);
        if let Some(list) = list {
            self.link.queue_data(context_id, list.into(), true);
        }
        Ok(())
    }

    async fn serve_move(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        routed: &Routed,
    ) -> Result<Reply, Stop> {
        let request = self.read_request(context_id, command, routed).await?;
        let named = command.get_ae(element::MOVE_DESTINATION);
        let destination = named.and_then(|ae| self.gateway.config.move_destination(&ae).cloned());
        let Some(destination) = destination else {
            let comment = "move destination unknown";
            return Err(Stop::Reply(Reply::failed(
                Status::MOVE_DESTINATION_UNKNOWN,
                comment,
            )));
        };
        let calling = self.inbound.calling_towards(&destination);
        match routed.peer.retrieve {
            Retrieve::Move => {
                let receiving = destination
                    .destination_ae
                    .clone()
                    .unwrap_or_else(|| self.inbound.called.clone());
                let to = Destination::Peer {
                    peer: Arc::clone(&destination),
                    calling,
                };
                self.move_to_ourselves(request, &destination, receiving, to)
                    .await
            }
            Retrieve::Get => self.get_for_peer(request, &destination, calling).await,
        }
    }

    async fn serve_get(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        routed: &Routed,
    ) -> Result<Reply, Stop> {
        let request = self.read_request(context_id, command, routed).await?;
        match routed.peer.retrieve {
            Retrieve::Move => self.move_for_requestor(request).await,
            Retrieve::Get => self.get_for_requestor(request).await,
        }
    }

    async fn read_request(
        &mut self,
        context_id: u8,
        command: &CommandSet,
        routed: &Routed,
    ) -> Result<Request, Stop> {
        let encoding = self.encoding(context_id).ok_or(Ended::OutOfTurn)?;
        let config = &self.gateway.config;
        let (max, silence) = (
            config.limits.identifier_bytes_max,
            self.inbound.peer.timeouts.dimse_response,
        );
        let bytes = take_small(&mut self.link, command, max, silence).await?;
        let identifier = bytes.and_then(|bytes| Identifier::read(&bytes, encoding));
        let Some(identifier) = identifier else {
            let comment = "identifier lacks its level or unique keys";
            return Err(Stop::Reply(Reply::failed(
                Status::IDENTIFIER_MISMATCH,
                comment,
            )));
        };
        let used = self.accepted.get(&context_id).map(|context| &context.used);
        let class = used.and_then(|used| match (used, routed.peer.retrieve) {
            (Use::Move(model, _) | Use::Get(model, _), Retrieve::Move) => {
                Service::Move(*model).sop_class()
            }
            (Use::Move(model, _) | Use::Get(model, _), Retrieve::Get) => {
                Service::Get(*model).sop_class()
            }
            (_, Retrieve::Move | Retrieve::Get) => None,
        });
        let class = class.ok_or(Ended::OutOfTurn)?;
        Ok(Request {
            context_id,
            command: command.clone(),
            archive: Arc::clone(&routed.peer),
            mode: routed.mode,
            class,
            identifier,
        })
    }
}

/// What a C-GET requestor accepted to receive: class and syntax to its context.
type Receiving = BTreeMap<(Uid, Uid), u8>;
