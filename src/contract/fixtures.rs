//! Values that the tests of this room start from: St. Anna is our own institution, Lakeside
//! another one.

use std::collections::BTreeSet;

use crate::contract::Applied;
use crate::contract::Body;
use crate::contract::Consent;
use crate::contract::Decision;
use crate::contract::Effect;
use crate::contract::Event;
use crate::contract::Giver;
use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::contract::PolicySet;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Rejection;
use crate::contract::Request;
use crate::contract::Signature;
use crate::contract::SopClasses;
use crate::contract::State;
use crate::contract::StudyFacts;
use crate::contract::TransportFacts;
use crate::contract::Verb;
use crate::contract::decide;
use crate::contract::score_of;
use crate::digest::Sha256;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;

pub(super) const PATIENT: Pseudonym = Pseudonym::from_bytes([0xa1; 16]);

/// Noon of the day on which the tests begin.
pub(super) const START: UtcMicros = UtcMicros(20_500 * DAY_MICROS + DAY_MICROS / 2);

pub(super) const SCHEMA: &str = include_str!("../../gateway-config/policy/schema.cedarschema");

pub(super) const CREDIT: &str = include_str!("../../gateway-config/credit.toml");

pub(super) fn slug(text: &str) -> InstitutionSlug {
    text.parse().unwrap()
}

pub(super) fn study_digest() -> Sha256 {
    Sha256::of(&[b"study"])
}

