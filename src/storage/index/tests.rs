use super::*;
use crate::contract::Body;
use crate::contract::Consent;
use crate::contract::Effect;
use crate::contract::Grantees;
use crate::contract::Outcome;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::SopClasses;
use crate::digest::Sha256;
use crate::ledger::fixtures::Scribe;
use crate::storage::BATCH_ENTRIES_MAX;
use crate::storage::Journal;
use crate::storage::Priority;
use crate::storage::Record;
use crate::time::UtcMicros;
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

mod damage;
mod telling;

const PATIENT: Pseudonym = Pseudonym::from_bytes([5; 16]);

/// Entries of a run in these tests: most entries lie in the store, some in memory.
const RUN: u32 = 4;

struct Site {
    dir: tempfile::TempDir,
    journal: Journal,
    scribe: Scribe,
}

impl Site {
    fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scribe = Scribe::new();
        let (journal, _) = Journal::open(dir.path(), scribe.signer.key()).unwrap();
        Self {
            dir,
            journal,
            scribe,
        }
    }

    /// A journal with a consent, some alerts, and the consent's revocation.
    fn new() -> Self {
        let mut site = Self::empty();
        site.say([consent()]);
        site.alerts(3);
        site.say([Body::ConsentRevoked {
            consent: crate::contract::ConsentId(0),
            patient: PATIENT,
            by: "desk".to_owned(),
        }]);
        site
    }

    fn say(&mut self, bodies: impl IntoIterator<Item = Body>) {
        let mut batch = Vec::new();
        for body in bodies {
            let event = self.scribe.signed(body);
            let line = self.scribe.write(event, None).unwrap().line;
            batch.push(Record { line, sealed: None });
        }
        for batch in batch.chunks(BATCH_ENTRIES_MAX) {
            self.journal.append(batch, Priority::Normal).unwrap();
        }
    }

    fn alerts(&mut self, count: usize) {
        let alert = self.scribe.event("alert").body;
        self.say(std::iter::repeat_n(alert, count));
    }

    /// Entries of many patients, studies and institutions.
    fn traffic(&mut self, count: u64) {
        let first = self.journal.len();
        self.say((first..first + count).map(|seq| match seq % 3 {
            0 => consent_of(patient(seq), &format!("partner-{}", seq % 7)),
            1 => closed(seq.saturating_sub(1), &format!("partner-{}", seq % 5)),
            _ => Body::Query {
                decision: seq / 2,
                matches: seq,
                withheld: 0,
                status: 0,
            },
        }));
    }

    fn catch_up(&self, index: &Index) -> Why {
        let mut why = None;
        let told = |state: &CatchingUp| {
            why = Some(state.why.clone());
            true
        };
        let (reader, until) = (self.journal.reader(), self.journal.len());
        index.catch_up(&reader, until, told).unwrap();
        assert_eq!(index.entries().unwrap(), until);
        why.unwrap()
    }

    /// An index as a new start finds it.
    fn index(&self) -> Index {
        self.index_of_runs(RUN).0
    }

    fn index_of_runs(&self, run: u32) -> (Index, Why) {
        let index = Index::with_runs_of(run, self.dir.path());
        let why = self.catch_up(&index);
        (index, why)
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("index")
    }

    /// The numbers of the entries with each facet, the newest first: what an index must answer.
    fn answers(&self) -> Vec<(Facet, Vec<u64>)> {
        let mut answers: Vec<(Facet, Vec<u64>)> = Vec::new();
        for stored in self.journal.entries(0) {
            let entry = stored.unwrap().entry;
            for facet in facet::facets_of(&entry) {
                match answers.iter_mut().find(|(known, _)| *known == facet) {
                    Some((_, numbers)) if numbers.first() == Some(&entry.seq) => {}
                    Some((_, numbers)) => numbers.insert(0, entry.seq),
                    None => answers.push((facet, vec![entry.seq])),
                }
            }
        }
        answers
    }
}

fn patient(number: u64) -> Pseudonym {
    Pseudonym::from_bytes(u128::from(number % 11).to_be_bytes())
}

fn consent() -> Body {
    consent_of(PATIENT, "lakeside")
}

