//! What is accepted, and what is proposed onwards: a destination decides for us, so that what a
//! sender may send is what the destination takes, and nothing needs transcoding.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::lenient;
use super::pdu::APPLICATION_CONTEXT_NAME;
use super::pdu::AssociateAc;
use super::pdu::AssociateRj;
use super::pdu::AssociateRq;
use super::pdu::ContextReply;
use super::pdu::ContextResult;
use super::pdu::PROTOCOL_VERSION;
use super::pdu::ProposedContext;
use super::user::MAX_LENGTH_UNSAID_BYTES;
use super::user::Roles;
use super::user::UserInformation;
use crate::dicom::Uid;

/// As many odd ids as a byte has (PS3.8 §7.1.1.13).
const CONTEXTS_MAX: usize = 128;

/// What we propose to a destination for contexts that were proposed to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The contexts, numbered 1, 3, 5 and so on.
    pub contexts: Vec<ProposedContext>,
    /// The sender's context id to the one here. A context without a transfer syntax has none:
    /// it cannot be proposed.
    pub map: BTreeMap<u8, u8>,
    /// What we say of ourselves, with what the sender negotiates for these SOP classes. Its user
    /// identity stays here: it was meant for us.
    pub user: UserInformation,
}

/// Checks a request against what holds for every association (PS3.8 §7.1.1 and §9.3.2),
/// whoever asks.
///
/// # Errors
/// The rejection to answer: protocol version, application context, or presentation contexts that
/// are none, too many, or not numbered with different odd ids.
pub fn check_request(rq: &AssociateRq) -> Result<(), AssociateRj> {
    check_version(rq.protocol_version)?;
    if rq.application_context != APPLICATION_CONTEXT_NAME {
        return Err(AssociateRj::APPLICATION_CONTEXT);
    }
    if !(1..=CONTEXTS_MAX).contains(&rq.contexts.len()) {
        return Err(AssociateRj::MALFORMED);
    }
    let mut ids = BTreeSet::new();
    for context in &rq.contexts {
        if context.id % 2 == 0 || !ids.insert(context.id) {
            return Err(AssociateRj::MALFORMED);
        }
    }
    Ok(())
}

/// Only bit 0 is to be tested (PS3.8 §9.3.2).
pub(super) const fn check_version(version: u16) -> Result<(), AssociateRj> {
    if version & PROTOCOL_VERSION == 0 {
        return Err(AssociateRj::PROTOCOL_VERSION);
    }
    Ok(())
}

/// What to propose to a destination for these contexts of a sender: the same abstract and
/// transfer syntaxes in the same order, with the items of the sender's `user` information that
/// concern their SOP classes.
///
/// The caller sets the maximum length; until then it is a modest one.
pub fn propose(inbound: &[&ProposedContext], user: &UserInformation) -> Proposal {
    let usable = inbound
        .iter()
        .filter(|context| !context.transfer_syntaxes.is_empty());
    let mut contexts = Vec::new();
    let mut map = BTreeMap::new();
    for (id, context) in (1..=u8::MAX).step_by(2).zip(usable) {
        map.insert(context.id, id);
        contexts.push(ProposedContext {
            id,
            ..(*context).clone()
        });
    }
    let classes: BTreeSet<&Uid> = contexts.iter().map(|c| &c.abstract_syntax).collect();
    let user = UserInformation {
        roles: concerning(&classes, &user.roles),
        extended: concerning(&classes, &user.extended),
        common_extended: user
            .common_extended
            .iter()
            .filter(|item| common_extended_class(item).is_some_and(|c| classes.contains(&c)))
            .cloned()
            .collect(),
        ..UserInformation::ours(MAX_LENGTH_UNSAID_BYTES)
    };
    Proposal {
        contexts,
        map,
        user,
    }
}

/// What to answer the sender for these contexts: what the destination answered in `ac`. In the
/// user information are our own names and the destination's answers on roles and extended
/// negotiation for the proposed classes, and nothing that was not proposed.
///
/// A context that the destination did not answer, or accepted with a transfer syntax that nobody
/// proposed, is rejected without a reason.
pub fn answers(
    inbound: &[&ProposedContext],
    proposal: &Proposal,
    ac: &AssociateAc,
) -> (Vec<ContextResult>, UserInformation) {
    let answer = |context: &&ProposedContext| ContextResult {
        id: context.id,
        result: reply(context, proposal, ac),
    };
    let proposed = &proposal.user;
    let roles = ac.user.roles.iter().filter_map(|(class, granted)| {
        let asked = proposed.roles.get(class)?;
        let granted = Roles {
            scu: asked.scu && granted.scu,
            scp: asked.scp && granted.scp,
        };
        Some((class.clone(), granted))
    });
    let asked: BTreeSet<&Uid> = proposed.extended.keys().collect();
    let user = UserInformation {
        roles: roles.collect(),
        extended: concerning(&asked, &ac.user.extended),
        ..UserInformation::ours(MAX_LENGTH_UNSAID_BYTES)
    };
    (inbound.iter().map(answer).collect(), user)
}

