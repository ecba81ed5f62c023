use super::*;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use rustix::io::Errno;

use crate::ledger::fixtures::own;

mod damage;
mod failing;
mod limits;

/// Calls that fail on demand: the one of this number, or all from it on, as after a crash.
#[derive(Clone, Debug, Default)]
struct FaultyCalls(Arc<Mutex<Faults>>);

#[derive(Debug, Default)]
struct Faults {
    /// Calls so far, but for [`Calls::free_bytes`].
    made: Vec<&'static str>,
    fails: Option<(usize, Errno)>,
    goes_on: bool,
    free: Option<u64>,
}

impl FaultyCalls {
    /// The call after `calls` more ones fails.
    fn fail_after(&self, calls: usize, errno: Errno) {
        let mut faults = self.0.lock().unwrap();
        faults.fails = Some((faults.made.len() + calls, errno));
    }

    /// The process dies before the call after `calls` more ones: nothing is done any more.
    fn die_after(&self, calls: usize) {
        self.fail_after(calls, Errno::IO);
        self.0.lock().unwrap().goes_on = true;
    }

    fn set_free(&self, bytes: u64) {
        self.0.lock().unwrap().free = Some(bytes);
    }

    /// What was called since the first `calls`.
    fn made_since(&self, calls: usize) -> Vec<&'static str> {
        self.0.lock().unwrap().made[calls..].to_vec()
    }

    fn made(&self) -> usize {
        self.0.lock().unwrap().made.len()
    }

    fn call(&self, name: &'static str) -> io::Result<()> {
        let mut faults = self.0.lock().unwrap();
        let number = faults.made.len();
        faults.made.push(name);
        let fails = |(at, _): &(usize, Errno)| number == *at || (faults.goes_on && number > *at);
        fail(faults.fails.filter(fails).map(|(_, errno)| errno))
    }
}

fn fail(fault: Option<Errno>) -> io::Result<()> {
    fault.map_or(Ok(()), |errno| Err(errno.into()))
}

impl Calls for FaultyCalls {
    fn create(&self, folder: &File, name: &OsStr) -> io::Result<File> {
        self.call("create")?;
        RealCalls.create(folder, name)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.call("write") {
            // Half of it gets through.
            file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        RealCalls.write_at(file, bytes, offset)
    }

    /// Syncs nothing: these tests do not cut the power, and there are many of them.
    fn sync_file(&self, _: &File) -> io::Result<()> {
        self.call("sync file")
    }

    fn sync_folder(&self, _: &File) -> io::Result<()> {
        self.call("sync folder")
    }

    fn link(&self, from: (&File, &OsStr), to: (&File, &OsStr)) -> io::Result<()> {
        self.call("link")?;
        RealCalls.link(from, to)
    }

    fn rename(&self, from: (&File, &OsStr), to: (&File, &OsStr)) -> io::Result<()> {
        self.call("rename")?;
        RealCalls.rename(from, to)
    }

    fn unlink(&self, folder: &File, name: &OsStr) -> io::Result<()> {
        self.call("unlink")?;
        RealCalls.unlink(folder, name)
    }

    fn make_folder(&self, folder: &File, name: &OsStr) -> io::Result<()> {
        self.call("make folder")?;
        RealCalls.make_folder(folder, name)
    }

    fn free_bytes(&self, _: &File) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().free.unwrap_or(u64::MAX))
    }
}

struct Site {
    dir: tempfile::TempDir,
    key: Secret,
    settings: config::Spool,
    calls: FaultyCalls,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            key: Secret([7; 32]),
            settings: settings(dir.path().join("spool")),
            calls: FaultyCalls::default(),
            dir,
        }
    }

    fn try_open(&self) -> Result<(Spool, Vec<Found>), SpoolError> {
        let calls = Box::new(self.calls.clone());
        let (spool, found) = Spool::open_on(calls, &self.settings, &self.key)?;
        Ok((spool, found.collect()))
    }

    fn open(&self) -> (Spool, Vec<Found>) {
        self.try_open().unwrap()
    }

    /// As after a crash: with calls that work.
    fn recover(&mut self) -> (Spool, Vec<Found>) {
        self.calls = FaultyCalls::default();
        self.open()
    }

    fn path(&self, below: &str) -> PathBuf {
        self.settings.dir.join(below)
    }

    /// Every file of the spool, from its folder on, sorted.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.settings.dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let below = path.strip_prefix(&self.settings.dir).unwrap();
                    files.push(below.to_str().unwrap().to_owned());
                }
            }
        }
        files.sort();
        files
    }
}

