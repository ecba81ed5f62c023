//! The accounts of the console: changed one at a time, and recorded before the file says so.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::Answer;
use crate::config::Config;
use crate::config::UserName;
use crate::contract::AccountAct;
use crate::contract::Body;
use crate::contract::Role;
use crate::gateway::recorder::RecordError;
use crate::gateway::recorder::Recorder;
use crate::identity::AccountFault;
use crate::identity::Accounts;
use crate::identity::ApiToken;
use crate::identity::Digest;
use crate::identity::TokenId;
use crate::identity::TokenSecret;
use crate::storage::random_bytes;
use crate::time::UtcMicros;

/// A change of an account. A passcode comes as its digest: it is never said to the gateway here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AccountChange {
    /// Add one.
    Add {
        /// Its name.
        #[schema(value_type = String)]
        account: UserName,
        /// As what it counts.
        #[schema(value_type = Vec<Role>)]
        roles: BTreeSet<Role>,
        /// Digest of its passcode; absent: whoever it is signs in by an identity provider.
        #[schema(value_type = Option<String>)]
        passcode: Option<Digest>,
    },
    /// Set all of its roles.
    SetRoles {
        /// Which.
        #[schema(value_type = String)]
        account: UserName,
        /// As what it counts from here on.
        #[schema(value_type = Vec<Role>)]
        roles: BTreeSet<Role>,
    },
    /// Set its passcode.
    SetPasscode {
        /// Which.
        #[schema(value_type = String)]
        account: UserName,
        /// Digest of the passcode.
        #[schema(value_type = String)]
        passcode: Digest,
    },
    /// Let nobody in by it.
    Disable {
        /// Which.
        #[schema(value_type = String)]
        account: UserName,
    },
    /// Let its user in again.
    Enable {
        /// Which.
        #[schema(value_type = String)]
        account: UserName,
    },
    /// Take it out, with its tokens.
    Remove {
        /// Which.
        #[schema(value_type = String)]
        account: UserName,
    },
    /// Make a token for a machine.
    MakeToken {
        /// On whose behalf.
        #[schema(value_type = String)]
        account: UserName,
        /// For people: which machine.
        #[schema(value_type = String)]
        name: UserName,
        /// What it may do; no more than its account.
        #[schema(value_type = Vec<Role>)]
        roles: BTreeSet<Role>,
        /// Before when it counts; `None`: until it is revoked.
        #[schema(value_type = Option<i64>)]
        until: Option<UtcMicros>,
    },
    /// Let a token count no more.
    RevokeToken {
        /// Whose.
        #[schema(value_type = String)]
        account: UserName,
        /// Which.
        #[schema(value_type = String)]
        token: TokenId,
    },
}

/// An account, without what proves its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedAccount {
    /// Its name.
    #[schema(value_type = String)]
    pub name: UserName,
    /// As what it counts.
    #[schema(value_type = Vec<Role>)]
    pub roles: BTreeSet<Role>,
    /// Nobody gets in by it.
    pub disabled: bool,
    /// It has a passcode.
    pub has_passcode: bool,
    /// Its tokens, in the order in which they were made.
    pub tokens: Vec<ListedToken>,
}

/// A token, without what is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedToken {
    /// By what it is known.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// For people: which machine has it.
    #[schema(value_type = String)]
    pub name: UserName,
    /// What it may do.
    #[schema(value_type = Vec<Role>)]
    pub roles: BTreeSet<Role>,
    /// When it was made.
    #[schema(value_type = i64)]
    pub made: UtcMicros,
    /// Before when it counts; `None`: until it is revoked.
    #[schema(value_type = Option<i64>)]
    pub until: Option<UtcMicros>,
}

/// The file of accounts, for one writer at a time.
#[derive(Debug)]
pub(in crate::gateway) struct AccountBook {
    path: PathBuf,
    /// Names that the ledger has of machines: an entry tells one from the other by the name alone.
    machines: BTreeSet<String>,
    alone: Mutex<()>,
}

/// What a change came to, before it is recorded.
struct Draft {
    accounts: Accounts,
    account: UserName,
    act: AccountAct,
    roles: BTreeSet<Role>,
    token: Option<UserName>,
    secret: Option<TokenSecret>,
}

impl AccountChange {
    /// Whose sessions are over by it. A token has none, and is looked at anew at each request.
    pub(super) const fn ends_sessions_of(&self) -> Option<&UserName> {
        match self {
            Self::SetRoles { account, .. }
            | Self::SetPasscode { account, .. }
            | Self::Disable { account }
            | Self::Remove { account } => Some(account),
            Self::Add { .. }
            | Self::Enable { .. }
            | Self::MakeToken { .. }
            | Self::RevokeToken { .. } => None,
        }
    }
}

impl AccountBook {
    /// That of a gateway.
    pub(in crate::gateway) fn new(config: &Config) -> Self {
        let machines = config.console.machines.iter();
        Self {
            path: Accounts::path(&config.gateway.keys_dir),
            machines: machines.map(|machine| machine.name.to_string()).collect(),
            alone: Mutex::new(()),
        }
    }

    /// Every account.
    pub(super) async fn list(&self) -> Result<Answer, RecordError> {
        let accounts = self.read().await?;
        let accounts = accounts.iter().map(|(name, account)| ListedAccount {
            name: name.clone(),
            roles: account.roles().clone(),
            disabled: !account.is_enabled(),
            has_passcode: account.has_passcode(),
            tokens: account.tokens().iter().map(ListedToken::of).collect(),
        });
        Ok(Answer::Accounts {
            accounts: accounts.collect(),
        })
    }

