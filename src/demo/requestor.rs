//! An association that a stand-in requested, and whole messages on it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;

use crate::association::Abort;
use crate::association::Accepted;
use crate::association::AssociateRq;
use crate::association::ProposedContext;
use crate::association::Roles;
use crate::association::UserInformation;
use crate::demo::DemoError;
use crate::demo::instance::Instance;
use crate::demo::script::PDU_BYTES_MAX;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::transport::Indication;
use crate::transport::Limits;
use crate::transport::Link;

/// Largest data set that is gathered whole, in bytes.
const DATA_SET_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What a link of a stand-in may use up.
pub(crate) const LIMITS: Limits = Limits {
    associate_bytes_max: 64 * 1024,
    pdu_bytes_max: PDU_BYTES_MAX,
    command_bytes_max: 64 * 1024,
    artim: Duration::from_secs(5),
};

/// Data Set Type of a command without a data set (PS3.7 §E.1); anything else announces one.
pub(crate) const NO_DATA_SET: u16 = 0x0101;
/// Data Set Type of a command with one.
pub(crate) const DATA_SET: u16 = 0x0001;

/// An association that a stand-in requested.
#[derive(Debug)]
pub struct Association {
    link: Link,
    accepted: Vec<Accepted>,
    last_message_id: u16,
    /// How long the peer may be silent.
    patience: Duration,
}

/// A whole message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Presentation context that it came on.
    pub context_id: u8,
    /// Its command set.
    pub command: CommandSet,
    /// Its data set.
    pub data_set: Option<Bytes>,
}

/// What a peer answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: Status,
    /// Its Error Comment.
    pub comment: Option<String>,
}

impl Answer {
    /// Of a response.
    ///
    /// # Errors
    /// When the response has no status.
    pub fn of(response: &CommandSet) -> Result<Self, DemoError> {
        Ok(Self {
            status: response.status().ok_or(DemoError::NoStatus)?,
            comment: response.get_text(element::ERROR_COMMENT),
        })
    }
}

/// Contexts with odd ids from 1 on, one for each pair of abstract syntax and transfer syntaxes;
/// more than 128 are left out, for want of ids.
pub fn contexts<'a>(pairs: impl IntoIterator<Item = (&'a Uid, Vec<Uid>)>) -> Vec<ProposedContext> {
    let ids = (1..=u8::MAX).step_by(2);
    ids.zip(pairs)
        .map(
            |(id, (abstract_syntax, transfer_syntaxes))| ProposedContext {
                id,
                abstract_syntax: abstract_syntax.clone(),
                transfer_syntaxes,
            },
        )
        .collect()
}

impl Association {
    /// Requests an association at `address`. For the SOP classes in `provided` the role of
    /// service class provider is proposed, as C-GET needs it.
    ///
    /// # Errors
    /// When there is none at the end.
    pub async fn request(
        address: SocketAddr,
        calling: &AeTitle,
        called: &AeTitle,
        contexts: Vec<ProposedContext>,
        provided: &[Uid],
        patience: Duration,
    ) -> Result<Self, DemoError> {
        let role = Roles {
            scu: false,
            scp: true,
        };
        let user = UserInformation {
            roles: provided.iter().map(|class| (class.clone(), role)).collect(),
            ..UserInformation::ours(PDU_BYTES_MAX)
        };
        let rq = AssociateRq::new(called.clone(), calling.clone(), contexts, user);
        Self::open(address, &rq, patience).await
    }

    /// Requests this association at `address`.
    ///
    /// # Errors
    /// When there is none at the end.
    pub async fn open(
        address: SocketAddr,
        rq: &AssociateRq,
        patience: Duration,
    ) -> Result<Self, DemoError> {
        let requested = Link::connect(address, None, rq, LIMITS, PDU_BYTES_MAX, patience).await?;
        Ok(Self {
            accepted: rq.accepted(&requested.accepted),
            link: requested.link,
            last_message_id: 0,
            patience,
        })
    }

