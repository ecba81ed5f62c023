//! Provisions: a base rule and its exceptions, made grants and denials of the contract.
//!
//! In the contract a denial outweighs every grant. So a base permit with nested denials is what it
//! says; a base denial with a nested permit can be said only where the two are for different
//! purposes, which are taken out of the denial.

use std::collections::BTreeSet;

use crate::contract::Effect;
use crate::contract::Purpose;
use crate::dicom::Uid;
use crate::fhir::element::Element;
use crate::fhir::element::Reading;
use crate::fhir::moment::period;
use crate::fhir::resources::Resources;
use crate::fhir::restriction;
use crate::fhir::terms::Organisation;
use crate::fhir::terms::Terms;
use crate::time::Day;
use crate::time::UtcMicros;

/// Levels of provisions: a base rule and its exceptions, as in IHE PCF.
pub const PROVISION_DEPTH_MAX: usize = 2;
/// Exceptions of one base rule.
pub const PROVISIONS_MAX: usize = 64;

/// One provision; `None`: not restricted there.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    path: String,
    pub(super) effect: Effect,
    recipients: Option<Vec<Organisation>>,
    purposes: Option<BTreeSet<Purpose>>,
    modalities: Option<BTreeSet<String>>,
    studies: Option<BTreeSet<Uid>>,
    study_days: Option<(Option<Day>, Option<Day>)>,
    period: Option<(Option<UtcMicros>, Option<UtcMicros>)>,
    exceptions: Vec<Self>,
}

