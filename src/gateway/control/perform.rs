//! Performing a command.

use std::sync::Arc;

use super::AccountBook;
use super::Answer;
use super::Command;
use super::PatientName;
use super::Question;
use super::QueueChange;
use super::consents;
use super::listed;
use super::listed::ListedConsent;
use super::signing::sign_audit;
use crate::contract::Disclosing;
use crate::contract::Disclosures;
use crate::contract::Pseudonym;
use crate::contract::State;
use crate::contract::explain;
use crate::gateway::Gateway;
use crate::gateway::delivery::Delivery;
use crate::gateway::recorder::RecordError;
use crate::gateway::recorder::Recorder;
use crate::time::UtcMicros;

/// Who performs commands: on a running gateway, or on its folder.
#[derive(Clone, Debug)]
pub struct Office {
    pub(in crate::gateway) recorder: Recorder,
    /// `None`: the spool was not opened, as no command was about it.
    pub(in crate::gateway) delivery: Option<Arc<Delivery>>,
    pub(in crate::gateway) accounts: Arc<AccountBook>,
}

impl Office {
    /// That of a gateway that serves.
    pub(in crate::gateway) fn of(gateway: &Gateway) -> Self {
        Self {
            recorder: gateway.recorder.clone(),
            delivery: Some(Arc::clone(&gateway.delivery)),
            accounts: Arc::clone(&gateway.accounts),
        }
    }

    /// Consents that stand, after the first `after`, at most `limit`, in the order in which they were recorded; and
    /// whether there are more.
    ///
    /// # Errors
    /// When the gateway stops.
    pub async fn consents(
        &self,
        after: usize,
        limit: usize,
    ) -> Result<(Vec<ListedConsent>, bool), RecordError> {
        consents::part(&self.recorder, after, limit).await
    }

    /// Performs one command.
    pub async fn perform(&self, command: Command) -> Answer {
        let recorder = &self.recorder;
        let result = match command {
            Command::Change { change, by } => {
                let recorded = recorder.change(change, by).await;
                recorded.map(|entry| Answer::Recorded { entry })
            }
            Command::Consents { patient } => consents_of(recorder, patient).await,
            Command::Reviews => recorder.view(|state, _| listed::reviews(state)).await,
            Command::Incidents => recorder.view(listed::incidents).await,
            Command::Policies => recorder.view(|state, _| listed::policies(state)).await,
            Command::Scores => {
                let scores = recorder.view(|state, now| listed::scores(state, now.day()));
                scores.await
            }
            Command::Holds => recorder.view(|state, _| listed::holds(state)).await,
            Command::Epochs => {
                let epochs = recorder.epochs().await;
                epochs.map(|epochs| Answer::Epochs { epochs })
            }
            Command::Associations => Ok(Answer::Associations {
                associations: recorder.meters().standing(),
            }),
            Command::Queues => self.delivery().map(|delivery| Answer::Queues {
                queues: delivery.list(),
            }),
            Command::Queue { queue, one_by_one } => self.queue(&queue, one_by_one).await,
            Command::QueueChange { change, by } => self.queue_change(change, &by).await,
            Command::Disclosures {
                patient,
                since,
                with_suspended,
            } => disclosures(recorder, &patient, since, with_suspended).await,
            Command::Suspensions => recorder.view(listed::suspensions).await,
            Command::Names { patient, study } => names(recorder, patient, study).await,
            Command::Checkpoint => {
                let signed = recorder.signed_for().await;
                signed.map(|note| Answer::CheckpointSigned { note })
            }
            Command::SignAudit { manifest, by } => sign_audit(recorder, &manifest, by).await,
            Command::Accounts => self.accounts.list().await,
            Command::AccountChange { change, by } => {
                self.accounts.change(recorder, change, by).await
            }
            Command::Decide { question } => decide(recorder, *question).await,
        };
        result.unwrap_or_else(|error| Answer::Refused {
            reason: error.to_string(),
        })
    }

