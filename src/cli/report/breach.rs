//! `credence report breach`

use std::io;
use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::audit;
use crate::audit::ClockFace;
use crate::audit::Deadline;
use crate::audit::Means;
use crate::audit::Reached;
use crate::audit::Row;
use crate::audit::Section;
use crate::audit::harmless;
use crate::cli::Exit;
use crate::cli::audit::keyring;
use crate::cli::columns;
use crate::cli::configured;
use crate::cli::desk::moment;
use crate::cli::refuse;
use crate::cli::telling::Telling;
use crate::cli::telling::Written;
use crate::clock::Clock;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// Arguments of `credence report breach`.
#[derive(Args, Debug)]
pub struct Breach {
    /// What was compromised
    #[command(flatten)]
    pub by: By,
    /// When the breach became known (UTC); now, if absent
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub known: Option<UtcMicros>,
    /// Tell Patient IDs and Study Instance UIDs; needs the keys folder
    #[arg(long)]
    pub identified: bool,
    /// Of when, and how it is written
    #[command(flatten)]
    pub telling: Telling,
}

/// What was compromised: exactly one.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct By {
    /// A certificate, by the SHA-256 of its public key (SubjectPublicKeyInfo), as credence keys show prints it
    #[arg(long, value_name = "SHA256", value_parser = key)]
    pub certificate: Option<Sha256>,
    /// A user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// A rule, by its @id
    #[arg(long, value_name = "ID")]
    pub policy: Option<String>,
    /// An AE title, as requester or recipient
    #[arg(long, value_name = "TITLE")]
    pub ae: Option<AeTitle>,
}

/// 64 hexadecimal digits, with or without `sha256:` before them.
fn key(text: &str) -> Result<Sha256, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let parsed = digits.to_ascii_lowercase().parse();
    parsed.map_err(|_| "a certificate is named by 64 hexadecimal digits".to_owned())
}

impl By {
    fn means(&self) -> Option<Means> {
        let certificate = self.certificate.map(Means::Certificate);
        let user = || self.user.clone().map(Means::User);
        let policy = || self.policy.clone().map(Means::Policy);
        let ae = || self.ae.clone().map(Means::Ae);
        certificate.or_else(user).or_else(policy).or_else(ae)
    }
}

/// What is told.
struct Told<'a> {
    breach: &'a audit::Breach,
    rows: Vec<&'a Reached>,
    known: UtcMicros,
    is_known_now: bool,
    deadlines: [Deadline; 2],
    clock: &'a ClockFace,
}

impl Breach {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.telling.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let Some(means) = self.by.means() else {
            return Ok(Exit::Usage);
        };
        let keyring = match self.identified.then(|| keyring(&config)).transpose() {
            Ok(keyring) => keyring,
            Err(why) => return refuse(&why),
        };
        let mut breach = audit::Breach::new(means, self.telling.from, self.telling.to);
        let read = audit::each(&config.gateway.data_dir, keyring, |record| {
            breach.add(record);
            Ok(())
        });
        if let Err(error) = read {
            return refuse(&error);
        }
        let now = Clock::new().now();
        let known = self.known.unwrap_or(now);
        let told = Told {
            breach: &breach,
            rows: breach.rows(),
            known,
            is_known_now: self.known.is_none(),
            deadlines: audit::deadlines(known, now),
            clock: &self.telling.time_zone,
        };
        match self.telling.format {
            Written::Table => told.table(out)?,
            Written::Csv => told.csv(out)?,
            Written::Json => told.json(out)?,
            Written::Html => told.html(out)?,
        }
        Ok(Exit::Success)
    }
}

/// The columns; docs/audit.md says what stands in each.
const COLUMNS: [&str; 12] = [
    "patient",
    "patient_id",
    "issuer",
    "study",
    "study_instance_uid",
    "modalities",
    "study_date",
    "first",
    "last",
    "instances",
    "failed",
    "recipients",
];

