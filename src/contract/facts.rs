//! What the state adds to a request before it is judged: scores, and consents that match.

use serde::Deserialize;
use serde::Serialize;

use crate::contract::consent::Effect;
use crate::contract::credit::Parameters;
use crate::contract::credit::SCORE_COLD_START;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Purpose;
use crate::contract::request::Request;
use crate::contract::state::State;
use crate::contract::state::score_of;
use crate::time::Day;
use crate::time::UtcMicros;

/// The facts of a request and of the state that it is put to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The requester is our own institution.
    pub requester_own: bool,
    /// The custodian is.
    pub custodian_own: bool,
    /// The recipient is.
    pub recipient_own: bool,
    /// The custodian's own gateway is at the other end: it judges, by its patients' word, what it releases.
    pub custodian_decides: bool,
    /// A C-FIND as a whole.
    pub question: bool,
    /// Days from study to request.
    pub study_age_days: Option<i64>,
    /// The requester's score.
    pub requester_score: u16,
    /// The recipient's score.
    pub recipient_score: u16,
    /// The lower one of those of other institutions.
    pub score: u16,
    /// An objection of the patient matches.
    pub denied: bool,
    /// A matching grant names the institutions.
    pub names_institution: bool,
    /// A matching grant names the institutions and the study.
    pub names_institution_and_study: bool,
    /// The grants that match, by rising number.
    pub granted: Vec<ConsentId>,
    /// The patient's standing; weighed in research and self-service only.
    pub standing: u16,
    /// Emergencies.
    pub break_glass: BreakGlass,
    /// When a consent of the patient next begins or ends.
    pub next_change: Option<UtcMicros>,
}

/// How often the glass is broken, and what that may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Patients whom the requester's AE title reached by EMERGENCY within the last hour, counting
    /// this one: by images, or by matches of queries, as the request does.
    pub patients: u32,
    /// As many as it may.
    pub patients_max: u32,
    /// They outweigh a patient's objection.
    pub overrides_denial: bool,
}

impl BreakGlass {
    fn gather(state: &State, request: &Request) -> Self {
        let patients = match request.patient {
            // What left the spool was counted when it was received.
            Some(patient) if request.purpose == Purpose::Emergency && request.again.is_none() => {
                let count = state.broken_by(request, patient);
                u32::try_from(count).unwrap_or(u32::MAX)
            }
            Some(_) | None => 0,
        };
        let mut glass = Self {
            patients,
            ..Self::default()
        };
        if let Some(parameters) = state.parameters() {
            glass.limit_by(parameters);
        }
        glass
    }

    /// Takes what these parameters allow.
    pub(crate) const fn limit_by(&mut self, parameters: &Parameters) {
        self.patients_max = parameters.emergency_patients_per_hour();
        self.overrides_denial = parameters.emergency_overrides_denial();
    }
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
            custodian_decides: request
                .through
                .as_ref()
                .is_some_and(|through| through.institution == request.custodian),
            question: request.is_bare_question(),
            study_age_days: age_days(request, day),
            requester_score,
            recipient_score,
            score: requester_score,
            denied: false,
            names_institution: false,
            names_institution_and_study: false,
            granted: Vec::new(),
            standing: SCORE_COLD_START,
            break_glass: BreakGlass::gather(state, request),
            next_change: None,
        };
        facts.take_scores(requester_score, recipient_score);
        let Some(patient) = request.patient else {
            return facts;
        };
        if request.action().weighs_standing() {
            facts.standing = state.standing_of(patient, day);
        }
        if state.is_alone(patient) {
            facts.weigh(state, patient, own, request);
        } else {
            for patient in state.patients_linked_to(patient) {
                facts.weigh(state, patient, own, request);
            }
            facts.granted.sort_unstable();
        }
        facts
    }

    /// Adds what was granted and denied under one pseudonym of the patient.
    fn weigh(
        &mut self,
        state: &State,
        patient: Pseudonym,
        own: &InstitutionSlug,
        request: &Request,
    ) {
        let facts = self;
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
    }

    /// Takes these scores, and which of them counts.
    pub(crate) fn take_scores(&mut self, requester_score: u16, recipient_score: u16) {
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
