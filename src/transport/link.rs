//! [`Link`]: one association on one socket. Bytes go through the framer and the state machine of
//! the association room; what comes out are messages and the association's own events.

mod farewell;
mod indication;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use tokio::net::TcpStream;

pub use self::indication::Indication;
use super::outbox::Outbox;
use super::socket;
use super::stream::Stream;
use super::tls::Acceptor;
use super::tls::Channel;
use super::tls::HandshakeError;
use crate::association;
use crate::association::Abort;
use crate::association::AssociateAc;
use crate::association::AssociateRj;
use crate::association::AssociateRq;
use crate::association::Frame;
use crate::association::Framer;
use crate::association::FramerLimits;
use crate::association::PduError;
use crate::association::machine::Action;
use crate::association::machine::Event;
use crate::association::machine::State;
use crate::dimse::CommandSet;
use crate::dimse::FragmentError;
use crate::dimse::MessageReader;
use crate::dimse::Status;

/// Bytes asked of the socket at once. A read that fills it is followed by another.
const READ_BYTES: usize = 256 * 1024;
/// Bytes of a read before the association stands: nothing but an A-ASSOCIATE PDU may come.
const READ_BYTES_EARLY: usize = 4 * 1024;
/// Bytes of a PDV item header that count against the peer's maximum length (PS3.8 §D.1.1).
const PDV_HEADER_BYTES: u32 = 6;
/// The largest maximum length we honour where a peer says "unlimited" (0).
const UNLIMITED_SEND_BYTES: u32 = 128 * 1024;
/// The smallest maximum length that still carries data.
const SMALLEST_SEND_BYTES: u32 = 128;

/// What one link may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest A-ASSOCIATE PDU, in bytes.
    pub associate_bytes_max: u32,
    /// The maximum length that we announce, in bytes (PS3.8 §D.1).
    pub pdu_bytes_max: u32,
    /// Largest command set, in bytes.
    pub command_bytes_max: usize,
    /// ARTIM timer (PS3.8 §9.1.5): how long an association may take to be requested, and a
    /// connection to be closed by its peer.
    pub artim: Duration,
}

/// Why a link ended on our side. The abort that the error calls for has been queued already.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The socket failed.
    #[error("connection to {peer} failed: {source}")]
    Io {
        /// Address of the peer.
        peer: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The peer sent what is no PDU, or one over a limit.
    #[error("{peer} broke the upper layer protocol: {source}")]
    Pdu {
        /// Address of the peer.
        peer: SocketAddr,
        /// The offence.
        source: PduError,
    },
    /// The peer sent P-DATA that makes no message.
    #[error("{peer} sent fragments that make no message: {source}")]
    Message {
        /// Address of the peer.
        peer: SocketAddr,
        /// The offence.
        source: FragmentError,
    },
    /// The peer sent a PDU that the association's state does not allow.
    #[error("{peer} sent a PDU that is not expected now")]
    Unexpected {
        /// Address of the peer.
        peer: SocketAddr,
    },
    /// The request was malformed but recognisable, and is rejected with this answer.
    #[error("{peer} sent a malformed A-ASSOCIATE-RQ")]
    MalformedRequest {
        /// Address of the peer.
        peer: SocketAddr,
        /// The rejection that was queued.
        answer: AssociateRj,
    },
}

/// One association on one socket.
///
/// [`Link::next`], [`Link::flush`] and [`Link::drive`] may be dropped at any await point without
/// losing bytes.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    channel: Channel,
    peer: SocketAddr,
    limits: Limits,
    state: State,
    /// We requested the association; it matters when two releases collide (PS3.8 §9.2.2, AR-8).
    is_requestor: bool,
    framer: Framer,
    messages: MessageReader,
    inbox: BytesMut,
    outbox: Outbox,
    /// Longest PDV payload that the peer takes, in bytes; even.
    send_payload_max: usize,
    /// Status of the response that was queued last.
    answered: Option<Status>,
    closed: bool,
}

/// What [`Link::drive`] did.
#[derive(Debug)]
pub enum Driven {
    /// Something came in.
    Indication(Indication),
    /// All that was queued has been written.
    Flushed,
}

