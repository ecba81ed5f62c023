//! Exports of the ledger that people asked for: one is made at a time, in a folder of the data folder, and lies there
//! until it is old or was taken back. None outlives a restart.

mod sending;
mod work;

use std::collections::BTreeSet;
use std::fs;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::caller::Caller;
use super::console::Console;
use super::problem::Problem;
use super::rights::Right;
use crate::audit::ClockFace;
use crate::audit::Filter;
use crate::audit::Stop;
use crate::audit::Tongue;
use crate::storage;
use crate::time::UtcMicros;

/// Exports that are kept, the one under way included.
const KEPT_MAX: usize = 8;
/// For how long, in microseconds.
const KEPT_US: i64 = 4 * 3_600_000_000;
/// Downloads at the same time.
const DOWNLOADS_MAX: usize = 4;
/// The folder of the data folder where they lie.
const FOLDER: &str = "exports";

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Which records.
    pub(super) filter: Filter,
    /// In which formats.
    pub(super) formats: BTreeSet<Tongue>,
    /// Whether who the patients are is told.
    pub(super) identified: bool,
    /// Local times.
    pub(super) clock: ClockFace,
}

/// How far one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Stage {
    /// It is being made.
    UnderWay,
    /// It can be downloaded.
    Done,
    /// It was not made.
    Failed,
    /// Somebody did not want it any more.
    Cancelled,
}

/// An export, as those are told whose it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ListedExport {
    /// Its name in addresses.
    pub(super) id: String,
    /// Whose it is.
    pub(super) by: String,
    /// When it was asked for, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    pub(super) began: UtcMicros,
    /// In which formats.
    #[schema(value_type = Vec<String>)]
    pub(super) formats: Vec<Tongue>,
    /// Whether who the patients are is told.
    pub(super) identified: bool,
    /// The zone of local times.
    pub(super) time_zone: String,
    /// How far it is.
    pub(super) stage: Stage,
    /// Entries that are done.
    pub(super) done: u64,
    /// Of so many.
    pub(super) of: u64,
    /// Records that it tells, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) records: Option<u64>,
    /// The entry that says so, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<u64>,
    /// Bytes of its file, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    /// Until when it is kept, once it is done, in microseconds since 1970 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub(super) until: Option<UtcMicros>,
    /// Why it was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// How far one is that is being made.
#[derive(Clone, Debug, Default)]
struct Progress {
    done: Arc<AtomicU64>,
    of: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Row {
    told: ListedExport,
    progress: Progress,
    stop: Stop,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Exports {
    folder: PathBuf,
    rows: Mutex<Vec<Row>>,
    downloads: Arc<Semaphore>,
}

/// What became of one.
struct Made {
    records: u64,
    entry: u64,
    bytes: u64,
}

/// Why one was not made.
enum NotMade {
    Stopped,
    Because(String),
}

/// Takes away what exports of an earlier run left. The folder itself stays: a full disk has no room for another.
fn cleared(folder: &Path) -> io::Result<()> {
    for left in fs::read_dir(folder)? {
        let left = left?;
        match left.file_type()?.is_dir() {
            true => fs::remove_dir_all(left.path())?,
            false => fs::remove_file(left.path())?,
        }
    }
    Ok(())
}

impl Exports {
    /// None yet; what lies in this data folder is of a time before.
    ///
    /// # Errors
    /// When the folder cannot be emptied or made.
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => cleared(&folder)?,
            // A gateway starts on a full disk, too: what protects patients is recorded there.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                tracing::warn!(%error, "there is no room for exports");
            }
            Err(error) => return Err(error),
        }
        Ok(Self {
            folder,
            rows: Mutex::default(),
            downloads: Arc::new(Semaphore::new(DOWNLOADS_MAX)),
        })
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Whose they are, the newest first.
    pub(super) fn of(&self, caller: &Caller) -> Vec<ListedExport> {
        let rows = self.rows();
        let own = rows.iter().rev().filter(|row| row.told.by == caller.name);
        own.map(Row::told).collect()
    }

    /// One of them.
    pub(super) fn get(&self, caller: &Caller, id: &str) -> Option<ListedExport> {
        self.of(caller).into_iter().find(|one| one.id == id)
    }

