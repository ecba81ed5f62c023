//! Consent resources (FHIR R4 §6.2, IHE PCF 3:5.8).

use crate::contract::Effect;
use crate::contract::Giver;
use crate::fhir::TEXT_BYTES_MAX;
use crate::fhir::coded;
use crate::fhir::coded::Coding;
use crate::fhir::coded::codings;
use crate::fhir::coded::meaning;
use crate::fhir::element::Element;
use crate::fhir::element::Reading;
use crate::fhir::fault::Fault;
use crate::fhir::provision::Rule;
use crate::fhir::reference::Reference;
use crate::fhir::resources::Resources;
use crate::fhir::resources::Texts;
use crate::fhir::restriction;
use crate::fhir::terms::Directive;
use crate::fhir::terms::Organisation;
use crate::fhir::terms::Patient;

/// Grants and denials of one text.
pub const TERMS_MAX: usize = 1_000;

/// Reads every Consent of `text`: one resource, a Bundle, or one resource a line.
///
/// # Errors
/// Every fault found (of a text with very many, the first [`super::FAULTS_MAX`]); never empty.
pub fn read(text: &str) -> Result<Vec<Directive>, Vec<Fault>> {
    let mut reading = Reading::default();
    if text.len() > TEXT_BYTES_MAX {
        let problem = format!("is longer than {TEXT_BYTES_MAX} bytes");
        reading.fault("the text", problem, "give it in several files");
        return Err(reading.faults);
    }
    let texts = Texts::parse(text, &mut reading);
    let resources = Resources::of(&texts, &mut reading);
    let mut directives = Vec::new();
    let mut terms: usize = 0;
    for consent in resources.of_kind("Consent") {
        let directive = directive(&consent.element, &resources, &mut reading);
        terms = terms.saturating_add(directive.as_ref().map_or(0, |one| one.terms.len()));
        directives.extend(directive);
    }
    if terms > TERMS_MAX {
        let problem = format!("makes {terms} grants and denials, limit {TERMS_MAX}");
        reading.fault("the text", problem, "give it in several files");
    }
    if directives.is_empty() && reading.faults.is_empty() {
        reading.fault("the text", "holds no Consent", "give Consent resources");
    }
    if reading.faults.is_empty() {
        Ok(directives)
    } else {
        Err(reading.faults)
    }
}

fn directive<'v>(
    consent: &Element<'v>,
    resources: &Resources<'v>,
    reading: &mut Reading,
) -> Option<Directive> {
    consent.only(
        &[
            "resourceType",
            "meta",
            "language",
            "text",
            "contained",
            "identifier",
            "status",
            "scope",
            "category",
            "patient",
            "dateTime",
            "performer",
            "organization",
            "sourceAttachment",
            "sourceReference",
            "policy",
            "policyRule",
            "verification",
            "provision",
        ],
        reading,
    );
    check_status(consent, reading);
    check_scope(consent, reading);
    check_categories(consent, reading);
    check_verification(consent, reading);
    restriction::check_date_time(consent, reading);
    let patient = match consent.child("patient", reading) {
        Some(patient) => Reference::of(&patient, consent, resources, reading).patient(reading),
        None => {
            reading.fault(consent.at("patient"), "is missing", "name the patient");
            None
        }
    };
    let given_by = giver(consent, patient.as_ref(), resources, reading);
    let policies = policies(consent, reading);
    let enforcers = enforcers(consent, resources, reading);
    let rule = match consent.child("provision", reading) {
        Some(base) => Rule::read(&base, consent, resources, 1, reading),
        None => {
            let problem = "is missing: what the policy permits is not known here";
            reading.fault(
                consent.at("provision"),
                problem,
                "give the rule as a provision",
            );
            None
        }
    };
    check_policy_rule(consent, rule.as_ref(), reading);
    let terms = rule.map(|rule| rule.terms(reading));
    Some(Directive {
        path: consent.path.clone(),
        patient: patient?,
        given_by,
        enforcers,
        policies,
        terms: terms?,
    })
}

fn check_status(consent: &Element<'_>, reading: &mut Reading) {
    match consent.text("status", reading) {
        Some("active") => {}
        Some("inactive" | "rejected" | "entered-in-error") => reading.fault(
            consent.at("status"),
            "is not active",
            "end what was recorded of it with `credence consent revoke`",
        ),
        Some(_) | None => {
            let problem = "is not active: nobody has agreed to it yet";
            reading.fault(consent.at("status"), problem, "import it when it is");
        }
    }
}

fn check_scope(consent: &Element<'_>, reading: &mut Reading) {
    let scope = consent.child("scope", reading);
    let codings = scope
        .map(|scope| codings(&scope, reading))
        .unwrap_or_default();
    let is_privacy = |coding: &Coding<'_>| match coding.system {
        coded::CONSENT_SCOPE => Some(coding.code == "patient-privacy"),
        _ => None,
    };
    if meaning(&codings, is_privacy) != Some(true) {
        reading.fault(
            consent.at("scope"),
            "is not patient-privacy of consentscope",
            "give privacy consents only; research, treatment and advance directives are others",
        );
    }
}