fn settings(dir: PathBuf) -> config::Spool {
    config::Spool {
        dir,
        bytes_max: 1 << 30,
        objects_max: 1_000,
        free_bytes_min: 0,
        memory_bytes_max: 1 << 20,
        retry_first: Duration::from_secs(1),
        retry_max: Duration::from_secs(15),
        tries_max: 100,
        tries_refused_max: 3,
    }
}

fn peer(name: &str) -> PeerName {
    name.parse().unwrap()
}

/// Bytes that differ from place to place.
fn data(bytes: usize) -> Vec<u8> {
    let byte = |place: usize| (place.wrapping_mul(2_654_435_761) >> 11).to_le_bytes()[0];
    (0..bytes).map(byte).collect()
}

fn keep(spool: &Spool, about: &[u8], data: &[u8], queues: &[PeerName]) -> ObjectId {
    let mut draft = spool.begin(about).unwrap();
    draft.write(data).unwrap();
    draft.keep(queues).unwrap()
}

/// All of an object's data.
fn read(spool: &Spool, queue: &PeerName, id: ObjectId, place: Place) -> Vec<u8> {
    let mut reader = spool.read(queue, id, place).unwrap();
    let mut read = Vec::new();
    while let Some(piece) = reader.next().unwrap() {
        assert!(!piece.is_empty());
        read.extend_from_slice(&piece);
    }
    assert_eq!(reader.bytes(), read.len() as u64);
    assert!(reader.next().unwrap().is_none());
    read
}

#[test]
fn an_object_comes_out_as_it_went_in() {
    let site = Site::new();
    let root = site.dir.path();
    let keys = Keys::open(&root.join("keys"), &root.join("data"), &own()).unwrap();
    let (spool, found) = Spool::open(&site.settings, &keys).unwrap();
    assert_eq!(found.count(), 0);
    let to = peer("pacs");
    let sizes = [
        0, 1, 100, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 262_144, 262_145, 3_000_000,
    ];
    let abouts = [0, 1, 8_087, 8_088, 8_089, 8_192, 65_535, 65_536];
    let mut kept = Vec::new();
    for (number, size) in sizes.into_iter().enumerate() {
        let (about, bytes) = (data(abouts[number % abouts.len()]), data(size));
        let mut draft = spool.begin(&about).unwrap();
        for piece in bytes.chunks([7_001, 65_536, 1 << 20][number % 3]) {
            draft.write(piece).unwrap();
            draft.write(b"").unwrap();
        }
        assert_eq!(draft.bytes(), size as u64);
        let id = draft.keep(std::slice::from_ref(&to)).unwrap();
        assert_eq!(read(&spool, &to, id, Place::Waiting), bytes);
        kept.push((id, about, bytes));
    }
    let used = spool.used();
    assert_eq!(used.objects, sizes.len() as u64);
    drop(spool);
    let (spool, found) = Spool::open(&site.settings, &keys).unwrap();
    let found: Vec<Found> = found.collect();
    assert_eq!(spool.used(), used);
    assert!(kept.iter().map(|one| one.0).is_sorted());
    assert_eq!(found.len(), kept.len());
    for (found, (id, about, bytes)) in found.into_iter().zip(kept) {
        assert_eq!((found.id, found.place), (id, Place::Waiting));
        assert_eq!(found.bytes, bytes.len() as u64);
        assert_eq!((found.about, found.note), (about, None));
        assert_eq!(read(&spool, &to, id, Place::Waiting), bytes);
    }
}