    /// The contexts that were accepted.
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// The context for this SOP class, with this transfer syntax if one is named.
    ///
    /// # Errors
    /// When none was accepted.
    pub fn context(
        &self,
        abstract_syntax: &Uid,
        transfer_syntax: Option<&Uid>,
    ) -> Result<Accepted, DemoError> {
        let fits = |context: &&Accepted| {
            context.abstract_syntax == *abstract_syntax
                && transfer_syntax.is_none_or(|syntax| context.transfer_syntax == *syntax)
        };
        let context = self.accepted.iter().find(fits);
        context.cloned().ok_or_else(|| DemoError::NoContext {
            abstract_syntax: abstract_syntax.clone(),
        })
    }

    /// A request with the next Message ID.
    pub fn command(&mut self, field: CommandField, sop_class: &Uid) -> CommandSet {
        self.last_message_id = self.last_message_id.wrapping_add(1);
        let mut command = CommandSet::new(field);
        command.set_uid(element::AFFECTED_SOP_CLASS_UID, sop_class);
        command.set_u16(element::MESSAGE_ID, self.last_message_id);
        command
    }

    /// Sends a message.
    pub fn send(&mut self, context_id: u8, mut command: CommandSet, data_set: Option<Bytes>) {
        let data_set_type = if data_set.is_some() {
            DATA_SET
        } else {
            NO_DATA_SET
        };
        command.set_u16(element::DATA_SET_TYPE, data_set_type);
        self.link.queue_command(context_id, &command);
        if let Some(data_set) = data_set {
            self.link.queue_data(context_id, data_set, true);
        }
    }

    /// The peer's next message.
    ///
    /// # Errors
    /// When the association ends, the peer is silent for too long, or a data set is too large.
    pub async fn next(&mut self) -> Result<Message, DemoError> {
        let mut begun: Option<(u8, CommandSet)> = None;
        let mut gathered = BytesMut::new();
        loop {
            match self.indication().await? {
                Indication::Command {
                    context_id,
                    command,
                } => {
                    if !command.has_data_set() {
                        return Ok(Message {
                            context_id,
                            command,
                            data_set: None,
                        });
                    }
                    begun = Some((context_id, command));
                }
                Indication::Data { data, is_last, .. } => {
                    if gathered.len() + data.len() > DATA_SET_BYTES_MAX {
                        return Err(DemoError::DataSetTooLong {
                            limit_bytes: DATA_SET_BYTES_MAX,
                        });
                    }
                    gathered.extend_from_slice(&data);
                    if let (true, Some((context_id, command))) =
                        (is_last, begun.take_if(|_| is_last))
                    {
                        return Ok(Message {
                            context_id,
                            command,
                            data_set: Some(gathered.freeze()),
                        });
                    }
                }
                Indication::Requested(_)
                | Indication::Accepted(_)
                | Indication::Rejected(_)
                | Indication::ReleaseRequested
                | Indication::Released
                | Indication::Aborted(_)
                | Indication::Closed => return Err(DemoError::Ended),
            }
        }
    }

    async fn indication(&mut self) -> Result<Indication, DemoError> {
        let next = tokio::time::timeout(self.patience, self.link.next()).await;
        Ok(next.map_err(|_| DemoError::Silence {
            patience: self.patience,
        })??)
    }

    /// C-ECHO (PS3.7 §9.1.5).
    ///
    /// # Errors
    /// When the association ends, or no context for it was accepted.
    pub async fn echo(&mut self, verification: &Uid) -> Result<Answer, DemoError> {
        let context = self.context(verification, None)?;
        let command = self.command(CommandField::CEchoRq, verification);
        self.send(context.id, command, None);
        Answer::of(&self.next().await?.command)
    }

