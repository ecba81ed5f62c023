//! `credence ledger verify-proof`

use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::proof::line_file;
use super::proof::read_text;
use super::proof::refuse_file;
use crate::audit;
use crate::cli::Exit;
use crate::ledger::Checkpoint;
use crate::ledger::Entry;
use crate::ledger::LINE_BYTES_MAX;
use crate::ledger::LedgerProof;
use crate::ledger::LogKey;
use crate::ledger::PROOF_BYTES_MAX;
use crate::ledger::ProofError;

/// Arguments of `credence ledger verify-proof`.
#[derive(Args, Debug)]
pub struct VerifyProof {
    /// The proof (C2SP tlog-proof)
    #[arg(value_name = "FILE")]
    pub proof: PathBuf,
    /// The ledger's public key, known from elsewhere
    #[arg(long, value_name = "VKEY")]
    pub key: LogKey,
    /// The entry's line, with or without a newline at its end; - is standard input; if absent, the
    /// file beside the proof with the ending .json
    #[arg(long, value_name = "FILE")]
    pub line: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl VerifyProof {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let opened = File::open(&self.proof);
        let text = match opened.and_then(|file| read_text(file, PROOF_BYTES_MAX)) {
            Ok(text) => text,
            Err(error) => return refuse_file(&self.proof, &error),
        };
        let path = self.line.clone().unwrap_or_else(|| line_file(&self.proof));
        // And the newline.
        let limit = LINE_BYTES_MAX + 1;
        let read = if path == Path::new("-") {
            read_text(io::stdin().lock(), limit)
        } else {
            File::open(&path).and_then(|file| read_text(file, limit))
        };
        let line = match read {
            Ok(line) => line,
            Err(error) => return refuse_file(&path, &error),
        };
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let verified = LedgerProof::parse(&text)
            .and_then(|proof| Ok((proof.verify(line.as_bytes(), &self.key)?, proof)));
        self.tell(line, verified, out)
    }

    fn tell(
        &self,
        line: &str,
        verified: Result<(Checkpoint, LedgerProof), ProofError>,
        out: &mut dyn Write,
    ) -> io::Result<Exit> {
        let (checkpoint, proof) = match verified {
            Ok(verified) => verified,
            Err(error) => {
                if self.json {
                    let report = json!({ "verified": false, "error": error.to_string() });
                    writeln!(out, "{report}")?;
                } else {
                    writeln!(out, "NOT verified: {error}")?;
                }
                return Ok(Exit::Failure);
            }
        };
        let (size, root) = (checkpoint.size, checkpoint.root);
        let others = proof.other_signatures();
        if self.json {
            let report = json!({
                "verified": true, "entry": proof.index(), "size": size, "root": root,
                "key": self.key.to_string(), "other_signatures": others,
            });
            writeln!(out, "{report}")?;
        } else {
            writeln!(
                out,
                "verified: entry {} of {}, which had {size} entries when the checkpoint was signed\n\
                 root {root}",
                proof.index(),
                checkpoint.origin
            )?;
            if others > 0 {
                writeln!(
                    out,
                    "not verified: {others} more signatures of the checkpoint"
                )?;
            }
            if let Ok(entry) = Entry::parse(line) {
                writeln!(out, "{}", audit::summary_of(&entry))?;
            }
        }
        Ok(Exit::Success)
    }
}
