//! A patient's consents: who may get which studies, for what, from when until when; or may not.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Purpose;
use crate::contract::request::Request;
use crate::digest::Sha256;
use crate::time::Day;
use crate::time::UtcMicros;

/// Whether a consent opens or closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The patient agrees.
    Grant,
    /// The patient objects: outweighs every grant.
    Deny,
}

/// Whom a consent speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grantees {
    /// Any institution other than the custodian of the images.
    Any,
    /// These institutions, by name.
    Named(BTreeSet<InstitutionSlug>),
}

/// Who spoke.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Giver {
    /// The patient.
    #[default]
    Patient,
    /// The patient's guardian, of whom the ledger must know.
    Guardian,
}

/// A consent, or an objection, as a patient desk recorded it. Keys in the order of canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Grant or denial.
    pub effect: Effect,
    /// Who said so.
    pub given_by: Giver,
    /// To whom.
    pub grantees: Grantees,
    /// Only studies of these modalities; `None`: all.
    pub modalities: Option<BTreeSet<String>>,
    /// Whose.
    pub patient: Pseudonym,
    /// For which purposes; empty: for none.
    pub purposes: BTreeSet<Purpose>,
    /// Only studies of this day and later.
    pub study_from: Option<Day>,
    /// Only the study with this digest; `None`: all.
    pub study_uid_digest: Option<Sha256>,
    /// Only studies of this day and earlier.
    pub study_until: Option<Day>,
    /// In force from this moment.
    pub valid_from: UtcMicros,
    /// In force until just before this moment; `None`: until it is revoked.
    pub valid_until: Option<UtcMicros>,
}

/// What of a consent keeps it from speaking of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mismatch {
    /// It is for other purposes.
    Purpose,
    /// It is not in force.
    Time,
    /// It does not cover every institution that takes part.
    Institution,
    /// It is for other modalities, or the study's is not known.
    Modality,
    /// It is for another study.
    Study,
    /// It is for studies of other days, or the study's is not known.
    StudyDate,
}

impl Mismatch {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purpose => "other purpose",
            Self::Time => "not in force",
            Self::Institution => "other institution",
            Self::Modality => "other modality",
            Self::Study => "other study",
            Self::StudyDate => "other study date",
        }
    }
}

/// Whether one restriction of a consent covers a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covers {
    Yes,
    No,
    /// The fact that would tell is missing.
    Unknown,
}

impl Consent {
    /// Whether it is in force at `at`.
    pub fn in_force(&self, at: UtcMicros) -> bool {
        self.valid_from <= at && self.valid_until.is_none_or(|until| at < until)
    }

    /// The first moment after `at` at which it begins or ends to be in force.
    pub(crate) fn next_change(&self, at: UtcMicros) -> Option<UtcMicros> {
        [Some(self.valid_from), self.valid_until]
            .into_iter()
            .flatten()
            .filter(|change| *change > at)
            .min()
    }

    /// Whether this grant or denial, of the request's patient or of one linked to it, speaks of
    /// `request`, received at a gateway of `own`.
    ///
    /// Doubt protects the patient: what is not known of a study keeps a grant from matching and
    /// lets a denial match. A grant must cover every institution that needs consent and every
    /// modality of the study; a denial needs to meet one of them.
    pub fn matches(&self, request: &Request, own: &InstitutionSlug) -> bool {
        if !self.purposes.contains(&request.purpose) || !self.in_force(request.received_at) {
            return false;
        }
        let mut parties = request.consent_parties(own);
        let covered = |party: &InstitutionSlug| match &self.grantees {
            Grantees::Any => *party != request.custodian,
            Grantees::Named(names) => names.contains(party),
        };
        let restrictions = [
            self.covers_modalities(request),
            self.covers_study(request),
            self.covers_date(request),
        ];
        match self.effect {
            Effect::Grant => {
                parties.all(covered) && restrictions.iter().all(|covers| *covers == Covers::Yes)
            }
            Effect::Deny => {
                parties.any(covered) && restrictions.iter().all(|covers| *covers != Covers::No)
            }
        }
    }

