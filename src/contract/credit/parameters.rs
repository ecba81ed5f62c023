//! The parameters of the contract: `credit.toml`.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::half_life::HALF_LIFE_DAYS_MAX;
use super::half_life::daily_factor;
use super::reputation::Ceiling;
use super::reputation::Weights;
use crate::time::Day;

/// Bytes of the longest parameter file.
pub const CREDIT_TEXT_BYTES_MAX: usize = 8 * 1024;

/// Largest weight, in thousandths: a million units.
const WEIGHT_MILLI_MAX: u32 = 1_000_000_000;

/// Longest time of any kind, in days or hours.
const TERM_MAX: u32 = 10_000;

/// Micro-units in a thousandth of a unit.
const MICRO_PER_MILLI: u64 = 1000;

/// The numbers of the contract. Weights are in micro-units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    institutions: Weights,
    patients: Weights,
    file: File,
}

/// Why a file of parameters cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// Too much text.
    #[error("{bytes} bytes, limit {CREDIT_TEXT_BYTES_MAX}")]
    TooLong {
        /// How much.
        bytes: usize,
    },
    /// Not TOML, or not the keys that are needed.
    #[error("{0}")]
    Syntax(String),
    /// A number out of its range.
    #[error("{key} is {value}, but must be {least} to {most}")]
    Range {
        /// Which.
        key: &'static str,
        /// Its value.
        value: u32,
        /// Smallest.
        least: u32,
        /// Largest.
        most: u32,
    },
}

/// The file as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    score: Score,
    weights: WeightsFile,
    ceilings: Ceilings,
    disputes: Disputes,
    /// Absent in ledgers that were founded before there were receipts.
    #[serde(default)]
    receipts: Receipts,
    break_glass: BreakGlass,
    standing: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Score {
    base_good: u32,
    base_weight: u32,
    good_half_life_days: u32,
    bad_half_life_days: u32,
    gain_per_counterparty_milli: u32,
    gain_per_day_milli: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightsFile {
    late_milli: u32,
    revocation_honoured_milli: u32,
    break_glass_milli: u32,
    digest_mismatch_milli: u32,
    purpose_misuse_milli: u32,
    revocation_ignored_milli: u32,
    onward_disclosure_milli: u32,
    equivocation_milli: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ceilings {
    onward_disclosure: u32,
    onward_disclosure_days: u32,
    equivocation: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Disputes {
    days: u32,
    revocation_days: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receipts {
    due_hours: u32,
}

impl Default for Receipts {
    fn default() -> Self {
        Self { due_hours: 24 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakGlass {
    patients_per_hour: u32,
    overrides_denial: bool,
    review_hours: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    gain_per_day_milli: u32,
    identity_proven_milli: u32,
    grant_kept_milli: u32,
    link_abused_milli: u32,
}

/// What an institution can be reported for. Counts when an arbiter upholds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Incident {
    /// What it received, or says that it received, differs from what was sent.
    DigestMismatch,
    /// Images were used for another purpose than the one asked for.
    PurposeMisuse,
    /// A revoked consent was not honoured.
    RevocationIgnored,
    /// Images were passed on to somebody who might not have them.
    OnwardDisclosure,
    /// Contradictory signed statements, or a ledger that was tampered with.
    Equivocation,
}

impl Incident {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::DigestMismatch,
        Self::PurposeMisuse,
        Self::RevocationIgnored,
        Self::OnwardDisclosure,
        Self::Equivocation,
    ];

    /// The word for it, as in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DigestMismatch => "digest-mismatch",
            Self::PurposeMisuse => "purpose-misuse",
            Self::RevocationIgnored => "revocation-ignored",
            Self::OnwardDisclosure => "onward-disclosure",
            Self::Equivocation => "equivocation",
        }
    }
}

/// What speaks for or against a patient's standing. Using a right (objecting, revoking,
/// complaining) is not among it, and never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StandingEvidence {
    /// The patient proved who they are.
    IdentityProven,
    /// A grant was kept until its agreed end.
    GrantKept,
    /// A self-service link was abused.
    LinkAbused,
}

impl StandingEvidence {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::IdentityProven, Self::GrantKept, Self::LinkAbused];

    /// The word for it, as in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentityProven => "identity-proven",
            Self::GrantKept => "grant-kept",
            Self::LinkAbused => "link-abused",
        }
    }
}

