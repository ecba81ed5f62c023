//! What a scenario does to scores, by the arithmetic of the ledger.

use super::parameters::Parameters;
use super::reputation::Ceiling;
use super::reputation::Charge;
use super::reputation::Reputation;
use super::scenario::Behaviour;
use super::scenario::SCENARIO_DAYS_MAX;
use super::scenario::Scenario;
use crate::contract::names::InstitutionSlug;
use crate::time::Day;

/// The scores of one institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Whose.
    pub name: InstitutionSlug,
    /// The day of the first score.
    pub joins: u32,
    /// One for the end of each day.
    pub scores: Vec<u16>,
}

/// What is done to a reputation on some day, besides routine.
enum Act {
    /// A charge, and the ceiling that comes with it.
    Charge(Charge, Option<Ceiling>),
    /// A charge is taken back, and the ceiling with its number lifted.
    Reverse(u64, Charge),
    /// The ceiling with this number is lifted.
    Lift(u64),
}

/// The scores of every institution of `scenario`, from the day that it joins to day `days`, which
/// is at most [`SCENARIO_DAYS_MAX`].
pub fn simulate(parameters: &Parameters, scenario: &Scenario, days: u32) -> Vec<Course> {
    let institutions = scenario.institutions.iter();
    let days = days.min(SCENARIO_DAYS_MAX);
    institutions
        .map(|institution| course(parameters, institution, days))
        .collect()
}

fn course(parameters: &Parameters, behaviour: &Behaviour, days: u32) -> Course {
    let by = parameters.institutions();
    let joins = behaviour.joins;
    let mut acts = acts(parameters, behaviour);
    let mut reputation = Reputation::new(date(joins));
    let mut scores = Vec::new();
    for number in joins..=days {
        let day = date(number);
        for exchange in &behaviour.exchanges {
            let (in_order, late) = exchange.on(number, joins);
            if in_order == 0 && late == 0 {
                continue;
            }
            for partner in partners(exchange.partners) {
                reputation.record_all(by, day, &partner, in_order, late);
            }
        }
        for (_, act) in acts.extract_if(.., |(on, _)| *on == day) {
            match act {
                Act::Charge(charge, ceiling) => {
                    reputation.charge(by, day, charge.weight);
                    if let Some(ceiling) = ceiling {
                        reputation.set_ceiling(ceiling);
                    }
                }
                Act::Reverse(number, charge) => {
                    reputation.reverse(by, day, &charge);
                    reputation.lift_ceiling(number);
                }
                Act::Lift(number) => {
                    reputation.lift_ceiling(number);
                }
            }
        }
        scores.push(reputation.score(by, day));
    }
    Course {
        name: behaviour.name.clone(),
        joins,
        scores,
    }
}

fn date(number: u32) -> Day {
    Day(i32::try_from(number).unwrap_or(i32::MAX))
}

fn partners(count: u32) -> impl Iterator<Item = InstitutionSlug> {
    (1..=count).filter_map(|number| format!("partner-{number}").parse().ok())
}

/// All that is not routine, by its day; on one day a charge stands before its reversal.
fn acts(parameters: &Parameters, behaviour: &Behaviour) -> Vec<(Day, Act)> {
    let charge = |day: Day, weight: u64| Charge {
        day,
        institution: behaviour.name.clone(),
        weight,
    };
    let mut acts = Vec::new();
    for (incident, number) in behaviour.incidents.iter().zip(1_u64..) {
        if !incident.upheld {
            continue;
        }
        let day = date(incident.day);
        let charge = charge(day, parameters.incident_weight(incident.kind));
        let ceiling = parameters.ceiling_from(incident.kind, number, day);
        acts.push((day, Act::Charge(charge.clone(), ceiling)));
        if let Some(lifted) = incident.ceiling_lifted {
            acts.push((date(lifted), Act::Lift(number)));
        }
        if let Some(reversed) = incident.reversed {
            acts.push((date(reversed), Act::Reverse(number, charge)));
        }
    }
    for review in &behaviour.reviews {
        let day = date(review.day);
        for _ in 0..review.missed {
            let charge = charge(day, parameters.break_glass_weight());
            acts.push((day, Act::Charge(charge, None)));
        }
    }
    acts
}

#[cfg(test)]
mod tests;
