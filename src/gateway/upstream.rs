//! The association that we request at a destination on behalf of an inbound one. It is opened
//! with the sender's own presentation contexts, reopened when the destination dropped it idle,
//! and released with the inbound one.

use std::sync::Arc;
use std::time::Duration;

use super::Gateway;
use super::link;
use super::link::Asker;
use super::link::Speaker;
use super::link::Unsaid;
use super::link_limits;
use super::recorder::Recorded;
use super::transfer::Transfers;
use crate::association::Abort;
use crate::association::AssociateAc;
use crate::association::AssociateRq;
use crate::association::ContextReply;
use crate::association::ContextResult;
use crate::association::Proposal;
use crate::association::ProposedContext;
use crate::association::UserInformation;
use crate::association::negotiation;
use crate::config::Config;
use crate::config::Peer;
use crate::dicom::AeTitle;
use crate::dicom::Service;
use crate::dicom::Uid;
use crate::ledger::StatedTransfer;
use crate::transport::ConnectError;
use crate::transport::Link;
use crate::transport::Requested;
use crate::transport::Security;

/// After a failed reopening, how long senders are answered without another try.
const REOPEN_PAUSE_US: u64 = 2_000_000;

/// As many odd ids as a byte has (PS3.8 §7.1.1.13).
const CONTEXTS_MAX: usize = 128;

/// Why a destination cannot be used now.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpstreamError {
    /// The configuration gives no address to connect to.
    #[error("peer {0} has no `connect` address")]
    NoAddress(String),
    /// No association.
    #[error("peer {peer}: {source}")]
    Connect {
        /// Name of the peer.
        peer: String,
        /// Why.
        source: ConnectError,
    },
    /// Reopened, but it takes less than before.
    #[error("peer {0} no longer accepts a presentation context that it accepted before")]
    TakesLess(String),
    /// It is a gateway, and was not told on whose behalf we ask.
    #[error("peer {peer}: {source}")]
    Unsaid {
        /// Name of the peer.
        peer: String,
        /// Why.
        source: Unsaid,
    },
    /// It dropped the association under transfers that were under way.
    #[error("peer {0} dropped its association, and transfers with it")]
    Reopened(String),
    /// It failed a moment ago.
    #[error("peer {0} could not be reached a moment ago")]
    Paused(String),
}

/// One association of ours at a destination.
#[derive(Debug)]
pub(super) struct Upstream {
    /// The destination.
    pub(super) peer: Arc<Peer>,
    request: AssociateRq,
    proposal: Proposal,
    accepted: AssociateAc,
    link: Option<Link>,
    message_id: u16,
    paused_until_us: u64,
    /// Speaks to another gateway, on the association that stands.
    speaker: Option<Speaker>,
}

impl Upstream {
    /// Opens an association to `peer` that proposes the sender's `contexts` there.
    ///
    /// # Errors
    /// When the destination cannot be reached or says no.
    pub(super) async fn open(
        gateway: &Gateway,
        peer: &Arc<Peer>,
        calling: AeTitle,
        contexts: &[&ProposedContext],
        user: &UserInformation,
    ) -> Result<Self, UpstreamError> {
        // One id is the link's: of as many contexts as there are ids, the last is not proposed.
        let most = match peer.through {
            Some(_) => CONTEXTS_MAX - 1,
            None => CONTEXTS_MAX,
        };
        let fitting = contexts.get(..most).unwrap_or(contexts);
        let proposal = negotiation::propose(fitting, user);
        let mut proposed = proposal.contexts.clone();
        if peer.through.is_some() {
            proposed.extend(free_id(&proposed).and_then(link::proposed));
        }
        let request = AssociateRq::new(
            peer.ae_title.clone(),
            calling,
            proposed,
            UserInformation {
                max_length: gateway.config.limits.pdu_bytes_max,
                ..proposal.user.clone()
            },
        );
        let Requested { link, accepted } = connect(gateway, peer, &request).await?;
        let speaker = speaker(&request, &accepted);
        Ok(Self {
            peer: Arc::clone(peer),
            request,
            proposal,
            accepted,
            link: Some(link),
            message_id: 0,
            paused_until_us: 0,
            speaker,
        })
    }

    /// What the destination accepted, in the sender's context ids.
    pub(super) fn answers(
        &self,
        contexts: &[&ProposedContext],
    ) -> (Vec<ContextResult>, UserInformation) {
        negotiation::answers(contexts, &self.proposal, &self.accepted)
    }

