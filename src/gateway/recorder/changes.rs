//! What people change, turned into events: pseudonyms for patients, digests for studies, and what
//! must not be public into sealed details.

use std::collections::BTreeSet;

use super::PatientIdentity;
use super::books::Books;
use super::books::BooksError;
use super::details::Details;
use super::details::Filed;
use crate::clock::Reading;
use crate::config::CLASS_DEFAULT;
use crate::contract::Body;
use crate::contract::Consent;
use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::contract::PolicySet;
use crate::contract::Pseudonym;
use crate::contract::Rejection;
use crate::contract::Review;
use crate::gateway::control::Change;
use crate::gateway::control::ConsentTerms;
use crate::gateway::control::PatientName;

/// Characters of the longest text that is kept sealed.
const TEXT_CHARACTERS_MAX: usize = 2000;

type Drafted = (Body, Option<Filed>);

impl Books {
    /// Drafts what a person asks for.
    pub(super) fn change(
        &mut self,
        now: Reading,
        change: Change,
        by: String,
    ) -> Result<u64, BooksError> {
        let (body, details) = self.event(now, change, by)?;
        self.draft(now, body, details)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each change, and no more"
    )]
    fn event(&mut self, now: Reading, change: Change, by: String) -> Result<Drafted, BooksError> {
        let body = match change {
            Change::ConsentGrant { terms } => self.consent(now, *terms, by)?,
            Change::ConsentRevoke { consent } => {
                let mut standing = self.state().consents();
                let found = standing.find(|(id, _)| *id == consent);
                let patient = found.ok_or(BooksError::NoSuchConsent)?.1.patient;
                Body::ConsentRevoked {
                    consent,
                    patient,
                    by,
                }
            }
            Change::RevocationHonoured {
                revocation,
                institution,
            } => Body::RevocationHonoured {
                revocation,
                institution,
                by,
            },
            Change::PatientMerge { patient, into } => Body::PatientLinked {
                patient: self.pseudonym(&named(&patient)?)?,
                into: self.pseudonym(&named(&into)?)?,
                by,
            },
            Change::PatientUnlink { patient, from } => Body::PatientUnlinked {
                patient: self.pseudonym(&named(&patient)?)?,
                from: self.pseudonym(&named(&from)?)?,
                by,
            },
            Change::GuardianName {
                patient,
                guardian,
                until,
            } => {
                let patient = self.pseudonym(&named(&patient)?)?;
                let guardian = bounded(guardian)?;
                let body = Body::GuardianNamed { patient, until, by };
                return Ok((body, Some(filed(patient, Details::Guardian { guardian }))));
            }
            Change::GuardianEnd { patient } => Body::GuardianEnded {
                patient: self.pseudonym(&named(&patient)?)?,
                by,
            },
            Change::PatientErase { patient, reason } => {
                let known = self.known_pseudonym(&named(&patient)?);
                let known = known.ok_or(BooksError::NoSuchPatient)?;
                let patients = self.state().patients_linked_to(known);
                Body::PatientErased {
                    patients,
                    reason,
                    by,
                }
            }
            Change::HoldPlace {
                patient,
                reference,
                from_year,
                until_year,
            } => {
                let patients = match patient {
                    Some(patient) => {
                        let known = self.pseudonym(&named(&patient)?)?;
                        Some(self.state().patients_linked_to(known))
                    }
                    None => None,
                };
                Body::HoldPlaced {
                    patients,
                    reference,
                    from_year,
                    until_year,
                    by,
                }
            }
            Change::HoldLift { hold } => Body::HoldLifted { hold, by },
            Change::DetailsDrop { epoch } => Body::DetailsDropped { epoch, by },
            Change::DisclosuresSuspend {
                patient,
                recipient,
                until,
                statement,
                reference,
                said,
            } => {
                let patient = self.pseudonym(&named(&patient)?)?;
                let reason = bounded(said)?;
                let body = Body::DisclosuresSuspended {
                    patient,
                    recipient,
                    until,
                    statement,
                    reference,
                    by,
                };
                return Ok((body, Some(filed(patient, Details::Reason { reason }))));
            }
            Change::DisclosuresResume { suspension } => Body::DisclosuresResumed { suspension, by },
            Change::StandingNote {
                patient,
                evidence,
                proof,
            } => Body::StandingNoted {
                patient: self.pseudonym(&named(&patient)?)?,
                evidence,
                proof,
                by,
            },
            Change::ReviewReason { review, reason } => {
                let reason = bounded(reason)?;
                let patient = self.review(review)?.patient;
                let patient = patient.filter(|patient| !self.state().is_erased(*patient));
                let patient = match patient {
                    Some(patient) => patient,
                    None => self.nobody()?,
                };
                let body = Body::ReviewReasoned { review, by };
                return Ok((body, Some(filed(patient, Details::Reason { reason }))));
            }
            Change::ReviewClose { review, justified } => Body::ReviewClosed {
                review,
                institution: self.review(review)?.institution.clone(),
                justified,
                by,
            },
            Change::IncidentReport {
                incident,
                institution,
                proof,
                reference,
            } => Body::IncidentReported {
                incident,
                institution,
                proof,
                reference,
                by,
            },
            Change::IncidentDecide { report, upheld } => Body::IncidentDecided {
                report,
                institution: self.reported(report)?,
                upheld,
                by,
            },
            Change::ChargeReverse { charge } => Body::ChargeReversed {
                charge,
                institution: self.charged(charge)?,
                by,
            },
            Change::CeilingLift { charge } => Body::CeilingLifted {
                charge,
                institution: self.charged(charge)?,
                by,
            },
            Change::PolicyPropose { text } => proposed(text, by)?,
            Change::PolicyApprove { sha256 } => Body::PolicyApproved { sha256, by },
            Change::PolicyWithdraw { sha256 } => Body::PolicyWithdrawn { sha256, by },
            Change::PolicyActivate { sha256 } => Body::PolicyActivated { sha256, by },
        };
        Ok((body, None))
    }

    /// The event that records a patient's wish.
    fn consent(
        &mut self,
        now: Reading,
        terms: ConsentTerms,
        by: String,
    ) -> Result<Body, BooksError> {
        let modalities: BTreeSet<String> = terms.modalities.into_iter().collect();
        Ok(Body::ConsentGranted {
            consent: Consent {
                effect: terms.effect,
                given_by: terms.given_by,
                grantees: if terms.to.is_empty() {
                    Grantees::Any
                } else {
                    Grantees::Named(terms.to.into_iter().collect())
                },
                modalities: (!modalities.is_empty()).then_some(modalities),
                patient: self.pseudonym(&named(&terms.patient)?)?,
                purposes: terms.purposes.into_iter().collect(),
                study_from: terms.study_from,
                study_uid_digest: terms.study.as_deref().map(|study| self.blind(study)),
                study_until: terms.study_until,
                valid_from: terms.valid_from.unwrap_or_else(|| self.next_time(now.wall)),
                valid_until: terms.valid_until,
            },
            by,
        })
    }

    /// Under whose key the details are sealed of what concerns no patient: no data set has an empty
    /// Patient ID that is taken for one.
    fn nobody(&mut self) -> Result<Pseudonym, BooksError> {
        self.pseudonym(&PatientIdentity {
            issuer: Vec::new(),
            id: Vec::new(),
        })
    }

    fn review(&self, decision: u64) -> Result<&Review, BooksError> {
        self.state().review(decision).ok_or(BooksError::NotThere)
    }

    /// Whom a report is about.
    fn reported(&self, entry: u64) -> Result<InstitutionSlug, BooksError> {
        let found = self.state().reports().find(|(report, _)| *report == entry);
        let institution = found.map(|(_, report)| report.institution.clone());
        institution.ok_or(BooksError::NotThere)
    }

    /// Whom an entry charged.
    fn charged(&self, entry: u64) -> Result<InstitutionSlug, BooksError> {
        let found = self.state().charges().find(|(charge, _)| *charge == entry);
        let institution = found.map(|(_, charge)| charge.institution.clone());
        institution.ok_or(BooksError::NotThere)
    }
}

fn proposed(text: String, by: String) -> Result<Body, BooksError> {
    let policy = PolicySet::from_canonical(&text).map_err(Rejection::from)?;
    Ok(Body::PolicyProposed {
        sha256: policy.sha256(),
        schema_sha256: policy.schema_sha256(),
        text,
        by,
    })
}

/// Whom the desk means. An empty Patient ID is nobody's: what concerns no patient is filed there.
fn named(patient: &PatientName) -> Result<PatientIdentity, BooksError> {
    let identity = patient.identity();
    if identity.id.is_empty() {
        return Err(BooksError::NoPatientId);
    }
    Ok(identity)
}

/// Details that concern no study.
fn filed(patient: Pseudonym, details: Details) -> Filed {
    Filed {
        patient,
        class: CLASS_DEFAULT.to_owned(),
        details,
    }
}

/// A text for the sealed details.
fn bounded(text: String) -> Result<String, BooksError> {
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARACTERS_MAX {
        return Err(BooksError::SealedText);
    }
    Ok(text)
}
