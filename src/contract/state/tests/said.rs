//! What people and the gateway say in these tests, and what is asked.

use crate::contract::Body;
use crate::contract::PolicySet;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Rejection;
use crate::contract::Request;
use crate::contract::credit::Incident;
use crate::contract::fixtures::CREDIT;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::SCHEMA;
use crate::contract::fixtures::default_files;
use crate::contract::fixtures::pull;
use crate::contract::fixtures::slug;
use crate::contract::score_of;

pub(super) use crate::time::HOUR_MICROS;

/// A score after one charge of 10 units, and after two: 1000 · 50 / 110, 1000 · 50 / 120.
pub(super) const CHARGED_ONCE: u16 = 454;
pub(super) const CHARGED_TWICE: u16 = 416;

pub(super) const fn patient(number: u8) -> Pseudonym {
    Pseudonym::from_bytes([number; 16])
}

/// Lakeside breaks the glass for this patient.
pub(super) fn emergency(number: u8) -> Request {
    Request {
        purpose: Purpose::Emergency,
        patient: Some(patient(number)),
        ..pull()
    }
}

/// The rules as delivered, with other numbers.
pub(super) fn with_number(from: &str, to: &str) -> PolicySet {
    let credit = CREDIT.replacen(from, to, 1);
    assert_ne!(credit, CREDIT);
    PolicySet::parse(&default_files(), SCHEMA, &credit).unwrap()
}

pub(super) fn reasoned(review: u64, by: &str) -> Body {
    let by = by.to_owned();
    Body::ReviewReasoned { review, by }
}

pub(super) fn closed_review(review: u64, justified: bool, by: &str) -> Body {
    Body::ReviewClosed {
        review,
        institution: slug("lakeside"),
        justified,
        by: by.to_owned(),
    }
}

pub(super) fn overdue(review: u64) -> Body {
    Body::ReviewOverdue {
        review,
        institution: slug("lakeside"),
    }
}

pub(super) fn reported(incident: Incident, institution: &str, proof: &[u64]) -> Body {
    Body::IncidentReported {
        incident,
        institution: slug(institution),
        proof: proof.to_vec(),
        reference: "2026-114".to_owned(),
        by: "Weber".to_owned(),
    }
}

pub(super) fn decided(report: u64, upheld: bool, by: &str) -> Body {
    Body::IncidentDecided {
        report,
        institution: slug("lakeside"),
        upheld,
        by: by.to_owned(),
    }
}

impl Ledger {
    /// Asks, and records what was answered.
    pub(super) fn ask(&mut self, request: &Request) -> u64 {
        let request = Request {
            received_at: self.now,
            ..request.clone()
        };
        let decision = self.decide(&request);
        self.say(Body::Decision {
            request: Box::new(request),
            decision: Box::new(decision),
        })
    }

    /// Asks, records, and tells why not; empty in a permit.
    pub(super) fn asked(&mut self, request: &Request) -> String {
        self.ask(request);
        match &self.events.last().unwrap().1.body {
            Body::Decision { decision, .. } => decision.short_reason().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// That it is rejected leaves the state as it was.
    pub(super) fn rejects(&self, body: Body) -> Rejection {
        let mut state = self.state.clone();
        let (at, event) = self.next(body);
        let rejection = state.apply(at, &event).unwrap_err();
        assert_eq!(state, self.state);
        rejection
    }

    pub(super) fn score(&self, institution: &str) -> u16 {
        score_of(&self.state, &slug(institution), self.now.day())
    }

    pub(super) fn hours_pass(&mut self, hours: i64) {
        self.now = self.now.plus(hours.saturating_mul(HOUR_MICROS));
    }

    pub(super) fn days_pass(&mut self, days: i64) {
        self.hours_pass(days.saturating_mul(24));
    }

    /// Reported and upheld. Gives the number of the entry that charged.
    pub(super) fn upheld(&mut self, incident: Incident) -> u64 {
        let report = self.say(reported(incident, "lakeside", &[0]));
        self.say(decided(report, true, "Arbiter"))
    }

    /// All of it again, from the first event, gives the same state; so does a snapshot.
    pub(super) fn is_replayable(&self) {
        assert_eq!(super::fold(self), self.state);
        let text = serde_json::to_string(&self.state).unwrap();
        let again: super::State = serde_json::from_str(&text).unwrap();
        assert_eq!(again.root(), self.state.root());
        assert_eq!(again, self.state);
    }
}
