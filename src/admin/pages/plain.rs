//! In plain words, for people who do not know codes: days, purposes, kinds of images, institutions.

use std::borrow::Cow;

use super::frame::Frame;
use crate::admin::words::Words;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::time::Day;

/// What a Modality (0008,0060) is called (PS3.3 §C.7.3.1.1.1).
const MODALITIES: [(&[&str], &str); 17] = [
    (&["CT"], "modality-ct"),
    (&["MR"], "modality-mr"),
    (&["US", "IVUS"], "modality-us"),
    (&["CR", "DX", "RG", "PX", "IO"], "modality-x-ray"),
    (&["MG"], "modality-mg"),
    (&["XA"], "modality-xa"),
    (&["RF"], "modality-rf"),
    (&["NM"], "modality-nm"),
    (&["PT"], "modality-pt"),
    (&["ES"], "modality-es"),
    (&["GM", "SM"], "modality-sm"),
    (&["OP", "OPT", "OCT", "OAM"], "modality-eye"),
    (&["ECG", "HD", "EPS"], "modality-heart"),
    (&["BMD"], "modality-bmd"),
    (
        &["RTIMAGE", "RTPLAN", "RTDOSE", "RTSTRUCT", "RTRECORD"],
        "modality-rt",
    ),
    (&["SR", "DOC"], "modality-report"),
    (&["SC", "OT", "XC"], "modality-other"),
];

/// Those that a desk ticks; others are typed.
pub(super) const MODALITIES_TICKED: [&str; 11] = [
    "CT", "MR", "US", "CR", "DX", "MG", "XA", "RF", "NM", "PT", "ES",
];

/// Of one kind; with its code, by which it is known to those who make them.
pub(super) fn modality(words: &Words, code: &str) -> String {
    let known = MODALITIES
        .into_iter()
        .find(|(codes, _)| codes.contains(&code));
    match known {
        Some((_, id)) => format!("{} ({code})", words.say(id)),
        None => code.to_owned(),
    }
}

/// For what.
pub(super) fn purpose(words: &Words, purpose: Purpose) -> Cow<'_, str> {
    words.say(&format!("purpose-plain-{}", purpose.as_str()))
}

/// `a, b and c`.
pub(super) fn list(words: &Words, all: impl IntoIterator<Item = String>) -> String {
    let mut all: Vec<String> = all.into_iter().collect();
    match all.pop() {
        None => String::new(),
        Some(last) if all.is_empty() => last,
        Some(last) => {
            let comma = words.say("list-comma");
            let values = [("first", all.join(&comma).into()), ("last", last.into())];
            words.with_all("list-and", values)
        }
    }
}

/// A calendar day: `3 March 2026`.
pub(super) fn date(words: &Words, day: Day) -> String {
    let (year, month, day) = day.ymd();
    let values = [
        ("day", day.into()),
        ("month", month.into()),
        ("year", year.to_string().into()),
    ];
    words.with_all("date-in-words", values)
}

/// By their names.
pub(super) fn institutions<'a>(
    frame: &Frame,
    all: impl IntoIterator<Item = &'a InstitutionSlug>,
) -> String {
    let names = all.into_iter().map(|one| frame.institution(one).to_owned());
    list(frame.words, names)
}

/// Every institution of the configuration but our own: slug and name, by name.
pub(super) fn others(frame: &Frame) -> Vec<(String, String)> {
    let config = &frame.console.config;
    let others = config.institutions.values();
    let others = others.filter(|one| one.slug != config.gateway.institution);
    let mut others: Vec<(String, String)> = others
        .map(|one| (one.slug.to_string(), one.name.clone()))
        .collect();
    others.sort_by(|one, other| one.1.cmp(&other.1));
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::words::Tongue;

    #[test]
    fn days_are_written_as_each_language_writes_them() {
        let day = Day::from_dicom("20260303").unwrap();
        for (tongue, text) in [
            (Tongue::English, "3 March 2026"),
            (Tongue::German, "3. März 2026"),
            (Tongue::French, "3 mars 2026"),
            (Tongue::Spanish, "3 de marzo de 2026"),
            (Tongue::Chinese, "2026年3月3日"),
        ] {
            assert_eq!(date(tongue.words(), day), text);
        }
        let first = Day::from_dicom("20260501").unwrap();
        assert_eq!(date(Tongue::French.words(), first), "1er mai 2026");
    }

    #[test]
    fn a_list_ends_with_and() {
        let all = |count: usize| ["a", "b", "c"].map(str::to_owned).into_iter().take(count);
        for (tongue, text) in [
            (Tongue::English, "a, b and c"),
            (Tongue::German, "a, b und c"),
            (Tongue::French, "a, b et c"),
            (Tongue::Spanish, "a, b y c"),
            (Tongue::Chinese, "a、b和c"),
        ] {
            assert_eq!(list(tongue.words(), all(3)), text);
        }
        assert_eq!(list(Tongue::English.words(), all(1)), "a");
        assert_eq!(list(Tongue::English.words(), all(0)), "");
    }

    #[test]
    fn purposes_and_kinds_have_words_in_every_language() {
        for tongue in Tongue::ALL {
            let words = tongue.words();
            for one in Purpose::ALL {
                assert!(!purpose(words, one).contains("purpose-"));
            }
            for code in MODALITIES_TICKED {
                let told = modality(words, code);
                assert!(
                    told.len() > code.len() + 3 && !told.contains("modality-"),
                    "{told}"
                );
            }
        }
        assert_eq!(modality(Tongue::English.words(), "XYZ"), "XYZ");
    }
}
