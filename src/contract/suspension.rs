//! How an agency says that a patient's right to an accounting of disclosures rests (45 CFR 164.528(a)(2)).

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// How an agency said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatementForm {
    /// In writing, with the time that it needs.
    Written,
    /// By word of mouth: holds for 30 days at most.
    Oral,
}

impl StatementForm {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Written, Self::Oral];

    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Oral => "oral",
        }
    }
}

impl fmt::Display for StatementForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no form of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a statement is written or oral")]
pub struct UnknownStatementForm;

impl FromStr for StatementForm {
    type Err = UnknownStatementForm;

    fn from_str(text: &str) -> Result<Self, UnknownStatementForm> {
        let mut all = Self::ALL.into_iter();
        all.find(|form| form.as_str() == text)
            .ok_or(UnknownStatementForm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        for form in StatementForm::ALL {
            assert_eq!(form.as_str().parse(), Ok(form));
            assert_eq!(serde_json::to_value(form).unwrap(), form.as_str());
        }
        assert_eq!("hinted".parse::<StatementForm>(), Err(UnknownStatementForm));
    }
}
