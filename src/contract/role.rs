//! What an account of the console may do, and what became of accounts: as the ledger names it.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// For what somebody sits in front of the console. An account has one or several; what each of them may do is the
/// console's matter (`docs/console.md`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Peers, routes, queues, logs, and the accounts themselves.
    PacsAdmin,
    /// Searches, exports, disclosures, incidents.
    Compliance,
    /// Reads and verifies, and changes nothing.
    Auditor,
    /// Consents, and the report for one patient.
    PatientDesk,
    /// Agrees to rules that somebody else proposed.
    RuleApprover,
}

/// A text that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of pacs-admin, compliance, auditor, patient-desk, rule-approver")]
pub struct UnknownRole;

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::PacsAdmin,
        Self::Compliance,
        Self::Auditor,
        Self::PatientDesk,
        Self::RuleApprover,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PacsAdmin => "pacs-admin",
            Self::Compliance => "compliance",
            Self::Auditor => "auditor",
            Self::PatientDesk => "patient-desk",
            Self::RuleApprover => "rule-approver",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// What was done to an account of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountAct {
    /// It is new.
    Added,
    /// It has other roles.
    RolesSet,
    /// It has another passcode.
    PasscodeSet,
    /// Nobody gets in by it until it is enabled.
    Disabled,
    /// It counts again.
    Enabled,
    /// It is gone, and its tokens with it.
    Removed,
    /// It has one more token for machines.
    TokenMade,
    /// A token of it counts no more.
    TokenRevoked,
}

impl AccountAct {
    /// Every act.
    pub const ALL: [Self; 8] = [
        Self::Added,
        Self::RolesSet,
        Self::PasscodeSet,
        Self::Disabled,
        Self::Enabled,
        Self::Removed,
        Self::TokenMade,
        Self::TokenRevoked,
    ];

    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::RolesSet => "roles-set",
            Self::PasscodeSet => "passcode-set",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Removed => "removed",
            Self::TokenMade => "token-made",
            Self::TokenRevoked => "token-revoked",
        }
    }
}

/// What somebody was shown who a patient is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetailsOf {
    /// Their consents.
    Consents,
    /// What left for other institutions about them.
    Disclosures,
    /// A decision.
    Decision,
    /// A transfer.
    Transfer,
    /// What waits for a destination.
    Queue,
    /// An access that is to be reviewed.
    Review,
    /// An incident.
    Incident,
    /// Entries of the ledger, as a search found them.
    Entries,
    /// By which names the ledger knows them.
    Names,
}

impl DetailsOf {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Consents,
        Self::Disclosures,
        Self::Decision,
        Self::Transfer,
        Self::Queue,
        Self::Review,
        Self::Incident,
        Self::Entries,
        Self::Names,
    ];

    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consents => "consents",
            Self::Disclosures => "disclosures",
            Self::Decision => "decision",
            Self::Transfer => "transfer",
            Self::Queue => "queue",
            Self::Review => "review",
            Self::Incident => "incident",
            Self::Entries => "entries",
            Self::Names => "names",
        }
    }
}

/// By what somebody got into the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInMeans {
    /// The passcode of the account.
    Passcode,
    /// An identity provider of the site's (OpenID Connect).
    Oidc,
    /// The link that the first start prints, once.
    SetupLink,
}

impl SignInMeans {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Passcode, Self::Oidc, Self::SetupLink];

    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passcode => "passcode",
            Self::Oidc => "oidc",
            Self::SetupLink => "setup-link",
        }
    }
}

/// Why a session of the console ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignOutEnd {
    /// Its user asked for it.
    Asked,
    /// Nothing was done for too long.
    Idle,
    /// It had lasted as long as a session may.
    Expired,
    /// The account was changed, disabled or removed.
    Revoked,
}

impl SignOutEnd {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Idle, Self::Expired, Self::Revoked];

    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    /// In the ledger and in what people read, each has one text, and no two the same.
    fn have_one_text<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug + Copy>(
        all: &[T],
        text: impl Fn(T) -> &'static str,
    ) {
        let mut seen = std::collections::BTreeSet::new();
        for value in all {
            let json = serde_json::Value::from(text(*value));
            assert_eq!(serde_json::to_value(value).unwrap(), json);
            assert_eq!(serde_json::from_value::<T>(json).unwrap(), *value);
            assert!(seen.insert(text(*value)));
        }
    }

    #[test]
    fn each_has_one_text() {
        have_one_text(&Role::ALL, Role::as_str);
        have_one_text(&AccountAct::ALL, AccountAct::as_str);
        have_one_text(&DetailsOf::ALL, DetailsOf::as_str);
        have_one_text(&SignInMeans::ALL, SignInMeans::as_str);
        have_one_text(&SignOutEnd::ALL, SignOutEnd::as_str);
    }

    #[test]
    fn a_role_is_read_from_its_name_alone() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert!(UnknownRole.to_string().contains(role.as_str()));
        }
        for other in ["", "admin", "PACS-ADMIN", "pacs-admin "] {
            assert_eq!(other.parse::<Role>(), Err(UnknownRole));
        }
    }
}
