//! What happens when the journal is opened: the newest checkpoint, then everything after it.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::ledger::Chain;
use crate::ledger::Damage;
use crate::ledger::LogKey;
use crate::ledger::Tree;
use crate::ledger::Verifier;
use crate::storage::disk;
use crate::storage::journal::OpenError;
use crate::storage::journal::Recovered;
use crate::storage::journal::Torn;
use crate::storage::reader;
use crate::storage::reader::Batches;
use crate::storage::reader::End;
use crate::storage::reader::Position;
use crate::storage::reader::ReadError;
use crate::storage::reader::Step;
use crate::storage::reader::TornBatch;
use crate::storage::slots;
use crate::storage::slots::Slot;

/// A journal that is good to be written to.
pub(super) struct Found {
    pub(super) recovered: Recovered,
    pub(super) end: End,
    pub(super) next_id: u64,
    pub(super) next_slot: usize,
}

/// Verifies the journal from its newest checkpoint on, and drops a torn batch at its end.
pub(super) fn recover(data_dir: &Path, key: &LogKey) -> Result<Found, OpenError> {
    let dir = reader::journal_dir(data_dir);
    disk::create_dir(&dir).map_err(|source| OpenError::Io {
        path: dir.clone(),
        source,
    })?;
    let slots::Newest { slot, next_place } = slots::newest(data_dir, key)?;
    let checkpoint = slot.as_ref().map(|slot| slot.checkpoint.clone());
    let start = slot.as_ref().filter(|slot| leads_to(&dir, slot));
    let (mut batches, verifier) = match start {
        Some(slot) => (
            Batches::from_position(&dir, slot.end, slot.next_id, slot.chain.next_seq())?,
            Verifier::resume(slot.chain, slot.tree.clone(), checkpoint.clone()),
        ),
        None => (
            Batches::from_start(&dir)?,
            Verifier::resume(Chain::new(), Tree::new(), checkpoint.clone()),
        ),
    };
    let (mut end, verified) = follow(&mut batches, verifier)?;
    if end.last_batch.is_none() {
        end.last_batch = start.map(|slot| Position {
            offset: slot.last_batch,
            ..slot.end
        });
    }
    let torn = end.torn.take();
    if let Some(torn) = &torn {
        drop_torn(&dir, torn)?;
    }
    let first_seq = verified.chain.next_seq();
    Ok(Found {
        recovered: Recovered {
            chain: verified.chain,
            tree: verified.tree,
            checkpoint,
            torn: torn.map(|TornBatch { damage, .. }| Torn { first_seq, damage }),
        },
        next_id: batches.next_id(),
        end,
        next_slot: next_place,
    })
}

/// Feeds all batches to the verifier.
fn follow(
    batches: &mut Batches,
    mut verifier: Verifier,
) -> Result<(End, crate::ledger::Verified), OpenError> {
    loop {
        let step = batches.step()?;
        for seen in batches.batch.records() {
            verifier.push(seen.line)?;
        }
        match step {
            Step::Batch => {}
            Step::Damaged(Damage { entry, harm }) => {
                return Err(verifier.blame(entry, harm).into());
            }
            Step::End(end) => {
                // An entry that was signed for was acknowledged: it is damaged, not torn.
                let verified = verifier.finish().map_err(|damage| match &end.torn {
                    Some(torn) if torn.damage.entry >= damage.entry => torn.damage.clone(),
                    _ => damage,
                })?;
                return Ok((end, verified));
            }
        }
    }
}

/// Whether the journal holds the last entry of the checkpoint where the slot says. If not, all of
/// it is read, to say what is wrong.
fn leads_to(dir: &Path, slot: &Slot) -> bool {
    let at = Position {
        offset: slot.last_batch,
        ..slot.end
    };
    let last = |batches: &mut Batches| -> Result<bool, ReadError> {
        let step = batches.step()?;
        let hash = batches
            .batch
            .records()
            .next_back()
            .map(|seen| seen.line.hash);
        Ok(matches!(step, Step::Batch)
            && hash == Some(slot.chain.last_line())
            && batches.next_place() == slot.end)
    };
    Batches::from_unnumbered(dir, at)
        .and_then(|mut batches| last(&mut batches))
        .unwrap_or(false)
}

/// Writes zeroes over a batch that was never acknowledged.
fn drop_torn(dir: &Path, torn: &TornBatch) -> Result<(), OpenError> {
    let path = reader::segment_path(dir, torn.position.segment);
    let erase = || -> io::Result<()> {
        let file = File::options().write(true).open(&path)?;
        disk::erase(&file, torn.position.offset, file.metadata()?.len())?;
        file.sync_all()
    };
    erase().map_err(|source| OpenError::Io {
        path: path.clone(),
        source,
    })
}