    /// Enters a new one; gives what it is made with, and the folders that are to be removed for it.
    fn begin(
        &self,
        by: &str,
        now: UtcMicros,
        wanted: &Wanted,
    ) -> Result<(String, Progress, Stop, Vec<PathBuf>), Problem> {
        let id = storage::random_bytes::<16>();
        let id = id.map_err(|_| Problem::unavailable("there is no randomness"))?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut rows = self.rows();
        if rows.iter().any(|row| row.told.stage == Stage::UnderWay) {
            let why = "an export is being made: wait for it, or cancel it";
            return Err(Problem::refused(why));
        }
        let mut gone = Vec::new();
        while rows.len() >= KEPT_MAX {
            gone.push(self.path(&rows.remove(0).told.id));
        }
        let (progress, stop) = (Progress::default(), Stop::default());
        rows.push(Row {
            told: ListedExport {
                id: id.clone(),
                by: by.to_owned(),
                began: now,
                formats: wanted.formats.iter().copied().collect(),
                identified: wanted.identified,
                time_zone: wanted.clock.name().to_owned(),
                stage: Stage::UnderWay,
                done: 0,
                of: 0,
                records: None,
                entry: None,
                bytes: None,
                until: None,
                problem: None,
            },
            progress: progress.clone(),
            stop: stop.clone(),
        });
        Ok((id, progress, stop, gone))
    }

    fn end(&self, id: &str, now: UtcMicros, made: Result<Made, NotMade>) {
        let mut rows = self.rows();
        let Some(row) = rows.iter_mut().find(|row| row.told.id == id) else {
            return;
        };
        let told = &mut row.told;
        told.until = Some(now.plus(KEPT_US));
        match made {
            Ok(made) => {
                told.stage = Stage::Done;
                told.records = Some(made.records);
                told.entry = Some(made.entry);
                told.bytes = Some(made.bytes);
            }
            Err(NotMade::Stopped) => told.stage = Stage::Cancelled,
            Err(NotMade::Because(why)) => {
                told.stage = Stage::Failed;
                told.problem = Some(why);
            }
        }
    }

    /// The one under way is given up.
    pub(super) fn stop(&self) {
        for row in self.rows().iter() {
            row.stop.set();
        }
    }

    /// Takes out those that are old; what is to be removed of them.
    pub(super) fn sweep(&self, now: UtcMicros) -> Vec<PathBuf> {
        let mut rows = self.rows();
        let is_old = |row: &Row| row.told.until.is_some_and(|until| until <= now);
        let old: Vec<PathBuf> = rows
            .iter()
            .filter(|row| is_old(row))
            .map(|row| self.path(&row.told.id))
            .collect();
        rows.retain(|row| !is_old(row));
        old
    }

    /// Gives one up, or takes it out when it is made; what is to be removed of it. `None`: there is none.
    fn cancel(&self, caller: &Caller, id: &str) -> Option<Option<PathBuf>> {
        let mut rows = self.rows();
        let is_it = |row: &Row| row.told.id == id && row.told.by == caller.name;
        let place = rows.iter().position(is_it)?;
        let row = rows.get(place)?;
        if row.told.stage == Stage::UnderWay {
            row.stop.set();
            return Some(None);
        }
        rows.remove(place);
        Some(Some(self.path(id)))
    }
}

impl Row {
    fn told(&self) -> ListedExport {
        ListedExport {
            done: self.progress.done.load(Ordering::Relaxed),
            of: self.progress.of.load(Ordering::Relaxed),
            ..self.told.clone()
        }
    }
}

/// Removes folders of exports, elsewhere.
pub(super) async fn remove(folders: Vec<PathBuf>) {
    if folders.is_empty() {
        return;
    }
    let removing = tokio::task::spawn_blocking(move || {
        for folder in folders {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, "an old export is not removed");
                }
                _ => {}
            }
        }
    });
    let _ = removing.await;
}

