//! Why the contract or the gateway did not do something, in the reader's language. What is not among these is told
//! as the gateway says it.

use crate::admin::words::Words;
use crate::contract::Rejection;

/// What the gateway says before it asks the contract, and the message.
const ASKED_WRONGLY: [(&str, &str); 6] = [
    ("there is no such consent", "refusal-no-consent"),
    ("a Patient ID is needed", "refusal-no-patient-id"),
    ("the gateway has not met such a patient", "refusal-unmet"),
    ("there is no such review, report or charge", "refusal-over"),
    ("a text of 1 to 2000 characters is needed", "refusal-text"),
    ("no room for the ledger", "refusal-no-room"),
];

/// How what the contract says begins and ends, and the message.
const BEGINS_AND_ENDS: [(&str, &str, &str); 13] = [
    ("patient ", " has no guardian", "refusal-no-guardian"),
    ("patient ", " is merged already", "refusal-merged"),
    (
        "patient ",
        " is not merged into that one",
        "refusal-not-merged",
    ),
    (
        "patient ",
        " Patient IDs, which is the limit",
        "refusal-many-ids",
    ),
    (
        "patient ",
        " consents, which is the limit",
        "refusal-many-consents",
    ),
    ("no review of decision ", " waits", "refusal-over"),
    ("no reason was given for decision ", "", "refusal-no-reason"),
    ("no report ", " waits for an arbiter", "refusal-over"),
    ("report ", " has lapsed", "refusal-lapsed"),
    ("entry ", " nothing that can be taken back", "refusal-over"),
    ("revocation ", " institution's answer", "refusal-over"),
    ("no suspension ", " lasts", "refusal-over"),
    ("epoch ", " dropped already", "refusal-epoch"),
];

/// Why it was not done.
pub(super) fn told(words: &Words, reason: &str) -> String {
    let contract = [
        (Rejection::SamePerson, "refusal-second-person"),
        (Rejection::Time, "refusal-time"),
        (Rejection::Proof, "refusal-proof"),
        (Rejection::Reference, "refusal-reference"),
        (Rejection::OwnScore, "refusal-own-score"),
        (Rejection::OralSuspension, "refusal-oral"),
        (Rejection::SuspensionOver, "refusal-suspension-over"),
        (Rejection::OwnDisclosure, "refusal-own-disclosure"),
        (Rejection::HoldsNothing, "refusal-holds-nothing"),
    ];
    let said = contract
        .into_iter()
        .find(|(one, _)| one.to_string() == reason);
    if let Some((_, id)) = said {
        return words.say(id).into_owned();
    }
    if let Some((_, id)) = ASKED_WRONGLY.into_iter().find(|(text, _)| *text == reason) {
        return words.say(id).into_owned();
    }
    let is = |(begins, ends, _): &(&str, &str, &str)| {
        reason.starts_with(begins) && reason.ends_with(ends)
    };
    if let Some((_, _, id)) = BEGINS_AND_ENDS.into_iter().find(is) {
        return words.say(id).into_owned();
    }
    if let Some((hold, reference)) = held(reason) {
        let all = [("hold", hold.into()), ("reference", reference.into())];
        return words.with_all("refusal-held", all);
    }
    reason.to_owned()
}

/// The number of the hold that stands against it, and its reference.
fn held(reason: &str) -> Option<(&str, &str)> {
    let rest = reason.strip_prefix("hold ")?;
    let rest = rest.strip_suffix(") stands against it")?;
    rest.split_once(" (reference ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::words::Tongue;
    use crate::contract::ConsentId;
    use crate::contract::Pseudonym;

    #[test]
    fn what_the_contract_says_is_told_in_the_readers_language() {
        let patient = Pseudonym::from_bytes([7; 16]);
        let all = [
            Rejection::SamePerson,
            Rejection::NoGuardian(patient),
            Rejection::Linked(patient),
            Rejection::NotLinked(patient),
            Rejection::TooManyLinked(patient),
            Rejection::TooManyConsents(patient),
            Rejection::NoReview(3),
            Rejection::NoReason(3),
            Rejection::NoReport(3),
            Rejection::Lapsed(3),
            Rejection::NoCharge(3),
            Rejection::NoRevocation(3),
            Rejection::NoSuspension(3),
            Rejection::NotSealed("2026/default".parse().unwrap()),
            Rejection::Held {
                hold: 3,
                reference: "AZ 7".to_owned(),
            },
        ];
        let german = Tongue::German.words();
        for one in all {
            let reason = one.to_string();
            let told = told(german, &reason);
            assert_ne!(told, reason);
            assert!(!told.contains("refusal-"), "{told}");
            assert!(!told.contains(&patient.to_string()), "{told}");
        }
    }

    #[test]
    fn what_is_not_known_is_told_as_it_came() {
        let other = Rejection::NoConsent {
            consent: ConsentId(3),
            patient: Pseudonym::from_bytes([7; 16]),
        };
        let reason = other.to_string();
        assert_eq!(told(Tongue::German.words(), &reason), reason);
    }
}