    /// The queues of the spool.
    fn delivery(&self) -> Result<&Delivery, RecordError> {
        let delivery = self.delivery.as_deref();
        delivery.ok_or_else(|| RecordError::Refused("the spool is not open".to_owned()))
    }

    async fn queue(&self, queue: &str, one_by_one: bool) -> Result<Answer, RecordError> {
        let content = self
            .delivery()?
            .content(&self.recorder, queue, one_by_one)
            .await?;
        Ok(Answer::Queue {
            studies: content.studies,
            objects: content.objects,
            more: content.more,
        })
    }

    async fn queue_change(&self, change: QueueChange, by: &str) -> Result<Answer, RecordError> {
        let done = self.delivery()?.change(&self.recorder, change, by).await?;
        Ok(Answer::QueueChanged {
            objects: done.objects,
            entries: done.entries,
        })
    }
}

async fn consents_of(
    recorder: &Recorder,
    patient: Option<PatientName>,
) -> Result<Answer, RecordError> {
    let Some(patient) = patient else {
        return consents::all(recorder).await;
    };
    let (known, _) = recorder.names(Some(patient.identity()), None).await?;
    match known {
        Some(known) => {
            let theirs = recorder.view(move |state, _| listed::consents(state, known));
            theirs.await
        }
        None => Ok(Answer::Consents {
            consents: Vec::new(),
        }),
    }
}

async fn disclosures(
    recorder: &Recorder,
    patient: &PatientName,
    since: Option<UtcMicros>,
    with_suspended: bool,
) -> Result<Answer, RecordError> {
    let (known, _) = recorder.names(Some(patient.identity()), None).await?;
    let person = recorder.view(move |state, now| {
        let patients = state.patients_linked_to(known?);
        let suspended = state.suspended(&patients, now);
        let disclosing = Disclosing::new(state.own()?.clone(), patients).since(since);
        Some(match with_suspended {
            true => disclosing.marking(suspended),
            false => disclosing.leaving_out(suspended),
        })
    });
    let disclosures = match person.await? {
        Some(disclosing) => recorder.disclosures(disclosing).await?,
        None => Disclosures::default(),
    };
    Ok(Answer::Disclosures { disclosures })
}

/// By which names the ledger knows them.
async fn names(
    recorder: &Recorder,
    patient: Option<PatientName>,
    study: Option<String>,
) -> Result<Answer, RecordError> {
    let patient = patient.as_ref().map(PatientName::identity);
    let (known, study) = recorder.names(patient, study).await?;
    let linked = move |state: &State, _| known.map(|known| state.patients_linked_to(known));
    let patients = recorder.view(linked).await?;
    Ok(Answer::Names {
        patients: patients.unwrap_or_default(),
        study,
    })
}

/// A patient whom the gateway has not met: nothing can have been recorded of them.
const UNMET: Pseudonym = Pseudonym::from_bytes([0; 16]);

async fn decide(recorder: &Recorder, question: Question) -> Result<Answer, RecordError> {
    let patient = question.patient.as_ref().map(PatientName::identity);
    let is_named = patient.is_some();
    let (patient, study) = recorder.names(patient, question.study.clone()).await?;
    let patient = patient.or_else(|| is_named.then_some(UNMET));
    let at = question.at;
    let explained = move |state: &State, now: UtcMicros| match state.own() {
        Some(own) => {
            let at = question.at.unwrap_or(now);
            let request = question.request(own, patient, study, at);
            Answer::Explained {
                explanation: Box::new(explain(state, &request)),
            }
        }
        None => Answer::Refused {
            reason: "the ledger had not begun".to_owned(),
        },
    };
    let now = recorder.view(|_, now| now).await?;
    match at {
        Some(at) if at < now => Ok(explained(&recorder.state_at(at).await?, at)),
        Some(_) | None => recorder.view(explained).await,
    }
}
