//! `credence audit export`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::interrupted::stop_on_signal;
use super::names::Names;
use super::progress::Progress;
use crate::audit;
use crate::audit::ClockFace;
use crate::audit::Filter;
use crate::audit::Order;
use crate::audit::Signed;
use crate::audit::Site;
use crate::audit::Tongue;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::Speaker;
use crate::cli::desk::answer;
use crate::cli::desk::moment;
use crate::cli::desk::unexpected;
use crate::cli::refuse;
use crate::clock::Clock;
use crate::config::Config;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::Verdict;
use crate::dicom::AeTitle;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::storage::Keyring;
use crate::storage::Keys;
use crate::time::UtcMicros;

/// Arguments of `credence audit export`.
#[derive(Args, Debug)]
pub struct Export {
    /// A format; may be given several times
    #[arg(long = "format", value_name = "FORMAT", required = true)]
    pub formats: Vec<Tongue>,
    /// From this day or moment on (UTC)
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub from: Option<UtcMicros>,
    /// Before this day or moment (UTC)
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub to: Option<UtcMicros>,
    /// About this patient, and all Patient IDs that were merged
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER", requires = "patient")]
    pub issuer: Option<String>,
    /// In which this institution takes part
    #[arg(long, value_name = "SLUG")]
    pub institution: Option<InstitutionSlug>,
    /// Asked by, or for, this AE title
    #[arg(long, value_name = "AE")]
    pub ae: Option<AeTitle>,
    /// Asked, done or recorded by this person
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// About this study
    #[arg(long, value_name = "UID")]
    pub study: Option<String>,
    /// For this purpose, as in TREATMENT
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// Decided so: permit or deny
    #[arg(long, value_name = "VERDICT", value_parser = verdict)]
    pub verdict: Option<Verdict>,
    /// Entries of this kind, as in transfer-closed
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Tell Patient IDs, Study Instance UIDs and reasons; needs the keys folder
    #[arg(long)]
    pub identified: bool,
    /// Local times of this zone, as in Europe/Vienna
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = ClockFace::of)]
    pub time_zone: ClockFace,
    /// The folder to write; must not exist
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// For whom
    #[command(flatten)]
    pub speaker: Speaker,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn verdict(text: &str) -> Result<Verdict, String> {
    let mut all = [Verdict::Permit, Verdict::Deny].into_iter();
    let found = all.find(|verdict| verdict.as_str() == text);
    found.ok_or_else(|| "a verdict is permit or deny".to_owned())
}

/// Why there is no export, as it is told.
type Told = String;

impl Export {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        match self.export(&config) {
            Ok(exported) => self.tell(&exported, out),
            Err(why) => refuse(&why),
        }
    }

    fn export(&self, config: &Config) -> Result<audit::Exported, Told> {
        let by = self.speaker.name();
        let order = Order {
            data_dir: config.gateway.data_dir.clone(),
            filter: self.filter(config)?,
            formats: self.formats.iter().copied().collect(),
            site: site(config),
            clock: self.time_zone.clone(),
            by: by.clone(),
            made: Clock::new().now(),
            stop: stop_on_signal().map_err(|error| error.to_string())?,
        };
        let keyring = match self.identified {
            true => Some(keyring(config)?),
            false => None,
        };
        // The newest entries, too, are to be told.
        match answer(config, Command::Checkpoint).map_err(|error| error.to_string())? {
            Answer::CheckpointSigned { .. } => {}
            Answer::Refused { reason } => return Err(reason),
            other => return Err(unexpected(&other).to_string()),
        }
        let mut progress = Progress::begin();
        let mut tell = |done, of| progress.at(done, of);
        let sign = |manifest: &str| sign(config, manifest, by);
        let exported = audit::export(&order, &self.out, keyring, &mut tell, sign);
        progress.end();
        exported.map_err(|error| error.to_string())
    }

    /// What is asked for, in the ledger's own names.
    fn filter(&self, config: &Config) -> Result<Filter, Told> {
        let names = Names {
            patient: self.patient.clone(),
            issuer: self.issuer.clone(),
            study: self.study.clone(),
        };
        let known = names.known(config)?;
        Ok(Filter {
            from: self.from,
            to: self.to,
            patients: known.patients,
            institution: self.institution.clone(),
            ae: self.ae.clone(),
            user: self.user.clone(),
            study: known.study,
            purpose: self.purpose,
            verdict: self.verdict,
            kind: self.kind.clone(),
        })
    }

    fn tell(&self, exported: &audit::Exported, out: &mut dyn Write) -> io::Result<Exit> {
        let manifest = &exported.manifest;
        let span = manifest.range;
        if self.json {
            let report = json!({
                "records": manifest.records, "from": span.from, "until": span.until,
                "gaps": manifest.gaps, "identified": manifest.identified, "entry": exported.entry,
            });
            writeln!(out, "{report}")?;
        } else {
            writeln!(
                out,
                "{} of entries {} to {} told in {}; recorded as entry {}",
                manifest.records,
                span.from,
                span.until.saturating_sub(1),
                self.out.display(),
                exported.entry
            )?;
            if manifest.gaps > 0 {
                writeln!(
                    out,
                    "in between the gateway was down, or its clock set, {} times: gaps.jsonl",
                    manifest.gaps
                )?;
            }
        }
        Ok(Exit::Success)
    }
}

/// Whose ledger it is, as formats tell it.
pub fn site(config: &Config) -> Site {
    let names = config.institutions.values();
    let uname = rustix::system::uname();
    Site {
        own: config.gateway.institution.clone(),
        names: names
            .map(|one| (one.slug.clone(), one.name.clone()))
            .collect(),
        addresses: config
            .institutions
            .values()
            .filter_map(|one| Some((one.slug.clone(), one.address.as_ref()?.as_str().to_owned())))
            .collect(),
        host: uname.nodename().to_string_lossy().into_owned(),
        aes: config.aes.iter().map(|own| own.title.clone()).collect(),
    }
}

/// What opens sealed details.
///
/// # Errors
/// Why nothing does, as it is told.
pub fn keyring(config: &Config) -> Result<Keyring, Told> {
    let gateway = &config.gateway;
    let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution);
    let keys = keys.map_err(|error| error.to_string())?;
    Keyring::read(&gateway.data_dir, &keys).map_err(|error| error.to_string())
}

/// Has the gateway record and sign a manifest.
fn sign(config: &Config, manifest: &str, by: String) -> Result<Signed, Told> {
    let command = Command::SignAudit {
        manifest: manifest.to_owned(),
        by,
    };
    match answer(config, command).map_err(|error| error.to_string())? {
        Answer::AuditSigned {
            entry,
            key,
            signature,
        } => Ok(Signed {
            entry,
            key: key.parse().map_err(|_| "no key of a ledger".to_owned())?,
            signature,
        }),
        Answer::Refused { reason } => Err(reason),
        other => Err(unexpected(&other).to_string()),
    }
}
