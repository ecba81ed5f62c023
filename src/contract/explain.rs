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
    /// In a refusal: what would make it a permit. Each way by itself, its parts together; none that
    /// only asks for more than another.
    pub remedies: Vec<Way>,
}

/// A way from a refusal to a permit, all else being equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// What would have to be different; empty: the score alone.
    pub changes: Vec<Remedy>,
    /// The score that the other institutions need besides, where theirs does not suffice.
    pub score: Option<u16>,
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
    /// Encrypted transport on every hop.
    EncryptedTransport,
    /// A consent that covers the request, be it for any institution.
    Consent,
    /// A consent that names the institution.
    ConsentNamingInstitution,
    /// A consent that names the institution and the study.
    ConsentNamingInstitutionAndStudy,
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

    /// Whether there is anything that it would change.
    const fn changes(self, request: &Request, facts: &Facts) -> bool {
        match self {
            Self::DenialWithdrawn => facts.denied,
            Self::EncryptedTransport => !(request.transport.tls && request.transport.mutual),
            Self::Consent => facts.granted.is_empty(),
            Self::ConsentNamingInstitution => !facts.names_institution,
            Self::ConsentNamingInstitutionAndStudy => {
                !facts.names_institution_and_study && request.study.is_some()
            }
        }
    }

    /// Whether `other` is this, or a consent that says less than this one.
    fn includes(self, other: Self) -> bool {
        self == other || (other >= Self::Consent && self > other)
    }
}

impl Way {
    /// Whether whoever goes `other` has gone this one, too.
    fn leads_as_far_as(&self, other: &Self) -> bool {
        let mut changes = self.changes.iter();
        changes.all(|change| other.changes.iter().any(|more| more.includes(*change)))
            && self.score <= other.score
    }
}

/// Decides as [`decide`], and says why.
pub fn explain(state: &State, request: &Request) -> Explanation {
    let mut explanation = Explanation {
        request: request.clone(),
        decision: decide(state, request),
        facts: None,
        rules: Vec::new(),
        consents: Vec::new(),
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
        explanation.remedies = remedies(policy, request, &facts);
    }
    explanation.facts = Some(facts);
    explanation
}

/// Whether these facts are permitted what is asked.
pub(crate) fn permits(policy: &PolicySet, request: &Request, facts: &Facts) -> bool {
    let evaluation = policy.evaluate(request, facts);
    let mut obligations = evaluation
        .reasons
        .iter()
        .flat_map(|(_, notes)| notes.obligations.iter().copied());
    evaluation.allowed
        && evaluation.errors.is_empty()
        && !obligations.any(|obligation| unmet(obligation, request).is_some())
}

/// Every way that is worth telling, those with the fewest parts first.
fn remedies(policy: &PolicySet, request: &Request, facts: &Facts) -> Vec<Way> {
    let consents = [
        Remedy::Consent,
        Remedy::ConsentNamingInstitution,
        Remedy::ConsentNamingInstitutionAndStudy,
    ];
    let others = [
        vec![],
        vec![Remedy::EncryptedTransport],
        vec![Remedy::DenialWithdrawn],
        vec![Remedy::DenialWithdrawn, Remedy::EncryptedTransport],
    ];
    let with_consents = others.iter().flat_map(|others| {
        let with = |consent: Remedy| [others.as_slice(), &[consent]].concat();
        consents.into_iter().map(with)
    });
    let mut tried: Vec<Vec<Remedy>> = others.iter().cloned().chain(with_consents).collect();
    tried.retain(|tried| tried.iter().all(|one| one.changes(request, facts)));
    let ways = tried.into_iter().filter_map(|changes| {
        let (mut request, mut facts) = (request.clone(), facts.clone());
        for remedy in &changes {
            remedy.apply(&mut request, &mut facts);
        }
        way(policy, &request, &facts, changes)
    });
    let mut ways: Vec<Way> = ways.collect();
    ways.sort_by_key(|way| (way.changes.len(), way.score));
    let all = ways.clone();
    ways.retain(|way| {
        let mut others = all.iter().filter(|other| *other != way);
        !others.any(|other| other.leads_as_far_as(way))
    });
    ways
}

/// Whether it is a permit now that `changes` are made, or would be with a higher score.
fn way(policy: &PolicySet, request: &Request, facts: &Facts, changes: Vec<Remedy>) -> Option<Way> {
    if permits(policy, request, facts) {
        return Some(Way {
            changes,
            score: None,
        });
    }
    let no_others = facts.requester_own && facts.recipient_own;
    let suffices = |score: u16| permits(policy, request, &at_least(score, facts));
    if no_others || !suffices(SCORE_MAX) {
        return None;
    }
    // Rules get no stricter as a score rises, so halving finds the least that suffices.
    let (mut fails, mut works) = (facts.score, SCORE_MAX);
    while works.saturating_sub(fails) > 1 {
        let middle = fails.midpoint(works);
        if suffices(middle) {
            works = middle;
        } else {
            fails = middle;
        }
    }
    Some(Way {
        changes,
        score: Some(works),
    })
}

/// The highest score.
const SCORE_MAX: u16 = 1000;

/// The same, but that no other institution has less than `score`.
fn at_least(score: u16, facts: &Facts) -> Facts {
    let mut other = facts.clone();
    other.score = other.score.max(score);
    if !other.requester_own {
        other.requester_score = other.requester_score.max(score);
    }
    if !other.recipient_own {
        other.recipient_score = other.recipient_score.max(score);
    }
    other
}

#[cfg(test)]
mod tests;