fn consent_of(patient: Pseudonym, grantee: &str) -> Body {
    Body::ConsentGranted {
        consent: Consent {
            given_by: crate::contract::Giver::Patient,
            patient,
            effect: Effect::Grant,
            grantees: Grantees::Named(BTreeSet::from([grantee.parse().unwrap()])),
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

fn closed(decision: u64, recipient: &str) -> Body {
    Body::TransferClosed {
        decision,
        sender: "st-anna".parse().unwrap(),
        recipient: recipient.parse().unwrap(),
        instances: 10,
        classes: SopClasses::default(),
        failed: 0,
        statuses: Default::default(),
        warned: 0,
        spooled: 0,
        bytes: 5_000_000,
        manifest_root: Some(Sha256::of(&[b"manifest"])),
        outcome: Outcome::Completed,
        fault: None,
        is_final: true,
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
fn answers_are_the_same_however_the_entries_are_cut_into_runs() {
    let mut site = Site::new();
    site.traffic(300);
    let answers = site.answers();
    assert!(answers.len() > 100);
    for run in [1, 2, 3, 64, 304, 305, 306, RUN_ENTRIES] {
        let (index, _) = site.index_of_runs(run);
        for (facet, numbers) in &answers {
            for (before, limit) in [
                (u64::MAX, 1_000),
                (u64::MAX, 3),
                (200, 7),
                (64, 1_000),
                (0, 9),
            ] {
                let below = numbers.iter().copied().filter(|number| *number < before);
                let expected: Vec<u64> = below.take(limit).collect();
                let found = index.find(facet, before, limit).unwrap();
                assert_eq!(found, expected, "{facet:?} before {before}, runs of {run}");
                let from = before / 3;
                let expected: Vec<u64> = expected.into_iter().filter(|at| *at >= from).collect();
                let found = index.find_in(facet, from..before, limit).unwrap();
                assert_eq!(found, expected, "{facet:?} {from}..{before}, runs of {run}");
            }
        }
    }
}

#[test]
fn a_posting_that_goes_on_over_many_blocks_is_found_from_any_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let long: Vec<u32> = (0..9_000).map(|at| at * 5).collect();
    let first = 65_536;
    let postings = block::Postings::from([
        (b"ka\0".to_vec(), vec![1, 44_999]),
        (b"kb\0".to_vec(), long.clone()),
        (b"kc\0".to_vec(), vec![2]),
    ]);
    store.write(block::encode(first, &postings)).unwrap();
    store.write(block::encode(0, &postings)).unwrap();
    for (below, limit) in [
        (0, 5),
        (1, 5),
        (5_000, 9_000),
        (45_000, 10),
        (45_000, 4_000),
        (45_000, 9_999),
    ] {
        let before = first + u64::from(below);
        let found = find_in_run(&store, first, b"kb\0", before, limit).unwrap();
        let expected = long.iter().rev().filter(|number| **number < below);
        let expected = expected.map(|number| first + u64::from(*number));
        assert_eq!(found, expected.take(limit).collect::<Vec<_>>());
        let other = find_in_run(&store, first, b"kc\0", before, limit).unwrap();
        assert_eq!(other.len(), usize::from(below > 2));
    }
}

#[test]
fn what_is_skimmed_from_a_line_is_what_the_entry_is_found_by() {
    let mut site = Site::new();
    site.traffic(6);
    let quoting = site.scribe.event(r#""kind":"decision","request":{}"#).body;
    let mut any = consent();
    if let Body::ConsentGranted { consent, .. } = &mut any {
        consent.grantees = Grantees::Any;
    }
    let request = crate::ledger::fixtures::request();
    let decision = |request: crate::contract::Request| Body::Decision {
        decision: Box::new(crate::contract::decide(
            &crate::contract::State::new(),
            &request,
        )),
        request: Box::new(request),
    };
    let of_study = crate::contract::Request {
        patient: Some(PATIENT),
        study: Some(crate::contract::StudyFacts {
            modalities: BTreeSet::new(),
            date: None,
            uid_digest: Sha256::of(&[b"study"]),
        }),
        user: Some(crate::contract::User {
            name: r#"x","kind":"alert"#.to_owned(),
            proof: crate::contract::UserProof::None,
        }),
        recipient: "lakeside".parse().unwrap(),
        ..request.clone()
    };
    site.say([quoting, any, decision(request), decision(of_study)]);
    let mut kinds = BTreeSet::new();
    for stored in site.journal.entries(0) {
        let entry = stored.unwrap().entry;
        let facets = skim::facets_of_line(&entry.line().unwrap()).unwrap();
        assert_eq!(facets, facet::facets_of(&entry));
        kinds.insert(entry.event.body.kind());
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}

#[test]
fn an_index_that_is_behind_catches_up() {
    let mut site = Site::new();
    let (index, why) = site.index_of_runs(RUN);
    assert_eq!(why, Why::Missing);
    drop(index);
    site.alerts(2 * lines::CHUNK_ENTRIES);
    site.say([consent()]);
    let (index, why) = site.index_of_runs(RUN);
    assert_eq!(why, Why::Behind);
    let last = 5 + 2 * lines::CHUNK_ENTRIES as u64;
    assert_eq!(of_patient(&index), [last, 4, 0]);
    // And goes on from where it was.
    site.say([consent()]);
    assert_eq!(site.catch_up(&index), Why::Behind);
    assert_eq!(of_patient(&index), [last + 1, last, 4, 0]);
}

#[test]
fn many_entries_are_read_beside_the_store() {
    let mut site = Site::new();
    site.alerts(5_000);
    let (index, _) = site.index_of_runs(512);
    let alert = Facet::Kind("alert".to_owned());
    let found = index.find(&alert, 4_000, FOUND_MAX).unwrap();
    let expected = (1..4_000).rev().filter(|seq| *seq != 4);
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!(of_patient(&index), [4, 0]);
}

#[test]
fn indexing_that_was_stopped_goes_on_later() {
    let mut site = Site::new();
    site.alerts(5_000);
    let reader = site.journal.reader();
    let index = Index::with_runs_of(512, site.dir.path());
    let some = |state: &CatchingUp| state.next < 2_000;
    index.catch_up(&reader, site.journal.len(), some).unwrap();
    let reached = index.entries().unwrap();
    assert!((2_000..4_000).contains(&reached), "{reached}");
    drop(index);
    let (index, why) = site.index_of_runs(512);
    assert_eq!((why, of_patient(&index)), (Why::Behind, vec![4, 0]));
}

#[test]
fn an_index_answers_nothing_while_it_is_built() {
    let mut site = Site::new();
    site.alerts(1_000);
    let index = Index::with_runs_of(64, site.dir.path());
    let mut asked = 0;
    let ask = |state: &CatchingUp| {
        asked += 1;
        let answer = index.find(&Facet::Patient(PATIENT), u64::MAX, 10);
        if state.next < state.until {
            assert!(matches!(answer, Err(IndexError::Unavailable)));
        }
        assert_eq!(index.entries().unwrap(), state.next);
        true
    };
    index
        .catch_up(&site.journal.reader(), site.journal.len(), ask)
        .unwrap();
    assert!(asked > 1);
    assert_eq!(of_patient(&index), [4, 0]);
}

#[test]
fn an_index_ahead_of_the_journal_is_rebuilt() {
    let (mut long, short) = (Site::new(), Site::new());
    long.alerts(4);
    drop(long.index());
    fs::rename(long.folder(), short.folder()).unwrap();
    let (index, why) = short.index_of_runs(RUN);
    assert_eq!(why, Why::Ahead);
    let alert = Facet::Kind("alert".to_owned());
    let found = index.find(&alert, u64::MAX, 10).unwrap();
    assert_eq!(found, [3, 2, 1]);
}

#[test]
fn an_index_of_another_journal_is_rebuilt() {
    let (mut ours, mut other) = (Site::new(), Site::empty());
    ours.alerts(2);
    other.alerts(5);
    drop(other.index());
    fs::rename(other.folder(), ours.folder()).unwrap();
    let (index, why) = ours.index_of_runs(RUN);
    assert_eq!((why, of_patient(&index)), (Why::Foreign, vec![4, 0]));
}

#[test]
fn a_thread_keeps_the_index_up_with_the_journal() {
    let mut site = Site::new();
    let (reader, now_us) = (site.journal.reader(), || 0);
    let indexer = Indexer::start(site.dir.path(), reader, 2, now_us).unwrap();
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
