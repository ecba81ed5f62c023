//! How answers of the contract are told to people, in every command alike.

use crate::contract::Decision;
use crate::contract::Request;

/// A decision in one line: the verdict, the refusal's reason, the rules that decided, what went
/// wrong in them, and what a permit demands.
pub(super) fn answer(decision: &Decision) -> String {
    let mut line = decision.verdict.as_str().to_owned();
    let mut add = |label: &str, words: &[String]| {
        if !words.is_empty() {
            line.push_str(label);
            line.push_str(&words.join(", "));
        }
    };
    if !decision.short_reason.is_empty() {
        add(", ", std::slice::from_ref(&decision.short_reason));
    }
    add("; rules: ", &decision.reasons);
    add("; errors: ", &decision.errors);
    let obligations = decision.obligations.iter().map(ToString::to_string);
    add("; obligations: ", &obligations.collect::<Vec<_>>());
    line
}

/// What was asked, in one line: action, purpose, who, and for whom.
pub(super) fn asked(request: &Request) -> String {
    format!(
        "{} {} {} -> {}",
        request.action().as_str(),
        request.purpose,
        request.requester,
        request.recipient
    )
}
