//! `credence parcel open`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::parcel::examined;
use crate::cli::refuse;
use crate::clock::Clock;
use crate::exchange;
use crate::gateway::parcels;
use crate::gateway::parcels::Asking;
use crate::parcel::Release;
use crate::storage::Keys;

/// Arguments of `credence parcel open`.
#[derive(Args, Debug)]
pub struct Open {
    /// The parcel: a folder, or s3://bucket/prefix/id in a store of a gateway_peer row
    #[arg(value_name = "PARCEL")]
    pub parcel: String,
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// The folder for the DICOM files; made, if it is not there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Print one JSON object: parcel, from, release, decision, files, bytes
    #[arg(long)]
    pub json: bool,
}

impl Open {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let gateway = &config.gateway;
        let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution);
        let keys = match keys {
            Ok(keys) => keys,
            Err(error) => return refuse(&error),
        };
        let runtime = tokio::runtime::Runtime::new()?;
        let _here = runtime.enter();
        let (place, checked) = match examined(&self.parcel, &config) {
            Ok(examined) => examined,
            Err(error) => return refuse(&error),
        };
        let asking = Asking {
            own: &gateway.institution,
            secret: &keys.parcel,
            signer: &keys.statement,
            at: Clock::new().now(),
        };
        let ask = |path: &str, body: String| {
            runtime.block_on(exchange::ask_for_key(&config, checked.sender, path, body))
        };
        let opened = parcels::unpack(&place, &checked, &asking, &self.out, ask);
        let unpacked = match opened {
            Ok(unpacked) => unpacked,
            Err(error) => return refuse(&error),
        };
        let manifest = &checked.manifest;
        if self.json {
            let files = unpacked.files.iter().map(|file| file.display().to_string());
            let value = json!({
                "parcel": manifest.id,
                "from": manifest.from,
                "release": manifest.release,
                "decision": unpacked.decision,
                "files": files.collect::<Vec<_>>(),
                "bytes": unpacked.bytes,
            });
            serde_json::to_writer_pretty(&mut *out, &value)?;
            writeln!(out)?;
            return Ok(Exit::Success);
        }
        for file in &unpacked.files {
            writeln!(out, "{}", file.display())?;
        }
        let (id, from, count) = (&manifest.id, &manifest.from, unpacked.files.len());
        let how = match (manifest.release, unpacked.decision) {
            (Release::Online, Some(decision)) => {
                format!("{from} released its key, by its decision {decision}")
            }
            (Release::Online | Release::Offline, _) => format!(
                "opened offline: {from} was not asked, and what was revoked since {} does not show",
                manifest.created
            ),
        };
        writeln!(
            io::stderr(),
            "parcel {id} of {from}: {count} instances; {how}"
        )?;
        Ok(Exit::Success)
    }
}
