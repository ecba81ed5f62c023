//! Values to PDUs, ready to be written to a socket.

use dicom_ul::pdu;
use dicom_ul::pdu::AssociationAC;
use dicom_ul::pdu::AssociationRQ;
use dicom_ul::pdu::Pdu;
use dicom_ul::pdu::PresentationContextProposed;
use dicom_ul::pdu::PresentationContextResult;
use dicom_ul::pdu::PresentationContextResultReason;
use dicom_ul::pdu::RequestorRoles;
use dicom_ul::pdu::UserIdentityType;
use dicom_ul::pdu::UserVariableItem;
use dicom_ul::pdu::write_pdu;

use super::lenient::COMMON_EXTENDED;
use super::lenient::USER_IDENTITY_RESPONSE;
use super::pdu::APPLICATION_CONTEXT_NAME;
use super::pdu::Abort;
use super::pdu::AssociateAc;
use super::pdu::AssociateRj;
use super::pdu::AssociateRq;
use super::pdu::ContextReply;
use super::pdu::ContextResult;
use super::pdu::PROTOCOL_VERSION;
use super::pdu::ProposedContext;
use super::user::UserIdentity;
use super::user::UserInformation;

/// What fills the transfer syntax of a rejected context: a place that has no meaning, and that
/// some peers cannot bear to find empty. Implicit VR Little Endian.
const FILLER_TRANSFER_SYNTAX: &str = "1.2.840.10008.1.2";

/// Bytes of an item header.
const ITEM_HEADER_BYTES: usize = 4;

/// Why a PDU of ours cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// An item's length has 16 bits.
    #[error("{item} of {bytes} bytes, limit 65535")]
    TooLong {
        /// Which item.
        item: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// No user identity type of PS3.7 §D.3.3.7.
    #[error("no user identity has type {0}")]
    IdentityKind(u8),
    /// The PDU codec cannot write it: a text outside its character set.
    #[error("an A-ASSOCIATE PDU that cannot be written")]
    Unwritable,
}

/// An A-ASSOCIATE-RQ PDU.
///
/// # Errors
/// When an item does not fit its length, or a text its character set.
pub fn encode_associate_rq(rq: &AssociateRq) -> Result<Vec<u8>, EncodeError> {
    let contexts: Result<Vec<_>, _> = rq.contexts.iter().map(proposed).collect();
    write(&Pdu::AssociationRQ(AssociationRQ {
        protocol_version: rq.protocol_version,
        calling_ae_title: rq.calling.as_str().to_owned(),
        called_ae_title: rq.called.as_str().to_owned(),
        application_context_name: rq.application_context.clone(),
        presentation_contexts: contexts?,
        user_variables: user_variables(&rq.user)?,
    }))
}

/// An A-ASSOCIATE-AC PDU.
///
/// # Errors
/// When an item does not fit its length, or a text its character set.
pub fn encode_associate_ac(ac: &AssociateAc) -> Result<Vec<u8>, EncodeError> {
    write(&Pdu::AssociationAC(AssociationAC {
        protocol_version: PROTOCOL_VERSION,
        calling_ae_title: ac.calling.as_str().to_owned(),
        called_ae_title: ac.called.as_str().to_owned(),
        application_context_name: APPLICATION_CONTEXT_NAME.to_owned(),
        presentation_contexts: ac.contexts.iter().map(result).collect(),
        user_variables: user_variables(&ac.user)?,
    }))
}

/// An A-ASSOCIATE-RJ PDU (PS3.8 §9.3.4).
pub fn encode_associate_rj(rj: AssociateRj) -> Vec<u8> {
    fixed(0x03, [0, rj.result, rj.source, rj.reason])
}

/// An A-RELEASE-RQ PDU (PS3.8 §9.3.6).
pub fn encode_release_rq() -> Vec<u8> {
    fixed(0x05, [0; 4])
}

/// An A-RELEASE-RP PDU (PS3.8 §9.3.7).
pub fn encode_release_rp() -> Vec<u8> {
    fixed(0x06, [0; 4])
}

