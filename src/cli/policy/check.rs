//! `credence policy check`

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::Exit;
use crate::digest::Sha256;
use crate::gateway;
use crate::gateway::PoliciesError;

/// Arguments of `credence policy check`.
#[derive(Args, Debug)]
pub struct Check {
    /// The folder with *.cedar and schema.cedarschema
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The file with the numbers of the contract; credit.toml beside the folder if absent
    #[arg(long, value_name = "FILE")]
    pub credit: Option<PathBuf>,
    /// Print one JSON object: dir, valid, rules, sha256, faults, warnings
    #[arg(long)]
    pub json: bool,
}

/// What was found, and what `--json` prints.
#[derive(Serialize)]
struct Report {
    dir: String,
    valid: bool,
    /// How many rules there are; `None` when they cannot be read.
    rules: Option<usize>,
    /// The name of this set of rules in the ledger.
    sha256: Option<Sha256>,
    faults: Vec<String>,
    warnings: Vec<String>,
}

impl Check {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let report = match self.report() {
            Ok(report) => report,
            Err(error) => {
                writeln!(io::stderr(), "credence: {error}")?;
                return Ok(Exit::Usage);
            }
        };
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)?;
        } else {
            report.tell(out)?;
        }
        Ok(if report.valid {
            Exit::Success
        } else {
            Exit::Failure
        })
    }

    fn report(&self) -> Result<Report, PoliciesError> {
        let mut report = Report {
            dir: self.dir.display().to_string(),
            valid: false,
            rules: None,
            sha256: None,
            faults: Vec::new(),
            warnings: Vec::new(),
        };
        match gateway::read_policies(&self.dir, &credit_of(&self.dir, self.credit.as_deref())) {
            Ok(policies) => {
                report.rules = Some(policies.ids().count());
                report.sha256 = Some(policies.sha256());
                let (faults, warnings): (Vec<_>, Vec<_>) = policies
                    .lint()
                    .into_iter()
                    .partition(|remark| remark.is_fault());
                report.faults = faults.iter().map(ToString::to_string).collect();
                report.warnings = warnings.iter().map(ToString::to_string).collect();
            }
            Err(PoliciesError::Policies { source, .. }) => {
                report.faults = source.faults.iter().map(ToString::to_string).collect();
            }
            Err(error @ PoliciesError::Io { .. }) => return Err(error),
        }
        report.valid = report.faults.is_empty();
        Ok(report)
    }
}

/// The file with the parameters that belong to the rules in `dir`: the one that is given, else
/// `credit.toml` beside the folder.
pub(super) fn credit_of(dir: &Path, given: Option<&Path>) -> PathBuf {
    given.map_or_else(|| dir.join("..").join("credit.toml"), Path::to_owned)
}

impl Report {
    fn tell(&self, out: &mut dyn Write) -> io::Result<()> {
        let told = [("fault", &self.faults), ("warning", &self.warnings)];
        for (kind, texts) in told {
            for text in texts {
                writeln!(out, "{}: {kind}: {text}", self.dir)?;
            }
        }
        let (faults, warnings) = (self.faults.len(), self.warnings.len());
        match (self.rules, self.sha256) {
            (Some(rules), Some(sha256)) => writeln!(
                out,
                "{}: {rules} rules, {faults} faults, {warnings} warnings\nsha256 {sha256}",
                self.dir
            ),
            _ => writeln!(out, "{}: {faults} faults", self.dir),
        }
    }
}
