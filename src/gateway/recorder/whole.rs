//! What is found only by reading the whole journal.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::RecordError;
use super::Recorder;
use crate::contract::Applied;
use crate::contract::Disclosing;
use crate::contract::Disclosures;
use crate::contract::State;
use crate::ledger::Entry;
use crate::time::UtcMicros;

/// The journal's entries, for one who reads all of them.
type Entries<'a> = Box<dyn Iterator<Item = Result<Entry, String>> + 'a>;

impl Recorder {
    /// The contract's state as it was at `at`: folded anew from the journal.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn state_at(&self, at: UtcMicros) -> Result<State, RecordError> {
        let fold = move |entries: Entries<'_>| {
            let mut state = State::new();
            for entry in entries {
                let entry = entry?;
                if entry.ledger_time > at {
                    break;
                }
                let applied = Applied {
                    seq: entry.seq,
                    ledger_time: entry.ledger_time,
                };
                let result = state.apply(applied, &entry.event);
                result.map_err(|rejection| rejection.to_string())?;
            }
            Ok(state)
        };
        self.read_whole(fold).await
    }

    /// What left for other institutions: `disclosing` with all that the journal holds.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn disclosures(
        &self,
        mut disclosing: Disclosing,
    ) -> Result<Disclosures, RecordError> {
        let gather = move |entries: Entries<'_>| {
            for entry in entries {
                let entry = entry?;
                let at = Applied {
                    seq: entry.seq,
                    ledger_time: entry.ledger_time,
                };
                disclosing.add(at, &entry.event.body);
            }
            Ok(disclosing.end())
        };
        self.read_whole(gather).await
    }

    /// Reads the journal from its first entry, one reader at a time, for as long as somebody waits for what comes of
    /// it.
    async fn read_whole<T: Send + 'static>(
        &self,
        read: impl FnOnce(Entries<'_>) -> Result<T, String> + Send + 'static,
    ) -> Result<T, RecordError> {
        let turn = Arc::clone(&self.log.whole_reads).acquire_owned().await;
        let turn = turn.map_err(|_| RecordError::Stopped)?;
        let journal = self.journal.clone();
        let (reply, answer) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let entries = journal.entries(0).map(|stored| {
                let stored = stored.map_err(|error| error.to_string())?;
                match reply.is_closed() {
                    true => Err("nobody waits for it".to_owned()),
                    false => Ok(stored.entry),
                }
            });
            let read = read(Box::new(entries));
            // The turn is over when the work is, not when whoever waits for it has gone.
            drop(turn);
            let _ = reply.send(read);
        });
        let read = answer.await.map_err(|_| RecordError::Stopped)?;
        read.map_err(RecordError::Refused)
    }
}
