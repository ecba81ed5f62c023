//! What would be answered now, and what would have to be different.

use maud::Markup;
use maud::html;

use super::request::fact;
use crate::admin::decisions::Again;
use crate::admin::pages::fields::purpose_word;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::parts;
use crate::admin::rights::Right;
use crate::contract::ConsentId;
use crate::contract::Considered;
use crate::contract::Difference;
use crate::contract::Effect;
use crate::contract::ForPurpose;
use crate::contract::Ground;
use crate::contract::Mismatch;
use crate::contract::Remedy;
use crate::contract::Verdict;
use crate::contract::Way;

/// The same question, asked now.
pub(super) fn section(frame: &Frame, again: &Again) -> Markup {
    let words = frame.words;
    let explanation = &again.explanation;
    let decision = &explanation.decision;
    html! {
        section {
            h2 { (words.say("decision-now")) }
            p class="hint" { (words.say("decision-now-hint")) }
            dl class="facts" {
                (fact(&words.say("decision-now-answer"), &html! {
                    (parts::verdict(frame, decision.verdict)) " " (parts::reason(frame, decision.short_reason()))
                }))
                (fact(&words.say("decision-now-at"), &frame.time(again.at)))
                (fact(&words.say("decision-since"), &differences(frame, &again.differences)))
            }
            @match decision.verdict {
                Verdict::Deny => (remedies(frame, &explanation.remedies)),
                Verdict::Permit => (grounds(frame, &again.otherwise.rests_on)),
            }
            @if !explanation.consents.is_empty() { (consents(frame, &explanation.consents)) }
            (purposes(frame, &again.otherwise.purposes))
        }
    }
}

/// An entry, for who may look at it.
pub(super) fn entry(frame: &Frame, number: u64) -> Markup {
    match frame.has(Right::SeeAudit) {
        true => html! { a href=(format!("/audit/entries/{number}")) { (number) } },
        false => html! { (number) },
    }
}

/// Consents, one after the other.
pub(super) fn consent_list(frame: &Frame, all: &[ConsentId]) -> Markup {
    html! {
        @for (place, one) in all.iter().enumerate() {
            @if place > 0 { ", " }
            (entry(frame, one.0))
        }
    }
}

fn differences(frame: &Frame, differences: &[Difference]) -> Markup {
    let words = frame.words;
    let score = |id: &str, then: u16, now: u16| {
        words.with_all(id, [("then", then.into()), ("now", now.into())])
    };
    if differences.is_empty() {
        return html! { (words.say("decision-since-nothing")) };
    }
    html! {
        ul class="plain" {
            @for difference in differences {
                li {
                    @match difference {
                        Difference::Policy => (words.say("decision-since-policy")),
                        Difference::RequesterScore { then, now } => {
                            (score("decision-since-requester-score", *then, *now))
                        }
                        Difference::RecipientScore { then, now } => {
                            (score("decision-since-recipient-score", *then, *now))
                        }
                        Difference::ConsentsEnded { consents } => {
                            (words.say("decision-since-consents-ended")) " " (consent_list(frame, consents))
                        }
                        Difference::ConsentsBegun { consents } => {
                            (words.say("decision-since-consents-begun")) " " (consent_list(frame, consents))
                        }
                    }
                }
            }
        }
    }
}

/// What would make it a permit.
fn remedies(frame: &Frame, ways: &[Way]) -> Markup {
    let words = frame.words;
    let parts_of = |way: &Way| {
        let changes = way.changes.iter().map(|change| {
            let id = match change {
                Remedy::DenialWithdrawn => "remedy-denial-withdrawn",
                Remedy::EncryptedTransport => "remedy-encrypted",
                Remedy::Consent => "remedy-consent",
                Remedy::ConsentNamingInstitution => "remedy-consent-institution",
                Remedy::ConsentNamingInstitutionAndStudy => "remedy-consent-study",
            };
            words.say(id).into_owned()
        });
        let score = way
            .score
            .map(|score| words.with("remedy-score", "score", score));
        changes.chain(score).collect::<Vec<String>>()
    };
    html! {
        h3 { (words.say("decision-remedies")) }
        @if ways.is_empty() {
            p { (words.say("decision-remedies-none")) }
        } @else {
            ul {
                @for way in ways {
                    li { (parts_of(way).join(&words.say("remedy-and"))) }
                }
            }
        }
    }
}

/// What a permit rests on.
fn grounds(frame: &Frame, grounds: &[Ground]) -> Markup {
    let words = frame.words;
    html! {
        h3 { (words.say("decision-grounds")) }
        @if grounds.is_empty() {
            p { (words.say("decision-grounds-none")) }
        } @else {
            ul {
                @for ground in grounds {
                    li {
                        @match ground {
                            Ground::Consent => (words.say("remedy-consent")),
                            Ground::ConsentNamingInstitution => (words.say("remedy-consent-institution")),
                            Ground::ConsentNamingInstitutionAndStudy => (words.say("remedy-consent-study")),
                            Ground::EncryptedTransport => (words.say("remedy-encrypted")),
                            Ground::Score { least } => (words.with("remedy-score", "score", *least)),
                        }
                    }
                }
            }
        }
    }
}

/// The consents and objections of the patient, and whether each speaks of this.
fn consents(frame: &Frame, considered: &[Considered]) -> Markup {
    let words = frame.words;
    let says = |mismatch: &Mismatch| {
        let id = match mismatch {
            Mismatch::Purpose => "mismatch-purpose",
            Mismatch::Time => "mismatch-time",
            Mismatch::Institution => "mismatch-institution",
            Mismatch::Modality => "mismatch-modality",
            Mismatch::Study => "mismatch-study",
            Mismatch::StudyDate => "mismatch-study-date",
        };
        words.say(id).into_owned()
    };
    let rows = html! {
        @for one in considered {
            tr {
                td { (entry(frame, one.consent.0)) }
                td {
                    @match one.terms.effect {
                        Effect::Grant => (words.say("decision-consent-grant")),
                        Effect::Deny => (words.say("decision-consent-objection")),
                    }
                }
                td {
                    @if one.mismatches.is_empty() {
                        (words.say("decision-consent-speaks"))
                    } @else {
                        (words.say("decision-consent-silent")) " "
                        (one.mismatches.iter().map(says).collect::<Vec<_>>().join(", "))
                    }
                }
            }
        }
    };
    let heads = ["head-consent", "head-what", "head-speaks"].map(|id| words.say(id));
    parts::table(&words.say("decision-consents-now"), &heads, &rows)
}

/// The same for other purposes.
fn purposes(frame: &Frame, purposes: &[ForPurpose]) -> Markup {
    let words = frame.words;
    if purposes.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for one in purposes {
            tr {
                td { (purpose_word(frame, one.purpose)) }
                td { (parts::verdict(frame, one.verdict)) }
                td { (parts::reason(frame, &one.short_reason)) }
            }
        }
    };
    let heads = ["head-purpose", "head-answer", "head-why"].map(|id| words.say(id));
    parts::table(&words.say("decision-other-purposes"), &heads, &rows)
}
