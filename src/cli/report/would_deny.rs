//! `credence report would-deny`

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::since::Since;
use crate::cli::wording;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::ledger::Entry;
use crate::storage::JournalReader;
use crate::time::UtcMicros;

/// Arguments of `credence report would-deny`.
#[derive(Args, Debug)]
pub struct WouldDeny {
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Only decisions from this day (UTC), or from this entry on
    #[arg(long, value_name = "YYYY-MM-DD|ENTRY")]
    pub since: Option<Since>,
    /// Print one JSON object: observed, would_deny, groups, decisions
    #[arg(long)]
    pub json: bool,
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    requester: InstitutionSlug,
    recipient: InstitutionSlug,
    purpose: Purpose,
    reason: String,
}

/// A request that was forwarded though the rules refused it.
struct Refused {
    entry: u64,
    ledger_time: UtcMicros,
    request: Box<Request>,
    decision: Box<Decision>,
}

/// What the ledger holds of observing.
#[derive(Default)]
struct Findings {
    /// Decisions of a gateway that only observed.
    observed: u64,
    refused: Vec<Refused>,
}

impl WouldDeny {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let reader = JournalReader::new(&config.gateway.data_dir);
        let mut findings = Findings::default();
        for stored in reader.entries(0) {
            match stored {
                Ok(stored) if self.since.is_none_or(|since| since.reached(&stored.entry)) => {
                    findings.add(stored.entry);
                }
                Ok(_) => {}
                Err(error) => {
                    writeln!(io::stderr(), "credence: {error}")?;
                    return Ok(Exit::Failure);
                }
            }
        }
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &findings.as_json())?;
            writeln!(out)?;
        } else {
            findings.tell(out)?;
        }
        Ok(Exit::Success)
    }
}

impl Findings {
    fn add(&mut self, entry: Entry) {
        let Body::Decision { request, decision } = entry.event.body else {
            return;
        };
        if !decision.observed {
            return;
        }
        self.observed = self.observed.saturating_add(1);
        if decision.verdict == Verdict::Deny {
            self.refused.push(Refused {
                entry: entry.seq,
                ledger_time: entry.ledger_time,
                request,
                decision,
            });
        }
    }

    /// How often each group occurs, the most frequent first.
    fn groups(&self) -> Vec<(Group, usize)> {
        let mut counts = BTreeMap::new();
        for Refused {
            request, decision, ..
        } in &self.refused
        {
            let group = Group {
                requester: request.requester.clone(),
                recipient: request.recipient.clone(),
                purpose: request.purpose,
                reason: decision.short_reason.clone(),
            };
            *counts.entry(group).or_insert(0_usize) += 1;
        }
        let mut groups: Vec<(Group, usize)> = counts.into_iter().collect();
        groups.sort_by_key(|(_, count)| Reverse(*count));
        groups
    }

    fn as_json(&self) -> serde_json::Value {
        let groups = self.groups().into_iter().map(|(group, count)| {
            json!({
                "count": count,
                "requester": group.requester,
                "recipient": group.recipient,
                "purpose": group.purpose,
                "reason": group.reason,
            })
        });
        let decisions = self.refused.iter().map(|refused| {
            json!({
                "entry": refused.entry,
                "ledger_time": refused.ledger_time.to_string(),
                "action": refused.request.action().as_str(),
                "purpose": refused.request.purpose,
                "requester": refused.request.requester,
                "recipient": refused.request.recipient,
                "patient": refused.request.patient,
                "reason": refused.decision.short_reason,
                "rules": refused.decision.reasons,
                "errors": refused.decision.errors,
            })
        });
        json!({
            "observed": self.observed,
            "would_deny": self.refused.len(),
            "groups": groups.collect::<Vec<_>>(),
            "decisions": decisions.collect::<Vec<_>>(),
        })
    }

    fn tell(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{} decisions while only observing; enforcing would have refused {} of them",
            self.observed,
            self.refused.len()
        )?;
        if self.refused.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nHow often, from whom, to whom, what for, and why:")?;
        for (group, count) in self.groups() {
            writeln!(
                out,
                "{count:>8}  {} -> {}, {}: {}",
                group.requester, group.recipient, group.purpose, group.reason
            )?;
        }
        writeln!(out, "\nEach, by its entry:")?;
        for refused in &self.refused {
            writeln!(
                out,
                "{:>8}  {}  {}: {}",
                refused.entry,
                refused.ledger_time,
                wording::asked(&refused.request),
                wording::answer(&refused.decision)
            )?;
        }
        Ok(())
    }
}
