//! The judgement itself.

use std::collections::BTreeSet;

use crate::contract::CONTRACT_VERSION;
use crate::contract::ENGINE;
use crate::contract::decision::Decision;
use crate::contract::decision::Obligation;
use crate::contract::decision::SHORT_REASON_CHARACTERS_MAX;
use crate::contract::decision::Verdict;
use crate::contract::facts::Facts;
use crate::contract::policy::Evaluation;
use crate::contract::policy::PolicySet;
use crate::contract::policy::SCORE_PLACEHOLDER;
use crate::contract::request::Request;
use crate::contract::state::State;
use crate::digest::Sha256;

/// Judges `request` by `state`. Pure: the same two give the same bytes.
///
/// It fails closed. A denial is whatever is not clearly permitted: no policies, an error in any
/// rule (also in one that would not have decided), an obligation that this version or this
/// request cannot meet.
pub fn decide(state: &State, request: &Request) -> Decision {
    decide_by(state, state.policy(), request)
}

/// Judges `request` by what `state` knows, and by `policy` instead of the active policies: how
/// others would have answered.
pub fn decide_by(state: &State, policy: Option<&PolicySet>, request: &Request) -> Decision {
    let mut decision = Decision {
        verdict: Verdict::Deny,
        reasons: Vec::new(),
        errors: Vec::new(),
        obligations: BTreeSet::new(),
        consents: Vec::new(),
        requester_score: 0,
        recipient_score: 0,
        valid_until: request.received_at.next_midnight(),
        policy: Sha256::ZERO,
        schema: Sha256::ZERO,
        engine: ENGINE.to_owned(),
        contract_version: CONTRACT_VERSION,
        state_root: state.root(),
        observed: false,
        short_reason: "no contract is active".to_owned(),
    };
    let (Some(own), Some(policy)) = (state.own(), policy) else {
        return decision;
    };
    let mut facts = Facts::gather(state, own, request);
    facts.break_glass.limit_by(policy.parameters());
    decision.policy = policy.sha256();
    decision.schema = policy.schema_sha256();
    decision.requester_score = facts.requester_score;
    decision.recipient_score = facts.recipient_score;
    if let Some(change) = facts.next_change {
        decision.valid_until = decision.valid_until.min(change);
    }
    let evaluation = policy.evaluate(request, &facts);
    conclude(&mut decision, request, facts, evaluation);
    decision
}

/// Turns what the engine said into a verdict.
fn conclude(decision: &mut Decision, request: &Request, facts: Facts, evaluation: Evaluation<'_>) {
    if !evaluation.errors.is_empty() {
        decision.errors = evaluation.errors;
        decision.short_reason = "rule error".to_owned();
        return;
    }
    let reasons = evaluation.reasons.iter();
    decision.reasons = reasons.map(|(id, _)| (*id).to_owned()).collect();
    if !evaluation.allowed {
        decision.short_reason = refusal(request, &facts, &evaluation);
        return;
    }
    let notes = evaluation.reasons.iter().map(|(_, notes)| notes);
    decision.obligations = notes
        .flat_map(|notes| notes.obligations.iter().copied())
        .collect();
    let unmet = decision
        .obligations
        .iter()
        .find_map(|obligation| unmet(*obligation, request));
    match unmet {
        Some(why) => why.clone_into(&mut decision.short_reason),
        None => {
            decision.verdict = Verdict::Permit;
            decision.consents = facts.granted;
            decision.short_reason.clear();
        }
    }
}

/// Why this obligation cannot be met, if it cannot.
pub(crate) const fn unmet(obligation: Obligation, request: &Request) -> Option<&'static str> {
    match obligation {
        Obligation::Deidentify => Some("obligation deidentify cannot be met"),
        Obligation::WaitForFinality => Some("obligation wait_for_finality cannot be met"),
        Obligation::RequireTls if !request.transport.tls => Some("encrypted transport required"),
        Obligation::RequireTls | Obligation::Review | Obligation::Notify => None,
    }
}

/// Why the rules refused: the first forbidding rule says it, else the missing fact does.
fn refusal(request: &Request, facts: &Facts, evaluation: &Evaluation<'_>) -> String {
    let mut notes = evaluation.reasons.iter().map(|(_, notes)| notes);
    let text = match (
        evaluation.reasons.first(),
        notes.find_map(|n| n.reason.as_ref()),
    ) {
        (_, Some(reason)) => reason.replace(SCORE_PLACEHOLDER, &facts.score.to_string()),
        (Some((id, _)), None) => format!("forbidden by {id}"),
        (None, None) if facts.within() => "no rule permits it".to_owned(),
        (None, None) if request.patient.is_none() => "no patient identified".to_owned(),
        (None, None) if facts.granted.is_empty() => "no consent".to_owned(),
        (None, None) => "no rule permits it".to_owned(),
    };
    text.chars().take(SHORT_REASON_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests;
