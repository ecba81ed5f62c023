//! `credence echo`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::gateway;

/// Send a C-ECHO to a peer, as the gateway would
///
/// Exits with 0 when the peer answered with Success, and with 1 when it did not.
#[derive(Args, Debug)]
pub struct Echo {
    /// The name of the peer in the configuration
    #[arg(value_name = "PEER")]
    pub peer: String,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Sends the C-ECHO and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or the runtime not be set up.
pub fn run(arguments: &Echo, out: &mut dyn Write) -> io::Result<Exit> {
    let config = match configured(&arguments.config) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let Some(peer) = config.peer(&arguments.peer) else {
        let known: Vec<&str> = config.peers.iter().map(|peer| peer.name.as_str()).collect();
        writeln!(
            io::stderr(),
            "credence: no peer is named {}; known are {}",
            arguments.peer,
            known.join(", ")
        )?;
        return Ok(Exit::Usage);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let echoed = runtime.block_on(gateway::echo(&config, peer));
    let error = echoed.as_ref().err().map(ToString::to_string);
    if arguments.json {
        let report = json!({ "peer": arguments.peer, "ae_title": peer.ae_title, "echo": error.is_none(), "error": error });
        writeln!(out, "{report}")?;
    } else {
        match &error {
            None => writeln!(out, "{} ({}) answers", arguments.peer, peer.ae_title)?,
            Some(error) => writeln!(out, "{} ({}): {error}", arguments.peer, peer.ae_title)?,
        }
    }
    Ok(if error.is_none() {
        Exit::Success
    } else {
        Exit::Failure
    })
}
