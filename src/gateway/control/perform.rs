//! Performing a command.

use std::sync::Arc;

use super::Answer;
use super::Command;
use super::PatientName;
use super::Question;
use super::listed;
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
pub(in crate::gateway) struct Office {
    pub(in crate::gateway) recorder: Recorder,
    /// `None`: the spool was not opened, as no command was about it.
    pub(in crate::gateway) delivery: Option<Arc<Delivery>>,
}

impl Office {
    /// That of a gateway that serves.
    pub(in crate::gateway) fn of(gateway: &Gateway) -> Self {
        Self {
            recorder: gateway.recorder.clone(),
            delivery: Some(Arc::clone(&gateway.delivery)),
        }
    }

    /// Performs one command.
    pub(in crate::gateway) async fn perform(&self, command: Command) -> Answer {
        let recorder = &self.recorder;
        let result = match command {
            Command::Change { change, by } => {
                let recorded = recorder.change(change, by).await;
                recorded.map(|entry| Answer::Recorded { entry })
            }
            Command::Consents { patient } => consents(recorder, patient).await,
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
            Command::Queues | Command::Queue { .. } | Command::QueueChange { .. } => {
                self.queues(command).await
            }
            Command::Decide { question } => decide(recorder, *question).await,
        };
        result.unwrap_or_else(|error| Answer::Refused {
            reason: error.to_string(),
        })
    }

    /// What concerns the spool.
    async fn queues(&self, command: Command) -> Result<Answer, RecordError> {
        let Some(delivery) = &self.delivery else {
            return Err(RecordError::Refused("the spool is not open".to_owned()));
        };
        match command {
            Command::Queue { queue, one_by_one } => {
                let content = delivery.content(&self.recorder, &queue, one_by_one).await?;
                Ok(Answer::Queue {
                    studies: content.studies,
                    objects: content.objects,
                    more: content.more,
                })
            }
            Command::QueueChange { change, by } => {
                let done = delivery.change(&self.recorder, change, &by).await?;
                Ok(Answer::QueueChanged {
                    objects: done.objects,
                    entries: done.entries,
                })
            }
            // The caller passes nothing else on.
            _ => Ok(Answer::Queues {
                queues: delivery.list(),
            }),
        }
    }
}

async fn consents(
    recorder: &Recorder,
    patient: Option<PatientName>,
) -> Result<Answer, RecordError> {
    let Some(patient) = patient else {
        return recorder
            .view(|state, _| listed::consents(state, None))
            .await;
    };
    let (known, _) = recorder.names(Some(patient.identity()), None).await?;
    match known {
        Some(known) => {
            let theirs = recorder.view(move |state, _| listed::consents(state, Some(known)));
            theirs.await
        }
        None => Ok(Answer::Consents {
            consents: Vec::new(),
        }),
    }
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
