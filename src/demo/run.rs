//! `credence demo`: a folder for the story, and what to try after it.

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::demo::DemoError;
use crate::demo::site::Site;
use crate::demo::story;
use crate::demo::story::StoryError;

/// Tells the story with `site` as the gateway. What it writes is kept in `keep`, a folder that
/// must not be there yet, or thrown away at the end.
///
/// # Errors
/// When the folder cannot be made, a step fails, or one does not end as told.
pub async fn run<S: Site>(
    site: &mut S,
    keep: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), StoryError> {
    writeln!(
        out,
        "Credence demo: real DICOM on loopback, drawn patients, nothing leaves this machine."
    )?;
    let ground = Ground::of(keep)?;
    story::tell(site, ground.path(), out).await?;
    Ok(next(keep, out)?)
}

/// The folder of a story.
pub(crate) enum Ground {
    /// It stays.
    Kept(PathBuf),
    /// It goes with this value.
    Temporary(TempDir),
}

impl Ground {
    /// Makes `keep`, which must not be there yet, or a folder that does not stay.
    pub(crate) fn of(keep: Option<&Path>) -> Result<Self, DemoError> {
        let Some(folder) = keep else {
            let create = DemoError::io("create a temporary folder");
            return Ok(Self::Temporary(tempfile::tempdir().map_err(create)?));
        };
        let create = DemoError::io(format!("create {}", folder.display()));
        std::fs::create_dir(folder).map_err(create)?;
        Ok(Self::Kept(folder.to_owned()))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// What to try next, with the reader's own PACS.
fn next(keep: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nWhat next")?;
    match keep {
        Some(folder) => {
            let folder = folder.display();
            writeln!(out, "   look at it:    credence ledger show {folder}/data")?;
            writeln!(
                out,
                "   verify it:     credence ledger verify {folder}/data"
            )?;
        }
        None => writeln!(
            out,
            "   keep it all:   credence demo --keep DIR, then credence ledger show DIR/data"
        )?,
    }
    writeln!(
        out,
        "   your own PACS: in gateway-config/credence.toml, give the peer \"pacs\" your PACS's AE \
         title and address;\n                  \
         credence check-config gateway-config/credence.toml\n                  \
         credence serve --config gateway-config/credence.toml"
    )
}
