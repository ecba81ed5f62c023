//! `credence ledger proof`

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::refuse;
use crate::storage;
use crate::storage::Proved;

/// Arguments of `credence ledger proof`.
#[derive(Args, Debug)]
pub struct Proof {
    /// The data folder, a copy of it, or an export; if absent, the data folder that the
    /// configuration names
    #[arg(value_name = "DIR", conflicts_with = "config")]
    pub dir: Option<PathBuf>,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// The entry with this number
    #[arg(long, value_name = "N")]
    pub entry: u64,
    /// The proof's file; if absent, N.tlog-proof. The line goes beside it, with the ending .json.
    /// Neither may be there
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Prove under this signed checkpoint, kept from elsewhere, such as one that witnesses cosigned
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The file of the line that belongs to a proof's file.
pub(super) fn line_file(proof: &Path) -> PathBuf {
    proof.with_extension("json")
}

/// A file's text, of at most `bytes_max` bytes.
pub(super) fn read_text(mut from: impl io::Read, bytes_max: usize) -> io::Result<String> {
    let mut text = String::new();
    let limit = bytes_max as u64 + 1;
    from.by_ref().take(limit).read_to_string(&mut text)?;
    if text.len() > bytes_max {
        let words = format!("more than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    Ok(text)
}

/// Tells an error of a file.
pub(super) fn refuse_file(path: &Path, error: &io::Error) -> io::Result<Exit> {
    refuse(&format!("{}: {error}", path.display()))
}

impl Proof {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let dir = match &self.dir {
            Some(dir) => dir.clone(),
            None => match configured(&self.config) {
                Ok(config) => config.gateway.data_dir,
                Err(exit) => return Ok(exit),
            },
        };
        let name = || PathBuf::from(format!("{}.tlog-proof", self.entry));
        let proof_file = self.out.clone().unwrap_or_else(name);
        let line_file = line_file(&proof_file);
        if line_file == proof_file {
            return refuse(&"the proof's file cannot end in .json: the line's does");
        }
        let given = match &self.checkpoint {
            None => None,
            Some(file) => {
                let note = File::open(file)
                    .and_then(|opened| read_text(opened, crate::ledger::NOTE_BYTES_MAX));
                match note {
                    Ok(note) => Some(note),
                    Err(error) => return refuse_file(file, &error),
                }
            }
        };
        let proved = match storage::prove(&dir, self.entry, given) {
            Ok(proved) => proved,
            Err(error) => return refuse(&error),
        };
        let files = [
            (&line_file, proved.line.clone()),
            (&proof_file, proved.proof.to_string()),
        ];
        for (path, text) in files {
            let written =
                File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
            if let Err(error) = written {
                return refuse_file(path, &error);
            }
        }
        self.tell(&proved, &proof_file, &line_file, out)?;
        Ok(Exit::Success)
    }

    fn tell(
        &self,
        proved: &Proved,
        proof_file: &Path,
        line_file: &Path,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if let Some(why) = &proved.passed_over {
            writeln!(io::stderr(), "checkpoint.cosigned is not used: {why}")?;
        }
        let (size, key) = (proved.checkpoint.size, &proved.key);
        if self.json {
            let report = json!({
                "entry": self.entry, "size": size, "root": proved.checkpoint.root,
                "key": key.to_string(), "proof": proof_file, "line": line_file,
            });
            return writeln!(out, "{report}");
        }
        let (proof, line) = (proof_file.display(), line_file.display());
        writeln!(
            out,
            "entry {} of {}, under the checkpoint of {size} entries\n\
             {proof}  the proof\n{line}  the entry's line\n\
             verify with: credence ledger verify-proof {proof} --key {key}",
            self.entry,
            key.name(),
        )
    }
}
