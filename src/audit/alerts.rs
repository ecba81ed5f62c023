//! What an alert of the ledger means, by its code: its kind among the security alerts that the standard knows, and how
//! bad it is. One table, from which every format takes both.

use super::record::Severity;

/// What an alert is about, as far as the standard has a name for it (CID 403).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// The ledger that others saw is not the one that is here.
    Ledger,
    /// Nothing is recorded, and so nothing is permitted, until there is room.
    RecordingStopped,
    /// There is room again.
    RecordingStarted,
    /// Who somebody is was not proven.
    Node,
    /// Which users a request spoke for. A count of refusals, where User Authentication (110114) would name one.
    User,
    /// What guards the gateway is not as it was configured, or does not work.
    Configuration,
    /// Something the standard has no name for: queues, receipts, commitments, objects. CID 403 may be extended.
    Other,
    /// Something that an entry of another kind tells in full.
    ToldElsewhere,
}

/// Every code that the gateway uses, in the order of the alphabet.
const ALERTS: [(&str, Topic, Severity); 52] = {
    use Severity::Major;
    use Severity::Minor;
    use Severity::Serious;
    use Severity::Success;
    use Topic::Configuration;
    use Topic::Ledger;
    use Topic::Node;
    use Topic::Other;
    [
        ("alarm-back", Other, Success),
        ("alarm-behind", Other, Serious),
        ("association-refused", Node, Minor),
        ("audit-message-too-long", Other, Serious),
        ("audit-receiver-back", Other, Success),
        ("audit-receiver-behind", Other, Serious),
        ("break-glass", Other, Serious),
        ("bypass-unreadable", Other, Major),
        ("bypassed", Topic::ToldElsewhere, Serious),
        ("certificate-expires", Configuration, Minor),
        ("commitment-lapsed", Other, Serious),
        ("commitment-stuck", Other, Serious),
        ("dead-letter", Other, Serious),
        ("denied-burst", Other, Serious),
        ("destination-back", Other, Success),
        ("destination-down", Other, Serious),
        ("disk-enough", Other, Success),
        ("disk-low", Other, Serious),
        ("ledger-damaged", Ledger, Major),
        ("ledger-whole", Ledger, Success),
        ("log-forked", Ledger, Major),
        ("log-rolled-back", Ledger, Major),
        ("no-room", Topic::RecordingStopped, Serious),
        ("not-committed", Other, Serious),
        ("notify", Other, Success),
        ("policy-differs", Configuration, Minor),
        ("quarantined", Other, Minor),
        ("queue-without-peer", Other, Serious),
        ("receipt-impossible", Other, Serious),
        ("receipt-lost", Other, Serious),
        ("receipt-missing", Other, Serious),
        ("receipt-refused", Other, Minor),
        ("receipt-repeated", Other, Minor),
        ("receipt-unknown", Other, Minor),
        ("receipt-unsigned", Other, Serious),
        ("refused-elsewhere", Node, Minor),
        ("review-overdue", Other, Serious),
        ("room-again", Topic::RecordingStarted, Success),
        ("rule-error", Configuration, Serious),
        ("sign-in-refused", Topic::User, Minor),
        ("spool-full", Other, Serious),
        ("spool-object-lost", Other, Serious),
        ("spool-unread", Other, Serious),
        ("statement-refused", Node, Minor),
        ("tls-not-reloaded", Configuration, Serious),
        ("tls-refused", Node, Minor),
        ("unasked-instance", Other, Minor),
        ("unreadable-object", Other, Minor),
        ("user-refused", Topic::User, Minor),
        ("witness-disputed", Ledger, Major),
        ("witness-forgot", Ledger, Major),
        ("worker-panicked", Other, Serious),
    ]
};

