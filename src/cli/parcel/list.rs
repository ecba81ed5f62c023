//! `credence parcel list`

use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::refuse;
use crate::config::Config;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::ParcelRelease;
use crate::contract::Verdict;
use crate::digest::Sha256;
use crate::ledger::Entry;
use crate::storage::JournalReader;
use crate::time::UtcMicros;

/// Arguments of `credence parcel list`.
#[derive(Args, Debug)]
pub struct List {
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print one JSON array of objects: parcel, sealed, at, recipient, decision, instances, bytes,
    /// manifest_sha256, release, and requests: an array of objects entry, decision, verdict, request_sha256
    #[arg(long)]
    pub json: bool,
}

/// A parcel, as the ledger tells of it.
struct Told {
    sealed: u64,
    at: UtcMicros,
    recipient: InstitutionSlug,
    decision: u64,
    instances: u64,
    bytes: u64,
    manifest_sha256: String,
    release: ParcelRelease,
    requests: Vec<Request>,
}

/// A request for its key.
#[derive(Serialize)]
struct Request {
    entry: u64,
    decision: u64,
    verdict: Verdict,
    request_sha256: Sha256,
}

/// By the entry that it was sealed by.
type Parcels = BTreeMap<u64, (String, Told)>;

impl List {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let mut parcels = Parcels::new();
        for stored in JournalReader::new(&config.gateway.data_dir).entries(0) {
            match stored {
                Ok(stored) => add(&mut parcels, stored.entry),
                Err(error) => return refuse(&error),
            }
        }
        if self.json {
            let values = parcels.values().map(|(parcel, told)| {
                json!({
                    "parcel": parcel,
                    "sealed": told.sealed,
                    "at": told.at.to_string(),
                    "recipient": told.recipient,
                    "decision": told.decision,
                    "instances": told.instances,
                    "bytes": told.bytes,
                    "manifest_sha256": told.manifest_sha256,
                    "release": told.release,
                    "requests": told.requests,
                })
            });
            serde_json::to_writer_pretty(&mut *out, &values.collect::<Vec<_>>())?;
            writeln!(out)?;
            return Ok(Exit::Success);
        }
        for (parcel, told) in parcels.values() {
            let became = became(told, &config);
            let Told {
                at,
                recipient,
                instances,
                ..
            } = told;
            writeln!(
                out,
                "{parcel}  {at}  for {recipient}: {instances} instances; {became}"
            )?;
        }
        Ok(Exit::Success)
    }
}

fn add(parcels: &mut Parcels, entry: Entry) {
    match entry.event.body {
        Body::ParcelSealed {
            parcel,
            decision,
            recipient,
            instances,
            classes: _,
            bytes,
            manifest_sha256,
            release,
        } => {
            let told = Told {
                sealed: entry.seq,
                at: entry.ledger_time,
                recipient,
                decision,
                instances,
                bytes,
                manifest_sha256: manifest_sha256.to_string(),
                release,
                requests: Vec::new(),
            };
            parcels.insert(entry.seq, (parcel, told));
        }
        Body::ParcelOpened {
            sealed,
            decision,
            verdict,
            request_sha256,
            ..
        } => {
            if let Some((_, told)) = parcels.get_mut(&sealed) {
                told.requests.push(Request {
                    entry: entry.seq,
                    decision,
                    verdict,
                    request_sha256,
                });
            }
        }
        _ => {}
    }
}

/// What became of it, in words: whether the key that was permitted also arrived, the ledger does not know.
fn became(told: &Told, config: &Config) -> String {
    if told.release == ParcelRelease::Offline {
        return "offline release: whether it was opened is not known here".to_owned();
    }
    let entries = |verdict: Verdict| {
        let answered = told.requests.iter().filter(|one| one.verdict == verdict);
        let texts: Vec<String> = answered.map(|one| one.entry.to_string()).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    };
    let permitted = entries(Verdict::Permit).map(|of| format!("permitted to open (entries {of})"));
    let refused = entries(Verdict::Deny).map(|of| format!("refused (entries {of})"));
    let asked: Vec<String> = permitted.into_iter().chain(refused).collect();
    let asked = match asked.is_empty() {
        true => "not asked for yet".to_owned(),
        false => asked.join(", "),
    };
    let parcels = config
        .gateway_of(&told.recipient)
        .and_then(|gateway| gateway.parcels.as_ref());
    let keep = parcels.and_then(|parcels| i64::try_from(parcels.keep.as_micros()).ok());
    match keep {
        Some(keep) => format!("{asked}; its key is kept until {}", told.at.plus(keep)),
        None => asked,
    }
}