/// An A-ABORT PDU (PS3.8 §9.3.8).
pub fn encode_abort(abort: Abort) -> Vec<u8> {
    fixed(0x07, [0, 0, abort.source, abort.reason])
}

fn fixed(kind: u8, body: [u8; 4]) -> Vec<u8> {
    let mut pdu = vec![kind, 0, 0, 0, 0, 4];
    pdu.extend(body);
    pdu
}

/// What goes before `data_len` bytes of a fragment that makes a P-DATA-TF of its own: PDU header
/// and PDV item header with the message control header (PS3.8 §9.3.5, Annex E.2).
pub const fn pdv_header(
    context_id: u8,
    is_command: bool,
    is_last: bool,
    data_len: u32,
) -> [u8; 12] {
    let [p1, p2, p3, p4] = data_len.saturating_add(6).to_be_bytes();
    let [v1, v2, v3, v4] = data_len.saturating_add(2).to_be_bytes();
    let control = (is_command as u8) | ((is_last as u8) << 1);
    [4, 0, p1, p2, p3, p4, v1, v2, v3, v4, context_id, control]
}

fn write(pdu: &Pdu) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    // Its errors may quote the identity that they could not write.
    write_pdu(&mut bytes, pdu).map_err(|_| EncodeError::Unwritable)?;
    Ok(bytes)
}

/// The codec cuts a length to 16 bits without a word: nothing longer goes to it.
fn fits(item: &'static str, lengths: impl Iterator<Item = usize>) -> Result<(), EncodeError> {
    let bytes = lengths.fold(0_usize, |sum, length| {
        sum.saturating_add(length).saturating_add(ITEM_HEADER_BYTES)
    });
    match u16::try_from(bytes) {
        Ok(_) => Ok(()),
        Err(_) => Err(EncodeError::TooLong { item, bytes }),
    }
}

fn proposed(context: &ProposedContext) -> Result<PresentationContextProposed, EncodeError> {
    let syntaxes = context.transfer_syntaxes.iter();
    // The context's own 4 bytes stand for the header that it counts too many.
    let names = std::iter::once(&context.abstract_syntax).chain(syntaxes);
    fits(
        "a presentation context",
        std::iter::once(0).chain(names.map(|uid| uid.as_str().len())),
    )?;
    Ok(PresentationContextProposed {
        id: context.id,
        abstract_syntax: context.abstract_syntax.to_string(),
        transfer_syntaxes: context
            .transfer_syntaxes
            .iter()
            .map(ToString::to_string)
            .collect(),
    })
}

fn result(context: &ContextResult) -> PresentationContextResult {
    let (reason, syntax) = match &context.result {
        ContextReply::Accepted(syntax) => {
            (PresentationContextResultReason::Acceptance, syntax.as_str())
        }
        ContextReply::UserRejection => (
            PresentationContextResultReason::UserRejection,
            FILLER_TRANSFER_SYNTAX,
        ),
        ContextReply::NoReason => (
            PresentationContextResultReason::NoReason,
            FILLER_TRANSFER_SYNTAX,
        ),
        ContextReply::AbstractSyntaxNotSupported => (
            PresentationContextResultReason::AbstractSyntaxNotSupported,
            FILLER_TRANSFER_SYNTAX,
        ),
        ContextReply::TransferSyntaxesNotSupported => (
            PresentationContextResultReason::TransferSyntaxesNotSupported,
            FILLER_TRANSFER_SYNTAX,
        ),
    };
    PresentationContextResult {
        id: context.id,
        reason,
        transfer_syntax: syntax.to_owned(),
    }
}

