//! Whether an export is what it says, offline and without the ledger: signed, unchanged, of the ledger that its
//! checkpoint names, and complete.
//!
//! What is told of entries without sealed details is told once more from the lines that travel along, and
//! compared byte by byte: an export that leaves something out does not verify, whoever signed it.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::clock_face::ClockFace;
use super::export::CHECKPOINT;
use super::export::EARLIER;
use super::export::ENTRIES;
use super::export::GAPS;
use super::export::GENESIS;
use super::export::LAST;
use super::export::MANIFEST;
use super::export::PUBLIC_KEY;
use super::export::SIGNATURE;
use super::export::VKEY;
use super::export::formats;
use super::export::pem;
use super::format::Format;
use super::format::Site;
use super::gaps::Gaps;
use super::manifest::Listed;
use super::manifest::MANIFEST_BYTES_MAX;
use super::manifest::Manifest;
use super::manifest::VERSION;
use super::reading::Reading;
use super::reading::ReadingError;
use super::reading::Source;
use crate::contract::Body;
use crate::digest::Hasher;
use crate::digest::Sha256;
use crate::digest::canonical_json;
use crate::ledger::Checkpoint;
use crate::ledger::Entry;
use crate::ledger::LINE_BYTES_MAX;
use crate::ledger::LedgerProof;
use crate::ledger::LogKey;
use crate::ledger::NOTE_BYTES_MAX;
use crate::ledger::PROOF_BYTES_MAX;
use crate::ledger::line_hash;
use crate::storage::ReadError;
use crate::storage::Stored;

/// Of so many lines, one is remembered where it lies.
const EVERY: u64 = 256;

/// Why an export does not verify.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that must be there is too long to be what it should be.
    #[error("{0} is too long")]
    TooLong(String),
    /// The manifest is none.
    #[error("manifest.json is not a manifest of version {VERSION}")]
    Manifest,
    /// Another key than the one that is known.
    #[error("the export is of another ledger: its key is {0}")]
    OtherKey(Box<LogKey>),
    /// The key is none, or the checkpoint not signed with it, or not the manifest's.
    #[error("the checkpoint is not one of this ledger")]
    Checkpoint,
    /// The manifest's signature.
    #[error("the manifest is not signed by the ledger's gateway")]
    Signature,
    /// A file was changed.
    #[error("{0} is not as the manifest says")]
    Changed(String),
    /// A file is missing.
    #[error("{0} is missing")]
    Missing(String),
    /// A file came in.
    #[error("{0} does not belong to the export")]
    Unlisted(String),
    /// A line is not what must stand there.
    #[error("line {0} of entries.jsonl is not the entry that must stand there")]
    Line(u64),
    /// A proof fails.
    #[error("{0} does not prove what it should")]
    Proof(String),
    /// Told otherwise than the lines say.
    #[error("{0} is not what the entries say")]
    ToldOtherwise(String),
}

/// An export that is what it says.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it says.
    pub manifest: Manifest,
    /// The key of the ledger.
    pub key: LogKey,
}

/// Verifies the export in `dir`. `key`: the ledger's, known from elsewhere; without, the one in the folder is
/// believed.
///
/// # Errors
/// The first fault.
pub fn verify(dir: &Path, key: Option<&LogKey>) -> Result<Verified, Fault> {
    let text = text(dir, MANIFEST, MANIFEST_BYTES_MAX)?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|_| Fault::Manifest)?;
    if manifest.version != VERSION {
        return Err(Fault::Manifest);
    }
    let found = self::text(dir, VKEY, 1024)?;
    let found: LogKey = found.parse().map_err(|_| Fault::Checkpoint)?;
    if key.is_some_and(|key| *key != found) {
        return Err(Fault::OtherKey(Box::new(found)));
    }
    under(dir, &manifest, &found)?;
    let genesis = proven(dir, GENESIS, 0, &found)?;
    signed(dir, &text, &genesis)?;
    files(dir, &manifest)?;
    let lines = chained(dir, &manifest, &found)?;
    let source = Carried {
        earlier: earlier(dir, &manifest, &found)?,
        entries: dir.join(ENTRIES),
        from: manifest.range.from,
        places: lines,
    };
    told(dir, &manifest, source)?;
    Ok(Verified {
        manifest,
        key: found,
    })
}

