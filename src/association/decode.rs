//! Bodies of PDUs to values, by way of [`lenient`] and `dicom-ul`.

use dicom_ul::pdu::MAXIMUM_PDU_SIZE;
use dicom_ul::pdu::Pdu;
use dicom_ul::pdu::PresentationContextProposed;
use dicom_ul::pdu::PresentationContextResult;
use dicom_ul::pdu::PresentationContextResultReason;
use dicom_ul::pdu::UserIdentityType;
use dicom_ul::pdu::UserVariableItem;
use dicom_ul::pdu::read_pdu;

use super::fault::PduFault;
use super::lenient;
use super::negotiation::check_request;
use super::negotiation::check_version;
use super::pdu::AssociateAc;
use super::pdu::AssociateRj;
use super::pdu::AssociateRq;
use super::pdu::ContextReply;
use super::pdu::ContextResult;
use super::pdu::Frame;
use super::pdu::ProposedContext;
use super::user::Roles;
use super::user::UserIdentity;
use super::user::UserInformation;
use crate::dicom::AeTitle;
use crate::dicom::Uid;

/// Characters of the longest implementation version name (PS3.7 §D.3.3.2).
const VERSION_NAME_CHARACTERS_MAX: usize = 16;

/// The frame of an A-ASSOCIATE-RQ. One that is recognisable, and against the rules, is a
/// rejection to answer.
///
/// # Errors
/// When its items do not fit into each other.
pub(super) fn request(body: &[u8]) -> Result<Frame, PduFault> {
    let rejected = |answer| Ok(Frame::MalformedRq(answer));
    // Another version may be built otherwise from here on.
    if let [high, low, ..] = body
        && let Err(answer) = check_version(u16::from_be_bytes([*high, *low]))
    {
        return rejected(answer);
    }
    let pdu = match lenient::request(body) {
        Ok(pdu) => pdu,
        Err(PduFault::ItemFields { .. }) => return rejected(AssociateRj::MALFORMED),
        Err(broken) => return Err(broken),
    };
    // The codec names no cause; after the pass above a missing name is all that is left.
    let Ok(Pdu::AssociationRQ(rq)) = read(&pdu) else {
        return rejected(AssociateRj::APPLICATION_CONTEXT);
    };
    // From the bytes: the codec trims more than spaces.
    let [called, calling] = lenient::ae_titles(body);
    let Ok(called) = AeTitle::from_bytes(called) else {
        return rejected(AssociateRj::CALLED_NOT_RECOGNISED);
    };
    let Ok(calling) = AeTitle::from_bytes(calling) else {
        return rejected(AssociateRj::CALLING_NOT_RECOGNISED);
    };
    let contexts: Option<Vec<ProposedContext>> =
        rq.presentation_contexts.iter().map(proposed).collect();
    let Some(contexts) = contexts else {
        return rejected(AssociateRj::MALFORMED);
    };
    let padding: &[char] = &[' ', '\0'];
    let rq = AssociateRq {
        protocol_version: rq.protocol_version,
        application_context: rq
            .application_context_name
            .trim_end_matches(padding)
            .to_owned(),
        called,
        calling,
        contexts,
        user: user_information(&rq.user_variables),
    };
    match check_request(&rq) {
        Ok(()) => Ok(Frame::AssociateRq(rq)),
        Err(answer) => rejected(answer),
    }
}

/// The frame of an A-ASSOCIATE-AC.
///
/// # Errors
/// When its items do not fit into each other.
pub(super) fn acceptance(body: &[u8]) -> Result<Frame, PduFault> {
    let Pdu::AssociationAC(ac) = read(&lenient::acceptance(body)?)? else {
        return Err(PduFault::Unreadable);
    };
    let title = |text: &str| text.parse::<AeTitle>().map_err(|_| PduFault::Unreadable);
    Ok(Frame::AssociateAc(AssociateAc {
        called: title(&ac.called_ae_title)?,
        calling: title(&ac.calling_ae_title)?,
        contexts: ac.presentation_contexts.iter().map(result).collect(),
        user: user_information(&ac.user_variables),
    }))
}