    /// Why it does not speak of `request`; empty: it does.
    pub fn mismatches(&self, request: &Request, own: &InstitutionSlug) -> Vec<Mismatch> {
        if self.matches(request, own) {
            return Vec::new();
        }
        let outside = |covers: Covers| match self.effect {
            Effect::Grant => covers != Covers::Yes,
            Effect::Deny => covers == Covers::No,
        };
        let everywhere = Self {
            purposes: BTreeSet::from([request.purpose]),
            modalities: None,
            study_uid_digest: None,
            study_from: None,
            study_until: None,
            valid_from: request.received_at,
            valid_until: None,
            ..self.clone()
        };
        [
            (Mismatch::Purpose, !self.purposes.contains(&request.purpose)),
            (Mismatch::Time, !self.in_force(request.received_at)),
            (Mismatch::Institution, !everywhere.matches(request, own)),
            (Mismatch::Modality, outside(self.covers_modalities(request))),
            (Mismatch::Study, outside(self.covers_study(request))),
            (Mismatch::StudyDate, outside(self.covers_date(request))),
        ]
        .into_iter()
        .filter_map(|(mismatch, found)| found.then_some(mismatch))
        .collect()
    }

    fn covers_modalities(&self, request: &Request) -> Covers {
        let Some(allowed) = &self.modalities else {
            return Covers::Yes;
        };
        let Some(study) = &request.study else {
            return Covers::Unknown;
        };
        if study.modalities.is_empty() {
            return Covers::Unknown;
        }
        let covered = match self.effect {
            Effect::Grant => study.modalities.is_subset(allowed),
            Effect::Deny => !study.modalities.is_disjoint(allowed),
        };
        if covered { Covers::Yes } else { Covers::No }
    }

    fn covers_study(&self, request: &Request) -> Covers {
        match (&self.study_uid_digest, &request.study) {
            (None, _) => Covers::Yes,
            (Some(_), None) => Covers::Unknown,
            (Some(digest), Some(study)) if *digest == study.uid_digest => Covers::Yes,
            (Some(_), Some(_)) => Covers::No,
        }
    }

    fn covers_date(&self, request: &Request) -> Covers {
        if self.study_from.is_none() && self.study_until.is_none() {
            return Covers::Yes;
        }
        let Some(date) = request.study.as_ref().and_then(|study| study.date) else {
            return Covers::Unknown;
        };
        let after = self.study_from.is_none_or(|from| from <= date);
        let before = self.study_until.is_none_or(|until| date <= until);
        if after && before {
            Covers::Yes
        } else {
            Covers::No
        }
    }

    /// Whether it names institutions, rather than speaking of any.
    pub const fn names_institutions(&self) -> bool {
        matches!(self.grantees, Grantees::Named(_))
    }

