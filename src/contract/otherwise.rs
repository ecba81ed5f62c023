//! The same request with one thing different: what a permit rests on, what another purpose would be answered, and
//! what has changed since an answer. Nothing is recorded, and nothing is changed.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::contract::decide::decide;
use crate::contract::decision::Decision;
use crate::contract::decision::Obligation;
use crate::contract::decision::Verdict;
use crate::contract::explain::permits;
use crate::contract::facts::Facts;
use crate::contract::names::ConsentId;
use crate::contract::policy::PolicySet;
use crate::contract::request::Purpose;
use crate::contract::request::Request;
use crate::contract::state::State;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Otherwise {
    /// What a permit rests on: without any one of these it is a refusal. Empty for a refusal.
    pub rests_on: Vec<Ground>,
    /// The same request for each other purpose.
    pub purposes: Vec<ForPurpose>,
}

/// Something without which a permit is a refusal, all else being equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(tag = "on", rename_all = "kebab-case")]
pub enum Ground {
    /// A consent of the patient that speaks for it.
    Consent,
    /// A consent that names the institution.
    ConsentNamingInstitution,
    /// A consent that names the institution and the study.
    ConsentNamingInstitutionAndStudy,
    /// Encrypted transport on every hop.
    EncryptedTransport,
    /// The score of the other institutions.
    Score {
        /// The least that suffices.
        least: u16,
    },
}

/// What would be answered if it were for another purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForPurpose {
    /// Which.
    pub purpose: Purpose,
    /// The answer.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// Why not; empty in a permit.
    pub short_reason: String,
    /// What a permit would demand.
    #[schema(value_type = Vec<String>)]
    pub obligations: BTreeSet<Obligation>,
}

/// Something that is no longer as it was when a request was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Difference {
    /// Other rules are in force.
    Policy,
    /// The requester has another score.
    RequesterScore {
        /// Then.
        then: u16,
        /// Now.
        now: u16,
    },
    /// The recipient has another score.
    RecipientScore {
        /// Then.
        then: u16,
        /// Now.
        now: u16,
    },
    /// Consents that spoke for it do so no longer.
    ConsentsEnded {
        /// Their numbers.
        #[schema(value_type = Vec<u64>)]
        consents: Vec<ConsentId>,
    },
    /// Consents speak for it that did not.
    ConsentsBegun {
        /// Their numbers.
        #[schema(value_type = Vec<u64>)]
        consents: Vec<ConsentId>,
    },
}

/// What one thing less, or another purpose, would change about the answer to `request`.
pub fn otherwise(state: &State, request: &Request) -> Otherwise {
    let (Some(own), Some(policy)) = (state.own(), state.policy()) else {
        return Otherwise::default();
    };
    let facts = Facts::gather(state, own, request);
    let others = Purpose::ALL.into_iter();
    let others = others.filter(|purpose| *purpose != request.purpose);
    let purposes = others.map(|purpose| {
        let asked = Request {
            purpose,
            ..request.clone()
        };
        let decision = decide(state, &asked);
        ForPurpose {
            purpose,
            verdict: decision.verdict,
            short_reason: decision.short_reason,
            obligations: decision.obligations,
        }
    });
    Otherwise {
        purposes: purposes.collect(),
        rests_on: grounds(policy, request, &facts),
    }
}

/// What is different between the answer of then, which entry `entry` holds, and one of now; `granted` speaks for
/// the request now.
pub fn differences(
    (entry, then): (u64, &Decision),
    now: &Decision,
    granted: &[ConsentId],
) -> Vec<Difference> {
    let mut found = Vec::new();
    if then.policy != now.policy {
        found.push(Difference::Policy);
    }
    if then.requester_score != now.requester_score {
        found.push(Difference::RequesterScore {
            then: then.requester_score,
            now: now.requester_score,
        });
    }
    if then.recipient_score != now.recipient_score {
        found.push(Difference::RecipientScore {
            then: then.recipient_score,
            now: now.recipient_score,
        });
    }
    let missing = |of: &[ConsentId], among: &[ConsentId]| -> Vec<ConsentId> {
        let missing = of.iter().filter(|consent| !among.contains(consent));
        missing.copied().collect()
    };
    let ended = missing(&then.consents, granted);
    if !ended.is_empty() {
        found.push(Difference::ConsentsEnded { consents: ended });
    }
    let mut begun = missing(granted, &then.consents);
    if then.verdict == Verdict::Deny {
        // A refusal does not tell what spoke for it: news is what was recorded after it.
        begun.retain(|consent| consent.0 > entry);
    }
    if !begun.is_empty() {
        found.push(Difference::ConsentsBegun { consents: begun });
    }
    found
}

fn grounds(policy: &PolicySet, request: &Request, facts: &Facts) -> Vec<Ground> {
    if !permits(policy, request, facts) {
        return Vec::new();
    }
    let consent = consent_needed(policy, request, facts);
    let mut grounds: Vec<Ground> = consent.into_iter().collect();
    let mut plain = request.clone();
    (plain.transport.tls, plain.transport.mutual) = (false, false);
    let is_encrypted = request.transport.tls || request.transport.mutual;
    if is_encrypted && !permits(policy, &plain, facts) {
        grounds.push(Ground::EncryptedTransport);
    }
    grounds.extend(score_needed(policy, request, facts));
    grounds
}

/// The least that a consent must say, if one is needed.
fn consent_needed(policy: &PolicySet, request: &Request, facts: &Facts) -> Option<Ground> {
    if facts.granted.is_empty() {
        return None;
    }
    let mut less = facts.clone();
    less.names_institution_and_study = false;
    if !permits(policy, request, &less) {
        return Some(Ground::ConsentNamingInstitutionAndStudy);
    }
    less.names_institution = false;
    if !permits(policy, request, &less) {
        return Some(Ground::ConsentNamingInstitution);
    }
    less.granted.clear();
    (!permits(policy, request, &less)).then_some(Ground::Consent)
}

/// The least score that suffices, if any does not.
fn score_needed(policy: &PolicySet, request: &Request, facts: &Facts) -> Option<Ground> {
    let suffices = |score: u16| permits(policy, request, &at_most(score, facts));
    if (facts.requester_own && facts.recipient_own) || suffices(0) {
        return None;
    }
    // Rules get no stricter as a score rises, so halving finds the least that suffices.
    let (mut fails, mut works) = (0, facts.score);
    while works.saturating_sub(fails) > 1 {
        let middle = u16::midpoint(fails, works);
        if suffices(middle) {
            works = middle;
        } else {
            fails = middle;
        }
    }
    Some(Ground::Score { least: works })
}

/// The same, but that no other institution has more than `score`.
fn at_most(score: u16, facts: &Facts) -> Facts {
    let mut other = facts.clone();
    other.score = other.score.min(score);
    if !other.requester_own {
        other.requester_score = other.requester_score.min(score);
    }
    if !other.recipient_own {
        other.recipient_score = other.recipient_score.min(score);
    }
    other
}

#[cfg(test)]
mod tests;
