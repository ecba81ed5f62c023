//! Bodies of entries.

use std::collections::BTreeSet;

use super::samples::PATIENT;
use super::samples::START;
use super::samples::classes;
use super::samples::slug;
use crate::contract::AccountAct;
use crate::contract::Body;
use crate::contract::CommitmentAct;
use crate::contract::Consent;
use crate::contract::ConsentId;
use crate::contract::DetailsOf;
use crate::contract::Effect;
use crate::contract::Epoch;
use crate::contract::ErasureReason;
use crate::contract::Giver;
use crate::contract::Grantees;
use crate::contract::Incident;
use crate::contract::ParcelRelease;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::QueueAct;
use crate::contract::ReceiptStanding;
use crate::contract::Role;
use crate::contract::SignInMeans;
use crate::contract::SignOutEnd;
use crate::contract::StandingEvidence;
use crate::contract::StatementForm;
use crate::contract::StepAct;
use crate::contract::Verdict;
use crate::digest::Sha256;
use crate::time::DAY_MICROS;

const OTHER: Pseudonym = Pseudonym::from_bytes([0xb2; 16]);

fn officer() -> String {
    "officer".to_owned()
}

/// Those that follow from no decision.
pub(super) fn alone() -> Vec<Body> {
    [rules(), patients(), keeping(), institutions(), running()].concat()
}

fn rules() -> Vec<Body> {
    let sha256 = Sha256::of(&[b"policy"]);
    let by = officer;
    vec![
        Body::Genesis {
            institution: slug("st-anna"),
            log_origin: "st-anna.example/ledger".to_owned(),
            key: "st-anna.example/ledger+00000000+AA==".to_owned(),
            statement_key: "st-anna.example/ledger+00000000+AA==".to_owned(),
            created: START,
        },
        Body::PolicyProposed {
            sha256,
            schema_sha256: Sha256::of(&[b"schema"]),
            text: "permit (principal, action, resource);".to_owned(),
            by: by(),
        },
        Body::PolicyApproved { sha256, by: by() },
        Body::PolicyWithdrawn { sha256, by: by() },
        Body::PolicyActivated { sha256, by: by() },
        Body::Restored {
            log_origin: "st-anna.example/ledger-2".to_owned(),
            key: "st-anna.example/ledger-2+00000000+AA==".to_owned(),
            checkpoint: None,
            by: by(),
        },
    ]
}

fn patients() -> Vec<Body> {
    let by = || "desk".to_owned();
    let patient = PATIENT;
    vec![
        Body::ConsentGranted {
            consent: Consent {
                patient,
                effect: Effect::Grant,
                given_by: Giver::Patient,
                grantees: Grantees::Named(BTreeSet::from([slug("lakeside")])),
                purposes: BTreeSet::from([Purpose::Treatment]),
                modalities: None,
                study_uid_digest: None,
                study_from: None,
                study_until: None,
                valid_from: START,
                valid_until: None,
            },
            by: by(),
        },
        Body::ConsentRevoked {
            consent: ConsentId(6),
            patient,
            by: by(),
        },
        Body::RevocationHonoured {
            revocation: 7,
            institution: slug("lakeside"),
            by: by(),
        },
        Body::PatientLinked {
            patient,
            into: OTHER,
            by: by(),
        },
        Body::PatientUnlinked {
            patient,
            from: OTHER,
            by: by(),
        },
        Body::GuardianNamed {
            patient,
            until: None,
            by: by(),
        },
        Body::GuardianEnded { patient, by: by() },
        Body::StandingNoted {
            patient,
            evidence: StandingEvidence::IdentityProven,
            proof: Vec::new(),
            by: by(),
        },
    ]
}

fn keeping() -> Vec<Body> {
    let by = officer;
    let patients = || BTreeSet::from([PATIENT, OTHER]);
    vec![
        Body::UserAuthenticated {
            user: crate::contract::User {
                name: "weber".to_owned(),
                proof: crate::contract::UserProof::Passcode,
            },
            institution: "lakeside".parse().unwrap(),
            ae: "LAKE_WS".parse().unwrap(),
        },
        Body::SignedIn {
            account: "weber".to_owned(),
            means: SignInMeans::Passcode,
            address: Some("192.0.2.7".to_owned()),
        },
        Body::SignedOut {
            account: "weber".to_owned(),
            end: SignOutEnd::Idle,
        },
        Body::AccountChanged {
            account: "weber".to_owned(),
            act: AccountAct::TokenMade,
            roles: BTreeSet::from([Role::Auditor, Role::PatientDesk]),
            token: Some("nightly report".to_owned()),
            by: by(),
        },
        Body::DetailsShown {
            patients: patients(),
            what: DetailsOf::Consents,
            about: Some(6),
            by: "desk".to_owned(),
        },
        Body::AuditSearched {
            from: Some(crate::time::UtcMicros(0)),
            until: None,
            parameters: vec!["outcome".to_owned()],
            identified: true,
            by: "dns:reader.example".to_owned(),
        },
        Body::PatientErased {
            patients: patients(),
            reason: ErasureReason::Objection,
            by: by(),
        },
        Body::HoldPlaced {
            patients: Some(patients()),
            reference: "case 7".to_owned(),
            from_year: None,
            until_year: None,
            by: by(),
        },
        Body::HoldLifted { hold: 15, by: by() },
        Body::DetailsDropped {
            epoch: Epoch::new(2020, "default").unwrap(),
            by: by(),
        },
        Body::DisclosuresSuspended {
            patient: PATIENT,
            recipient: slug("lakeside"),
            until: START.plus(DAY_MICROS),
            statement: StatementForm::Oral,
            reference: "case 9".to_owned(),
            by: by(),
        },
        Body::DisclosuresResumed {
            suspension: 17,
            by: by(),
        },
    ]
}