    /// Whether it names one study.
    pub const fn names_study(&self) -> bool {
        self.study_uid_digest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::fixtures::START;
    use crate::contract::fixtures::grant;
    use crate::contract::fixtures::pull;
    use crate::contract::fixtures::slug;
    use crate::contract::fixtures::study_digest;
    use crate::contract::request::StudyFacts;

    /// The grant that Lakeside's request meets, with something changed.
    fn but(change: impl FnOnce(&mut Consent)) -> Consent {
        let mut consent = grant();
        change(&mut consent);
        consent
    }

    fn denial(consent: &Consent) -> Consent {
        Consent {
            effect: Effect::Deny,
            ..consent.clone()
        }
    }

    fn meets(consent: &Consent, request: &Request) -> bool {
        consent.matches(request, &slug("st-anna"))
    }

    /// Lakeside's request, for a study with these modalities and without a date.
    fn undated(modalities: &[&str]) -> Request {
        Request {
            study: Some(StudyFacts {
                modalities: set(modalities),
                date: None,
                uid_digest: study_digest(),
            }),
            ..pull()
        }
    }

    fn set(modalities: &[&str]) -> BTreeSet<String> {
        modalities.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_consent_matches_only_where_everything_does() {
        let other = Sha256::of(&[b"other"]);
        let hill = Grantees::Named(BTreeSet::from([slug("hill")]));
        let cases = [
            ("as it is", grant(), true),
            ("any institution", but(|c| c.grantees = Grantees::Any), true),
            ("another institution", but(|c| c.grantees = hill), false),
            (
                "another purpose",
                but(|c| c.purposes = [Purpose::Research].into()),
                false,
            ),
            ("no purpose", but(|c| c.purposes = BTreeSet::new()), false),
            (
                "its modality",
                but(|c| c.modalities = Some(set(&["CT", "MR"]))),
                true,
            ),
            (
                "another modality",
                but(|c| c.modalities = Some(set(&["MR"]))),
                false,
            ),
            (
                "its study",
                but(|c| c.study_uid_digest = Some(study_digest())),
                true,
            ),
            (
                "another study",
                but(|c| c.study_uid_digest = Some(other)),
                false,
            ),
            (
                "from its day",
                but(|c| c.study_from = Some(Day(20_490))),
                true,
            ),
            (
                "until its day",
                but(|c| c.study_until = Some(Day(20_490))),
                true,
            ),
            (
                "newer studies",
                but(|c| c.study_from = Some(Day(20_491))),
                false,
            ),
            (
                "older studies",
                but(|c| c.study_until = Some(Day(20_489))),
                false,
            ),
        ];
        for (case, consent, expected) in cases {
            assert_eq!(meets(&consent, &pull()), expected, "{case}");
            assert_eq!(
                meets(&denial(&consent), &pull()),
                expected,
                "denial: {case}"
            );
            for consent in [consent.clone(), denial(&consent)] {
                let found = consent.mismatches(&pull(), &slug("st-anna"));
                assert_eq!(found.is_empty(), expected, "{case}: {found:?}");
            }
        }
    }

    #[test]
    fn a_consent_is_in_force_from_its_beginning_until_just_before_its_end() {
        let consent = but(|c| {
            c.valid_from = START;
            c.valid_until = Some(START.plus(5));
        });
        for (micros, expected) in [(-1, false), (0, true), (4, true), (5, false)] {
            let request = Request {
                received_at: START.plus(micros),
                ..pull()
            };
            assert_eq!(meets(&consent, &request), expected, "{micros}");
        }
    }

    #[test]
    fn doubt_protects_the_patient() {
        let no_study = Request {
            study: None,
            ..pull()
        };
        let one_study = but(|c| c.study_uid_digest = Some(study_digest()));
        let ct_only = but(|c| c.modalities = Some(set(&["CT"])));
        let recent_only = but(|c| c.study_from = Some(Day(1)));
        for (consent, request) in [
            (&ct_only, &undated(&[])),
            (&ct_only, &no_study),
            (&recent_only, &undated(&["CT"])),
            (&recent_only, &no_study),
            (&one_study, &no_study),
        ] {
            assert!(meets(consent, &pull()));
            assert!(!meets(consent, request));
            assert!(meets(&denial(consent), request));
        }
    }

    #[test]
    fn a_grant_covers_all_modalities_and_a_denial_meets_any_of_them() {
        let ct_only = but(|c| c.modalities = Some(set(&["CT"])));
        assert!(!meets(&ct_only, &undated(&["CT", "PT"])));
        assert!(meets(&denial(&ct_only), &undated(&["CT", "PT"])));
        assert!(!meets(&denial(&ct_only), &undated(&["PT"])));
    }

    #[test]
    fn a_grant_covers_all_parties_and_a_denial_meets_any_of_them() {
        let for_hill = Request {
            requester: slug("hill"),
            ..pull()
        };
        assert!(!meets(&grant(), &for_hill));
        assert!(meets(&denial(&grant()), &for_hill));
        let both = Grantees::Named([slug("hill"), slug("lakeside")].into());
        assert!(meets(&but(|c| c.grantees = both), &for_hill));
    }

    #[test]
    fn the_next_change_is_the_next_beginning_or_end() {
        let consent = but(|c| {
            c.valid_from = START;
            c.valid_until = Some(START.plus(5));
        });
        let change = |at| consent.next_change(at);
        assert_eq!(change(START.plus(-1)), Some(START));
        assert_eq!(change(START), Some(START.plus(5)));
        assert_eq!(change(START.plus(5)), None);
    }
}
