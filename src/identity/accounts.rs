//! The accounts of the console: who may sign in, by which passcode, and as what; and the tokens of machines.
//!
//! They lie in `accounts.json` in the folder of keys, apart from the data and its backups. The file is read at each
//! question, so that an account that is taken out counts no more at once; it is changed by `gateway::control` alone,
//! which records each change before it is written.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::config::UserName;
use crate::contract::Role;
use crate::identity::passcode::Digest;
use crate::identity::passcode::Passcode;
use crate::time::UtcMicros;

mod store;
#[cfg(test)]
mod tests;
mod token;

pub use store::AccountsError;
pub use token::ApiToken;
pub use token::NotATokenId;
pub use token::TOKEN_BYTES;
pub use token::TOKEN_ID_BYTES;
pub use token::TokenId;
pub use token::TokenSecret;

/// Most accounts.
pub const ACCOUNTS_MAX: usize = 1000;
/// Most tokens of an account.
pub const TOKENS_PER_ACCOUNT_MAX: usize = 16;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Digest of its passcode; `None`: nobody signs in by a passcode, but maybe by an identity provider.
    passcode: Option<Digest>,
    roles: BTreeSet<Role>,
    disabled: bool,
    /// The ledger entry of its last change but those of tokens: a session that began before it is over.
    changed: u64,
    tokens: Vec<ApiToken>,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    rows: BTreeMap<UserName, Account>,
}

/// Why a change is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// The name is taken.
    #[error("there is an account {0} already")]
    Known(UserName),
    /// The name is nobody's.
    #[error("there is no account {0}")]
    Unknown(UserName),
    /// Too many.
    #[error("there are {ACCOUNTS_MAX} accounts, the most that there can be")]
    Full,
    /// Nothing would be allowed.
    #[error("an account, and a token, has at least one role")]
    NoRole,
    /// More than its account has.
    #[error("{account} is not {role}, so its token cannot be")]
    RoleNotHeld {
        /// Whose token.
        account: UserName,
        /// The role that it asks for.
        role: Role,
    },
    /// Too many tokens.
    #[error("{0} has {TOKENS_PER_ACCOUNT_MAX} tokens, the most that an account can have")]
    TokensFull(UserName),
    /// A second token of that name.
    #[error("{account} has a token {token} already")]
    TokenKnown {
        /// Whose.
        account: UserName,
        /// The token's name.
        token: UserName,
    },
    /// No such token.
    #[error("{account} has no token {token}")]
    TokenUnknown {
        /// Whose.
        account: UserName,
        /// By what it is known.
        token: TokenId,
    },
    /// It would be over before it began.
    #[error("a token that ends before it is made")]
    TokenOver,
    /// The last one who can.
    #[error("it is the last account that is pacs-admin and enabled: nobody could manage accounts")]
    LastAdmin,
}

/// Who speaks by a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer<'a> {
    /// On whose behalf.
    pub account: &'a UserName,
    /// By which token.
    pub token: &'a ApiToken,
    /// As what: the roles of the token that its account has, too. At least one.
    pub roles: BTreeSet<Role>,
}

impl Account {
    /// As what it counts.
    pub const fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// Whether anybody gets in by it.
    pub const fn is_enabled(&self) -> bool {
        !self.disabled
    }

    /// Whether it has a passcode.
    pub const fn has_passcode(&self) -> bool {
        self.passcode.is_some()
    }

    /// The ledger entry of its last change but those of tokens: a session that began before it is over.
    pub const fn changed(&self) -> u64 {
        self.changed
    }

    /// Its tokens, in the order in which they were made.
    pub fn tokens(&self) -> &[ApiToken] {
        &self.tokens
    }
}

