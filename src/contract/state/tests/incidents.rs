use super::said::*;
use super::*;
use crate::contract::credit::Incident;
use crate::contract::fixtures::Ledger;

#[test]
fn a_reported_incident_counts_only_when_an_arbiter_upholds_it() {
    let mut ledger = Ledger::new();
    let report = ledger.say(reported(Incident::PurposeMisuse, "lakeside", &[0, 1]));
    assert_eq!(ledger.score("lakeside"), 500);
    let (number, listed) = ledger.state.reports().next().unwrap();
    assert_eq!(number, report);
    assert_eq!(listed.by, "Weber");
    assert_eq!(listed.proof, [0, 1]);
    assert_eq!(listed.lapses, START.plus(14 * 24 * HOUR_MICROS));
    let charge = ledger.say(decided(report, true, "Arbiter"));
    // 1000 · 50 / 120.
    assert_eq!(ledger.score("lakeside"), 416);
    assert_eq!(ledger.state.reports().count(), 0);
    let (entry, charged) = ledger.state.charges().next().unwrap();
    assert_eq!((entry, charged.weight), (charge, 20_000_000));
    ledger.is_replayable();
}

#[test]
fn a_dismissed_incident_leaves_no_trace_in_the_score() {
    let mut ledger = Ledger::new();
    let report = ledger.say(reported(Incident::Equivocation, "lakeside", &[0]));
    ledger.say(decided(report, false, "Arbiter"));
    assert_eq!(ledger.score("lakeside"), 500);
    assert_eq!(ledger.state.reports().count(), 0);
    assert_eq!(
        ledger.rejects(decided(report, true, "Arbiter")),
        Rejection::NoReport(report)
    );
}

#[test]
fn a_report_lapses_after_fourteen_days() {
    let mut ledger = Ledger::new();
    let report = ledger.say(reported(Incident::PurposeMisuse, "lakeside", &[0]));
    ledger.days_pass(14);
    for upheld in [true, false] {
        assert_eq!(
            ledger.rejects(decided(report, upheld, "Arbiter")),
            Rejection::Lapsed(report)
        );
    }
    ledger.now = ledger.now.plus(-1);
    ledger.say(decided(report, true, "Arbiter"));
    assert_eq!(ledger.score("lakeside"), 416);
}

#[test]
fn lapsed_reports_make_room_for_others() {
    let mut ledger = Ledger::new();
    ledger.say(reported(Incident::PurposeMisuse, "lakeside", &[0]));
    ledger.days_pass(14);
    assert_eq!(ledger.state.reports().count(), 1);
    let second = ledger.say(reported(Incident::PurposeMisuse, "lakeside", &[0]));
    let left: Vec<u64> = ledger.state.reports().map(|(report, _)| report).collect();
    assert_eq!(left, [second]);
}

#[test]
fn an_arbiter_is_not_who_reported_however_the_name_is_written() {
    let mut ledger = Ledger::new();
    let report = ledger.say(reported(Incident::PurposeMisuse, "lakeside", &[0]));
    for by in ["Weber", "weber", "WEBER", " Weber "] {
        for upheld in [true, false] {
            assert_eq!(
                ledger.rejects(decided(report, upheld, by)),
                Rejection::SamePerson
            );
        }
    }
}

#[test]
fn a_decision_is_about_the_institution_of_its_report() {
    let mut ledger = Ledger::new();
    let report = ledger.say(reported(Incident::PurposeMisuse, "hill", &[0]));
    assert_eq!(
        ledger.rejects(decided(report, true, "Arbiter")),
        Rejection::NoReport(report)
    );
    assert_eq!(
        ledger.rejects(decided(report + 1, true, "Arbiter")),
        Rejection::NoReport(report + 1)
    );
}

#[test]
fn what_is_reported_must_be_proven_by_entries_that_exist() {
    let ledger = Ledger::new();
    let next = ledger.events.len() as u64;
    let many: Vec<u64> = vec![0; 33];
    for proof in [&[][..], &[next], &[0, next], &many] {
        assert_eq!(
            ledger.rejects(reported(Incident::PurposeMisuse, "lakeside", proof)),
            Rejection::Proof
        );
    }
    let mut ledger = ledger;
    ledger.say(reported(
        Incident::PurposeMisuse,
        "lakeside",
        &vec![next - 1; 32],
    ));
}

