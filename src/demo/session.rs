//! One association of the stand-in PACS, as acceptor.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use bytes::BytesMut;
use dicom_object::InMemDicomObject;
use tokio::net::TcpStream;

use crate::association::Abort;
use crate::association::Accepted;
use crate::association::AssociateAc;
use crate::association::AssociateRq;
use crate::association::ContextReply;
use crate::association::ContextResult;
use crate::association::UserInformation;
use crate::demo::instance::read_identifier;
use crate::demo::pacs::Shared;
use crate::demo::record::Asked;
use crate::demo::record::AssociationSeen;
use crate::demo::record::Ending;
use crate::demo::requestor::DATA_SET;
use crate::demo::requestor::LIMITS;
use crate::demo::script::AssociationScript;
use crate::demo::script::Farewell;
use crate::demo::script::PDU_BYTES_MAX;
use crate::demo::storing::Storing;
use crate::dicom::AeTitle;
use crate::dicom::Service;
use crate::dicom::service_of;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::transport::Indication;
use crate::transport::Limits;
use crate::transport::Link;
use crate::transport::LinkError;

/// One association that stands.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) link: Link,
    pub(crate) calling: AeTitle,
    pub(crate) accepted: BTreeMap<u8, Accepted>,
    /// Its place in the record.
    pub(crate) number: usize,
    incoming: Option<Incoming>,
    last_message_id: u16,
}

/// A request whose data set is coming.
struct Incoming {
    context_id: u8,
    command: CommandSet,
    data_set: BytesMut,
    /// Where the request is a C-STORE.
    store: Option<Storing>,
}

/// Serves one connection to its end.
pub(crate) async fn run(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr) {
    let script = shared.options().association.clone();
    let limits = Limits {
        // 0 announces no limit (PS3.8 §D.1.1).
        pdu_bytes_max: match script.pdu_bytes_max {
            0 => PDU_BYTES_MAX,
            limit => limit,
        },
        ..LIMITS
    };
    let Ok(mut link) = Link::accept(stream, peer, limits) else {
        return;
    };
    if script.silent {
        return std::future::pending().await;
    }
    let Ok(Indication::Requested(rq)) = link.next().await else {
        return link.linger().await;
    };
    let number = shared.note(|record| {
        record.associations.push(AssociationSeen {
            request: (*rq).clone(),
            ending: None,
        });
        record.associations.len() - 1
    });
    tokio::time::sleep(script.answer_after).await;
    if let Some(answer) = script.reject {
        ended(&shared, number, Ending::Rejected);
        return link.reject(answer).await;
    }
    let ac = acceptance(&rq, &script);
    if link.answer(&ac, rq.user.max_length, PDU_BYTES_MAX).is_err() {
        return link.abort(Abort::BY_PROVIDER).await;
    }
    let accepted = rq.accepted(&ac).into_iter().map(|c| (c.id, c)).collect();
    let session = Session {
        shared,
        link,
        calling: rq.calling,
        accepted,
        number,
        incoming: None,
        last_message_id: 0,
    };
    session.serve(&script).await;
}

fn ended(shared: &Shared, number: usize, ending: Ending) {
    shared.note(|record| {
        if let Some(association) = record.associations.get_mut(number) {
            association.ending = Some(ending);
        }
    });
}

/// Accepts what the script does not refuse, with every role that is asked for.
fn acceptance(rq: &AssociateRq, script: &AssociationScript) -> AssociateAc {
    let contexts = rq.contexts.iter().map(|context| {
        let wanted = &context.transfer_syntaxes;
        let known = script.abstract_syntaxes.as_ref();
        let result = if known.is_some_and(|known| !known.contains(&context.abstract_syntax)) {
            ContextReply::AbstractSyntaxNotSupported
        } else {
            let ours = script.transfer_syntaxes.iter();
            let best = match script.transfer_syntaxes.is_empty() {
                true => wanted.first(),
                false => ours.clone().find(|syntax| wanted.contains(syntax)),
            };
            best.map_or(ContextReply::TransferSyntaxesNotSupported, |syntax| {
                ContextReply::Accepted(syntax.clone())
            })
        };
        ContextResult {
            id: context.id,
            result,
        }
    });
    AssociateAc {
        called: rq.called.clone(),
        calling: rq.calling.clone(),
        contexts: contexts.collect(),
        user: UserInformation {
            roles: rq.user.roles.clone(),
            ..UserInformation::ours(script.pdu_bytes_max)
        },
    }
}

impl Session {
    async fn serve(mut self, script: &AssociationScript) {
        let ending = loop {
            if let Err(ending) = self.turn(script).await {
                break ending;
            }
        };
        ended(&self.shared, self.number, ending);
        match ending {
            Ending::Released => self.link.confirm_release().await,
            Ending::AbortedByScript => self.link.abort(Abort::BY_USER).await,
            Ending::Broken => self.link.linger().await,
            Ending::Rejected | Ending::Aborted | Ending::HungUp | Ending::ClosedByScript => {}
        }
    }

