//! Proposing policies, approving, withdrawing and activating them, and who did.

use std::fmt;
use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::columns;
use crate::cli::configured;
use crate::cli::desk::Accountable;
use crate::cli::desk::Desk;
use crate::cli::desk::unexpected;
use crate::cli::refuse;
use crate::config::Config;
use crate::contract::PolicySet;
use crate::digest::Sha256;
use crate::gateway;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ListedProposal;

/// Hexadecimal digits that name a proposal at least.
const PREFIX_DIGITS_MIN: usize = 8;

/// Arguments of `credence policy propose`.
#[derive(Args, Debug)]
pub struct Propose {
    /// The folder with *.cedar and schema.cedarschema; policy_dir of the configuration, if absent
    #[arg(long, value_name = "DIR")]
    pub policy: Option<PathBuf>,
    /// The file with the numbers of the contract; credit_file of the configuration, if absent
    #[arg(long, value_name = "FILE")]
    pub credit: Option<PathBuf>,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Arguments of `credence policy approve`.
#[derive(Args, Debug)]
pub struct Approve {
    /// Which
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `credence policy withdraw`.
#[derive(Args, Debug)]
pub struct Withdraw {
    /// Which
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `credence policy activate`.
#[derive(Args, Debug)]
pub struct Activate {
    /// Which
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `credence policy list`.
#[derive(Args, Debug)]
pub struct List {
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// A proposal, and who speaks of it.
#[derive(Args, Debug)]
pub struct Which {
    /// The digest of the proposal, or its first 8 digits or more
    #[arg(value_name = "DIGEST")]
    pub digest: Prefix,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// The beginning of a digest, or all of it, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

/// A text that is no beginning of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a proposal is named by the first 8 to 64 hexadecimal digits of its digest")]
pub struct NotAPrefix;

impl FromStr for Prefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        let digits = (PREFIX_DIGITS_MIN..=64).contains(&text.len());
        if digits && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotAPrefix)
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a beginning names no proposal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Unresolved {
    #[error("no proposal begins with {0}")]
    None(Prefix),
    #[error("{1} proposals begin with {0}: name more digits")]
    Several(Prefix, usize),
}

impl Prefix {
    /// The one proposal that begins so.
    fn resolve(&self, proposals: &[ListedProposal]) -> Result<Sha256, Unresolved> {
        let named = proposals.iter().map(|proposal| proposal.sha256);
        let named: Vec<Sha256> = named
            .filter(|sha256| sha256.to_string().starts_with(&self.0))
            .collect();
        match named.as_slice() {
            [one] => Ok(*one),
            [] => Err(Unresolved::None(self.clone())),
            several => Err(Unresolved::Several(self.clone(), several.len())),
        }
    }
}

impl Propose {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.desk.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let folder = self.policy.as_ref().unwrap_or(&config.gateway.policy_dir);
        let credit = self.credit.as_ref().unwrap_or(&config.gateway.credit_file);
        let set = match gateway::read_policies(folder, credit) {
            Ok(set) => set,
            Err(error) => return refuse(&error),
        };
        if !is_sound(&set)? {
            return refuse(&"nothing was proposed");
        }
        let command = Command::Change {
            change: Change::PolicyPropose {
                text: set.canonical_text().to_owned(),
            },
            by: self.speaker.name(),
        };
        let sha256 = set.sha256();
        let entry = match self.desk.answer(command)? {
            Ok(Answer::Recorded { entry }) => entry,
            Ok(other) => return Err(unexpected(&other)),
            Err(exit) => return Ok(exit),
        };
        if self.desk.json {
            writeln!(out, "{}", json!({ "entry": entry, "sha256": sha256 }))?;
        } else {
            writeln!(out, "recorded as entry {entry}\nproposed {sha256}")?;
        }
        Ok(Exit::Success)
    }
}

/// Tells what credence policy check would, and whether there is no fault.
fn is_sound(set: &PolicySet) -> io::Result<bool> {
    let remarks = set.lint();
    for remark in &remarks {
        let kind = if remark.is_fault() {
            "fault"
        } else {
            "warning"
        };
        writeln!(io::stderr(), "{kind}: {remark}")?;
    }
    Ok(!remarks.iter().any(|remark| remark.is_fault()))
}

impl Approve {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let change = |sha256| Change::PolicyApprove { sha256 };
        self.which.record(out, change)
    }
}

impl Withdraw {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let change = |sha256| Change::PolicyWithdraw { sha256 };
        self.which.record(out, change)
    }
}

impl Activate {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let change = |sha256| Change::PolicyActivate { sha256 };
        self.which.record(out, change)
    }
}

impl Which {
    /// Records the change that concerns the proposal.
    fn record(
        &self,
        out: &mut dyn Write,
        change: impl FnOnce(Sha256) -> Change,
    ) -> io::Result<Exit> {
        let proposals = match self.desk.answer(Command::Policies)? {
            Ok(Answer::Policies { proposals, .. }) => proposals,
            Ok(other) => return Err(unexpected(&other)),
            Err(exit) => return Ok(exit),
        };
        match self.digest.resolve(&proposals) {
            Ok(sha256) => self.desk.record(out, change(sha256), self.speaker.name()),
            Err(unresolved) => refuse(&unresolved),
        }
    }
}

impl List {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.desk.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let command = Command::Policies;
        self.desk.ask(out, command, |out, answer| match answer {
            Answer::Policies {
                in_force,
                proposals,
            } => print(out, &config, *in_force, proposals),
            other => Err(unexpected(other)),
        })
    }
}

