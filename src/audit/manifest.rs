//! What an export says of itself: the text that is signed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

use super::filter::Filter;
use crate::contract::InstitutionSlug;
use crate::dicom::AeTitle;
use crate::digest::Sha256;

/// The version of this form.
pub(super) const VERSION: u32 = 2;

/// Bytes of the longest manifest that is read.
pub(super) const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;

/// A tongue in which records are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tongue {
    /// JSON Lines.
    Jsonl,
    /// CSV (RFC 4180).
    Csv,
    /// DICOM audit trail messages (PS3.15 A.5).
    Dicom,
    /// FHIR R4 AuditEvents, one by one and as a bundle.
    Fhir,
    /// A page for printing.
    Html,
}

impl Tongue {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Jsonl, Self::Csv, Self::Dicom, Self::Fhir, Self::Html];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Dicom => "dicom",
            Self::Fhir => "fhir",
            Self::Html => "html",
        }
    }
}

impl fmt::Display for Tongue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word for no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such format; one of {}", Tongue::ALL.map(Tongue::as_str).join(", "))]
pub struct NoSuchTongue;

impl FromStr for Tongue {
    type Err = NoSuchTongue;

    fn from_str(text: &str) -> Result<Self, NoSuchTongue> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.as_str() == text).ok_or(NoSuchTongue)
    }
}

/// Entries of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The first.
    pub from: u64,
    /// The one after the last.
    pub until: u64,
}

/// A file of the export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its path in the folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: Sha256,
}

/// The checkpoint that everything is proven under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Under {
    /// The log's origin.
    pub origin: String,
    /// Entries that it is about.
    pub size: u64,
    /// The tree's root.
    pub root: Sha256,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// 2.
    pub version: u32,
    /// Whose ledger.
    pub institution: InstitutionSlug,
    /// What institutions were called in the formats.
    pub names: BTreeMap<InstitutionSlug, String>,
    /// The machine that is named in the formats.
    pub host: String,
    /// The gateway's own AE titles, as the formats name them.
    pub aes: BTreeSet<AeTitle>,
    /// When it was made (RFC 3339, UTC).
    pub made: String,
    /// For whom.
    pub by: String,
    /// The zone of local times.
    pub time_zone: String,
    /// In which formats.
    pub formats: Vec<Tongue>,
    /// Every entry of it travels along.
    pub range: Span,
    /// Which entries of the range are told of.
    pub filter: Filter,
    /// How many these are.
    pub records: u64,
    /// Sealed details were told.
    pub identified: bool,
    /// How often the gateway was down, or its clock set, within the range.
    pub gaps: u64,
    /// Under which the range is proven.
    pub checkpoint: Under,
    /// Every file but the manifest and what belongs to its signature, by name.
    pub files: Vec<Listed>,
}
