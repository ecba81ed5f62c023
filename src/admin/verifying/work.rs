//! The work of a verification, on a thread that gives way to all others.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::Outcome;
use crate::admin::jobs;
use crate::audit::Stop;
use crate::ledger::LogKey;
use crate::storage;
use crate::storage::Cosigned;
use crate::storage::Depth;
use crate::storage::Kept;
use crate::storage::VerifyError;

/// What is verified, against what.
pub(super) struct Order {
    pub(super) data_dir: PathBuf,
    /// The gateway's own, not the one that lies beside the ledger.
    pub(super) key: LogKey,
    pub(super) depth: Depth,
    /// The gateway's newest checkpoint, from memory.
    pub(super) newest: Option<String>,
    /// The one that the last good verification ended with.
    pub(super) earlier: Option<String>,
    /// Hears how many entries are verified.
    pub(super) done: Arc<AtomicU64>,
    pub(super) stop: Stop,
}

/// What was found.
pub(super) struct Found {
    pub(super) outcome: Outcome,
    pub(super) entries: u64,
    pub(super) entry: Option<u64>,
    pub(super) problem: Option<String>,
}

impl Found {
    fn undone(problem: String) -> Self {
        Self {
            outcome: Outcome::Undone,
            entries: 0,
            entry: None,
            problem: Some(problem),
        }
    }
}

/// Does it; `None`: it was given up.
pub(super) async fn apart(order: Order) -> Option<Found> {
    let found = jobs::apart("verification", move || order.perform()).await;
    found.unwrap_or_else(|why| Some(Found::undone(why)))
}

impl Order {
    /// `None`: it was given up.
    fn perform(self) -> Option<Found> {
        let verified = self.kept().and_then(|kept| {
            let mut heed = |entries: u64| {
                self.done.store(entries, Ordering::Relaxed);
                !self.stop.is_set()
            };
            storage::verify_heeding(
                &self.data_dir,
                Some(&self.key),
                self.depth,
                &kept,
                &mut heed,
            )
        });
        let error = match verified {
            Ok(report) => {
                return Some(Found {
                    outcome: Outcome::Whole,
                    entries: report.verified.entries(),
                    entry: None,
                    problem: None,
                });
            }
            Err(VerifyError::Stopped) => return None,
            Err(error) => error,
        };
        let entry = match &error {
            VerifyError::Damaged(damage) | VerifyError::Equivocation { damage, .. } => {
                Some(damage.entry)
            }
            _ => None,
        };
        let outcome = match error.is_damage() {
            true => Outcome::Damaged,
            false => Outcome::Undone,
        };
        Some(Found {
            outcome,
            entries: self.done.load(Ordering::Relaxed),
            entry,
            problem: Some(error.to_string()),
        })
    }

    /// The checkpoints that the ledger must continue, beside the one that lies with it.
    fn kept(&self) -> Result<Vec<Kept>, VerifyError> {
        let failed = |error: storage::WitnessedError| VerifyError::Io {
            path: self.data_dir.clone(),
            source: std::io::Error::other(error),
        };
        let cosigned = Cosigned::open(&self.data_dir).map_err(failed)?;
        let cosigned = cosigned.read_newest().map_err(failed)?;
        let all = [
            ("of the gateway that runs", self.newest.clone()),
            ("that witnesses cosigned", cosigned),
            ("of the last verification", self.earlier.clone()),
        ];
        let kept = all.into_iter().filter_map(|(file, note)| {
            Some(Kept {
                file: file.to_owned(),
                note: note?,
            })
        });
        Ok(kept.collect())
    }
}
