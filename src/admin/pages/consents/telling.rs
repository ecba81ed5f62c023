//! What a consent says, in words.

use crate::admin::pages::Frame;
use crate::admin::pages::plain;
use crate::contract::Consent;
use crate::contract::Grantees;
use crate::contract::Purpose;
use crate::time::UtcMicros;

/// To whom, or to whom not.
pub(super) fn to(frame: &Frame, terms: &Consent) -> String {
    match &terms.grantees {
        Grantees::Any => frame.words.say("consents-anyone").into_owned(),
        Grantees::Named(named) => plain::institutions(frame, named),
    }
}

/// For what.
pub(super) fn purposes(frame: &Frame, terms: &Consent) -> String {
    let words = frame.words;
    if Purpose::ALL.iter().all(|one| terms.purposes.contains(one)) {
        return words.say("consents-every-purpose").into_owned();
    }
    let purposes = terms.purposes.iter();
    plain::list(
        words,
        purposes.map(|one| plain::purpose(words, *one).into_owned()),
    )
}

/// Which of the patient's images.
pub(super) fn images(frame: &Frame, terms: &Consent) -> String {
    let words = frame.words;
    let mut parts = Vec::new();
    if let Some(modalities) = &terms.modalities {
        let kinds = modalities.iter().map(|code| plain::modality(words, code));
        parts.push(plain::list(words, kinds));
    }
    if let Some(study) = &terms.study_uid_digest {
        let digest: String = study.to_string().chars().take(8).collect();
        parts.push(words.with("consents-one-study", "digest", digest));
    }
    let [from, until] =
        [terms.study_from, terms.study_until].map(|day| day.map(|day| plain::date(words, day)));
    parts.extend(match (from, until) {
        (None, None) => None,
        (Some(from), None) => Some(words.with("consents-studies-from", "from", from)),
        (None, Some(until)) => Some(words.with("consents-studies-until", "until", until)),
        (Some(from), Some(until)) => {
            let all = [("from", from.into()), ("until", until.into())];
            Some(words.with_all("consents-studies-between", all))
        }
    });
    match parts.is_empty() {
        true => words.say("consents-all-images").into_owned(),
        false => parts.join("; "),
    }
}

/// The last day before a moment, in words.
pub(super) fn last_day(frame: &Frame, until: UtcMicros) -> String {
    plain::date(frame.words, frame.console.face.day(until.plus(-1)))
}

/// From when until when.
pub(super) fn valid(frame: &Frame, terms: &Consent) -> String {
    let words = frame.words;
    let from = plain::date(words, frame.console.face.day(terms.valid_from));
    match terms.valid_until {
        None => words.with("consents-from", "from", from),
        Some(until) => {
            let until = last_day(frame, until);
            let all = [("from", from.into()), ("until", until.into())];
            words.with_all("consents-from-until", all)
        }
    }
}
