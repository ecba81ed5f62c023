//! Each system call fails in turn, and the process dies before each of them.

use super::*;

const ABOUT: &[u8] = b"about";

/// The queues of the objects in these tests.
fn destinations(count: usize) -> Vec<PeerName> {
    ["pacs", "archive", "research"]
        .into_iter()
        .take(count)
        .map(peer)
        .collect()
}

/// Large enough to be written in several parts.
fn object() -> Vec<u8> {
    data(600_000)
}

/// Receives an object for `count` destinations, which have no queue yet.
fn receive(spool: &Spool, count: usize) -> Result<ObjectId, SpoolError> {
    let mut draft = spool.begin(ABOUT)?;
    draft.write(&object())?;
    draft.keep(&destinations(count))
}

/// How many calls the reception of an object needs.
fn calls_of_reception(count: usize) -> Vec<&'static str> {
    let site = Site::new();
    let (spool, _) = site.open();
    let before = site.calls.made();
    receive(&spool, count).unwrap();
    site.calls.made_since(before)
}

/// After a restart: whatever is there is whole, no draft is left, and the counts are right.
fn assert_sound(site: &mut Site) -> (Spool, Vec<Found>) {
    let (spool, found) = site.recover();
    let ids: BTreeSet<ObjectId> = found.iter().map(|one| one.id).collect();
    assert_eq!(spool.used().objects, ids.len() as u64);
    for one in &found {
        assert_eq!(one.about, ABOUT);
        assert_eq!(read(&spool, &one.queue, one.id, one.place), object());
    }
    let drafts = |file: &String| file.ends_with(".draft");
    assert!(!site.files().iter().any(drafts), "{:?}", site.files());
    (spool, found)
}

#[test]
fn an_object_is_synced_before_it_is_named_and_every_folder_after() {
    let one = calls_of_reception(1);
    let at = one.iter().position(|call| *call == "rename");
    // The first rename is that of the mark of numbers, with its own syncs.
    let own = one.iter().skip(at.unwrap() + 2).copied();
    let made = ["make folder"; 5];
    let mut expected = vec!["create", "write", "write", "write", "write", "sync file"];
    expected.extend(made);
    expected.extend(["sync folder", "sync folder", "rename", "sync folder"]);
    assert_eq!(own.collect::<Vec<_>>(), expected);
    let three = calls_of_reception(3);
    let end: Vec<&str> = three.iter().rev().take(7).copied().collect();
    let links = ["link"; 3].into_iter().chain(["sync folder"; 3]);
    let expected: Vec<&str> = links.chain(["unlink"]).rev().collect();
    assert_eq!(end, expected);
}

#[test]
fn a_call_that_fails_leaves_no_half_object_and_only_a_failed_sync_poisons_but_for_a_drafts_room() {
    for count in [1, 3] {
        let calls = calls_of_reception(count);
        for errno in [Errno::IO, Errno::NOSPC, Errno::DQUOT] {
            // The sync before it is that of the mark of numbers.
            let of_draft = calls.iter().rposition(|call| *call == "sync file");
            for (number, call) in calls.iter().enumerate() {
                let is_draft = of_draft == Some(number);
                let mut site = Site::new();
                let (spool, _) = site.open();
                site.calls.fail_after(number, errno);
                let received = receive(&spool, count);
                let place = format!("{call}, call {number} of {count}, {errno}");
                assert_one_failure(
                    &mut site,
                    spool,
                    received,
                    (call, is_draft, errno, count),
                    &place,
                );
            }
        }
    }
}

fn assert_one_failure(
    site: &mut Site,
    spool: Spool,
    received: Result<ObjectId, SpoolError>,
    (call, is_draft, errno, count): (&str, bool, Errno, usize),
    place: &str,
) {
    let objects = || -> usize {
        let is_object = |file: &&String| file.starts_with("queues/") || file.contains("draft");
        site.files().iter().filter(is_object).count()
    };
    match received {
        Ok(id) => {
            // The removal of a name that is not needed any more, or of one that was not there.
            assert_eq!(call, "unlink", "{place}");
            assert_eq!(read(&spool, &peer("pacs"), id, Place::Waiting), object());
        }
        Err(error) => {
            let is_fatal = call.starts_with("sync") && !(is_draft && errno != Errno::IO);
            assert_eq!(error.is_fatal(), is_fatal, "{place}: {error}");
            assert_eq!(spool.is_poisoned(), error.is_fatal());
            let is_room = errno != Errno::IO && !error.is_fatal();
            assert_eq!(error.is_full(), is_room, "{place}: {error}");
            if error.is_fatal() {
                assert!(spool.begin(ABOUT).unwrap_err().is_fatal());
                assert!(!spool.has_room());
                let put = |to| spool.put(&peer("pacs"), ObjectId(1), Place::Waiting, to, None);
                assert!(put(Place::Dead).unwrap_err().is_fatal());
                assert!(spool.remember("a", b"").unwrap_err().is_fatal());
            } else {
                assert_eq!(objects(), 0, "{place}: {:?}", site.files());
                assert_eq!(
                    (spool.used().objects, spool.used().bytes),
                    (0, 0),
                    "{place}"
                );
                receive(&spool, count).unwrap();
            }
        }
    }
    drop(spool);
    let (_, found) = assert_sound(site);
    assert!(found.len() <= count, "{place}: {found:?}");
}

