//! `credence keys`

mod init;
mod show;

use std::io;
use std::io::Write;

use clap::Subcommand;

use crate::cli::Exit;

pub use init::Init;
pub use show::Show;

/// Make certificates for a trial; show keys, certificates and when they end
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a private authority, and certificates of the gateway and of peers under it
    ///
    /// For a trial, until the hospital's own authority issues certificates. Writes into the folder
    /// authority.pem and authority.key, gateway.pem and gateway.key, and for every --peer its
    /// NAME.pem and NAME.key (PEM; ECDSA P-256; keys readable by the owner only). What is there
    /// already is kept: called again with another --peer, the same authority issues one more.
    /// Prints what to put into the configuration. Keep authority.key away from the gateway: whoever
    /// has it can be any peer.
    Init(Init),
    /// Show fingerprints, names and validity of certificates, and the ledger's public keys
    ///
    /// With FILEs: of the certificates in them, as a partner sent them, to be put into the
    /// configuration. Without: of all that the configuration names, and the public keys of log,
    /// statements and witness. Exits with 1 when something has expired.
    Show(Show),
}

/// Does what `command` says.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(command: &Keys, out: &mut dyn Write) -> io::Result<Exit> {
    match command {
        Keys::Init(arguments) => arguments.run(out),
        Keys::Show(arguments) => arguments.run(out),
    }
}
