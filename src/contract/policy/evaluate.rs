//! Putting a request to the engine.

use cedar_policy::Context;
use cedar_policy::Decision;
use cedar_policy::EntityId;
use cedar_policy::EntityUid;
use cedar_policy::Request as CedarRequest;
use cedar_policy::RestrictedExpression;

use super::Notes;
use super::PolicySet;
use super::form::Reads;
use super::scope::Scope;
use crate::contract::facts::BreakGlass;
use crate::contract::facts::Facts;
use crate::contract::names::InstitutionSlug;
use crate::contract::request::Request;
use crate::contract::user::User;
use crate::contract::user::UserProof;

/// Characters that are kept of an error's text.
const ERROR_CHARACTERS_MAX: usize = 200;

/// Errors that are kept.
const ERRORS_MAX: usize = 8;

/// Room for about as many facts as there are.
const FACTS_MAX: usize = 24;

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

impl Evaluation<'_> {
    fn failed(message: &str) -> Self {
        Self {
            allowed: false,
            reasons: Vec::new(),
            errors: vec![shortened(message)],
        }
    }
}

impl PolicySet {
    /// Evaluates every rule that can speak of the request's action.
    pub(crate) fn evaluate(&self, request: &Request, facts: &Facts) -> Evaluation<'_> {
        let Some(scope) = self.scopes.get(&request.action()) else {
            return Evaluation::failed(&format!("unknown action {}", request.action().as_str()));
        };
        match self.question(request, facts, scope) {
            Ok(question) => self.answer(&question, &scope.policies),
            Err(message) => Evaluation::failed(&message),
        }
    }

    /// Puts a question to `policies`, which are some of this set.
    pub(super) fn answer(
        &self,
        question: &CedarRequest,
        policies: &cedar_policy::PolicySet,
    ) -> Evaluation<'_> {
        let response = self
            .authorizer
            .is_authorized(question, policies, &self.entities);
        let mut reasons = Vec::new();
        for id in response.diagnostics().reason() {
            let id: &str = id.as_ref();
            match self.notes.get_key_value(id) {
                Some((id, notes)) => reasons.push((id.as_str(), notes)),
                None => return Evaluation::failed(&format!("unknown rule {id}")),
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
        scope: &Scope,
    ) -> Result<CedarRequest, String> {
        let pairs = self.pairs(request, facts, &scope.reads)?;
        let context = Context::from_pairs(pairs).map_err(|error| error.to_string())?;
        CedarRequest::new(
            self.institution(&request.requester),
            scope.action.clone(),
            self.institution(&request.custodian),
            context,
            None,
        )
        .map_err(|error| error.to_string())
    }

    fn institution(&self, slug: &InstitutionSlug) -> EntityUid {
        EntityUid::from_type_name_and_id(self.institution.clone(), EntityId::new(slug.as_str()))
    }

    /// The facts that the rules can read: putting the others into the engine's form would take as
    /// long as the rules themselves.
    fn pairs(
        &self,
        request: &Request,
        facts: &Facts,
        reads: &Reads,
    ) -> Result<Vec<(String, RestrictedExpression)>, String> {
        let transport = &request.transport;
        let mut pairs = Pairs::new(reads);
        pairs.add("purpose", || text(request.purpose.as_str()));
        pairs.add("within", || boolean(facts.within()));
        pairs.add("requester_own", || boolean(facts.requester_own));
        pairs.add("custodian_own", || boolean(facts.custodian_own));
        pairs.add("recipient_own", || boolean(facts.recipient_own));
        pairs.add("recipient", || {
            RestrictedExpression::new_entity_uid(self.institution(&request.recipient))
        });
        pairs.add("requester_ae", || text(request.requester_ae.as_str()));
        pairs.add("recipient_ae", || text(request.recipient_ae.as_str()));
        let user = request.user.as_ref();
        if let Some(name) = user.and_then(User::proven) {
            pairs.add("user", || text(name));
        }
        if let Some(name) = user.and_then(User::claimed) {
            pairs.add("user_claimed", || text(name));
        }
        pairs.add("user_proof", || {
            let proof = user.map_or(UserProof::None, |user| user.proof);
            text(proof.as_str())
        });
        pairs.add("custodian_decides", || boolean(facts.custodian_decides));
        pairs.add("has_patient", || boolean(request.patient.is_some()));
        pairs.add("question", || boolean(facts.question));
        pairs.add("modalities", || {
            let modalities = request.study.iter().flat_map(|study| &study.modalities);
            RestrictedExpression::new_set(modalities.map(|modality| text(modality)))
        });
        if let Some(days) = facts.study_age_days {
            pairs.add("study_age_days", || long(days));
        }
        if reads.include("consent") {
            let consent = consent_facts(facts)?;
            pairs.add("consent", || consent);
        }
        if reads.include("break_glass") {
            let glass = break_glass_facts(&facts.break_glass)?;
            pairs.add("break_glass", || glass);
        }
        pairs.add("requester_score", || long(facts.requester_score));
        pairs.add("recipient_score", || long(facts.recipient_score));
        pairs.add("score", || long(facts.score));
        pairs.add("tls", || boolean(transport.tls));
        pairs.add("mutual_tls", || boolean(transport.mutual));
        pairs.add("address_checked", || boolean(transport.address_checked));
        if request.action().weighs_standing() {
            pairs.add("standing", || long(facts.standing));
        }
        Ok(pairs.pairs)
    }
}

/// A context in the making.
struct Pairs<'a> {
    reads: &'a Reads,
    pairs: Vec<(String, RestrictedExpression)>,
}

impl<'a> Pairs<'a> {
    fn new(reads: &'a Reads) -> Self {
        Self {
            reads,
            pairs: Vec::with_capacity(FACTS_MAX),
        }
    }

    /// Adds a fact, if the rules can read it.
    fn add(&mut self, name: &str, value: impl FnOnce() -> RestrictedExpression) {
        if self.reads.include(name) {
            self.pairs.push((name.to_owned(), value()));
        }
    }
}

fn consent_facts(facts: &Facts) -> Result<RestrictedExpression, String> {
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
    RestrictedExpression::new_record(consent).map_err(|error| error.to_string())
}

fn break_glass_facts(glass: &BreakGlass) -> Result<RestrictedExpression, String> {
    let glass = [
        ("overrides_denial", boolean(glass.overrides_denial)),
        ("patients", long(glass.patients)),
        ("patients_max", long(glass.patients_max)),
    ];
    let glass = glass.map(|(key, value)| (key.to_owned(), value));
    RestrictedExpression::new_record(glass).map_err(|error| error.to_string())
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
