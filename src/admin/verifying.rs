//! Verification of the whole ledger while the gateway writes it: by itself every so often, and when somebody asks. One
//! at a time, on a thread of low priority. How the last one went is kept in the data folder.
//!
//! What is held against the ledger is more than what lies beside it: the gateway's own newest checkpoint, from
//! memory, the one that witnesses cosigned, and the one that the last good verification ended with. So entries
//! that were taken back together with their checkpoint are missed, too.

mod work;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::console::Console;
use super::console::Shared;
use super::problem::Problem;
use crate::alarm;
use crate::audit::Stop;
use crate::ledger::Checkpoint;
use crate::storage::Cursor;
use crate::storage::Depth;
use crate::time::UtcMicros;

/// The folder of the data folder where it is kept how the last one went.
const FOLDER: &str = "console";
/// How often it is looked whether the next one is due.
const LOOK: Duration = Duration::from_secs(60);
/// When one could not be done, the next follows after so long.
const AGAIN: Duration = Duration::from_secs(3_600);

/// How much is verified.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub(super) enum Extent {
    /// Chain, Merkle tree, checkpoints, and the digests of sealed details.
    #[default]
    Chain,
    /// Also every state that an entry names.
    State,
    /// Also every signature of an event, and every decision, decided anew.
    Replay,
}

impl Extent {
    /// Every one.
    pub(super) const ALL: [Self; 3] = [Self::Chain, Self::State, Self::Replay];

    /// In a word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::State => "state",
            Self::Replay => "replay",
        }
    }

    const fn depth(self) -> Depth {
        match self {
            Self::Chain => Depth::Chain,
            Self::State => Depth::State,
            Self::Replay => Depth::Replay,
        }
    }
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// Nothing wrong.
    Whole,
    /// Something wrong.
    Damaged,
    /// Nothing: it could not be done.
    Undone,
}

/// A verification that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Verification {
    /// When it ended, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    pub(super) at: UtcMicros,
    /// How long it took, in milliseconds.
    pub(super) took_ms: u64,
    /// How much was verified.
    pub(super) extent: Extent,
    /// What it found.
    pub(super) outcome: Outcome,
    /// Entries that were verified.
    pub(super) entries: u64,
    /// Who asked for it; absent: the gateway itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<String>,
    /// The first entry that is damaged, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<u64>,
    /// What is wrong, or why it could not be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// One that goes on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct UnderWay {
    /// When it began, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    pub(super) began: UtcMicros,
    /// How much is verified.
    pub(super) extent: Extent,
    /// Who asked for it; absent: the gateway itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<String>,
    /// Entries that are verified.
    pub(super) done: u64,
    /// Of so many.
    pub(super) of: u64,
}

/// How it stands.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(super) struct Standing {
    /// The last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Verification>,
    /// The last that found something wrong, until as much was verified and found whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alarm: Option<Verification>,
    /// The one that goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) under_way: Option<UnderWay>,
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    last: Option<Verification>,
    alarm: Option<Verification>,
    /// The checkpoint that the last good one ended with.
    note: Option<String>,
}

impl Kept {
    /// Whether the alarm ended with this one.
    fn take(&mut self, ended: &Verification, note: Option<String>) -> bool {
        let extent = ended.extent;
        let mut is_over = false;
        match ended.outcome {
            Outcome::Whole => {
                // Who looked less closely has not seen what was found then.
                is_over = self.alarm.as_ref().is_some_and(|one| one.extent <= extent);
                if is_over {
                    self.alarm = None;
                }
                self.note = note.or_else(|| self.note.take());
            }
            Outcome::Damaged => self.alarm = Some(ended.clone()),
            Outcome::Undone => {}
        }
        self.last = Some(ended.clone());
        is_over
    }

    fn is_due(&self, now: UtcMicros, every: Duration) -> bool {
        let Some(last) = &self.last else {
            return true;
        };
        let after = match last.outcome {
            Outcome::Undone => every.min(AGAIN),
            Outcome::Whole | Outcome::Damaged => every,
        };
        let after = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
        now.0.saturating_sub(last.at.0) >= after
    }
}

