//! From what FHIR calls patients, institutions and policies to what the gateway calls them, by the
//! configuration.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::FhirName;
use crate::contract::Giver;
use crate::contract::InstitutionSlug;
use crate::fhir::Directive;
use crate::fhir::Fault;
use crate::fhir::Organisation;
use crate::fhir::Patient;
use crate::fhir::TERMS_MAX;
use crate::fhir::Terms;
use crate::gateway::control::ConsentTerms;
use crate::gateway::control::PatientName;

/// Characters in the longest Patient ID (VR LO, PS3.5 §6.2).
const PATIENT_ID_CHARACTERS_MAX: usize = 64;

/// A grant or denial that can be recorded, and where in the text it stands.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) path: String,
    pub(super) terms: ConsentTerms,
}

/// The configuration as a dictionary.
pub(super) struct Dictionary<'c> {
    config: &'c Config,
    institutions: BTreeMap<&'c str, &'c InstitutionSlug>,
    issuers: BTreeMap<&'c str, &'c str>,
}

impl<'c> Dictionary<'c> {
    pub(super) fn new(config: &'c Config) -> Self {
        let named = config.institutions.values();
        let issuers = config.issuers.iter();
        Self {
            config,
            institutions: named
                .flat_map(|one| one.fhir.iter().map(|name| (name.as_str(), &one.slug)))
                .collect(),
            issuers: issuers
                .map(|one| {
                    (
                        one.system.as_str(),
                        one.issuer.as_deref().unwrap_or_default(),
                    )
                })
                .collect(),
        }
    }

    /// Everything that `directives` grant and deny, denials first: a permit is never in force
    /// before the exceptions to it.
    ///
    /// # Errors
    /// What the configuration does not name.
    pub(super) fn name(&self, directives: &[Directive]) -> Result<Vec<Named>, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut named = Vec::new();
        for directive in directives {
            self.check_policies(directive, &mut faults);
            self.check_enforcers(directive, &mut faults);
            let patients = self.patients(&directive.patient, &mut faults);
            for terms in &directive.terms {
                let to = self.recipients(terms, &mut faults);
                let each = patients.iter().map(|patient| Named {
                    path: terms.path.clone(),
                    terms: consent_terms(terms, patient, &to, directive.given_by),
                });
                named.extend(each);
            }
        }
        if named.len() > TERMS_MAX {
            let problem = format!(
                "makes {} grants and denials, limit {TERMS_MAX}",
                named.len()
            );
            fault(&mut faults, "the text", problem, "give it in several files");
        }
        // A stable sort: otherwise in the order of the text.
        named.sort_by_key(|named| named.terms.effect == crate::contract::Effect::Grant);
        if faults.is_empty() {
            Ok(named)
        } else {
            Err(faults)
        }
    }

    fn check_policies(&self, directive: &Directive, faults: &mut Vec<Fault>) {
        let known = &self.config.fhir.policies;
        for (path, uri) in &directive.policies {
            if !known.iter().map(FhirName::as_str).any(|known| known == uri) {
                let problem = format!("names {uri}, whose text nobody has vouched for");
                let remedy = "read it; if it says no more than the provisions, add it to \
                              `policies` of [fhir]";
                fault(faults, path, problem, remedy);
            }
        }
    }

    /// Who holds the images enforces: of the organisations that are to, one is ours.
    fn check_enforcers(&self, directive: &Directive, faults: &mut Vec<Fault>) {
        let own = &self.config.gateway.institution;
        let is_own = |one: &Organisation| self.slugs(one).contains(own);
        if directive.enforcers.is_empty() || directive.enforcers.iter().any(is_own) {
            return;
        }
        let path = format!("{}.organization", directive.path);
        let names: BTreeSet<&str> = directive.enforcers.iter().flat_map(names).collect();
        let problem = format!("is not {own}, whose gateway this is: {}", list(&names));
        let remedy = "import it where it is to be enforced, or add what it calls us to `fhir` of \
                      our [[institution]]";
        fault(faults, &path, problem, remedy);
    }

    /// The patient's names at the gateway: one for each issuer that is known.
    fn patients(&self, patient: &Patient, faults: &mut Vec<Fault>) -> Vec<PatientName> {
        let mut named = Vec::new();
        for identifier in &patient.identifiers {
            let Some(issuer) = self.issuers.get(identifier.system.as_str()) else {
                continue;
            };
            let system = &identifier.system;
            if identifier.is_old {
                let problem = format!("has an identifier of {system} that is no longer in use");
                let remedy = "leave it out, and record for it by hand what is to hold for it";
                fault(faults, &patient.path, problem, remedy);
            } else if !is_patient_id(&identifier.value) {
                let problem = format!("has an identifier of {system} that is no Patient ID");
                let remedy = "give 1 to 64 characters without backslash and controls";
                fault(faults, &patient.path, problem, remedy);
            } else {
                named.push(PatientName {
                    id: identifier.value.clone(),
                    issuer: (*issuer).to_owned(),
                });
            }
        }
        let systems = patient.identifiers.iter().map(|one| one.system.as_str());
        let systems: BTreeSet<&str> = systems.collect();
        if systems
            .iter()
            .all(|system| !self.issuers.contains_key(system))
        {
            let problem = format!(
                "has no identifier of a known issuer, only {}",
                list(&systems)
            );
            let remedy = "add the system as an [[issuer]] if data sets carry these Patient IDs";
            fault(faults, &patient.path, problem, remedy);
        }
        named
    }

    /// The institutions; none stands for any.
    fn recipients(&self, terms: &Terms, faults: &mut Vec<Fault>) -> Vec<InstitutionSlug> {
        let mut to = BTreeSet::new();
        for organisation in terms.recipients.iter().flatten() {
            let slugs = self.slugs(organisation);
            let called: BTreeSet<&str> = names(organisation).collect();
            if slugs.len() == 1 {
                to.extend(slugs);
                continue;
            }
            let problem = match slugs.len() {
                0 => format!(
                    "is no institution that the configuration names: {}",
                    list(&called)
                ),
                _ => format!("means several institutions: {}", list(&called)),
            };
            let remedy = "add one of these to `fhir` of its [[institution]], and of no other";
            fault(faults, &organisation.path, problem, remedy);
        }
        to.into_iter().collect()
    }

    fn slugs(&self, organisation: &Organisation) -> BTreeSet<InstitutionSlug> {
        names(organisation)
            .filter_map(|name| self.institutions.get(name).copied().cloned())
            .collect()
    }
}