/// A word that is no incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an incident is digest-mismatch, purpose-misuse, revocation-ignored, onward-disclosure or \
     equivocation"
)]
pub struct UnknownIncident;

/// A word that is no evidence of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evidence of a patient is identity-proven, grant-kept or link-abused")]
pub struct UnknownStandingEvidence;

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Incident {
    type Err = UnknownIncident;

    fn from_str(text: &str) -> Result<Self, UnknownIncident> {
        let known = Self::ALL.into_iter().find(|one| one.as_str() == text);
        known.ok_or(UnknownIncident)
    }
}

impl fmt::Display for StandingEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StandingEvidence {
    type Err = UnknownStandingEvidence;

    fn from_str(text: &str) -> Result<Self, UnknownStandingEvidence> {
        let known = Self::ALL.into_iter().find(|one| one.as_str() == text);
        known.ok_or(UnknownStandingEvidence)
    }
}

const fn micro(milli: u32) -> u64 {
    // At most 10^12: far from the end of 64 bits.
    (milli as u64).saturating_mul(MICRO_PER_MILLI)
}

impl Parameters {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Too long, not TOML, a key that is unknown or missing, or a number out of its range.
    pub fn parse(text: &str) -> Result<Self, ParametersError> {
        if text.len() > CREDIT_TEXT_BYTES_MAX {
            return Err(ParametersError::TooLong { bytes: text.len() });
        }
        let file: File =
            toml::from_str(text).map_err(|error| ParametersError::Syntax(error.to_string()))?;
        file.check()?;
        let score = &file.score;
        let institutions = Weights {
            base_good: micro(score.base_good.saturating_mul(1000)),
            base_weight: micro(score.base_weight.saturating_mul(1000)),
            decay_good: daily_factor(score.good_half_life_days),
            decay_bad: daily_factor(score.bad_half_life_days),
            gain_per_counterparty: micro(score.gain_per_counterparty_milli),
            gain_per_day: micro(score.gain_per_day_milli),
            late: micro(file.weights.late_milli),
        };
        let gain = micro(file.standing.gain_per_day_milli);
        let patients = Weights {
            gain_per_counterparty: gain,
            gain_per_day: gain,
            ..institutions
        };
        Ok(Self {
            institutions,
            patients,
            file,
        })
    }

    /// By what the scores of institutions are counted.
    pub const fn institutions(&self) -> &Weights {
        &self.institutions
    }

    /// By what the standing of patients is counted: the same, but for what one day can add.
    pub const fn patients(&self) -> &Weights {
        &self.patients
    }

    /// What an upheld incident adds to the bad side, in micro-units.
    pub const fn incident_weight(&self, incident: Incident) -> u64 {
        let weights = &self.file.weights;
        micro(match incident {
            Incident::DigestMismatch => weights.digest_mismatch_milli,
            Incident::PurposeMisuse => weights.purpose_misuse_milli,
            Incident::RevocationIgnored => weights.revocation_ignored_milli,
            Incident::OnwardDisclosure => weights.onward_disclosure_milli,
            Incident::Equivocation => weights.equivocation_milli,
        })
    }

    /// The ceiling that an upheld incident sets: the highest score from then on, and for how many
    /// days; without days, until it is lifted.
    pub fn incident_ceiling(&self, incident: Incident) -> Option<(u16, Option<u32>)> {
        let ceilings = &self.file.ceilings;
        let score = |value: u32| u16::try_from(value).unwrap_or(1000);
        match incident {
            Incident::DigestMismatch | Incident::PurposeMisuse | Incident::RevocationIgnored => {
                None
            }
            Incident::OnwardDisclosure => Some((
                score(ceilings.onward_disclosure),
                Some(ceilings.onward_disclosure_days),
            )),
            Incident::Equivocation => Some((score(ceilings.equivocation), None)),
        }
    }

