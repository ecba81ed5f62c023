//! Machines that apply the same entries hold the same bytes.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "small numbers chosen by the tests"
)]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::ProptestConfig;
use proptest::prelude::any;
use proptest::proptest;

use super::*;
use crate::contract::Account;
use crate::contract::Effect;
use crate::contract::Outcome;
use crate::contract::ParcelRelease;
use crate::contract::Purpose;
use crate::contract::ReceiptStanding;
use crate::contract::SopClasses;
use crate::contract::Verdict;
use crate::contract::credit::Incident;
use crate::contract::credit::StandingEvidence;
use crate::contract::fixtures::CREDIT;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::PATIENT;
use crate::contract::fixtures::SCHEMA;
use crate::contract::fixtures::closed;
use crate::contract::fixtures::default_files;
use crate::contract::fixtures::grant;
use crate::contract::fixtures::pull;
use crate::contract::fixtures::slug;
use crate::contract::keeping::ErasureReason;
use crate::contract::request::Request;
use crate::digest::canonical_json;

/// Kinds of steps, and so of events, that a walk can take.
const KINDS: u8 = 34;

/// A step of a walk: a kind of event, which of the things that it could be about, and how much
/// later than the step before.
type Choice = (u8, u16, u32);

/// A ledger that grows by events that are mostly acceptable.
struct Walk {
    ledger: Ledger,
    revocations: Vec<u64>,
}

fn one_of<T: Clone>(all: &[T], which: u16) -> Option<T> {
    all.get(usize::from(which).checked_rem(all.len())?).cloned()
}

fn patient(which: u16) -> Pseudonym {
    Pseudonym::from_bytes([u8::try_from(which % 5).unwrap(); 16])
}

/// Policies with other numbers in `credit.toml`.
static POLICIES: LazyLock<[PolicySet; 3]> = LazyLock::new(|| {
    [20, 21, 22].map(|hours| {
        let credit = CREDIT.replacen("hours = 24", &format!("hours = {hours}"), 1);
        PolicySet::parse(&default_files(), SCHEMA, &credit).unwrap()
    })
});

impl Walk {
    fn new() -> Self {
        Self {
            ledger: Ledger::new(),
            revocations: Vec::new(),
        }
    }

    /// Takes a step. Whatever is refused leaves the state as it was.
    fn step(&mut self, (kind, which, later_s): Choice) {
        self.ledger.now = self.ledger.now.plus(i64::from(later_s) * 1_000_000);
        let Some(body) = self.body(kind % KINDS, which) else {
            return;
        };
        let revokes = matches!(body, Body::ConsentRevoked { .. });
        let before = self.ledger.state.root();
        match self.ledger.try_say(body) {
            Ok(entry) if revokes => self.revocations.push(entry),
            Ok(_) => {}
            Err(_) => assert_eq!(self.ledger.state.root(), before),
        }
    }

    fn body(&self, kind: u8, which: u16) -> Option<Body> {
        let by = || ["ann", "bob", "cleo"][usize::from(which % 3)].to_owned();
        match kind {
            0..=3 => self.of_consents(kind, which, by()),
            4..=8 => self.of_patients(kind, which, by()),
            9..=12 => self.of_reviews(kind, which, by()),
            13..=16 => self.of_credit(kind, which, by()),
            17..=20 => self.of_policies(kind, which, by()),
            27..=32 => self.of_keeping(kind, which, by()),
            33 => self.of_receipts(which),
            _ => self.of_the_gateway(kind, which),
        }
    }

    fn of_consents(&self, kind: u8, which: u16, by: String) -> Option<Body> {
        let consent = Consent {
            patient: patient(which),
            effect: if kind == 0 {
                Effect::Grant
            } else {
                Effect::Deny
            },
            ..grant()
        };
        Some(match kind {
            0 | 1 => Body::ConsentGranted { consent, by },
            2 => {
                let all: Vec<_> = self.ledger.state.consents().collect();
                let (consent, terms) = one_of(&all, which)?;
                let patient = terms.patient;
                Body::ConsentRevoked {
                    consent,
                    patient,
                    by,
                }
            }
            _ => Body::RevocationHonoured {
                revocation: one_of(&self.revocations, which)?,
                institution: slug("lakeside"),
                by,
            },
        })
    }