/// The policies as delivered.
pub(super) fn default_files() -> Vec<(String, String)> {
    [
        (
            "10-permits.cedar",
            include_str!("../../gateway-config/policy/10-permits.cedar"),
        ),
        (
            "20-patient.cedar",
            include_str!("../../gateway-config/policy/20-patient.cedar"),
        ),
        (
            "30-score.cedar",
            include_str!("../../gateway-config/policy/30-score.cedar"),
        ),
        (
            "40-site.cedar",
            include_str!("../../gateway-config/policy/40-site.cedar"),
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .to_vec()
}

/// Those, and one more rule.
pub(super) fn with_rule(rule: &str) -> PolicySet {
    let mut files = default_files();
    files.push(("50-test.cedar".to_owned(), rule.to_owned()));
    PolicySet::parse(&files, SCHEMA, CREDIT).unwrap()
}

/// Lakeside fetches one of our CT studies for treatment.
pub(super) fn pull() -> Request {
    Request {
        verb: Verb::Retrieve,
        purpose: Purpose::Treatment,
        requester: slug("lakeside"),
        requester_ae: "LAKE_WS".parse().unwrap(),
        user: None,
        again: None,
        through: None,
        custodian: slug("st-anna"),
        recipient: slug("lakeside"),
        recipient_ae: "LAKE_WS".parse().unwrap(),
        patient: Some(PATIENT),
        study: Some(StudyFacts {
            modalities: BTreeSet::from(["CT".to_owned()]),
            date: Some(Day(20_490)),
            uid_digest: study_digest(),
        }),
        question: false,
        transport: TransportFacts {
            tls: false,
            mutual: false,
            address_checked: true,
            certificate: None,
        },
        received_at: START,
    }
}

/// Our own modality stores into our own archive.
pub(super) fn acquisition() -> Request {
    Request {
        verb: Verb::Store,
        requester: slug("st-anna"),
        requester_ae: "CT1".parse().unwrap(),
        recipient: slug("st-anna"),
        recipient_ae: "PACS".parse().unwrap(),
        ..pull()
    }
}

/// The patient lets Lakeside have everything for treatment.
pub(super) fn grant() -> Consent {
    Consent {
        patient: PATIENT,
        effect: Effect::Grant,
        given_by: Giver::Patient,
        grantees: Grantees::Named(BTreeSet::from([slug("lakeside")])),
        purposes: BTreeSet::from([Purpose::Treatment]),
        modalities: None,
        study_uid_digest: None,
        study_from: None,
        study_until: None,
        valid_from: UtcMicros(START.0 - 1),
        valid_until: None,
    }
}

/// A ledger of which only the state and the events are kept.
pub(super) struct Ledger {
    pub(super) state: State,
    pub(super) events: Vec<(Applied, Event)>,
    pub(super) now: UtcMicros,
}

impl Ledger {
    /// Begun, with the default policies.
    pub(super) fn new() -> Self {
        Self::with(&PolicySet::parse(&default_files(), SCHEMA, CREDIT).unwrap())
    }

    /// Begun, with these policies.
    pub(super) fn with(policy: &PolicySet) -> Self {
        let mut ledger = Self {
            state: State::new(),
            events: Vec::new(),
            now: START,
        };
        ledger.say(Body::Genesis {
            institution: slug("st-anna"),
            log_origin: "st-anna.example/ledger".to_owned(),
            key: "st-anna.example/ledger+00000000+AA==".to_owned(),
            statement_key: "st-anna.example/ledger+00000000+AA==".to_owned(),
            created: START,
        });
        let sha256 = policy.sha256();
        let by = "officer".to_owned();
        ledger.say(Body::PolicyProposed {
            sha256,
            schema_sha256: policy.schema_sha256(),
            text: policy.canonical_text().to_owned(),
            by: by.clone(),
        });
        ledger.say(Body::PolicyActivated { sha256, by });
        ledger
    }

    /// The next event of St. Anna and its place, not applied.
    pub(super) fn next(&self, body: Body) -> (Applied, Event) {
        let seq = self.events.len() as u64;
        let event = Event {
            author: slug("st-anna"),
            author_seq: seq,
            body,
            signature: Signature::from_bytes([0; 64]),
        };
        let ledger_time = self.now;
        (Applied { seq, ledger_time }, event)
    }

    pub(super) fn try_say(&mut self, body: Body) -> Result<u64, Rejection> {
        let (at, event) = self.next(body);
        self.state.apply(at, &event)?;
        self.events.push((at, event));
        Ok(at.seq)
    }

    pub(super) fn say(&mut self, body: Body) -> u64 {
        self.try_say(body).unwrap()
    }

    pub(super) fn consent(&mut self, consent: Consent) -> u64 {
        let by = "desk".to_owned();
        self.say(Body::ConsentGranted { consent, by })
    }

    pub(super) fn decide(&self, request: &Request) -> Decision {
        decide(&self.state, request)
    }

    /// Records a permit for `request`, whatever the rules say, and returns its number.
    pub(super) fn open(&mut self, request: &Request) -> u64 {
        let decision = Decision {
            observed: true,
            ..self.decide(request)
        };
        self.say(Body::Decision {
            request: Box::new(request.clone()),
            decision: Box::new(decision),
        })
    }

    /// A transfer to Lakeside that ended so.
    pub(super) fn transfer(&mut self, outcome: Outcome, fault: Option<&str>) {
        let decision = self.open(&pull());
        let body = closed(decision, outcome, fault);
        self.say(body);
    }

    /// Days pass with one transfer to Lakeside each, until `reached` says so of its score. Returns
    /// that score.
    pub(super) fn days(
        &mut self,
        outcome: Outcome,
        fault: Option<&str>,
        reached: impl Fn(u16) -> bool,
    ) -> u16 {
        for _ in 0..1000 {
            let score = score_of(&self.state, &slug("lakeside"), self.now.day());
            if reached(score) {
                return score;
            }
            self.now = self.now.plus(DAY_MICROS);
            self.transfer(outcome, fault);
        }
        panic!("the score never got there");
    }
}

/// The end of a transfer from St. Anna to Lakeside.
pub(super) fn closed(decision: u64, outcome: Outcome, fault: Option<&str>) -> Body {
    Body::TransferClosed {
        decision,
        sender: slug("st-anna"),
        recipient: slug("lakeside"),
        instances: 10,
        classes: SopClasses::default(),
        failed: u64::from(outcome == Outcome::Failed),
        statuses: Default::default(),
        warned: 0,
        spooled: 0,
        bytes: 5_000_000,
        manifest_root: None,
        outcome,
        fault: fault.map(slug),
        is_final: true,
    }
}
