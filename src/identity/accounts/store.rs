//! The file of accounts: JSON, for its owner's eyes only, believed as a whole or not at all.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use super::ACCOUNTS_MAX;
use super::Account;
use super::Accounts;
use super::ApiToken;
use super::TOKENS_PER_ACCOUNT_MAX;
use crate::config::SecretError;
use crate::config::SecretFile;
use crate::config::UserName;
use crate::contract::Role;
use crate::identity::file;
use crate::identity::file::ReplaceError;
use crate::identity::passcode::Digest;

/// Its name in the folder of keys.
const FILE: &str = "accounts.json";

/// Bytes of the longest such file: [`ACCOUNTS_MAX`] accounts with all their tokens have their place.
pub(super) const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why the file of accounts cannot be used. Nothing of what it holds is shown.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// It cannot be read, or others can.
    #[error(transparent)]
    File(#[from] SecretError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] ReplaceError),
    /// It is no list of accounts.
    #[error("{}, line {line}, column {column}: not a file of accounts", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong, counted from 1.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// An account, or the name or number of a token, stands there twice.
    #[error("{}: account {number} has the name of an earlier one, or two tokens of one name", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// Which account, counted from 1.
        number: usize,
    },
    /// More than there can be.
    #[error("{} holds more than {ACCOUNTS_MAX} accounts, or one with more than {TOKENS_PER_ACCOUNT_MAX} tokens", .0.display())]
    TooMany(PathBuf),
}

/// The whole file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    accounts: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: UserName,
    passcode: Option<Digest>,
    roles: BTreeSet<Role>,
    disabled: bool,
    changed: u64,
    tokens: Vec<ApiToken>,
}

impl Accounts {
    /// Where they lie.
    pub fn path(keys_dir: &Path) -> PathBuf {
        keys_dir.join(FILE)
    }

    /// Reads the file; no accounts, where there is none. Blocks on the disk.
    ///
    /// # Errors
    /// When it cannot be read, others than its owner can, or anything in it is not sound: of a file that is wrong
    /// somewhere nothing is believed.
    pub fn read(path: &Path) -> Result<Self, AccountsError> {
        let secret = match SecretFile::Path(path.to_owned()).read_up_to(FILE_BYTES_MAX) {
            Ok(secret) => secret,
            Err(SecretError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(error.into()),
        };
        let whole: Whole =
            serde_json::from_slice(secret.bytes()).map_err(|error| AccountsError::Corrupt {
                path: path.to_owned(),
                line: error.line(),
                column: error.column(),
            })?;
        Self::of(whole, path)
    }

    fn of(whole: Whole, path: &Path) -> Result<Self, AccountsError> {
        let is_crowded = |row: &Row| row.tokens.len() > TOKENS_PER_ACCOUNT_MAX;
        if whole.accounts.len() > ACCOUNTS_MAX || whole.accounts.iter().any(is_crowded) {
            return Err(AccountsError::TooMany(path.to_owned()));
        }
        let mut accounts = Self::default();
        for (number, row) in (1..).zip(whole.accounts) {
            let names: BTreeSet<_> = row.tokens.iter().map(|token| &token.name).collect();
            let ids: BTreeSet<_> = row.tokens.iter().map(|token| &token.id).collect();
            let are_distinct = names.len() == row.tokens.len() && ids.len() == row.tokens.len();
            let account = Account {
                passcode: row.passcode,
                roles: row.roles,
                disabled: row.disabled,
                changed: row.changed,
                tokens: row.tokens,
            };
            if !are_distinct || accounts.rows.insert(row.name, account).is_some() {
                let path = path.to_owned();
                return Err(AccountsError::Twice { path, number });
            }
        }
        Ok(accounts)
    }

    /// Replaces the file, durably. Blocks on the disk.
    ///
    /// # Errors
    /// When the disk says no, or the file would be too long to be read again.
    pub fn write(&self, path: &Path) -> Result<(), AccountsError> {
        let accounts = self.rows.iter().map(|(name, account)| Row {
            name: name.clone(),
            passcode: account.passcode.clone(),
            roles: account.roles.clone(),
            disabled: account.disabled,
            changed: account.changed,
            tokens: account.tokens.clone(),
        });
        let whole = Whole {
            accounts: accounts.collect(),
        };
        let failed = |source: serde_json::Error| ReplaceError {
            path: path.to_owned(),
            source: source.into(),
        };
        let mut text = serde_json::to_vec_pretty(&whole).map_err(failed)?;
        text.push(b'\n');
        if u64::try_from(text.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
            return Err(AccountsError::File(SecretError::TooLong {
                path: path.to_owned(),
                limit: FILE_BYTES_MAX,
            }));
        }
        Ok(file::replace(path, &text)?)
    }
}