fn read(dir: &Path, name: &str, limit: u64) -> Result<Vec<u8>, Fault> {
    let path = dir.join(name);
    // Whatever else bears the name, a pipe that nobody writes to say, is not waited for.
    if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_file()) {
        return Err(Fault::Missing(name.to_owned()));
    }
    let file = File::open(&path).map_err(fault(&path))?;
    let mut bytes = Vec::new();
    let mut limited = file.take(limit.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(fault(&path))?;
    if bytes.len() as u64 > limit {
        return Err(Fault::TooLong(name.to_owned()));
    }
    Ok(bytes)
}

fn text(dir: &Path, name: &str, limit: u64) -> Result<String, Fault> {
    let bytes = read(dir, name, limit)?;
    String::from_utf8(bytes).map_err(|_| Fault::Changed(name.to_owned()))
}

fn fault(path: &Path) -> impl Fn(io::Error) -> Fault + '_ {
    move |source| Fault::Io {
        path: path.to_owned(),
        source,
    }
}

/// The checkpoint is the ledger's, and the one that the manifest names.
fn under(dir: &Path, manifest: &Manifest, key: &LogKey) -> Result<(), Fault> {
    let note = text(dir, CHECKPOINT, NOTE_BYTES_MAX as u64)?;
    let checkpoint = Checkpoint::open(&note, key).map_err(|_| Fault::Checkpoint)?;
    let said = &manifest.checkpoint;
    let range = manifest.range;
    let fits = checkpoint.size == said.size
        && checkpoint.root == said.root
        && checkpoint.origin == said.origin
        && range.from < range.until
        && range.until <= said.size;
    fits.then_some(()).ok_or(Fault::Checkpoint)
}

/// The entry that the proof of this name is about.
fn proven(dir: &Path, name: &str, seq: u64, key: &LogKey) -> Result<Entry, Fault> {
    let line = text(dir, &format!("{name}.json"), LINE_BYTES_MAX as u64 + 1)?;
    let line = line.trim_end_matches('\n');
    proves(dir, name, seq, line, key)?;
    Entry::parse(line).map_err(|_| Fault::Proof(name.to_owned()))
}

fn proves(dir: &Path, name: &str, seq: u64, line: &str, key: &LogKey) -> Result<(), Fault> {
    let name = format!("{name}.tlog-proof");
    let proof = text(dir, &name, PROOF_BYTES_MAX as u64)?;
    let proof = LedgerProof::parse(&proof);
    let proof = proof.ok().filter(|proof| proof.index() == seq);
    let verified = proof.and_then(|proof| proof.verify(line.as_bytes(), key).ok());
    verified.map(drop).ok_or(Fault::Proof(name))
}

/// The manifest is signed with the key that the ledger's first entry names.
fn signed(dir: &Path, manifest: &str, genesis: &Entry) -> Result<(), Fault> {
    let Body::Genesis { statement_key, .. } = &genesis.event.body else {
        return Err(Fault::Signature);
    };
    let key: LogKey = statement_key.parse().map_err(|_| Fault::Signature)?;
    let signature = read(dir, SIGNATURE, 64)?;
    if !key.verifies(manifest.as_bytes(), &signature) {
        return Err(Fault::Signature);
    }
    if text(dir, PUBLIC_KEY, 1024)? != pem(&key) {
        return Err(Fault::Changed(PUBLIC_KEY.to_owned()));
    }
    Ok(())
}

