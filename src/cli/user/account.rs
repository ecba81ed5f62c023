//! `credence user add`, `roles` …: the accounts of the console.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use clap::Args;
use clap::Subcommand;

use super::Refused;
use super::prompt;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::Desk;
use crate::cli::desk::Speaker;
use crate::cli::desk::joined;
use crate::cli::desk::moment;
use crate::cli::desk::unexpected;
use crate::config::UserName;
use crate::contract::Role;
use crate::gateway::control::AccountChange;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedAccount;
use crate::gateway::control::ListedToken;
use crate::identity::TokenId;
use crate::time::UtcMicros;

/// Commands about accounts.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Add an account of the console
    ///
    /// Its passcode is asked for as by `credence user passcode`. Roles: pacs-admin, compliance, auditor, patient-desk,
    /// rule-approver.
    Add(Add),
    /// Set all roles of an account of the console; its tokens lose what it loses
    Roles(Roles),
    /// Set the passcode of an account of the console; its sessions end
    Reset(One),
    /// Let nobody in by an account of the console, nor by a token of it
    Disable(One),
    /// Let the user of an account of the console in again
    Enable(One),
    /// Delete an account of the console, and its tokens
    Delete(One),
    /// Make or revoke a token, by which a machine uses the API on behalf of an account
    #[command(subcommand)]
    Token(Token),
    /// List the accounts of the console, and their tokens
    Accounts(Desk),
}

/// Commands about tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token; it is printed this once, and kept nowhere
    Make(Make),
    /// Let a token count no more
    Revoke(Revoke),
}

/// An account, and who changes it.
#[derive(Args, Debug)]
pub struct One {
    /// The account
    #[arg(value_name = "NAME")]
    pub name: UserName,
    #[command(flatten)]
    speaker: Speaker,
    #[command(flatten)]
    desk: Desk,
}

/// Arguments of `credence user add`.
#[derive(Args, Debug)]
pub struct Add {
    #[command(flatten)]
    one: One,
    /// A role; several are named one by one
    #[arg(long = "role", value_name = "ROLE", required = true)]
    pub roles: Vec<Role>,
    /// Ask for none: whoever it is signs in by an identity provider
    #[arg(long)]
    pub without_passcode: bool,
}

/// Arguments of `credence user roles`.
#[derive(Args, Debug)]
pub struct Roles {
    #[command(flatten)]
    one: One,
    /// A role; several are named one by one
    #[arg(long = "role", value_name = "ROLE", required = true)]
    pub roles: Vec<Role>,
}

/// Arguments of `credence user token make`.
#[derive(Args, Debug)]
pub struct Make {
    #[command(flatten)]
    one: One,
    /// Which machine has it: a name for people
    #[arg(long, value_name = "NAME")]
    pub machine: UserName,
    /// A role of the account; several are named one by one
    #[arg(long = "role", value_name = "ROLE", required = true)]
    pub roles: Vec<Role>,
    /// Before when it counts, as 2026-01-31 or 2026-01-31T12:00:00Z; if absent, until it is revoked
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub until: Option<UtcMicros>,
}

