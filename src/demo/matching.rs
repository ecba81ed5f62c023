//! Attribute matching of queries (PS3.4 §C.2.2.2): single value, wildcard, range, list of UIDs,
//! universal, and sequence matching.

use dicom_core::DataElement;
use dicom_core::PrimitiveValue;
use dicom_core::Tag;
use dicom_core::VR;
use dicom_core::header::Header;
use dicom_core::value::DataSetSequence;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// Keys that say how to read the query, and match nothing.
const NOT_MATCHED: [Tag; 3] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::QUERY_RETRIEVE_LEVEL,
    tags::TIMEZONE_OFFSET_FROM_UTC,
];

/// Whether `known` has what every key of `query` asks for.
pub(crate) fn matches(query: &InMemDicomObject, known: &InMemDicomObject) -> bool {
    query
        .iter()
        .filter(|key| !NOT_MATCHED.contains(&key.tag()))
        .all(|key| {
            let value = known.element_opt(key.tag()).ok().flatten();
            match key.items() {
                Some(keys) => matches_sequence(keys, value),
                None => matches_text(key, value),
            }
        })
}

/// Of `known`, what `query` asks for; keys that are not known come back empty.
pub(crate) fn answer(query: &InMemDicomObject, known: &InMemDicomObject) -> InMemDicomObject {
    let mut answer = InMemDicomObject::new_empty();
    for key in query.iter() {
        let value = known.element_opt(key.tag()).ok().flatten();
        let element = match (key.items(), value) {
            (Some([keys, ..]), Some(value)) => {
                let items = value.items().unwrap_or_default();
                let items: Vec<_> = items
                    .iter()
                    .filter(|item| matches(keys, item))
                    .map(|item| self::answer(keys, item))
                    .collect();
                DataElement::new(key.tag(), VR::SQ, DataSetSequence::from(items))
            }
            (_, Some(value)) => value.clone(),
            (_, None) => DataElement::new(key.tag(), key.vr(), PrimitiveValue::Empty),
        };
        answer.put(element);
    }
    answer
}

/// An empty sequence, and a sequence of one empty item, match everything (§C.2.2.2.6).
fn matches_sequence(keys: &[InMemDicomObject], value: Option<&InMemElement>) -> bool {
    keys.first().is_none_or(|keys| {
        let items = value.and_then(|value| value.items()).unwrap_or_default();
        keys.iter().next().is_none() || items.iter().any(|item| matches(keys, item))
    })
}

fn matches_text(key: &InMemElement, value: Option<&InMemElement>) -> bool {
    let patterns = texts(key);
    // A lone `*` is universal matching too (§C.2.2.2.4).
    if patterns
        .iter()
        .all(|pattern| matches!(&**pattern, "" | "*"))
    {
        return true;
    }
    let values = value.map(texts).unwrap_or_default();
    patterns.iter().any(|pattern| {
        values
            .iter()
            .any(|value| matches_one(key.vr(), pattern, value))
    })
}

fn matches_one(vr: VR, pattern: &str, value: &str) -> bool {
    match vr {
        VR::UI => pattern == value,
        VR::DA | VR::TM | VR::DT => matches_range(pattern, value),
        VR::PN => glob(&pattern.to_lowercase(), &value.to_lowercase()),
        _ => glob(pattern, value),
    }
}

/// `A-B`, `-B`, `A-`, or a single value. Dates and times sort as texts.
fn matches_range(pattern: &str, value: &str) -> bool {
    match pattern.split_once('-') {
        // A shorter end (a time of hours only) still holds what begins with it.
        Some((from, to)) => {
            !value.is_empty()
                && value >= from
                && (to.is_empty() || value <= to || value.starts_with(to))
        }
        None => pattern == value,
    }
}