/// Every file is as it was, and there is no other.
fn files(dir: &Path, manifest: &Manifest) -> Result<(), Fault> {
    let listed: BTreeMap<&str, &Listed> = manifest
        .files
        .iter()
        .map(|file| (file.name.as_str(), file))
        .collect();
    let mut found = 0_usize;
    for folder in ["", EARLIER] {
        let path = dir.join(folder);
        if !path.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&path).map_err(fault(&path))? {
            let entry = entry.map_err(fault(&path))?;
            let is_file = entry.file_type().map_err(fault(&path))?.is_file();
            let name = entry.file_name();
            let name = match folder {
                "" => name.to_string_lossy().into_owned(),
                folder => format!("{folder}/{}", name.to_string_lossy()),
            };
            match listed.get(name.as_str()) {
                Some(file) if is_file => {
                    is_as_listed(dir, file)?;
                    found = found.saturating_add(1);
                }
                None if is_file == (name != EARLIER)
                    && [MANIFEST, SIGNATURE, PUBLIC_KEY, EARLIER].contains(&name.as_str()) => {}
                Some(_) | None => return Err(Fault::Unlisted(name)),
            }
        }
    }
    let missing = listed.keys().find(|name| !dir.join(name).is_file());
    match missing {
        Some(name) => Err(Fault::Missing((*name).to_owned())),
        // A path that leads elsewhere, or a name that is listed twice.
        None if found != manifest.files.len() => Err(Fault::Manifest),
        None => Ok(()),
    }
}

fn is_as_listed(dir: &Path, file: &Listed) -> Result<(), Fault> {
    let path = dir.join(&file.name);
    let mut opened = File::open(&path).map_err(fault(&path))?;
    let mut summed = Summed::default();
    io::copy(&mut opened, &mut summed).map_err(fault(&path))?;
    match summed.is(file) {
        true => Ok(()),
        false => Err(Fault::Changed(file.name.clone())),
    }
}

/// The lines follow each other from the first to the last of the range, and the last is proven; gives where
/// some of them lie.
fn chained(dir: &Path, manifest: &Manifest, key: &LogKey) -> Result<Vec<u64>, Fault> {
    let mut places = Vec::new();
    let (mut next, mut place, mut before) = (manifest.range.from, 0_u64, None::<Sha256>);
    let mut last = String::new();
    each_line(&dir.join(ENTRIES), 0, |line| {
        let entry = Entry::parse(line).map_err(|_| Fault::Line(next))?;
        let follows = before.is_none_or(|before| before == entry.prev);
        if entry.seq != next || !follows {
            return Err(Fault::Line(next));
        }
        if next
            .saturating_sub(manifest.range.from)
            .is_multiple_of(EVERY)
        {
            places.push(place);
        }
        place = place.saturating_add(line.len() as u64 + 1);
        before = Some(line_hash(line.as_bytes()));
        next = next.saturating_add(1);
        line.clone_into(&mut last);
        Ok(true)
    })?;
    if next != manifest.range.until {
        return Err(Fault::Line(next));
    }
    proves(dir, LAST, next.saturating_sub(1), &last, key)?;
    Ok(places)
}

/// Hands over lines from a place on, until there are no more or no more are wanted.
fn each_line(
    path: &Path,
    from: u64,
    mut take: impl FnMut(&str) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let mut file = File::open(path).map_err(fault(path))?;
    file.seek(SeekFrom::Start(from)).map_err(fault(path))?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = reader.by_ref().take(LINE_BYTES_MAX as u64 + 1);
        let read = limited.read_until(b'\n', &mut line).map_err(fault(path))?;
        if read == 0 {
            return Ok(());
        }
        let whole = line.strip_suffix(b"\n");
        let text = whole.and_then(|line| std::str::from_utf8(line).ok());
        let text = text.ok_or_else(|| Fault::Changed(ENTRIES.to_owned()))?;
        if !take(text)? {
            return Ok(());
        }
    }
}

/// The decisions before the range, each proven.
fn earlier(dir: &Path, manifest: &Manifest, key: &LogKey) -> Result<BTreeMap<u64, Entry>, Fault> {
    let mut earlier = BTreeMap::new();
    for file in &manifest.files {
        let name = file.name.strip_suffix(".json");
        let Some(name) = name.filter(|name| name.starts_with(EARLIER)) else {
            continue;
        };
        let seq = name.rsplit('/').next().and_then(|seq| seq.parse().ok());
        let seq: u64 = seq.ok_or_else(|| Fault::Proof(name.to_owned()))?;
        earlier.insert(seq, proven(dir, name, seq, key)?);
    }
    Ok(earlier)
}