    /// The ceiling that `incident` sets when entry `entry` upholds it on `day`.
    pub fn ceiling_from(&self, incident: Incident, entry: u64, day: Day) -> Option<Ceiling> {
        let last = |days: u32| {
            let days = i32::try_from(days).unwrap_or(i32::MAX);
            Day(day.0.saturating_add(days))
        };
        let (score, days) = self.incident_ceiling(incident)?;
        Some(Ceiling {
            entry,
            score,
            until: days.map(last),
        })
    }

    /// What a break-glass access costs that was not reviewed in time or was unjustified, in
    /// micro-units.
    pub const fn break_glass_weight(&self) -> u64 {
        micro(self.file.weights.break_glass_milli)
    }

    /// What a revocation answered in time earns, in micro-units.
    pub const fn revocation_honoured_weight(&self) -> u64 {
        micro(self.file.weights.revocation_honoured_milli)
    }

    /// Days within which an arbiter decides on a reported incident; then it lapses.
    pub const fn dispute_days(&self) -> u32 {
        self.file.disputes.days
    }

    /// Days within which a revocation is answered in time.
    pub const fn revocation_days(&self) -> u32 {
        self.file.disputes.revocation_days
    }

    /// Hours within which a receipt is due.
    pub const fn receipt_hours(&self) -> u32 {
        self.file.receipts.due_hours
    }

    /// Patients that one AE title can reach by EMERGENCY within an hour.
    pub const fn emergency_patients_per_hour(&self) -> u32 {
        self.file.break_glass.patients_per_hour
    }

    /// Whether an emergency outweighs a patient's explicit denial.
    pub const fn emergency_overrides_denial(&self) -> bool {
        self.file.break_glass.overrides_denial
    }

    /// Hours within which a review is due.
    pub const fn review_hours(&self) -> u32 {
        self.file.break_glass.review_hours
    }

    /// What evidence about a patient weighs, in micro-units: to the good side, except for abuse.
    pub const fn standing_weight(&self, evidence: StandingEvidence) -> u64 {
        let standing = &self.file.standing;
        micro(match evidence {
            StandingEvidence::IdentityProven => standing.identity_proven_milli,
            StandingEvidence::GrantKept => standing.grant_kept_milli,
            StandingEvidence::LinkAbused => standing.link_abused_milli,
        })
    }
}

impl File {
    /// Every number is in its range.
    fn check(&self) -> Result<(), ParametersError> {
        let milli = self.weights_milli();
        let milli = milli.map(|(key, value)| (key, value, 0, WEIGHT_MILLI_MAX));
        let all = self.others().into_iter().chain(milli);
        for (key, value, least, most) in all {
            if !(least..=most).contains(&value) {
                return Err(ParametersError::Range {
                    key,
                    value,
                    least,
                    most,
                });
            }
        }
        Ok(())
    }

