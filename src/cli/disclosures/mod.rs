//! `credence disclosures`

mod suspending;
mod table;

use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;

use crate::audit;
use crate::audit::Accounting;
use crate::audit::Asked;
use crate::audit::ClockFace;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::Desk;
use crate::cli::desk::unexpected;
use crate::cli::refuse;
use crate::clock::Clock;
use crate::config::Config;
use crate::contract::Disclosures as Found;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::PatientName;
use crate::time::UtcMicros;

pub use suspending::Resume;
pub use suspending::Suspend;
pub use suspending::Suspensions;

/// Tell what left for other institutions about a patient, as the patient has a right to know
///
/// As a table, for the desk: first the images, one line for each decision under which some were delivered, or may
/// have been when it broke off. The entry is the decision's (credence ledger show DIR --entry N). A study is shown by
/// the first digits of its keyed digest, as the ledger knows it, with its modalities and its day; authority is what
/// permitted it: consents by number, the rules that decided. Then what others were told of images without getting
/// them: matches of their queries, and procedure steps. What is alike but for time and study is one line.
///
/// As html, for the patient: plain sentences, to be printed. As csv: the same lines for a spreadsheet. As fhir: the
/// AuditEvents of the entries that they rest on.
///
/// What an agency has suspended (credence disclosures suspend) is left out while that lasts.
///
/// A person who was merged from several Patient IDs is meant with all of them. Of a patient who was erased
/// nothing is found: the ledger no longer knows who that was. What other institutions did with what they
/// got, they know.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs. Reads the whole ledger.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Disclosures {
    /// What is done about suspensions, in place of telling
    #[command(subcommand)]
    pub act: Option<Act>,
    /// The Patient ID (0010,0020)
    #[arg(long, value_name = "ID", required = true)]
    pub patient: Option<String>,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER")]
    pub issuer: Option<String>,
    /// Of so many years before now
    #[arg(long, value_name = "YEARS", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub years: u16,
    /// How it is written
    #[arg(long, value_enum, default_value = "table", conflicts_with = "json")]
    pub format: Written,
    /// Write to this file, readable by its owner alone; must not exist
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Also what the patient is not told for now, marked: for compliance, not for the patient
    #[arg(long)]
    pub with_suspended: bool,
    /// Local times of this zone, as in Europe/Vienna
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = ClockFace::of)]
    pub time_zone: ClockFace,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// How an accounting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// For the desk: one line for each decision
    Table,
    /// For the patient: a page for printing
    Html,
    /// RFC 4180
    Csv,
    /// A FHIR Bundle of AuditEvents
    Fhir,
}

/// What is done about suspensions.
#[derive(Debug, Subcommand)]
pub enum Act {
    /// Suspend a patient's right to know what went to an agency (45 CFR 164.528(a)(2))
    ///
    /// A health oversight agency or a law enforcement official states that to tell the patient would impede their
    /// work, and for how long. Until then the patient's accounting leaves out what went to that agency, and does
    /// not say so. An oral statement holds for 30 days at most, and once: for longer it is put in writing.
    Suspend(Suspend),
    /// End a suspension early
    Resume(Resume),
    /// List the suspensions that last
    Suspensions(Suspensions),
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Disclosures, out: &mut dyn Write) -> io::Result<Exit> {
    match &arguments.act {
        Some(Act::Suspend(suspend)) => suspend.run(out),
        Some(Act::Resume(resume)) => resume.run(out),
        Some(Act::Suspensions(suspensions)) => suspensions.run(out),
        None => arguments.account(out),
    }
}

impl Disclosures {
    fn account(&self, out: &mut dyn Write) -> io::Result<Exit> {
        if self.with_suspended && self.format == Written::Fhir {
            return refuse(&"a Bundle does not mark what is suspended: table, csv and html do");
        }
        let config = match configured(&self.desk.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let until = Clock::new().now();
        let since = until.years_before(self.years);
        let command = Command::Disclosures {
            patient: PatientName {
                id: self.patient.clone().unwrap_or_default(),
                issuer: self.issuer.clone().unwrap_or_default(),
            },
            since: Some(since),
            with_suspended: self.with_suspended,
        };
        let found = match self.desk.answer(command)? {
            Ok(Answer::Disclosures { disclosures }) => disclosures,
            Ok(other) => return Err(unexpected(&other)),
            Err(exit) => return Ok(exit),
        };
        let Some(path) = &self.out else {
            return self.write(&config, &found, since, until, out);
        };
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let mut file = match file {
            Ok(file) => io::BufWriter::new(file),
            Err(error) => return refuse(&format!("{}: {error}", path.display())),
        };
        let exit = self.write(&config, &found, since, until, &mut file)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(exit)
    }

    fn write(
        &self,
        config: &Config,
        found: &Found,
        since: UtcMicros,
        until: UtcMicros,
        out: &mut dyn Write,
    ) -> io::Result<Exit> {
        if self.desk.json {
            writeln!(out, "{}", serde_json::to_string(found)?)?;
            return Ok(Exit::Success);
        }
        let asked = Asked {
            patient: self.patient.clone().unwrap_or_default(),
            issuer: self.issuer.clone(),
            since,
            until,
            site: super::audit::site(config),
            clock: self.time_zone.clone(),
        };
        let accounting = Accounting::of(found);
        match self.format {
            Written::Table => table::print(out, found)?,
            Written::Html => accounting.html(&asked, out)?,
            Written::Csv => accounting.csv(&asked, out)?,
            Written::Fhir => {
                let data_dir = &config.gateway.data_dir;
                if let Err(error) = audit::bundle(&accounting, data_dir, &asked.site, out) {
                    return refuse(&error);
                }
                if accounting.unlisted() > 0 {
                    let more = accounting.unlisted();
                    writeln!(
                        io::stderr(),
                        "credence: {more} more decisions are not in it"
                    )?;
                }
            }
        }
        Ok(Exit::Success)
    }
}