#[derive(Debug)]
struct Going {
    under_way: UnderWay,
    done: Arc<AtomicU64>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Verifying {
    kept: Mutex<Kept>,
    going: Mutex<Option<Going>>,
    stop: Stop,
    cursor: Cursor,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Verifying {
    /// With what is kept in this data folder.
    ///
    /// # Errors
    /// When nothing can be kept there.
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let cursor = Cursor::open(data_dir, FOLDER, "verified")?;
        let kept = cursor.read().unwrap_or_else(|error| {
            tracing::warn!(%error, "how the last verification went is not known");
            None
        });
        Ok(Self {
            kept: Mutex::new(kept.unwrap_or_default()),
            going: Mutex::default(),
            stop: Stop::default(),
            cursor,
        })
    }

    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        let going = locked(&self.going);
        let under_way = going.as_ref().map(|going| UnderWay {
            done: going.done.load(Ordering::Relaxed),
            ..going.under_way.clone()
        });
        drop(going);
        let kept = locked(&self.kept);
        Standing {
            last: kept.last.clone(),
            alarm: kept.alarm.clone(),
            under_way,
        }
    }

    /// Whether something is known to be wrong with the ledger.
    pub(super) fn is_alarmed(&self) -> bool {
        locked(&self.kept).alarm.is_some()
    }

    /// The one under way is given up, and no other begins.
    pub(super) fn stop(&self) {
        self.stop.set();
    }
}

impl Console {
    /// Begins a verification; `by` asked for it.
    ///
    /// # Errors
    /// When one goes on.
    pub(super) fn verify(
        self: &Arc<Self>,
        extent: Extent,
        by: Option<String>,
    ) -> Result<(), Problem> {
        let verifying = &self.verification;
        if verifying.stop.is_set() {
            return Err(Problem::unavailable("the gateway stops"));
        }
        let note = self.recorder.checkpoints().borrow().clone();
        // There is one within a second of the start.
        let note = note.ok_or_else(|| Problem::unavailable("nothing is signed for yet"))?;
        let newest = Checkpoint::open(&note, self.recorder.log_key());
        let done = Arc::new(AtomicU64::new(0));
        let under_way = UnderWay {
            began: self.clock.now(),
            extent,
            by,
            done: 0,
            of: newest.map_or(0, |newest| newest.size),
        };
        let mut going = locked(&verifying.going);
        if going.is_some() {
            return Err(Problem::refused("a verification is under way"));
        }
        *going = Some(Going {
            under_way: under_way.clone(),
            done: Arc::clone(&done),
        });
        drop(going);
        let earlier = locked(&verifying.kept).note.clone();
        let order = work::Order {
            data_dir: self.config.gateway.data_dir.clone(),
            key: self.recorder.log_key().clone(),
            depth: extent.depth(),
            newest: Some(note.as_ref().to_owned()),
            earlier,
            done,
            stop: verifying.stop.clone(),
        };
        let console = Arc::clone(self);
        tokio::spawn(async move { console.verified(order, under_way).await });
        Ok(())
    }

    /// Waits for the end of it, keeps how it went, and tells people.
    async fn verified(self: Shared, order: work::Order, begun: UnderWay) {
        let (began_us, note) = (self.now_us(), order.newest.clone());
        let found = work::apart(order).await;
        let ended = found.map(|found| Verification {
            at: self.clock.now(),
            took_ms: self.now_us().saturating_sub(began_us) / 1_000,
            extent: begun.extent,
            outcome: found.outcome,
            entries: found.entries,
            by: begun.by,
            entry: found.entry,
            problem: found.problem,
        });
        let Some(ended) = ended else {
            // It was given up, as the gateway stops.
            *locked(&self.verification.going) = None;
            return;
        };
        let (is_over, kept) = {
            let mut kept = locked(&self.verification.kept);
            (kept.take(&ended, note), kept.clone())
        };
        *locked(&self.verification.going) = None;
        let cursor = self.verification.cursor.clone();
        let written = tokio::task::spawn_blocking(move || cursor.write(&kept)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "how the verification went is not kept");
        }
        self.tell(&ended, is_over).await;
    }

    async fn tell(&self, ended: &Verification, is_over: bool) {
        let alert = match (ended.outcome, &ended.problem) {
            (Outcome::Damaged, Some(problem)) => Some(alarm::of_verification(problem)),
            (Outcome::Whole, _) if is_over => Some(alarm::of_wholeness(ended.entries)),
            (Outcome::Undone, Some(problem)) => {
                tracing::warn!(%problem, "the ledger could not be verified");
                None
            }
            _ => None,
        };
        if let Some((code, text)) = alert {
            tracing::warn!(code, "{text}");
            self.recorder.alert(code, text).await;
        }
    }
}