impl Link {
    /// A link in which the peer is to request an association.
    ///
    /// # Errors
    /// When the socket is already gone.
    pub fn accept(stream: TcpStream, peer: SocketAddr, limits: Limits) -> io::Result<Self> {
        socket::prepare(&stream)?;
        let (state, _) = association::machine::step(State::Sta1, Event::TransportIndication);
        let stream = Stream::Plain(stream);
        let channel = Channel::default();
        Ok(Self::new(stream, channel, peer, limits, state, false))
    }

    /// The same, after a TLS handshake, which the caller bounds in time.
    ///
    /// # Errors
    /// When the handshake fails; the peer has then been told why.
    pub async fn accept_tls(
        stream: TcpStream,
        peer: SocketAddr,
        limits: Limits,
        acceptor: Acceptor,
    ) -> Result<Self, HandshakeError> {
        socket::prepare(&stream).map_err(|error| HandshakeError::Io(error.kind()))?;
        let (stream, channel) = acceptor.handshake(stream).await?;
        let (state, _) = association::machine::step(State::Sta1, Event::TransportIndication);
        let stream = Stream::Tls(stream);
        Ok(Self::new(stream, channel, peer, limits, state, false))
    }

    /// A link on which we are about to request an association.
    pub(super) fn requesting(
        stream: Stream,
        channel: Channel,
        peer: SocketAddr,
        limits: Limits,
        rq: &AssociateRq,
    ) -> Result<Self, association::EncodeError> {
        let (state, _) = association::machine::step(State::Sta1, Event::AssociateRequest);
        let (state, _) = association::machine::step(state, Event::TransportConfirm);
        let mut link = Self::new(stream, channel, peer, limits, state, true);
        link.outbox
            .push(association::encode_associate_rq(rq)?.into());
        Ok(link)
    }

    fn new(
        stream: Stream,
        channel: Channel,
        peer: SocketAddr,
        limits: Limits,
        state: State,
        is_requestor: bool,
    ) -> Self {
        Self {
            is_requestor,
            stream,
            channel,
            peer,
            limits,
            state,
            framer: Framer::new(FramerLimits {
                associate_max_bytes: limits.associate_bytes_max,
                data_max_bytes: limits.pdu_bytes_max,
            }),
            messages: MessageReader::new(limits.command_bytes_max),
            inbox: BytesMut::new(),
            outbox: Outbox::default(),
            send_payload_max: 0,
            answered: None,
            closed: false,
        }
    }

    /// Address of the peer's end.
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether it is encrypted, and the certificate that the peer showed.
    pub const fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Gives the connection up when bytes that were sent are not acknowledged for so long.
    pub fn give_up_after(&self, silence: Duration) {
        let tcp = self.stream.tcp();
        let set = socket::watch(tcp).and_then(|()| socket::give_up_after(tcp, silence));
        if let Err(error) = set {
            tracing::warn!(%error, "a cut line to this peer is found late");
        }
    }

    /// Bytes queued and not yet written.
    pub const fn queued_bytes(&self) -> usize {
        self.outbox.len()
    }

    /// The association stands and data may be sent.
    pub fn is_established(&self) -> bool {
        !self.closed && self.state == State::Sta6
    }

    /// Accepts the association that the peer requested; what we send is bounded by the peer's
    /// maximum length and by `pdu_cap_bytes`.
    ///
    /// # Errors
    /// When `ac` cannot be encoded.
    pub fn answer(
        &mut self,
        ac: &AssociateAc,
        peer_max_length: u32,
        pdu_cap_bytes: u32,
    ) -> Result<(), association::EncodeError> {
        let bytes = association::encode_associate_ac(ac)?;
        self.step(Event::AssociateAcceptResponse);
        self.outbox.push(bytes.into());
        self.send_at_most(peer_max_length, pdu_cap_bytes);
        Ok(())
    }

    /// Rejects the association that the peer requested, and closes when it has hung up or ARTIM
    /// has run out.
    pub async fn reject(mut self, rj: AssociateRj) {
        self.step(Event::AssociateRejectResponse);
        self.outbox
            .push(association::encode_associate_rj(rj).into());
        self.linger().await;
    }