/// Arguments of `credence user token revoke`.
#[derive(Args, Debug)]
pub struct Revoke {
    #[command(flatten)]
    one: One,
    /// The token, as `credence user accounts` lists it
    #[arg(value_name = "TOKEN")]
    pub token: TokenId,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(command: &Account, out: &mut dyn Write) -> io::Result<Exit> {
    let set = |roles: &[Role]| roles.iter().copied().collect::<BTreeSet<Role>>();
    match command {
        Account::Add(arguments) => add(arguments, out),
        Account::Roles(arguments) => {
            let roles = set(&arguments.roles);
            arguments
                .one
                .change(out, |account| AccountChange::SetRoles { account, roles })
        }
        Account::Reset(one) => reset(one, out),
        Account::Disable(one) => one.change(out, |account| AccountChange::Disable { account }),
        Account::Enable(one) => one.change(out, |account| AccountChange::Enable { account }),
        Account::Delete(one) => one.change(out, |account| AccountChange::Remove { account }),
        Account::Token(Token::Make(arguments)) => {
            let (name, until) = (arguments.machine.clone(), arguments.until);
            let roles = set(&arguments.roles);
            arguments
                .one
                .change(out, |account| AccountChange::MakeToken {
                    account,
                    name,
                    roles,
                    until,
                })
        }
        Account::Token(Token::Revoke(arguments)) => {
            let token = arguments.token.clone();
            arguments
                .one
                .change(out, |account| AccountChange::RevokeToken { account, token })
        }
        Account::Accounts(desk) => desk.ask(out, Command::Accounts, |out, answer| match answer {
            Answer::Accounts { accounts } => list(out, accounts),
            other => Err(unexpected(other)),
        }),
    }
}

impl One {
    fn change(
        &self,
        out: &mut dyn Write,
        change: impl FnOnce(UserName) -> AccountChange,
    ) -> io::Result<Exit> {
        let change = change(self.name.clone());
        let by = self.speaker.name();
        let command = Command::AccountChange { change, by };
        self.desk.ask(out, command, |out, answer| match answer {
            Answer::Recorded { entry } => writeln!(out, "recorded as entry {entry}"),
            Answer::TokenMade { entry, token } => {
                writeln!(
                    out,
                    "recorded as entry {entry}; the token, shown this once:"
                )?;
                writeln!(out, "{}", token.as_str())
            }
            other => Err(unexpected(other)),
        })
    }

    /// Has `then` go on with a passcode for the account. The configuration is read before anybody types.
    fn with_passcode(
        &self,
        then: impl FnOnce(crate::identity::Digest) -> io::Result<Exit>,
    ) -> io::Result<Exit> {
        if let Err(exit) = configured(&self.desk.config) {
            return Ok(exit);
        }
        let asked = prompt::passcode(&self.name);
        match asked.and_then(|passcode| passcode.digest().map_err(Refused::from)) {
            Ok(digest) => then(digest),
            Err(refused) => {
                writeln!(io::stderr(), "credence: {refused}")?;
                Ok(Exit::Failure)
            }
        }
    }
}

fn add(arguments: &Add, out: &mut dyn Write) -> io::Result<Exit> {
    let one = &arguments.one;
    let roles = arguments.roles.iter().copied().collect();
    let with = |passcode| {
        one.change(out, |account| AccountChange::Add {
            account,
            roles,
            passcode,
        })
    };
    match arguments.without_passcode {
        true => with(None),
        false => one.with_passcode(|digest| with(Some(digest))),
    }
}

fn reset(one: &One, out: &mut dyn Write) -> io::Result<Exit> {
    one.with_passcode(|passcode| {
        one.change(out, |account| AccountChange::SetPasscode {
            account,
            passcode,
        })
    })
}

/// One line for each account, and one below it for each of its tokens.
fn list(out: &mut dyn Write, accounts: &[ListedAccount]) -> io::Result<()> {
    if accounts.is_empty() {
        return writeln!(
            out,
            "no accounts; the first is added by: credence user add NAME --role pacs-admin"
        );
    }
    for account in accounts {
        write!(out, "{}: {}", account.name, joined(&account.roles))?;
        if account.disabled {
            write!(out, ", disabled")?;
        }
        if !account.has_passcode {
            write!(out, ", without a passcode")?;
        }
        writeln!(out)?;
        for token in &account.tokens {
            list_token(out, token)?;
        }
    }
    Ok(())
}

fn list_token(out: &mut dyn Write, token: &ListedToken) -> io::Result<()> {
    let (id, name, made) = (&token.id, &token.name, token.made);
    write!(
        out,
        "    token {id} {name}: {}, made {made}",
        joined(&token.roles)
    )?;
    match token.until {
        Some(until) => writeln!(out, ", until {until}"),
        None => writeln!(out),
    }
}