    /// What was proposed to the destination.
    pub(super) fn proposed(&self) -> &[ProposedContext] {
        &self.proposal.contexts
    }

    /// What it answered.
    pub(super) const fn accepted(&self) -> &AssociateAc {
        &self.accepted
    }

    /// The destination's context for the sender's `context_id`, where it was accepted.
    pub(super) fn context(&self, context_id: u8) -> Option<u8> {
        let ours = *self.proposal.map.get(&context_id)?;
        self.syntax(ours).map(|_| ours)
    }

    /// The transfer syntax that the destination accepted for our context `ours`.
    fn syntax(&self, ours: u8) -> Option<&Uid> {
        let proposed = self.request.context(ours)?;
        match self.accepted.result(ours)? {
            ContextReply::Accepted(syntax) => {
                // A syntax that nobody proposed is no acceptance.
                proposed.transfer_syntaxes.iter().find(|s| *s == syntax)
            }
            ContextReply::UserRejection
            | ContextReply::NoReason
            | ContextReply::AbstractSyntaxNotSupported
            | ContextReply::TransferSyntaxesNotSupported => None,
        }
    }

    /// The next Message ID of this association (PS3.7 §9.1).
    pub(super) fn next_message_id(&mut self) -> u16 {
        self.message_id = self.message_id.checked_add(1).unwrap_or(1);
        self.message_id
    }

    /// The link, reopened when the destination has dropped it since the last message. Many
    /// drop an association after some idle seconds that a modality holds for hours.
    ///
    /// # Errors
    /// When it cannot be reopened, or takes less than before.
    pub(super) async fn ready(&mut self, gateway: &Gateway) -> Result<&mut Link, UpstreamError> {
        let usable = self.link.as_mut().is_some_and(|link| {
            // Anything that an idle destination says ends its association.
            matches!(link.next_now(), Ok(None)) && link.is_established()
        });
        if !usable {
            self.hang_up();
            let now = gateway.clock.read().monotonic_us;
            if now < self.paused_until_us {
                return Err(UpstreamError::Paused(self.peer.name.to_string()));
            }
            match connect(gateway, &self.peer, &self.request).await {
                Ok(Requested { link, accepted }) => {
                    if !covers(&accepted, &self.accepted) {
                        tokio::spawn(link.abort(Abort::BY_USER));
                        return Err(UpstreamError::TakesLess(self.peer.name.to_string()));
                    }
                    tracing::debug!(peer = %self.peer.name, "destination reopened");
                    self.speaker = speaker(&self.request, &accepted);
                    self.accepted = accepted;
                    self.link = Some(link);
                    self.message_id = 0;
                }
                Err(error) => {
                    self.paused_until_us = now.saturating_add(REOPEN_PAUSE_US);
                    return Err(error);
                }
            }
        }
        self.link
            .as_mut()
            .ok_or_else(|| UpstreamError::Paused(self.peer.name.to_string()))
    }

    /// States to a gateway on whose behalf the next requests are; to other peers, nothing.
    ///
    /// # Errors
    /// When the destination cannot be reached, or does not believe us.
    pub(super) async fn say(
        &mut self,
        gateway: &Gateway,
        asker: &Asker,
        transfers: &[StatedTransfer],
    ) -> Result<(), UpstreamError> {
        if self.peer.through.is_none() {
            return Ok(());
        }
        let spoke = self.has_spoken();
        self.ready(gateway).await?;
        if spoke && !self.has_spoken() && !transfers.is_empty() {
            // What was begun on the association that stood until now is over there.
            return Err(UpstreamError::Reopened(self.peer.name.to_string()));
        }
        let message_id = self.next_message_id();
        let peer = Arc::clone(&self.peer);
        let said = match (&mut self.speaker, &mut self.link) {
            (Some(speaker), Some(link)) => {
                speaker
                    .say(gateway, &peer, link, message_id, asker, transfers)
                    .await
            }
            _ => Err(Unsaid::NoLink),
        };
        said.map_err(|source| {
            self.hang_up();
            UpstreamError::Unsaid {
                peer: peer.name.to_string(),
                source,
            }
        })
    }

    /// Makes the association to another gateway ready. If it is a new one, transfers begin anew on it: the other
    /// side ended those that it knew.
    pub(super) async fn begin_anew(&mut self, gateway: &Gateway, transfers: &mut Transfers) {
        if self.peer.through.is_some() && self.ready(gateway).await.is_ok() && !self.has_spoken() {
            transfers.begin_anew(gateway, &self.peer.name).await;
        }
    }

