//! What a provision is restricted to: each restriction as the contract's, or a fault.

use std::collections::BTreeSet;

use crate::contract::Purpose;
use crate::dicom::Uid;
use crate::fhir::coded;
use crate::fhir::coded::Coding;
use crate::fhir::coded::codings;
use crate::fhir::coded::meaning;
use crate::fhir::element::Element;
use crate::fhir::element::Reading;
use crate::fhir::moment::Moment;
use crate::fhir::moment::moment;
use crate::fhir::moment::period;
use crate::fhir::reference::Reference;
use crate::fhir::resources::Resources;
use crate::fhir::terms::Organisation;
use crate::time::Day;

/// `provision.purpose`: for what. `None` where there is none.
pub(super) fn purposes(
    provision: &Element<'_>,
    reading: &mut Reading,
) -> Option<BTreeSet<Purpose>> {
    let mut purposes = BTreeSet::new();
    for element in provision.children("purpose", reading) {
        let Some(coding) = Coding::of(&element, reading) else {
            continue;
        };
        match coding.purpose() {
            Some(purpose) => {
                purposes.insert(purpose);
            }
            None => reading.fault(
                element.path,
                "is no purpose of use that the contract knows",
                "use TREAT, ETREAT or BTG, PATRQT, HRESCH, HOPERAT or HPAYMT of v3-ActReason",
            ),
        }
    }
    provision.has("purpose").then_some(purposes)
}

/// `provision.actor`: to whom. `None` where there is none, which is anybody.
pub(super) fn recipients<'v>(
    provision: &Element<'v>,
    consent: &Element<'v>,
    resources: &Resources<'v>,
    reading: &mut Reading,
) -> Option<Vec<Organisation>> {
    let mut recipients = Vec::new();
    for actor in provision.children("actor", reading) {
        actor.only(&["role", "reference"], reading);
        let role = actor
            .child("role", reading)
            .map(|role| codings(&role, reading));
        let is_recipient = |role: &Coding<'_>| role.is(coded::PARTICIPATION, "IRCP").then_some(());
        if role.and_then(|role| meaning(&role, is_recipient)).is_none() {
            reading.fault(
                actor.at("role"),
                "is not IRCP (information recipient) of v3-ParticipationType",
                "name recipients only; who holds or enforces is `Consent.organization`",
            );
        }
        match actor.child("reference", reading) {
            Some(reference) => {
                let reference = Reference::of(&reference, consent, resources, reading);
                recipients.extend(reference.organisation(reading));
            }
            None => reading.fault(actor.at("reference"), "is missing", "name the Organization"),
        }
    }
    provision.has("actor").then_some(recipients)
}

/// `provision.code`: content of the data, here only modalities of DICOM. `None` where there is none.
pub(super) fn modalities(
    provision: &Element<'_>,
    reading: &mut Reading,
) -> Option<BTreeSet<String>> {
    let mut modalities = BTreeSet::new();
    for concept in provision.children("code", reading) {
        match meaning(&codings(&concept, reading), |coding| coding.modality()) {
            Some(modality) => {
                modalities.insert(modality.to_owned());
            }
            None => reading.fault(
                concept.path,
                "is no modality: the contract knows of a study's content nothing else",
                "use modality codes of the DICOM ontology (DCM), as CT, or leave it out",
            ),
        }
    }
    provision.has("code").then_some(modalities)
}

/// `provision.class`: kinds of data. Those of images restrict nothing here, since images are all
/// that passes; a rule about other kinds only is none for this gateway.
pub(super) fn check_classes(provision: &Element<'_>, reading: &mut Reading) {
    let mut is_imaging = false;
    for class in provision.children("class", reading) {
        let coding = Coding::of(&class, reading);
        is_imaging |= coding.is_some_and(|coding| coding.is_imaging());
    }
    if provision.has("class") && !is_imaging {
        reading.fault(
            provision.at("class"),
            "does not hold images: neither resource type ImagingStudy nor media type \
             application/dicom",
            "leave it to the systems that hold such data",
        );
    }
}

/// `provision.action`: what may be done. To pass images on is to disclose them, or to give access.
pub(super) fn check_actions(provision: &Element<'_>, permits: bool, reading: &mut Reading) {
    let mut discloses = false;
    for action in provision.children("action", reading) {
        let known = |coding: &Coding<'_>| {
            let known = ["collect", "access", "use", "disclose"];
            let found = known.into_iter().find(|code| *code == coding.code);
            found.filter(|_| coding.system == coded::CONSENT_ACTION)
        };
        match meaning(&codings(&action, reading), known) {
            Some(action) => discloses |= matches!(action, "access" | "disclose"),
            None => reading.fault(
                action.path,
                "is none of collect, access, use and disclose of consentaction",
                "use these, or leave it out",
            ),
        }
    }
    if permits && provision.has("action") && !discloses {
        reading.fault(
            provision.at("action"),
            "permits neither access nor disclose, hence no passing on of images",
            "add `disclose` if the patient agreed to it",
        );
    }
}

/// `provision.data`: single studies. `None` where there is none.
pub(super) fn studies<'v>(
    provision: &Element<'v>,
    consent: &Element<'v>,
    resources: &Resources<'v>,
    reading: &mut Reading,
) -> Option<BTreeSet<Uid>> {
    let mut studies = BTreeSet::new();
    for data in provision.children("data", reading) {
        data.only(&["meaning", "reference"], reading);
        if data.text("meaning", reading) != Some("instance") {
            reading.fault(
                data.at("meaning"),
                "is not `instance`: who authored data, or what relates to it, is not known of images",
                "name the ImagingStudy itself, with meaning `instance`",
            );
            continue;
        }
        match data.child("reference", reading) {
            Some(reference) => {
                let reference = Reference::of(&reference, consent, resources, reading);
                studies.extend(reference.study(reading));
            }
            None => reading.fault(data.at("reference"), "is missing", "name the ImagingStudy"),
        }
    }
    provision.has("data").then_some(studies)
}

/// `provision.dataPeriod`: days of studies. `None` where there is none.
pub(super) fn study_days(
    provision: &Element<'_>,
    reading: &mut Reading,
) -> Option<(Option<Day>, Option<Day>)> {
    let (start, end) = period(provision, "dataPeriod", reading)?;
    let mut day = |moment: Option<Moment>, key: &str| match moment {
        Some(Moment::Days(first, last)) => Some((first, last)),
        Some(Moment::Instant { .. }) => {
            reading.fault(
                provision.at(&format!("dataPeriod.{key}")),
                "has a time of day, and a study is known by its day (0008,0020) only",
                "give a date",
            );
            None
        }
        None => None,
    };
    let from = day(start, "start").map(|(first, _)| first);
    let until = day(end, "end").map(|(_, last)| last);
    Some((from, until))
}

/// `Consent.dateTime`: when it was given. It changes nothing here, but must be one.
pub(super) fn check_date_time(consent: &Element<'_>, reading: &mut Reading) {
    let _ = moment(consent, "dateTime", reading);
}
