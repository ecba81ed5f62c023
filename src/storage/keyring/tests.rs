use super::rows::ROW_BYTES;
use super::*;
use rustix::io::Errno;
use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

struct Site {
    dir: tempfile::TempDir,
    keys: Keys,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::open(
            &dir.path().join("keys"),
            &data(&dir),
            &crate::ledger::fixtures::own(),
        )
        .unwrap();
        Self { dir, keys }
    }

    fn open(&self) -> Result<Keyring, KeyringError> {
        Keyring::open(&data(&self.dir), &self.keys)
    }

    /// The keys as they lie in the folder now.
    fn keys_now(&self) -> Keys {
        let keys = self.dir.path().join("keys");
        Keys::open(&keys, &data(&self.dir), &crate::ledger::fixtures::own()).unwrap()
    }

    fn reopen(&self) -> Keyring {
        Keyring::open(&data(&self.dir), &self.keys_now()).unwrap()
    }

    fn wrapping(&self) -> Vec<u8> {
        fs::read(self.dir.path().join("keys/wrapping.key")).unwrap()
    }

    fn file(&self) -> PathBuf {
        data(&self.dir).join("keyring")
    }
}

fn set_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn epoch() -> Epoch {
    "2026/default".parse().unwrap()
}

fn data(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("data")
}

#[test]
fn a_patient_keeps_one_pseudonym() {
    let site = Site::new();
    let mut keyring = site.open().unwrap();
    assert_eq!(keyring.pseudonym_of(b"", b"4711"), None);
    let Identified::Created(first) = keyring.pseudonym_for(b"", b"4711").unwrap() else {
        panic!("known before");
    };
    let again = keyring.pseudonym_for(b"", b"4711").unwrap();
    assert_eq!(again, Identified::Known(first));
    let other = keyring
        .pseudonym_for(b"ISSUER", b"4711")
        .unwrap()
        .pseudonym();
    assert_ne!(other, first);
    let keyring = site.open().unwrap();
    assert_eq!(keyring.pseudonym_of(b"", b"4711"), Some(first));
    assert_eq!(keyring.pseudonym_of(b"ISSUER", b"4711"), Some(other));
    assert_eq!(keyring.patients(), 2);
}

#[test]
fn two_patients_cannot_be_made_to_look_alike() {
    let site = Site::new();
    let mut keyring = site.open().unwrap();
    keyring.pseudonym_for(b"a", b"b\0c").unwrap();
    let refused = keyring.pseudonym_for(b"a\0b", b"c");
    assert!(matches!(refused, Err(KeyringError::Issuer)));
    assert_eq!(keyring.pseudonym_of(b"a\0b", b"c"), None);
}

#[test]
fn nothing_of_a_patient_is_in_the_file() {
    let site = Site::new();
    let mut keyring = site.open().unwrap();
    let pseudonym = keyring
        .pseudonym_for(b"ISSUER", b"PATIENT")
        .unwrap()
        .pseudonym();
    let file = fs::read(site.file()).unwrap();
    for text in [&b"ISSUER"[..], b"PATIENT", pseudonym.as_bytes()] {
        assert!(!file.windows(text.len()).any(|bytes| bytes == text));
    }
    assert!(format!("{keyring:?}").starts_with("Keyring(1 patients, "));
}

#[test]
fn it_is_read_while_another_process_writes_and_written_by_nobody_who_reads() {
    let site = Site::new();
    let mut writer = site.open().unwrap();
    let one = writer.pseudonym_for(b"", b"1").unwrap().pseudonym();
    let details = writer.seal(&one, &epoch(), "st-anna/7", b"Doe^Jane");
    let details = details.unwrap();
    let mut reader = Keyring::read(&data(&site.dir), &site.keys_now()).unwrap();
    let before = fs::read(site.file()).unwrap();
    assert_eq!(reader.pseudonym_of(b"", b"1"), Some(one));
    let opened = reader.unseal("st-anna/7", &details).unwrap();
    assert_eq!(opened[0].details.as_deref(), Some(&b"Doe^Jane"[..]));
    assert!(matches!(
        reader.pseudonym_for(b"", b"2"),
        Err(KeyringError::Poisoned)
    ));
    assert_eq!(fs::read(site.file()).unwrap(), before);
    // Half a row: whoever is to be told of it has not been.
    writer.pseudonym_for(b"", b"3").unwrap();
    let whole = fs::read(site.file()).unwrap();
    fs::write(site.file(), &whole[..whole.len() - 40]).unwrap();
    let reader = Keyring::read(&data(&site.dir), &site.keys_now()).unwrap();
    assert_eq!(reader.pseudonym_of(b"", b"1"), Some(one));
    assert_eq!(reader.pseudonym_of(b"", b"3"), None);
    // Another key.
    let stranger = Site::new();
    let read = Keyring::read(&data(&site.dir), &stranger.keys);
    assert!(matches!(read, Err(KeyringError::ForeignKey(_))));
    // What is not there is not made.
    let nothing = Site::new();
    assert!(Keyring::read(&data(&nothing.dir), &nothing.keys).is_err());
    assert!(!nothing.file().exists());
}

