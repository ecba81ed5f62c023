//! One visit at one witness: our newest checkpoint is shown until it is cosigned, or until it is
//! clear why not.
//!
//! A size that a witness answers with is not signed, so nothing is believed of it. It may be tried
//! as the old size. What the witness holds beyond that it must show: a checkpoint that our own key
//! signed. That settles who is right, because it continues our log, or contradicts it.

use std::time::Duration;

use hyper::StatusCode;

use crate::config::WebUrl;
use crate::digest::Sha256;
use crate::gateway::Recorder;
use crate::ledger::Checkpoint;
use crate::ledger::CheckpointError;
use crate::ledger::NOTE_BYTES_MAX;
use crate::ledger::NoteError;
use crate::ledger::WitnessKey;
use crate::ledger::WitnessRequest;
use crate::ledger::add_cosignature;
use crate::web::Answered;
use crate::web::Line;
use crate::web::LineError;
use crate::web::Secured;

/// Content type of the size in a conflict (tlog-witness).
const SIZE_TYPE: &str = "text/x.tlog.size";

/// A checkpoint of ours that a witness holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) size: u64,
    pub(super) note: String,
}

/// How a visit ended.
#[derive(Debug)]
pub(super) enum Visit {
    /// Our note with the witness's cosignature, verified.
    Cosigned {
        note: String,
        /// The size that the witness held before.
        from: u64,
    },
    /// The witness does not take our log's checkpoints.
    Refused(StatusCode),
    /// Not now.
    Failed(String),
    /// The witness says what it does not show, or does not take what it should.
    Disputed(Dispute),
    /// Our own key has signed more entries than our log has.
    RolledBack(Held),
    /// Our own key has signed another log than ours.
    Forked(Held),
}

/// What a witness does not settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Dispute {
    #[error("it refuses our checkpoint and shows none that our key signed: {0}")]
    Unshown(CheckpointError),
    #[error("it refuses our checkpoint and shows none (HTTP status {0})")]
    Silent(u16),
    #[error("it refuses a proof that continues the checkpoint that it holds itself, of size {0}")]
    ProofRefused(u64),
    #[error("its cosignature is not to be believed: {0}")]
    Cosignature(NoteError),
}

/// What is shown, and to whom.
pub(super) struct Visitor<'v> {
    pub(super) recorder: &'v Recorder,
    pub(super) url: &'v WebUrl,
    pub(super) secured: Option<&'v Secured>,
    pub(super) key: &'v WitnessKey,
    /// For one exchange.
    pub(super) patience: Duration,
    /// Our newest checkpoint.
    pub(super) note: &'v str,
    pub(super) newest: &'v Checkpoint,
}

/// Why a visit ends early.
enum Stop {
    Failed(String),
    Ended(Visit),
}

impl From<LineError> for Stop {
    fn from(error: LineError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Visitor<'_> {
    /// Visits. `remembered` is the size that this witness cosigned last, as far as we know; not
    /// beyond our newest checkpoint.
    pub(super) async fn visit(&self, remembered: u64) -> Visit {
        match self.go(remembered).await {
            Ok(visit) | Err(Stop::Ended(visit)) => visit,
            Err(Stop::Failed(why)) => Visit::Failed(why),
        }
    }

    /// Asks at most three times: by the size that we remember, by the one that the witness names, by
    /// the one that it has shown.
    async fn go(&self, remembered: u64) -> Result<Visit, Stop> {
        let mut line = Line::to(self.url, self.secured, self.patience, NOTE_BYTES_MAX);
        let (mut old, mut named, mut shown) = (remembered, false, None);
        loop {
            let answered = self.ask(&mut line, old).await?;
            let size = match answered.status {
                StatusCode::OK => return Ok(self.cosigned(&answered, old)),
                StatusCode::CONFLICT => size(&answered),
                StatusCode::UNPROCESSABLE_ENTITY => None,
                status if is_passing(status) => {
                    return Ok(Visit::Failed(format!("HTTP status {status}")));
                }
                status => return Ok(Visit::Refused(status)),
            };
            if let Some(shown) = shown {
                return Ok(Visit::Disputed(Dispute::ProofRefused(shown)));
            }
            let size = size.filter(|size| !named && *size != old && *size <= self.newest.size);
            if let Some(size) = size {
                (old, named) = (size, true);
            } else {
                old = self.settle(&mut line).await?;
                shown = Some(old);
            }
        }
    }

    async fn ask(&self, line: &mut Line<'_>, old_size: u64) -> Result<Answered, Stop> {
        let (_, proof) = self.growth(old_size).await?;
        let request = WitnessRequest {
            old_size,
            proof,
            note: self.note.to_owned(),
        };
        Ok(line.post("add-checkpoint", request.body()).await?)
    }

    fn cosigned(&self, answered: &Answered, from: u64) -> Visit {
        match add_cosignature(self.note, &answered.body, self.key) {
            Ok((note, _)) => Visit::Cosigned { note, from },
            Err(error) => Visit::Disputed(Dispute::Cosignature(error)),
        }
    }

    /// Asks for the checkpoint that the witness holds, and returns its size if our log continues
    /// it. Everything else ends the visit.
    async fn settle(&self, line: &mut Line<'_>) -> Result<u64, Stop> {
        let own = self.recorder.log_key();
        let origin = Sha256::of(&[own.name().as_bytes()]);
        let path = format!("{origin}/checkpoint");
        let answered = line.get(&path).await?;
        let ended = |visit| Err(Stop::Ended(visit));
        if answered.status != StatusCode::OK {
            let silent = Dispute::Silent(answered.status.as_u16());
            return ended(Visit::Disputed(silent));
        }
        let held = match Checkpoint::open(&answered.body, own) {
            Ok(held) => held,
            Err(error) => return ended(Visit::Disputed(Dispute::Unshown(error))),
        };
        let (size, note) = (held.size, answered.body);
        if size > self.newest.size {
            return ended(Visit::RolledBack(Held { size, note }));
        }
        let (root, _) = self.growth(size).await?;
        if root != held.root {
            return ended(Visit::Forked(Held { size, note }));
        }
        Ok(size)
    }

    /// The root of our first `size` entries, and the proof that our checkpoint continues them.
    async fn growth(&self, size: u64) -> Result<(Sha256, Vec<Sha256>), Stop> {
        let (recorder, newest) = (self.recorder.clone(), self.newest.clone());
        let growth = tokio::task::spawn_blocking(move || recorder.growth(size, &newest));
        match growth.await {
            Ok(Ok(growth)) => Ok(growth),
            Ok(Err(error)) => Err(Stop::Failed(format!("no proof: {error}"))),
            Err(error) => Err(Stop::Failed(format!("no proof: {error}"))),
        }
    }
}

/// Whether the witness may answer otherwise a little later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

/// The size that a conflict names, if it does so in the standard's form.
fn size(answered: &Answered) -> Option<u64> {
    let text = answered.body.strip_suffix('\n')?;
    let number: u64 = text.parse().ok()?;
    (answered.kind == SIZE_TYPE && text == number.to_string()).then_some(number)
}
