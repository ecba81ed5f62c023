//! `credence score list`

use std::io;
use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::units;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::Desk;
use crate::cli::desk::answer;
use crate::cli::desk::unexpected;
use crate::cli::refuse;
use crate::config::Config;
use crate::contract::InstitutionSlug;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedScore;

/// Arguments of `credence score list`.
#[derive(Args, Debug)]
pub struct List {
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// A row; weights in thousandths of a unit.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    institution: InstitutionSlug,
    score: u16,
    ceiling: Option<u16>,
    good_milli: u64,
    bad_milli: u64,
    evidence: bool,
}

impl List {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.desk.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let rows = match answer(&config, Command::Scores)? {
            Answer::Scores {
                scores,
                without_evidence,
            } => rows(&config, scores, without_evidence),
            Answer::Refused { reason } => return refuse(&reason),
            other => return Err(unexpected(&other)),
        };
        if self.desk.json {
            writeln!(out, "{}", serde_json::to_string(&rows)?)?;
        } else {
            print(out, &rows)?;
        }
        Ok(Exit::Success)
    }
}

/// Those of which there is evidence, and the others of the configuration.
fn rows(config: &Config, scores: Vec<ListedScore>, without_evidence: u16) -> Vec<Row> {
    let known = scores.into_iter().map(|listed| Row {
        institution: listed.institution,
        score: listed.score,
        ceiling: listed.ceiling,
        good_milli: listed.good_milli,
        bad_milli: listed.bad_milli,
        evidence: true,
    });
    let mut rows: Vec<Row> = known.collect();
    for institution in config.institutions.keys() {
        let is_own = *institution == config.gateway.institution;
        if !is_own && rows.iter().all(|row| row.institution != *institution) {
            rows.push(Row {
                institution: institution.clone(),
                score: without_evidence,
                ceiling: None,
                good_milli: 0,
                bad_milli: 0,
                evidence: false,
            });
        }
    }
    rows.sort_by(|one, other| one.institution.cmp(&other.institution));
    rows
}

fn print(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let widths = rows.iter().map(|row| row.institution.as_str().len());
    let width = widths.max().unwrap_or(0).max("institution".len());
    writeln!(
        out,
        "{:<width$}  {:>5}  {:>7}  {:>9}  {:>9}",
        "institution", "score", "ceiling", "good", "bad"
    )?;
    for row in rows {
        let ceiling = row.ceiling.map(|score| score.to_string());
        let note = if row.evidence { "" } else { "  no evidence" };
        writeln!(
            out,
            "{:<width$}  {:>5}  {:>7}  {:>9}  {:>9}{note}",
            row.institution.as_str(),
            row.score,
            ceiling.as_deref().unwrap_or("-"),
            units(row.good_milli),
            units(row.bad_milli),
        )?;
    }
    Ok(())
}
