//! A ledger on disk, written as a gateway writes it: signed, chained, in a journal, with the rules
//! as delivered.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use credence::contract::Applied;
use credence::contract::Body;
use credence::contract::Decision;
use credence::contract::PolicySet;
use credence::contract::Purpose;
use credence::contract::Request;
use credence::contract::State;
use credence::contract::TransportFacts;
use credence::contract::Verb;
use credence::contract::decide;
use credence::ledger::Chain;
use credence::ledger::Stamp;
use credence::storage::Journal;
use credence::storage::Keys;
use credence::storage::Priority;
use credence::storage::Record;
use credence::time::DAY_MICROS;
use credence::time::UtcMicros;

use super::SAMPLE;

/// Where the rules as delivered lie.
pub(crate) const DELIVERED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/gateway-config");

/// 2026-02-02, noon.
const BEGIN: UtcMicros = UtcMicros(20_486 * DAY_MICROS + DAY_MICROS / 2);

/// A site's folder, and its ledger.
pub(crate) struct Books {
    folder: tempfile::TempDir,
    keys: Keys,
    journal: Journal,
    chain: Chain,
    state: State,
    now: UtcMicros,
}

impl Books {
    /// Begun: the sample configuration, the rules as delivered in force.
    pub(crate) fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("credence.toml"), SAMPLE).unwrap();
        copy_rules(&folder.path().join("policy"));
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let keys = folder.path().join("keys");
        let keys = Keys::open(&keys, &data, "st-anna.example/ledger").unwrap();
        let (journal, recovered) = Journal::open(&data, keys.signer.key()).unwrap();
        let mut books = Self {
            folder,
            journal,
            chain: recovered.chain,
            state: State::new(),
            now: BEGIN,
            keys,
        };
        books.say(Body::Genesis {
            institution: "st-anna".parse().unwrap(),
            log_origin: "st-anna.example/ledger".to_owned(),
            key: books.keys.signer.key().to_string(),
            created: BEGIN,
        });
        books.found();
        books
    }

    fn found(&mut self) {
        let delivered = Path::new(DELIVERED);
        let mut files = Vec::new();
        for file in fs::read_dir(delivered.join("policy")).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "cedar") {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
        let schema = fs::read_to_string(delivered.join("policy/schema.cedarschema")).unwrap();
        let credit = fs::read_to_string(delivered.join("credit.toml")).unwrap();
        let policy = PolicySet::parse(&files, &schema, &credit).unwrap();
        let (sha256, by) = (policy.sha256(), "officer".to_owned());
        self.say(Body::PolicyProposed {
            sha256,
            schema_sha256: policy.schema_sha256(),
            text: policy.canonical_text().to_owned(),
            by: by.clone(),
        });
        self.say(Body::PolicyActivated { sha256, by });
    }

    /// Writes and applies the next event; its entry's number.
    pub(crate) fn say(&mut self, body: Body) -> u64 {
        let seq = self.chain.next_seq();
        let author = "st-anna".parse().unwrap();
        let event = self.keys.signer.sign_event(author, seq, body).unwrap();
        let stamp = Stamp {
            wall: self.now,
            mono_us: seq,
            boot: "00112233445566ff",
        };
        let linked = self.chain.next(stamp, event, None).unwrap();
        let at = Applied {
            seq,
            ledger_time: linked.entry.ledger_time,
        };
        self.state.apply(at, &linked.entry.event).unwrap();
        let record = Record {
            line: linked.line,
            sealed: None,
        };
        self.journal.append(&[record], Priority::Normal).unwrap();
        self.now = self.now.plus(1_000_000);
        seq
    }

    /// Records what the contract says to `request`, changed.
    pub(crate) fn decide(&mut self, request: Request, change: impl FnOnce(&mut Decision)) -> u64 {
        let mut decision = decide(&self.state, &request);
        change(&mut decision);
        self.say(Body::Decision {
            request: Box::new(request),
            decision: Box::new(decision),
        })
    }

    /// The next day begins.
    pub(crate) fn next_day(&mut self) {
        self.now = self.now.plus(DAY_MICROS);
    }

    /// A path in the site's folder, as text.
    pub(crate) fn path(&self, name: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// Adds a file of rules to a copy of those delivered; the copy's folder.
    pub(crate) fn other_rules(&self, rule: &str) -> String {
        let folder = self.folder.path().join("other/policy");
        copy_rules(&folder);
        fs::write(folder.join("50-more.cedar"), rule).unwrap();
        folder.to_str().unwrap().to_owned()
    }

    /// Our modality stores into our archive.
    pub(crate) fn acquisition(&self) -> Request {
        Request {
            verb: Verb::Store,
            purpose: Purpose::Treatment,
            requester: "st-anna".parse().unwrap(),
            requester_ae: "CT1".parse().unwrap(),
            user: None,
            custodian: "st-anna".parse().unwrap(),
            recipient: "st-anna".parse().unwrap(),
            recipient_ae: "PACS".parse().unwrap(),
            patient: None,
            study: None,
            question: false,
            transport: TransportFacts {
                tls: false,
                mutual: false,
                address_checked: true,
            },
            received_at: self.now,
        }
    }

    /// Another hospital fetches images of nobody known, which the rules refuse.
    pub(crate) fn foreign(&self) -> Request {
        Request {
            verb: Verb::Retrieve,
            requester: "lakeside".parse().unwrap(),
            recipient: "lakeside".parse().unwrap(),
            ..self.acquisition()
        }
    }
}

/// Copies the rules as delivered into `folder`, and their numbers beside it.
pub(crate) fn copy_rules(folder: &Path) {
    let delivered = Path::new(DELIVERED);
    fs::create_dir_all(folder).unwrap();
    for file in fs::read_dir(delivered.join("policy")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    fs::copy(delivered.join("credit.toml"), folder.join("../credit.toml")).unwrap();
}
