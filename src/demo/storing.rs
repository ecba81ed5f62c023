//! C-STORE of the stand-in PACS (PS3.7 §9.1.1).

use std::time::Duration;

use bytes::Bytes;

use crate::association::Accepted;
use crate::demo::instance::Instance;
use crate::demo::pacs::Shared;
use crate::demo::record::Ending;
use crate::demo::record::Received;
use crate::demo::script::StoreAnswer;
use crate::demo::session::Session;
use crate::digest::Hasher;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;

/// A C-STORE whose data set is coming.
pub(crate) struct Storing {
    /// Its place in the record.
    place: usize,
    hasher: Hasher,
    bytes: u64,
    answer: StoreAnswer,
    pause: Duration,
    pub(crate) forget: bool,
}

impl Session {
    /// Notes a C-STORE request and picks its answer.
    pub(crate) fn storing(&self, context_id: u8, command: &CommandSet) -> Option<Storing> {
        if command.field() != Some(CommandField::CStoreRq) {
            return None;
        }
        let context = self.accepted.get(&context_id)?;
        let received = Received {
            association: self.number,
            calling: self.calling.clone(),
            command: command.clone(),
            sop_instance: command.get_uid(element::AFFECTED_SOP_INSTANCE_UID),
            transfer_syntax: context.transfer_syntax.clone(),
            originator: command
                .get_ae(element::MOVE_ORIGINATOR_AE)
                .zip(command.get_u16(element::MOVE_ORIGINATOR_MESSAGE_ID)),
            bytes: 0,
            sha256: None,
            answered: None,
        };
        let place = self.shared.note(|record| {
            record.received.push(received);
            record.received.len() - 1
        });
        let mut options = self.shared.options();
        let answer = options.store.answers.pop_front();
        Some(Storing {
            place,
            hasher: Hasher::new(),
            bytes: 0,
            answer: answer.unwrap_or(StoreAnswer::Status(Status::SUCCESS)),
            pause: options.store.pause,
            forget: options.store.forget,
        })
    }

    /// Keeps and answers a C-STORE whose data set is whole.
    pub(crate) async fn stored(
        &mut self,
        context: &Accepted,
        command: &CommandSet,
        data_set: Bytes,
        storing: Storing,
    ) -> Result<(), Ending> {
        let sha256 = storing.hasher.finish();
        let status = match storing.answer {
            StoreAnswer::Status(status) => Some(status),
            StoreAnswer::Late(delay, status) => {
                tokio::time::sleep(delay).await;
                Some(status)
            }
            StoreAnswer::Silence => None,
            StoreAnswer::DieAfter(_, farewell) => return Err(farewell.into()),
        };
        let sop_instance = command.get_uid(element::AFFECTED_SOP_INSTANCE_UID);
        let failed = status.is_none_or(|status| status.class() == Class::Failure);
        if let (false, false, Some(sop_instance)) = (failed, storing.forget, sop_instance) {
            self.shared.archive().put(Instance {
                sop_class: context.abstract_syntax.clone(),
                sop_instance,
                transfer_syntax: context.transfer_syntax.clone(),
                data_set,
            });
        }
        self.shared.note(|record| {
            if let Some(received) = record.received.get_mut(storing.place) {
                received.sha256 = Some(sha256);
                received.answered = status;
            }
        });
        if let Some(status) = status {
            self.respond(context.id, command, status);
        }
        Ok(())
    }
}

impl Storing {
    /// Takes a piece of the data set, and dies where the script says so.
    pub(crate) async fn take(&mut self, data: &Bytes, shared: &Shared) -> Result<(), Ending> {
        self.hasher.update(data);
        self.bytes += u64::try_from(data.len()).unwrap_or(u64::MAX);
        shared.note(|record| {
            if let Some(received) = record.received.get_mut(self.place) {
                received.bytes = self.bytes;
            }
        });
        tokio::time::sleep(self.pause).await;
        match self.answer {
            StoreAnswer::DieAfter(bytes, farewell) if self.bytes >= bytes => Err(farewell.into()),
            StoreAnswer::DieAfter(..)
            | StoreAnswer::Status(_)
            | StoreAnswer::Late(..)
            | StoreAnswer::Silence => Ok(()),
        }
    }
}
