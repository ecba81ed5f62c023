use super::*;
use crate::contract::Effect;
use crate::contract::Grantees;
use crate::contract::ParcelRelease;
use crate::contract::ReceiptStanding;
use crate::contract::SopClasses;
use crate::contract::Through;
use crate::contract::Verdict;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::PATIENT;
use crate::contract::fixtures::closed;
use crate::contract::fixtures::pull;
use crate::contract::keeping::ErasureReason;
use crate::time::HOUR_MICROS;

fn receipt(decision: u64, standing: ReceiptStanding) -> Body {
    Body::Receipt {
        decision,
        institution: slug("lakeside"),
        patient: PATIENT,
        standing,
    }
}

/// A pull by Lakeside's gateway that went well; gives the decision's number.
fn pulled(ledger: &mut Ledger) -> u64 {
    let decision = ledger.open(&Request {
        through: Some(Through {
            institution: slug("lakeside"),
            receipt: true,
        }),
        received_at: ledger.now,
        ..pull()
    });
    ledger.say(closed(decision, Outcome::Completed, None));
    decision
}

#[test]
fn not_the_end_of_a_transfer_but_its_receipt_speaks_for_the_other_gateway() {
    let mut ledger = Ledger::new();
    let decision = pulled(&mut ledger);
    assert_eq!(ledger.score("lakeside"), 500);
    ledger.say(receipt(decision, ReceiptStanding::Due));
    assert_eq!(ledger.score("lakeside"), 500);
    ledger.say(receipt(decision, ReceiptStanding::Agreed));
    // 1000 · 51 / 101.
    assert_eq!(ledger.score("lakeside"), 504);
    let again = receipt(decision, ReceiptStanding::Agreed);
    assert_eq!(ledger.rejects(again), Rejection::NoReceipt(decision));
    ledger.is_replayable();
}

#[test]
fn one_that_is_missing_is_late_once_and_only_when_it_was_due() {
    let mut ledger = Ledger::new();
    let decision = pulled(&mut ledger);
    ledger.say(receipt(decision, ReceiptStanding::Due));
    ledger.now = ledger.now.plus(24 * HOUR_MICROS - 1);
    let missing = receipt(decision, ReceiptStanding::Missing);
    let early = Rejection::ReceiptNotOverdue(decision);
    assert_eq!(ledger.rejects(missing.clone()), early);
    ledger.now = ledger.now.plus(1);
    ledger.say(missing.clone());
    // 1000 · 50 / 102.
    assert_eq!(ledger.score("lakeside"), 490);
    assert_eq!(ledger.rejects(missing), early);
    ledger.say(receipt(decision, ReceiptStanding::Agreed));
    assert_eq!(ledger.score("lakeside"), 490);
    ledger.is_replayable();
}

#[test]
fn of_n_receipts_on_a_day_the_late_ones_count_by_their_share() {
    let mut ledger = Ledger::new();
    let decisions: Vec<u64> = (0..10).map(|_| pulled(&mut ledger)).collect();
    for decision in &decisions {
        ledger.say(receipt(*decision, ReceiptStanding::Due));
    }
    ledger.now = ledger.now.plus(24 * HOUR_MICROS);
    let (late, kept) = decisions.split_first().unwrap();
    ledger.say(receipt(*late, ReceiptStanding::Missing));
    for decision in kept {
        ledger.say(receipt(*decision, ReceiptStanding::Agreed));
    }
    // r += 9/10, s += 2/10: 1000 · 50.9 / 101.1.
    assert_eq!(ledger.score("lakeside"), 503);
}

#[test]
fn a_dispute_costs_a_digest_mismatch_and_can_be_taken_back() {
    let mut ledger = Ledger::new();
    let decision = pulled(&mut ledger);
    ledger.say(receipt(decision, ReceiptStanding::Drafted));
    let dispute = ledger.say(receipt(decision, ReceiptStanding::Disputed));
    assert_eq!(ledger.score("lakeside"), 490);
    ledger.say(Body::ChargeReversed {
        charge: dispute,
        institution: slug("lakeside"),
        by: "arbiter".to_owned(),
    });
    assert_eq!(ledger.score("lakeside"), 500);
    ledger.is_replayable();
}

