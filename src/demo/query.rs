//! C-FIND of the stand-in PACS (PS3.7 §9.1.2; PS3.4 §C.4.1), and C-CANCEL.

use std::time::Duration;

use dicom_object::InMemDicomObject;

use crate::association::Accepted;
use crate::demo::record::Ending;
use crate::demo::session::Session;
use crate::dicom::Model;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::transport::Indication;

impl Session {
    /// Answers a C-FIND.
    pub(crate) async fn find(
        &mut self,
        context: &Accepted,
        command: &CommandSet,
        model: Model,
        identifier: &InMemDicomObject,
        place: usize,
    ) -> Result<(), Ending> {
        let script = self.shared.options().find.clone();
        if let Some(status) = script.status {
            self.respond(context.id, command, status);
            return Ok(());
        }
        let found = self.shared.archive().find(model, identifier);
        let Ok(found) = found else {
            self.respond(context.id, command, Status::IDENTIFIER_MISMATCH);
            return Ok(());
        };
        for (index, matched) in found.iter().enumerate() {
            if let Some((_, farewell)) = script.die_after.filter(|(count, _)| *count == index) {
                self.link.flush().await?;
                return Err(farewell.into());
            }
            if self.cancelled_within(script.pause, place).await? && !script.ignores_cancel {
                self.respond(context.id, command, Status::CANCEL);
                return Ok(());
            }
            let response = CommandSet::response_to(command, script.pending);
            self.send(context, response, Some(matched));
        }
        self.respond(context.id, command, Status::SUCCESS);
        Ok(())
    }

    /// Waits for `pause` and tells whether the requestor cancels meanwhile, or has before.
    pub(crate) async fn cancelled_within(
        &mut self,
        pause: Duration,
        place: usize,
    ) -> Result<bool, Ending> {
        let next = if pause.is_zero() {
            self.link.flush().await?;
            self.link.next_now()?
        } else {
            match tokio::time::timeout(pause, self.link.next()).await {
                Ok(next) => Some(next?),
                Err(_) => None,
            }
        };
        match next {
            None => Ok(false),
            Some(Indication::Command { command, .. })
                if command.field() == Some(CommandField::CCancelRq) =>
            {
                self.note_cancel(place);
                Ok(true)
            }
            Some(other) => Err(self.ending_of(&other)),
        }
    }

    pub(crate) fn note_cancel(&self, place: usize) {
        self.shared.note(|record| {
            if let Some(asked) = record.asked.get_mut(place) {
                asked.cancelled = true;
            }
        });
    }
}