#[test]
fn an_object_in_several_queues_is_one_file_and_goes_with_the_last() {
    let site = Site::new();
    let (spool, _) = site.open();
    let (one, two) = (peer("pacs"), peer("archive"));
    let bytes = data(100_000);
    let id = keep(
        &spool,
        b"x",
        &bytes,
        &[one.clone(), two.clone(), one.clone()],
    );
    let used = spool.used();
    assert_eq!(used.objects, 1);
    assert!(used.bytes < 101_000);
    spool.remove(&one, id, Place::Waiting).unwrap();
    assert_eq!(spool.used(), used);
    assert_eq!(read(&spool, &two, id, Place::Waiting), bytes);
    let again = spool.remove(&one, id, Place::Waiting);
    assert!(matches!(again, Err(SpoolError::Missing { .. })));
    drop(spool);
    let (spool, found) = site.open();
    assert_eq!((found.len(), spool.used()), (1, used));
    // Whoever reads is not disturbed.
    let mut reader = spool.read(&two, id, Place::Waiting).unwrap();
    spool.remove(&two, id, Place::Waiting).unwrap();
    assert_eq!((spool.used().objects, spool.used().bytes), (0, 0));
    assert_eq!(reader.next().unwrap().unwrap(), bytes[..65_536]);
    assert_eq!(site.files(), ["lock", "number"]);
}

#[test]
fn an_object_is_put_elsewhere_with_a_note() {
    let site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    let id = keep(&spool, b"about", b"data", std::slice::from_ref(&to));
    let note = Some(&b"A700H"[..]);
    spool
        .put(&to, id, Place::Waiting, Place::Dead, note)
        .unwrap();
    let again = spool.put(&to, id, Place::Waiting, Place::Dead, note);
    assert!(matches!(again, Err(SpoolError::Missing { .. })));
    drop(spool);
    let (spool, found) = site.open();
    assert_eq!(found[0].place, Place::Dead);
    assert_eq!(found[0].note.as_deref(), note);
    let other = Some(&b"another"[..]);
    spool.put(&to, id, Place::Dead, Place::Dead, other).unwrap();
    drop(spool);
    let (spool, found) = site.open();
    assert_eq!(found[0].note.as_deref(), other);
    spool
        .put(&to, id, Place::Dead, Place::Waiting, None)
        .unwrap();
    assert_eq!(read(&spool, &to, id, Place::Waiting), b"data");
    assert_eq!(site.files(), ["lock", "number", "queues/pacs/waiting/1"]);
    spool
        .put(&to, id, Place::Waiting, Place::Delivered, None)
        .unwrap();
    assert_eq!(read(&spool, &to, id, Place::Delivered), b"data");
    spool.remove(&to, id, Place::Delivered).unwrap();
    assert_eq!(spool.used().objects, 0);
}

#[test]
fn what_is_forgotten_is_not_there_any_more() {
    let site = Site::new();
    let (spool, _) = site.open();
    spool.remember("parcel-1", b"one").unwrap();
    spool.remember("parcel-2", b"two").unwrap();
    spool.remember("takes", b"other").unwrap();
    spool.forget("parcel-1").unwrap();
    spool.forget("parcel-1").unwrap();
    assert_eq!(spool.remembered("parcel-1").unwrap(), None);
    let names = spool.remembered_names("parcel-").unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["parcel-2"]);
}

#[test]
fn what_is_forgotten_is_overwritten_before_it_goes() {
    let site = Site::new();
    let (spool, _) = site.open();
    spool.remember("parcel-1", b"key").unwrap();
    let file = File::open(site.path("remembered/parcel-1")).unwrap();
    let bytes = file.metadata().unwrap().len();
    let before = site.calls.made();
    spool.forget("parcel-1").unwrap();
    assert_eq!(
        site.calls.made_since(before),
        ["write", "sync file", "unlink", "sync folder"]
    );
    // What has no name any more can still be read by who had it open.
    let mut left = vec![1; usize::try_from(bytes).unwrap()];
    file.read_exact_at(&mut left, 0).unwrap();
    assert!(left.iter().all(|byte| *byte == 0));
}

#[test]
fn what_cannot_be_overwritten_for_want_of_room_goes_all_the_same() {
    let site = Site::new();
    let (spool, _) = site.open();
    spool.remember("parcel-1", b"key").unwrap();
    site.calls.fail_after(0, Errno::NOSPC);
    spool.forget("parcel-1").unwrap();
    assert_eq!(spool.remembered("parcel-1").unwrap(), None);
    assert!(!spool.is_poisoned());
}

