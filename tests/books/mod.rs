//! A ledger on disk, written as a gateway writes it: signed, chained, in a journal, by the rules as
//! delivered. Shared by the tests that need one with a past; each uses a part of it.

pub(crate) mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use credence::contract::Applied;
use credence::contract::Body;
use credence::contract::Consent;
use credence::contract::Decision;
use credence::contract::Effect;
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
use credence::contract::Verb;
use credence::contract::decide;
use credence::digest::Sha256;
use credence::ledger::Chain;
use credence::ledger::Checkpoint;
use credence::ledger::Stamp;
use credence::ledger::Tree;
use credence::storage::Journal;
use credence::storage::Keyring;
use credence::storage::Keys;
use credence::storage::Priority;
use credence::storage::Record;
use credence::time::UtcMicros;

use rules::DELIVERED;

/// Whose gateway it is.
pub(crate) const OWN: &str = "st-anna";

/// As a gateway of st-anna names its ledger.
const ORIGIN: &str = "st-anna/credence";

/// A ledger, and what is known by it.
pub(crate) struct Books {
    keys: Keys,
    journal: Journal,
    chain: Chain,
    tree: Tree,
    pub(crate) state: State,
    /// The time of the next entry.
    pub(crate) now: UtcMicros,
    data: PathBuf,
}

pub(crate) fn slug(text: &str) -> InstitutionSlug {
    text.parse().unwrap()
}

/// The rules as delivered, and `more` of them.
pub(crate) fn delivered(more: Option<&str>) -> PolicySet {
    let folder = Path::new(DELIVERED);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let names = ["10-permits", "20-patient", "30-score", "40-site"];
    let files = names.map(|name| {
        let name = format!("{name}.cedar");
        let text = read(&format!("policy/{name}"));
        (name, text)
    });
    let more = more.map(|text| ("50-more.cedar".to_owned(), text.to_owned()));
    let files: Vec<(String, String)> = files.into_iter().chain(more).collect();
    let schema = read("policy/schema.cedarschema");
    PolicySet::parse(&files, &schema, &read("credit.toml")).unwrap()
}

impl Books {
    /// Begun at `begin`, in the folders `data` and `keys` of `site`, the rules as delivered in
    /// force.
    pub(crate) fn begin(site: &Path, begin: UtcMicros) -> Self {
        let data = site.join("data");
        fs::create_dir_all(&data).unwrap();
        let keys = Keys::open(&site.join("keys"), &data, &slug(OWN)).unwrap();
        let (journal, recovered) = Journal::open(&data, keys.log.key()).unwrap();
        let mut books = Self {
            journal,
            chain: recovered.chain,
            tree: recovered.tree,
            state: State::new(),
            now: begin,
            keys,
            data,
        };
        books.say(Body::Genesis {
            institution: slug(OWN),
            log_origin: books.keys.log.key().name().to_owned(),
            key: books.keys.log.key().to_string(),
            statement_key: books.keys.statement.key().to_string(),
            created: begin,
        });
        let founding = delivered(None);
        books.propose(&founding, "configuration");
        books.say(Body::PolicyActivated {
            sha256: founding.sha256(),
            by: "configuration".to_owned(),
        });
        books
    }

    /// Writes and applies the next event; its entry's number.
    pub(crate) fn say(&mut self, body: Body) -> u64 {
        let seq = self.chain.next_seq();
        let event = self
            .keys
            .statement
            .sign_event(slug(OWN), seq, body)
            .unwrap();
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
        self.tree.push(linked.leaf);
        let record = Record {
            line: linked.line,
            sealed: None,
        };
        self.journal.append(&[record], Priority::Normal).unwrap();
        self.now = self.now.plus(1_000);
        seq
    }

    /// The pseudonym of a patient whom the keyring knows from now on.
    pub(crate) fn patient(&self, issuer: &str, id: &str) -> Pseudonym {
        let mut keyring = Keyring::open(&self.data, &self.keys).unwrap();
        let identified = keyring.pseudonym_for(issuer.as_bytes(), id.as_bytes());
        identified.unwrap().pseudonym()
    }

    pub(crate) fn propose(&mut self, policy: &PolicySet, by: &str) {
        self.say(Body::PolicyProposed {
            sha256: policy.sha256(),
            schema_sha256: policy.schema_sha256(),
            text: policy.canonical_text().to_owned(),
            by: by.to_owned(),
        });
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

    /// Puts a question, and closes what it opens.
    pub(crate) fn ask(&mut self, request: &Request, outcome: Outcome, fault: Option<&str>) -> u64 {
        let mut releases = false;
        let seq = self.decide(request.clone(), |decision| releases = decision.releases());
        if releases && request.verb != Verb::Query {
            self.closed(request, seq, outcome, fault);
        }
        seq
    }

    /// Images went out under `decision`.
    pub(crate) fn closed(
        &mut self,
        request: &Request,
        decision: u64,
        outcome: Outcome,
        fault: Option<&str>,
    ) {
        let sender = match request.verb {
            Verb::Store => request.requester.clone(),
            Verb::Query | Verb::Retrieve => request.custodian.clone(),
        };
        self.say(Body::TransferClosed {
            decision,
            sender,
            recipient: request.recipient.clone(),
            instances: 3,
            classes: SopClasses::default(),
            failed: u64::from(fault.is_some()),
            statuses: Default::default(),
            warned: 0,
            spooled: 0,
            bytes: 3_000,
            manifest_root: Some(Sha256::of(&[b"manifest"])),
            outcome,
            fault: fault.map(slug),
            is_final: true,
        });
    }

    /// A grant without restrictions that begins now.
    pub(crate) fn unrestricted(
        &self,
        patient: Pseudonym,
        to: Grantees,
        purposes: &[Purpose],
    ) -> Consent {
        Consent {
            effect: Effect::Grant,
            given_by: Giver::Patient,
            grantees: to,
            modalities: None,
            patient,
            purposes: purposes.iter().copied().collect::<BTreeSet<_>>(),
            study_from: None,
            study_uid_digest: None,
            study_until: None,
            valid_from: self.now,
            valid_until: None,
        }
    }

    /// How many entries there are.
    pub(crate) const fn len(&self) -> u64 {
        self.chain.next_seq()
    }

    /// Signs a checkpoint over all entries.
    pub(crate) fn sign(&mut self) {
        let note = Checkpoint::sign(&self.tree, &self.keys.log).unwrap();
        self.journal.write_checkpoint(&note, &self.tree).unwrap();
    }

    /// Ends it in order, under a signed checkpoint; the data folder.
    pub(crate) fn close(mut self) -> PathBuf {
        let state_root = self.state.root();
        self.say(Body::Stopped {
            version: "0".to_owned(),
            boot: "0".to_owned(),
            state_root,
        });
        self.sign();
        self.data
    }
}
