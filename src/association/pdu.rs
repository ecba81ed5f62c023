//! The PDUs of PS3.8 §9.3 as values.

use std::fmt;

use bytes::Bytes;

use super::user::UserInformation;
use crate::dicom::AeTitle;
use crate::dicom::Uid;

/// The DICOM application context (PS3.7 §A.2.1).
pub const APPLICATION_CONTEXT_NAME: &str = "1.2.840.10008.3.1.1.1";

/// The protocol version that we speak: bit 0 (PS3.8 §9.3.2).
pub(super) const PROTOCOL_VERSION: u16 = 1;

/// What a peer sent: a whole PDU, or a piece of the data in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// An association request that follows the rules of
    /// [`check_request`](super::negotiation::check_request).
    AssociateRq(AssociateRq),
    /// An association request that does not, and the rejection to answer.
    MalformedRq(AssociateRj),
    /// Our request is accepted.
    AssociateAc(AssociateAc),
    /// Our request is rejected.
    AssociateRj(AssociateRj),
    /// The peer wants to release the association.
    ReleaseRq,
    /// The peer confirms our release.
    ReleaseRp,
    /// The peer aborts.
    Abort(Abort),
    /// A piece of a presentation data value.
    Data(Piece),
}

/// As much of a presentation data value as has arrived: of even length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Presentation context that it came on.
    pub context_id: u8,
    /// Part of a command set; otherwise of a data set.
    pub is_command: bool,
    /// The command set or data set ends with this piece.
    pub is_last: bool,
    /// The bytes as they came, not copied.
    pub data: Bytes,
}

/// A-ASSOCIATE-RQ (PS3.8 §9.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateRq {
    /// One bit per version that the requestor speaks.
    pub protocol_version: u16,
    /// Application context name, without padding.
    pub application_context: String,
    /// AE title that is asked for.
    pub called: AeTitle,
    /// AE title that asks.
    pub calling: AeTitle,
    /// Proposed presentation contexts, in the order of the PDU.
    pub contexts: Vec<ProposedContext>,
    /// Everything else that is negotiated.
    pub user: UserInformation,
}

/// A presentation context that a requestor proposes (PS3.8 §9.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedContext {
    /// Odd, unique within its association.
    pub id: u8,
    /// The SOP class, mostly.
    pub abstract_syntax: Uid,
    /// Transfer syntaxes in the requestor's order; those that are no UIDs are left out, so there
    /// may be none.
    pub transfer_syntaxes: Vec<Uid>,
}

/// A-ASSOCIATE-AC (PS3.8 §9.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateAc {
    /// The request's, repeated; without meaning in what a peer sends.
    pub called: AeTitle,
    /// The request's, repeated; without meaning in what a peer sends.
    pub calling: AeTitle,
    /// One answer per proposed context.
    pub contexts: Vec<ContextResult>,
    /// Everything else that was negotiated.
    pub user: UserInformation,
}

/// The answer to a proposed presentation context (PS3.8 §9.3.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextResult {
    /// The proposed context's.
    pub id: u8,
    /// The answer.
    pub result: ContextReply,
}

/// Result/Reason of Table 9-18.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextReply {
    /// 0, with the one transfer syntax to use.
    Accepted(Uid),
    /// 1: the acceptor's user does not want it.
    UserRejection,
    /// 2: the provider gives no reason; also what we make of values above 4.
    NoReason,
    /// 3: abstract syntax not supported.
    AbstractSyntaxNotSupported,
    /// 4: none of the transfer syntaxes supported.
    TransferSyntaxesNotSupported,
}

/// A presentation context that both sides agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: u8,
    /// What it is for.
    pub abstract_syntax: Uid,
    /// How its data sets are encoded.
    pub transfer_syntax: Uid,
}

/// A-ASSOCIATE-RJ (PS3.8 §9.3.4), with the numbers of Table 9-21 as they are on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssociateRj {
    /// 1 permanent, 2 transient.
    pub result: u8,
    /// 1 user, 2 provider (ACSE), 3 provider (presentation).
    pub source: u8,
    /// Reason, by source.
    pub reason: u8,
}

/// A-ABORT (PS3.8 §9.3.8), with the numbers of Table 9-26 as they are on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// 0 user, 2 provider.
    pub source: u8,
    /// Reason, for source 2.
    pub reason: u8,
}

impl AssociateRq {
    /// A request in the DICOM application context.
    pub fn new(
        called: AeTitle,
        calling: AeTitle,
        contexts: Vec<ProposedContext>,
        user: UserInformation,
    ) -> Self {
        Self {
            protocol_version: PROTOCOL_VERSION,
            application_context: APPLICATION_CONTEXT_NAME.to_owned(),
            called,
            calling,
            contexts,
            user,
        }
    }

