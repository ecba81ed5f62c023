//! Who asks, and what they may.

use std::collections::BTreeSet;

use super::problem::Problem;
use super::rights::Right;
use crate::contract::Role;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The name that the ledger will have.
    pub(super) name: String,
    /// By what we know.
    pub(super) by: By,
}

/// By what we know who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Whoever may open the gateway's socket is the account that runs it.
    Socket,
    /// A session of the browser.
    Session {
        /// Of the account now.
        roles: BTreeSet<Role>,
        /// What its forms must show.
        csrf: String,
    },
    /// A token of an account.
    Token(BTreeSet<Role>),
    /// A machine's certificate.
    Certificate(BTreeSet<Role>),
}

impl Caller {
    /// Whether they have a right.
    pub(super) fn has(&self, right: Right) -> bool {
        match &self.by {
            By::Socket => true,
            By::Session { roles, .. } | By::Token(roles) | By::Certificate(roles) => {
                right.roles().iter().any(|role| roles.contains(role))
            }
        }
    }

    /// The same, for those who go no further without.
    ///
    /// # Errors
    /// Forbidden.
    pub(super) fn may(&self, right: Right) -> Result<(), Problem> {
        match self.has(right) {
            true => Ok(()),
            false => Err(Problem::forbidden(right)),
        }
    }

    /// What forms must show; nothing where no browser could be made to send one.
    pub(super) fn csrf(&self) -> &str {
        match &self.by {
            By::Session { csrf, .. } => csrf,
            By::Socket | By::Token(_) | By::Certificate(_) => "",
        }
    }
}