impl Accounts {
    /// All of them, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&UserName, &Account)> {
        self.rows.iter()
    }

    /// Whether there are none: nobody can sign in.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One of them.
    pub fn get(&self, name: &UserName) -> Option<&Account> {
        self.rows.get(name)
    }

    /// The account of this name and passcode; not one that is disabled. Takes as long for a name that is not there:
    /// it costs tens of milliseconds and 19 MiB, and is for a thread that may block.
    pub fn verify(&self, name: Option<&UserName>, passcode: &Passcode) -> Option<&Account> {
        let known = name.and_then(|name| self.rows.get(name));
        let kept = known.and_then(|account| account.passcode.as_ref());
        let nobody = Digest::of_nobody();
        let is_it = kept.unwrap_or(&nobody).is_of(passcode);
        known.filter(|account| is_it && kept.is_some() && account.is_enabled())
    }

    /// Who speaks by this token at `now`. Looks at every token, so that the time it takes tells nothing of them.
    pub fn bearer(&self, secret: &TokenSecret, now: UtcMicros) -> Option<Bearer<'_>> {
        let digest = secret.digest();
        let mut found = None;
        for (name, account) in &self.rows {
            for token in &account.tokens {
                if token.has(digest) {
                    found = Some((name, account, token));
                }
            }
        }
        let (name, account, token) = found?;
        let roles: BTreeSet<Role> = token.roles.intersection(&account.roles).copied().collect();
        let counts = account.is_enabled() && token.lasts(now) && !roles.is_empty();
        counts.then_some(Bearer {
            account: name,
            token,
            roles,
        })
    }

    /// Adds an account.
    ///
    /// # Errors
    /// When the name is taken, there are too many, or it has no role.
    pub fn add(
        &mut self,
        name: UserName,
        roles: BTreeSet<Role>,
        passcode: Option<Digest>,
    ) -> Result<(), AccountFault> {
        if self.rows.contains_key(&name) {
            return Err(AccountFault::Known(name));
        }
        if self.rows.len() >= ACCOUNTS_MAX {
            return Err(AccountFault::Full);
        }
        some_role(&roles)?;
        let account = Account {
            passcode,
            roles,
            disabled: false,
            changed: 0,
            tokens: Vec::new(),
        };
        self.rows.insert(name, account);
        Ok(())
    }

    /// Sets the roles of an account. Its tokens lose what it loses.
    ///
    /// # Errors
    /// When there is no such account, no role is left, or nobody could manage accounts any more.
    pub fn set_roles(
        &mut self,
        name: &UserName,
        roles: BTreeSet<Role>,
    ) -> Result<(), AccountFault> {
        some_role(&roles)?;
        self.known(name)?;
        self.leaving_an_admin(|accounts| {
            if let Some(account) = accounts.rows.get_mut(name) {
                for token in &mut account.tokens {
                    token.roles.retain(|role| roles.contains(role));
                }
                account.tokens.retain(|token| !token.roles.is_empty());
                account.roles = roles;
            }
        })
    }

    /// Sets the passcode of an account.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn set_passcode(&mut self, name: &UserName, passcode: Digest) -> Result<(), AccountFault> {
        self.known_mut(name)?.passcode = Some(passcode);
        Ok(())
    }

    /// Nobody gets in by this account, nor by a token of it, until it is enabled.
    ///
    /// # Errors
    /// When there is no such account, or nobody could manage accounts any more.
    pub fn disable(&mut self, name: &UserName) -> Result<(), AccountFault> {
        self.known(name)?;
        self.leaving_an_admin(|accounts| {
            if let Some(account) = accounts.rows.get_mut(name) {
                account.disabled = true;
            }
        })
    }

    /// It counts again, and its tokens, too.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn enable(&mut self, name: &UserName) -> Result<(), AccountFault> {
        self.known_mut(name)?.disabled = false;
        Ok(())
    }

    /// Takes an account out, and its tokens.
    ///
    /// # Errors
    /// When there is no such account, or nobody could manage accounts any more.
    pub fn remove(&mut self, name: &UserName) -> Result<(), AccountFault> {
        self.known(name)?;
        self.leaving_an_admin(|accounts| {
            accounts.rows.remove(name);
        })
    }

    /// Adds a token.
    ///
    /// # Errors
    /// When there is no such account, it has too many tokens or one of that name, or the token would have a role
    /// that its account has not.
    pub fn add_token(&mut self, account: &UserName, token: ApiToken) -> Result<(), AccountFault> {
        some_role(&token.roles)?;
        if !token.lasts(token.made) {
            return Err(AccountFault::TokenOver);
        }
        let row = self.known_mut(account)?;
        if let Some(role) = token.roles.difference(&row.roles).next() {
            return Err(AccountFault::RoleNotHeld {
                account: account.clone(),
                role: *role,
            });
        }
        if row.tokens.len() >= TOKENS_PER_ACCOUNT_MAX {
            return Err(AccountFault::TokensFull(account.clone()));
        }
        if row.tokens.iter().any(|known| known.name == token.name) {
            return Err(AccountFault::TokenKnown {
                account: account.clone(),
                token: token.name,
            });
        }
        row.tokens.push(token);
        Ok(())
    }

    /// Takes a token out, and gives what was kept of it.
    ///
    /// # Errors
    /// When there is no such account or token.
    pub fn revoke_token(
        &mut self,
        account: &UserName,
        token: &TokenId,
    ) -> Result<ApiToken, AccountFault> {
        let tokens = &mut self.known_mut(account)?.tokens;
        match tokens.iter().position(|known| known.id == *token) {
            Some(place) => Ok(tokens.remove(place)),
            None => Err(AccountFault::TokenUnknown {
                account: account.clone(),
                token: token.clone(),
            }),
        }
    }

    /// Notes the ledger entry that records a change of an account: sessions that began before it are over.
    pub fn mark(&mut self, name: &UserName, entry: u64) {
        if let Some(account) = self.rows.get_mut(name) {
            account.changed = entry;
        }
    }

    fn known(&self, name: &UserName) -> Result<&Account, AccountFault> {
        let known = self.rows.get(name);
        known.ok_or_else(|| AccountFault::Unknown(name.clone()))
    }

    fn known_mut(&mut self, name: &UserName) -> Result<&mut Account, AccountFault> {
        let known = self.rows.get_mut(name);
        known.ok_or_else(|| AccountFault::Unknown(name.clone()))
    }

    fn has_admin(&self) -> bool {
        let mut accounts = self.rows.values();
        accounts.any(|account| account.is_enabled() && account.roles.contains(&Role::PacsAdmin))
    }

    /// Makes a change, unless it takes the last account away that can manage accounts.
    fn leaving_an_admin(&mut self, change: impl FnOnce(&mut Self)) -> Result<(), AccountFault> {
        let mut changed = self.clone();
        change(&mut changed);
        if self.has_admin() && !changed.has_admin() {
            return Err(AccountFault::LastAdmin);
        }
        *self = changed;
        Ok(())
    }
}

fn some_role(roles: &BTreeSet<Role>) -> Result<(), AccountFault> {
    match roles.is_empty() {
        true => Err(AccountFault::NoRole),
        false => Ok(()),
    }
}