    /// Limits the PDUs that we send to the peer's maximum length and our own cap for it.
    pub fn send_at_most(&mut self, peer_max_length: u32, cap: u32) {
        let said = if peer_max_length == 0 {
            UNLIMITED_SEND_BYTES
        } else {
            peer_max_length
        };
        let most = said.min(cap).max(SMALLEST_SEND_BYTES) - PDV_HEADER_BYTES;
        self.send_payload_max = usize::try_from(most & !1).unwrap_or(SMALLEST_SEND_BYTES as usize);
    }

    /// Queues a command set.
    pub fn queue_command(&mut self, context_id: u8, command: &CommandSet) {
        if command.is_response() {
            self.answered = command.status();
        }
        self.queue_part(context_id, true, command.encode().into(), true);
    }

    /// The status of the response that was queued last, since this was asked last.
    pub const fn take_answered(&mut self) -> Option<Status> {
        self.answered.take()
    }

    /// Queues a piece of a data set; `is_last` ends it.
    pub fn queue_data(&mut self, context_id: u8, data: Bytes, is_last: bool) {
        self.queue_part(context_id, false, data, is_last);
    }

    fn queue_part(&mut self, context_id: u8, is_command: bool, mut data: Bytes, is_last: bool) {
        loop {
            let piece = data.split_to(data.len().min(self.send_payload_max));
            let ends = data.is_empty();
            let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            let header = association::pdv_header(context_id, is_command, is_last && ends, length);
            self.outbox.push(Bytes::copy_from_slice(&header));
            self.outbox.push(piece);
            if ends {
                return;
            }
        }
    }

    /// Writes what the socket takes at this moment, without waiting. An error shows at the next
    /// wait.
    pub fn write_now(&mut self) {
        while self.has_output() {
            match self.stream.try_write(&self.outbox) {
                Ok(written) => self.outbox.advance(written),
                Err(_) => return,
            }
        }
    }

    /// What the peer does next. Also writes what is queued while it waits.
    ///
    /// # Errors
    /// When the socket fails or the peer breaks the protocol; an abort or rejection has then
    /// been queued, and [`Link::linger`] sends it.
    pub async fn next(&mut self) -> Result<Indication, LinkError> {
        loop {
            if let Some(indication) = self.take()? {
                return Ok(indication);
            }
            self.turn().await?;
        }
    }

    /// Writes what is queued and reads what comes, and tells which happened first.
    ///
    /// # Errors
    /// As [`Link::next`].
    pub async fn drive(&mut self) -> Result<Driven, LinkError> {
        loop {
            if let Some(indication) = self.take()? {
                return Ok(Driven::Indication(indication));
            }
            if !self.has_output() {
                return Ok(Driven::Flushed);
            }
            self.turn().await?;
        }
    }

