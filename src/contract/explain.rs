//! A decision and all that it rests on, for people: the facts, the rules, the consents, and what
//! would have to be different. Nothing is recorded, and nothing is changed.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::consent::Consent;
use crate::contract::consent::Mismatch;
use crate::contract::decide::decide;
use crate::contract::decide::unmet;
use crate::contract::decision::Decision;
use crate::contract::decision::Verdict;
use crate::contract::facts::Facts;
use crate::contract::names::ConsentId;
use crate::contract::policy::PolicySet;
use crate::contract::request::Request;
use crate::contract::state::State;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// What was asked.
    pub request: Request,
    /// What the answer is.
    pub decision: Decision,
    /// What the rules saw besides the request; `None` when no rules are in force.
    pub facts: Option<Facts>,
    /// The rules that decided.
    pub rules: Vec<Rule>,
    /// The patient's consents and objections, and whether each speaks of this request.
    pub consents: Vec<Considered>,
    /// In a refusal: the lowest score of the other institutions at which it would be a permit, all
    /// else being equal. `None`: no score would change it.
    pub score_needed: Option<u16>,
    /// In a refusal: what would make it a permit. Each entry by itself, its parts together.
    pub remedies: Vec<Vec<Remedy>>,
}

/// A rule that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its `@id`.
    pub id: String,
    /// Its `@description`.
    pub description: Option<String>,
}

/// A consent of the patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// Its number.
    pub consent: ConsentId,
    /// What it says.
    pub terms: Consent,
    /// Why it does not speak of this request; empty: it does.
    pub mismatches: Vec<Mismatch>,
}

/// Something that could be different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// The patient's objection withdrawn.
    DenialWithdrawn,
    /// A consent that covers the request, be it for any institution.
    Consent,
    /// A consent that names the institution.
    ConsentNamingInstitution,
    /// A consent that names the institution and the study.
    ConsentNamingInstitutionAndStudy,
    /// Encrypted transport on every hop.
    EncryptedTransport,
}

impl Remedy {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DenialWithdrawn => "the patient's objection withdrawn",
            Self::Consent => "a consent for this purpose, be it for any institution",
            Self::ConsentNamingInstitution => "a consent that names the institution",
            Self::ConsentNamingInstitutionAndStudy => {
                "a consent that names the institution and the study"
            }
            Self::EncryptedTransport => "encrypted transport on every hop",
        }
    }

    fn apply(self, request: &mut Request, facts: &mut Facts) {
        match self {
            Self::DenialWithdrawn => facts.denied = false,
            Self::Consent => facts.granted.push(ConsentId(0)),
            Self::ConsentNamingInstitution => {
                facts.granted.push(ConsentId(0));
                facts.names_institution = true;
            }
            Self::ConsentNamingInstitutionAndStudy => {
                facts.granted.push(ConsentId(0));
                facts.names_institution = true;
                facts.names_institution_and_study = true;
            }
            Self::EncryptedTransport => {
                request.transport.tls = true;
                request.transport.mutual = true;
            }
        }
    }
}

/// What is tried, the least first: one change, then two.
const TRIED: [&[Remedy]; 9] = [
    &[Remedy::EncryptedTransport],
    &[Remedy::DenialWithdrawn],
    &[Remedy::Consent],
    &[Remedy::ConsentNamingInstitution],
    &[Remedy::ConsentNamingInstitutionAndStudy],
    &[Remedy::DenialWithdrawn, Remedy::Consent],
    &[Remedy::DenialWithdrawn, Remedy::ConsentNamingInstitution],
    &[
        Remedy::DenialWithdrawn,
        Remedy::ConsentNamingInstitutionAndStudy,
    ],
    &[Remedy::Consent, Remedy::EncryptedTransport],
];

/// Decides as [`decide`], and says why.
pub fn explain(state: &State, request: &Request) -> Explanation {
    let mut explanation = Explanation {
        request: request.clone(),
        decision: decide(state, request),
        facts: None,
        rules: Vec::new(),
        consents: Vec::new(),
        score_needed: None,
        remedies: Vec::new(),
    };
    let (Some(own), Some(policy)) = (state.own(), state.policy()) else {
        return explanation;
    };
    let facts = Facts::gather(state, own, request);
    let reasons = explanation.decision.reasons.iter();
    explanation.rules = reasons
        .map(|id| Rule {
            id: id.clone(),
            description: policy.description(id).map(str::to_owned),
        })
        .collect();
    if let Some(patient) = request.patient {
        let theirs = state.patients_linked_to(patient);
        let theirs = theirs.into_iter().flat_map(|one| state.consents_of(one));
        explanation.consents = theirs
            .map(|(consent, terms)| Considered {
                consent,
                terms: terms.clone(),
                mismatches: terms.mismatches(request, own),
            })
            .collect();
    }
    if explanation.decision.verdict == Verdict::Deny {
        explanation.score_needed = score_needed(policy, request, &facts);
        explanation.remedies = remedies(policy, request, &facts);
    }
    explanation.facts = Some(facts);
    explanation
}

fn permits(policy: &PolicySet, request: &Request, facts: &Facts) -> bool {
    let evaluation = policy.evaluate(request, facts);
    let mut obligations = evaluation
        .reasons
        .iter()
        .flat_map(|(_, notes)| notes.obligations.iter().copied());
    evaluation.allowed
        && evaluation.errors.is_empty()
        && !obligations.any(|obligation| unmet(obligation, request).is_some())
}

fn score_needed(policy: &PolicySet, request: &Request, facts: &Facts) -> Option<u16> {
    if facts.requester_own && facts.recipient_own {
        return None;
    }
    (0..=1000).find(|score| {
        let mut other = facts.clone();
        other.score = *score;
        if !other.requester_own {
            other.requester_score = *score;
        }
        if !other.recipient_own {
            other.recipient_score = *score;
        }
        permits(policy, request, &other)
    })
}

fn remedies(policy: &PolicySet, request: &Request, facts: &Facts) -> Vec<Vec<Remedy>> {
    let mut found: Vec<Vec<Remedy>> = Vec::new();
    for tried in TRIED {
        let covered = |one: &Vec<Remedy>| one.iter().all(|remedy| tried.contains(remedy));
        if found.iter().any(covered) {
            continue;
        }
        let (mut request, mut facts) = (request.clone(), facts.clone());
        for remedy in tried {
            remedy.apply(&mut request, &mut facts);
        }
        if permits(policy, &request, &facts) {
            found.push(tried.to_vec());
        }
    }
    // Of consents that would do, the widest is enough to name.
    let consents = [
        Remedy::Consent,
        Remedy::ConsentNamingInstitution,
        Remedy::ConsentNamingInstitutionAndStudy,
    ];
    let mut named = false;
    found.retain(|one| {
        let is_consent = matches!(one.as_slice(), [only] if consents.contains(only));
        let keep = !(is_consent && named);
        named |= is_consent;
        keep
    });
    found
}
