//! The accounts of all institutions, kept by one fold.

use std::collections::BTreeMap;

use super::Account;
use super::Before;
use super::concerned;
use crate::contract::event::Event;
use crate::contract::names::InstitutionSlug;
use crate::contract::state::Applied;
use crate::contract::state::Rejection;
use crate::contract::state::State;

/// See the module. Whom nothing concerned has none.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    all: BTreeMap<InstitutionSlug, Account>,
}

impl Accounts {
    /// Applies the event of one entry to `state` and notes what it does to scores. Every event must come this way,
    /// from the first.
    ///
    /// # Errors
    /// As [`State::apply`]; the accounts are then as before.
    pub fn follow(
        &mut self,
        state: &mut State,
        at: Applied,
        event: &Event,
    ) -> Result<(), Rejection> {
        let concerned = concerned(state, event);
        let before: Vec<(InstitutionSlug, Before)> = concerned
            .into_iter()
            .map(|institution| {
                let nothing = || Account::new(institution.clone()).before(state, event);
                let known = self.all.get(&institution);
                let before = known.map_or_else(nothing, |account| account.before(state, event));
                (institution, before)
            })
            .collect();
        state.apply(at, event)?;
        for (institution, before) in before {
            let account = self
                .all
                .entry(institution.clone())
                .or_insert_with(|| Account::new(institution));
            account.turn(state, before.reputation.as_ref());
            account.note(state, at, event, before);
        }
        Ok(())
    }

    /// The account of one.
    pub fn get(&self, institution: &InstitutionSlug) -> Option<&Account> {
        self.all.get(institution)
    }
}