    /// Writes all that is queued, without looking at what comes.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn flush(&mut self) -> Result<(), LinkError> {
        while self.has_output() {
            tokio::task::coop::consume_budget().await;
            let waited = match self.stream.try_write(&self.outbox) {
                Ok(written) => {
                    self.outbox.advance(written);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stream.writable().await
                }
                Err(error) => Err(error),
            };
            waited.map_err(|source| self.io_error(source))?;
        }
        Ok(())
    }

    /// What the peer has done already, without waiting for more: `None` when it is silent.
    ///
    /// # Errors
    /// As [`Link::next`].
    pub fn next_now(&mut self) -> Result<Option<Indication>, LinkError> {
        loop {
            if let Some(indication) = self.take()? {
                return Ok(Some(indication));
            }
            let bytes = self.read_bytes();
            match self.stream.try_read(&mut self.inbox, bytes) {
                Ok(0) => self.closed = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(source) => return Err(self.io_error(source)),
            }
        }
    }

    /// Something waits to be written.
    fn has_output(&self) -> bool {
        !self.outbox.is_empty() || self.stream.has_taken()
    }

    /// One read or one write, whichever the socket is ready for.
    async fn turn(&mut self) -> Result<(), LinkError> {
        // A socket that is always ready must not keep other tasks waiting.
        tokio::task::coop::consume_budget().await;
        loop {
            let writing = self.has_output();
            if writing {
                match self.stream.try_write(&self.outbox) {
                    Ok(written) => {
                        self.outbox.advance(written);
                        return Ok(());
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(source) => return Err(self.io_error(source)),
                }
            }
            let bytes = self.read_bytes();
            let waited = match self.stream.try_read(&mut self.inbox, bytes) {
                Ok(0) => {
                    self.closed = true;
                    return Ok(());
                }
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stream.ready(writing).await
                }
                Err(error) => Err(error),
            };
            waited.map_err(|source| self.io_error(source))?;
        }
    }

    /// Bytes asked of the socket at once.
    fn read_bytes(&self) -> usize {
        if self.state == State::Sta6 {
            READ_BYTES
        } else {
            READ_BYTES_EARLY
        }
    }

    /// The next indication in the bytes that have arrived.
    fn take(&mut self) -> Result<Option<Indication>, LinkError> {
        loop {
            if self.state == State::Sta13 || (self.closed && self.inbox.is_empty()) {
                return Ok(self.closed.then_some(Indication::Closed));
            }
            match self.framer.next(&mut self.inbox) {
                Ok(Some(Frame::Data(piece))) => {
                    self.expect(Event::DataPdu)?;
                    let event = self.messages.push(
                        piece.context_id,
                        piece.is_command,
                        piece.is_last,
                        piece.data,
                    );
                    if let Some(event) = event.map_err(|source| self.message_error(source))? {
                        return Ok(Some(event.into()));
                    }
                }
                Ok(Some(frame)) => return self.control(frame).map(Some),
                // A partial PDU before the peer's close is lost with it.
                Ok(None) if self.closed => return Ok(Some(Indication::Closed)),
                Ok(None) => return Ok(None),
                Err(source) => {
                    self.step(Event::InvalidPdu);
                    self.queue_abort(source.abort());
                    return Err(LinkError::Pdu {
                        peer: self.peer,
                        source,
                    });
                }
            }
        }
    }

    /// A frame that concerns the association itself.
    fn control(&mut self, frame: Frame) -> Result<Indication, LinkError> {
        let (event, indication) = match frame {
            Frame::AssociateRq(rq) => (Event::AssociateRqPdu, Indication::Requested(Box::new(rq))),
            Frame::AssociateAc(ac) => (Event::AssociateAcPdu, Indication::Accepted(Box::new(ac))),
            Frame::AssociateRj(rj) => (Event::AssociateRjPdu, Indication::Rejected(rj)),
            Frame::ReleaseRq if self.is_requestor => {
                (Event::ReleaseRqPdu, Indication::ReleaseRequested)
            }
            Frame::ReleaseRq => (Event::ReleaseRqPduAsAcceptor, Indication::ReleaseRequested),
            Frame::ReleaseRp => (Event::ReleaseRpPdu, Indication::Released),
            Frame::Abort(abort) => (Event::AbortPdu, Indication::Aborted(abort)),
            Frame::MalformedRq(answer) => return Err(self.malformed(answer)),
            Frame::Data(_) => return Err(LinkError::Unexpected { peer: self.peer }),
        };
        self.expect(event)?;
        Ok(indication)
    }

    fn malformed(&mut self, answer: AssociateRj) -> LinkError {
        if self.expect(Event::AssociateRqPdu).is_ok() {
            self.step(Event::AssociateRejectResponse);
            self.outbox
                .push(association::encode_associate_rj(answer).into());
        }
        LinkError::MalformedRequest {
            peer: self.peer,
            answer,
        }
    }

    /// Steps the machine; an abort among the actions means that the peer's PDU was not allowed.
    fn expect(&mut self, event: Event) -> Result<(), LinkError> {
        let actions = self.step(event);
        for action in actions {
            if let Action::SendAbort(abort) = action {
                self.queue_abort(*abort);
                return Err(LinkError::Unexpected { peer: self.peer });
            }
        }
        Ok(())
    }

    fn step(&mut self, event: Event) -> &'static [Action] {
        let (state, actions) = association::machine::step(self.state, event);
        self.state = state;
        actions
    }

    fn message_error(&mut self, source: FragmentError) -> LinkError {
        self.step(Event::AbortRequest);
        self.queue_abort(Abort::INVALID_PARAMETER);
        LinkError::Message {
            peer: self.peer,
            source,
        }
    }

    fn queue_abort(&mut self, abort: Abort) {
        self.outbox.push(association::encode_abort(abort).into());
    }

    fn io_error(&mut self, source: io::Error) -> LinkError {
        self.closed = true;
        self.outbox.clear();
        LinkError::Io {
            peer: self.peer,
            source,
        }
    }
}
