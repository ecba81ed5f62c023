//! Accesses that somebody must account for, and how often the glass is broken.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::Rejection;
use super::Step;
use crate::contract::body::Body;
use crate::contract::decision::Decision;
use crate::contract::decision::Obligation;
use crate::contract::decision::Verdict;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Purpose;
use crate::contract::request::Request;
use crate::contract::request::Verb;
use crate::contract::state::table::Fact;
use crate::contract::state::table::Table;
use crate::dicom::AeTitle;
use crate::time::HOUR_MICROS;
use crate::time::UtcMicros;

/// Reviews that can wait at a time.
pub const REVIEWS_MAX: usize = 100_000;

/// Patients that are remembered of one AE title within an hour.
const BROKEN_MAX: usize = 2000;

/// An access that somebody must account for: the first decision of an AE title about a patient for
/// one purpose, and all that follow until it is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Who asked.
    pub ae: AeTitle,
    /// When it is late.
    pub due: UtcMicros,
    /// Who owes it: the requester.
    pub institution: InstitutionSlug,
    /// It was recorded as late.
    pub overdue: bool,
    /// Whose images.
    pub patient: Option<Pseudonym>,
    /// For what.
    pub purpose: Purpose,
    /// The last reason that was given.
    pub reason: Option<Reason>,
}

/// That a reason was given. Its text is in the sealed details of the entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Who gave it.
    pub by: String,
    /// The entry that holds it.
    pub entry: u64,
}

/// Patients whom an AE title reached by EMERGENCY and without a consent, and when last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Broken(BTreeMap<Pseudonym, UtcMicros>);

/// Which glass: a search that lists many patients must not use up what their images may need.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::contract::state) enum Glass {
    /// Stores and retrievals of an AE title.
    #[serde(rename = "images")]
    Images(AeTitle),
    /// Matches of its queries.
    #[serde(rename = "matches")]
    Matches(AeTitle),
}

impl Glass {
    fn of(request: &Request) -> Self {
        let ae = request.requester_ae.clone();
        match request.verb {
            Verb::Store | Verb::Retrieve => Self::Images(ae),
            Verb::Query => Self::Matches(ae),
        }
    }
}

impl fmt::Display for Glass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Images(ae) => write!(f, "images/{ae}"),
            Self::Matches(ae) => write!(f, "matches/{ae}"),
        }
    }
}

impl Fact for Review {
    type Key = u64;
    const KIND: &'static str = "review";
}

impl Fact for Broken {
    type Key = Glass;
    const KIND: &'static str = "broken";
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::contract::state) struct Reviews {
    broken: Table<Broken>,
    waiting: Table<Review>,
}

impl Reviews {
    pub(super) const fn new() -> Self {
        Self {
            broken: Table::new(),
            waiting: Table::new(),
        }
    }