fn consent_terms(
    terms: &Terms,
    patient: &PatientName,
    to: &[InstitutionSlug],
    given_by: Giver,
) -> ConsentTerms {
    ConsentTerms {
        patient: patient.clone(),
        effect: terms.effect,
        to: to.to_vec(),
        purposes: terms.purposes.iter().copied().collect(),
        modalities: terms.modalities.iter().cloned().collect(),
        study: terms.study.as_ref().map(ToString::to_string),
        study_from: terms.study_from,
        study_until: terms.study_until,
        valid_from: terms.valid_from,
        valid_until: terms.valid_until,
        given_by,
    }
}

fn names(organisation: &Organisation) -> impl Iterator<Item = &str> {
    organisation.names.iter().map(String::as_str)
}

fn list(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

fn is_patient_id(value: &str) -> bool {
    let characters = value.chars().count();
    (1..=PATIENT_ID_CHARACTERS_MAX).contains(&characters)
        && !value.chars().any(|c| c.is_control() || c == '\\')
}

fn fault(faults: &mut Vec<Fault>, path: &str, problem: String, remedy: &str) {
    let fault = Fault {
        path: path.to_owned(),
        problem,
        remedy: remedy.to_owned(),
    };
    // Of a recipient that several studies share, once.
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::contract::Effect;
    use crate::fhir;

    const CONFIG: &str = r#"
gateway = { institution = "st-anna" }
listener = [{ address = "127.0.0.1:104" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
institution = [
    { slug = "st-anna", name = "St. Anna", fhir = ["Organization/st-anna", "urn:oid:2.999.1|ANNA"] },
    { slug = "lakeside", name = "Lakeside", fhir = ["urn:oid:2.999.1|LAKE"] },
]
fhir = { policies = ["http://example.org/policies/basePrivacyConsentPolicy.txt"] }
issuer = [{ system = "urn:oid:2.999.1.1", issuer = "ST-ANNA" }]
"#;
    const ALONE: &str = include_str!("../../../fixtures/fhir/recipient-and-modality.json");
    const EXCEPT: &str = include_str!("../../../fixtures/fhir/intermediate-not-timeframe.json");

    fn name(config: &str, text: &str) -> Result<Vec<Named>, Vec<Fault>> {
        let config = Config::parse(config, Path::new("")).unwrap();
        let directives = fhir::read(text).unwrap();
        Dictionary::new(&config).name(&directives)
    }

    fn paths(config: &str, text: &str) -> Vec<String> {
        let faults = name(config, text).unwrap_err();
        faults.into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn identifiers_become_patients_and_institutions() {
        let named = name(CONFIG, ALONE).unwrap();
        assert_eq!(named.len(), 1);
        let terms = &named[0].terms;
        assert_eq!(
            (&*terms.patient.id, &*terms.patient.issuer),
            ("DEMO-0001", "ST-ANNA")
        );
        assert_eq!(terms.to, ["lakeside".parse().unwrap()]);
        assert_eq!(terms.modalities, ["CT", "MR"]);
    }

    #[test]
    fn an_issuer_may_be_none() {
        let none = CONFIG.replace(", issuer = \"ST-ANNA\"", "");
        assert_eq!(name(&none, ALONE).unwrap()[0].terms.patient.issuer, "");
    }

    #[test]
    fn a_patient_of_two_issuers_is_recorded_for_both() {
        let second = ", { system = \"urn:oid:2.999.9.9\", issuer = \"INSURANCE\" }]\n";
        let two = CONFIG.replace("\"ST-ANNA\" }]\n", &["\"ST-ANNA\" }", second].concat());
        let named = name(&two, EXCEPT).unwrap();
        let effects: Vec<Effect> = named.iter().map(|one| one.terms.effect).collect();
        assert_eq!(
            effects,
            [Effect::Deny, Effect::Deny, Effect::Grant, Effect::Grant]
        );
        assert_eq!(named[1].terms.patient.issuer, "INSURANCE");
    }

    #[test]
    fn what_the_configuration_does_not_name_is_a_fault() {
        for (from, to, path) in [
            ("basePrivacy", "otherPrivacy", "Consent.policy[0].uri"),
            ("|ANNA", "|OTHER", "Consent.organization"),
            ("|LAKE", "|OTHER", "Consent.provision.actor[0].reference"),
            ("2.999.1.1", "2.999.1.2", "Consent.patient"),
        ] {
            assert_eq!(paths(&CONFIG.replace(from, to), ALONE), [path]);
        }
        let old = ALONE.replace("\"DEMO-0001\"", "\"DEMO-0001\", \"use\": \"old\"");
        assert_eq!(paths(CONFIG, &old), ["Consent.patient"]);
        for id in ["X".repeat(65), "A\\\\B".to_owned(), "A\\u0007".to_owned()] {
            let bad = ALONE.replace("DEMO-0001", &id);
            assert_eq!(paths(CONFIG, &bad), ["Consent.patient"], "{id}");
        }
    }

    #[test]
    fn a_name_that_means_two_institutions_is_a_fault() {
        let both = EXCEPT.replace(
            "\"purpose\": [",
            "\"actor\": [{ \"role\": { \"coding\": [{ \"system\": \
             \"http://terminology.hl7.org/CodeSystem/v3-ParticipationType\", \"code\": \"IRCP\" }] }, \
             \"reference\": { \"reference\": \"Organization/st-anna\", \"identifier\": \
             { \"system\": \"urn:oid:2.999.1\", \"value\": \"LAKE\" } } }], \"purpose\": [",
        );
        let path = "Bundle.entry[3].resource.provision.actor[0].reference";
        assert_eq!(paths(CONFIG, &both), [path]);
    }
}