impl Console {
    /// Begins an export for `caller`; its name.
    ///
    /// # Errors
    /// When they may not, another one is being made, or nothing is asked for.
    pub(super) async fn export(
        self: &Arc<Self>,
        caller: &Caller,
        wanted: Wanted,
    ) -> Result<String, Problem> {
        caller.may(Right::ExportAudit)?;
        if wanted.identified {
            caller.may(Right::SeePatients)?;
        }
        if wanted.formats.is_empty() {
            return Err(Problem::bad("formats: one at least"));
        }
        let begun = self
            .exports
            .begin(&caller.name, self.clock.now(), &wanted)?;
        let (id, progress, stop, gone) = begun;
        remove(gone).await;
        let (console, caller, name) = (Arc::clone(self), caller.clone(), id.clone());
        tokio::spawn(async move {
            let making = work::Making {
                console: Arc::clone(&console),
                caller,
                wanted,
                out: console.exports.path(&name),
                progress,
                stop,
            };
            let made = making.perform().await;
            console.exports.end(&name, console.clock.now(), made);
        });
        Ok(id)
    }

    /// Gives an export up, or throws it away.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn cancel_export(&self, caller: &Caller, id: &str) -> Result<(), Problem> {
        caller.may(Right::ExportAudit)?;
        let gone = self.exports.cancel(caller, id);
        let gone = gone.ok_or_else(Problem::not_found)?;
        remove(gone.into_iter().collect()).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::caller::By;

    fn ada(name: &str) -> Caller {
        Caller {
            name: name.to_owned(),
            by: By::Socket,
        }
    }

    fn wanted() -> Wanted {
        Wanted {
            filter: Filter::default(),
            formats: BTreeSet::from([Tongue::Csv]),
            identified: false,
            clock: ClockFace::utc(),
        }
    }

    fn exports() -> (tempfile::TempDir, Exports) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("exports/old")).unwrap();
        let exports = Exports::open(dir.path()).unwrap();
        assert!(!dir.path().join("exports/old").exists());
        (dir, exports)
    }

    fn made() -> Result<Made, NotMade> {
        Ok(Made {
            records: 1,
            entry: 2,
            bytes: 3,
        })
    }

    #[test]
    fn one_is_made_at_a_time_and_seen_by_whose_it_is() {
        let (_dir, exports) = exports();
        let (id, ..) = exports.begin("ada", UtcMicros(0), &wanted()).unwrap();
        assert!(exports.begin("bob", UtcMicros(0), &wanted()).is_err());
        assert!(exports.get(&ada("bob"), &id).is_none());
        exports.end(&id, UtcMicros(0), made());
        let told = exports.get(&ada("ada"), &id).unwrap();
        assert_eq!((told.stage, told.entry), (Stage::Done, Some(2)));
        assert!(exports.cancel(&ada("bob"), &id).is_none());
        assert!(matches!(exports.cancel(&ada("ada"), &id), Some(Some(_))));
        assert!(exports.of(&ada("ada")).is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_in_age() {
        let (_dir, exports) = exports();
        let mut gone = 0;
        for _ in 0..KEPT_MAX + 3 {
            let (id, .., removed) = exports.begin("ada", UtcMicros(0), &wanted()).unwrap();
            gone += removed.len();
            exports.end(&id, UtcMicros(0), made());
        }
        assert_eq!((gone, exports.of(&ada("ada")).len()), (3, KEPT_MAX));
        assert!(exports.sweep(UtcMicros(KEPT_US - 1)).is_empty());
        assert_eq!(exports.sweep(UtcMicros(KEPT_US)).len(), KEPT_MAX);
        assert!(exports.of(&ada("ada")).is_empty());
    }

    #[test]
    fn what_is_given_up_says_so_when_it_has_ended() {
        let (_dir, exports) = exports();
        let (id, _, stop, _) = exports.begin("ada", UtcMicros(0), &wanted()).unwrap();
        assert!(matches!(exports.cancel(&ada("ada"), &id), Some(None)));
        assert!(stop.is_set());
        exports.end(&id, UtcMicros(0), Err(NotMade::Stopped));
        let told = exports.get(&ada("ada"), &id).unwrap();
        assert_eq!(told.stage, Stage::Cancelled);
        assert!(exports.begin("bob", UtcMicros(0), &wanted()).is_ok());
    }
}
