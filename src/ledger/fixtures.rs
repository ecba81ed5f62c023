//! Values that tests of the ledger and its storage start from.

use ring::signature::Ed25519KeyPair;

use crate::contract::Body;
use crate::contract::Event;
use crate::contract::InstitutionSlug;
use crate::contract::PolicySet;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::TransportFacts;
use crate::contract::Verb;
use crate::digest::Sha256;
use crate::ledger::chain::Chain;
use crate::ledger::chain::Linked;
use crate::ledger::chain::Stamp;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::cosignature::WitnessSigner;
use crate::ledger::entry::EntryError;
use crate::ledger::key::LogSigner;
use crate::ledger::merkle::Tree;
use crate::time::UtcMicros;

const SCHEMA: &str = include_str!("../../gateway-config/policy/schema.cedarschema");
const CREDIT: &str = include_str!("../../gateway-config/credit.toml");
const PERMITS: &str = include_str!("../../gateway-config/policy/10-permits.cedar");

pub(crate) const BOOT: &str = "00112233445566ff";

/// The signer of every test: St. Anna.
pub(crate) fn signer() -> LogSigner {
    signer_named("st-anna.example/ledger", 7)
}

/// A signer whose key is told from others by its seed.
pub(crate) fn signer_named(name: &str, seed: u8) -> LogSigner {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    LogSigner::from_pair(name, pair).unwrap()
}

/// A witness, by the bytes of its seed.
pub(crate) fn witness(name: &str, seed: u8) -> WitnessSigner {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    WitnessSigner::new(LogSigner::from_pair(name, pair).unwrap()).unwrap()
}

pub(crate) fn own() -> InstitutionSlug {
    "st-anna".parse().unwrap()
}

/// Our own modality stores into our own archive.
pub(crate) fn request() -> Request {
    Request {
        verb: Verb::Store,
        purpose: Purpose::Treatment,
        requester: own(),
        requester_ae: "CT1".parse().unwrap(),
        user: None,
        again: None,
        through: None,
        custodian: own(),
        recipient: own(),
        recipient_ae: "PACS".parse().unwrap(),
        patient: None,
        study: None,
        question: false,
        transport: TransportFacts {
            tls: false,
            mutual: false,
            address_checked: true,
            certificate: None,
        },
        received_at: UtcMicros(1_770_000_000_000_000),
    }
}

/// The rules and parameters of a new ledger, in force.
pub(crate) fn founding() -> [Body; 2] {
    let files = [("10-permits.cedar".to_owned(), PERMITS.to_owned())];
    let policy = PolicySet::parse(&files, SCHEMA, CREDIT).unwrap();
    let (sha256, by) = (policy.sha256(), "officer".to_owned());
    let proposed = Body::PolicyProposed {
        sha256,
        schema_sha256: policy.schema_sha256(),
        text: policy.canonical_text().to_owned(),
        by: by.clone(),
    };
    [proposed, Body::PolicyActivated { sha256, by }]
}

/// Writes entries as the recorder would.
pub(crate) struct Scribe {
    pub(crate) chain: Chain,
    pub(crate) tree: Tree,
    pub(crate) signer: LogSigner,
    pub(crate) wall: UtcMicros,
}

impl Scribe {
    pub(crate) fn new() -> Self {
        Self {
            chain: Chain::new(),
            tree: Tree::new(),
            signer: signer(),
            wall: UtcMicros(1_770_000_000_000_000),
        }
    }

    /// The scribe who goes on after this one's first entries.
    pub(crate) fn resume(chain: Chain, tree: Tree) -> Self {
        Self {
            chain,
            tree,
            ..Self::new()
        }
    }

    pub(crate) fn event(&self, text: &str) -> Event {
        let body = Body::Alert {
            code: "test".to_owned(),
            text: text.to_owned(),
            about: None,
        };
        self.signed(body)
    }

    pub(crate) fn signed(&self, body: Body) -> Event {
        let author_seq = self.chain.next_seq();
        self.signer.sign_event(own(), author_seq, body).unwrap()
    }

    pub(crate) fn write(
        &mut self,
        event: Event,
        sealed: Option<Sha256>,
    ) -> Result<Linked, EntryError> {
        let stamp = Stamp {
            wall: self.wall,
            mono_us: 17,
            boot: BOOT,
        };
        let linked = self.chain.next(stamp, event, sealed)?;
        self.tree.push(linked.leaf);
        self.wall = self.wall.plus(1_000);
        Ok(linked)
    }

    pub(crate) fn try_alert(&mut self, text: &str) -> Result<Linked, EntryError> {
        self.write(self.event(text), None)
    }

    pub(crate) fn alert(&mut self, text: &str) -> Linked {
        self.try_alert(text).unwrap()
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint::of(self.signer.key().name(), &self.tree)
    }

    pub(crate) fn note(&self) -> String {
        Checkpoint::sign(&self.tree, &self.signer).unwrap()
    }
}