    pub(super) fn apply(&mut self, step: &mut Step<'_>, body: &Body) -> Result<(), Rejection> {
        match body {
            // Asked again is not broken again: the decision at reception counts, and is reviewed.
            Body::Decision { request, decision }
                if decision.verdict == Verdict::Permit && request.again.is_none() =>
            {
                self.count(step, request, decision)?;
                self.open(step, request, decision)
            }
            Body::ReviewReasoned { review, by } => {
                let open = self.open_review(*review)?;
                let reason = Some(Reason {
                    by: by.clone(),
                    entry: step.seq,
                });
                Ok(self
                    .waiting
                    .put(step.map, *review, Review { reason, ..open })?)
            }
            Body::ReviewOverdue {
                review,
                institution,
            } => {
                let open = self.owed_by(*review, institution)?;
                if open.overdue || step.time < open.due {
                    return Err(Rejection::NotOverdue(*review));
                }
                let overdue = true;
                Ok(self
                    .waiting
                    .put(step.map, *review, Review { overdue, ..open })?)
            }
            Body::ReviewClosed {
                review,
                institution,
                justified,
                by,
            } => {
                let open = self.owed_by(*review, institution)?;
                let reason = open.reason.ok_or(Rejection::NoReason(*review))?;
                // Nobody finds their own reason good; to find it bad needs nobody else.
                if *justified && super::super::is_same_person(&reason.by, by) {
                    return Err(Rejection::SamePerson);
                }
                // What it costs is charged by whoever keeps scores, and only once.
                self.waiting.remove(step.map, review);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether another review can wait, if the event needs one.
    pub(super) fn has_room(&self, body: &Body) -> Result<(), Rejection> {
        match body {
            Body::Decision { decision, .. }
                if decision.obligations.contains(&Obligation::Review)
                    && self.waiting.len() >= REVIEWS_MAX =>
            {
                Err(Rejection::TooManyReviews)
            }
            _ => Ok(()),
        }
    }

    fn open_review(&self, review: u64) -> Result<Review, Rejection> {
        let open = self.waiting.get(&review);
        open.cloned().ok_or(Rejection::NoReview(review))
    }

    fn owed_by(&self, review: u64, institution: &InstitutionSlug) -> Result<Review, Rejection> {
        let open = self.open_review(review)?;
        if open.institution == *institution {
            Ok(open)
        } else {
            Err(Rejection::NoReview(review))
        }
    }

    fn open(
        &mut self,
        step: &mut Step<'_>,
        request: &Request,
        decision: &Decision,
    ) -> Result<(), Rejection> {
        let same = |review: &Review| {
            review.ae == request.requester_ae
                && review.institution == request.requester
                && review.patient == request.patient
                && review.purpose == request.purpose
                && step.time < review.due
        };
        // A question discloses nothing: each of its matches is judged, and opens a review, by itself.
        if !decision.obligations.contains(&Obligation::Review)
            || request.is_bare_question()
            || self.waiting.iter().any(|(_, review)| same(review))
        {
            return Ok(());
        }
        let review = Review {
            ae: request.requester_ae.clone(),
            due: step.in_hours(step.parameters.review_hours()),
            institution: request.requester.clone(),
            overdue: false,
            patient: request.patient,
            purpose: request.purpose,
            reason: None,
        };
        Ok(self.waiting.put(step.map, step.seq, review)?)
    }

    /// Counts a patient whom an emergency reached without a consent.
    fn count(
        &mut self,
        step: &mut Step<'_>,
        request: &Request,
        decision: &Decision,
    ) -> Result<(), Rejection> {
        let Some(patient) = request.patient else {
            return Ok(());
        };
        let outside = [&request.requester, &request.custodian, &request.recipient]
            .into_iter()
            .any(|party| party != step.own);
        if request.purpose != Purpose::Emergency || !outside || !decision.consents.is_empty() {
            return Ok(());
        }
        let glass = Glass::of(request);
        let mut broken = self.broken.get(&glass).cloned().unwrap_or_default();
        broken.0.retain(|_, at| is_within_an_hour(*at, step.time));
        if broken.0.len() < BROKEN_MAX {
            broken.0.insert(patient, step.time);
        }
        Ok(self.broken.put(step.map, glass, broken)?)
    }

    pub(super) fn fill(&self, map: &mut MerkleMap) -> Result<(), serde_json::Error> {
        self.broken.fill(map)?;
        self.waiting.fill(map)
    }

    /// Patients whom the AE title of `request` reached by EMERGENCY within the hour before it, by
    /// images or by matches as the request does, counting `patient`.
    pub(in crate::contract::state) fn broken_by(
        &self,
        request: &Request,
        patient: Pseudonym,
    ) -> usize {
        let at = request.received_at;
        let broken = self.broken.get(&Glass::of(request));
        let recent = broken.into_iter().flat_map(|broken| &broken.0);
        let others = recent.filter(|(one, when)| **one != patient && is_within_an_hour(**when, at));
        others.count().saturating_add(1)
    }

    /// What waits, by the number of the decision.
    pub(in crate::contract::state) fn waiting(&self) -> impl Iterator<Item = (u64, &Review)> {
        self.waiting
            .iter()
            .map(|(decision, review)| (*decision, review))
    }

    pub(in crate::contract::state) fn get(&self, review: u64) -> Option<&Review> {
        self.waiting.get(&review)
    }
}

fn is_within_an_hour(when: UtcMicros, at: UtcMicros) -> bool {
    at < when.plus(HOUR_MICROS)
}