/// Every category must be known, so that a consent of another kind is not taken for one to disclose.
fn check_categories(consent: &Element<'_>, reading: &mut Reading) {
    let known = |coding: &Coding<'_>| {
        let known = coding.is(coded::LOINC, "59284-0")
            || coding.is(coded::LOINC, "64292-6")
            || coding.is(coded::ACT_CODE, "IDSCL")
            || coding.is(coded::ACT_CODE, "INFA");
        known.then_some(())
    };
    let categories = consent.children("category", reading);
    if categories.is_empty() {
        let problem = "is missing";
        reading.fault(consent.at("category"), problem, "use LOINC 59284-0");
    }
    for category in categories {
        if meaning(&codings(&category, reading), known).is_none() {
            reading.fault(
                category.path,
                "is not known as a consent to disclose",
                "use LOINC 59284-0 or 64292-6, or IDSCL or INFA of v3-ActCode",
            );
        }
    }
}

fn check_verification(consent: &Element<'_>, reading: &mut Reading) {
    for verification in consent.children("verification", reading) {
        verification.only(&["verified", "verifiedWith", "verificationDate"], reading);
        if verification.flag("verified", reading) != Some(true) {
            let problem = "is not true: the consent has not been verified";
            reading.fault(verification.at("verified"), problem, "import it when it is");
        }
    }
}

/// `Consent.performer`: the patient, or a related person for the patient. Without one, the patient.
fn giver<'v>(
    consent: &Element<'v>,
    patient: Option<&Patient>,
    resources: &Resources<'v>,
    reading: &mut Reading,
) -> Giver {
    let mut by_patient = !consent.has("performer");
    for performer in consent.children("performer", reading) {
        let reference = Reference::of(&performer, consent, resources, reading);
        if reference.is_of("RelatedPerson") {
            continue;
        }
        let own = patient.map_or(&[][..], |patient| &patient.identifiers);
        let is_own = |performer: &Patient| {
            let mut names = performer.identifiers.iter();
            names.any(|name| own.contains(name))
        };
        let is_patient = reference.is_of("Patient");
        match is_patient.then(|| reference.patient(reading)) {
            Some(Some(performer)) if is_own(&performer) => by_patient = true,
            // Why it cannot be told who that is has been noted.
            Some(None) => {}
            Some(Some(_)) | None => reading.fault(
                performer.path,
                "is neither the patient nor a RelatedPerson",
                "name who agreed: the patient, or the guardian as a RelatedPerson",
            ),
        }
    }
    if by_patient {
        Giver::Patient
    } else {
        Giver::Guardian
    }
}

/// `Consent.policy.uri`; one of policy and policyRule there must be (ppc-1).
fn policies(consent: &Element<'_>, reading: &mut Reading) -> Vec<(String, String)> {
    if !consent.has("policy") && !consent.has("policyRule") {
        let problem = "is missing, and so is policyRule";
        reading.fault(consent.at("policy"), problem, "name the policy by its uri");
    }
    let mut policies = Vec::new();
    for policy in consent.children("policy", reading) {
        policy.only(&["authority", "uri"], reading);
        match policy.text("uri", reading) {
            Some(uri) => policies.push((policy.at("uri"), uri.to_owned())),
            None => reading.fault(policy.at("uri"), "is missing", "name the policy by its uri"),
        }
    }
    policies
}

/// `Consent.policyRule`: of all regulations, only opting in with a permit and opting out with a
/// denial say no more than the provision does.
fn check_policy_rule(consent: &Element<'_>, rule: Option<&Rule>, reading: &mut Reading) {
    let Some(concept) = consent.child("policyRule", reading) else {
        return;
    };
    let known = |coding: &Coding<'_>| match (coding.system, coding.code) {
        (coded::ACT_CODE, "OPTIN") => Some(Effect::Grant),
        (coded::ACT_CODE, "OPTOUT") => Some(Effect::Deny),
        _ => None,
    };
    let effect = meaning(&codings(&concept, reading), known);
    if effect.is_none() || effect != rule.map(|rule| rule.effect) {
        reading.fault(
            concept.path,
            "is neither OPTIN with a permit nor OPTOUT with a denial (v3-ActCode)",
            "say in the provision what the rule says, and leave it out",
        );
    }
}

fn enforcers<'v>(
    consent: &Element<'v>,
    resources: &Resources<'v>,
    reading: &mut Reading,
) -> Vec<Organisation> {
    let mut enforcers = Vec::new();
    for organization in consent.children("organization", reading) {
        let reference = Reference::of(&organization, consent, resources, reading);
        enforcers.extend(reference.organisation(reading));
    }
    enforcers
}
