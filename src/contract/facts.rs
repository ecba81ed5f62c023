//! What the state adds to a request before it is judged: scores, and consents that match.

use crate::contract::consent::Effect;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::request::Request;
use crate::contract::state::State;
use crate::contract::state::score_of;
use crate::time::Day;
use crate::time::UtcMicros;

/// The facts of a request and of the state that it is put to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) requester_own: bool,
    pub(crate) custodian_own: bool,
    pub(crate) recipient_own: bool,
    /// A C-FIND as a whole.
    pub(crate) question: bool,
    /// Days from study to request.
    pub(crate) study_age_days: Option<i64>,
    pub(crate) requester_score: u16,
    pub(crate) recipient_score: u16,
    /// The lower one of those of other institutions.
    pub(crate) score: u16,
    pub(crate) denied: bool,
    pub(crate) names_institution: bool,
    pub(crate) names_institution_and_study: bool,
    /// The grants that match, by rising number.
    pub(crate) granted: Vec<ConsentId>,
    /// When a consent of the patient next begins or ends.
    pub(crate) next_change: Option<UtcMicros>,
}

impl Facts {
    /// Looks up what `state` knows of `request`, at a gateway of `own`.
    pub(crate) fn gather(state: &State, own: &InstitutionSlug, request: &Request) -> Self {
        let day = request.received_at.day();
        let requester_own = request.requester == *own;
        let recipient_own = request.recipient == *own;
        let requester_score = score_of(state, &request.requester, day);
        let recipient_score = score_of(state, &request.recipient, day);
        let mut facts = Self {
            requester_own,
            custodian_own: request.custodian == *own,
            recipient_own,
            question: request.is_bare_question(),
            study_age_days: age_days(request, day),
            requester_score,
            recipient_score,
            score: requester_score,
            denied: false,
            names_institution: false,
            names_institution_and_study: false,
            granted: Vec::new(),
            next_change: None,
        };
        facts.weigh(requester_score, recipient_score);
        let Some(patient) = request.patient else {
            return facts;
        };
        for (id, consent) in state.consents_of(patient) {
            let change = consent.next_change(request.received_at);
            facts.next_change = facts.next_change.into_iter().chain(change).min();
            if !consent.matches(request, own) {
                continue;
            }
            match consent.effect {
                Effect::Deny => facts.denied = true,
                Effect::Grant => {
                    let named = consent.names_institutions();
                    facts.granted.push(id);
                    facts.names_institution |= named;
                    facts.names_institution_and_study |= named && consent.names_study();
                }
            }
        }
        facts
    }

    /// Takes these scores, and which of them counts.
    pub(crate) fn weigh(&mut self, requester_score: u16, recipient_score: u16) {
        self.requester_score = requester_score;
        self.recipient_score = recipient_score;
        self.score = match (self.requester_own, self.recipient_own) {
            (true, _) => recipient_score,
            (false, true) => requester_score,
            (false, false) => requester_score.min(recipient_score),
        };
    }

    /// Requester, custodian and recipient are all our own institution.
    pub(crate) const fn within(&self) -> bool {
        self.requester_own && self.custodian_own && self.recipient_own
    }
}

fn age_days(request: &Request, day: Day) -> Option<i64> {
    let date = request.study.as_ref()?.date?;
    Some(i64::from(day.0).saturating_sub(i64::from(date.0)))
}