impl Rule {
    /// Reads a provision at `depth` (1: the base rule) of `consent`.
    pub(super) fn read<'v>(
        provision: &Element<'v>,
        consent: &Element<'v>,
        resources: &Resources<'v>,
        depth: usize,
        reading: &mut Reading,
    ) -> Option<Self> {
        provision.only(
            &[
                "type",
                "period",
                "actor",
                "action",
                "securityLabel",
                "purpose",
                "class",
                "code",
                "dataPeriod",
                "data",
                "provision",
            ],
            reading,
        );
        provision.refuse(
            "securityLabel",
            "restricts by security labels, which images do not carry",
            "give Consents of PCF Basic or Intermediate, without labels",
            reading,
        );
        let effect = effect(provision, reading);
        restriction::check_classes(provision, reading);
        restriction::check_actions(provision, effect == Some(Effect::Grant), reading);
        let in_force = period(provision, "period", reading);
        let rule = Self {
            path: provision.path.clone(),
            effect: effect.unwrap_or(Effect::Deny),
            recipients: restriction::recipients(provision, consent, resources, reading),
            purposes: restriction::purposes(provision, reading),
            modalities: restriction::modalities(provision, reading),
            studies: restriction::studies(provision, consent, resources, reading),
            study_days: restriction::study_days(provision, reading),
            period: in_force.map(|(start, end)| (start.map(|s| s.begins()), end.map(|e| e.ends()))),
            exceptions: exceptions(provision, consent, resources, depth, reading),
        };
        effect.map(|_| rule)
    }

    /// The grants and denials of a base rule, denials first.
    pub(super) fn terms(&self, reading: &mut Reading) -> Vec<Terms> {
        let mut terms = match self.effect {
            Effect::Grant => self.terms_of_permit(reading),
            Effect::Deny => self.terms_of_denial(reading),
        };
        terms.sort_by_key(|terms| terms.effect == Effect::Grant);
        terms
    }

    fn terms_of_permit(&self, reading: &mut Reading) -> Vec<Terms> {
        let Some(purposes) = &self.purposes else {
            reading.fault(
                format!("{}.purpose", self.path),
                "is missing, and a permit for every purpose is not assumed",
                "name the purposes of use that the patient agreed to",
            );
            return Vec::new();
        };
        let mut terms = self.each_study(Effect::Grant, purposes);
        for exception in &self.exceptions {
            if exception.effect == Effect::Grant {
                reading.fault(
                    format!("{}.type", exception.path),
                    "is a permit within a permit: it adds nothing, or reaches beyond the base rule",
                    "give it as a Consent of its own",
                );
                continue;
            }
            let denial = exception.within(self);
            let purposes = denial.purposes.as_ref().unwrap_or(purposes);
            terms.extend(denial.each_study(Effect::Deny, purposes));
        }
        terms
    }

    fn terms_of_denial(&self, reading: &mut Reading) -> Vec<Terms> {
        let mut denied = self.purposes.clone().unwrap_or_else(|| Purpose::ALL.into());
        let mut terms = Vec::new();
        for exception in &self.exceptions {
            let (path, all) = (&exception.path, "give it as a Consent of its own");
            if exception.effect == Effect::Deny {
                let problem = "is a denial within a denial: it adds nothing, or reaches beyond the \
                               base rule";
                reading.fault(format!("{path}.type"), problem, all);
                continue;
            }
            let Some(purposes) = exception
                .purposes
                .as_ref()
                .filter(|_| exception.is_for_purposes())
            else {
                reading.fault(
                    path,
                    "is a permit within a denial, which outweighs it unless it is for other \
                     purposes and restricted by nothing else",
                    "give the permit and a narrower denial as Consents of their own",
                );
                continue;
            };
            denied.retain(|purpose| !purposes.contains(purpose));
            terms.extend(exception.within(self).each_study(Effect::Grant, purposes));
        }
        if denied.is_empty() {
            let problem = "permits every purpose that the base rule denies";
            reading.fault(&self.path, problem, "give a permit instead");
        }
        terms.extend(self.each_study(Effect::Deny, &denied));
        terms
    }

    /// It is restricted to purposes, and by nothing else.
    fn is_for_purposes(&self) -> bool {
        self.purposes.is_some()
            && self.recipients.is_none()
            && self.modalities.is_none()
            && self.studies.is_none()
            && self.study_days.is_none()
            && self.period.is_none()
    }

    /// This exception with the base rule's restrictions where it has none of its own.
    fn within(&self, base: &Self) -> Self {
        let rule = self.clone();
        Self {
            recipients: rule.recipients.or_else(|| base.recipients.clone()),
            purposes: rule.purposes.or_else(|| base.purposes.clone()),
            modalities: rule.modalities.or_else(|| base.modalities.clone()),
            studies: rule.studies.or_else(|| base.studies.clone()),
            study_days: rule.study_days.or(base.study_days),
            period: rule.period.or(base.period),
            ..rule
        }
    }

    /// One of each study, or one for all: the contract's consents name one study at most.
    fn each_study(&self, effect: Effect, purposes: &BTreeSet<Purpose>) -> Vec<Terms> {
        let (study_from, study_until) = self.study_days.unwrap_or_default();
        let (valid_from, valid_until) = self.period.unwrap_or_default();
        let terms = |study: Option<Uid>| Terms {
            path: self.path.clone(),
            effect,
            recipients: self.recipients.clone(),
            purposes: purposes.clone(),
            modalities: self.modalities.clone().unwrap_or_default(),
            study,
            study_from,
            study_until,
            valid_from,
            valid_until,
        };
        match &self.studies {
            None => vec![terms(None)],
            Some(studies) => studies.iter().cloned().map(Some).map(terms).collect(),
        }
    }
}

fn effect(provision: &Element<'_>, reading: &mut Reading) -> Option<Effect> {
    match provision.text("type", reading) {
        Some("permit") => Some(Effect::Grant),
        Some("deny") => Some(Effect::Deny),
        Some(_) | None => {
            let problem = "is neither permit nor deny";
            reading.fault(provision.at("type"), problem, "say which");
            None
        }
    }
}

fn exceptions<'v>(
    provision: &Element<'v>,
    consent: &Element<'v>,
    resources: &Resources<'v>,
    depth: usize,
    reading: &mut Reading,
) -> Vec<Rule> {
    let nested = provision.children("provision", reading);
    let problem = if nested.is_empty() {
        return Vec::new();
    } else if depth >= PROVISION_DEPTH_MAX {
        format!("is an exception of an exception: {PROVISION_DEPTH_MAX} levels are read")
    } else if nested.len() > PROVISIONS_MAX {
        format!("has more than {PROVISIONS_MAX} exceptions")
    } else {
        let deeper = depth.saturating_add(1);
        let read = |nested| Rule::read(nested, consent, resources, deeper, reading);
        return nested.iter().filter_map(read).collect();
    };
    let remedy = "give it as Consents of their own";
    reading.fault(provision.at("provision"), problem, remedy);
    Vec::new()
}