    fn of_patients(&self, kind: u8, which: u16, by: String) -> Option<Body> {
        let patient = patient(which);
        Some(match kind {
            4 => Body::PatientLinked {
                patient,
                into: self::patient(which / 5),
                by,
            },
            5 => {
                let all: Vec<_> = self.ledger.state.links().collect();
                let (patient, from) = one_of(&all, which)?;
                Body::PatientUnlinked { patient, from, by }
            }
            6 => Body::GuardianNamed {
                patient,
                until: None,
                by,
            },
            7 => Body::GuardianEnded { patient, by },
            _ => Body::StandingNoted {
                patient,
                evidence: one_of(&StandingEvidence::ALL, which)?,
                proof: vec![1],
                by,
            },
        })
    }

    fn of_keeping(&self, kind: u8, which: u16, by: String) -> Option<Body> {
        Some(match kind {
            27 => Body::PatientErased {
                patients: self.ledger.state.patients_linked_to(patient(which)),
                reason: one_of(&ErasureReason::ALL, which)?,
                by,
            },
            28 => Body::HoldPlaced {
                patients: (!which.is_multiple_of(4)).then(|| BTreeSet::from([patient(which)])),
                reference: format!("case {which}"),
                from_year: which.is_multiple_of(3).then_some(2020),
                until_year: None,
                by,
            },
            29 => {
                let all: Vec<u64> = self.ledger.state.holds().map(|(hold, _)| hold).collect();
                let hold = one_of(&all, which)?;
                Body::HoldLifted { hold, by }
            }
            30 => Body::DetailsDropped {
                epoch: format!("{}/default", 2000 + which % 27).parse().unwrap(),
                by,
            },
            31 => Body::Equivocated {
                institution: slug("hill"),
                key: "key".to_owned(),
                first: format!("one {which}"),
                second: "another".to_owned(),
            },
            _ => Body::Restored {
                log_origin: format!("st-anna/credence/{which}"),
                key: format!("key {which}"),
                checkpoint: None,
                by,
            },
        })
    }

    fn of_reviews(&self, kind: u8, which: u16, by: String) -> Option<Body> {
        if kind == 9 {
            return Some(self.decision(&Request {
                purpose: Purpose::Emergency,
                patient: Some(patient(which)),
                received_at: self.ledger.now,
                ..pull()
            }));
        }
        let all: Vec<_> = self.ledger.state.reviews().collect();
        let (review, waiting) = one_of(&all, which)?;
        let institution = waiting.institution.clone();
        let justified = which.is_multiple_of(2);
        Some(match kind {
            10 => Body::ReviewReasoned { review, by },
            11 => Body::ReviewOverdue {
                review,
                institution,
            },
            _ => Body::ReviewClosed {
                review,
                institution,
                justified,
                by,
            },
        })
    }

    fn of_credit(&self, kind: u8, which: u16, by: String) -> Option<Body> {
        let state = &self.ledger.state;
        if kind == 13 {
            return Some(Body::IncidentReported {
                incident: one_of(&Incident::ALL, which)?,
                institution: slug(["lakeside", "hill"][usize::from(which % 2)]),
                proof: vec![u64::from(which % 9)],
                reference: "CASE-1".to_owned(),
                by,
            });
        }
        if kind == 14 {
            let all: Vec<_> = state.reports().collect();
            let (report, told) = one_of(&all, which)?;
            let institution = told.institution.clone();
            let upheld = !which.is_multiple_of(4);
            return Some(Body::IncidentDecided {
                report,
                institution,
                upheld,
                by,
            });
        }
        let all: Vec<_> = state.charges().collect();
        let (charge, told) = one_of(&all, which)?;
        let institution = told.institution.clone();
        Some(if kind == 15 {
            Body::ChargeReversed {
                charge,
                institution,
                by,
            }
        } else {
            Body::CeilingLifted {
                charge,
                institution,
                by,
            }
        })
    }

