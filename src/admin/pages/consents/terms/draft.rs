//! What stands in the form, and what it says.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::admin::pages::forms;
use crate::admin::pages::forms::NoDay;
use crate::admin::pages::frame::Posted;
use crate::audit::ClockFace;
use crate::contract::Effect;
use crate::contract::Giver;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::dicom::Uid;
use crate::gateway::control::ConsentTerms;
use crate::gateway::control::PatientName;
use crate::time::Day;

/// The value that stands for any other institution: none's short name.
pub(super) const ANYONE: &str = "*";
/// Modalities that one consent names.
const MODALITIES_MAX: usize = 64;
/// Characters of the longest code of a modality (VR CS, PS3.5 §6.2).
const CODE_CHARACTERS_MAX: usize = 16;

/// The fields with one value.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    pub(super) other: String,
    #[serde(default)]
    pub(super) study: String,
    #[serde(default)]
    pub(super) study_from: String,
    #[serde(default)]
    pub(super) study_until: String,
    #[serde(default)]
    pub(super) from: String,
    #[serde(default)]
    pub(super) until: String,
    #[serde(default)]
    given_by: String,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) effect: Effect,
    /// Short names, or [`ANYONE`].
    pub(super) to: Vec<String>,
    pub(super) purposes: Vec<String>,
    pub(super) modalities: Vec<String>,
    pub(super) by_guardian: bool,
    pub(super) form: Form,
}

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nobody is chosen, or somebody who is not in the configuration.
    To,
    /// No purpose is chosen.
    Purposes,
    /// A code of a modality that is none.
    Modality,
    /// A Study Instance UID that is none.
    Study,
    /// A day that is none.
    Day,
    /// It would end before it begins.
    Order,
}

impl Wrong {
    /// The message.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::To => "consents-wrong-to",
            Self::Purposes => "consents-wrong-purposes",
            Self::Modality => "consents-wrong-modality",
            Self::Study => "consents-wrong-study",
            Self::Day => "wrong-day",
            Self::Order => "wrong-order",
        }
    }
}

impl From<NoDay> for Wrong {
    fn from(_: NoDay) -> Self {
        Self::Day
    }
}

impl Draft {
    /// What is meant unless somebody says otherwise: an objection is against all of it, and nobody has agreed to
    /// what they did not name.
    pub(super) fn new(effect: Effect) -> Self {
        let (to, purposes): (Vec<String>, &[Purpose]) = match effect {
            Effect::Grant => (Vec::new(), &[]),
            Effect::Deny => (vec![ANYONE.to_owned()], &Purpose::ALL),
        };
        Self {
            effect,
            to,
            purposes: purposes.iter().map(ToString::to_string).collect(),
            modalities: Vec::new(),
            by_guardian: false,
            form: Form::default(),
        }
    }

    /// What was sent.
    pub(super) fn of(posted: &Posted<Form>, effect: Effect) -> Self {
        let all = |name: &str| posted.all(name).map(str::to_owned).collect();
        Self {
            effect,
            to: all("to"),
            purposes: all("purpose"),
            modalities: all("modality"),
            by_guardian: posted.form.given_by == "guardian",
            form: posted.form.clone(),
        }
    }

    /// What it says of `patient`, by the days of `face`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn terms(
        &self,
        patient: PatientName,
        face: &ClockFace,
        known: impl Fn(&str) -> bool,
    ) -> Result<ConsentTerms, Wrong> {
        let study = self.form.study.trim();
        let study = match study.is_empty() {
            true => None,
            false => Some(study.parse::<Uid>().map_err(|_| Wrong::Study)?.to_string()),
        };
        let (study_from, study_until) = span(&self.form.study_from, &self.form.study_until)?;
        let (from, until) = span(&self.form.from, &self.form.until)?;
        Ok(ConsentTerms {
            patient,
            effect: self.effect,
            to: self.to(known)?,
            purposes: self.purposes()?,
            modalities: self.modalities()?,
            study,
            study_from,
            study_until,
            valid_from: from.map(|day| face.begins(day)),
            valid_until: until.map(|day| face.begins(Day(day.0.saturating_add(1)))),
            given_by: match self.by_guardian {
                true => Giver::Guardian,
                false => Giver::Patient,
            },
        })
    }

    fn to(&self, known: impl Fn(&str) -> bool) -> Result<Vec<InstitutionSlug>, Wrong> {
        if self.to.is_empty() {
            return Err(Wrong::To);
        }
        if self.to.iter().any(|one| one == ANYONE) {
            return Ok(Vec::new());
        }
        // By a name that nobody has, it would say nothing, and nobody would notice.
        let named = self.to.iter().map(|one| match known(one) {
            true => one.parse().map_err(|_| Wrong::To),
            false => Err(Wrong::To),
        });
        named.collect()
    }

    fn purposes(&self) -> Result<Vec<Purpose>, Wrong> {
        let purposes = self.purposes.iter().map(|one| one.parse());
        let purposes: Result<Vec<Purpose>, _> = purposes.collect();
        let purposes = purposes.map_err(|_| Wrong::Purposes)?;
        match purposes.is_empty() {
            true => Err(Wrong::Purposes),
            false => Ok(purposes),
        }
    }

    fn modalities(&self) -> Result<Vec<String>, Wrong> {
        let typed = self.form.other.to_uppercase();
        let typed = typed.split([' ', ',', ';']).filter(|code| !code.is_empty());
        let ticked = self.modalities.iter().map(String::as_str);
        let codes: BTreeSet<&str> = ticked.chain(typed).collect();
        let sound = |code: &&str| {
            let is_of_code =
                |one: u8| one.is_ascii_uppercase() || one.is_ascii_digit() || one == b'_';
            (1..=CODE_CHARACTERS_MAX).contains(&code.len()) && code.bytes().all(is_of_code)
        };
        match codes.len() <= MODALITIES_MAX && codes.iter().all(sound) {
            true => Ok(codes.into_iter().map(str::to_owned).collect()),
            false => Err(Wrong::Modality),
        }
    }
}

