//! A ledger to index: the entries of a busy gateway, in a journal that `Journal::append` wrote.
//!
//! Of twenty entries, nine are decisions, eight are transfers that closed, two are answered
//! queries and one is a consent; there is a patient for every fifty entries, a study for every
//! four, and fifty institutions. The lines are what the ledger writes, made from a line of each
//! kind in which numbers, names and digests are then replaced, so that ten million are written in
//! minutes. Their signatures are not valid: the index does not look at them.

use std::collections::BTreeSet;
use std::path::Path;

use credence::contract::Body;
use credence::contract::Consent;
use credence::contract::ConsentId;
use credence::contract::Decision;
use credence::contract::Effect;
use credence::contract::Event;
use credence::contract::Giver;
use credence::contract::Grantees;
use credence::contract::InstitutionSlug;
use credence::contract::Outcome;
use credence::contract::Pseudonym;
use credence::contract::Purpose;
use credence::contract::Request;
use credence::contract::Signature;
use credence::contract::SopClasses;
use credence::contract::StudyFacts;
use credence::contract::TransportFacts;
use credence::contract::Verb;
use credence::contract::Verdict;
use credence::digest::Sha256;
use credence::ledger::Chain;
use credence::ledger::Entry;
use credence::ledger::LogKey;
use credence::ledger::Stamp;
use credence::ledger::line_hash;
use credence::storage::BATCH_ENTRIES_MAX;
use credence::storage::Facet;
use credence::storage::Journal;
use credence::storage::Priority;
use credence::storage::Record;
use credence::time::Day;
use credence::time::UtcMicros;

/// Ledger time of the first entry, and what each adds.
const BEGUN: i64 = 1_770_000_000_000_000;
const STEP_US: i64 = 40_000;

const INSTITUTIONS: u64 = 50;

/// Entries that are read back in full, to see that they are what the ledger would write.
const CHECKED_ENTRIES: u64 = 2_000;

/// What differs from entry to entry of one kind.
#[derive(Clone, Copy)]
enum Blank {
    Seq,
    Prev,
    Time,
    About,
    Patient,
    Study,
    Partner,
}

/// The values that stand where a blank is.
const SEQ: u64 = 4_000_000_000_000_001;
const ABOUT: u64 = 4_000_000_000_000_003;
const TIME: UtcMicros = UtcMicros(1_777_777_777_777_777);
const PREV: Sha256 = Sha256::from_bytes([0xEF; 32]);
const PATIENT: Pseudonym = Pseudonym::from_bytes([0xAB; 16]);
const STUDY: Sha256 = Sha256::from_bytes([0xCD; 32]);
const PARTNER: &str = "partner-blank";

/// What an entry says.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub(crate) kind: Kind,
    pub(crate) about: u64,
    pub(crate) patient: Pseudonym,
    pub(crate) study: Sha256,
    partner: u64,
    time: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Decision,
    Closed,
    Query,
    Consent,
}

impl Said {
    /// What entry `seq` says.
    pub(crate) fn by(seq: u64, entries: u64) -> Self {
        let kind = match seq % 20 {
            18 => Kind::Consent,
            9 | 19 => Kind::Query,
            odd if odd % 2 == 1 => Kind::Closed,
            _ => Kind::Decision,
        };
        // A consent's successor is about the decision before it.
        let about = seq.saturating_sub(if seq % 20 == 19 { 3 } else { 1 });
        let study = Sha256::of(&[b"study", &(seq / 4).to_be_bytes()]);
        let at = u64::from_be_bytes(*study.as_bytes().first_chunk().unwrap());
        let patient = at % (entries / 50).max(1);
        let patient = Sha256::of(&[b"patient", &patient.to_be_bytes()]);
        Self {
            kind,
            about,
            patient: Pseudonym::from_bytes(*patient.as_bytes().first_chunk().unwrap()),
            study,
            partner: at >> 32,
            time: BEGUN + STEP_US * i64::try_from(seq).unwrap(),
        }
    }

    fn partner(&self) -> String {
        format!("partner-{}", self.partner % INSTITUTIONS)
    }

    /// What it is found by.
    pub(crate) fn facets(&self) -> Vec<Facet> {
        let partner: InstitutionSlug = self.partner().parse().unwrap();
        let kind = |kind: &str| Facet::Kind(kind.to_owned());
        let mut facets = vec![Facet::Day(UtcMicros(self.time).day())];
        match self.kind {
            Kind::Decision => facets.extend([
                kind("decision"),
                Facet::Institution(own()),
                Facet::Institution(partner),
                Facet::Patient(self.patient),
                Facet::Study(self.study),
            ]),
            Kind::Closed => facets.extend([
                kind("transfer-closed"),
                Facet::Institution(own()),
                Facet::Institution(partner),
                Facet::About(self.about),
            ]),
            Kind::Query => facets.extend([kind("query"), Facet::About(self.about)]),
            Kind::Consent => facets.extend([
                kind("consent-granted"),
                Facet::Institution(partner),
                Facet::Patient(self.patient),
            ]),
        }
        facets
    }
}

fn own() -> InstitutionSlug {
    "st-anna".parse().unwrap()
}

/// A line of one kind with its blanks.
struct Form(Vec<(String, Option<Blank>)>);

