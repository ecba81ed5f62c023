//! A ledger as a busy house has it after a while: signed, chained, in a journal, under a checkpoint, with the details of
//! its patients sealed beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use credence::contract::Applied;
use credence::contract::Body;
use credence::contract::Consent;
use credence::contract::Effect;
use credence::contract::Epoch;
use credence::contract::Giver;
use credence::contract::Grantees;
use credence::contract::InstitutionSlug;
use credence::contract::Outcome;
use credence::contract::PolicySet;
use credence::contract::Pseudonym;
use credence::contract::Purpose;
use credence::contract::Request;
use credence::contract::SopClasses;
use credence::contract::State;
use credence::contract::StudyFacts;
use credence::contract::TransportFacts;
use credence::contract::Verb;
use credence::contract::decide;
use credence::dicom::Uid;
use credence::digest::Sha256;
use credence::ledger::Chain;
use credence::ledger::Checkpoint;
use credence::ledger::Stamp;
use credence::ledger::Tree;
use credence::storage::BATCH_ENTRIES_MAX;
use credence::storage::Journal;
use credence::storage::Keyring;
use credence::storage::Keys;
use credence::storage::Priority;
use credence::storage::Record;
use credence::storage::event_id;
use credence::time::DAY_MICROS;
use credence::time::Day;
use credence::time::UtcMicros;

const OWN: &str = "st-anna";
const PARTNER: &str = "lakeside";
/// Whom no consent names.
const STRANGER: &str = "riverside";

const PATIENTS: usize = 1_000;
/// When a ledger begins for which nothing else is said.
pub(crate) const BEGIN: UtcMicros = UtcMicros(20_454 * DAY_MICROS);
/// Between two rounds, so that a million entries take fourteen hours.
const ROUND_US: i64 = 500_000;
/// Entries of a round.
const ROUND_ENTRIES: i64 = 10;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const DOSE_REPORT: &str = "1.2.840.10008.5.1.4.1.1.88.67";

/// When a ledger of so many entries must begin to end at `end`.
pub(crate) fn begin_before(end: UtcMicros, entries: u64) -> UtcMicros {
    let rounds = i64::try_from(entries).unwrap() / ROUND_ENTRIES;
    end.plus(-rounds * ROUND_US)
}

/// Writes a ledger of at least `entries` entries below `site`, whose policies lie there already.
pub(crate) fn write(site: &Path, entries: u64, begin: UtcMicros) {
    let mut scribe = Scribe::begin(site, begin);
    let patients = scribe.patients();
    let mut rounds = patients.iter().cycle().enumerate();
    while scribe.chain.next_seq() < entries {
        let (round, patient) = rounds.next().unwrap();
        scribe.round(round, *patient);
    }
    scribe.end();
}

struct Scribe {
    keys: Keys,
    keyring: Keyring,
    journal: Journal,
    chain: Chain,
    tree: Tree,
    state: State,
    now: UtcMicros,
    batch: Vec<Record>,
}

impl Scribe {
    fn begin(site: &Path, begin: UtcMicros) -> Self {
        let data = site.join("data");
        fs::create_dir_all(&data).unwrap();
        let keys = Keys::open(&site.join("keys"), &data, &slug(OWN)).unwrap();
        let keyring = Keyring::open(&data, &keys).unwrap();
        let (journal, recovered) = Journal::open(&data, keys.log.key()).unwrap();
        let mut scribe = Self {
            keyring,
            journal,
            chain: recovered.chain,
            tree: recovered.tree,
            state: State::new(),
            now: begin,
            batch: Vec::new(),
            keys,
        };
        scribe.say(Body::Genesis {
            institution: slug(OWN),
            log_origin: scribe.keys.log.key().name().to_owned(),
            key: scribe.keys.log.key().to_string(),
            statement_key: scribe.keys.statement.key().to_string(),
            created: begin,
        });
        let policy = policy(site);
        let by = "configuration".to_owned();
        scribe.say(Body::PolicyProposed {
            sha256: policy.sha256(),
            schema_sha256: policy.schema_sha256(),
            text: policy.canonical_text().to_owned(),
            by: by.clone(),
        });
        let sha256 = policy.sha256();
        scribe.say(Body::PolicyActivated { sha256, by });
        scribe
    }

    /// Patients whom the keyring knows; each lets the partner have their images.
    fn patients(&mut self) -> Vec<Pseudonym> {
        let ids = (0..PATIENTS).map(|number| format!("P{number:06}"));
        let patients: Vec<Pseudonym> = ids
            .map(|id| {
                let found = self.keyring.pseudonym_for(b"HOSP", id.as_bytes());
                found.unwrap().pseudonym()
            })
            .collect();
        for patient in &patients {
            let consent = Consent {
                patient: *patient,
                effect: Effect::Grant,
                given_by: Giver::Patient,
                grantees: Grantees::Named(BTreeSet::from([slug(PARTNER)])),
                purposes: BTreeSet::from([Purpose::Treatment]),
                modalities: None,
                study_uid_digest: None,
                study_from: None,
                study_until: None,
                valid_from: self.now,
                valid_until: None,
            };
            let by = "desk".to_owned();
            self.say(Body::ConsentGranted { consent, by });
        }
        patients
    }

