#![allow(
    clippy::arithmetic_side_effects,
    reason = "small numbers chosen by the tests"
)]

use super::*;
use crate::contract::Outcome;
use crate::contract::fixtures::Ledger;
use crate::contract::fixtures::slug;
use crate::time::DAY_MICROS;

/// The account of Lakeside in `ledger`, and the state that was folded with it.
fn account(ledger: &Ledger) -> (Account, State) {
    let (mut account, mut state) = (Account::new(slug("lakeside")), State::new());
    for (at, event) in &ledger.events {
        account.follow(&mut state, *at, event).unwrap();
    }
    assert_eq!(state, ledger.state);
    let (mut several, mut state) = (Accounts::default(), State::new());
    for (at, event) in &ledger.events {
        several.follow(&mut state, *at, event).unwrap();
    }
    // An account among others is as one by itself.
    let by_itself = account.statement(&state, ledger.now.day());
    let among_others = several.get(&slug("lakeside"));
    let among_others = among_others.map(|account| account.statement(&state, ledger.now.day()));
    let is_the_same = among_others.as_ref() == Some(&by_itself);
    assert!(is_the_same || account.lines.is_empty() && among_others.is_none());
    (account, state)
}

/// The statement on `days` after the last entry; it adds up.
fn statement(ledger: &Ledger, days: i32) -> Statement {
    let (account, state) = account(ledger);
    let day = Day(ledger.now.day().0 + days);
    let told = account.statement(&state, day).unwrap();
    assert_eq!(told.score, score_of(&state, &slug("lakeside"), day));
    let by = state.parameters().unwrap().institutions();
    let lowest = told.ceilings.first().map_or(1000, |ceiling| ceiling.score);
    let base = (told.base_good_micro, told.base_weight_micro);
    assert_eq!(base, (by.base_good, by.base_weight));
    let good = u128::from(told.good_micro + base.0);
    let all = u128::from(told.good_micro + told.bad_micro + base.1);
    assert_eq!(u128::from(told.score_without_ceiling), 1000 * good / all);
    assert_eq!(told.score, told.score_without_ceiling.min(lowest));
    // A state loses less than 1 micro-unit a day on each side, of which 1/(1 - factor) are left at
    // most: 131 and 528. Each line is rounded down once, to whole micro-units.
    let lines = i64::try_from(told.lines.len()).unwrap() + 1;
    assert!(
        (-131..=lines).contains(&told.rounding_good_micro),
        "{told:?}"
    );
    assert!(
        (-528..=lines).contains(&told.rounding_bad_micro),
        "{told:?}"
    );
    told
}

fn pass(ledger: &mut Ledger, days: i64) {
    ledger.now = ledger.now.plus(days * DAY_MICROS);
}

/// An incident that is reported and upheld; gives the entries of both.
fn upheld(ledger: &mut Ledger, incident: Incident) -> (u64, u64) {
    let report = ledger.say(Body::IncidentReported {
        incident,
        institution: slug("lakeside"),
        proof: vec![3, 4],
        reference: "CASE-7".into(),
        by: "nurse".into(),
    });
    let decided = ledger.say(Body::IncidentDecided {
        report,
        institution: slug("lakeside"),
        upheld: true,
        by: "arbiter".into(),
    });
    (report, decided)
}

#[test]
fn without_evidence_the_base_rate_is_all() {
    let told = statement(&Ledger::new(), 0);
    assert_eq!((told.score, told.lines.len()), (500, 0));
    assert_eq!((told.good_micro, told.bad_micro), (0, 0));
}

#[test]
fn a_day_of_exchange_is_one_line() {
    let mut ledger = Ledger::new();
    for _ in 0..3 {
        ledger.transfer(Outcome::Completed, None);
    }
    ledger.transfer(Outcome::Failed, Some("lakeside"));
    // Nobody's fault: no evidence.
    ledger.transfer(Outcome::Failed, None);
    let told = statement(&ledger, 90);
    let [line] = told.lines.as_slice() else {
        panic!("{told:?}");
    };
    let what = What::Routine {
        in_order: 3,
        late: 1,
        revocations_answered: 0,
    };
    assert_eq!(line.what, what);
    assert_eq!((line.first_entry, line.last_entry), (4, 10));
    assert_eq!(
        (line.good_then_micro, line.bad_then_micro),
        (750_000, 500_000)
    );
    // Half of the good and a sixth of the bad is gone after 90 days.
    assert_eq!(
        (line.good_now_micro, line.bad_now_micro),
        (374_999, 421_447)
    );
}

