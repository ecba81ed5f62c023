//! A state as a busy gateway has it, built by applying events.

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use credence::contract::Applied;
use credence::contract::Body;
use credence::contract::Consent;
use credence::contract::Decision;
use credence::contract::Effect;
use credence::contract::Event;
use credence::contract::Giver;
use credence::contract::Grantees;
use credence::contract::InstitutionSlug;
use credence::contract::Outcome;
use credence::contract::PolicySet;
use credence::contract::Pseudonym;
use credence::contract::Purpose;
use credence::contract::Request;
use credence::contract::Signature;
use credence::contract::SopClasses;
use credence::contract::State;
use credence::contract::StudyFacts;
use credence::contract::TransportFacts;
use credence::contract::Verb;
use credence::contract::decide;
use credence::digest::Sha256;
use credence::time::DAY_MICROS;
use credence::time::Day;
use credence::time::UtcMicros;

const PATIENTS: u32 = 2_250;
const CONSENTS_EACH: u32 = 4;
/// Of one more patient.
const CONSENTS_OF_ONE: u32 = 1_000;
const INSTITUTIONS: u32 = 50;
const POLICIES_MIN: usize = 20;

const OWN: &str = "st-anna";
const NOON: UtcMicros = UtcMicros(20_500 * DAY_MICROS + DAY_MICROS / 2);
const SCHEMA: &str = include_str!("../../gateway-config/policy/schema.cedarschema");
const CREDIT: &str = include_str!("../../gateway-config/credit.toml");

/// The rules as delivered, and what a site may add to them.
const RULES: [(&str, &str); 4] = [
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
    ("40-site.cedar", include_str!("site.cedar")),
];

/// The state, and who may write the next event.
pub(crate) struct Books {
    pub(crate) state: State,
    next: u64,
    now: UtcMicros,
    /// Where the events go beside the state, each with its place.
    sink: Option<Sink>,
}

/// Takes an event's body and its ledger time.
pub(crate) type Sink = Box<dyn FnMut(UtcMicros, &Body)>;

impl Books {
    pub(crate) fn new() -> Self {
        Self::with(None)
    }

    pub(crate) fn with(sink: Option<Sink>) -> Self {
        let key = "st-anna.example/ledger+00000000+AA==";
        Self::of(key, key, sink)
    }

    /// Of a ledger with these keys: of its checkpoints, and of its events.
    pub(crate) fn of(key: &str, statement_key: &str, sink: Option<Sink>) -> Self {
        let mut books = Self {
            state: State::new(),
            next: 0,
            now: NOON.plus(-100 * DAY_MICROS),
            sink,
        };
        books.say(Body::Genesis {
            institution: slug(OWN),
            log_origin: "st-anna.example/ledger".to_owned(),
            key: key.to_owned(),
            statement_key: statement_key.to_owned(),
            created: books.now,
        });
        let files = RULES.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let policy = PolicySet::parse(&files, SCHEMA, CREDIT).unwrap();
        assert!(policy.ids().count() >= POLICIES_MIN);
        books.say(Body::PolicyProposed {
            sha256: policy.sha256(),
            schema_sha256: policy.schema_sha256(),
            text: policy.canonical_text().to_owned(),
            by: "officer".to_owned(),
        });
        books.say(Body::PolicyActivated {
            sha256: policy.sha256(),
            by: "officer".to_owned(),
        });
        books.grants();
        books.history();
        books.now = NOON;
        books
    }

    pub(crate) fn told(&self) -> String {
        let policies = self.state.policy().unwrap().ids().count();
        let consents = self.state.consents().count();
        let institutions = self.state.scores(NOON.day()).count();
        format!(
            "{consents} consents, {institutions} institutions with a reputation, {policies} policies"
        )
    }

    fn grants(&mut self) {
        for patient in 0..PATIENTS {
            for number in 0..CONSENTS_EACH {
                let institution = partner(patient * CONSENTS_EACH + number);
                self.grant(patient, institution);
            }
        }
        for number in 0..CONSENTS_OF_ONE {
            // All but the first institution, so that every one of them is weighed in vain.
            self.grant(PATIENTS, partner(1 + number % (INSTITUTIONS - 1)));
        }
    }

