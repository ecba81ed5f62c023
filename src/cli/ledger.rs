//! `credence ledger`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;

use crate::audit::summary_of;
use crate::cli::Exit;
use crate::cli::refuse;
use crate::storage::JournalReader;

mod export;
mod keys;
mod proof;
mod replay;
mod verify;
mod verify_proof;

pub use export::Export;
pub use keys::Keys;
pub use proof::Proof;
pub use replay::Replay;
pub use verify::Verify;
pub use verify_proof::VerifyProof;

/// Verify, read and export a ledger
///
/// Works on the data folder of a gateway, running or not, and on copies of it.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Verify chain, Merkle tree and checkpoint; name the first damaged entry
    ///
    /// Exits with 0 when the ledger is whole, and with 1 when it is not. Needs no secret. An older
    /// copy of a ledger is whole, too: only a later checkpoint that was kept elsewhere
    /// (--checkpoint) shows that entries were taken back.
    Verify(Verify),
    /// Decide every recorded decision again, from the ledger alone, and report the differences
    ///
    /// Shows that the recorded answers are those of the recorded rules, consents and scores. Goes
    /// through the whole ledger, and does not stop at the first difference. Decisions that another
    /// version of the contract or of the rule engine reached are decided anew by this one and
    /// counted apart. Does not verify signatures or the chain: that is "ledger verify".
    ///
    /// Exits with 0 when there are no differences, and with 1 when there are.
    Replay(Replay),
    /// Show the entries, oldest first
    Show(Show),
    /// Print the public keys of this gateway: of its log, and as a witness
    ///
    /// A partner who is to cosign this ledger needs the log's key (log_key in its configuration),
    /// one whose ledger this gateway cosigns needs the witness's (witness_key). Both are verifier
    /// keys of C2SP signed-note. To be brought to the partner by a way that both trust.
    Keys(Keys),
    /// Write a copy that strangers can verify: entries, checkpoint, public key
    ///
    /// Contains no sealed details. Files: entries.jsonl (one entry a line), checkpoint (C2SP
    /// tlog-checkpoint), ledger.vkey, and checkpoint.cosigned where there is one. The checkpoint may be about fewer entries than are copied.
    Export(Export),
    /// Write a proof that one entry is in the ledger (C2SP tlog-proof), and the entry's line
    ///
    /// Two files, to be given to whoever is to verify: N.tlog-proof and, beside it, N.json, the
    /// entry's line as it stands in the ledger, without a newline. Whoever has the ledger's public
    /// key verifies them offline: with "credence ledger verify-proof", or with other software for
    /// C2SP tlog-proof (the leaf is SHA-256 of a zero byte and the line). What was written has been
    /// verified.
    ///
    /// The proof is under a signed checkpoint: the one given, else checkpoint.cosigned in the folder
    /// if it covers the entry, else the newest.
    Proof(Proof),
    /// Verify offline that a line is the entry of a ledger that a proof says it is
    ///
    /// Exits with 0 when it is, and with 1 when it is not. Needs the two files that "ledger proof"
    /// wrote and the ledger's public key, known from elsewhere. Cosignatures of witnesses are
    /// counted, not verified.
    VerifyProof(VerifyProof),
}

/// Arguments of `credence ledger show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The data folder, or a copy of it
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Only the entry with this number, in full
    #[arg(long, value_name = "N")]
    pub entry: Option<u64>,
    /// Print the entries as they stand in the journal: JSON, one a line
    #[arg(long)]
    pub json: bool,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &Ledger, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Ledger::Verify(verify) => verify.run(out),
        Ledger::Replay(replay) => replay.run(out),
        Ledger::Show(show) => show.run(out),
        Ledger::Keys(keys) => keys.run(out),
        Ledger::Export(export) => export.run(out),
        Ledger::Proof(proof) => proof.run(out),
        Ledger::VerifyProof(verify) => verify.run(out),
    }
}

impl Show {
    fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let reader = JournalReader::new(&self.dir);
        let from = self.entry.unwrap_or(0);
        let mut shown = false;
        for stored in reader.entries(from) {
            let entry = match stored {
                Ok(stored) => stored.entry,
                Err(error) => return refuse(&error),
            };
            if self.json {
                let line = entry.line().map_err(io::Error::other)?;
                writeln!(out, "{line}")?;
            } else if self.entry.is_some() {
                writeln!(out, "{}", serde_json::to_string_pretty(&entry)?)?;
            } else {
                writeln!(out, "{}", summary_of(&entry))?;
            }
            shown = true;
            if self.entry.is_some() {
                break;
            }
        }
        match self.entry {
            Some(entry) if !shown => refuse(&format!("there is no entry {entry}")),
            _ => Ok(Exit::Success),
        }
    }
}
