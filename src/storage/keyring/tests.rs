use super::*;
use rustix::io::Errno;
use std::fs;

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

    fn file(&self) -> PathBuf {
        data(&self.dir).join("keyring")
    }
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
    assert_eq!(format!("{keyring:?}"), "Keyring(1 patients)");
}

#[test]
fn details_open_for_their_event_and_patient_only() {
    let site = Site::new();
    let mut keyring = site.open().unwrap();
    let one = keyring.pseudonym_for(b"", b"1").unwrap().pseudonym();
    let two = keyring.pseudonym_for(b"", b"2").unwrap().pseudonym();
    let parts = [
        keyring.seal(&one, "st-anna/7", b"Doe^Jane").unwrap(),
        keyring.seal(&two, "st-anna/7", b"Roe^Richard").unwrap(),
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
    let unknown = elsewhere.open().unwrap().seal(&one, "st-anna/7", b"");
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
