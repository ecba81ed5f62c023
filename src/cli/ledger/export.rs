//! `credence ledger export`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::refuse;
use crate::storage;
use crate::storage::AgeRecipient;
use crate::storage::ExportForm;

/// Arguments of `credence ledger export`.
#[derive(Args, Debug)]
pub struct Export {
    /// The data folder, a copy of it, or an export
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The folder to write into; made if it is not there, and no file in it is overwritten
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Also write the tree and the entries under the checkpoint as C2SP tlog-tiles: files below
    /// tile/ that a web server can serve as they are
    #[arg(long)]
    pub tiles: bool,
    /// Write one file, export.tar.age, that only this recipient (age1...) can read, and nothing in
    /// clear; several may be given. To read it: age -d -i KEYFILE export.tar.age | tar x
    #[arg(long = "age", value_name = "RECIPIENT")]
    pub recipients: Vec<AgeRecipient>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl Export {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let form = ExportForm {
            tiles: self.tiles,
            recipients: self.recipients.clone(),
        };
        match storage::export(&self.dir, &self.out, &form) {
            Ok(exported) => {
                let signed = exported.checkpoint.as_ref().map_or(0, |c| c.size);
                if self.json {
                    let report = json!({ "entries": exported.entries, "signed": signed });
                    writeln!(out, "{report}")?;
                } else {
                    writeln!(
                        out,
                        "{} entries, {signed} of them signed for",
                        exported.entries
                    )?;
                }
                Ok(Exit::Success)
            }
            Err(error) => refuse(&error),
        }
    }
}