#[test]
fn pauses_and_what_is_remembered_outlast_a_restart() {
    let site = Site::new();
    let (spool, _) = site.open();
    for name in ["pacs", "..", "archive"] {
        spool.set_paused(&peer(name), true).unwrap();
        spool.set_paused(&peer(name), true).unwrap();
    }
    spool.set_paused(&peer("archive"), false).unwrap();
    spool.set_paused(&peer("archive"), false).unwrap();
    assert_eq!(spool.remembered("accepted").unwrap(), None);
    spool.remember("accepted", b"first").unwrap();
    spool.remember("accepted", b"second").unwrap();
    spool.remember("other", b"").unwrap();
    for bad in ["", "..", "a/b", "A", &"a".repeat(41)] {
        let refused = spool.remember(bad, b"");
        assert!(matches!(refused, Err(SpoolError::Name(_))), "{bad}");
        assert!(spool.remembered(bad).is_err());
    }
    drop(spool);
    let (spool, _) = site.open();
    let paused: Vec<String> = spool.paused().unwrap().into_iter().collect();
    assert_eq!(paused, ["..", "pacs"]);
    assert_eq!(spool.remembered("accepted").unwrap().unwrap(), b"second");
    assert_eq!(spool.remembered("other").unwrap().unwrap(), b"");
    // One that is put in another's place is not believed.
    fs::copy(
        site.path("remembered/other"),
        site.path("remembered/accepted"),
    )
    .unwrap();
    assert_eq!(spool.remembered("accepted").unwrap(), None);
}

#[test]
fn no_number_is_given_twice() {
    let site = Site::new();
    let to = [peer("pacs")];
    let mut last = 0;
    for _ in 0..3 {
        let (spool, _) = site.open();
        for _ in 0..3 {
            let id = keep(&spool, b"", b"", &to);
            assert!(id.number() > last);
            last = id.number();
            spool.remove(&to[0], id, Place::Waiting).unwrap();
        }
        // Given up: its number is used up too.
        drop(spool.begin(b"").unwrap());
    }
    assert_eq!(last, 2 * 1_024 + 3);
    // The mark is lost, the objects are not.
    let (spool, _) = site.open();
    let kept = keep(&spool, b"", b"", &to);
    drop(spool);
    fs::remove_file(site.path("number")).unwrap();
    let (spool, _) = site.open();
    assert!(keep(&spool, b"", b"", &to) > kept);
}

#[test]
fn numbers_are_given_to_many_threads() {
    let site = Site::new();
    let (spool, _) = site.open();
    let spool = &spool;
    let ids = std::thread::scope(|scope| {
        let keep_some = |name: &'static str| {
            move || -> Vec<ObjectId> {
                let one = |_| {
                    let id = keep(spool, name.as_bytes(), &data(1_000), &[peer(name)]);
                    spool.remove(&peer(name), id, Place::Waiting).unwrap();
                    id
                };
                (0..700).map(one).collect()
            }
        };
        let threads = ["a", "b", "c"].map(|name| scope.spawn(keep_some(name)));
        threads.map(|thread| thread.join().unwrap())
    });
    let all: BTreeSet<ObjectId> = ids.iter().flatten().copied().collect();
    assert_eq!(all.len(), 2_100);
    assert!(ids.iter().all(|ids| ids.is_sorted()));
    assert_eq!(spool.used().bytes, 0);
}

#[test]
fn a_spool_is_used_by_one_gateway_with_the_key_that_sealed_it() {
    let site = Site::new();
    let (spool, _) = site.open();
    assert!(matches!(site.try_open(), Err(SpoolError::Held(_))));
    drop(spool);
    let calls = Box::new(site.calls.clone());
    let foreign = Spool::open_on(calls, &site.settings, &Secret([8; 32]));
    assert!(matches!(foreign, Err(SpoolError::ForeignKey(_))));
    assert!(site.try_open().is_ok());
}