#[test]
fn receipts_are_with_others_about_decisions_that_there_are_and_one_for_each() {
    let mut ledger = Ledger::new();
    let decision = pulled(&mut ledger);
    let with_ourselves = Body::Receipt {
        decision,
        institution: slug("st-anna"),
        patient: PATIENT,
        standing: ReceiptStanding::Due,
    };
    assert_eq!(ledger.rejects(with_ourselves), Rejection::OwnReceipt);
    let to_come = receipt(1_000, ReceiptStanding::Due);
    assert_eq!(ledger.rejects(to_come), Rejection::ReceiptOpen(1_000));
    ledger.say(receipt(decision, ReceiptStanding::Due));
    let twice = receipt(decision, ReceiptStanding::Drafted);
    assert_eq!(ledger.rejects(twice), Rejection::ReceiptOpen(decision));
    let of_another = Body::Receipt {
        decision,
        institution: slug("hill"),
        patient: PATIENT,
        standing: ReceiptStanding::Agreed,
    };
    assert_eq!(ledger.rejects(of_another), Rejection::NoReceipt(decision));
}

#[test]
fn with_a_patient_the_receipts_about_them_are_forgotten_and_nobody_owes_one() {
    let mut ledger = Ledger::new();
    let decision = pulled(&mut ledger);
    ledger.say(receipt(decision, ReceiptStanding::Due));
    ledger.say(Body::PatientErased {
        patients: [PATIENT].into(),
        reason: ErasureReason::Objection,
        by: "officer".to_owned(),
    });
    assert_eq!(ledger.state.receipts().count(), 0);
    ledger.now = ledger.now.plus(24 * HOUR_MICROS);
    let missing = receipt(decision, ReceiptStanding::Missing);
    assert_eq!(ledger.rejects(missing), Rejection::NoReceipt(decision));
    assert_eq!(ledger.score("lakeside"), 500);
    ledger.is_replayable();
}

#[test]
fn what_was_sealed_into_a_parcel_earns_nothing() {
    let mut ledger = Ledger::new();
    let decision = ledger.open(&Request {
        received_at: ledger.now,
        ..pull()
    });
    ledger.say(Body::ParcelSealed {
        parcel: "00112233445566778899aabbccddeeff".to_owned(),
        decision,
        recipient: slug("lakeside"),
        instances: 10,
        classes: SopClasses::default(),
        bytes: 5_000_000,
        manifest_sha256: Sha256::ZERO,
        release: ParcelRelease::Offline,
    });
    ledger.say(closed(decision, Outcome::Completed, None));
    assert_eq!(ledger.score("lakeside"), 500);
    ledger.is_replayable();
}

#[test]
fn what_the_custodians_gateway_releases_needs_no_consent_here_but_stays_denied() {
    let mut ledger = Ledger::new();
    let ours = Request {
        requester: slug("st-anna"),
        recipient: slug("st-anna"),
        custodian: slug("lakeside"),
        ..pull()
    };
    let through = Request {
        through: Some(Through {
            institution: slug("lakeside"),
            receipt: true,
        }),
        ..ours.clone()
    };
    assert_eq!(ledger.decide(&ours).verdict, Verdict::Deny);
    let decision = ledger.decide(&through);
    assert_eq!(decision.verdict, Verdict::Permit);
    assert_eq!(decision.reasons, ["custodian-decides"]);
    // Through somebody else's gateway it is nobody's word.
    let other = Request {
        through: Some(Through {
            institution: slug("hill"),
            receipt: true,
        }),
        ..ours
    };
    assert_eq!(ledger.decide(&other).verdict, Verdict::Deny);
    ledger.consent(Consent {
        effect: Effect::Deny,
        grantees: Grantees::Any,
        ..grant()
    });
    assert_eq!(ledger.decide(&through).verdict, Verdict::Deny);
}
