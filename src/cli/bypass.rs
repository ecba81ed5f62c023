//! `credence bypass`

use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::Subcommand;
use serde_json::json;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::serve;
use crate::cli::user::prompt;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::UserName;
use crate::gateway;
use crate::gateway::Word;
use crate::identity::Passcodes;
use crate::storage::BypassFound;
use crate::storage::bypass_times;

/// Let images go by while contract or ledger are out of order
///
/// For the hour in which the ledger's disk is dead and patients are on the table. It takes two of the
/// `persons` of the table bypass, each with their passcode. See docs/standby.md.
#[derive(Debug, Subcommand)]
pub enum Bypass {
    /// Forward for a number of minutes, in place of the gateway
    ///
    /// Listens where the gateway would, knows callers as the gateway does, lets only those of the own
    /// institution through, and judges nothing. Every association is written down before it goes on, and
    /// the next gateway that starts records the whole time in its ledger before anything else. SIGTERM or
    /// SIGINT ends it early. Asks for the passcodes of both persons, the first one's first; where
    /// standard input is no terminal, each is a line of it.
    Run(Run),
    /// List the times that the folder of the table bypass tells of, and what went by
    List(List),
}

/// Arguments of `credence bypass run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Who asks for it
    #[arg(long, value_name = "NAME")]
    pub first: UserName,
    /// Who agrees
    #[arg(long, value_name = "NAME")]
    pub second: UserName,
    /// Why, for those who will read the ledger; no patient data
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// For how long, up to `minutes_max`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub minutes: u64,
}

/// Arguments of `credence bypass list`.
#[derive(Args, Debug)]
pub struct List {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Only times that no ledger has recorded yet
    #[arg(long)]
    pub unrecorded: bool,
    /// Print one JSON object a time, with its associations
    #[arg(long)]
    pub json: bool,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or the runtime cannot be set up.
pub fn run(command: &Bypass, out: &mut dyn Write) -> io::Result<Exit> {
    let file = match command {
        Bypass::Run(arguments) => &arguments.config,
        Bypass::List(arguments) => &arguments.config,
    };
    let config = match configured(file) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    match command {
        Bypass::Run(arguments) => let_through(arguments, config, out),
        Bypass::List(arguments) => list(arguments, &config, out),
    }
}

fn let_through(arguments: &Run, config: Config, out: &mut dyn Write) -> io::Result<Exit> {
    let word = Word {
        first: arguments.first.clone(),
        second: arguments.second.clone(),
        reason: arguments.reason.clone(),
        lasts: Duration::from_secs(arguments.minutes.saturating_mul(60)),
    };
    if let Err(refused) = prove(&config, &word) {
        writeln!(io::stderr(), "credence: {refused}")?;
        return Ok(Exit::Failure);
    }
    serve::log_to_standard_error(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let begun = gateway::Bypass::begin(config, Clock::new(), &word).await;
        let done = match begun {
            Ok(bypass) => {
                let file = bypass.file();
                let told = bypass.run(stop).await;
                told.map(|associations| (associations, file))
            }
            Err(error) => Err(error),
        };
        io::Result::Ok(done)
    })?;
    runtime.shutdown_background();
    match done {
        Ok((associations, file)) => {
            writeln!(
                out,
                "{associations} associations went by; {} will be recorded when the gateway starts",
                file.display()
            )?;
            Ok(Exit::Success)
        }
        Err(error) => {
            writeln!(io::stderr(), "credence: {error}")?;
            Ok(Exit::Failure)
        }
    }
}

/// Both are who they say: each knows their passcode.
fn prove(config: &Config, word: &Word) -> Result<(), String> {
    let file = config.identity.passcodes.as_ref();
    let file = file.ok_or("the configuration has no `passcodes` in [identity]")?;
    let passcodes = Passcodes::read(file).map_err(|error| error.to_string())?;
    for person in [&word.first, &word.second] {
        let passcode = prompt::known_passcode(person)?;
        if !passcodes.verify(Some(person), &passcode) {
            return Err(format!("this is not the passcode of {person}"));
        }
    }
    Ok(())
}

fn list(arguments: &List, config: &Config, out: &mut dyn Write) -> io::Result<Exit> {
    let times = match bypass_times(&config.bypass.dir, !arguments.unrecorded) {
        Ok(times) => times,
        Err(error) => {
            writeln!(io::stderr(), "credence: {error}")?;
            return Ok(Exit::Failure);
        }
    };
    if times.is_empty() {
        if !arguments.json {
            writeln!(out, "no bypass")?;
        }
        return Ok(Exit::Success);
    }
    for found in times {
        match found {
            BypassFound::Over(time) if arguments.json => {
                let told = json!({
                    "file": time.path, "sha256": time.sha256, "first": time.first,
                    "second": time.second, "reason": time.reason, "from": time.from,
                    "until": time.until, "associations": time.associations, "bytes": time.bytes,
                    "whole": time.is_whole, "lines": time.lines,
                });
                writeln!(out, "{told}")?;
            }
            BypassFound::Over(time) => writeln!(
                out,
                "{} to {}: {} associations, {} bytes, by {} and {}: {}",
                time.from.compact(),
                time.until.compact(),
                time.associations,
                time.bytes,
                time.first,
                time.second,
                time.reason
            )?,
            BypassFound::Running(path) => {
                writeln!(
                    io::stderr(),
                    "credence: {} is being written",
                    path.display()
                )?;
            }
            BypassFound::Unreadable(path) => {
                writeln!(io::stderr(), "credence: {} cannot be read", path.display())?;
            }
        }
    }
    Ok(Exit::Success)
}
