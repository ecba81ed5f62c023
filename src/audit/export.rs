//! An export that is evidence: what was asked for, in the formats that were asked for, and beside it every
//! public line of the range with the proofs that these are the ledger's, so that nothing can have been left out.
//!
//! | file | what |
//! |---|---|
//! | `audit.*` and others | the records, in each format |
//! | `entries.jsonl` | every line of the range |
//! | `last.tlog-proof` | that its last line is in the ledger; each line names the digest of the one before |
//! | `earlier/N.json`, `.tlog-proof` | decisions before the range that entries in it follow from |
//! | `genesis.json`, `.tlog-proof` | the ledger's first line: it names the key that signs the manifest |
//! | `gaps.jsonl` | when the gateway was down, or its clock was set |
//! | `checkpoint`, `ledger.vkey` | what all is proven under |
//! | `manifest.json`, `.sig`, `key.pem` | all of this, signed |

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::audit_event::AuditEventBundle;
use super::audit_event::AuditEvents;
use super::audit_message::DicomAudit;
use super::clock_face::ClockFace;
use super::csv::Csv;
use super::filter::Filter;
use super::folder::Filling;
use super::folder::FolderError;
use super::folder::Stop;
use super::format::Format;
use super::format::Site;
use super::gaps::Gaps;
use super::html::Html;
use super::jsonl::JsonLines;
use super::manifest::Manifest;
use super::manifest::Span;
use super::manifest::Tongue;
use super::manifest::Under;
use super::manifest::VERSION;
use super::reading::Reading;
use super::reading::ReadingError;
use super::record::Record;
use crate::contract::Signature;
use crate::digest::canonical_json;
use crate::ledger::LogKey;
use crate::storage;
use crate::storage::JournalReader;
use crate::storage::Keyring;
use crate::storage::ProveError;
use crate::storage::ReadError;
use crate::time::UtcMicros;

pub(super) const ENTRIES: &str = "entries.jsonl";
pub(super) const CHECKPOINT: &str = "checkpoint";
pub(super) const VKEY: &str = "ledger.vkey";
pub(super) const GENESIS: &str = "genesis";
pub(super) const LAST: &str = "last";
pub(super) const EARLIER: &str = "earlier";
pub(super) const GAPS: &str = "gaps.jsonl";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SIGNATURE: &str = "manifest.sig";
pub(super) const PUBLIC_KEY: &str = "key.pem";

/// Begins an Ed25519 public key in DER (RFC 8410 §4): the 32 bytes follow.
const SPKI_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Decisions before the range that are proven one by one, at most: the manifest names two files for each.
const EARLIER_MAX: usize = 2_000;

/// What is asked for.
#[derive(Debug)]
pub struct Order {
    /// The data folder.
    pub data_dir: PathBuf,
    /// Which records.
    pub filter: Filter,
    /// In which formats.
    pub formats: BTreeSet<Tongue>,
    /// Whose ledger.
    pub site: Site,
    /// Local times.
    pub clock: ClockFace,
    /// For whom.
    pub by: String,
    /// When.
    pub made: UtcMicros,
    /// Ends it before it is done.
    pub stop: Stop,
}

/// What was exported.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The signed text.
    pub manifest: Manifest,
    /// The entry that says so.
    pub entry: u64,
}