#[test]
fn details_open_for_their_event_and_patient_only() {
    let site = Site::new();
    let mut keyring = site.open().unwrap();
    let one = keyring.pseudonym_for(b"", b"1").unwrap().pseudonym();
    let two = keyring.pseudonym_for(b"", b"2").unwrap().pseudonym();
    let parts = [
        keyring
            .seal(&one, &epoch(), "st-anna/7", b"Doe^Jane")
            .unwrap(),
        keyring
            .seal(&two, &epoch(), "st-anna/7", b"Roe^Richard")
            .unwrap(),
    ];
    let details = parts.concat();
    let keyring = site.open().unwrap();
    let opened = keyring.unseal("st-anna/7", &details).unwrap();
    assert_eq!(opened[0].details.as_deref(), Some(&b"Doe^Jane"[..]));
    assert_eq!((opened[1].pseudonym, opened.len()), (two, 2));
    assert!(matches!(
        keyring.unseal("st-anna/8", &details),
        Err(KeyringError::Unseal)
    ));
    let mut swapped = parts[0].clone();
    swapped[..16].copy_from_slice(two.as_bytes());
    assert!(matches!(
        keyring.unseal("st-anna/7", &swapped),
        Err(KeyringError::Unseal)
    ));
    assert!(
        keyring
            .unseal("st-anna/7", &details[..details.len() - 1])
            .is_err()
    );
    // Somebody else's keyring: the patient is not known there.
    let elsewhere = Site::new();
    let opened = elsewhere
        .open()
        .unwrap()
        .unseal("st-anna/7", &details)
        .unwrap();
    assert_eq!(opened[0].details, None);
    let unknown = elsewhere
        .open()
        .unwrap()
        .seal(&one, &epoch(), "st-anna/7", b"");
    assert!(matches!(unknown, Err(KeyringError::Unknown(_))));
}

#[test]
fn a_torn_last_row_is_dropped() {
    let site = Site::new();
    let mut keyring = site.open().unwrap();
    let mut kept = Vec::new();
    for patient in [b"1", b"2", b"3"] {
        kept.push(keyring.pseudonym_for(b"", patient).unwrap().pseudonym());
    }
    let start = fs::read(site.file()).unwrap().len();
    keyring.pseudonym_for(b"", b"torn").unwrap();
    let whole = fs::read(site.file()).unwrap();
    // This row lies across a sector's end: either sector may be missing, or both.
    assert_eq!(start / 512 + 1, whole.len() / 512);
    let mut torn: Vec<_> = (start..whole.len())
        .map(|cut| whole[..cut].to_vec())
        .collect();
    for (from, to) in [(start, 512), (512, whole.len()), (start, whole.len())] {
        let mut bytes = whole.clone();
        bytes[from..to].fill(0);
        torn.push(bytes);
    }
    for bytes in torn {
        fs::write(site.file(), bytes).unwrap();
        let mut keyring = site.open().unwrap();
        assert_eq!(keyring.pseudonym_of(b"", b"3"), Some(kept[2]));
        assert_eq!(keyring.pseudonym_of(b"", b"torn"), None);
        assert_eq!(fs::read(site.file()).unwrap().len(), start);
        let again = keyring.pseudonym_for(b"", b"torn").unwrap();
        assert!(matches!(again, Identified::Created(_)));
    }
}

#[test]
fn a_torn_first_start_is_begun_again() {
    let site = Site::new();
    drop(site.open().unwrap());
    let whole = fs::read(site.file()).unwrap();
    fs::write(site.file(), &whole[..50]).unwrap();
    let mut keyring = site.open().unwrap();
    keyring.pseudonym_for(b"", b"1").unwrap();
    assert_eq!(site.open().unwrap().patients(), 1);
}

#[test]
fn a_damaged_row_is_not_dropped() {
    let site = Site::new();
    let mut keyring = site.open().unwrap();
    for patient in [b"1", b"2", b"3"] {
        keyring.pseudonym_for(b"", patient).unwrap();
    }
    let whole = fs::read(site.file()).unwrap();
    for row in 1..4 {
        let mut bad = whole.clone();
        bad[row * ROW_BYTES + 40] ^= 1;
        fs::write(site.file(), &bad).unwrap();
        match site.open() {
            Err(KeyringError::Damaged { row: found, .. }) => assert_eq!(found as usize, row),
            other => panic!("{other:?}"),
        }
        assert_eq!(fs::read(site.file()).unwrap(), bad);
    }
    let twice = [&whole[..], &whole[ROW_BYTES..2 * ROW_BYTES]].concat();
    fs::write(site.file(), twice).unwrap();
    assert!(matches!(
        site.open(),
        Err(KeyringError::Damaged { row: 4, .. })
    ));
}