/// Verifies whenever it is due, for ever.
pub(super) async fn verify_on(console: &Shared) {
    let Some(every) = console.config.alarm.verify_every else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(LOOK).await;
        let now = console.clock.now();
        let is_due = locked(&console.verification.kept).is_due(now, every);
        if is_due && let Err(problem) = console.verify(Extent::Chain, None) {
            tracing::debug!(?problem, "no verification begins");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_US: i64 = 3_600_000_000;

    fn ended(hour: i64, extent: Extent, outcome: Outcome) -> Verification {
        Verification {
            at: UtcMicros(hour * HOUR_US),
            took_ms: 1,
            extent,
            outcome,
            entries: 7,
            by: None,
            entry: None,
            problem: None,
        }
    }

    #[test]
    fn an_alarm_lasts_until_as_much_was_found_whole() {
        let mut kept = Kept::default();
        let steps = [
            (Extent::Chain, Outcome::Whole, false, false),
            (Extent::State, Outcome::Damaged, false, true),
            (Extent::Chain, Outcome::Whole, false, true),
            (Extent::Replay, Outcome::Undone, false, true),
            (Extent::State, Outcome::Whole, true, false),
            (Extent::State, Outcome::Whole, false, false),
        ];
        for (extent, outcome, is_over, is_alarmed) in steps {
            let told = kept.take(&ended(0, extent, outcome), None);
            assert_eq!((told, kept.alarm.is_some()), (is_over, is_alarmed));
        }
    }

    #[test]
    fn only_a_good_one_moves_the_checkpoint_that_is_held_against_the_next() {
        let mut kept = Kept::default();
        let note = |text: &str| Some(text.to_owned());
        kept.take(&ended(0, Extent::Chain, Outcome::Whole), note("a"));
        kept.take(&ended(0, Extent::Chain, Outcome::Damaged), note("b"));
        assert_eq!(kept.note.as_deref(), Some("a"));
        kept.take(&ended(0, Extent::Chain, Outcome::Whole), None);
        assert_eq!(kept.note.as_deref(), Some("a"));
        kept.take(&ended(0, Extent::Chain, Outcome::Whole), note("c"));
        assert_eq!(kept.note.as_deref(), Some("c"));
    }

    #[test]
    fn the_next_is_due_after_so_long_and_sooner_when_the_last_could_not_be_done() {
        let every = Duration::from_secs(86_400);
        let mut kept = Kept::default();
        let at = |hour: i64| UtcMicros(hour * HOUR_US);
        assert!(kept.is_due(at(0), every));
        kept.take(&ended(10, Extent::Chain, Outcome::Damaged), None);
        assert!(!kept.is_due(at(33), every) && kept.is_due(at(34), every));
        kept.take(&ended(10, Extent::Chain, Outcome::Undone), None);
        assert!(!kept.is_due(at(10), every) && kept.is_due(at(11), every));
    }

    #[test]
    fn how_it_went_is_there_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let verifying = Verifying::open(dir.path()).unwrap();
        assert!(!verifying.is_alarmed());
        let mut kept = Kept::default();
        kept.take(&ended(3, Extent::Replay, Outcome::Damaged), None);
        verifying.cursor.write(&kept).unwrap();
        let again = Verifying::open(dir.path()).unwrap();
        assert!(again.is_alarmed());
        assert_eq!(again.standing().last, kept.last);
    }
}