#[test]
fn nobody_reports_their_own_institution_and_references_are_short() {
    let ledger = Ledger::new();
    assert_eq!(
        ledger.rejects(reported(Incident::PurposeMisuse, "st-anna", &[0])),
        Rejection::OwnScore
    );
    for reference in ["x".repeat(65), "Müller".to_owned(), "a\nb".to_owned()] {
        let body = Body::IncidentReported {
            incident: Incident::PurposeMisuse,
            institution: slug("lakeside"),
            proof: vec![0],
            reference,
            by: "Weber".to_owned(),
        };
        assert_eq!(ledger.rejects(body), Rejection::Reference);
    }
}

#[test]
fn upheld_incidents_weigh_what_the_contract_says_and_set_ceilings() {
    for (incident, score, ceiling) in [
        (Incident::DigestMismatch, 490, None),
        (Incident::PurposeMisuse, 416, None),
        (Incident::RevocationIgnored, 333, None),
        (Incident::OnwardDisclosure, 166, Some(449)),
        (Incident::Equivocation, 71, Some(299)),
    ] {
        let mut ledger = Ledger::new();
        ledger.upheld(incident);
        assert_eq!(ledger.score("lakeside"), score, "{incident}");
        let reputation = ledger.state.reputation(&slug("lakeside")).unwrap();
        let held = reputation.ceiling(ledger.now.day());
        assert_eq!(held.map(|held| held.score), ceiling, "{incident}");
    }
}

#[test]
fn the_ceiling_of_an_onward_disclosure_ends_and_that_of_equivocation_does_not() {
    for (incident, ends) in [
        (Incident::OnwardDisclosure, true),
        (Incident::Equivocation, false),
    ] {
        let mut ledger = Ledger::new();
        ledger.upheld(incident);
        let holds = |ledger: &Ledger| {
            let reputation = ledger.state.reputation(&slug("lakeside")).unwrap();
            reputation.ceiling(ledger.now.day()).is_some()
        };
        ledger.days_pass(90);
        assert!(holds(&ledger));
        ledger.days_pass(1);
        assert_eq!(holds(&ledger), !ends);
        ledger.days_pass(10_000);
        assert_eq!(holds(&ledger), !ends);
        let score = if ends { 499 } else { 299 };
        assert!(ledger.score("lakeside") >= score);
        assert_eq!(ledger.score("lakeside") > 299, ends);
    }
}

#[test]
fn a_reversal_takes_back_what_is_left_of_the_charge_and_its_ceiling() {
    let mut ledger = Ledger::new();
    let charge = ledger.upheld(Incident::Equivocation);
    ledger.days_pass(30);
    ledger.say(Body::ChargeReversed {
        charge,
        institution: slug("lakeside"),
        by: "arbiter".to_owned(),
    });
    assert_eq!(ledger.score("lakeside"), 500);
    let again = Body::ChargeReversed {
        charge,
        institution: slug("lakeside"),
        by: "arbiter".to_owned(),
    };
    assert_eq!(ledger.rejects(again), Rejection::NoCharge(charge));
    ledger.is_replayable();
}

#[test]
fn a_reversal_leaves_other_charges_alone() {
    let mut ledger = Ledger::new();
    let first = ledger.upheld(Incident::PurposeMisuse);
    ledger.days_pass(30);
    ledger.upheld(Incident::DigestMismatch);
    ledger.say(Body::ChargeReversed {
        charge: first,
        institution: slug("lakeside"),
        by: "arbiter".to_owned(),
    });
    assert_eq!(ledger.score("lakeside"), 490);
}

#[test]
fn a_ceiling_is_lifted_and_the_charge_stays() {
    let mut ledger = Ledger::new();
    let charge = ledger.upheld(Incident::Equivocation);
    ledger.days_pass(10_000);
    assert_eq!(ledger.score("lakeside"), 299);
    let lift = |charge| Body::CeilingLifted {
        charge,
        institution: slug("lakeside"),
        by: "arbiter".to_owned(),
    };
    ledger.say(lift(charge));
    assert!(ledger.score("lakeside") >= 499);
    assert_eq!(ledger.state.charges().count(), 1);
    assert_eq!(ledger.rejects(lift(charge)), Rejection::NoCharge(charge));
    let without = ledger.upheld(Incident::PurposeMisuse);
    assert_eq!(ledger.rejects(lift(without)), Rejection::NoCharge(without));
}

#[test]
fn what_another_institution_was_charged_is_not_reversed() {
    let mut ledger = Ledger::new();
    let charge = ledger.upheld(Incident::PurposeMisuse);
    let body = Body::ChargeReversed {
        charge,
        institution: slug("hill"),
        by: "arbiter".to_owned(),
    };
    assert_eq!(ledger.rejects(body), Rejection::NoCharge(charge));
}