    /// Takes what comes next; `Err` is how the association ends.
    async fn turn(&mut self, script: &AssociationScript) -> Result<(), Ending> {
        let next = match script.idle {
            Some((limit, farewell)) => tokio::time::timeout(limit, self.link.next())
                .await
                .map_err(|_| Ending::from(farewell))?,
            None => self.link.next().await,
        };
        match next? {
            Indication::Command {
                context_id,
                command,
            } => self.command(context_id, command),
            Indication::Data { data, is_last, .. } => self.data(&data, is_last).await,
            other => Err(self.ending_of(&other)),
        }
    }

    /// How an indication that is neither command nor data ends the association.
    pub(crate) fn ending_of(&self, indication: &Indication) -> Ending {
        match indication {
            Indication::ReleaseRequested => Ending::Released,
            Indication::Aborted(_) => Ending::Aborted,
            Indication::Closed => Ending::HungUp,
            Indication::Requested(_)
            | Indication::Accepted(_)
            | Indication::Rejected(_)
            | Indication::Released
            | Indication::Command { .. }
            | Indication::Data { .. } => Ending::AbortedByScript,
        }
    }

    fn command(&mut self, context_id: u8, command: CommandSet) -> Result<(), Ending> {
        if command.has_data_set() {
            self.incoming = Some(Incoming {
                context_id,
                store: self.storing(context_id, &command),
                command,
                data_set: BytesMut::new(),
            });
            return Ok(());
        }
        match command.field() {
            Some(CommandField::CEchoRq) => {
                let status = self.shared.options().echo;
                self.respond(context_id, &command, status);
            }
            // Too late, or for nothing (PS3.7 §9.3.2.3).
            Some(CommandField::CCancelRq) => {}
            _ => self.respond(context_id, &command, Status::UNRECOGNISED_OPERATION),
        }
        Ok(())
    }

    async fn data(&mut self, data: &Bytes, is_last: bool) -> Result<(), Ending> {
        let Some(incoming) = &mut self.incoming else {
            return Err(Ending::AbortedByScript);
        };
        match &mut incoming.store {
            None => incoming.data_set.extend_from_slice(data),
            Some(storing) => {
                if !storing.forget {
                    incoming.data_set.extend_from_slice(data);
                }
                storing.take(data, &self.shared).await?;
            }
        }
        match self.incoming.take_if(|_| is_last) {
            Some(incoming) => self.whole(incoming).await,
            None => Ok(()),
        }
    }

    /// Answers a request whose data set is whole.
    async fn whole(&mut self, incoming: Incoming) -> Result<(), Ending> {
        let Incoming {
            context_id,
            command,
            data_set,
            store,
        } = incoming;
        let Some(context) = self.accepted.get(&context_id).cloned() else {
            return Err(Ending::AbortedByScript);
        };
        if let Some(storing) = store {
            return self
                .stored(&context, &command, data_set.freeze(), storing)
                .await;
        }
        let service = service_of(&context.abstract_syntax, &Default::default());
        let Ok(identifier) = read_identifier(&data_set, &context.transfer_syntax) else {
            self.respond(context_id, &command, Status::IDENTIFIER_MISMATCH);
            return Ok(());
        };
        match (command.field(), service) {
            (Some(CommandField::CFindRq), Some(Service::Find(model))) => {
                let place = self.asked(&command, &identifier);
                self.find(&context, &command, model, &identifier, place)
                    .await
            }
            (Some(CommandField::CMoveRq), Some(Service::Move(model)))
            | (Some(CommandField::CGetRq), Some(Service::Get(model))) => {
                let place = self.asked(&command, &identifier);
                self.retrieve(&context, &command, model, &identifier, place)
                    .await
            }
            _ => {
                self.respond(context_id, &command, Status::UNRECOGNISED_OPERATION);
                Ok(())
            }
        }
    }

    fn asked(&self, command: &CommandSet, identifier: &InMemDicomObject) -> usize {
        self.shared.note(|record| {
            record.asked.push(Asked {
                association: self.number,
                command: command.clone(),
                identifier: identifier.clone(),
                cancelled: false,
            });
            record.asked.len() - 1
        })
    }

    /// A Message ID for a request of our own on this association.
    pub(crate) const fn message_id(&mut self) -> u16 {
        self.last_message_id = self.last_message_id.wrapping_add(1);
        self.last_message_id
    }

    /// Queues a response without a data set.
    pub(crate) fn respond(&mut self, context_id: u8, request: &CommandSet, status: Status) {
        let response = CommandSet::response_to(request, status);
        self.link.queue_command(context_id, &response);
    }

    /// Queues `response`, with `data_set` in the context's transfer syntax.
    pub(crate) fn send(
        &mut self,
        context: &Accepted,
        mut response: CommandSet,
        data_set: Option<&InMemDicomObject>,
    ) {
        let data_set = data_set.and_then(|data_set| {
            crate::demo::write_identifier(data_set, &context.transfer_syntax).ok()
        });
        if data_set.is_some() {
            response.set_u16(element::DATA_SET_TYPE, DATA_SET);
        }
        self.link.queue_command(context.id, &response);
        if let Some(data_set) = data_set {
            self.link.queue_data(context.id, data_set, true);
        }
    }
}

impl From<Farewell> for Ending {
    fn from(farewell: Farewell) -> Self {
        match farewell {
            Farewell::Abort => Self::AbortedByScript,
            Farewell::Close => Self::ClosedByScript,
        }
    }
}

impl From<LinkError> for Ending {
    fn from(_: LinkError) -> Self {
        Self::Broken
    }
}