    /// Makes a change: recorded, durably, and then written. It comes to its end also when nobody waits for it any
    /// more: what is recorded would not be so otherwise.
    pub(super) async fn change(
        self: &Arc<Self>,
        recorder: &Recorder,
        change: AccountChange,
        by: String,
    ) -> Result<Answer, RecordError> {
        let (book, recorder) = (Arc::clone(self), recorder.clone());
        let changed = tokio::spawn(async move { book.change_alone(&recorder, change, by).await });
        changed.await.map_err(|_| RecordError::Stopped)?
    }

    async fn change_alone(
        &self,
        recorder: &Recorder,
        change: AccountChange,
        by: String,
    ) -> Result<Answer, RecordError> {
        if let AccountChange::Add { account, .. } = &change
            && self.machines.contains(account.as_str())
        {
            let text = format!("{account} is the name of a machine, in [[console_machine]]");
            return Err(RecordError::Refused(text));
        }
        let _alone = self.alone.lock().await;
        let accounts = self.read().await?;
        let now = recorder.view(|_, now| now).await?;
        let mut draft = draft(accounts, change, now)?;
        let body = Body::AccountChanged {
            account: draft.account.to_string(),
            act: draft.act,
            roles: draft.roles,
            token: draft.token.map(|name| name.to_string()),
            by,
        };
        let entry = recorder.record(body).await?;
        match draft.act {
            AccountAct::Added
            | AccountAct::RolesSet
            | AccountAct::PasscodeSet
            | AccountAct::Disabled
            | AccountAct::Enabled => draft.accounts.mark(&draft.account, entry),
            AccountAct::Removed | AccountAct::TokenMade | AccountAct::TokenRevoked => {}
        }
        self.write(draft.accounts, entry).await?;
        Ok(match draft.secret {
            Some(token) => Answer::TokenMade { entry, token },
            None => Answer::Recorded { entry },
        })
    }

    async fn read(&self) -> Result<Accounts, RecordError> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || Accounts::read(&path));
        let read = read.await.map_err(|_| RecordError::Stopped)?;
        read.map_err(|error| RecordError::Refused(error.to_string()))
    }

    async fn write(&self, accounts: Accounts, entry: u64) -> Result<(), RecordError> {
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || accounts.write(&path));
        let written = written.await.map_err(|_| RecordError::Stopped)?;
        // The entry stands, as entries do; what it says has to be done once more.
        written.map_err(|error| {
            let why = format!("recorded as entry {entry}, but not done: {error}");
            RecordError::Refused(why)
        })
    }
}

impl ListedToken {
    fn of(token: &ApiToken) -> Self {
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            roles: token.roles.clone(),
            made: token.made,
            until: token.until,
        }
    }
}

/// Makes a change in memory: what cannot be done is not recorded.
fn draft(
    mut accounts: Accounts,
    change: AccountChange,
    now: UtcMicros,
) -> Result<Draft, RecordError> {
    let refused = |fault: AccountFault| RecordError::Refused(fault.to_string());
    let (account, act) = match change {
        AccountChange::Add {
            account,
            roles,
            passcode,
        } => {
            let added = accounts.add(account.clone(), roles, passcode);
            added.map_err(refused)?;
            (account, AccountAct::Added)
        }
        AccountChange::SetRoles { account, roles } => {
            accounts.set_roles(&account, roles).map_err(refused)?;
            (account, AccountAct::RolesSet)
        }
        AccountChange::SetPasscode { account, passcode } => {
            accounts.set_passcode(&account, passcode).map_err(refused)?;
            (account, AccountAct::PasscodeSet)
        }
        AccountChange::Disable { account } => {
            accounts.disable(&account).map_err(refused)?;
            (account, AccountAct::Disabled)
        }
        AccountChange::Enable { account } => {
            accounts.enable(&account).map_err(refused)?;
            (account, AccountAct::Enabled)
        }
        AccountChange::Remove { account } => {
            accounts.remove(&account).map_err(refused)?;
            (account, AccountAct::Removed)
        }
        AccountChange::MakeToken {
            account,
            name,
            roles,
            until,
        } => return draft_token(accounts, account, name, roles, (now, until)),
        AccountChange::RevokeToken { account, token } => {
            let token = accounts.revoke_token(&account, &token).map_err(refused)?;
            return Ok(Draft {
                accounts,
                account,
                act: AccountAct::TokenRevoked,
                roles: token.roles,
                token: Some(token.name),
                secret: None,
            });
        }
    };
    let roles = accounts
        .get(&account)
        .map(|account| account.roles().clone());
    Ok(Draft {
        accounts,
        account,
        act,
        roles: roles.unwrap_or_default(),
        token: None,
        secret: None,
    })
}

/// A new token, by random numbers of the system.
fn draft_token(
    mut accounts: Accounts,
    account: UserName,
    name: UserName,
    roles: BTreeSet<Role>,
    (made, until): (UtcMicros, Option<UtcMicros>),
) -> Result<Draft, RecordError> {
    let no_random = |error: crate::storage::KeysError| RecordError::Refused(error.to_string());
    let random = zeroize::Zeroizing::new(random_bytes().map_err(no_random)?);
    let secret = TokenSecret::of(&random);
    let id = TokenId::of(random_bytes().map_err(no_random)?);
    let token = ApiToken::new(id, name.clone(), &secret, roles.clone(), (made, until));
    let added = accounts.add_token(&account, token);
    added.map_err(|fault| RecordError::Refused(fault.to_string()))?;
    Ok(Draft {
        accounts,
        account,
        act: AccountAct::TokenMade,
        roles,
        token: Some(name),
        secret: Some(secret),
    })
}

#[cfg(test)]
mod tests;