#[test]
fn another_wrapping_key_is_noticed_and_drops_nothing() {
    let site = Site::new();
    site.open().unwrap().pseudonym_for(b"", b"1").unwrap();
    let before = fs::read(site.file()).unwrap();
    let other = Site::new();
    let opened = Keyring::open(&data(&site.dir), &other.keys);
    assert!(matches!(opened, Err(KeyringError::ForeignKey(_))));
    assert_eq!(fs::read(site.file()).unwrap(), before);
}

/// Fails writes and syncs on demand.
#[derive(Clone, Debug, Default)]
struct FaultyDisk(std::sync::Arc<std::sync::Mutex<(Option<Errno>, Option<Errno>)>>);

impl Disk for FaultyDisk {
    fn preallocate(&self, file: &File, bytes: u64) -> io::Result<()> {
        RealDisk.preallocate(file, bytes)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.0.lock().unwrap().0 {
            Some(errno) => {
                file.write_all_at(&bytes[..50], offset)?;
                Err(errno.into())
            }
            None => RealDisk.write_at(file, bytes, offset),
        }
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        match self.0.lock().unwrap().1 {
            Some(errno) => Err(errno.into()),
            None => RealDisk.sync_data(file),
        }
    }
}

#[test]
fn a_full_disk_refuses_a_new_patient_and_a_failed_sync_ends_the_keyring() {
    let site = Site::new();
    let disk = FaultyDisk::default();
    let boxed = Box::new(disk.clone());
    let mut keyring = Keyring::open_on(boxed, &data(&site.dir), &site.keys).unwrap();
    keyring.pseudonym_for(b"", b"1").unwrap();
    *disk.0.lock().unwrap() = (Some(Errno::NOSPC), None);
    let refused = keyring.pseudonym_for(b"", b"2");
    assert!(matches!(refused, Err(KeyringError::NoSpace)));
    *disk.0.lock().unwrap() = (None, Some(Errno::IO));
    let failed = keyring.pseudonym_for(b"", b"2");
    assert!(matches!(failed, Err(KeyringError::Io { .. })));
    *disk.0.lock().unwrap() = (None, None);
    let failed = keyring.pseudonym_for(b"", b"2");
    assert!(matches!(failed, Err(KeyringError::Poisoned)));
    assert_eq!(keyring.pseudonym_of(b"", b"2"), None);
    assert!(keyring.pseudonym_of(b"", b"1").is_some());
}

fn erased(pseudonym: Pseudonym) -> BTreeSet<Pseudonym> {
    BTreeSet::from([pseudonym])
}

/// Three patients, details of the first two in each of two epochs.
fn filed(site: &Site) -> (Keyring, Vec<Pseudonym>, [Vec<u8>; 2]) {
    let mut keyring = site.open().unwrap();
    let patients = [b"1", b"2", b"3"];
    let patients: Vec<_> = patients
        .iter()
        .map(|id| keyring.pseudonym_for(b"", *id).unwrap().pseudonym())
        .collect();
    let blobs = ["2026/default", "2027/default"].map(|epoch| {
        let epoch = epoch.parse().unwrap();
        let parts = patients[..2]
            .iter()
            .map(|one| keyring.seal(one, &epoch, "st-anna/7", b"Doe^Jane").unwrap());
        parts.collect::<Vec<_>>().concat()
    });
    (keyring, patients, blobs)
}

/// Which of the two patients' details can be opened.
fn opened(keyring: &Keyring, details: &[u8]) -> Vec<bool> {
    let parts = keyring.unseal("st-anna/7", details).unwrap();
    parts.iter().map(|part| part.details.is_some()).collect()
}

#[test]
fn what_was_sealed_for_a_forgotten_patient_cannot_be_opened_any_more() {
    let site = Site::new();
    let (mut keyring, patients, [details, _]) = filed(&site);
    keyring
        .forget(&erased(patients[0]), &BTreeSet::new())
        .unwrap();
    for keyring in [keyring, site.reopen()] {
        assert_eq!(opened(&keyring, &details), [false, true]);
        assert!(!keyring.knows(&patients[0]));
        assert_eq!(keyring.pseudonym_of(b"", b"1"), None);
        assert_eq!(keyring.pseudonym_of(b"", b"3"), Some(patients[2]));
    }
    // Somebody new.
    let again = site.reopen().pseudonym_for(b"", b"1").unwrap();
    assert!(matches!(again, Identified::Created(new) if new != patients[0]));
}