    const fn weights_milli(&self) -> [(&'static str, u32); 14] {
        let Self {
            score,
            weights: by,
            standing: patients,
            ..
        } = self;
        [
            (
                "score.gain_per_counterparty_milli",
                score.gain_per_counterparty_milli,
            ),
            ("score.gain_per_day_milli", score.gain_per_day_milli),
            ("weights.late_milli", by.late_milli),
            (
                "weights.revocation_honoured_milli",
                by.revocation_honoured_milli,
            ),
            ("weights.break_glass_milli", by.break_glass_milli),
            ("weights.digest_mismatch_milli", by.digest_mismatch_milli),
            ("weights.purpose_misuse_milli", by.purpose_misuse_milli),
            (
                "weights.revocation_ignored_milli",
                by.revocation_ignored_milli,
            ),
            (
                "weights.onward_disclosure_milli",
                by.onward_disclosure_milli,
            ),
            ("weights.equivocation_milli", by.equivocation_milli),
            ("standing.gain_per_day_milli", patients.gain_per_day_milli),
            (
                "standing.identity_proven_milli",
                patients.identity_proven_milli,
            ),
            ("standing.grant_kept_milli", patients.grant_kept_milli),
            ("standing.link_abused_milli", patients.link_abused_milli),
        ]
    }

    /// The other numbers, each with its least and its most.
    fn others(&self) -> [(&'static str, u32, u32, u32); 12] {
        let Self {
            score,
            ceilings,
            disputes,
            break_glass,
            ..
        } = self;
        let half_life = |key, days| (key, days, 1, HALF_LIFE_DAYS_MAX);
        let term = |key, value| (key, value, 1, TERM_MAX);
        let ceiling = |key, value| (key, value, 0, 1000);
        [
            ("score.base_weight", score.base_weight, 1, 1_000_000),
            ("score.base_good", score.base_good, 0, score.base_weight),
            half_life("score.good_half_life_days", score.good_half_life_days),
            half_life("score.bad_half_life_days", score.bad_half_life_days),
            ceiling("ceilings.onward_disclosure", ceilings.onward_disclosure),
            ceiling("ceilings.equivocation", ceilings.equivocation),
            term(
                "ceilings.onward_disclosure_days",
                ceilings.onward_disclosure_days,
            ),
            term("disputes.days", disputes.days),
            term("disputes.revocation_days", disputes.revocation_days),
            term("receipts.due_hours", self.receipts.due_hours),
            term("break_glass.review_hours", break_glass.review_hours),
            (
                "break_glass.patients_per_hour",
                break_glass.patients_per_hour,
                0,
                1000,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::fixtures::CREDIT;

    #[test]
    fn the_file_as_delivered_gives_the_numbers_of_the_design() {
        let delivered = Parameters::parse(CREDIT).unwrap();
        let expected = Weights {
            base_good: 50_000_000,
            base_weight: 100_000_000,
            decay_good: 0xfe09_344c_1b2f_1d70,
            decay_bad: 0xff83_a9bd_67d8_df88,
            late: 2_000_000,
            gain_per_counterparty: 1_000_000,
            gain_per_day: 5_000_000,
        };
        assert_eq!(*delivered.institutions(), expected);
        let weights = Incident::ALL.map(|incident| delivered.incident_weight(incident));
        assert_eq!(
            weights,
            [2, 20, 50, 200, 600].map(|units| units * 1_000_000)
        );
        let ceilings = Incident::ALL.map(|incident| delivered.incident_ceiling(incident));
        let none = None;
        assert_eq!(
            ceilings,
            [none, none, none, Some((449, Some(90))), Some((299, None))]
        );
        assert_eq!(delivered.break_glass_weight(), 10_000_000);
        assert_eq!(delivered.revocation_honoured_weight(), 500_000);
        assert_eq!(delivered.dispute_days(), 14);
    }

    #[test]
    fn what_is_missing_unknown_or_out_of_range_is_refused() {
        for (from, to) in [
            ("base_good = 50", ""),
            ("base_good = 50", "base_good = 101"),
            ("base_good = 50", "base_good = 50.0"),
            ("base_good = 50", "base_good = -1"),
            ("base_weight = 100", "base_weight = 0"),
            ("half_life_days = 90", "half_life_days = 0"),
            ("half_life_days = 90", "half_life_days = 1001"),
            ("late_milli = 2000", "late_milli = 2000\nmore = 1"),
            ("late_milli = 2000", "late_milli = 1000000001"),
            ("equivocation = 299", "equivocation = 1001"),
            ("patients_per_hour = 10", "patients_per_hour = 1001"),
            ("[standing]", "[standings]"),
        ] {
            let text = CREDIT.replacen(from, to, 1);
            assert_ne!(text, CREDIT, "{from}");
            assert!(Parameters::parse(&text).is_err(), "{to}");
        }
        let long = format!("{CREDIT}#{}", "x".repeat(CREDIT_TEXT_BYTES_MAX));
        assert!(matches!(
            Parameters::parse(&long),
            Err(ParametersError::TooLong { .. })
        ));
    }

    #[test]
    fn every_word_reads_back() {
        for incident in Incident::ALL {
            assert_eq!(incident.as_str().parse(), Ok(incident));
            assert_eq!(
                serde_json::to_value(incident).unwrap(),
                serde_json::Value::from(incident.as_str())
            );
        }
        for evidence in StandingEvidence::ALL {
            assert_eq!(evidence.as_str().parse(), Ok(evidence));
        }
        assert!("theft".parse::<Incident>().is_err());
    }
}