/// The entries that travel along.
#[derive(Debug)]
struct Carried {
    earlier: BTreeMap<u64, Entry>,
    entries: PathBuf,
    from: u64,
    /// Where every 256th line begins.
    places: Vec<u64>,
}

impl Source for Carried {
    fn get(&self, seq: u64) -> Result<Option<Stored>, ReadError> {
        let stored = |entry: Entry| Stored {
            entry,
            sealed: None,
        };
        let Some(number) = seq.checked_sub(self.from) else {
            return Ok(self.earlier.get(&seq).cloned().map(stored));
        };
        let place = usize::try_from(number / EVERY).ok();
        let Some(place) = place.and_then(|index| self.places.get(index)) else {
            return Ok(None);
        };
        let mut found = None;
        let searched = each_line(&self.entries, *place, |line| {
            let entry = Entry::read(line).ok();
            found = entry.filter(|entry| entry.seq == seq);
            Ok(found.is_none())
        });
        match searched {
            Ok(()) => Ok(found.map(stored)),
            Err(fault) => Err(ReadError::Io {
                path: self.entries.clone(),
                source: io::Error::other(fault.to_string()),
            }),
        }
    }
}

/// What is told is what the lines say: how many entries, in each format, and where the gaps are.
fn told(dir: &Path, manifest: &Manifest, source: Carried) -> Result<(), Fault> {
    let otherwise = |name: &str| Fault::ToldOtherwise(name.to_owned());
    let entries = source.entries.clone();
    let site = Site {
        own: manifest.institution.clone(),
        names: manifest.names.clone(),
        // No format of an export tells them.
        addresses: BTreeMap::new(),
        host: manifest.host.clone(),
        aes: manifest.aes.clone(),
    };
    let clock = ClockFace::of(&manifest.time_zone).map_err(|_| Fault::Manifest)?;
    let mut files: Vec<(Box<dyn Format>, Summed)> = Vec::new();
    if !manifest.identified {
        for tongue in &manifest.formats {
            for mut format in formats(*tongue, &site, &clock) {
                let mut summed = Summed::default();
                format.begin(&mut summed).map_err(fault(dir))?;
                files.push((format, summed));
            }
        }
    }
    let (mut reading, mut records) = (Reading::of(Box::new(source), None), 0_u64);
    let (mut gaps, mut gaps_told, mut found) = (Gaps::default(), Summed::default(), 0_u64);
    each_line(&entries, 0, |line| {
        let entry = Entry::read(line).map_err(|_| otherwise(ENTRIES))?;
        if let Some(gap) = gaps.before(&entry) {
            let line = canonical_json(&gap).map_err(|_| otherwise(GAPS))?;
            writeln!(gaps_told, "{line}").map_err(fault(dir))?;
            found = found.saturating_add(1);
        }
        let stored = Stored {
            entry,
            sealed: None,
        };
        let record = reading.record(stored).map_err(|error| match error {
            ReadingError::Ledger(_) | ReadingError::Sealed { .. } => otherwise(ENTRIES),
        })?;
        if manifest.filter.takes(&record) {
            records = records.saturating_add(1);
            for (format, summed) in &mut files {
                format.record(summed, &record).map_err(fault(dir))?;
            }
        }
        Ok(true)
    })?;
    if records != manifest.records || found != manifest.gaps {
        return Err(otherwise(MANIFEST));
    }
    is_listed(manifest, GAPS, &gaps_told)?;
    for (mut format, mut summed) in files {
        format.end(&mut summed).map_err(fault(dir))?;
        is_listed(manifest, format.file(), &summed)?;
    }
    Ok(())
}

fn is_listed(manifest: &Manifest, name: &str, summed: &Summed) -> Result<(), Fault> {
    let mut files = manifest.files.iter();
    let is_it = files.any(|file| file.name == name && summed.clone().is(file));
    is_it
        .then_some(())
        .ok_or_else(|| Fault::ToldOtherwise(name.to_owned()))
}

/// What was written, summed up.
#[derive(Clone, Default)]
struct Summed {
    hasher: Hasher,
    bytes: u64,
}

impl Summed {
    fn is(self, file: &Listed) -> bool {
        self.bytes == file.bytes && self.hasher.finish() == file.sha256
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