#[test]
fn a_year_of_exchange_adds_up_to_the_score() {
    let mut ledger = Ledger::new();
    for day in 0..400 {
        pass(&mut ledger, 1 + i64::from(day % 9 == 0));
        for _ in 0..day % 3 {
            ledger.transfer(Outcome::Completed, None);
        }
        if day % 7 == 0 {
            ledger.transfer(Outcome::Failed, Some("lakeside"));
        }
    }
    for days in [0, 400] {
        let told = statement(&ledger, days);
        assert!(told.lines.len() > 250);
    }
}

#[test]
fn a_charge_is_a_line_that_names_its_proof_and_its_ceiling() {
    let mut ledger = Ledger::new();
    ledger.transfer(Outcome::Completed, None);
    pass(&mut ledger, 3);
    let (report, decided) = upheld(&mut ledger, Incident::OnwardDisclosure);
    let told = statement(&ledger, 0);
    let line = told.lines.last().unwrap();
    let what = What::IncidentUpheld {
        incident: Incident::OnwardDisclosure,
        report,
        proof: vec![3, 4],
        reference: "CASE-7".into(),
    };
    assert_eq!(line.what, what);
    assert_eq!(
        (line.first_entry, line.bad_then_micro),
        (decided, 200_000_000)
    );
    let until = Day(ledger.now.day().0 + 90);
    assert_eq!(line.ceiling.unwrap().until, Some(until));
    assert_eq!(told.ceilings, [line.ceiling.unwrap()]);
    assert_eq!(statement(&ledger, 91).ceilings, []);
}

#[test]
fn a_reversed_charge_stays_in_the_account_and_weighs_nothing() {
    let mut ledger = Ledger::new();
    ledger.transfer(Outcome::Completed, None);
    let (_, charge) = upheld(&mut ledger, Incident::PurposeMisuse);
    pass(&mut ledger, 30);
    ledger.transfer(Outcome::Completed, None);
    let before = statement(&ledger, 0);
    let reversal = ledger.say(Body::ChargeReversed {
        charge,
        institution: slug("lakeside"),
        by: "arbiter".into(),
    });
    let told = statement(&ledger, 0);
    let line = told.lines.iter().find(|line| line.first_entry == charge);
    let line = line.unwrap();
    assert_eq!(line.reversed_by, Some(reversal));
    assert_eq!(line.bad_then_micro, 20_000_000);
    // What the two ways of rounding differ by.
    assert!(line.bad_now_micro < 30, "{line:?}");
    assert!(told.score > before.score);
}

#[test]
fn a_lifted_ceiling_is_told_with_the_charge_that_stays() {
    let mut ledger = Ledger::new();
    ledger.transfer(Outcome::Completed, None);
    let (_, charge) = upheld(&mut ledger, Incident::Equivocation);
    let lifted = ledger.say(Body::CeilingLifted {
        charge,
        institution: slug("lakeside"),
        by: "officer".into(),
    });
    let told = statement(&ledger, 5);
    let line = told.lines.last().unwrap();
    assert_eq!(line.ceiling_lifted_by, Some(lifted));
    assert_eq!(line.ceiling.unwrap().score, 299);
    assert_eq!(told.ceilings, []);
    assert_eq!(told.score, 73);
}

#[test]
fn what_no_arbiter_decided_on_waits_and_weighs_nothing() {
    let mut ledger = Ledger::new();
    ledger.transfer(Outcome::Completed, None);
    let score = statement(&ledger, 0).score;
    let report = ledger.say(Body::IncidentReported {
        incident: Incident::Equivocation,
        institution: slug("lakeside"),
        proof: vec![3],
        reference: "CASE-8".into(),
        by: "nurse".into(),
    });
    let told = statement(&ledger, 0);
    assert_eq!(told.score, score);
    assert_eq!(told.waiting.first().unwrap().entry, report);
    assert_eq!(statement(&ledger, 15).waiting, []);
}

#[test]
fn of_more_lines_than_the_limit_the_oldest_are_kept_as_a_sum() {
    let ledger = Ledger::new();
    let mut account = Account::new(slug("lakeside"));
    let lines = u64::try_from(ACCOUNT_LINES_MAX).unwrap() + 3;
    for entry in 0..lines {
        let what = What::ReviewOverdue { decision: entry };
        let day = Day(i32::try_from(entry).unwrap());
        account.keep(Kept::new(day, entry, what, (0, 10)));
    }
    let told = account.statement(&ledger.state, Day(0)).unwrap();
    let expected = Earlier {
        lines: 3,
        until: Day(2),
        good_now_micro: 0,
        bad_now_micro: 30,
    };
    assert_eq!(told.earlier, Some(expected));
    assert_eq!(told.lines.len(), ACCOUNT_LINES_MAX);
    assert_eq!(told.lines.first().unwrap().first_entry, 3);
    // The state knows nothing of these charges, and the account does not hide that.
    assert_eq!(told.rounding_bad_micro, -10 * i64::try_from(lines).unwrap());
}