/// Sub-items in the order of their types.
fn user_variables(user: &UserInformation) -> Result<Vec<UserVariableItem>, EncodeError> {
    fits("user information", user_lengths(user))?;
    let mut items = vec![UserVariableItem::MaxLength(user.max_length)];
    if let Some(uid) = &user.implementation_class_uid {
        items.push(UserVariableItem::ImplementationClassUID(uid.to_string()));
    }
    for (class, roles) in &user.roles {
        let roles = RequestorRoles {
            scu: roles.scu,
            scp: roles.scp,
        };
        items.push(UserVariableItem::ScuScpRoleSelectionSubItem(
            class.to_string(),
            roles,
        ));
    }
    if let Some(name) = &user.implementation_version {
        items.push(UserVariableItem::ImplementationVersionName(name.clone()));
    }
    for (class, information) in &user.extended {
        items.push(UserVariableItem::SopClassExtendedNegotiationSubItem(
            class.to_string(),
            information.clone(),
        ));
    }
    for value in &user.common_extended {
        items.push(UserVariableItem::Unknown(COMMON_EXTENDED, value.clone()));
    }
    if let Some(identity) = &user.user_identity {
        items.push(UserVariableItem::UserIdentityItem(user_identity(identity)?));
    }
    if let Some(response) = &user.user_identity_response {
        let length = u16::try_from(response.len()).map_err(|_| EncodeError::TooLong {
            item: "a user identity response",
            bytes: response.len(),
        })?;
        let mut value = length.to_be_bytes().to_vec();
        value.extend(response);
        items.push(UserVariableItem::Unknown(USER_IDENTITY_RESPONSE, value));
    }
    Ok(items)
}

/// Lengths of the sub-items, without their headers.
fn user_lengths(user: &UserInformation) -> impl Iterator<Item = usize> {
    let uid = user.implementation_class_uid.iter();
    let version = user.implementation_version.iter();
    let identity = user.user_identity.iter();
    let response = user.user_identity_response.iter();
    std::iter::once(4)
        .chain(uid.map(|uid| uid.as_str().len()))
        .chain(version.map(String::len))
        .chain(
            user.roles
                .keys()
                .map(|class| class.as_str().len().saturating_add(4)),
        )
        .chain(user.extended.iter().map(|(class, information)| {
            let fixed = class.as_str().len().saturating_add(2);
            information.len().saturating_add(fixed)
        }))
        .chain(user.common_extended.iter().map(Vec::len))
        .chain(identity.map(|identity| {
            let fields = identity
                .primary
                .len()
                .saturating_add(identity.secondary.len());
            fields.saturating_add(6)
        }))
        .chain(response.map(|response| response.len().saturating_add(2)))
}

