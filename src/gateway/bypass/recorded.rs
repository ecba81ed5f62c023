//! What went by while contract and ledger were out of order, as the next gateway records it.

use std::io;
use std::path::PathBuf;

use crate::contract::Body;
use crate::gateway::Gateway;
use crate::gateway::recorder::RecordError;
use crate::storage::BypassFound;
use crate::storage::BypassTime;
use crate::storage::bypass_prepare;
use crate::storage::bypass_recorded;
use crate::storage::bypass_times;

/// Why a time without contract and ledger cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum BypassedError {
    /// It is not over.
    #[error("images go by without contract and ledger: {} is being written", .0.display())]
    Runs(PathBuf),
    /// The folder of what went by cannot be used.
    #[error("{}: {source}", dir.display())]
    Folder {
        /// `dir` of `[bypass]`.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The ledger did not take it.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Gateway {
    /// Records the times when contract and ledger were passed by, before anything else goes by.
    ///
    /// # Errors
    /// When one is not over, or cannot be recorded. A file that cannot be read is told and put away:
    /// it must not keep the gateway from starting.
    pub(in crate::gateway) async fn record_bypasses(&self) -> Result<(), BypassedError> {
        let dir = &self.config.bypass.dir;
        let failed = |source| BypassedError::Folder {
            dir: dir.clone(),
            source,
        };
        let found = bypass_times(dir, false).map_err(failed)?;
        if found.is_empty() {
            return Ok(());
        }
        // Or what is recorded would be recorded again at each start.
        bypass_prepare(dir).map_err(failed)?;
        for found in found {
            let path = match found {
                BypassFound::Running(path) => return Err(BypassedError::Runs(path)),
                BypassFound::Unreadable(path) => {
                    let told = format!("{} tells of a bypass and cannot be read", path.display());
                    tracing::error!("{told}");
                    self.recorder.alert("bypass-unreadable", told).await;
                    path
                }
                BypassFound::Over(time) => {
                    self.record_bypass(&time).await?;
                    time.path
                }
            };
            if let Err(error) = bypass_recorded(&path) {
                tracing::error!(%error, path = %path.display(), "it is recorded, and cannot be put away");
            }
        }
        Ok(())
    }

    async fn record_bypass(&self, time: &BypassTime) -> Result<(), RecordError> {
        let recorded = self.recorder.record(Body::Bypassed {
            first: time.first.clone(),
            second: time.second.clone(),
            reason: time.reason.clone(),
            from: time.from,
            until: time.until,
            associations: time.associations,
            bytes: time.bytes,
            sha256: time.sha256,
        });
        let entry = recorded.await?;
        let but = match time.is_whole {
            true => "",
            false => "; the list of them was changed by others",
        };
        let text = format!(
            "{} associations went by without contract and ledger, by {} and {}{but}",
            time.associations, time.first, time.second
        );
        tracing::error!(entry, "{text}");
        let alert = Body::Alert {
            code: "bypassed".to_owned(),
            text,
            about: Some(entry),
        };
        self.recorder.note(alert).await;
        Ok(())
    }
}