    /// C-STORE (PS3.7 §9.1.1), for the move of `originator` if there is one.
    ///
    /// # Errors
    /// When the association ends, or no context for the instance was accepted.
    pub async fn store(
        &mut self,
        instance: &Instance,
        originator: Option<&(AeTitle, u16)>,
    ) -> Result<Answer, DemoError> {
        let (context_id, command) = self.store_command(instance, originator)?;
        self.send(context_id, command, Some(instance.data_set.clone()));
        Answer::of(&self.next().await?.command)
    }

    /// Begins a C-STORE and sends `bytes` of its data set, never its end.
    ///
    /// # Errors
    /// As [`Association::store`].
    pub async fn store_partly(
        &mut self,
        instance: &Instance,
        originator: Option<&(AeTitle, u16)>,
        bytes: usize,
    ) -> Result<(), DemoError> {
        let (context_id, mut command) = self.store_command(instance, originator)?;
        command.set_u16(element::DATA_SET_TYPE, DATA_SET);
        self.link.queue_command(context_id, &command);
        let part = instance
            .data_set
            .slice(..bytes.min(instance.data_set.len()) & !1);
        self.link.queue_data(context_id, part, false);
        Ok(self.link.flush().await?)
    }

    fn store_command(
        &mut self,
        instance: &Instance,
        originator: Option<&(AeTitle, u16)>,
    ) -> Result<(u8, CommandSet), DemoError> {
        let context = self.context(&instance.sop_class, Some(&instance.transfer_syntax))?;
        let mut command = self.command(CommandField::CStoreRq, &instance.sop_class);
        fill_store(&mut command, instance, originator);
        Ok((context.id, command))
    }

    /// C-CANCEL for the message `message_id` (PS3.7 §9.3.2.3).
    pub fn cancel(&mut self, context_id: u8, message_id: u16) {
        let mut command = CommandSet::new(CommandField::CCancelRq);
        command.set_u16(element::MESSAGE_ID_RESPONDED_TO, message_id);
        self.send(context_id, command, None);
    }

    /// Releases the association.
    pub async fn release(self) {
        self.link.release().await;
    }

    /// Aborts the association.
    pub async fn abort(self) {
        self.link.abort(Abort::BY_USER).await;
    }
}

/// The elements of a C-STORE request beside its class and Message ID (PS3.7 §9.3.1.1).
pub(crate) fn fill_store(
    command: &mut CommandSet,
    instance: &Instance,
    originator: Option<&(AeTitle, u16)>,
) {
    command.set_u16(element::PRIORITY, 0);
    command.set_uid(element::AFFECTED_SOP_INSTANCE_UID, &instance.sop_instance);
    if let Some((ae_title, message_id)) = originator {
        command.set_ae(element::MOVE_ORIGINATOR_AE, ae_title);
        command.set_u16(element::MOVE_ORIGINATOR_MESSAGE_ID, *message_id);
    }
}

/// Contexts to send `instances`: one for each pair of class and syntax; or, with `more` syntaxes,
/// one for each class with all of its instances' syntaxes and those.
pub fn contexts_to_store<'a>(
    instances: impl IntoIterator<Item = &'a Instance>,
    more: &[Uid],
) -> Vec<ProposedContext> {
    let mut classes: BTreeMap<&Uid, Vec<Uid>> = BTreeMap::new();
    for instance in instances {
        let syntaxes = classes.entry(&instance.sop_class).or_default();
        if !syntaxes.contains(&instance.transfer_syntax) {
            syntaxes.push(instance.transfer_syntax.clone());
        }
    }
    if more.is_empty() {
        let pairs = classes.into_iter().flat_map(|(class, syntaxes)| {
            let each = move |syntax| (class, vec![syntax]);
            syntaxes.into_iter().map(each)
        });
        return contexts(pairs);
    }
    contexts(classes.into_iter().map(|(class, mut syntaxes)| {
        for syntax in more {
            if !syntaxes.contains(syntax) {
                syntaxes.push(syntax.clone());
            }
        }
        (class, syntaxes)
    }))
}
