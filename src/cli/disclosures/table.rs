//! What left, as a table for the desk.

use std::io;
use std::io::Write;

use crate::cli::columns;
use crate::cli::desk::joined;
use crate::contract::Authority;
use crate::contract::Disclosure;
use crate::contract::Disclosures as Found;
use crate::contract::Outcome;
use crate::contract::Parties;
use crate::contract::Purpose;
use crate::contract::ReceiptStanding;
use crate::contract::StudyFacts;
use crate::contract::Told;

/// Digits of a study's digest that are shown.
const DIGEST_DIGITS: usize = 12;

/// Writes it to `out`.
pub(super) fn print(out: &mut dyn Write, found: &Found) -> io::Result<()> {
    if found.images.is_empty() && found.told.is_empty() {
        return writeln!(out, "nothing left for another institution");
    }
    if !found.images.is_empty() {
        let headings = [
            "entry",
            "time",
            "to",
            "AE title",
            "asked by",
            "user",
            "purpose",
            "study",
            "instances",
            "bytes",
            "authority",
            "outcome",
            "receipt",
        ];
        let rows: Vec<_> = found.images.iter().map(|one| images(one, found)).collect();
        columns::print(out, headings, &rows)?;
    }
    if !found.told.is_empty() {
        if !found.images.is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "told of images:")?;
        let headings = [
            "entries",
            "first",
            "last",
            "to",
            "AE title",
            "asked by",
            "user",
            "purpose",
            "times",
            "studies",
            "authority",
        ];
        let rows: Vec<_> = found.told.iter().map(|one| told(one, found)).collect();
        columns::print(out, headings, &rows)?;
    }
    match found.more {
        0 => Ok(()),
        more => writeln!(out, "and {more} more decisions, not listed"),
    }
}

fn images(one: &Disclosure, found: &Found) -> [String; 13] {
    let [to, ae, by, user, purpose] = parties(&one.parties, found);
    let instances = match one.failed {
        0 => one.instances.to_string(),
        failed => format!("{}, {failed} failed", one.instances),
    };
    [
        one.entry.to_string(),
        one.at.to_string(),
        to,
        ae,
        by,
        user,
        purpose,
        one.study
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), study),
        instances,
        one.bytes.to_string(),
        authority(&one.parties),
        outcome(one.outcome).to_owned(),
        one.receipt
            .map_or("none", ReceiptStanding::as_str)
            .to_owned(),
    ]
}

fn told(one: &Told, found: &Found) -> [String; 11] {
    let [to, ae, by, user, purpose] = parties(&one.parties, found);
    let entries = match one.times {
        1 => one.first_entry.to_string(),
        _ => format!("{}..{}", one.first_entry, one.last_entry),
    };
    [
        entries,
        one.first.to_string(),
        one.last.to_string(),
        to,
        ae,
        by,
        user,
        purpose,
        one.times.to_string(),
        one.studies.to_string(),
        authority(&one.parties),
    ]
}

/// Recipient and its AE title, who asked, the user, the purpose.
fn parties(parties: &Parties, found: &Found) -> [String; 5] {
    let mark = match found.suspended.contains(&parties.recipient) {
        true => " (suspended)",
        false => "",
    };
    let user = match &parties.user {
        Some(user) if user.proven().is_some() => user.name.clone(),
        Some(user) => format!("{} (not proven)", user.name),
        None => "none".to_owned(),
    };
    [
        format!("{}{mark}", parties.recipient),
        parties.recipient_ae.to_string(),
        format!("{} ({})", parties.requester, parties.requester_ae),
        user,
        parties.purpose.to_string(),
    ]
}

/// The first digits of its digest, its modalities, its day.
fn study(study: &StudyFacts) -> String {
    let digest = study.uid_digest.to_string();
    let mut text: String = digest.chars().take(DIGEST_DIGITS).collect();
    if !study.modalities.is_empty() {
        text.push_str(&format!(" {}", joined(&study.modalities)));
    }
    if let Some(day) = study.date {
        text.push_str(&format!(" {day}"));
    }
    text
}

/// What permitted it, in one cell.
fn authority(parties: &Parties) -> String {
    let Authority {
        observed,
        rules,
        consents,
    } = &parties.authority;
    let mut words = Vec::new();
    if *observed {
        words.push("only observed: refused by the rules".to_owned());
    }
    if parties.purpose == Purpose::Emergency {
        words.push("emergency".to_owned());
    }
    if !consents.is_empty() {
        words.push(format!("consent {}", joined(consents)));
    }
    if !rules.is_empty() {
        words.push(format!("rules {}", joined(rules)));
    }
    words.join("; ")
}

const fn outcome(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "not ended",
        Some(Outcome::Completed) => "completed",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Interrupted) => "interrupted",
        Some(Outcome::Cancelled) => "cancelled",
        Some(Outcome::Stopped) => "stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ConsentId;
    use crate::contract::Pseudonym;
    use crate::contract::User;
    use crate::contract::UserProof;
    use crate::digest::Sha256;
    use crate::time::Day;
    use crate::time::UtcMicros;

    fn lakeside() -> Parties {
        Parties {
            recipient: "lakeside".parse().unwrap(),
            recipient_ae: "LAKE".parse().unwrap(),
            requester: "lakeside".parse().unwrap(),
            requester_ae: "LAKE".parse().unwrap(),
            user: Some(User {
                name: "weber".to_owned(),
                proof: UserProof::None,
            }),
            purpose: Purpose::Treatment,
            authority: Authority {
                observed: false,
                rules: vec!["exchange-with-consent".to_owned()],
                consents: vec![ConsentId(3)],
            },
        }
    }

    fn text(found: &Found) -> String {
        let mut out = Vec::new();
        print(&mut out, found).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn images_are_told_before_what_was_only_told() {
        let images = Disclosure {
            entry: 7,
            at: UtcMicros(0),
            parties: lakeside(),
            patient: Pseudonym::from_bytes([1; 16]),
            study: Some(StudyFacts {
                modalities: ["CT".to_owned()].into(),
                date: Some(Day(0)),
                uid_digest: Sha256::ZERO,
            }),
            instances: 3,
            failed: 1,
            bytes: 500,
            outcome: Some(Outcome::Failed),
            receipt: None,
        };
        let mut emergency = lakeside();
        emergency.purpose = Purpose::Emergency;
        emergency.authority.consents.clear();
        emergency.user = None;
        let told = Told {
            parties: emergency,
            first_entry: 4,
            first: UtcMicros(0),
            last_entry: 6,
            last: UtcMicros(1_000_000),
            times: 3,
            studies: 2,
            entries: vec![4, 5, 6],
        };
        let printed = text(&Found {
            images: vec![images],
            told: vec![told],
            ..Found::default()
        });
        let lines: Vec<&str> = printed.lines().collect();
        let [heading, image, "", "told of images:", _, told] = lines.as_slice() else {
            panic!("{printed}");
        };
        assert!(heading.starts_with("entry  time"));
        assert!(
            image.contains("weber (not proven)  TREATMENT  000000000000 CT 1970-01-01"),
            "{image}"
        );
        assert!(
            image.contains("3, 1 failed  500    consent 3; rules exchange-with-consent  failed"),
            "{image}"
        );
        assert!(told.starts_with("4..6 "), "{told}");
        assert!(
            told.ends_with("3      2        emergency; rules exchange-with-consent"),
            "{told}"
        );
    }

    #[test]
    fn where_nothing_left_that_is_said() {
        assert_eq!(
            text(&Found::default()),
            "nothing left for another institution\n"
        );
    }
}