    fn grant(&mut self, patient: u32, institution: InstitutionSlug) {
        let consent = Consent {
            patient: pseudonym(patient),
            effect: Effect::Grant,
            given_by: Giver::Patient,
            grantees: Grantees::Named(BTreeSet::from([institution])),
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

    /// Each institution has received something on each of the last hundred days.
    fn history(&mut self) {
        while self.now < NOON {
            for number in 0..INSTITUTIONS {
                let request = pull(PATIENTS + 1, partner(number), self.now);
                let mut decision = decide(&self.state, &request);
                decision.observed = true;
                let number = self.say(decided(&request, decision));
                self.say(Self::closed(number, &request));
            }
            self.now = self.now.plus(DAY_MICROS);
        }
    }

    /// Our own modality stores into our own archive.
    pub(crate) fn acquisitions(&self) -> Vec<Request> {
        let requests = (0..PATIENTS).map(|patient| Request {
            verb: Verb::Store,
            ..pull(patient, slug(OWN), self.now)
        });
        requests.collect()
    }

    /// Institutions fetch what a consent covers.
    pub(crate) fn exchanges(&self) -> Vec<Request> {
        let all = 0..PATIENTS * CONSENTS_EACH;
        let requests = all.map(|number| pull(number / CONSENTS_EACH, partner(number), self.now));
        requests.collect()
    }

    /// Institutions fetch what no consent covers, though the patient has some.
    pub(crate) fn unconsented(&self) -> Vec<Request> {
        let requests = (0..PATIENTS)
            .map(|patient| pull(patient, partner(patient * CONSENTS_EACH + 7), self.now));
        requests.collect()
    }

    /// Of the one patient with as many consents as are allowed, none of which covers it.
    pub(crate) fn of_many_consents(&self) -> Vec<Request> {
        vec![pull(PATIENTS, partner(0), self.now)]
    }

    /// The body of the event that records what the contract says to `request`.
    pub(crate) fn decision(&self, request: &Request) -> Body {
        decided(request, decide(&self.state, request))
    }

    /// The transfer under decision `number` ended well.
    pub(crate) fn closed(number: u64, request: &Request) -> Body {
        Body::TransferClosed {
            decision: number,
            sender: request.custodian.clone(),
            recipient: request.recipient.clone(),
            instances: 100,
            classes: SopClasses::default(),
            failed: 0,
            statuses: Default::default(),
            warned: 0,
            spooled: 0,
            bytes: 50_000_000,
            manifest_root: Some(Sha256::of(&[b"manifest"])),
            outcome: Outcome::Completed,
            fault: None,
            is_final: true,
        }
    }

    pub(crate) fn say(&mut self, body: Body) -> u64 {
        self.timed(body).0
    }

    /// Applies an event; its number, and how long applying took.
    pub(crate) fn timed(&mut self, body: Body) -> (u64, Duration) {
        let event = Event {
            author: slug(OWN),
            author_seq: self.next,
            body,
            signature: Signature::from_bytes([0; 64]),
        };
        let at = Applied {
            seq: self.next,
            ledger_time: self.now,
        };
        let start = Instant::now();
        self.state.apply(at, &event).unwrap();
        let took = start.elapsed();
        if let Some(sink) = &mut self.sink {
            sink(self.now, &event.body);
        }
        self.next += 1;
        (at.seq, took)
    }
}

fn decided(request: &Request, decision: Decision) -> Body {
    Body::Decision {
        request: Box::new(request.clone()),
        decision: Box::new(decision),
    }
}

fn slug(text: &str) -> InstitutionSlug {
    text.parse().unwrap()
}

fn partner(number: u32) -> InstitutionSlug {
    slug(&format!("partner-{}", number % INSTITUTIONS))
}

fn pseudonym(number: u32) -> Pseudonym {
    let digest = Sha256::of(&[&number.to_be_bytes()]);
    Pseudonym::from_bytes(*digest.as_bytes().first_chunk().unwrap())
}

/// `institution` fetches a CT study of `patient` for treatment.
fn pull(patient: u32, institution: InstitutionSlug, received_at: UtcMicros) -> Request {
    Request {
        verb: Verb::Retrieve,
        purpose: Purpose::Treatment,
        requester: institution.clone(),
        requester_ae: "THEIR_WS".parse().unwrap(),
        user: None,
        again: None,
        through: None,
        custodian: slug(OWN),
        recipient: institution,
        recipient_ae: "THEIR_WS".parse().unwrap(),
        patient: Some(pseudonym(patient)),
        study: Some(StudyFacts {
            modalities: BTreeSet::from(["CT".to_owned()]),
            date: Some(Day(20_490)),
            uid_digest: Sha256::of(&[b"study", &patient.to_be_bytes()]),
        }),
        question: false,
        transport: TransportFacts {
            tls: true,
            mutual: true,
            address_checked: true,
            certificate: None,
        },
        received_at,
    }
}