/// `*` stands for any characters, `?` for one.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return prefix(pattern, text) == Some("");
    };
    let Some(mut rest) = prefix(before, text) else {
        return false;
    };
    loop {
        if glob(after, rest) {
            return true;
        }
        let mut characters = rest.chars();
        if characters.next().is_none() {
            return false;
        }
        rest = characters.as_str();
    }
}

/// What follows `pattern`, without `*`, at the start of `text`.
fn prefix<'a>(pattern: &str, text: &'a str) -> Option<&'a str> {
    let mut rest = text.chars();
    for wanted in pattern.chars() {
        let found = rest.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    Some(rest.as_str())
}

/// The element's values. Values that were put together in one text are parted here.
fn texts(element: &InMemElement) -> Vec<String> {
    let Ok(texts) = element.to_multi_str() else {
        return Vec::new();
    };
    texts
        .iter()
        .flat_map(|text| text.split('\\'))
        .map(|text| text.trim_matches([' ', '\0']).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_set(elements: &[(Tag, VR, &str)]) -> InMemDicomObject {
        let mut data_set = InMemDicomObject::new_empty();
        for (tag, vr, value) in elements {
            data_set.put_str(*tag, *vr, *value);
        }
        data_set
    }

    fn known() -> InMemDicomObject {
        let mut known = data_set(&[
            (tags::PATIENT_NAME, VR::PN, "Phantom^Ada"),
            (tags::STUDY_DATE, VR::DA, "20260105"),
            (tags::STUDY_TIME, VR::TM, "101500"),
            (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
            (tags::MODALITIES_IN_STUDY, VR::CS, "CT\\SR"),
        ]);
        let step = data_set(&[(tags::MODALITY, VR::CS, "CT")]);
        known.put(DataElement::new(
            tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(vec![step]),
        ));
        known
    }

    #[test]
    fn each_kind_of_matching_finds_and_misses() {
        for (tag, vr, hits, misses) in [
            (
                tags::PATIENT_NAME,
                VR::PN,
                vec!["", "phantom^ada", "*^A?a", "Ph*m^*", "*"],
                vec!["Phantom", "*b*", "Phantom^Ada?"],
            ),
            (
                tags::STUDY_DATE,
                VR::DA,
                vec!["20260105", "20260101-20260131", "-20260105", "20260105-"],
                vec!["20260106", "20260106-", "-20260104"],
            ),
            (tags::STUDY_TIME, VR::TM, vec!["09-10"], vec!["11-12"]),
            (
                tags::STUDY_INSTANCE_UID,
                VR::UI,
                vec!["1.2.3", "9.9\\1.2.3"],
                vec!["1.2.*", "9.9"],
            ),
            (tags::MODALITIES_IN_STUDY, VR::CS, vec!["SR"], vec!["MR"]),
            (
                tags::ACCESSION_NUMBER,
                VR::SH,
                vec!["", "*"],
                vec!["1", "?*"],
            ),
        ] {
            for key in hits {
                assert!(matches(&data_set(&[(tag, vr, key)]), &known()), "{key}");
            }
            for key in misses {
                assert!(!matches(&data_set(&[(tag, vr, key)]), &known()), "{key}");
            }
        }
    }

    #[test]
    fn a_sequence_matches_by_its_item_and_is_answered_with_what_was_asked() {
        let asked = |modality| {
            let mut query = data_set(&[(tags::ACCESSION_NUMBER, VR::SH, "")]);
            let step = data_set(&[(tags::MODALITY, VR::CS, modality)]);
            query.put(DataElement::new(
                tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
                VR::SQ,
                DataSetSequence::from(vec![step]),
            ));
            query
        };
        assert!(matches(&asked("CT"), &known()));
        assert!(!matches(&asked("MR"), &known()));
        let answer = answer(&asked(""), &known());
        assert_eq!(answer.iter().count(), 2);
        let steps = answer
            .element(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)
            .unwrap();
        let modality = steps.items().unwrap()[0].element(tags::MODALITY).unwrap();
        assert_eq!(modality.to_str().unwrap(), "CT");
    }
}
