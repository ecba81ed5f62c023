//! Whoever is shown something about a patient that is named is in the ledger, before it is shown.

use std::collections::BTreeSet;

use super::caller::Caller;
use super::console::Console;
use super::problem::Problem;
use crate::contract::DetailsOf;
use crate::contract::Pseudonym;
use crate::gateway::control::Command;

impl Console {
    /// Records that `caller` is shown what `command` asks for, where that is about a patient who is named.
    ///
    /// # Errors
    /// When it could not be made durable: then nothing is shown.
    pub(super) async fn look_is_recorded(
        &self,
        caller: &Caller,
        command: &Command,
    ) -> Result<(), Problem> {
        let (what, patient) = match command {
            Command::Consents {
                patient: Some(patient),
            } => (DetailsOf::Consents, patient),
            Command::Disclosures { patient, .. } => (DetailsOf::Disclosures, patient),
            Command::Names {
                patient: Some(patient),
                ..
            } => (DetailsOf::Names, patient),
            Command::Decide { question } => match &question.patient {
                Some(patient) => (DetailsOf::Consents, patient),
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let patients = self.known_as(patient).await?;
        self.shown(caller, patients, what, None).await
    }

    /// Records that `caller` is shown who these patients are. Whom the gateway has not met has no entry.
    ///
    /// # Errors
    /// When it could not be made durable: then nothing is shown.
    pub(super) async fn shown(
        &self,
        caller: &Caller,
        patients: BTreeSet<Pseudonym>,
        what: DetailsOf,
        about: Option<u64>,
    ) -> Result<(), Problem> {
        if patients.is_empty() {
            return Ok(());
        }
        let recorded = self
            .recorder
            .details_shown(patients, what, about, caller.name.clone())
            .await;
        recorded.map(|_| ()).map_err(|error| {
            tracing::warn!(%error, "a look at details is not recorded, and nothing is shown");
            Problem::unavailable("the ledger takes no entry now")
        })
    }
}