#[test]
fn an_older_copy_of_the_keyring_does_not_open_after_something_was_forgotten() {
    let site = Site::new();
    let (mut keyring, patients, _) = filed(&site);
    let copy = fs::read(site.file()).unwrap();
    let old_key = site.wrapping();
    keyring
        .forget(&erased(patients[2]), &BTreeSet::new())
        .unwrap();
    assert_ne!(site.wrapping(), old_key);
    let now = fs::read(site.file()).unwrap();
    assert_eq!(now.len() + ROW_BYTES, copy.len());
    assert!(
        !now.windows(ROW_BYTES)
            .any(|row| copy.windows(ROW_BYTES).any(|old| old == row))
    );
    fs::write(site.file(), copy).unwrap();
    assert!(matches!(
        Keyring::open(&data(&site.dir), &site.keys_now()),
        Err(KeyringError::ForeignKey(_))
    ));
}

#[test]
fn what_was_sealed_in_a_dropped_epoch_cannot_be_opened_any_more() {
    let site = Site::new();
    let (mut keyring, _, [older, newer]) = filed(&site);
    assert!(keyring.knows_epoch(&epoch()));
    let dropped = BTreeSet::from([epoch()]);
    keyring.forget(&BTreeSet::new(), &dropped).unwrap();
    for keyring in [keyring, site.reopen()] {
        assert!(!keyring.knows_epoch(&epoch()));
        assert_eq!(opened(&keyring, &older), [false, false]);
        assert_eq!(opened(&keyring, &newer), [true, true]);
    }
}

#[test]
fn forgetting_what_is_not_there_changes_nothing() {
    let site = Site::new();
    let (mut keyring, ..) = filed(&site);
    let before = fs::read(site.file()).unwrap();
    let nobody = erased(Pseudonym::from_bytes([9; 16]));
    keyring
        .forget(&nobody, &BTreeSet::from(["2001/x".parse().unwrap()]))
        .unwrap();
    assert_eq!(fs::read(site.file()).unwrap(), before);
}

#[test]
fn a_crash_between_any_two_steps_of_forgetting_is_made_good() {
    let site = Site::new();
    let (mut keyring, patients, [details, _]) = filed(&site);
    let (old_file, old_key) = (fs::read(site.file()).unwrap(), site.wrapping());
    keyring
        .forget(&erased(patients[0]), &BTreeSet::new())
        .unwrap();
    let (new_file, new_key) = (fs::read(site.file()).unwrap(), site.wrapping());
    let next = site.dir.path().join("keys/wrapping.next");
    let cases = [
        // Which file, which key, whether a successor lies there; whether the patient is forgotten.
        (&old_file, &old_key, true, false),
        (&new_file, &old_key, true, true),
        (&new_file, &new_key, true, true),
        (&new_file, &new_key, false, true),
    ];
    for (file, key, has_next, forgotten) in cases {
        fs::write(site.file(), file).unwrap();
        fs::write(site.dir.path().join("keys/wrapping.key"), key).unwrap();
        if has_next {
            fs::write(&next, &new_key).unwrap();
            set_private(&next);
        }
        fs::write(site.file().with_extension("draft"), b"half").unwrap();
        let mut keyring = site.reopen();
        assert!(!next.exists());
        assert_eq!(opened(&keyring, &details), [!forgotten, true]);
        keyring.pseudonym_for(b"", b"another").unwrap();
        assert_eq!(opened(&site.reopen(), &details), [!forgotten, true]);
    }
}

#[test]
fn without_room_nothing_is_forgotten_and_nothing_lost() {
    let site = Site::new();
    let (_, patients, [details, _]) = filed(&site);
    let disk = FullDisk::default();
    let boxed = Box::new(disk.clone());
    let mut keyring = Keyring::open_on(boxed, &data(&site.dir), &site.keys).unwrap();
    disk.0.store(true, std::sync::atomic::Ordering::Relaxed);
    let refused = keyring.forget(&erased(patients[0]), &BTreeSet::new());
    assert!(matches!(refused, Err(KeyringError::NoSpace)));
    assert_eq!(opened(&keyring, &details), [true, true]);
    assert_eq!(opened(&site.reopen(), &details), [true, true]);
    disk.0.store(false, std::sync::atomic::Ordering::Relaxed);
    keyring
        .forget(&erased(patients[0]), &BTreeSet::new())
        .unwrap();
    assert_eq!(opened(&keyring, &details), [false, true]);
}

/// Has no room for a file to be written anew, on demand.
#[derive(Clone, Debug, Default)]
struct FullDisk(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Disk for FullDisk {
    fn preallocate(&self, file: &File, bytes: u64) -> io::Result<()> {
        if self.0.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Errno::NOSPC.into());
        }
        RealDisk.preallocate(file, bytes)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        RealDisk.write_at(file, bytes, offset)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        RealDisk.sync_data(file)
    }
}
