//! `credence policy backtest`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::check::credit_of;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::since::Since;
use crate::cli::wording;
use crate::contract;
use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::Contrast;
use crate::contract::Decision;
use crate::contract::PolicySet;
use crate::contract::Request;
use crate::gateway;
use crate::gateway::PoliciesError;
use crate::ledger::Entry;
use crate::storage::JournalReader;

/// Arguments of `credence policy backtest`.
#[derive(Args, Debug)]
pub struct Backtest {
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// The folder with the other rules
    #[arg(long, value_name = "DIR")]
    pub policy: PathBuf,
    /// The file with the numbers of the contract that belong to them; credit.toml beside the
    /// folder if absent. Only limits of emergencies count here: scores are as they were
    #[arg(long, value_name = "FILE")]
    pub credit: Option<PathBuf>,
    /// Only decisions from this day (UTC), or from this entry on
    #[arg(long, value_name = "YYYY-MM-DD|ENTRY")]
    pub since: Option<Since>,
    /// Print JSON: one object a line for each difference, then one with the counts
    #[arg(long)]
    pub json: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Counts {
    decisions: u64,
    /// Of those: refused instead of permitted, permitted instead of refused, and the same verdict
    /// for another reason or with other obligations.
    refused: u64,
    permitted: u64,
    otherwise: u64,
}

impl Backtest {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let credit = credit_of(&self.policy, self.credit.as_deref());
        let policy = match gateway::read_policies(&self.policy, &credit) {
            Ok(policy) => policy,
            Err(error) => {
                writeln!(io::stderr(), "credence: {error}")?;
                return Ok(match error {
                    PoliciesError::Io { .. } => Exit::Usage,
                    PoliciesError::Policies { .. } => Exit::Failure,
                });
            }
        };
        let reader = JournalReader::new(&config.gateway.data_dir);
        let counts = match self.go_through(&reader, &policy, out)? {
            Ok(counts) => counts,
            Err(reason) => {
                writeln!(io::stderr(), "credence: {reason}")?;
                return Ok(Exit::Failure);
            }
        };
        if self.json {
            writeln!(out, "{}", json!({ "backtested": counts }))?;
        } else {
            counts.tell(out)?;
        }
        Ok(Exit::Success)
    }

    fn go_through(
        &self,
        reader: &JournalReader,
        policy: &PolicySet,
        out: &mut dyn Write,
    ) -> io::Result<Result<Counts, String>> {
        let mut backtest = contract::Backtest::new(policy);
        let mut counts = Counts::default();
        for stored in reader.entries(0) {
            let entry = match stored {
                Ok(stored) => stored.entry,
                Err(error) => return Ok(Err(error.to_string())),
            };
            let at = Applied {
                seq: entry.seq,
                ledger_time: entry.ledger_time,
            };
            let other = match backtest.push(at, &entry.event) {
                Ok(other) => other,
                Err(rejection) => return Ok(Err(format!("entry {}: {rejection}", entry.seq))),
            };
            if let (Body::Decision { request, decision }, Some(other)) = (&entry.event.body, other)
                && self.since.is_none_or(|since| since.reached(&entry))
            {
                let contrast = Contrast::of(decision, &other);
                counts.add(contrast);
                if contrast != Contrast::Same {
                    self.tell(&entry, request, decision, &other, out)?;
                }
            }
        }
        Ok(Ok(counts))
    }

    fn tell(
        &self,
        entry: &Entry,
        request: &Request,
        recorded: &Decision,
        other: &Decision,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.json {
            let answer = |decision: &Decision| {
                json!({
                    "verdict": decision.verdict,
                    "reason": decision.short_reason,
                    "rules": decision.reasons,
                    "errors": decision.errors,
                    "obligations": decision.obligations,
                })
            };
            let line = json!({
                "entry": entry.seq,
                "ledger_time": entry.ledger_time.to_string(),
                "action": request.action().as_str(),
                "purpose": request.purpose,
                "requester": request.requester,
                "recipient": request.recipient,
                "recorded": answer(recorded),
                "would_be": answer(other),
            });
            return writeln!(out, "{line}");
        }
        writeln!(
            out,
            "entry {}  {}  {}\n  was:      {}\n  would be: {}",
            entry.seq,
            entry.ledger_time,
            wording::asked(request),
            wording::answer(recorded),
            wording::answer(other)
        )
    }
}

impl Counts {
    const fn add(&mut self, contrast: Contrast) {
        self.decisions = self.decisions.saturating_add(1);
        let counter = match contrast {
            Contrast::Same => return,
            Contrast::Refused => &mut self.refused,
            Contrast::Permitted => &mut self.permitted,
            Contrast::Otherwise => &mut self.otherwise,
        };
        *counter = counter.saturating_add(1);
    }

    fn tell(&self, out: &mut dyn Write) -> io::Result<()> {
        let changed = self.refused.saturating_add(self.permitted);
        writeln!(
            out,
            "{} decisions, {} would differ: {} refused instead of permitted, {} permitted instead \
             of refused, {} the same but for another reason or with other obligations",
            self.decisions,
            changed.saturating_add(self.otherwise),
            self.refused,
            self.permitted,
            self.otherwise
        )
    }
}
