//! `credence audit verify`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::audit;
use crate::cli::Exit;
use crate::ledger::LogKey;

/// Arguments of `credence audit verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The folder that credence audit export wrote
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The ledger's public key, known from elsewhere; without it, the one in the folder is believed
    #[arg(long, value_name = "VKEY")]
    pub key: Option<LogKey>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl Verify {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        match audit::verify(&self.dir, self.key.as_ref()) {
            Ok(verified) => self.tell(&verified, out),
            Err(fault) => {
                if self.json {
                    let report = json!({ "verified": false, "error": fault.to_string() });
                    writeln!(out, "{report}")?;
                } else {
                    writeln!(out, "NOT verified: {fault}")?;
                }
                Ok(Exit::Failure)
            }
        }
    }

    fn tell(&self, verified: &audit::Verified, out: &mut dyn Write) -> io::Result<Exit> {
        let manifest = &verified.manifest;
        let (span, under) = (manifest.range, &manifest.checkpoint);
        if self.json {
            let report = json!({
                "verified": true, "origin": under.origin, "size": under.size, "root": under.root,
                "from": span.from, "until": span.until, "records": manifest.records,
                "gaps": manifest.gaps, "identified": manifest.identified, "key": verified.key.to_string(),
            });
            writeln!(out, "{report}")?;
            return Ok(Exit::Success);
        }
        writeln!(
            out,
            "verified: entries {} to {} of {}, all there; {} told, for {}, {}\nroot {}, {} entries",
            span.from,
            span.until.saturating_sub(1),
            under.origin,
            manifest.records,
            manifest.by,
            manifest.made,
            under.root,
            under.size
        )?;
        if manifest.identified {
            writeln!(
                out,
                "not verified: patients and studies in clear, which public lines do not hold"
            )?;
        }
        if self.key.is_none() {
            writeln!(
                out,
                "the ledger's key is as the folder says, {}: compare it with one known from elsewhere",
                verified.key
            )?;
        }
        Ok(Exit::Success)
    }
}