/// A manifest's signature, and where the ledger says that it was given.
#[derive(Clone, Debug)]
pub struct Signed {
    /// That entry.
    pub entry: u64,
    /// The key.
    pub key: LogKey,
    /// Over the manifest's bytes.
    pub signature: Signature,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The folder for it cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Something is already there.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The ledger cannot be told.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The lines cannot be copied.
    #[error(transparent)]
    Lines(#[from] storage::ExportError),
    /// They cannot be proven.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// Nothing is signed for yet, or nothing of what was asked for.
    #[error("no entry of that time is signed for yet")]
    Nothing,
    /// Too much of the range rests on what was decided before it.
    #[error("entries of the range follow from more than {EARLIER_MAX} decisions before it")]
    Earlier,
    /// The gateway did not sign.
    #[error("the manifest is not signed: {0}")]
    Unsigned(String),
    /// It was stopped.
    #[error("stopped: nothing is left of it")]
    Stopped,
    /// The manifest has no text.
    #[error("the manifest cannot be written")]
    Manifest,
}

impl From<ReadError> for AuditError {
    fn from(error: ReadError) -> Self {
        Self::Reading(error.into())
    }
}

/// The files of a format.
pub(super) fn formats(tongue: Tongue, site: &Site, clock: &ClockFace) -> Vec<Box<dyn Format>> {
    match tongue {
        Tongue::Jsonl => vec![Box::new(JsonLines)],
        Tongue::Csv => vec![Box::new(Csv::new(clock.clone()))],
        Tongue::Dicom => vec![Box::new(DicomAudit::new(site.clone()))],
        Tongue::Fhir => vec![
            Box::new(AuditEvents::new(site.clone())),
            Box::new(AuditEventBundle::new(site.clone())),
        ],
        Tongue::Html => vec![Box::new(Html::new(site.clone(), clock.clone()))],
    }
}

/// Makes the folder `out`. `keyring`: sealed details are told. `progress` hears how many entries of how many are
/// done. `sign` has the manifest recorded and signed.
///
/// # Errors
/// When there is no such export. Nothing is left then at `out`; what had been begun lies beside it, its name
/// ending in `.partial`, without a manifest, and only when it could not be removed.
pub fn export(
    order: &Order,
    out: &Path,
    keyring: Option<Keyring>,
    progress: &mut dyn FnMut(u64, u64),
    sign: impl FnOnce(&str) -> Result<Signed, String>,
) -> Result<Exported, AuditError> {
    if out.exists() {
        return Err(AuditError::Exists(out.to_owned()));
    }
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let folder = Filling::begin(&partial, order.stop.clone())?;
    let exported = fill(order, folder, out, keyring, progress, sign);
    if exported.is_err() {
        let _ = fs::remove_dir_all(&partial);
        if order.stop.is_set() {
            return Err(AuditError::Stopped);
        }
    }
    exported
}

fn fill(
    order: &Order,
    mut folder: Filling,
    out: &Path,
    keyring: Option<Keyring>,
    progress: &mut dyn FnMut(u64, u64),
    sign: impl FnOnce(&str) -> Result<Signed, String>,
) -> Result<Exported, AuditError> {
    let dir = &order.data_dir;
    let (checkpoint, note) = storage::newest_checkpoint(dir)?.ok_or(AuditError::Nothing)?;
    let key = storage::read_vkey(dir).map_err(ProveError::from)?;
    let key = key.ok_or(AuditError::Nothing)?;
    let range = span(order, checkpoint.size)?;
    let files = evidence(order, range, &note, keyring, &mut folder, progress)?;
    folder.add(CHECKPOINT, note.as_bytes())?;
    folder.add(VKEY, format!("{key}\n").as_bytes())?;
    let manifest = Manifest {
        version: VERSION,
        institution: order.site.own.clone(),
        names: order.site.names.clone(),
        host: order.site.host.clone(),
        aes: order.site.aes.clone(),
        made: order.made.to_string(),
        by: order.by.clone(),
        time_zone: order.clock.name().to_owned(),
        formats: order.formats.iter().copied().collect(),
        range,
        filter: order.filter.clone(),
        records: files.records,
        identified: files.identified,
        gaps: files.gaps,
        checkpoint: Under {
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            root: checkpoint.root,
        },
        files: folder.listed(),
    };
    let text = canonical_json(&manifest).map_err(|_| AuditError::Manifest)? + "\n";
    let signed = sign(&text).map_err(AuditError::Unsigned)?;
    folder.add(MANIFEST, text.as_bytes())?;
    folder.add(SIGNATURE, signed.signature.as_bytes())?;
    folder.add(PUBLIC_KEY, pem(&signed.key).as_bytes())?;
    folder.finish(out)?;
    Ok(Exported {
        manifest,
        entry: signed.entry,
    })
}

/// Writes the lines of a range, what is told of them, and that they are the ledger's.
fn evidence(
    order: &Order,
    range: Span,
    note: &str,
    keyring: Option<Keyring>,
    folder: &mut Filling,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Told, AuditError> {
    let dir = &order.data_dir;
    let mut entries = folder.file(ENTRIES)?;
    storage::write_range(dir, range.from..range.until, &mut entries)?;
    folder.done(entries)?;
    let told = tell(order, range, keyring, folder, progress)?;
    for seq in &told.earlier {
        prove(folder, dir, *seq, note, &format!("{EARLIER}/{seq}"), true)?;
    }
    prove(folder, dir, 0, note, GENESIS, true)?;
    prove(
        folder,
        dir,
        range.until.saturating_sub(1),
        note,
        LAST,
        false,
    )?;
    Ok(told)
}

/// What became of the records.
struct Told {
    records: u64,
    gaps: u64,
    identified: bool,
    earlier: BTreeSet<u64>,
}

/// Writes the records of a range in every format, and its gaps.
fn tell(
    order: &Order,
    range: Span,
    keyring: Option<Keyring>,
    folder: &mut Filling,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Told, AuditError> {
    let journal = JournalReader::new(&order.data_dir);
    let mut reading = Reading::of_journal(journal.clone(), keyring);
    let mut told = Told {
        records: 0,
        gaps: 0,
        identified: reading.identifies(),
        earlier: BTreeSet::new(),
    };
    let mut files = Vec::new();
    for tongue in &order.formats {
        for mut format in formats(*tongue, &order.site, &order.clock) {
            let mut file = folder.file(format.file())?;
            file.put(|out| format.begin(out))?;
            files.push((format, file));
        }
    }
    let (mut found, mut gaps_file) = (Gaps::default(), folder.file(GAPS)?);
    let of = range.until.saturating_sub(range.from);
    let mut next = range.from;
    for stored in journal.entries(range.from) {
        let record = reading.record(stored?)?;
        next = record.entry.seq.saturating_add(1);
        progress(record.entry.seq.saturating_sub(range.from), of);
        if order.stop.is_set() {
            return Err(AuditError::Stopped);
        }
        if let Some(gap) = found.before(&record.entry) {
            let line = canonical_json(&gap).map_err(|_| AuditError::Manifest)?;
            gaps_file.put(|out| writeln!(out, "{line}"))?;
            told.gaps = told.gaps.saturating_add(1);
        }
        if let Some(decision) = Record::follows(record.body())
            && decision < range.from
        {
            told.earlier.insert(decision);
            if told.earlier.len() > EARLIER_MAX {
                return Err(AuditError::Earlier);
            }
        }
        if order.filter.takes(&record) {
            told.records = told.records.saturating_add(1);
            for (format, file) in &mut files {
                file.put(|out| format.record(out, &record))?;
            }
        }
        if next >= range.until {
            break;
        }
    }
    if next < range.until {
        return Err(AuditError::Nothing);
    }
    for (mut format, mut file) in files {
        file.put(|out| format.end(out))?;
        folder.done(file)?;
    }
    folder.done(gaps_file)?;
    Ok(told)
}

/// The entries that can be of the time that is asked for, as far as they are signed for.
fn span(order: &Order, size: u64) -> Result<Span, AuditError> {
    let journal = JournalReader::new(&order.data_dir);
    let first = |at: Option<UtcMicros>, absent: u64| match at {
        Some(at) => first_from(&journal, size, at),
        None => Ok(absent),
    };
    let from = first(order.filter.from, 0)?;
    let until = first(order.filter.to, size)?;
    if from >= until {
        return Err(AuditError::Nothing);
    }
    Ok(Span { from, until })
}

/// The first of the first `size` entries that is not before `at`; `size` when there is none. The ledger's time never
/// runs back.
///
/// # Errors
/// When the journal cannot be read.
pub fn first_from(journal: &JournalReader, size: u64, at: UtcMicros) -> Result<u64, ReadError> {
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low.midpoint(high);
        let stored = journal.get(middle)?;
        match stored.is_some_and(|stored| stored.entry.ledger_time < at) {
            true => low = middle.saturating_add(1),
            false => high = middle,
        }
    }
    Ok(low)
}

/// Adds the proof of an entry, and its line.
fn prove(
    folder: &mut Filling,
    dir: &Path,
    seq: u64,
    note: &str,
    name: &str,
    with_line: bool,
) -> Result<(), AuditError> {
    let proved = storage::prove(dir, seq, Some(note.to_owned()))?;
    let proof = proved.proof.to_string();
    let file = format!("{name}.tlog-proof");
    folder.add(&file, proof.as_bytes())?;
    if with_line {
        let line = proved.line + "\n";
        let file = format!("{name}.json");
        folder.add(&file, line.as_bytes())?;
    }
    Ok(())
}

/// The public key as other software reads it (RFC 7468, RFC 8410).
pub(super) fn pem(key: &LogKey) -> String {
    let der = [&SPKI_HEAD[..], key.public()].concat();
    let text = STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
}
