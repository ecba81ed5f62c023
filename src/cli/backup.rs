//! `credence backup`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::storage;

/// Copy the ledger into a folder that it can be restored from, also while a gateway runs
///
/// Copies the journal with its sealed details, the newest checkpoint, the keyring and the public key;
/// no secret key. The keys folder is kept elsewhere and by other means: without wrapping.key nobody can
/// open the keyring. Every erasure replaces wrapping.key, and a backup of before then restores only
/// together with a newer copy of the keyring: make a backup after each.
///
/// credence ledger verify DIR verifies a backup like any copy of the ledger.
#[derive(Args, Debug)]
pub struct Backup {
    /// The folder to write; must be empty, or not exist
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &Backup, out: &mut dyn Write) -> io::Result<Exit> {
    let config = match configured(&arguments.config) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    match storage::back_up(&config.gateway.data_dir, &arguments.dir) {
        Ok(copied) => {
            let signed = copied.checkpoint.as_ref().map_or(0, |signed| signed.size);
            if arguments.json {
                let report = json!({ "entries": copied.entries, "signed": signed });
                writeln!(out, "{report}")?;
            } else {
                let entries = copied.entries;
                writeln!(out, "{entries} entries, {signed} of them signed for")?;
            }
            Ok(Exit::Success)
        }
        Err(error) => {
            writeln!(io::stderr(), "credence: {error}")?;
            Ok(Exit::Failure)
        }
    }
}
