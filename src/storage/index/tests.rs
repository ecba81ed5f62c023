use super::*;
use crate::contract::Body;
use crate::contract::Consent;
use crate::contract::Effect;
use crate::contract::Grantees;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::ledger::fixtures::Scribe;
use crate::storage::Journal;
use crate::storage::Priority;
use crate::storage::Record;
use crate::time::UtcMicros;
use std::collections::BTreeSet;
use std::time::Duration;

const PATIENT: Pseudonym = Pseudonym::from_bytes([5; 16]);

struct Site {
    dir: tempfile::TempDir,
    journal: Journal,
    scribe: Scribe,
}

impl Site {
    /// A journal with a consent, its revocation and some alerts.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scribe = Scribe::new();
        let (journal, _) = Journal::open(dir.path(), scribe.signer.key()).unwrap();
        let mut site = Self {
            dir,
            journal,
            scribe,
        };
        site.say(consent());
        site.alerts(3);
        site.say(Body::ConsentRevoked {
            consent: crate::contract::ConsentId(0),
            patient: PATIENT,
            by: "desk".to_owned(),
        });
        site
    }

    fn say(&mut self, body: Body) {
        let event = self.scribe.signed(body);
        let line = self.scribe.write(event, None).unwrap().line;
        let record = Record { line, sealed: None };
        self.journal.append(&[record], Priority::Normal).unwrap();
    }

    fn alerts(&mut self, count: usize) {
        for _ in 0..count {
            self.say(self.scribe.event("alert").body);
        }
    }

    fn catch_up(&self, index: &Index) {
        let reader = self.journal.reader();
        index
            .catch_up(&reader, self.journal.len(), |_| true)
            .unwrap();
        assert_eq!(index.entries().unwrap(), self.journal.len());
    }

    /// An index as a new start finds it.
    fn index(&self) -> Index {
        let index = Index::new(self.dir.path());
        self.catch_up(&index);
        index
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("index")
    }
}

fn consent() -> Body {
    Body::ConsentGranted {
        consent: Consent {
            given_by: crate::contract::Giver::Patient,
            patient: PATIENT,
            effect: Effect::Grant,
            grantees: Grantees::Named(BTreeSet::from(["lakeside".parse().unwrap()])),
            purposes: BTreeSet::from([Purpose::Treatment]),
            modalities: None,
            study_uid_digest: None,
            study_from: None,
            study_until: None,
            valid_from: UtcMicros(0),
            valid_until: None,
        },
        by: "desk".to_owned(),
    }
}

fn of_patient(index: &Index) -> Vec<u64> {
    index.find(&Facet::Patient(PATIENT), u64::MAX, 10).unwrap()
}

#[test]
fn entries_are_found_by_what_they_are_about() {
    let site = Site::new();
    let index = site.index();
    assert_eq!(of_patient(&index), [4, 0]);
    let find = |facet, before, limit| index.find(&facet, before, limit).unwrap();
    assert_eq!(find(Facet::Kind("alert".to_owned()), u64::MAX, 2), [3, 2]);
    assert_eq!(find(Facet::Kind("alert".to_owned()), 3, 10), [2, 1]);
    assert_eq!(find(Facet::About(0), u64::MAX, 10), [4]);
    let lakeside = "lakeside".parse().unwrap();
    assert_eq!(find(Facet::Institution(lakeside), u64::MAX, 10), [0]);
    let day = site.scribe.wall.day();
    assert_eq!(find(Facet::Day(day), u64::MAX, 10).len(), 5);
    let nobody = Pseudonym::from_bytes([6; 16]);
    assert!(find(Facet::Patient(nobody), u64::MAX, 10).is_empty());
}

#[test]
fn an_index_that_is_behind_catches_up() {
    let mut site = Site::new();
    drop(site.index());
    site.alerts(2 * CHUNK_ENTRIES);
    site.say(consent());
    let index = site.index();
    assert_eq!(of_patient(&index), [5 + 2 * CHUNK_ENTRIES as u64, 4, 0]);
}

#[test]
fn an_index_that_is_missing_or_damaged_is_rebuilt() {
    let site = Site::new();
    for damage in ["gone", "garbage", "a file", "no conf", "flipped"] {
        drop(site.index());
        let db = site.folder().join("db");
        match damage {
            "gone" => fs::remove_dir_all(site.folder()).unwrap(),
            "garbage" => fs::write(&db, vec![0xA7; 1_000_000]).unwrap(),
            "a file" => {
                fs::remove_dir_all(site.folder()).unwrap();
                fs::write(site.folder(), "not a folder").unwrap();
            }
            "no conf" => fs::write(site.folder().join("conf"), "garbage").unwrap(),
            _ => {
                let mut bytes = fs::read(&db).unwrap();
                bytes.iter_mut().step_by(50).for_each(|byte| *byte ^= 0x10);
                fs::write(&db, bytes).unwrap();
            }
        }
        assert_eq!(of_patient(&site.index()), [4, 0], "{damage}");
    }
}

#[test]
fn an_index_ahead_of_the_journal_is_rebuilt() {
    let (mut long, short) = (Site::new(), Site::new());
    long.alerts(4);
    drop(long.index());
    fs::rename(long.folder(), short.folder()).unwrap();
    let alert = Facet::Kind("alert".to_owned());
    let found = short.index().find(&alert, u64::MAX, 10).unwrap();
    assert_eq!(found, [3, 2, 1]);
}

#[test]
fn an_index_of_another_journal_is_rebuilt() {
    let (mut ours, mut other) = (Site::new(), Site::new());
    ours.alerts(2);
    other.say(consent());
    drop(other.index());
    fs::rename(other.folder(), ours.folder()).unwrap();
    assert_eq!(of_patient(&ours.index()), [4, 0]);
}

#[test]
fn a_thread_keeps_the_index_up_with_the_journal() {
    let mut site = Site::new();
    let indexer = Indexer::start(site.dir.path(), site.journal.reader(), 2).unwrap();
    site.alerts(10);
    indexer.wake(site.journal.len());
    let index = indexer.index();
    let done = || {
        index
            .entries()
            .is_ok_and(|entries| entries == site.journal.len())
    };
    for _ in 0..1000 {
        if done() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(done());
    assert_eq!(of_patient(&index), [4, 0]);
    drop(indexer);
}

#[test]
fn an_index_that_was_never_opened_says_so() {
    let index = Index::new(Path::new("nowhere"));
    let asked = index.find(&Facet::About(1), 1, 1);
    assert!(matches!(asked, Err(IndexError::Unavailable)));
}