#[test]
fn folders_and_files_are_their_owners_alone() {
    let site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    let id = keep(&spool, b"", &data(10), std::slice::from_ref(&to));
    spool
        .put(&to, id, Place::Waiting, Place::Dead, Some(b"why"))
        .unwrap();
    spool.set_paused(&to, true).unwrap();
    spool.remember("accepted", b"x").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for file in site.files() {
        assert_eq!(mode(&site.path(&file)), 0o600, "{file}");
    }
    for folder in [
        "",
        "incoming",
        "queues",
        "queues/pacs",
        "queues/pacs/dead",
        "remembered",
    ] {
        assert_eq!(mode(&site.path(folder)), 0o700, "{folder}");
    }
    drop(spool);
    for folder in ["", "queues", "queues/pacs/waiting"] {
        let path = site.path(folder);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let refused = site.try_open().unwrap_err();
        assert!(matches!(refused, SpoolError::Exposed { .. }), "{refused}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    }
    assert!(site.try_open().is_ok());
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    let id = keep(&spool, b"", b"data", std::slice::from_ref(&to));
    let file = site.path(&format!("queues/pacs/waiting/{id}"));
    let elsewhere = site.dir.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert!(spool.read(&to, id, Place::Waiting).is_err());
    drop(spool);
    let (spool, found) = site.open();
    assert_eq!((found[0].id, &found[0].about[..]), (id, &b""[..]));
    spool.remove(&to, id, Place::Waiting).unwrap();
    assert!(elsewhere.exists() && !file.exists());
    drop(spool);
    let folder = site.path("queues/archive");
    std::os::unix::fs::symlink(site.dir.path(), &folder).unwrap();
    assert!(matches!(site.try_open(), Err(SpoolError::Io { .. })));
}

#[test]
fn what_a_start_does_not_know_it_leaves_alone() {
    let site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    keep(&spool, b"", b"data", std::slice::from_ref(&to));
    drop(spool);
    let strange = [
        "queues/pacs/waiting/+2",
        "queues/pacs/waiting/02",
        "queues/UPPER/x",
        "note",
    ];
    fs::create_dir(site.path("queues/UPPER")).unwrap();
    for name in strange {
        fs::write(site.path(name), b"x").unwrap();
    }
    let (_spool, found) = site.open();
    assert_eq!(found.len(), 1);
    assert!(strange.iter().all(|name| site.path(name).exists()));
}

#[test]
fn no_byte_of_an_object_is_in_clear() {
    const CANARIES: [&[u8]; 4] = [
        b"CANARY^ANNA",
        b"PID-CANARY",
        b"canary-note",
        b"1.2.3.canary",
    ];
    let site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    let mut bytes = data(300_000);
    for at in [0, 65_530, 65_536, 150_000, 299_980] {
        bytes.splice(at..at + CANARIES[0].len(), CANARIES[0].iter().copied());
    }
    let dead = keep(&spool, CANARIES[1], &bytes, std::slice::from_ref(&to));
    keep(
        &spool,
        CANARIES[1],
        CANARIES[0],
        &[to.clone(), peer("archive")],
    );
    spool
        .put(&to, dead, Place::Waiting, Place::Dead, Some(CANARIES[2]))
        .unwrap();
    spool.remember("accepted", CANARIES[3]).unwrap();
    let mut draft = spool.begin(CANARIES[1]).unwrap();
    draft.write(&bytes).unwrap();
    let files = site.files();
    assert!(
        files.iter().any(|file| file.ends_with(".draft")),
        "{files:?}"
    );
    assert_eq!(files.len(), 8, "{files:?}");
    for file in files {
        let text = fs::read(site.path(&file)).unwrap();
        for canary in CANARIES {
            // Halves too: nothing may depend on where it was cut.
            for part in [canary, &canary[..6], &canary[canary.len() - 6..]] {
                assert!(!text.windows(part.len()).any(|seen| seen == part), "{file}");
            }
        }
        let numbers = file.rsplit('/').next().unwrap();
        let known = ["lock", "number", "accepted"].contains(&numbers);
        let number = numbers.trim_end_matches(".note").trim_end_matches(".draft");
        assert!(known || number.parse::<u64>().is_ok(), "{file}");
    }
    drop(draft);
}
