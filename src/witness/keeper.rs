//! What this gateway holds of the logs that it witnesses, and its answers. One answer at a time for
//! each log; what is held is durable before the answer is known to anybody.

use std::collections::BTreeMap;
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
use crate::storage::read_proof;

/// A log that we witness.
struct Log {
    institution: InstitutionSlug,
    key: LogKey,
    held: Mutex<Held>,
}

/// What we hold of a log.
struct Held {
    /// `None`: the disk failed under it, and what it holds is uncertain until the next start.
    witnessed: Option<Witnessed>,
    /// The ledger has a proof against the log, or is about to.
    convicted: bool,
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

/// A log has convicted itself, the proof is on disk, and the ledger does not have it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conviction {
    /// Whose log.
    pub(super) institution: InstitutionSlug,
    /// The log's key.
    pub(super) key: LogKey,
    /// The two notes.
    pub(super) proof: Equivocation,
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
                held: Mutex::new(Held {
                    witnessed: Some(store.read(key.clone())?),
                    convicted: !store.proofs(key)?.is_empty(),
                }),
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
        let Some(witnessed) = &held.witnessed else {
            return (Reply::Broken, None);
        };
        let (answer, proof) = witnessed.answer(&request);
        let conviction = proof.and_then(|proof| self.convict(log, &mut held, proof));
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
        let Some(witnessed) = &held.witnessed else {
            return Reply::Broken;
        };
        match (witnessed.newest(), witnessed.newest_text()) {
            (Some(note), Some(text)) => {
                Reply::Signed(format!("{note}{}", self.signer.cosign(text, self.now_s())))
            }
            _ => Reply::Unknown,
        }
    }

    /// Convictions that were not in the ledger yet when the gateway ended.
    pub(super) fn unrecorded(&self) -> Result<Vec<Conviction>, WitnessedError> {
        let mut convictions = Vec::new();
        for log in self.logs.values() {
            let proofs = self.store.proofs(&log.key)?;
            let Some(first) = proofs.first() else {
                continue;
            };
            if self.store.conviction(&log.key)?.is_some() {
                continue;
            }
            let (key, proof) = read_proof(first)?;
            convictions.push(Conviction {
                institution: log.institution.clone(),
                key,
                proof,
            });
        }
        Ok(convictions)
    }

    /// Notes that entry `entry` of the ledger records a conviction.
    pub(super) fn recorded(&self, key: &LogKey, entry: u64) {
        if let Err(error) = self.store.convicted(key, entry) {
            // The next start looks for it in the ledger.
            tracing::error!(%error, "cannot note that a proof is in the ledger");
        }
    }

    fn keep(&self, held: &mut Held, witnessed: Witnessed, grown: bool) -> Result<(), ()> {
        if !grown {
            return Ok(());
        }
        match self.store.write(&witnessed) {
            Ok(()) => {
                held.witnessed = Some(witnessed);
                Ok(())
            }
            Err(error) => {
                let origin = witnessed.key().name();
                tracing::error!(%error, origin, "nothing is cosigned: it cannot be kept");
                if !error.is_no_space() {
                    held.witnessed = None;
                }
                Err(())
            }
        }
    }

    /// Keeps a proof. The first one against a log goes into the ledger, too: it convicts, and the
    /// others say the same.
    fn convict(&self, log: &Log, held: &mut Held, proof: Equivocation) -> Option<Conviction> {
        let (origin, size) = (log.key.name(), proof.size);
        match self.store.keep_proof(&log.key, &proof) {
            Ok(Some(path)) => {
                let path = path.display();
                tracing::error!(origin, size, %path, "a log signed two roots for one size");
            }
            Ok(None) => return None,
            Err(error) => {
                tracing::error!(%error, origin, size, "the proof against a log cannot be kept");
                return None;
            }
        }
        let first = !std::mem::replace(&mut held.convicted, true);
        first.then(|| Conviction {
            institution: log.institution.clone(),
            key: log.key.clone(),
            proof,
        })
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.clock.now().0 / 1_000_000).unwrap_or(0)
    }
}
