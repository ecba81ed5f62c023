//! Reports that are lists of entries.

use std::io;
use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::audit::Filter;
use crate::cli::Exit;
use crate::cli::audit::Names;
use crate::cli::configured;
use crate::cli::desk::Patient;
use crate::cli::refuse;
use crate::cli::score::explain;
use crate::cli::telling::Telling;
use crate::cli::telling::Written;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::Statement;
use crate::contract::Verdict;

/// Arguments of `credence report access`.
#[derive(Args, Debug)]
pub struct Access {
    /// Whose images
    #[command(flatten)]
    pub patient: Patient,
    /// Of when, and how it is written
    #[command(flatten)]
    pub telling: Telling,
}

/// Arguments of reports that need nothing else.
#[derive(Args, Debug)]
pub struct Listed {
    /// Of when, and how it is written
    #[command(flatten)]
    pub telling: Telling,
}

/// Arguments of `credence report institution`.
#[derive(Args, Debug)]
pub struct Institution {
    /// Its slug
    #[arg(value_name = "SLUG")]
    pub institution: InstitutionSlug,
    /// Of when, and how it is written
    #[command(flatten)]
    pub telling: Telling,
}

impl Access {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let names = Names {
            patient: Some(self.patient.patient.clone()),
            issuer: self.patient.issuer.clone(),
            study: None,
        };
        self.telling.list(&names, Filter::default(), out)
    }
}

impl Listed {
    /// What was refused.
    pub(super) fn denied(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let filter = Filter {
            verdict: Some(Verdict::Deny),
            kind: Some("decision".to_owned()),
            ..Filter::default()
        };
        self.telling.list(&Names::default(), filter, out)
    }

    /// What was permitted because it could not wait for a consent, and what followed.
    pub(super) fn break_glass(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let filter = Filter {
            purpose: Some(Purpose::Emergency),
            verdict: Some(Verdict::Permit),
            ..Filter::default()
        };
        self.telling.list(&Names::default(), filter, out)
    }
}

impl Institution {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.telling.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let filter = Filter {
            institution: Some(self.institution.clone()),
            ..Filter::default()
        };
        // Nobody keeps a score of their own institution.
        let is_own = self.institution == config.gateway.institution;
        let credit = match is_own {
            true => None,
            false => match explain::statement(&config, &self.institution, None) {
                Ok(credit) => Some(credit),
                Err(why) => return refuse(&why),
            },
        };
        let section = credit.as_ref().map(explain::section);
        let names = Names::default();
        let exit = self
            .telling
            .list_with(&config, &names, filter, section, out)?;
        if let (Exit::Success, Some(credit)) = (exit, &credit) {
            self.tell_credit(credit, out)?;
        }
        Ok(exit)
    }

    /// Below the entries, where the format has room for it.
    fn tell_credit(&self, credit: &Statement, out: &mut dyn Write) -> io::Result<()> {
        match self.telling.format {
            Written::Table => {
                writeln!(out)?;
                explain::print(out, credit, usize::MAX)
            }
            Written::Json => writeln!(out, "{}", json!({ "credit": credit })),
            // It is on the page.
            Written::Html => Ok(()),
            Written::Csv => writeln!(
                io::stderr(),
                "credence: score {} now; the history of it is in the other formats",
                credit.score
            ),
        }
    }
}