/// Its errors may quote what they could not read, identities included: they stop here.
fn read(pdu: &[u8]) -> Result<Pdu, PduFault> {
    match read_pdu(pdu, MAXIMUM_PDU_SIZE, false) {
        Ok(Some(pdu)) => Ok(pdu),
        Ok(None) | Err(_) => Err(PduFault::Unreadable),
    }
}

fn proposed(context: &PresentationContextProposed) -> Option<ProposedContext> {
    Some(ProposedContext {
        id: context.id,
        abstract_syntax: uid(&context.abstract_syntax)?,
        transfer_syntaxes: context
            .transfer_syntaxes
            .iter()
            .filter_map(|name| uid(name))
            .collect(),
    })
}

fn result(context: &PresentationContextResult) -> ContextResult {
    let result = match context.reason {
        // Accepted with what is no UID: nothing that could be used.
        PresentationContextResultReason::Acceptance => {
            uid(&context.transfer_syntax).map_or(ContextReply::NoReason, ContextReply::Accepted)
        }
        PresentationContextResultReason::UserRejection => ContextReply::UserRejection,
        PresentationContextResultReason::NoReason => ContextReply::NoReason,
        PresentationContextResultReason::AbstractSyntaxNotSupported => {
            ContextReply::AbstractSyntaxNotSupported
        }
        PresentationContextResultReason::TransferSyntaxesNotSupported => {
            ContextReply::TransferSyntaxesNotSupported
        }
    };
    ContextResult {
        id: context.id,
        result,
    }
}

fn uid(text: &str) -> Option<Uid> {
    text.parse().ok()
}

fn user_information(items: &[UserVariableItem]) -> UserInformation {
    let mut user = UserInformation::silent();
    for item in items {
        match item {
            UserVariableItem::MaxLength(bytes) => user.max_length = *bytes,
            UserVariableItem::ImplementationClassUID(name) => {
                user.implementation_class_uid = uid(name);
            }
            UserVariableItem::ImplementationVersionName(name) => {
                user.implementation_version = version_name(name);
            }
            UserVariableItem::ScuScpRoleSelectionSubItem(class, roles) => {
                if let Some(class) = uid(class) {
                    let (scu, scp) = (roles.scu, roles.scp);
                    user.roles.insert(class, Roles { scu, scp });
                }
            }
            UserVariableItem::SopClassExtendedNegotiationSubItem(class, information) => {
                if let Some(class) = uid(class) {
                    user.extended.insert(class, information.clone());
                }
            }
            UserVariableItem::UserIdentityItem(identity) => {
                user.user_identity =
                    identity_kind(&identity.identity_type()).map(|kind| UserIdentity {
                        kind,
                        response_requested: identity.positive_response_requested(),
                        primary: identity.primary_field(),
                        secondary: identity.secondary_field(),
                    });
            }
            UserVariableItem::Unknown(lenient::COMMON_EXTENDED, value) => {
                user.common_extended.push(value.clone());
            }
            UserVariableItem::Unknown(lenient::USER_IDENTITY_RESPONSE, value) => {
                user.user_identity_response =
                    lenient::field(value).map(|(response, _)| response.to_vec());
            }
            UserVariableItem::Unknown(..) => {}
        }
    }
    user
}

/// Printable and within its length, or it is not worth keeping.
fn version_name(name: &str) -> Option<String> {
    let name = name.trim_end_matches('\0');
    let legal = (1..=VERSION_NAME_CHARACTERS_MAX).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    legal.then(|| name.to_owned())
}