    /// A study comes from a modality, the partner looks for it and fetches it, a stranger does not get it, and
    /// somebody knocks: ten entries.
    fn round(&mut self, number: usize, patient: Pseudonym) {
        self.now = self.now.plus(ROUND_US);
        let study = format!("2.25.{number}");
        let store = Request {
            verb: Verb::Store,
            requester_ae: "CT1".parse().unwrap(),
            ..self.pull(OWN, patient, &study)
        };
        self.moved(&store, number);
        let pull = self.pull(PARTNER, patient, &study);
        let question = Request {
            verb: Verb::Query,
            patient: None,
            study: None,
            question: true,
            ..pull.clone()
        };
        let decision = self.ask(&question, None);
        self.say(Body::Query {
            decision,
            matches: 3,
            withheld: 1,
            status: 0,
        });
        self.moved(&pull, number);
        let refused = self.pull(STRANGER, patient, &study);
        self.ask(&refused, Some(number));
        self.say(Body::Alert {
            code: "association-refused".to_owned(),
            text: "192.0.2.7: AE title UNKNOWN is not known here; 12 times since 03:00".to_owned(),
            about: None,
        });
    }

    /// A decision, and its transfer in two parts.
    fn moved(&mut self, request: &Request, number: usize) {
        let decision = self.ask(request, Some(number));
        let sender = match request.verb {
            Verb::Store => &request.requester,
            Verb::Query | Verb::Retrieve => &request.custodian,
        };
        for is_final in [false, true] {
            let [ct, report] = [CT, DOSE_REPORT].map(|class| class.parse::<Uid>().unwrap());
            let images = std::iter::repeat_n(&ct, 119);
            let classes: SopClasses = images.chain([&report]).collect();
            self.say(Body::TransferClosed {
                decision,
                sender: sender.clone(),
                recipient: request.recipient.clone(),
                instances: 120,
                classes,
                failed: 0,
                statuses: Default::default(),
                warned: 0,
                spooled: 0,
                bytes: 63_000_000,
                manifest_root: Some(Sha256::of(&[&decision.to_be_bytes()])),
                outcome: Outcome::Completed,
                fault: None,
                is_final,
            });
        }
    }

    /// What the contract says; `number`: of the study, whose details are sealed beside it.
    fn ask(&mut self, request: &Request, number: Option<usize>) -> u64 {
        let body = Body::Decision {
            decision: Box::new(decide(&self.state, request)),
            request: Box::new(request.clone()),
        };
        let details = number.zip(request.patient).map(|(number, patient)| {
            let id = number % PATIENTS;
            let text = format!(
                r#"{{"patient_id":"P{id:06}","issuer_of_patient_id":"HOSP","study_instance_uid":"2.25.{number}"}}"#
            );
            (patient, text)
        });
        self.record(body, details)
    }

    fn say(&mut self, body: Body) -> u64 {
        self.record(body, None)
    }

    fn record(&mut self, body: Body, details: Option<(Pseudonym, String)>) -> u64 {
        let seq = self.chain.next_seq();
        let own = slug(OWN);
        let sealed = details.map(|(patient, text)| {
            let epoch = Epoch::of(self.now.day(), "default").unwrap();
            let id = event_id(&own, seq);
            let sealed = self.keyring.seal(&patient, &epoch, &id, text.as_bytes());
            sealed.unwrap()
        });
        let event = self.keys.statement.sign_event(own, seq, body).unwrap();
        let stamp = Stamp {
            wall: self.now,
            mono_us: seq,
            boot: "00112233445566ff",
        };
        let digest = sealed.as_deref().map(|sealed| Sha256::of(&[sealed]));
        let linked = self.chain.next(stamp, event, digest).unwrap();
        let at = Applied {
            seq,
            ledger_time: linked.entry.ledger_time,
        };
        self.state.apply(at, &linked.entry.event).unwrap();
        self.tree.push(linked.leaf);
        let line = linked.line;
        self.batch.push(Record { line, sealed });
        if self.batch.len() == BATCH_ENTRIES_MAX {
            self.flush();
        }
        seq
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.journal.append(&self.batch, Priority::Normal).unwrap();
            self.batch.clear();
        }
    }

    fn end(mut self) {
        self.flush();
        let note = Checkpoint::sign(&self.tree, &self.keys.log).unwrap();
        self.journal.write_checkpoint(&note, &self.tree).unwrap();
    }

    /// `institution` fetches a CT study of ours for treatment.
    fn pull(&self, institution: &str, patient: Pseudonym, study: &str) -> Request {
        Request {
            verb: Verb::Retrieve,
            purpose: Purpose::Treatment,
            requester: slug(institution),
            requester_ae: "WS_RADIOLOGY".parse().unwrap(),
            user: None,
            again: None,
            through: None,
            custodian: slug(OWN),
            recipient: slug(institution),
            recipient_ae: "WS_RADIOLOGY".parse().unwrap(),
            patient: Some(patient),
            study: Some(StudyFacts {
                modalities: BTreeSet::from(["CT".to_owned()]),
                date: Some(Day(20_440)),
                uid_digest: self.keyring.blind(study.as_bytes()),
            }),
            question: false,
            transport: TransportFacts {
                tls: true,
                mutual: true,
                address_checked: true,
                certificate: None,
            },
            received_at: self.now,
        }
    }
}

fn policy(site: &Path) -> PolicySet {
    let read = |name: &str| fs::read_to_string(site.join(name)).unwrap();
    let names = ["10-permits", "20-patient", "30-score", "40-site"];
    let files = names.map(|name| {
        let name = format!("{name}.cedar");
        let text = read(&format!("policy/{name}"));
        (name, text)
    });
    let schema = read("policy/schema.cedarschema");
    PolicySet::parse(&files, &schema, &read("credit.toml")).unwrap()
}

fn slug(text: &str) -> InstitutionSlug {
    text.parse().unwrap()
}
