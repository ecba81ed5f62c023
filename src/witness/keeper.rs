//! What this gateway holds of the logs that it witnesses, and its answers. One answer at a time for
//! each log; what is held is durable before the answer is known to anybody.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use crate::clock::Clock;
use crate::config::Config;
use crate::contract::InstitutionSlug;
use crate::digest::Sha256;
use crate::gateway::Recorder;
use crate::ledger::Answer;
use crate::ledger::Equivocation;
use crate::ledger::LogKey;
use crate::ledger::WitnessRequest;
use crate::ledger::WitnessSigner;
use crate::ledger::Witnessed;
use crate::storage::WitnessedError;
use crate::storage::WitnessedLogs;

/// A log that we witness.
struct Log {
    institution: InstitutionSlug,
    key: LogKey,
    /// `None`: the disk failed under it, and what it holds is uncertain until the next start.
    held: Mutex<Option<Witnessed>>,
}

/// See the module.
pub(super) struct Keeper {
    /// By origin.
    logs: BTreeMap<String, Log>,
    store: WitnessedLogs,
    signer: Arc<WitnessSigner>,
    clock: Clock,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// 200, with signature lines or a note.
    Signed(String),
    /// 400.
    BadRequest(String),
    /// 403.
    NotSigned,
    /// 404.
    Unknown,
    /// 409, with the size that was cosigned last.
    Conflict(u64),
    /// 409, without a size.
    OtherRoot,
    /// 422.
    BadProof,
    /// 500.
    Broken,
}

/// A log has convicted itself, and the proof is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conviction {
    /// Whose log.
    pub(super) institution: InstitutionSlug,
    /// The two notes.
    pub(super) proof: Equivocation,
    /// Where they lie.
    pub(super) path: PathBuf,
}

impl Keeper {
    /// Takes up what was held of the configured logs.
    pub(super) fn open(
        config: &Config,
        clock: Clock,
        recorder: &Recorder,
    ) -> Result<Self, WitnessedError> {
        let store = WitnessedLogs::open(&config.gateway.data_dir)?;
        let mut logs = BTreeMap::new();
        for peer in &config.witness.peers {
            let Some(key) = &peer.log_key else { continue };
            let log = Log {
                institution: peer.institution.clone(),
                key: key.clone(),
                held: Mutex::new(Some(store.read(key.clone())?)),
            };
            logs.insert(key.name().to_owned(), log);
        }
        Ok(Self {
            logs,
            store,
            signer: recorder.witness(),
            clock,
        })
    }

    /// Answers `add-checkpoint`; blocks on the disk.
    pub(super) fn add_checkpoint(&self, body: &[u8]) -> (Reply, Option<Conviction>) {
        let request = match WitnessRequest::parse(body) {
            Ok(request) => request,
            Err(error) => return (Reply::BadRequest(error.to_string()), None),
        };
        let Some(log) = self.logs.get(request.origin()) else {
            return (Reply::Unknown, None);
        };
        // Whoever panicked with the lock in hand left what is held as it was.
        let mut held = log.held.lock().unwrap_or_else(|broken| broken.into_inner());
        let Some(witnessed) = held.as_ref() else {
            return (Reply::Broken, None);
        };
        let (answer, proof) = witnessed.answer(&request);
        let conviction = proof.and_then(|proof| self.convict(log, proof));
        let reply = match answer {
            Answer::Cosign {
                text,
                witnessed,
                grown,
            } => match self.keep(&mut held, *witnessed, grown) {
                Ok(()) => Reply::Signed(self.signer.cosign(&text, self.now_s())),
                Err(()) => Reply::Broken,
            },
            Answer::BadRequest(why) => Reply::BadRequest(why.to_owned()),
            Answer::NotSigned => Reply::NotSigned,
            Answer::Conflict(size) => Reply::Conflict(size),
            Answer::OtherRoot => Reply::OtherRoot,
            Answer::BadProof => Reply::BadProof,
        };
        (reply, conviction)
    }

    /// The newest checkpoint that we hold of the log whose origin has this digest, with our
    /// cosignature of now.
    pub(super) fn checkpoint(&self, origin: &str) -> Reply {
        let is_asked = |name: &str| Sha256::of(&[name.as_bytes()]).to_string() == origin;
        let Some((_, log)) = self.logs.iter().find(|(name, _)| is_asked(name)) else {
            return Reply::Unknown;
        };
        let held = log.held.lock().unwrap_or_else(|broken| broken.into_inner());
        let Some(witnessed) = held.as_ref() else {
            return Reply::Broken;
        };
        match (witnessed.newest(), witnessed.newest_text()) {
            (Some(note), Some(text)) => {
                Reply::Signed(format!("{note}{}", self.signer.cosign(text, self.now_s())))
            }
            _ => Reply::Unknown,
        }
    }

    /// Convictions that were not recorded in the ledger before the last end.
    pub(super) fn unrecorded(&self) -> Result<Vec<Conviction>, WitnessedError> {
        let mut convictions = Vec::new();
        for log in self.logs.values() {
            for (path, proof) in self.store.unrecorded(&log.key)? {
                convictions.push(Conviction {
                    institution: log.institution.clone(),
                    proof,
                    path,
                });
            }
        }
        Ok(convictions)
    }

    /// Notes that a conviction is recorded.
    pub(super) fn recorded(&self, conviction: &Conviction, entry: u64) {
        if let Err(error) = self.store.recorded(&conviction.path, entry) {
            // It will be recorded once more.
            tracing::error!(%error, "cannot note that a proof is in the ledger");
        }
    }

    fn keep(
        &self,
        held: &mut Option<Witnessed>,
        witnessed: Witnessed,
        grown: bool,
    ) -> Result<(), ()> {
        if !grown {
            return Ok(());
        }
        match self.store.write(&witnessed) {
            Ok(()) => {
                *held = Some(witnessed);
                Ok(())
            }
            Err(error) => {
                let origin = witnessed.key().name();
                tracing::error!(%error, origin, "nothing is cosigned: it cannot be kept");
                if !error.is_no_space() {
                    *held = None;
                }
                Err(())
            }
        }
    }

    fn convict(&self, log: &Log, proof: Equivocation) -> Option<Conviction> {
        let (origin, size) = (log.key.name(), proof.size);
        tracing::error!(origin, size, "the log signed two roots for one size");
        match self.store.keep_proof(&log.key, &proof) {
            Ok(Some(path)) => Some(Conviction {
                institution: log.institution.clone(),
                proof,
                path,
            }),
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, origin, "the proof against a log cannot be kept");
                None
            }
        }
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.clock.now().0 / 1_000_000).unwrap_or(0)
    }
}