fn print(
    out: &mut dyn Write,
    config: &Config,
    in_force: Option<Sha256>,
    proposals: &[ListedProposal],
) -> io::Result<()> {
    match in_force {
        Some(sha256) => writeln!(out, "in force    {sha256}")?,
        None => writeln!(out, "in force    nothing")?,
    }
    let gateway = &config.gateway;
    match gateway::read_policies(&gateway.policy_dir, &gateway.credit_file) {
        Ok(set) => {
            let standing = standing(&set, in_force, proposals);
            writeln!(out, "configured  {}  {standing}", set.sha256())?;
        }
        Err(error) => writeln!(out, "configured  cannot be used: {error}")?,
    }
    if proposals.is_empty() {
        return writeln!(out, "\nnothing is proposed");
    }
    writeln!(out, "\nProposals")?;
    let rows: Vec<_> = proposals.iter().map(row).collect();
    let headings = ["digest", "proposed by", "approved by"];
    columns::print(out, headings, &rows)
}

/// What the configured policies are to the gateway.
fn standing(
    configured: &PolicySet,
    in_force: Option<Sha256>,
    proposals: &[ListedProposal],
) -> &'static str {
    let sha256 = configured.sha256();
    if in_force == Some(sha256) {
        "in force"
    } else if proposals.iter().any(|proposal| proposal.sha256 == sha256) {
        "proposed"
    } else {
        "neither in force nor proposed"
    }
}

fn row(proposal: &ListedProposal) -> [String; 3] {
    let approved = proposal.approved_by.clone();
    [
        proposal.sha256.to_string(),
        proposal.by.clone(),
        approved.unwrap_or_else(|| "nobody yet".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(first: u8) -> ListedProposal {
        let mut bytes = [0xab; 32];
        bytes[4] = first;
        ListedProposal {
            sha256: Sha256::from_bytes(bytes),
            by: "officer".to_owned(),
            approved_by: None,
        }
    }

    #[test]
    fn a_beginning_names_a_proposal_when_no_other_begins_so() {
        let proposals = [proposal(1), proposal(2)];
        let resolve = |text: &str| text.parse::<Prefix>().unwrap().resolve(&proposals);
        assert_eq!(resolve("ABababab01"), Ok(proposals[0].sha256));
        assert_eq!(
            resolve(&proposals[1].sha256.to_string()),
            Ok(proposals[1].sha256)
        );
        let prefix = |text: &str| text.parse::<Prefix>().unwrap();
        assert_eq!(
            resolve("abababab"),
            Err(Unresolved::Several(prefix("abababab"), 2))
        );
        assert_eq!(
            resolve("00000000"),
            Err(Unresolved::None(prefix("00000000")))
        );
        for text in ["abababa", "abababag", "", &"a".repeat(65)] {
            assert_eq!(text.parse::<Prefix>(), Err(NotAPrefix), "{text}");
        }
    }
}
