//! `credence ledger keys`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::refuse;
use crate::storage;

/// Arguments of `credence ledger keys`.
#[derive(Args, Debug)]
pub struct Keys {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print one JSON object: log, witness
    #[arg(long)]
    pub json: bool,
}

impl Keys {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let gateway = &config.gateway;
        // Opening the keys where there is no ledger would make them.
        if !storage::has_ledger(&gateway.data_dir) {
            let folder = gateway.data_dir.display();
            return refuse(&format!(
                "{folder} holds no ledger yet: start the gateway once"
            ));
        }
        let keys = storage::Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution);
        let keys = match keys {
            Ok(keys) => keys,
            Err(error) => return refuse(&error),
        };
        let (log, witness) = (keys.log.key(), keys.witness.key());
        if self.json {
            let keys = json!({ "log": log.to_string(), "witness": witness.to_string() });
            writeln!(out, "{keys}")?;
        } else {
            writeln!(out, "log      {log}\nwitness  {witness}")?;
        }
        Ok(Exit::Success)
    }
}