/// What the code of an alert means. One that is not known, as of a newer version, is taken seriously.
pub(super) fn meaning(code: &str) -> (Topic, Severity) {
    let mut all = ALERTS.iter();
    let found = all.find(|(known, ..)| *known == code);
    found.map_or((Topic::Other, Severity::Serious), |(_, topic, severity)| {
        (*topic, *severity)
    })
}

/// Which alert is over when one of this code comes about the same thing.
const ENDS: [(&str, &str); 6] = [
    ("alarm-back", "alarm-behind"),
    ("audit-receiver-back", "audit-receiver-behind"),
    ("destination-back", "destination-down"),
    ("disk-enough", "disk-low"),
    ("ledger-whole", "ledger-damaged"),
    ("room-again", "no-room"),
];

/// How bad an alert is, by its code. One that is not known is taken seriously.
pub fn alert_severity(code: &str) -> Severity {
    meaning(code).1
}

/// Whether an alert of this code is ever raised.
pub fn is_alert(code: &str) -> bool {
    ALERTS.iter().any(|(known, ..)| *known == code)
}

/// The code of what is over with an alert of this one.
pub fn ended_by(code: &str) -> Option<&'static str> {
    let found = ENDS.iter().find(|(end, _)| *end == code);
    found.map(|(_, begin)| *begin)
}

/// Whether something is said when what an alert of this code tells is over.
pub fn is_ended(code: &str) -> bool {
    ENDS.iter().any(|(_, begin)| *begin == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The sources of those who raise alerts, without their tests.
    fn sources(dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("\nmod tests {").next().unwrap();
                if ["alert", "Alert", "tells("]
                    .iter()
                    .any(|word| text.contains(word))
                {
                    found.push(text.to_owned());
                }
            }
        }
    }

    /// Words that look like codes and are none: what e-mail says of itself (RFC 3834 §5).
    const OTHER_WORDS: [&str; 1] = ["auto-generated"];

    /// The literals that look like codes: words with a hyphen between them.
    fn codes(text: &str) -> impl Iterator<Item = &str> {
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let quoted = code.flat_map(|line| line.split('"').skip(1).step_by(2));
        quoted.filter(|word| {
            let is_word =
                |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
            word.contains('-') && !OTHER_WORDS.contains(word) && word.split('-').all(is_word)
        })
    }

    #[test]
    fn every_code_that_is_raised_is_in_the_table_and_no_other() {
        let mut texts = Vec::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for room in ["gateway", "witness", "exchange", "atna", "alarm"] {
            sources(&root.join(room), &mut texts);
        }
        let raised = texts.clone();
        let raised: BTreeSet<&str> = raised.iter().flat_map(|text| codes(text)).collect();
        let known: BTreeSet<&str> = ALERTS.iter().map(|(code, ..)| *code).collect();
        let unknown: Vec<_> = raised.difference(&known).collect();
        assert!(unknown.is_empty(), "not in the table: {unknown:?}");
        // Pages are full of words with hyphens; of those, only what is in the table is looked for.
        sources(&root.join("admin"), &mut texts);
        for code in known {
            let literal = format!("\"{code}\"");
            assert!(texts.iter().any(|text| text.contains(&literal)), "{code}");
        }
    }

    #[test]
    fn codes_stand_in_order_and_once() {
        assert!(ALERTS.is_sorted_by(|one, other| one.0 < other.0));
        assert!(ENDS.is_sorted_by(|one, other| one.0 < other.0));
        for (end, begin) in ENDS {
            assert_eq!(alert_severity(end), Severity::Success, "{end}");
            assert!(
                is_alert(begin) && alert_severity(begin) > Severity::Success,
                "{begin}"
            );
        }
    }

    #[test]
    fn good_news_is_none_and_what_is_unknown_is_taken_seriously() {
        for code in ["room-again", "destination-back"] {
            assert_eq!(meaning(code).1, Severity::Success, "{code}");
        }
        assert_eq!(meaning("from-tomorrow"), (Topic::Other, Severity::Serious));
    }
}
