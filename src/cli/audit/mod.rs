//! `credence audit`

use std::io;
use std::io::Write;

use clap::Subcommand;

use crate::cli::Exit;

mod export;
mod interrupted;
mod names;
mod progress;
mod verify;

pub use export::Export;
pub use export::keyring;
pub use export::site;
pub use names::Known;
pub use names::Names;
pub use verify::Verify;

/// Hand the ledger to people who were not there, and check what was handed over
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Write a folder that tells what happened, in formats that people and programs read, and proves it
    ///
    /// Beside the formats lies every public line of the time that was asked for, with proofs that these are the
    /// ledger's, so that nothing can have been left out. The manifest names every file and is signed by the
    /// gateway, running or not; that it was, for whom and what was asked for is an entry of the ledger. Without
    /// --identified, patients are pseudonyms and studies digests.
    Export(Box<Export>),
    /// Verify such a folder, offline and without the ledger
    ///
    /// Exits with 0 when it is signed, unchanged, of the ledger that its key names, and complete; and with 1 when
    /// it is not.
    Verify(Verify),
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Audit, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Audit::Export(export) => export.run(out),
        Audit::Verify(verify) => verify.run(out),
    }
}