fn institutions() -> Vec<Body> {
    let by = officer;
    let institution = || slug("lakeside");
    vec![
        Body::Equivocated {
            institution: institution(),
            key: "lakeside.example/ledger+00000000+AA==".to_owned(),
            first: "one".to_owned(),
            second: "another".to_owned(),
        },
        Body::Misstated {
            institution: institution(),
            key: "lakeside.example/ledger+00000000+AA==".to_owned(),
            statement: "a note".to_owned(),
        },
        Body::IncidentReported {
            incident: Incident::OnwardDisclosure,
            institution: institution(),
            proof: vec![3],
            reference: "case 8".to_owned(),
            by: by(),
        },
        Body::IncidentDecided {
            report: 20,
            institution: institution(),
            upheld: true,
            by: "arbiter".to_owned(),
        },
        Body::ChargeReversed {
            charge: 21,
            institution: institution(),
            by: by(),
        },
        Body::CeilingLifted {
            charge: 21,
            institution: institution(),
            by: by(),
        },
    ]
}

fn running() -> Vec<Body> {
    let queue = |act| Body::QueueChanged {
        queue: "pacs".to_owned(),
        act,
        objects: 3,
        patient: Some(PATIENT),
        study: Some(Sha256::of(&[b"study"])),
        reason: "wrong patient".to_owned(),
        by: "operator".to_owned(),
    };
    vec![
        Body::Started {
            version: "0.1.0".to_owned(),
            boot: "00112233445566ff".to_owned(),
        },
        queue(QueueAct::Paused),
        queue(QueueAct::Released),
        queue(QueueAct::Dropped),
        Body::Commitment {
            transaction: Sha256::of(&[b"transaction"]),
            act: CommitmentAct::Asked,
            asker: Some("ct1".to_owned()),
            destination: "pacs".to_owned(),
            decision: None,
            instances: 24,
            failed: 0,
            status: 0,
        },
        Body::Bypassed {
            first: "officer".to_owned(),
            second: "operator".to_owned(),
            reason: "disk failed".to_owned(),
            from: START,
            until: START.plus(60_000_000),
            associations: 3,
            bytes: 1_000,
            sha256: Sha256::of(&[b"list"]),
        },
        Body::Alert {
            code: "disk-full".to_owned(),
            text: "the ledger's disk is full".to_owned(),
            about: None,
        },
        Body::AuditExported {
            manifest_sha256: Sha256::ZERO,
            from: 0,
            until: 9,
            records: 4,
            filter: "{}".to_owned(),
            identified: false,
            by: "officer".to_owned(),
        },
        Body::Stopped {
            version: "0.1.0".to_owned(),
            boot: "00112233445566ff".to_owned(),
            state_root: Sha256::ZERO,
        },
    ]
}

/// Those that follow from a decision.
pub(super) fn following() -> Vec<Body> {
    let lakeside = || slug("lakeside");
    let receipt = |standing| Body::Receipt {
        decision: 40,
        institution: lakeside(),
        patient: PATIENT,
        standing,
    };
    let opened = |verdict| Body::ParcelOpened {
        parcel: "0123456789abcdef0123456789abcdef".to_owned(),
        sealed: 60,
        decision: 40,
        recipient: lakeside(),
        verdict,
        request_sha256: Sha256::of(&[b"request"]),
    };
    vec![
        Body::ProcedureStep {
            decision: 40,
            act: StepAct::Created,
            step: Sha256::of(&[b"step"]),
            status: 0x0110,
        },
        Body::ParcelSealed {
            parcel: "0123456789abcdef0123456789abcdef".to_owned(),
            decision: 40,
            recipient: lakeside(),
            instances: 24,
            classes: classes(),
            bytes: 12_582_912,
            manifest_sha256: Sha256::of(&[b"manifest"]),
            release: ParcelRelease::Online,
        },
        opened(Verdict::Permit),
        opened(Verdict::Deny),
        receipt(ReceiptStanding::Agreed),
        receipt(ReceiptStanding::Disputed),
        Body::ReviewReasoned {
            review: 40,
            by: "weber".to_owned(),
        },
        Body::ReviewOverdue {
            review: 40,
            institution: lakeside(),
        },
        Body::ReviewClosed {
            review: 40,
            institution: lakeside(),
            justified: true,
            by: officer(),
        },
        Body::Alert {
            code: "notify".to_owned(),
            text: "an access that is to be told".to_owned(),
            about: Some(40),
        },
    ]
}
