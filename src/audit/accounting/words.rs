//! Words that a patient understands, in place of codes.

use std::collections::BTreeSet;

use super::Ground;
use crate::audit::ClockFace;
use crate::contract::Purpose;
use crate::contract::StudyFacts;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;

/// Studies that are told one by one.
const STUDIES_TOLD_MAX: usize = 5;

/// For what, at the end of "were sent to the clinic".
pub(super) const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Treatment => "for your treatment",
        Purpose::Emergency => "for your urgent treatment",
        Purpose::PatientRequest => "as you had asked",
        Purpose::Research => "for research",
        Purpose::Operations => "for the work of health care, such as quality assurance",
        Purpose::Payment => "for billing and payment",
    }
}

/// Why it was allowed.
pub(super) fn because(ground: &Ground) -> String {
    match ground {
        Ground::Observed => {
            "although our rules spoke against it: they were only being tried then, and nothing was \
                             held back yet"
                .to_owned()
        }
        Ground::Emergency => {
            "because it was an emergency, in which images may be sent without a consent".to_owned()
        }
        Ground::Consents(consents) => {
            let numbers = list(consents.iter().map(ToString::to_string));
            let word = if consents.len() == 1 {
                "consent"
            } else {
                "consents"
            };
            format!("because you had consented ({word} no. {numbers})")
        }
        Ground::Rules(rules) if rules.is_empty() => "because our rules permit it".to_owned(),
        Ground::Rules(rules) => {
            let names = list(rules.iter().map(|rule| format!("\u{201c}{rule}\u{201d}")));
            let word = if rules.len() == 1 { "rule" } else { "rules" };
            format!("because our rules permit it ({word} {names}; ask us for its text)")
        }
    }
}

/// Of which examinations: `images of` goes before it.
pub(super) fn examinations<'a>(studies: impl Iterator<Item = &'a StudyFacts> + Clone) -> String {
    let count = studies.clone().count();
    match count {
        0 => "an examination".to_owned(),
        1..=STUDIES_TOLD_MAX => list(studies.map(examination)),
        _ => {
            let kinds: BTreeSet<String> = studies
                .clone()
                .flat_map(|study| study.modalities.iter().map(|code| modality(code)))
                .collect();
            let days = studies.filter_map(|study| study.date);
            let days = days.clone().min().zip(days.max());
            let days = days.map(|(first, last)| format!(" of {} to {}", date(first), date(last)));
            let kinds = match kinds.is_empty() {
                true => String::new(),
                false => format!(" ({})", list(kinds)),
            };
            format!("{count} examinations{kinds}{}", days.unwrap_or_default())
        }
    }
}

fn examination(study: &StudyFacts) -> String {
    let kinds = list(study.modalities.iter().map(|code| modality(code)));
    let article = match kinds.chars().next() {
        None | Some('a' | 'e' | 'i' | 'o' | 'u' | 'X') => "an",
        Some(_) => "a",
    };
    let kinds = if kinds.is_empty() {
        kinds
    } else {
        format!("{kinds} ")
    };
    let day = study.date.map(|day| format!(" of {}", date(day)));
    format!("{article} {kinds}examination{}", day.unwrap_or_default())
}

/// What a Modality (0008,0060) is called (PS3.3 §C.7.3.1.1.1).
fn modality(code: &str) -> String {
    let words = match code {
        "CT" => "computed tomography (CT)",
        "MR" => "magnetic resonance (MRI)",
        "US" | "IVUS" => "ultrasound",
        "CR" | "DX" | "RG" | "PX" | "IO" => "X-ray",
        "MG" => "mammography",
        "XA" => "X-ray angiography",
        "RF" => "X-ray fluoroscopy",
        "NM" => "nuclear medicine",
        "PT" => "positron emission tomography (PET)",
        "ES" => "endoscopy",
        "GM" | "SM" => "microscopy",
        "OP" | "OPT" | "OCT" | "OAM" => "eye",
        "ECG" | "HD" | "EPS" => "heart",
        "BMD" => "bone density",
        "RTIMAGE" | "RTPLAN" | "RTDOSE" | "RTSTRUCT" | "RTRECORD" => "radiotherapy",
        "SR" | "DOC" => "report",
        "PR" | "KO" | "SEG" | "REG" => "reading",
        "SC" | "OT" | "XC" => "photographic or other",
        other => return format!("\u{201c}{other}\u{201d} (a code of the imaging standard DICOM)"),
    };
    words.to_owned()
}

/// A calendar day: `3 March 2026`.
fn date(day: Day) -> String {
    let noon = i64::from(day.0)
        .saturating_mul(DAY_MICROS)
        .saturating_add(DAY_MICROS / 2);
    ClockFace::utc().date(UtcMicros(noon))
}

/// `a, b and c`.
fn list(words: impl IntoIterator<Item = String>) -> String {
    let mut words: Vec<String> = words.into_iter().collect();
    match words.pop() {
        None => String::new(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} and {last}", words.join(", ")),
    }
}
