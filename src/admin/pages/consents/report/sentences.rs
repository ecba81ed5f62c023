//! One item of an accounting, in the reader's language.

use crate::admin::pages::Frame;
use crate::admin::pages::plain;
use crate::audit::AccountingItem;
use crate::audit::Ground;
use crate::audit::Left;
use crate::contract::StudyFacts;

/// Studies that are told one by one.
const STUDIES_TOLD_MAX: usize = 5;

/// All of it, in a few sentences.
pub(super) fn of(frame: &Frame, item: &AccountingItem) -> String {
    let words = frame.words;
    let alike = &item.alike;
    let parts = [
        ("when", when(frame, item).into()),
        ("to", recipient(frame, item).into()),
        (
            "purpose",
            plain::purpose(words, alike.purpose).into_owned().into(),
        ),
        ("because", because(frame, &alike.ground).into()),
        ("examinations", examinations(frame, item).into()),
        ("images", item.instances.to_string().into()),
        ("studies", item.studies_count.to_string().into()),
    ];
    let mut sentences = vec![match alike.what {
        Left::Images => words.with_all("consents-report-images", parts),
        Left::Told => words.with_all("consents-report-told", parts),
    }];
    if alike.what == Left::Images && item.is_uncertain {
        sentences.push(words.say("consents-report-uncertain").into_owned());
    }
    let (first, last) = (item.first.1, item.last.1);
    sentences.push(match first == last {
        true => words.with("consents-report-entry", "entry", first.to_string()),
        false => {
            let all = [
                ("first", first.to_string().into()),
                ("last", last.to_string().into()),
            ];
            words.with_all("consents-report-entries", all)
        }
    });
    if item.is_suspended {
        sentences.insert(0, words.say("consents-report-marked").into_owned());
    }
    sentences.join(" ")
}

fn when(frame: &Frame, item: &AccountingItem) -> String {
    let words = frame.words;
    let [first, last] =
        [item.first, item.last].map(|(at, _)| plain::date(words, frame.console.face.day(at)));
    let times = item.times.to_string();
    match (item.times, first == last) {
        (1, _) => words.with("consents-report-on", "first", first),
        (_, true) => {
            let all = [("first", first.into()), ("times", times.into())];
            words.with_all("consents-report-often", all)
        }
        (_, false) => {
            let all = [
                ("first", first.into()),
                ("last", last.into()),
                ("times", times.into()),
            ];
            words.with_all("consents-report-between", all)
        }
    }
}

fn recipient(frame: &Frame, item: &AccountingItem) -> String {
    let (words, site) = (frame.words, &frame.console.site);
    let name = site.name(&item.alike.recipient);
    let address = site.address(&item.alike.recipient);
    let address = match address {
        Some(address) => address.to_owned(),
        None => words.say("consents-report-no-address").into_owned(),
    };
    format!("{name} ({address})")
}

fn because(frame: &Frame, ground: &Ground) -> String {
    let words = frame.words;
    match ground {
        Ground::Observed => words.say("consents-report-observed").into_owned(),
        Ground::Emergency => words.say("consents-report-emergency").into_owned(),
        Ground::Consents(consents) => {
            let numbers = plain::list(words, consents.iter().map(ToString::to_string));
            words.with("consents-report-consented", "numbers", numbers)
        }
        Ground::Rules(rules) if rules.is_empty() => words.say("consents-report-rules").into_owned(),
        Ground::Rules(rules) => {
            let names = plain::list(words, rules.iter().cloned());
            words.with("consents-report-rules-named", "rules", names)
        }
    }
}

/// Of which examinations; of many, how many.
fn examinations(frame: &Frame, item: &AccountingItem) -> String {
    let words = frame.words;
    let count = item.studies.len();
    match count {
        0 => words.say("consents-report-unknown-study").into_owned(),
        1..=STUDIES_TOLD_MAX => {
            let each = item.studies.values().map(|study| examination(frame, study));
            each.collect::<Vec<String>>().join("; ")
        }
        _ => words.with("consents-report-studies", "count", count),
    }
}

fn examination(frame: &Frame, study: &StudyFacts) -> String {
    let words = frame.words;
    let kinds = study
        .modalities
        .iter()
        .map(|code| plain::modality(words, code));
    let kinds = match study.modalities.is_empty() {
        true => words.say("consents-report-unknown-study").into_owned(),
        false => plain::list(words, kinds),
    };
    match study.date {
        None => kinds,
        Some(day) => {
            let all = [
                ("kind", kinds.into()),
                ("date", plain::date(words, day).into()),
            ];
            words.with_all("consents-report-study", all)
        }
    }
}