impl Form {
    fn of(body: Body) -> Self {
        let event = Event {
            author: own(),
            author_seq: SEQ,
            body,
            signature: Signature::from_bytes([7; 64]),
        };
        let stamp = Stamp {
            wall: TIME,
            mono_us: 1_234_567_890,
            boot: "00112233445566ff",
        };
        let mut chain = Chain::resume(SEQ, PREV, UtcMicros(0));
        let mut rest = chain.next(stamp, event, None).unwrap().line;
        let blanks = [
            (SEQ.to_string(), Blank::Seq),
            (PREV.to_string(), Blank::Prev),
            (TIME.0.to_string(), Blank::Time),
            (ABOUT.to_string(), Blank::About),
            (PATIENT.to_string(), Blank::Patient),
            (STUDY.to_string(), Blank::Study),
            (PARTNER.to_owned(), Blank::Partner),
        ];
        let mut pieces = Vec::new();
        loop {
            let found = blanks.iter().filter_map(|(text, blank)| {
                let at = rest.find(text.as_str())?;
                Some((at, text.len(), *blank))
            });
            let Some((at, length, blank)) = found.min_by_key(|(at, ..)| *at) else {
                pieces.push((rest, None));
                return Self(pieces);
            };
            let after = rest.split_off(at + length);
            rest.truncate(at);
            pieces.push((rest, Some(blank)));
            rest = after;
        }
    }

    fn line(&self, seq: u64, prev: &Sha256, said: &Said) -> String {
        let mut line = String::with_capacity(2_000);
        for (text, blank) in &self.0 {
            line.push_str(text);
            match blank {
                None => {}
                Some(Blank::Seq) => line.push_str(&seq.to_string()),
                Some(Blank::Prev) => line.push_str(&prev.to_string()),
                Some(Blank::Time) => line.push_str(&said.time.to_string()),
                Some(Blank::About) => line.push_str(&said.about.to_string()),
                Some(Blank::Patient) => line.push_str(&said.patient.to_string()),
                Some(Blank::Study) => line.push_str(&said.study.to_string()),
                Some(Blank::Partner) => line.push_str(&said.partner()),
            }
        }
        line
    }
}

fn decision() -> Body {
    let partner: InstitutionSlug = PARTNER.parse().unwrap();
    let request = Request {
        verb: Verb::Retrieve,
        purpose: Purpose::Treatment,
        requester: partner.clone(),
        requester_ae: "THEIR_WS".parse().unwrap(),
        user: None,
        again: None,
        through: None,
        custodian: own(),
        recipient: partner,
        recipient_ae: "THEIR_WS".parse().unwrap(),
        patient: Some(PATIENT),
        study: Some(StudyFacts {
            modalities: BTreeSet::from(["CT".to_owned()]),
            date: Some(Day(20_490)),
            uid_digest: STUDY,
        }),
        question: false,
        transport: TransportFacts {
            tls: true,
            mutual: true,
            address_checked: true,
            certificate: None,
        },
        received_at: TIME,
    };
    let digest = |text: &[u8]| Sha256::of(&[text]);
    let decision = Decision {
        verdict: Verdict::Permit,
        reasons: vec!["care-with-consent".to_owned()],
        errors: Vec::new(),
        obligations: BTreeSet::new(),
        consents: vec![ConsentId(4_711)],
        requester_score: 612,
        recipient_score: 612,
        valid_until: UtcMicros(1_770_076_800_000_000),
        policy: digest(b"policy"),
        schema: digest(b"schema"),
        engine: "cedar-policy 4.14.1".to_owned(),
        contract_version: 1,
        state_root: digest(b"state"),
        observed: false,
        short_reason: String::new(),
    };
    Body::Decision {
        request: Box::new(request),
        decision: Box::new(decision),
    }
}

fn closed() -> Body {
    Body::TransferClosed {
        decision: ABOUT,
        sender: own(),
        recipient: PARTNER.parse().unwrap(),
        instances: 412,
        classes: SopClasses::default(),
        failed: 0,
        statuses: Default::default(),
        warned: 0,
        spooled: 0,
        bytes: 216_012_800,
        manifest_root: Some(Sha256::of(&[b"manifest"])),
        outcome: Outcome::Completed,
        fault: None,
        is_final: true,
    }
}

fn consent() -> Body {
    let consent = Consent {
        effect: Effect::Grant,
        given_by: Giver::Patient,
        grantees: Grantees::Named(BTreeSet::from([PARTNER.parse().unwrap()])),
        modalities: None,
        patient: PATIENT,
        purposes: BTreeSet::from([Purpose::Treatment, Purpose::Emergency]),
        study_from: None,
        study_uid_digest: None,
        study_until: None,
        valid_from: TIME,
        valid_until: None,
    };
    Body::ConsentGranted {
        consent,
        by: "desk".to_owned(),
    }
}

/// Writes a ledger of so many entries into `data`.
pub(crate) fn write(data: &Path, entries: u64) {
    std::fs::create_dir_all(data).unwrap();
    // No checkpoint is signed: the key is only named.
    let key = LogKey::new("st-anna/credence", [7; 32]).unwrap();
    let (mut journal, _) = Journal::open(data, &key).unwrap();
    let forms = [
        Form::of(decision()),
        Form::of(closed()),
        Form::of(Body::Query {
            decision: ABOUT,
            matches: 12,
            withheld: 1,
            status: 0,
        }),
        Form::of(consent()),
    ];
    let mut prev = Sha256::ZERO;
    let mut batch = Vec::with_capacity(BATCH_ENTRIES_MAX);
    for seq in 0..entries {
        let said = Said::by(seq, entries);
        let line = forms[said.kind as usize].line(seq, &prev, &said);
        if seq < CHECKED_ENTRIES {
            assert_eq!(Entry::parse(&line).unwrap().seq, seq);
        }
        prev = line_hash(line.as_bytes());
        batch.push(Record { line, sealed: None });
        if batch.len() == BATCH_ENTRIES_MAX || seq + 1 == entries {
            journal.append(&batch, Priority::Normal).unwrap();
            batch.clear();
        }
    }
}
