//! The contract's answer.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

use crate::contract::names::ConsentId;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// Characters of an Error Comment (0000,0902), VR LO (PS3.5 §6.2).
pub(crate) const SHORT_REASON_CHARACTERS_MAX: usize = 64;

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The images may be released.
    Permit,
    /// Nothing is released.
    Deny,
}

impl Verdict {
    /// Its word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
        }
    }
}

/// What a permit demands beside the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obligation {
    /// Remove what identifies the patient. This version cannot, so such a permit is a denial.
    Deidentify,
    /// Somebody tells, afterwards and in the console, why it was right.
    Review,
    /// Only over encrypted transport; a permit for a request without it is a denial.
    RequireTls,
    /// Tell the compliance officer at once: an alert.
    Notify,
    /// Only after other institutions have confirmed the entry. This version cannot, so such a
    /// permit is a denial.
    WaitForFinality,
}

impl Obligation {
    /// Every obligation.
    pub const ALL: [Self; 5] = [
        Self::Deidentify,
        Self::Review,
        Self::RequireTls,
        Self::Notify,
        Self::WaitForFinality,
    ];

    /// Whether this version can do what it demands.
    pub const fn can_be_met(self) -> bool {
        match self {
            // Peers are not encrypted in this version: what demands it is always refused.
            Self::Deidentify | Self::RequireTls | Self::WaitForFinality => false,
            Self::Review | Self::Notify => true,
        }
    }

    /// The word in a policy's `@obligation` annotation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deidentify => "deidentify",
            Self::Review => "review",
            Self::RequireTls => "require_tls",
            Self::Notify => "notify",
            Self::WaitForFinality => "wait_for_finality",
        }
    }
}

impl fmt::Display for Obligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no obligation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an obligation is deidentify, review, require_tls, notify or wait_for_finality")]
pub struct UnknownObligation;

impl FromStr for Obligation {
    type Err = UnknownObligation;

    fn from_str(text: &str) -> Result<Self, UnknownObligation> {
        Self::ALL
            .into_iter()
            .find(|obligation| obligation.as_str() == text)
            .ok_or(UnknownObligation)
    }
}

/// The answer to a [`Request`](crate::contract::Request), with all that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Yes or no.
    pub verdict: Verdict,
    /// The policies that decided, by their `@id`, sorted. Empty when no policy applied.
    pub reasons: Vec<String>,
    /// What went wrong in evaluation, sorted. Not empty: the verdict is a denial.
    pub errors: Vec<String>,
    /// What the permit demands; kept in a denial too when it was the obligation that could not be
    /// met.
    pub obligations: BTreeSet<Obligation>,
    /// The grants that spoke for this request, by rising number; empty in a denial.
    pub consents: Vec<ConsentId>,
    /// Credit score of the requester, 0 to 1000. Our own institution has 500, always.
    pub requester_score: u16,
    /// Credit score of the recipient, 0 to 1000.
    pub recipient_score: u16,
    /// The answer holds before this moment, unless a ledger event changes it earlier: the first
    /// beginning or end of a consent of the patient, or UTC midnight.
    pub valid_until: UtcMicros,
    /// Digest of the policies' canonical text.
    pub policy: Sha256,
    /// Digest of the schema.
    pub schema: Sha256,
    /// The engine that evaluated the policies.
    pub engine: String,
    /// Version of the contract's own rules (matching, scores, state).
    pub contract_version: u32,
    /// Root of the state that was asked.
    pub state_root: Sha256,
    /// The gateway only observes: it releases whatever the verdict says. [`decide`] always says
    /// `false`; whoever observes sets it before the decision is recorded.
    ///
    /// [`decide`]: crate::contract::decide()
    pub observed: bool,
    /// Why not, in at most 64 characters without patient data; empty in a permit.
    pub short_reason: String,
}

impl Decision {
    /// Why not, for an Error Comment (0000,0902): at most 64 characters, no patient data. Such as
    /// "no consent" or "score 412 below 450". Empty in a permit.
    pub fn short_reason(&self) -> &str {
        &self.short_reason
    }

    /// Whether images go out on this decision: permitted, or only observed.
    pub const fn releases(&self) -> bool {
        matches!(self.verdict, Verdict::Permit) || self.observed
    }
}