/// The codec's list may grow; what it does not name today is no identity that we know.
const fn identity_kind(kind: &UserIdentityType) -> Option<u8> {
    match kind {
        UserIdentityType::Username => Some(1),
        UserIdentityType::UsernamePassword => Some(2),
        UserIdentityType::KerberosServiceTicket => Some(3),
        UserIdentityType::SamlAssertion => Some(4),
        UserIdentityType::Jwt => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::super::example::RawRq;
    use super::super::example::item;
    use super::*;

    fn accepted(raw: &RawRq) -> AssociateRq {
        match request(&raw.body()) {
            Ok(Frame::AssociateRq(rq)) => rq,
            other => panic!("{other:?}"),
        }
    }

    fn rejected(raw: &RawRq) -> AssociateRj {
        match request(&raw.body()) {
            Ok(Frame::MalformedRq(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }

    fn ac(items: &[Vec<u8>]) -> AssociateAc {
        match acceptance(&example::ac_body(items)) {
            Ok(Frame::AssociateAc(ac)) => ac,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ae_titles_lose_their_padding_and_nothing_else() {
        let rq = accepted(&RawRq {
            called: *b"  ../My PACS    ",
            ..RawRq::default()
        });
        assert_eq!(rq.called.as_str(), "../My PACS");
    }

    #[test]
    fn forbidden_ae_titles_are_rejected_as_not_recognised() {
        for title in [
            *b"                ",
            *b"A\\B             ",
            *b"A\x01B             ",
        ] {
            let called = RawRq {
                called: title,
                ..RawRq::default()
            };
            assert_eq!(rejected(&called), AssociateRj::CALLED_NOT_RECOGNISED);
            let calling = RawRq {
                calling: title,
                ..RawRq::default()
            };
            assert_eq!(rejected(&calling), AssociateRj::CALLING_NOT_RECOGNISED);
        }
    }

    #[test]
    fn a_protocol_version_without_bit_0_is_rejected_before_anything_else_is_read() {
        let mut raw = RawRq {
            version: 2,
            ..RawRq::default()
        };
        raw.items = vec![b"of another version".to_vec()];
        assert_eq!(rejected(&raw), AssociateRj::PROTOCOL_VERSION);
        assert_eq!(
            request(&[0, 2]),
            Ok(Frame::MalformedRq(AssociateRj::PROTOCOL_VERSION))
        );
        raw = RawRq {
            version: 0xffff,
            ..RawRq::default()
        };
        assert_eq!(accepted(&raw).protocol_version, 0xffff);
    }

    #[test]
    fn another_or_no_application_context_is_rejected() {
        let mut raw = RawRq::default();
        raw.items[0] = item(0x10, b"1.2.3");
        assert_eq!(rejected(&raw), AssociateRj::APPLICATION_CONTEXT);
        raw.items.remove(0);
        assert_eq!(rejected(&raw), AssociateRj::APPLICATION_CONTEXT);
    }

    #[test]
    fn a_padded_application_context_is_the_dicom_one() {
        let mut raw = RawRq::default();
        raw.items[0] = item(0x10, b"1.2.840.10008.3.1.1.1\0");
        accepted(&raw);
    }

    #[test]
    fn duplicate_even_too_many_and_no_contexts_are_rejected() {
        let context = |id| example::proposed(id, b"1.2.840.10008.1.1", &[b"1.2.840.10008.1.2"]);
        let numbered = |ids: &mut dyn Iterator<Item = u8>| {
            let mut raw = RawRq::default();
            raw.items.truncate(1);
            raw.items.extend(ids.map(context));
            raw
        };
        for ids in [&[1, 3, 1][..], &[2], &[0], &[]] {
            let raw = numbered(&mut ids.iter().copied());
            assert_eq!(rejected(&raw), AssociateRj::MALFORMED, "{ids:?}");
        }
        let all = numbered(&mut (1..=255).step_by(2));
        assert_eq!(accepted(&all).contexts.len(), 128);
        let one_more = numbered(&mut (1..=255).step_by(2).chain([1]));
        assert_eq!(rejected(&one_more), AssociateRj::MALFORMED);
    }

    #[test]
    fn unknown_items_and_sub_items_are_skipped() {
        let mut raw = RawRq::default();
        let plain = accepted(&raw);
        raw.items.insert(0, item(0x77, b"what is this"));
        raw.items.push(item(0x60, b""));
        let context = [&[3, 0, 0, 0][..], &item(0x30, b"1.2.3"), &item(0x31, b"?")].concat();
        raw.items.push(item(0x20, &context));
        let rq = accepted(&raw);
        assert_eq!(rq.user, plain.user);
        assert_eq!(rq.contexts.len(), 2);
        assert!(rq.contexts[1].transfer_syntaxes.is_empty());
    }

    #[test]
    fn empty_items_are_rejected_or_skipped_and_never_crash() {
        for kind in [0x20, 0x21, 0x50, 0x60] {
            let mut raw = RawRq::default();
            raw.items.push(item(kind, b""));
            match kind {
                0x20 => assert_eq!(rejected(&raw), AssociateRj::MALFORMED),
                _ => assert_eq!(accepted(&raw).contexts.len(), 1),
            }
        }
        for kind in 0x51..=0x5a {
            let raw = RawRq::with_user(&[item(kind, b"")]);
            match kind {
                0x51 | 0x54 | 0x56 | 0x58 | 0x59 => {
                    assert_eq!(rejected(&raw), AssociateRj::MALFORMED, "{kind:#x}");
                }
                _ => assert_eq!(accepted(&raw).contexts.len(), 1, "{kind:#x}"),
            }
        }
    }

    #[test]
    fn a_context_whose_abstract_syntax_is_no_uid_is_rejected_and_such_a_transfer_syntax_left_out() {
        let mut raw = RawRq::default();
        raw.items[1] = example::proposed(1, b"", &[b"1.2"]);
        assert_eq!(rejected(&raw), AssociateRj::MALFORMED);
        raw.items[1] = example::proposed(1, b"1.2\0", &[b"", b"../1", b"1.2 ", &[b'1'; 65]]);
        let context = &accepted(&raw).contexts[0];
        assert_eq!(context.abstract_syntax.as_str(), "1.2");
        let syntaxes: Vec<&str> = context.transfer_syntaxes.iter().map(Uid::as_str).collect();
        assert_eq!(syntaxes, ["1.2"]);
    }

    #[test]
    fn an_item_that_leaves_what_holds_it_is_a_fault_and_not_a_request() {
        let mut raw = RawRq::default();
        raw.items.push(vec![0x50, 0, 0xff, 0xff, 1]);
        assert_eq!(
            request(&raw.body()),
            Err(PduFault::ItemTooLong {
                kind: 0x50,
                length: 0xffff,
                left: 1
            })
        );
        raw.items.pop();
        raw.items.push(vec![0x50, 0]);
        assert_eq!(request(&raw.body()), Err(PduFault::ItemCut { left: 2 }));
        // An inner one may not reach into the next item either.
        let raw = RawRq::with_user(&[vec![0x52, 0, 0, 9, b'1']]);
        assert!(matches!(
            request(&raw.body()),
            Err(PduFault::ItemTooLong { .. })
        ));
        let short = &RawRq::default().body()[..67];
        assert!(matches!(
            request(short),
            Err(PduFault::AssociateTooShort { .. })
        ));
    }

    #[test]
    fn user_information_is_read_whole() {
        let rq = accepted(&RawRq::with_user(&[
            item(0x51, &[0, 0, 0x40, 0]),
            item(0x52, b"1.2.3\0"),
            item(0x53, &[0, 0, 0, 0]),
            item(0x54, b"\0\x031.2\0\x01"),
            item(0x55, b"SOMEBODY_1"),
            item(0x56, b"\0\x031.2\x01\x02"),
            item(0x57, b"\0\x031.2\0\0\0\0"),
            item(0x58, b"\x02\x01\0\x05alice\0\x06secret"),
        ]));
        let user = rq.user;
        let class: Uid = "1.2".parse().unwrap();
        assert_eq!(user.max_length, 16_384);
        assert_eq!(user.implementation_class_uid.unwrap().as_str(), "1.2.3");
        assert_eq!(user.implementation_version.unwrap(), "SOMEBODY_1");
        let roles = user.roles[&class];
        assert_eq!((roles.scu, roles.scp), (false, true));
        assert_eq!(user.extended[&class], [1, 2]);
        assert_eq!(user.common_extended, [b"\0\x031.2\0\0\0\0"]);
        let identity = user.user_identity.unwrap();
        assert_eq!((identity.kind, identity.response_requested), (2, true));
        assert_eq!(identity.primary, b"alice");
        assert_eq!(identity.secondary, b"secret");
    }

    #[test]
    fn an_identity_whose_fields_do_not_add_up_is_rejected_and_an_unknown_type_ignored() {
        for identity in [
            &b"\x01\x00\0\x05alice"[..],
            b"\x01\x00\0\x05alice\0\x01",
            b"\x01\x00\xff\xffalice\0\0",
            b"\x01\x00\0\x05alice\0\0rest",
        ] {
            let raw = RawRq::with_user(&[item(0x58, identity)]);
            assert_eq!(rejected(&raw), AssociateRj::MALFORMED, "{identity:?}");
        }
        let raw = RawRq::with_user(&[item(0x58, b"\x09\x01\0\x05alice\0\0")]);
        assert_eq!(accepted(&raw).user.user_identity, None);
    }

    #[test]
    fn a_peer_that_names_no_maximum_length_gets_a_modest_one() {
        let rq = accepted(&RawRq::with_user(&[]));
        assert_eq!(rq.user.max_length, 16_384);
        let rq = accepted(&RawRq::with_user(&[item(0x51, &[0; 4])]));
        assert_eq!(rq.user.max_length, 0, "0 means unlimited");
    }

    #[test]
    fn a_version_name_that_is_too_long_or_unprintable_is_forgotten() {
        for name in [&b"SEVENTEEN_LETTERS"[..], b"BELL\x07", b""] {
            let rq = accepted(&RawRq::with_user(&[item(0x55, name)]));
            assert_eq!(rq.user.implementation_version, None);
        }
    }

    #[test]
    fn an_ac_may_leave_out_what_has_no_meaning() {
        let ac = ac(&[
            item(0x21, &[1, 0, 3, 0]),
            item(0x21, &[[3, 0, 4, 0].as_slice(), &item(0x40, b"")].concat()),
            item(
                0x21,
                &[[5, 0, 0, 0].as_slice(), &item(0x40, b"1.2")].concat(),
            ),
            item(0x21, &[7, 0, 9, 0]),
            item(0x21, &[9, 0, 0, 0]),
            item(
                0x21,
                &[[11, 0, 0, 0].as_slice(), &item(0x40, b"x")].concat(),
            ),
            item(0x42, b"unknown"),
            item(0x50, &item(0x59, b"\0\x02ok")),
        ]);
        let replies: Vec<(u8, ContextReply)> =
            ac.contexts.into_iter().map(|c| (c.id, c.result)).collect();
        assert_eq!(
            replies,
            [
                (1, ContextReply::AbstractSyntaxNotSupported),
                (3, ContextReply::TransferSyntaxesNotSupported),
                (5, ContextReply::Accepted("1.2".parse().unwrap())),
                (7, ContextReply::NoReason),
                (9, ContextReply::NoReason),
                (11, ContextReply::NoReason),
            ]
        );
        assert_eq!(ac.user.user_identity_response.as_deref(), Some(&b"ok"[..]));
    }

    #[test]
    fn the_ae_titles_of_an_ac_are_not_tested() {
        let mut body = example::ac_body(&[]);
        body[4..20].fill(0);
        assert!(matches!(acceptance(&body), Ok(Frame::AssociateAc(_))));
    }

    #[test]
    fn a_request_of_128_contexts_with_12_syntaxes_each_is_read() {
        let syntax: &[u8] = &[b'1'; 22];
        let mut raw = RawRq::default();
        raw.items.truncate(1);
        for id in (1..=255).step_by(2) {
            let class = b"1.2.840.10008.5.1.4.1.1.2.1";
            raw.items.push(example::proposed(id, class, &[syntax; 12]));
        }
        assert!(raw.body().len() > 44_000);
        let rq = accepted(&raw);
        assert_eq!(rq.contexts.len(), 128);
        assert!(rq.contexts.iter().all(|c| c.transfer_syntaxes.len() == 12));
    }
}