#[test]
fn a_process_that_dies_at_any_call_has_lost_nothing_that_it_acknowledged() {
    for count in [1, 3] {
        let calls = calls_of_reception(count).len();
        for number in 0..=calls {
            let mut site = Site::new();
            let (spool, _) = site.open();
            let first = receive(&spool, count).unwrap();
            site.calls.die_after(number);
            let second = receive(&spool, count);
            drop(spool);
            let (spool, found) = assert_sound(&mut site);
            let queues_of = |id| found.iter().filter(|one| one.id == id).count();
            assert_eq!(queues_of(first), count);
            match second {
                Ok(second) => assert_eq!(queues_of(second), count, "call {number}"),
                // Whoever was not told sends it again.
                Err(_) => assert!(found.len() <= 2 * count),
            }
            let next = receive(&spool, count).unwrap();
            assert!(found.iter().all(|one| one.id < next));
        }
    }
}

#[test]
fn a_process_that_dies_while_an_object_is_put_elsewhere_has_it_in_one_place() {
    let to = peer("pacs");
    let way = [
        (Place::Waiting, Place::Quarantined, Some(&b"why"[..])),
        (Place::Quarantined, Place::Waiting, None),
        (Place::Waiting, Place::Delivered, None),
    ];
    for number in 0..16 {
        let mut site = Site::new();
        let (spool, _) = site.open();
        let id = receive(&spool, 1).unwrap();
        site.calls.die_after(number);
        let mut told = Place::Waiting;
        let mut asked = Place::Waiting;
        for (from, place, note) in way {
            asked = place;
            match spool.put(&to, id, from, place, note) {
                Ok(()) => told = place,
                Err(_) => break,
            }
        }
        drop(spool);
        let (spool, found) = assert_sound(&mut site);
        assert_eq!(found.len(), 1);
        let (place, note) = (found[0].place, found[0].note.as_deref());
        assert!(place == told || place == asked, "call {number}: {place:?}");
        assert_eq!(note.is_some(), place == Place::Quarantined, "call {number}");
        spool.remove(&to, id, place).unwrap();
        assert_eq!(site.files(), ["lock", "number"], "call {number}");
    }
}

#[test]
fn what_a_power_cut_left_in_two_places_waits() {
    let mut site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    let id = receive(&spool, 1).unwrap();
    spool
        .put(&to, id, Place::Waiting, Place::Dead, Some(b"why"))
        .unwrap();
    drop(spool);
    let file = |place: Place| site.path(&format!("queues/pacs/{}/{id}", place.as_str()));
    fs::hard_link(file(Place::Dead), file(Place::Waiting)).unwrap();
    let (_spool, found) = assert_sound(&mut site);
    assert_eq!((found.len(), found[0].place), (1, Place::Waiting));
    assert_eq!(site.files(), ["lock", "number", "queues/pacs/waiting/1"]);
}

#[test]
fn pausing_and_remembering_fail_as_a_whole() {
    for errno in [Errno::IO, Errno::NOSPC] {
        for number in 0..7 {
            let mut site = Site::new();
            let (spool, _) = site.open();
            spool.remember("accepted", b"before").unwrap();
            site.calls.fail_after(number, errno);
            let remembered = spool.remember("accepted", b"after");
            drop(spool);
            let (spool, _) = site.recover();
            let found = spool.remembered("accepted").unwrap().unwrap();
            let fails = number < 6;
            assert_eq!(remembered.is_err(), fails, "call {number}");
            assert!(found == b"after" || (remembered.is_err() && found == b"before"));
            site.calls.fail_after(number, errno);
            let paused = spool.set_paused(&peer("pacs"), true);
            drop(spool);
            let (spool, _) = site.recover();
            let is_paused = spool.paused().unwrap().contains("pacs");
            assert!(is_paused || paused.is_err(), "call {number}");
        }
    }
}

#[test]
fn a_removed_object_is_synced_away_with_those_after_it() {
    let site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    let one = || keep(&spool, b"", b"", std::slice::from_ref(&to));
    let most = folder::REMOVALS_UNSYNCED_MAX;
    let ids: Vec<ObjectId> = (0..most).map(|_| one()).collect();
    // What is removed from another folder of the queue neither counts here nor is synced here.
    let dead: Vec<ObjectId> = (1..most).map(|_| one()).collect();
    for id in &dead {
        spool
            .put(&to, *id, Place::Waiting, Place::Dead, None)
            .unwrap();
    }
    let before = site.calls.made();
    for id in dead {
        spool.remove(&to, id, Place::Dead).unwrap();
    }
    for id in ids {
        spool.remove(&to, id, Place::Waiting).unwrap();
    }
    let calls = site.calls.made_since(before);
    let syncs = calls.iter().filter(|call| **call == "sync folder").count();
    assert_eq!(syncs, 1);
    assert_eq!(calls.last(), Some(&"sync folder"));
}

