//! Reading a set of policies: every `*.cedar` file of a folder, in the order of their names, the
//! one schema, and the file of parameters.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use crate::contract::POLICY_TEXT_BYTES_MAX;
use crate::contract::PolicyError;
use crate::contract::PolicySet;
use crate::contract::SCHEMA_NAME;

/// Why there are no policies.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// A file or the folder cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// They do not parse, or break the schema.
    #[error("{}: {source}", path.display())]
    Policies {
        /// The folder.
        path: PathBuf,
        /// Every fault.
        source: PolicyError,
    },
}

/// Reads the policies in `folder` and the parameters in `credit`.
///
/// # Errors
/// When a file cannot be read, or the set has faults.
pub fn read(folder: &Path, credit: &Path) -> Result<PolicySet, PoliciesError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| PoliciesError::Io { path, source }
    };
    let mut texts = Vec::new();
    for file in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = file.map_err(failed(folder))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "cedar")
        {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            texts.push((name.into_owned(), text(&path).map_err(failed(&path))?));
        }
    }
    texts.sort();
    let schema = folder.join(SCHEMA_NAME);
    let schema_text = text(&schema).map_err(failed(&schema))?;
    let credit_text = text(credit).map_err(failed(credit))?;
    PolicySet::parse(&texts, &schema_text, &credit_text).map_err(|source| PoliciesError::Policies {
        path: folder.to_owned(),
        source,
    })
}

/// A text of bounded length; a longer one fails the parser's own check.
fn text(path: &Path) -> io::Result<String> {
    let most = u64::try_from(POLICY_TEXT_BYTES_MAX).unwrap_or(u64::MAX);
    let mut text = String::new();
    File::open(path)?
        .take(most.saturating_add(1))
        .read_to_string(&mut text)?;
    Ok(text)
}
