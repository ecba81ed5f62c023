//! Several threads that want a folder synced share one sync: the next that begins.
//!
//! Not only to be quick. The kernel tells an error of a sync once for each opening of a folder, and
//! this one is held open: of two threads that synced it at the same time, one would hear of the error,
//! and the other that all is well.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::storage::spool::Shared;
use crate::storage::spool::SpoolError;
use crate::storage::spool::folder::Folder;

/// The syncs of one folder.
#[derive(Debug, Default)]
pub(super) struct Group {
    turns: Mutex<Turns>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Turns {
    begun: u64,
    ended: u64,
}

impl Group {
    /// Returns when a sync of the folder has ended that began after this was called.
    pub(super) fn sync(&self, shared: &Shared, folder: &Folder) -> Result<(), SpoolError> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // One that runs already may have begun before the name was there.
        let wanted = turns.begun.saturating_add(1);
        while turns.ended < wanted {
            if turns.begun > turns.ended {
                let waited = self.ended.wait(turns);
                turns = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            // After a sync that failed there is no other.
            shared.check_poison()?;
            turns.begun = turns.begun.saturating_add(1);
            drop(turns);
            let done = shared.synced(shared.calls.sync_folder(folder.file()));
            turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.ended = turns.begun;
            self.ended.notify_all();
            done?;
        }
        drop(turns);
        // The one that was waited for may have failed: whoever made it was told, and poisoned all.
        shared.check_poison()
    }
}
