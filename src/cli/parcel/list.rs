//! `credence parcel list`

use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::ledger::refuse;
use crate::config::Config;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::ParcelRelease;
use crate::contract::Verdict;
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
    /// manifest_sha256, release, opened (entries), refused (entries)
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
    opened: Vec<u64>,
    refused: Vec<u64>,
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
                    "opened": told.opened,
                    "refused": told.refused,
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
                opened: Vec::new(),
                refused: Vec::new(),
            };
            parcels.insert(entry.seq, (parcel, told));
        }
        Body::ParcelOpened {
            sealed, verdict, ..
        } => {
            if let Some((_, told)) = parcels.get_mut(&sealed) {
                match verdict {
                    Verdict::Permit => told.opened.push(entry.seq),
                    Verdict::Deny => told.refused.push(entry.seq),
                }
            }
        }
        _ => {}
    }
}

/// What became of it, in words.
fn became(told: &Told, config: &Config) -> String {
    if told.release == ParcelRelease::Offline {
        return "offline release: whether it was opened is not known here".to_owned();
    }
    let entries = |entries: &[u64]| {
        let texts = entries.iter().map(u64::to_string);
        texts.collect::<Vec<_>>().join(", ")
    };
    let asked = match (told.opened.as_slice(), told.refused.as_slice()) {
        ([], []) => "not opened yet".to_owned(),
        (opened, []) => format!("key released (entries {})", entries(opened)),
        ([], refused) => format!("refused (entries {})", entries(refused)),
        (opened, refused) => format!(
            "key released (entries {}), refused (entries {})",
            entries(opened),
            entries(refused)
        ),
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