fn user_identity(identity: &UserIdentity) -> Result<pdu::UserIdentity, EncodeError> {
    let kind = match identity.kind {
        1 => UserIdentityType::Username,
        2 => UserIdentityType::UsernamePassword,
        3 => UserIdentityType::KerberosServiceTicket,
        4 => UserIdentityType::SamlAssertion,
        5 => UserIdentityType::Jwt,
        other => return Err(EncodeError::IdentityKind(other)),
    };
    Ok(pdu::UserIdentity::new(
        identity.response_requested,
        kind,
        identity.primary.clone(),
        identity.secondary.clone(),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::super::Frame;
    use super::super::Framer;
    use super::super::FramerLimits;
    use super::super::user::Roles;
    use super::*;
    use crate::dicom::AeTitle;
    use crate::dicom::Uid;

    fn framed(pdu: &[u8]) -> Option<Frame> {
        let limits = FramerLimits {
            associate_max_bytes: 1 << 20,
            data_max_bytes: 1 << 20,
        };
        let mut buffer = BytesMut::from(pdu);
        let frame = Framer::new(limits).next(&mut buffer).unwrap();
        assert!(buffer.is_empty());
        frame
    }

    fn request(user: UserInformation) -> AssociateRq {
        let context = ProposedContext {
            id: 1,
            abstract_syntax: "1.2.840.10008.1.1".parse().unwrap(),
            transfer_syntaxes: vec!["1.2.840.10008.1.2".parse().unwrap()],
        };
        let (called, calling) = ("PACS".parse().unwrap(), "CT_1".parse().unwrap());
        AssociateRq::new(called, calling, vec![context], user)
    }

    #[test]
    fn what_does_not_fit_a_length_is_refused_and_not_cut() {
        let mut user = UserInformation::ours(16_384);
        user.user_identity = Some(UserIdentity {
            kind: 4,
            response_requested: false,
            primary: vec![b'x'; 65_500],
            secondary: Vec::new(),
        });
        let error = encode_associate_rq(&request(user.clone())).unwrap_err();
        assert!(matches!(error, EncodeError::TooLong { .. }), "{error}");
        user.user_identity = None;
        user.user_identity_response = Some(vec![0; 65_536]);
        let error = encode_associate_rq(&request(user)).unwrap_err();
        assert!(matches!(error, EncodeError::TooLong { .. }), "{error}");

        let mut rq = request(UserInformation::ours(16_384));
        let longest: Uid = "1".repeat(64).parse().unwrap();
        rq.contexts[0].transfer_syntaxes = vec![longest; 964];
        let error = encode_associate_rq(&rq).unwrap_err();
        assert!(matches!(error, EncodeError::TooLong { .. }), "{error}");
        rq.contexts[0].transfer_syntaxes.truncate(963);
        assert_eq!(
            framed(&encode_associate_rq(&rq).unwrap()),
            Some(Frame::AssociateRq(rq))
        );
    }

    #[test]
    fn an_identity_of_an_unknown_kind_is_not_sent() {
        let mut user = UserInformation::ours(16_384);
        user.user_identity = Some(UserIdentity {
            kind: 6,
            response_requested: false,
            primary: Vec::new(),
            secondary: Vec::new(),
        });
        let error = encode_associate_rq(&request(user)).unwrap_err();
        assert!(matches!(error, EncodeError::IdentityKind(6)), "{error}");
    }

    #[test]
    fn we_name_ourselves_and_no_asynchronous_operations() {
        let pdu = encode_associate_rq(&request(UserInformation::ours(0x0102_0304))).unwrap();
        let holds = |part: &[u8]| pdu.windows(part.len()).any(|window| window == part);
        assert!(holds(b"\x51\0\0\x04\x01\x02\x03\x04"));
        assert!(holds(b"\x55\0\0\x0cCREDENCE_0_1"));
        assert!(!holds(b"\x53\0\0\x04"));
    }

    #[test]
    fn a_rejected_context_still_names_a_transfer_syntax() {
        let ac = AssociateAc {
            called: "PACS".parse().unwrap(),
            calling: "CT_1".parse().unwrap(),
            contexts: vec![ContextResult {
                id: 5,
                result: ContextReply::UserRejection,
            }],
            user: UserInformation::ours(16_384),
        };
        let pdu = encode_associate_ac(&ac).unwrap();
        let item = b"\x21\0\0\x19\x05\0\x01\0\x40\0\0\x111.2.840.10008.1.2";
        assert!(pdu.windows(item.len()).any(|window| window == item));
    }

    #[test]
    fn short_pdus_are_as_the_standard_draws_them() {
        let rj = encode_associate_rj(AssociateRj::CALLED_NOT_RECOGNISED);
        assert_eq!(rj, [3, 0, 0, 0, 0, 4, 0, 1, 1, 7]);
        assert_eq!(encode_release_rq(), [5, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
        assert_eq!(encode_release_rp(), [6, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
        let abort = encode_abort(Abort::INVALID_PARAMETER);
        assert_eq!(abort, [7, 0, 0, 0, 0, 4, 0, 0, 2, 6]);
    }

    #[test]
    fn a_pdv_header_counts_itself_in_the_pdu_and_its_control_in_the_item() {
        let header = pdv_header(3, true, false, 0x0001_0000);
        assert_eq!(header, [4, 0, 0, 1, 0, 6, 0, 1, 0, 2, 3, 1]);
        assert_eq!(pdv_header(3, false, true, 0)[10..], [3, 2]);
        assert_eq!(pdv_header(3, true, true, 0)[10..], [3, 3]);
    }

    #[test]
    fn rejections_have_the_numbers_of_table_9_21() {
        for (rj, numbers) in [
            (AssociateRj::CALLED_NOT_RECOGNISED, "1/1/7"),
            (AssociateRj::CALLING_NOT_RECOGNISED, "1/1/3"),
            (AssociateRj::APPLICATION_CONTEXT, "1/1/2"),
            (AssociateRj::PROTOCOL_VERSION, "1/2/2"),
            (AssociateRj::MALFORMED, "1/2/1"),
            (AssociateRj::TRANSIENT_NO_REASON, "2/1/1"),
            (AssociateRj::CONGESTION, "2/3/1"),
            (AssociateRj::LOCAL_LIMIT, "2/3/2"),
        ] {
            assert!(rj.to_string().ends_with(&format!("({numbers})")), "{rj}");
        }
    }

    fn uid() -> impl Strategy<Value = Uid> {
        "[0-9][0-9.]{0,63}".prop_map(|text| text.parse().unwrap())
    }

    fn title() -> impl Strategy<Value = AeTitle> {
        "[!-\\[\\]-~]([ -\\[\\]-~]{0,14}[!-\\[\\]-~])?".prop_map(|text| text.parse().unwrap())
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..80)
    }

    fn user() -> impl Strategy<Value = UserInformation> {
        let roles = (uid(), any::<(bool, bool)>())
            .prop_map(|(class, (scu, scp))| (class, Roles { scu, scp }));
        let identity = (1_u8..=5, any::<bool>(), bytes(), bytes()).prop_map(
            |(kind, response_requested, primary, secondary)| UserIdentity {
                kind,
                response_requested,
                primary,
                secondary,
            },
        );
        (
            any::<u32>(),
            prop::option::of(uid()),
            prop::option::of("[A-Z0-9_]{1,16}"),
            prop::collection::vec(roles, 0..4),
            prop::collection::vec((uid(), bytes()), 0..4),
            prop::collection::vec(bytes(), 0..3),
            prop::option::of(identity),
            prop::option::of(bytes()),
        )
            .prop_map(
                |(max_length, class, version, roles, extended, common, identity, response)| {
                    UserInformation {
                        max_length,
                        implementation_class_uid: class,
                        implementation_version: version,
                        roles: BTreeMap::from_iter(roles),
                        extended: BTreeMap::from_iter(extended),
                        common_extended: common,
                        user_identity: identity,
                        user_identity_response: response,
                    }
                },
            )
    }

    fn proposed_contexts() -> impl Strategy<Value = Vec<ProposedContext>> {
        let context = (uid(), prop::collection::vec(uid(), 0..5));
        prop::collection::vec(context, 1..=128).prop_map(|contexts| {
            (1..=u8::MAX)
                .step_by(2)
                .zip(contexts)
                .map(
                    |(id, (abstract_syntax, transfer_syntaxes))| ProposedContext {
                        id,
                        abstract_syntax,
                        transfer_syntaxes,
                    },
                )
                .collect()
        })
    }

    fn results() -> impl Strategy<Value = Vec<ContextResult>> {
        let reply = prop_oneof![
            uid().prop_map(ContextReply::Accepted),
            Just(ContextReply::UserRejection),
            Just(ContextReply::NoReason),
            Just(ContextReply::AbstractSyntaxNotSupported),
            Just(ContextReply::TransferSyntaxesNotSupported),
        ];
        let result = (any::<u8>(), reply).prop_map(|(id, result)| ContextResult { id, result });
        prop::collection::vec(result, 0..=128)
    }

    proptest! {
        #[test]
        fn a_request_comes_back_as_it_was_written(
            (called, calling) in (title(), title()),
            contexts in proposed_contexts(),
            user in user(),
        ) {
            let rq = AssociateRq::new(called, calling, contexts, user);
            let pdu = encode_associate_rq(&rq).unwrap();
            prop_assert_eq!(framed(&pdu), Some(Frame::AssociateRq(rq)));
        }

        #[test]
        fn an_acceptance_comes_back_as_it_was_written(
            (called, calling) in (title(), title()),
            contexts in results(),
            user in user(),
        ) {
            let ac = AssociateAc { called, calling, contexts, user };
            let pdu = encode_associate_ac(&ac).unwrap();
            prop_assert_eq!(framed(&pdu), Some(Frame::AssociateAc(ac)));
        }
    }
}