    fn of_policies(&self, kind: u8, which: u16, by: String) -> Option<Body> {
        if kind == 17 {
            let policy = one_of(&*POLICIES, which)?;
            return Some(Body::PolicyProposed {
                sha256: policy.sha256(),
                schema_sha256: policy.schema_sha256(),
                text: policy.canonical_text().to_owned(),
                by,
            });
        }
        let all: Vec<Sha256> = self
            .ledger
            .state
            .proposals()
            .map(|(sha256, _)| sha256)
            .collect();
        let sha256 = one_of(&all, which)?;
        Some(match kind {
            18 => Body::PolicyApproved { sha256, by },
            19 => Body::PolicyWithdrawn { sha256, by },
            _ => Body::PolicyActivated { sha256, by },
        })
    }

    /// Of a decision that there may be, in any order.
    fn of_receipts(&self, which: u16) -> Option<Body> {
        let parcel = "00112233445566778899aabbccddeeff".to_owned();
        match which % 6 {
            1 => {
                return Some(Body::ParcelSealed {
                    parcel,
                    decision: 3,
                    recipient: slug("lakeside"),
                    instances: 1,
                    classes: SopClasses::default(),
                    bytes: 10,
                    manifest_sha256: Sha256::ZERO,
                    release: ParcelRelease::Online,
                });
            }
            2 => {
                return Some(Body::ParcelOpened {
                    parcel,
                    sealed: 4,
                    decision: 5,
                    recipient: slug("lakeside"),
                    verdict: Verdict::Permit,
                    request_sha256: Sha256::ZERO,
                });
            }
            3 => {
                return Some(Body::Misstated {
                    institution: slug("hill"),
                    key: "key".to_owned(),
                    statement: "a statement".to_owned(),
                });
            }
            _ => {}
        }
        let standings = [
            ReceiptStanding::Due,
            ReceiptStanding::Drafted,
            ReceiptStanding::Agreed,
            ReceiptStanding::Disputed,
            ReceiptStanding::Missing,
        ];
        let open: Vec<_> = self.ledger.state.receipts().collect();
        let decision = one_of(&open, which).map(|(decision, _)| decision);
        Some(Body::Receipt {
            decision: decision.unwrap_or_else(|| u64::from(which % 20)),
            institution: slug("lakeside"),
            patient: PATIENT,
            standing: one_of(&standings, which / 3)?,
        })
    }

    fn of_the_gateway(&self, kind: u8, which: u16) -> Option<Body> {
        let (version, boot) = ("0".to_owned(), "0".to_owned());
        Some(match kind {
            21 => self.decision(&Request {
                received_at: self.ledger.now,
                ..pull()
            }),
            22 => {
                let all: Vec<_> = self.ledger.state.open_transfers().collect();
                let (decision, _) = one_of(&all, which)?;
                let fault = which.is_multiple_of(5).then_some("lakeside");
                let outcome = if fault.is_some() {
                    Outcome::Failed
                } else {
                    Outcome::Completed
                };
                closed(decision, outcome, fault)
            }
            23 => Body::Query {
                decision: u64::from(which),
                matches: 3,
                withheld: 1,
                status: 0,
            },
            24 => Body::Alert {
                code: "test".to_owned(),
                text: "a test".to_owned(),
                about: None,
            },
            25 => Body::Started { version, boot },
            _ => Body::Stopped {
                version,
                boot,
                state_root: self.ledger.state.root(),
            },
        })
    }

