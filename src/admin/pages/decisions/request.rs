//! The facts of a request, in words.

use std::collections::BTreeSet;

use maud::Markup;
use maud::html;

use crate::admin::pages::fields::purpose_word;
use crate::admin::pages::fields::verb_word;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::contract::InstitutionSlug;
use crate::contract::Request;
use crate::contract::StudyFacts;
use crate::contract::User;
use crate::contract::UserProof;
use crate::dicom::AeTitle;

/// A term and what it is.
pub(super) fn fact(label: &str, value: &Markup) -> Markup {
    html! { dt { (label) } dd { (value) } }
}

/// Everything that was asked; `who` stands beside the patient's pseudonym.
pub(super) fn facts(frame: &Frame, request: &Request, who: &Markup) -> Markup {
    let words = frame.words;
    let say = |id: &str| words.say(id).into_owned();
    html! {
        dl class="facts" {
            (fact(&say("decision-who-asks"), &peer(frame, &request.requester, &request.requester_ae)))
            @if let Some(user) = &request.user {
                (fact(&say("decision-person"), &person(frame, user)))
            }
            (fact(&say("decision-wants"), &wants(frame, request)))
            (fact(&say("decision-custodian"), &html! { (frame.institution(&request.custodian)) }))
            (fact(&say("decision-who-receives"), &peer(frame, &request.recipient, &request.recipient_ae)))
            (fact(&say("head-patient"), &html! {
                @match request.patient {
                    Some(pseudonym) => code { (pseudonym) },
                    None => (say("decision-no-patient")),
                }
                (who)
            }))
            (fact(&say("decision-study"), &study(frame, request.study.as_ref())))
            (fact(&say("decision-transport"), &transport(frame, request)))
            @if let Some(through) = &request.through {
                (fact(&say("decision-through"), &html! { (frame.institution(&through.institution)) }))
            }
            @if let Some(earlier) = request.again {
                (fact(&say("decision-received-under"), &html! {
                    a href=(format!("/decisions/{earlier}")) { (earlier) }
                }))
            }
            (fact(&say("decision-received"), &frame.time(request.received_at)))
        }
    }
}

fn peer(frame: &Frame, institution: &InstitutionSlug, ae: &AeTitle) -> Markup {
    html! { (frame.institution(institution)) ", " (frame.words.say("ae-title")) " " code { (ae) } }
}

fn person(frame: &Frame, user: &User) -> Markup {
    let proof = match user.proof {
        UserProof::None => "decision-proof-none",
        UserProof::Passcode => "decision-proof-passcode",
        UserProof::Token => "decision-proof-token",
    };
    html! { (user.name) ", " (frame.words.say(proof)) }
}

fn wants(frame: &Frame, request: &Request) -> Markup {
    html! {
        (verb_word(frame, request.verb)) ", " (purpose_word(frame, request.purpose))
        " (" code { (request.purpose.hl7_code()) } ")"
        @if request.question { " · " (frame.words.say("decision-whole-query")) }
    }
}

fn study(frame: &Frame, study: Option<&StudyFacts>) -> Markup {
    let words = frame.words;
    let Some(study) = study else {
        return html! { (words.say("decision-study-none")) };
    };
    html! {
        @if study.modalities.is_empty() {
            (words.say("decision-modalities-unknown"))
        } @else {
            (joined(&study.modalities))
        }
        @if let Some(date) = study.date { ", " (date) }
        ", " (parts::digest(&study.uid_digest))
    }
}

fn joined(modalities: &BTreeSet<String>) -> String {
    let all: Vec<&str> = modalities.iter().map(String::as_str).collect();
    all.join(", ")
}

fn transport(frame: &Frame, request: &Request) -> Markup {
    let words = frame.words;
    let transport = &request.transport;
    let how = match (transport.tls, transport.mutual) {
        (true, true) => "decision-tls-mutual",
        (true, false) => "decision-tls",
        (false, _) => "decision-plain",
    };
    let address = match transport.address_checked {
        true => "decision-address-known",
        false => "decision-address-unknown",
    };
    html! {
        (words.say(how)) ", " (words.say(address))
        @if let Some(certificate) = &transport.certificate {
            ", " (words.say("decision-certificate")) " " (parts::digest(certificate))
        }
    }
}