impl Told<'_> {
    fn cells(&self, row: &Reached) -> [String; 12] {
        let none = || "none".to_owned();
        let identity = row.identity.as_ref();
        let told = |text: Option<&String>| text.cloned().unwrap_or_default();
        [
            row.patient.map_or_else(none, |one| one.to_string()),
            told(identity.and_then(|one| one.patient_id.as_ref())),
            told(identity.and_then(|one| one.issuer_of_patient_id.as_ref())),
            row.study.map_or_else(none, |one| one.to_string()),
            told(identity.and_then(|one| one.study_instance_uid.as_ref())),
            row.modalities
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" "),
            row.study_date
                .map(|day| day.to_string())
                .unwrap_or_default(),
            self.clock.local(row.first),
            self.clock.local(row.last),
            row.instances.to_string(),
            row.failed.to_string(),
            row.recipients
                .iter()
                .map(|one| one.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        ]
    }

    /// The totals and the deadlines, a line each.
    fn summary(&self) -> Vec<String> {
        let breach = self.breach;
        let mut lines = vec![format!(
            "patients: {}; studies: {}; instances: {}; entries of the ledger: {}",
            breach.patients(),
            breach.studies(),
            breach.instances(),
            breach.entries()
        )];
        if breach.matches() > 0 {
            lines.push(format!(
                "queries were answered with {} matches; of those within one institution the ledger does not know whose",
                breach.matches()
            ));
        }
        if breach.nameless() > 0 {
            lines.push(format!(
                "{} decisions came by certificates that the ledger does not name, as earlier versions did not: these may \
                 be more",
                breach.nameless()
            ));
        }
        let now = match self.is_known_now {
            true => " (now, as --known was not given)",
            false => "",
        };
        lines.push(format!("known since {}{now}", self.clock.local(self.known)));
        for one in &self.deadlines {
            lines.push(format!(
                "{}: to tell the {}: by {}, {}",
                one.law,
                one.whom,
                self.clock.local(one.at),
                one.left()
            ));
        }
        lines
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let cells = |row: &&Reached| self.cells(row).map(|cell| harmless(&cell));
        let rows: Vec<_> = self.rows.iter().map(cells).collect();
        if !rows.is_empty() {
            columns::print(out, COLUMNS, &rows)?;
            writeln!(out)?;
        }
        let mut lines = self.summary().into_iter();
        lines.try_for_each(|line| writeln!(out, "{line}"))
    }

    /// The rows; what is no row goes to standard error.
    fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut row = Row::new();
        COLUMNS.iter().for_each(|column| row.cell(column));
        row.end(out)?;
        for reached in &self.rows {
            self.cells(reached).iter().for_each(|cell| row.cell(cell));
            row.end(out)?;
        }
        let mut lines = self.summary().into_iter();
        lines.try_for_each(|line| writeln!(io::stderr(), "credence: {line}"))
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let breach = self.breach;
        let told = json!({
            "means": breach.means(),
            "rows": self.rows,
            "patients": breach.patients(),
            "studies": breach.studies(),
            "instances": breach.instances(),
            "entries": breach.entries(),
            "matches": breach.matches(),
            "unnamed_certificates": breach.nameless(),
            "known": self.known,
            "known_is_now": self.is_known_now,
            "deadlines": self.deadlines,
        });
        writeln!(out, "{told}")
    }

    fn html(&self, out: &mut dyn Write) -> io::Result<()> {
        let reached = Section {
            title: "Patients and studies".to_owned(),
            text: Vec::new(),
            columns: COLUMNS.to_vec(),
            rows: self
                .rows
                .iter()
                .map(|row| self.cells(row).to_vec())
                .collect(),
        };
        let summary = Section {
            title: match self.breach.means() {
                Means::Certificate(key) => format!("Certificate sha256:{key}"),
                Means::User(name) => format!("User {name}"),
                Means::Policy(id) => format!("Rule {id}"),
                Means::Ae(title) => format!("AE title {title}"),
            },
            text: self.summary(),
            ..Section::default()
        };
        let footer = format!(
            "Times are those of {}. The decisions behind each row, by their entries: --format json.",
            self.clock.name()
        );
        audit::page(out, "What was reached", &[summary, reached], &footer)
    }
}