/// Calls whose folder syncs last, once they are armed, until so many threads have given their object
/// its name.
#[derive(Clone, Debug)]
struct SlowSyncs {
    state: Arc<Mutex<Slow>>,
    changed: Arc<std::sync::Condvar>,
    threads: usize,
    fails: bool,
}

#[derive(Debug, Default)]
struct Slow {
    is_armed: bool,
    named: usize,
    syncs: usize,
}

impl Calls for SlowSyncs {
    fn create(&self, folder: &File, name: &OsStr) -> io::Result<File> {
        RealCalls.create(folder, name)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        RealCalls.write_at(file, bytes, offset)
    }

    fn sync_file(&self, _: &File) -> io::Result<()> {
        Ok(())
    }

    fn sync_folder(&self, _: &File) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if !state.is_armed {
            return Ok(());
        }
        state.syncs += 1;
        while state.named < self.threads {
            state = self.changed.wait(state).unwrap();
        }
        drop(state);
        // Who gave the last name is not waiting yet, and would need a sync more.
        std::thread::sleep(Duration::from_millis(200));
        fail(self.fails.then_some(Errno::IO))
    }

    fn link(&self, from: (&File, &OsStr), to: (&File, &OsStr)) -> io::Result<()> {
        RealCalls.link(from, to)
    }

    fn rename(&self, from: (&File, &OsStr), to: (&File, &OsStr)) -> io::Result<()> {
        RealCalls.rename(from, to)?;
        self.state.lock().unwrap().named += 1;
        self.changed.notify_all();
        Ok(())
    }

    fn unlink(&self, folder: &File, name: &OsStr) -> io::Result<()> {
        RealCalls.unlink(folder, name)
    }

    fn make_folder(&self, folder: &File, name: &OsStr) -> io::Result<()> {
        RealCalls.make_folder(folder, name)
    }

    fn free_bytes(&self, _: &File) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

/// What `threads` hear that keep an object each while the first sync of their folder lasts, and how
/// many syncs there were.
fn kept_together(threads: usize, fails: bool) -> (Vec<Result<ObjectId, SpoolError>>, usize) {
    let site = Site::new();
    let calls = SlowSyncs {
        state: Arc::default(),
        changed: Arc::default(),
        threads,
        fails,
    };
    let opened = Spool::open_on(Box::new(calls.clone()), &site.settings, &site.key);
    let (spool, _) = opened.unwrap();
    // The queue is made, and numbers are reserved.
    spool.set_paused(&peer("pacs"), false).unwrap();
    drop(spool.begin(b"").unwrap());
    *calls.state.lock().unwrap() = Slow {
        is_armed: true,
        ..Slow::default()
    };
    let heard = std::thread::scope(|scope| {
        let one = || spool.begin(b"").unwrap().keep(&[peer("pacs")]);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let heard = threads.into_iter().map(|thread| thread.join().unwrap());
        heard.collect()
    });
    let syncs = calls.state.lock().unwrap().syncs;
    (heard, syncs)
}

#[test]
fn threads_share_a_sync_that_began_after_all_of_them() {
    let (heard, syncs) = kept_together(6, false);
    assert!(heard.iter().all(Result::is_ok));
    // The one that ran when they came, and one for all who came meanwhile.
    assert!((1..=2).contains(&syncs), "{syncs}");
}

#[test]
fn a_sync_that_fails_fails_for_all_who_waited_for_it() {
    let (heard, syncs) = kept_together(6, true);
    for one in heard {
        assert!(one.unwrap_err().is_fatal());
    }
    assert_eq!(syncs, 1);
}

#[test]
fn a_queue_that_was_being_made_when_the_disk_became_full_stands_in_no_starts_way() {
    let site = Site::new();
    let (spool, _) = site.open();
    keep(&spool, ABOUT, &object(), &[peer("pacs")]);
    drop(spool);
    let begin = || {
        let mut private = fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700).recursive(true);
        private.create(site.path("queues/archive/waiting")).unwrap();
    };
    begin();
    let before = site.calls.made();
    drop(site.open());
    let calls = site.calls.made_since(before);
    fs::remove_dir_all(site.path("queues/archive")).unwrap();
    let mut unmade = 0;
    for number in (0..calls.len()).filter(|number| calls[*number] == "make folder") {
        begin();
        site.calls.fail_after(number, Errno::NOSPC);
        if let Ok((_, found)) = site.try_open() {
            assert_eq!(found.len(), 1);
            unmade += usize::from(!site.path("queues/archive").exists());
        }
        let _ = fs::remove_dir_all(site.path("queues/archive"));
    }
    assert!(unmade > 0);
}

#[test]
fn a_queue_in_which_nothing_ever_was_needs_no_disk_to_be_synced() {
    let site = Site::new();
    let (spool, _) = site.open();
    let before = site.calls.made();
    site.calls.fail_after(0, Errno::NOSPC);
    spool.sync(&peer("pacs")).unwrap();
    assert_eq!(site.calls.made_since(before), Vec::<&str>::new());
}