fn span(from: &str, until: &str) -> Result<(Option<Day>, Option<Day>), Wrong> {
    let (from, until) = (forms::day(from)?, forms::day(until)?);
    match from.zip(until).is_some_and(|(from, until)| until < from) {
        true => Err(Wrong::Order),
        false => Ok((from, until)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY_MICROS;
    use crate::time::UtcMicros;

    fn terms(draft: &Draft) -> Result<ConsentTerms, Wrong> {
        let patient = PatientName {
            id: "1".to_owned(),
            issuer: String::new(),
        };
        draft.terms(patient, &ClockFace::utc(), |slug| slug == "lakeside")
    }

    fn grant(change: impl FnOnce(&mut Draft)) -> Result<ConsentTerms, Wrong> {
        let mut draft = Draft::new(Effect::Grant);
        draft.to = vec!["lakeside".to_owned()];
        draft.purposes = vec!["TREATMENT".to_owned()];
        change(&mut draft);
        terms(&draft)
    }

    #[test]
    fn a_grant_names_whom_it_is_for_and_why() {
        let whole = grant(|_| {}).unwrap();
        assert_eq!(whole.purposes, [Purpose::Treatment]);
        assert_eq!(whole.to, ["lakeside".parse().unwrap()]);
        assert_eq!(terms(&Draft::new(Effect::Grant)).unwrap_err(), Wrong::To);
        assert!(Draft::new(Effect::Grant).purposes.is_empty());
        let anyone = grant(|draft| draft.to.push(ANYONE.to_owned())).unwrap();
        assert!(anyone.to.is_empty());
    }

    #[test]
    fn an_objection_is_against_all_unless_it_says_otherwise() {
        let deny = terms(&Draft::new(Effect::Deny)).unwrap();
        assert_eq!(
            (deny.to.len(), deny.purposes.len()),
            (0, Purpose::ALL.len())
        );
    }

    #[test]
    fn it_holds_from_the_first_day_to_the_end_of_the_last() {
        let span = grant(|draft| {
            "1970-01-02".clone_into(&mut draft.form.from);
            "1970-01-02".clone_into(&mut draft.form.until);
        });
        let span = span.unwrap();
        assert_eq!(span.valid_from, Some(UtcMicros(DAY_MICROS)));
        assert_eq!(span.valid_until, Some(UtcMicros(2 * DAY_MICROS)));
    }

    #[test]
    fn what_is_wrong_is_told() {
        type Change = fn(&mut Draft);
        let wrongs: [(Change, Wrong); 8] = [
            (|draft| draft.to = vec!["nobody".to_owned()], Wrong::To),
            (|draft| draft.purposes.clear(), Wrong::Purposes),
            (
                |draft| draft.purposes = vec!["FUN".to_owned()],
                Wrong::Purposes,
            ),
            (
                |draft| "C-T".clone_into(&mut draft.form.other),
                Wrong::Modality,
            ),
            (
                |draft| "1.a".clone_into(&mut draft.form.study),
                Wrong::Study,
            ),
            (
                |draft| "tomorrow".clone_into(&mut draft.form.until),
                Wrong::Day,
            ),
            (
                |draft| "1970-13-01".clone_into(&mut draft.form.study_from),
                Wrong::Day,
            ),
            (
                |draft| {
                    "2026-01-02".clone_into(&mut draft.form.from);
                    "2026-01-01".clone_into(&mut draft.form.until);
                },
                Wrong::Order,
            ),
        ];
        for (change, wrong) in wrongs {
            assert_eq!(grant(change).unwrap_err(), wrong);
        }
    }

    #[test]
    fn modalities_are_ticked_or_typed() {
        let both = grant(|draft| {
            draft.modalities = vec!["CT".to_owned()];
            "mr, ct".clone_into(&mut draft.form.other);
        });
        assert_eq!(both.unwrap().modalities, ["CT", "MR"]);
    }
}
