//! Putting a request to the engine.

use cedar_policy::Context;
use cedar_policy::Decision;
use cedar_policy::EntityId;
use cedar_policy::EntityUid;
use cedar_policy::Request as CedarRequest;
use cedar_policy::RestrictedExpression;

use super::Notes;
use super::PolicySet;
use crate::contract::facts::Facts;
use crate::contract::names::InstitutionSlug;
use crate::contract::request::Request;

/// Characters that are kept of an error's text.
const ERROR_CHARACTERS_MAX: usize = 200;

/// Errors that are kept.
const ERRORS_MAX: usize = 8;

/// What the engine says.
#[derive(Debug)]
pub(crate) struct Evaluation<'a> {
    /// Some rule permits and none forbids. Worth nothing when there are errors: the engine skips
    /// a rule that errs, a forbid too.
    pub(crate) allowed: bool,
    /// The rules that decided, by rising id (the engine's own order changes from call to call).
    pub(crate) reasons: Vec<(&'a str, &'a Notes)>,
    /// What went wrong, sorted.
    pub(crate) errors: Vec<String>,
}

impl PolicySet {
    /// Evaluates every rule.
    pub(crate) fn evaluate(&self, request: &Request, facts: &Facts) -> Evaluation<'_> {
        let failed = |message: String| Evaluation {
            allowed: false,
            reasons: Vec::new(),
            errors: vec![shortened(&message)],
        };
        let question = match self.question(request, facts) {
            Ok(question) => question,
            Err(message) => return failed(message),
        };
        let response = self
            .authorizer
            .is_authorized(&question, &self.policies, &self.entities);
        let mut reasons = Vec::new();
        for id in response.diagnostics().reason() {
            let id: &str = id.as_ref();
            match self.notes.get_key_value(id) {
                Some((id, notes)) => reasons.push((id.as_str(), notes)),
                None => return failed(format!("unknown rule {id}")),
            }
        }
        reasons.sort_unstable_by_key(|(id, _)| *id);
        let errors = response.diagnostics().errors();
        let mut errors: Vec<String> = errors.map(|error| shortened(&error.to_string())).collect();
        errors.sort_unstable();
        errors.truncate(ERRORS_MAX);
        Evaluation {
            allowed: response.decision() == Decision::Allow,
            reasons,
            errors,
        }
    }

    /// The request in the engine's terms. It conforms to the default schema by construction (a
    /// test says so), hence is not checked again each time.
    pub(super) fn question(
        &self,
        request: &Request,
        facts: &Facts,
    ) -> Result<CedarRequest, String> {
        let action = request.action();
        let Some(action_uid) = self.actions.get(&action) else {
            return Err(format!("unknown action {}", action.as_str()));
        };
        let mut pairs = self.pairs(request, facts)?;
        if action.weighs_standing() {
            pairs.push(("standing", long(facts.standing)));
        }
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value));
        let context = Context::from_pairs(pairs).map_err(|error| error.to_string())?;
        CedarRequest::new(
            self.institution(&request.requester),
            action_uid.clone(),
            self.institution(&request.custodian),
            context,
            None,
        )
        .map_err(|error| error.to_string())
    }

    fn institution(&self, slug: &InstitutionSlug) -> EntityUid {
        EntityUid::from_type_name_and_id(self.institution.clone(), EntityId::new(slug.as_str()))
    }

    fn pairs(
        &self,
        request: &Request,
        facts: &Facts,
    ) -> Result<Vec<(&'static str, RestrictedExpression)>, String> {
        let modalities = request.study.iter().flat_map(|study| &study.modalities);
        let modalities = modalities.map(|modality| text(modality));
        let recipient = self.institution(&request.recipient);
        let mut pairs = vec![
            ("purpose", text(request.purpose.as_str())),
            ("within", boolean(facts.within())),
            ("requester_own", boolean(facts.requester_own)),
            ("custodian_own", boolean(facts.custodian_own)),
            ("recipient_own", boolean(facts.recipient_own)),
            ("recipient", RestrictedExpression::new_entity_uid(recipient)),
            ("requester_ae", text(request.requester_ae.as_str())),
            ("recipient_ae", text(request.recipient_ae.as_str())),
            ("has_patient", boolean(request.patient.is_some())),
            ("question", boolean(facts.question)),
            ("modalities", RestrictedExpression::new_set(modalities)),
            ("requester_score", long(facts.requester_score)),
            ("recipient_score", long(facts.recipient_score)),
            ("score", long(facts.score)),
            ("tls", boolean(request.transport.tls)),
            ("mutual_tls", boolean(request.transport.mutual)),
            (
                "address_checked",
                boolean(request.transport.address_checked),
            ),
        ];
        if let Some(user) = &request.user {
            pairs.push(("user", text(user)));
        }
        if let Some(days) = facts.study_age_days {
            pairs.push(("study_age_days", long(days)));
        }
        let consent = [
            ("granted", !facts.granted.is_empty()),
            ("denied", facts.denied),
            ("names_institution", facts.names_institution),
            (
                "names_institution_and_study",
                facts.names_institution_and_study,
            ),
        ];
        let consent = consent.map(|(key, value)| (key.to_owned(), boolean(value)));
        let consent = RestrictedExpression::new_record(consent);
        pairs.push(("consent", consent.map_err(|error| error.to_string())?));
        let glass = &facts.break_glass;
        let glass = [
            ("overrides_denial", boolean(glass.overrides_denial)),
            ("patients", long(glass.patients)),
            ("patients_max", long(glass.patients_max)),
        ];
        let glass = glass.map(|(key, value)| (key.to_owned(), value));
        let glass = RestrictedExpression::new_record(glass);
        pairs.push(("break_glass", glass.map_err(|error| error.to_string())?));
        Ok(pairs)
    }
}

fn boolean(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

fn long(value: impl Into<i64>) -> RestrictedExpression {
    RestrictedExpression::new_long(value.into())
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn shortened(message: &str) -> String {
    message.chars().take(ERROR_CHARACTERS_MAX).collect()
}
