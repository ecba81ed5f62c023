//! `credence consent import`: Consent resources of FHIR R4, all of them or none.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::consent::named::Dictionary;
use crate::cli::consent::named::Named;
use crate::cli::desk::Speaker;
use crate::cli::desk::answers;
use crate::contract::Effect;
use crate::fhir;
use crate::fhir::Fault;
use crate::fhir::TEXT_BYTES_MAX;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;

/// Files of one import.
const FILES_MAX: usize = 1_000;

/// Arguments of `credence consent import`.
#[derive(Args, Debug)]
pub struct Import {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// FHIR R4 JSON: a Consent, a Bundle of them, or one resource a line; may be given several times
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Check the files and tell what would be recorded; record nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
    /// Print one JSON object: files, each with its faults or what was recorded, and refused
    #[arg(long)]
    pub json: bool,
}

/// What became of the import.
#[derive(Debug, Serialize)]
struct Report {
    dry_run: bool,
    files: Vec<Told>,
    /// Why the gateway refused to record the rest.
    refused: Option<String>,
}

/// What became of one file.
#[derive(Debug, Serialize)]
struct Told {
    file: String,
    faults: Vec<Fault>,
    consents: Vec<Line>,
}

/// One grant or denial. Whose it is stands in the file, and is not repeated.
#[derive(Debug, Serialize)]
struct Line {
    path: String,
    effect: Effect,
    to: Vec<String>,
    purposes: Vec<String>,
    /// Its number, once it is recorded.
    consent: Option<u64>,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub(super) fn run(arguments: &Import, out: &mut dyn Write) -> io::Result<Exit> {
    let config = match configured(&arguments.config) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    if arguments.files.len() > FILES_MAX {
        writeln!(io::stderr(), "credence: more than {FILES_MAX} files")?;
        return Ok(Exit::Usage);
    }
    let by = arguments.speaker.name();
    let dictionary = Dictionary::new(&config);
    let mut commands = Vec::new();
    let mut report = Report {
        dry_run: arguments.dry_run,
        files: Vec::new(),
        refused: None,
    };
    for file in &arguments.files {
        let named = read(file).and_then(|directives| dictionary.name(&directives));
        let (named, faults) = match named {
            Ok(named) => (named, Vec::new()),
            Err(faults) => (Vec::new(), faults),
        };
        report.files.push(Told {
            file: file.display().to_string(),
            faults,
            consents: named.iter().map(Line::of).collect(),
        });
        let grant = |named: Named| {
            let terms = Box::new(named.terms);
            let change = Change::ConsentGrant { terms };
            let by = by.clone();
            Command::Change { change, by }
        };
        commands.extend(named.into_iter().map(grant));
    }
    let is_sound = report.files.iter().all(|told| told.faults.is_empty());
    if is_sound && !arguments.dry_run {
        let answers = answers(&config, commands)?;
        report.enter(&answers);
    }
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        report.print(out, &mut io::stderr())?;
    }
    out.flush()?;
    Ok(if is_sound && report.refused.is_none() {
        Exit::Success
    } else {
        Exit::Failure
    })
}

/// The Consents of one file.
fn read(file: &Path) -> Result<Vec<fhir::Directive>, Vec<Fault>> {
    let unreadable = |problem: String| {
        vec![Fault {
            path: "the text".to_owned(),
            problem,
            remedy: "give a readable file of UTF-8 text".to_owned(),
        }]
    };
    // One byte more than is read shows that there is more.
    let bytes_max = u64::try_from(TEXT_BYTES_MAX).map_or(u64::MAX, |max| max.saturating_add(1));
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(bytes_max).read_to_end(&mut bytes))
        .map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(unreadable(format!("is longer than {TEXT_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| unreadable("is not UTF-8".to_owned()))?;
    fhir::read(&text)
}

impl Line {
    fn of(named: &Named) -> Self {
        let terms = &named.terms;
        Self {
            path: named.path.clone(),
            effect: terms.effect,
            to: terms.to.iter().map(ToString::to_string).collect(),
            purposes: terms.purposes.iter().map(ToString::to_string).collect(),
            consent: None,
        }
    }
}

impl Report {
    /// Enters what the gateway answered, in the order of the lines.
    fn enter(&mut self, answers: &[Answer]) {
        let lines = self.files.iter_mut().flat_map(|told| &mut told.consents);
        for (line, answer) in lines.zip(answers) {
            match answer {
                Answer::Recorded { entry } => line.consent = Some(*entry),
                Answer::Refused { reason } => self.refused = Some(reason.clone()),
                _ => {}
            }
        }
    }

    fn print(&self, out: &mut dyn Write, errors: &mut dyn Write) -> io::Result<()> {
        for told in &self.files {
            for fault in &told.faults {
                writeln!(errors, "{}: {fault}", told.file)?;
            }
        }
        let lines = || self.files.iter().flat_map(|told| &told.consents);
        if self.files.iter().any(|told| !told.faults.is_empty()) {
            return writeln!(errors, "credence: nothing was recorded");
        }
        for told in &self.files {
            for line in &told.consents {
                let effect = match line.effect {
                    Effect::Grant => "grants",
                    Effect::Deny => "denies",
                };
                let to = match line.to.as_slice() {
                    [] => "any institution".to_owned(),
                    names => names.join(", "),
                };
                let state = match line.consent {
                    Some(consent) => consent.to_string(),
                    None => "not recorded".to_owned(),
                };
                let (file, path, purposes) = (&told.file, &line.path, line.purposes.join(", "));
                writeln!(out, "{state}  {effect} {to} {purposes}  {file}: {path}")?;
            }
        }
        let (recorded, all) = (
            lines().filter(|l| l.consent.is_some()).count(),
            lines().count(),
        );
        match &self.refused {
            Some(reason) => writeln!(
                errors,
                "credence: {recorded} of {all} recorded, then refused: {reason}"
            ),
            None if self.dry_run => writeln!(out, "{all} would be recorded"),
            None => writeln!(out, "{recorded} recorded"),
        }
    }
}