    /// The proposed context with this id.
    pub fn context(&self, id: u8) -> Option<&ProposedContext> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// What `ac` leaves of this request: contexts that were proposed, and accepted with a
    /// transfer syntax that was proposed for them. Of two answers for one id the first counts.
    pub fn accepted(&self, ac: &AssociateAc) -> Vec<Accepted> {
        let agreed = |context: &ProposedContext| {
            let transfer_syntax = ac.accepted_syntax(context)?;
            Some(Accepted {
                id: context.id,
                abstract_syntax: context.abstract_syntax.clone(),
                transfer_syntax: transfer_syntax.clone(),
            })
        };
        self.contexts.iter().filter_map(agreed).collect()
    }
}

impl AssociateAc {
    /// The answer for this context id; the first, should there be several.
    pub fn result(&self, id: u8) -> Option<&ContextReply> {
        let answer = self.contexts.iter().find(|context| context.id == id)?;
        Some(&answer.result)
    }

    /// The transfer syntax accepted for `context`, if it is one that was proposed.
    fn accepted_syntax(&self, context: &ProposedContext) -> Option<&Uid> {
        match self.result(context.id)? {
            ContextReply::Accepted(syntax) => {
                context.transfer_syntaxes.contains(syntax).then_some(syntax)
            }
            ContextReply::UserRejection
            | ContextReply::NoReason
            | ContextReply::AbstractSyntaxNotSupported
            | ContextReply::TransferSyntaxesNotSupported => None,
        }
    }
}

impl AssociateRj {
    /// The called AE title is none of ours.
    pub const CALLED_NOT_RECOGNISED: Self = Self::permanent(1, 7);
    /// The calling AE title is unknown, or does not match its address or certificate.
    pub const CALLING_NOT_RECOGNISED: Self = Self::permanent(1, 3);
    /// Not the DICOM application context.
    pub const APPLICATION_CONTEXT: Self = Self::permanent(1, 2);
    /// A protocol version without bit 0.
    pub const PROTOCOL_VERSION: Self = Self::permanent(2, 2);
    /// The user's identity is not accepted (PS3.7 §D.3.3.7.3: permanent, by the ACSE related
    /// service provider).
    pub const USER_NOT_ACCEPTED: Self = Self::permanent(2, 1);
    /// Recognisable, and against the rules in a way that has no code of its own.
    pub const MALFORMED: Self = Self::permanent(2, 1);
    /// Not now, for a reason that has no code.
    pub const TRANSIENT_NO_REASON: Self = Self::transient(1, 1);
    /// Overloaded for the moment.
    pub const CONGESTION: Self = Self::transient(3, 1);
    /// As many associations as we take.
    pub const LOCAL_LIMIT: Self = Self::transient(3, 2);

    const fn permanent(source: u8, reason: u8) -> Self {
        Self {
            result: 1,
            source,
            reason,
        }
    }

    const fn transient(source: u8, reason: u8) -> Self {
        Self {
            result: 2,
            source,
            reason,
        }
    }

    const fn words(self) -> &'static str {
        match (self.source, self.reason) {
            (1 | 2, 1) => "no reason given",
            (1, 2) => "application context name not supported",
            (1, 3) => "calling AE title not recognised",
            (1, 7) => "called AE title not recognised",
            (2, 2) => "protocol version not supported",
            (3, 1) => "temporary congestion",
            (3, 2) => "local limit exceeded",
            _ => "a reserved reason",
        }
    }
}

impl fmt::Display for AssociateRj {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            result,
            source,
            reason,
        } = self;
        write!(f, "{} ({result}/{source}/{reason})", self.words())
    }
}

impl Abort {
    /// By the service user: no reason is given.
    pub const BY_USER: Self = Self {
        source: 0,
        reason: 0,
    };
    /// By the provider, reason not specified.
    pub const BY_PROVIDER: Self = Self::provider(0);
    /// A PDU type that PS3.8 does not know.
    pub const UNRECOGNISED_PDU: Self = Self::provider(1);
    /// A PDU that the association's state does not allow.
    pub const UNEXPECTED_PDU: Self = Self::provider(2);
    /// A parameter that PS3.8 does not know.
    pub const UNRECOGNISED_PARAMETER: Self = Self::provider(4);
    /// A parameter that is not expected, such as a presentation context that was not accepted.
    pub const UNEXPECTED_PARAMETER: Self = Self::provider(5);
    /// A parameter with an invalid value, such as a length.
    pub const INVALID_PARAMETER: Self = Self::provider(6);

    const fn provider(reason: u8) -> Self {
        Self { source: 2, reason }
    }

    const fn words(self) -> &'static str {
        match (self.source, self.reason) {
            (0, _) => "by its user",
            (2, 0) => "reason not specified",
            (2, 1) => "unrecognised PDU",
            (2, 2) => "unexpected PDU",
            (2, 4) => "unrecognised PDU parameter",
            (2, 5) => "unexpected PDU parameter",
            (2, 6) => "invalid PDU parameter value",
            _ => "a reserved reason",
        }
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}/{})", self.words(), self.source, self.reason)
    }
}