fn reply(context: &ProposedContext, proposal: &Proposal, ac: &AssociateAc) -> ContextReply {
    if context.transfer_syntaxes.is_empty() {
        return ContextReply::TransferSyntaxesNotSupported;
    }
    let theirs = proposal.map.get(&context.id).and_then(|id| ac.result(*id));
    match theirs {
        Some(ContextReply::Accepted(syntax)) if !context.transfer_syntaxes.contains(syntax) => {
            ContextReply::NoReason
        }
        Some(reply) => reply.clone(),
        None => ContextReply::NoReason,
    }
}

fn concerning<T: Clone>(classes: &BTreeSet<&Uid>, items: &BTreeMap<Uid, T>) -> BTreeMap<Uid, T> {
    items
        .iter()
        .filter(|(class, _)| classes.contains(class))
        .map(|(class, item)| (class.clone(), item.clone()))
        .collect()
}

/// The SOP class at the front of a common extended negotiation item (PS3.7 §D.3.3.6).
fn common_extended_class(item: &[u8]) -> Option<Uid> {
    let (class, _) = lenient::field(item)?;
    Uid::from_bytes(class).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
    const IMPLICIT: &str = "1.2.840.10008.1.2";
    const EXPLICIT: &str = "1.2.840.10008.1.2.1";
    const JPEG: &str = "1.2.840.10008.1.2.4.50";

    fn uid(text: &str) -> Uid {
        text.parse().unwrap()
    }

    fn context(id: u8, class: &str, syntaxes: &[&str]) -> ProposedContext {
        ProposedContext {
            id,
            abstract_syntax: uid(class),
            transfer_syntaxes: syntaxes.iter().map(|text| uid(text)).collect(),
        }
    }

    fn nothing() -> UserInformation {
        UserInformation::ours(16_384)
    }

    fn ac(contexts: &[(u8, ContextReply)], user: UserInformation) -> AssociateAc {
        let result = |(id, result): &(u8, ContextReply)| ContextResult {
            id: *id,
            result: result.clone(),
        };
        AssociateAc {
            called: "PACS".parse().unwrap(),
            calling: "GATE".parse().unwrap(),
            contexts: contexts.iter().map(result).collect(),
            user,
        }
    }

    fn accept(syntax: &str) -> ContextReply {
        ContextReply::Accepted(uid(syntax))
    }

    #[test]
    fn contexts_are_renumbered_from_1_and_keep_class_and_syntax_order() {
        let a = context(7, CT, &[JPEG, IMPLICIT]);
        let b = context(131, CT, &[EXPLICIT]);
        let proposal = propose(&[&a, &b], &nothing());
        let expected = [
            context(1, CT, &[JPEG, IMPLICIT]),
            context(3, CT, &[EXPLICIT]),
        ];
        assert_eq!(proposal.contexts, expected);
        assert_eq!(proposal.map, BTreeMap::from([(7, 1), (131, 3)]));
    }

    #[test]
    fn as_many_contexts_as_there_are_ids_are_proposed_and_the_last_is_255() {
        let all: Vec<_> = (1..=255)
            .step_by(2)
            .map(|id| context(id, CT, &[IMPLICIT]))
            .collect();
        let proposal = propose(&all.iter().collect::<Vec<_>>(), &nothing());
        assert_eq!(proposal.contexts.len(), 128);
        assert_eq!(proposal.map[&255], 255);
    }

    #[test]
    fn the_destination_answers_for_each_context_of_one_class() {
        let a = context(9, CT, &[JPEG]);
        let b = context(5, CT, &[EXPLICIT, IMPLICIT]);
        let inbound = [&a, &b];
        let proposal = propose(&inbound, &nothing());
        let ac = ac(
            &[
                (1, ContextReply::TransferSyntaxesNotSupported),
                (3, accept(IMPLICIT)),
            ],
            nothing(),
        );
        let (results, _) = answers(&inbound, &proposal, &ac);
        let replies: Vec<_> = results.into_iter().map(|r| (r.id, r.result)).collect();
        assert_eq!(
            replies,
            [
                (9, ContextReply::TransferSyntaxesNotSupported),
                (5, accept(IMPLICIT)),
            ]
        );
    }

    #[test]
    fn a_missing_answer_and_a_syntax_that_nobody_proposed_are_rejections() {
        let a = context(1, CT, &[EXPLICIT]);
        let b = context(3, MR, &[EXPLICIT]);
        let inbound = [&a, &b];
        let proposal = propose(&inbound, &nothing());
        let ac = ac(&[(1, accept(JPEG)), (77, accept(EXPLICIT))], nothing());
        let (results, _) = answers(&inbound, &proposal, &ac);
        assert!(results.iter().all(|r| r.result == ContextReply::NoReason));
    }

    #[test]
    fn of_two_answers_for_one_context_the_first_counts() {
        let a = context(1, CT, &[EXPLICIT]);
        let proposal = propose(&[&a], &nothing());
        let twice = [(1, ContextReply::UserRejection), (1, accept(EXPLICIT))];
        let (results, _) = answers(&[&a], &proposal, &ac(&twice, nothing()));
        assert_eq!(results[0].result, ContextReply::UserRejection);
    }

    #[test]
    fn a_context_without_transfer_syntax_is_answered_and_not_proposed() {
        let a = context(1, CT, &[]);
        let b = context(3, MR, &[EXPLICIT]);
        let inbound = [&a, &b];
        let proposal = propose(&inbound, &nothing());
        assert_eq!(proposal.contexts, [context(1, MR, &[EXPLICIT])]);
        let ac = ac(&[(1, accept(EXPLICIT))], nothing());
        let (results, _) = answers(&inbound, &proposal, &ac);
        assert_eq!(
            results[0].result,
            ContextReply::TransferSyntaxesNotSupported
        );
        assert_eq!(results[1].result, accept(EXPLICIT));
    }

    #[test]
    fn only_what_concerns_the_proposed_classes_is_passed_on() {
        let both = Roles {
            scu: true,
            scp: true,
        };
        let about = |class: &str| {
            let name = class.as_bytes();
            let length = u16::try_from(name.len()).unwrap().to_be_bytes();
            [&length[..], name, b"\0\0\0\0"].concat()
        };
        let mut user = nothing();
        user.implementation_version = Some("SOMEBODY".to_owned());
        user.roles = BTreeMap::from([(uid(CT), both), (uid(MR), both)]);
        user.extended = BTreeMap::from([(uid(CT), vec![1]), (uid(MR), vec![2])]);
        user.common_extended = vec![about(CT), about(MR), b"\xff\xff".to_vec()];
        user.user_identity = Some(super::super::UserIdentity {
            kind: 1,
            response_requested: true,
            primary: b"alice".to_vec(),
            secondary: Vec::new(),
        });
        let a = context(1, CT, &[EXPLICIT]);
        let onward = propose(&[&a], &user).user;
        assert_eq!(onward.roles, BTreeMap::from([(uid(CT), both)]));
        assert_eq!(onward.extended, BTreeMap::from([(uid(CT), vec![1])]));
        assert_eq!(onward.common_extended, [about(CT)]);
        assert_eq!(onward.user_identity, None, "it was meant for us");
        assert_eq!(
            onward.implementation_version.as_deref(),
            Some(super::super::IMPLEMENTATION_VERSION)
        );
    }

    #[test]
    fn roles_are_granted_only_as_far_as_asked_and_only_where_answered() {
        let mut asked = nothing();
        let role = |scu, scp| Roles { scu, scp };
        asked.roles = BTreeMap::from([(uid(CT), role(false, true)), (uid(MR), role(true, true))]);
        asked.extended = BTreeMap::from([(uid(MR), vec![1, 1])]);
        let a = context(1, CT, &[EXPLICIT]);
        let b = context(3, MR, &[EXPLICIT]);
        let inbound = [&a, &b];
        let proposal = propose(&inbound, &asked);

        let mut granted = nothing();
        granted.roles =
            BTreeMap::from([(uid(CT), role(true, true)), (uid(JPEG), role(true, true))]);
        granted.extended = BTreeMap::from([(uid(MR), vec![1, 0]), (uid(CT), vec![9])]);
        let (_, user) = answers(&inbound, &proposal, &ac(&[], granted));
        assert_eq!(user.roles, BTreeMap::from([(uid(CT), role(false, true))]));
        assert_eq!(user.extended, BTreeMap::from([(uid(MR), vec![1, 0])]));
    }

    #[test]
    fn accepted_contexts_are_those_on_which_both_sides_agree() {
        let rq = AssociateRq::new(
            "PACS".parse().unwrap(),
            "GATE".parse().unwrap(),
            vec![
                context(1, CT, &[JPEG, EXPLICIT]),
                context(3, MR, &[EXPLICIT]),
                context(5, CT, &[IMPLICIT]),
            ],
            nothing(),
        );
        let ac = ac(
            &[
                (1, accept(EXPLICIT)),
                (3, accept(JPEG)),
                (5, ContextReply::NoReason),
                (7, accept(IMPLICIT)),
            ],
            nothing(),
        );
        let accepted = rq.accepted(&ac);
        assert_eq!(accepted.len(), 1);
        assert_eq!(accepted[0].id, 1);
        assert_eq!(accepted[0].abstract_syntax, uid(CT));
        assert_eq!(accepted[0].transfer_syntax, uid(EXPLICIT));
        assert_eq!(rq.context(5).unwrap().transfer_syntaxes, [uid(IMPLICIT)]);
        assert_eq!(rq.context(7), None);
    }
}
