//! `credence trace`

use std::io;
use std::io::Write;

use clap::Args;

use super::audit::Names;
use super::telling::Telling;
use crate::audit::Filter;
use crate::cli::Exit;

/// Tell the story of a study: every decision on it and what followed, in order, with all who took part
///
/// Patients are pseudonyms and studies digests, as in the public ledger. A signed answer, with names where they may
/// be told: credence audit export --study.
#[derive(Args, Debug)]
pub struct Trace {
    /// Its Study Instance UID
    #[arg(long, value_name = "UID")]
    pub study: String,
    /// Of when, and how it is written
    #[command(flatten)]
    pub telling: Telling,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Trace, out: &mut dyn Write) -> io::Result<Exit> {
    let names = Names {
        study: Some(arguments.study.clone()),
        ..Names::default()
    };
    arguments.telling.list(&names, Filter::default(), out)
}