    /// What the rules answer, carried out whatever it is.
    fn decision(&self, request: &Request) -> Body {
        let decision = crate::contract::Decision {
            observed: true,
            ..self.ledger.decide(request)
        };
        Body::Decision {
            request: Box::new(request.clone()),
            decision: Box::new(decision),
        }
    }
}

fn walk(choices: &[Choice]) -> Ledger {
    let mut walk = Walk::new();
    for choice in choices {
        walk.step(*choice);
    }
    walk.ledger
}

/// A machine that gets each event as a text and goes on with `state`.
fn follow(mut state: State, events: &[(Applied, Event)]) -> State {
    for (at, event) in events {
        let text = canonical_json(event).unwrap();
        let event: Event = serde_json::from_str(&text).unwrap();
        state.apply(*at, &event).unwrap();
    }
    state
}

fn bytes(state: &State) -> String {
    serde_json::to_string(state).unwrap()
}

#[test]
fn a_long_walk_meets_every_kind_of_event() {
    // A linear congruential generator (Knuth's MMIX), so that this walk is always the same.
    let mut seed = 7_u64;
    let mut next = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    let choices = (0..1000).map(|_| {
        let kind = u8::try_from(next() % u64::from(KINDS)).unwrap();
        let which = u16::try_from(next() % 1000).unwrap();
        (kind, which, u32::try_from(next() % 40_000).unwrap())
    });
    let ledger = walk(&choices.collect::<Vec<_>>());
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, event) in &ledger.events {
        *met.entry(event.body.kind()).or_default() += 1;
    }
    let kinds: BTreeSet<&str> = met.keys().copied().collect();
    // Every kind there is: the compiler holds Body::kind to them, and this holds the walk.
    assert_eq!(kinds.len(), 36, "{met:?}");
    let other = follow(State::new(), &ledger.events);
    assert_eq!(bytes(&other), bytes(&ledger.state));
    assert_eq!(other.root(), ledger.state.root());
    assert_accounts_add_up(&ledger);
}

/// Whatever happened, an account tells where every score comes from, but for rounding: a side
/// loses less than 1 micro-unit a day, of which 131 and 528 are left at most (half-lives of 90 and
/// 365 days), and each line is rounded down once. What was taken back is rounded once more.
fn assert_accounts_add_up(ledger: &Ledger) {
    for institution in [slug("lakeside"), slug("hill")] {
        let (mut account, mut state) = (Account::new(institution.clone()), State::new());
        for (at, event) in &ledger.events {
            account.follow(&mut state, *at, event).unwrap();
        }
        assert_eq!(state.root(), ledger.state.root());
        let day = Day(ledger.now.day().0 + 10);
        let told = account.statement(&state, day).unwrap();
        assert_eq!(told.score, score_of(&state, &institution, day));
        let lines = i64::try_from(told.lines.len()).unwrap();
        let reversed = told.lines.iter().filter(|line| line.reversed_by.is_some());
        let bad = 528 * (1 + i64::try_from(reversed.count()).unwrap());
        assert!(
            (-131..=lines).contains(&told.rounding_good_micro),
            "{told:?}"
        );
        assert!(
            (-bad..=bad + lines).contains(&told.rounding_bad_micro),
            "{told:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn machines_that_apply_the_same_entries_hold_the_same_bytes(
        choices in vec((0..KINDS, any::<u16>(), 0..200_000_u32), 0..50),
        stop in any::<proptest::sample::Index>(),
    ) {
        let ledger = walk(&choices);
        let other = follow(State::new(), &ledger.events);
        assert_eq!(bytes(&other), bytes(&ledger.state));
        assert_eq!(other.root(), ledger.state.root());
        // A third one was stopped on the way and went on from its snapshot.
        let (before, after) = ledger.events.split_at(stop.index(ledger.events.len()));
        let snapshot = bytes(&follow(State::new(), before));
        let third = follow(serde_json::from_str(&snapshot).unwrap(), after);
        assert_eq!(bytes(&third), bytes(&ledger.state));
        assert_eq!(third.root(), ledger.state.root());
    }
}