    /// Tells a gateway on whose behalf what `recorded` releases comes; other peers, nothing. Its link.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub(super) async fn introduce(
        &mut self,
        gateway: &Gateway,
        transfers: &Transfers,
        recorded: &Recorded,
    ) -> Result<&mut Link, UpstreamError> {
        if self.peer.through.is_some() {
            let stated = transfers.stated(&self.peer.name);
            let asker = Asker::of_asked(recorded.asked());
            self.say(gateway, &asker, &stated).await?;
        }
        self.ready(gateway).await
    }

    /// Something has been stated on the association that stands.
    fn has_spoken(&self) -> bool {
        self.speaker
            .as_ref()
            .is_some_and(|speaker| speaker.count() > 0)
    }

    /// The link as it is, without looking whether the destination still holds it.
    pub(super) const fn standing(&mut self) -> Option<&mut Link> {
        self.link.as_mut()
    }

    /// After what idle time this association is to be released; `None`: it is not, or it does
    /// not stand.
    pub(super) fn idle_close(&self) -> Option<Duration> {
        self.link.as_ref()?;
        self.peer.timeouts.idle_close
    }

    /// Releases the association, to be opened again when there is more to send.
    pub(super) fn rest(&mut self) {
        if let Some(link) = self.link.take() {
            tokio::spawn(link.release());
        }
    }

    /// Drops the association because it is broken or half through an object. What is already
    /// queued (an abort by our own protocol check) still leaves.
    pub(super) fn hang_up(&mut self) {
        if let Some(link) = self.link.take() {
            tokio::spawn(link.abort(Abort::BY_USER));
        }
    }

    /// Releases the association, if it stands.
    pub(super) async fn release(mut self) {
        if let Some(link) = self.link.take() {
            link.release().await;
        }
    }
}

/// An odd id that none of these contexts has.
fn free_id(contexts: &[ProposedContext]) -> Option<u8> {
    let is_free = |id: &u8| contexts.iter().all(|context| context.id != *id);
    (1..=u8::MAX).step_by(2).find(is_free)
}

/// What speaks on an association whose link context was accepted.
fn speaker(request: &AssociateRq, accepted: &AssociateAc) -> Option<Speaker> {
    let class = Service::Link.sop_class()?;
    let mut contexts = request.contexts.iter();
    let id = contexts
        .find(|context| context.abstract_syntax == class)?
        .id;
    match accepted.result(id)? {
        ContextReply::Accepted(_) => Some(Speaker::new(id)),
        ContextReply::UserRejection
        | ContextReply::NoReason
        | ContextReply::AbstractSyntaxNotSupported
        | ContextReply::TransferSyntaxesNotSupported => None,
    }
}

/// `now` accepts all that `before` did.
fn covers(now: &AssociateAc, before: &AssociateAc) -> bool {
    before.contexts.iter().all(|old| {
        !matches!(old.result, ContextReply::Accepted(_))
            || now.contexts.iter().any(|new| new == old)
    })
}

pub(super) async fn connect(
    gateway: &Gateway,
    peer: &Peer,
    request: &AssociateRq,
) -> Result<Requested, UpstreamError> {
    let connected = dial(&gateway.config, gateway.security.as_deref(), peer, request).await;
    if let Err(UpstreamError::Connect {
        source: ConnectError::Handshake { address, source },
        ..
    }) = &connected
    {
        gateway.distrust(peer.name.as_str(), *address, source).await;
    }
    if let (Ok(requested), Some(other)) = (&connected, gateway.config.gateway_peer_of(peer)) {
        requested.link.give_up_after(other.link_silence);
    }
    connected
}

/// Requests an association at `peer`, as the configuration says how.
pub(super) async fn dial(
    config: &Config,
    security: Option<&Security>,
    peer: &Peer,
    request: &AssociateRq,
) -> Result<Requested, UpstreamError> {
    let Some(address) = peer.connect else {
        return Err(UpstreamError::NoAddress(peer.name.to_string()));
    };
    let connected = match Security::towards(security, peer) {
        Ok(tls) => {
            let (limits, cap) = (link_limits(config), peer.pdu_bytes_max);
            Link::connect(address, tls, request, limits, cap, peer.timeouts.connect).await
        }
        Err(source) => Err(ConnectError::Handshake { address, source }),
    };
    connected.map_err(|source| UpstreamError::Connect {
        peer: peer.name.to_string(),
        source,
    })
}
