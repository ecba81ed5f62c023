//! `credence restore`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::Accountable;
use crate::clock::Clock;
use crate::gateway;
use crate::gateway::RestoreFrom;
use crate::ledger::LogKey;

/// Restore the ledger from a backup, into an empty data folder
///
/// The backup is verified first: chain, tree, checkpoint, every signature and every decision. The
/// keys folder must hold the institution's keys, and the keyring must be the newest: one that was copied
/// before something was forgotten does not open any more.
///
/// Entries after the backup may be lost, and others may hold checkpoints over them. So that this does
/// not look like a fork, the log goes on under a new origin and a new key, with an entry that names the
/// last checkpoint of the old origin. The key for cosigning is new, too: a witness that lost its memory
/// is another witness. Give both public keys to whoever verifies this ledger and whoever it is a witness
/// for; keep the old one, too.
#[derive(Args, Debug)]
pub struct Restore {
    /// The folder that credence backup wrote
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The newest keyring, where it is not the one in the backup
    #[arg(long, value_name = "FILE")]
    pub keyring: Option<PathBuf>,
    /// How many patients whom the backup speaks of were erased after it; refused when the keyring
    /// lacks another number of them
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub forgotten: usize,
    /// The ledger's public key, kept from elsewhere; else the one in the backup is believed
    #[arg(long, value_name = "VKEY")]
    pub key: Option<LogKey>,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &Restore, out: &mut dyn Write) -> io::Result<Exit> {
    let config = match configured(&arguments.config) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let from = RestoreFrom {
        backup: &arguments.dir,
        keyring: arguments.keyring.as_deref(),
        forgotten: arguments.forgotten,
        key: arguments.key.as_ref(),
    };
    match gateway::restore(&config, Clock::new(), &from, arguments.speaker.name()) {
        Ok(restored) => {
            let (entry, key) = (restored.entry, restored.key.to_string());
            let (before, witness) = (restored.before.to_string(), restored.witness.to_string());
            if arguments.json {
                let report =
                    json!({ "entry": entry, "key": key, "before": before, "witness": witness });
                writeln!(out, "{report}")?;
            } else {
                writeln!(
                    out,
                    "restored; recorded as entry {entry}\n\
                     key     {key}\n\
                     before  {before}\n\
                     witness {witness}"
                )?;
            }
            Ok(Exit::Success)
        }
        Err(error) => {
            writeln!(io::stderr(), "credence: {error}")?;
            Ok(Exit::Failure)
        }
    }
}
