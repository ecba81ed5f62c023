//! Commands of people: changes and questions by way of a Unix socket in the data folder, one JSON
//! object a line and one in answer. The command line uses it when a gateway runs, and works on the
//! folder itself when none does.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::Gateway;
use crate::contract::Disclosures;
use crate::contract::Explanation;
use crate::contract::Pseudonym;
use crate::contract::Signature;
use crate::digest::Sha256;
use crate::time::UtcMicros;

mod change;
mod listed;
mod perform;
mod question;
mod queues;
mod signing;

pub use change::Change;
pub use change::ConsentTerms;
pub use change::PatientName;
pub use listed::ListedAssociation;
pub use listed::ListedCharge;
pub use listed::ListedConsent;
pub use listed::ListedEpoch;
pub use listed::ListedHold;
pub use listed::ListedProposal;
pub use listed::ListedReport;
pub use listed::ListedReview;
pub use listed::ListedScore;
pub use listed::ListedSuspension;
pub(super) use perform::Office;
pub use question::Question;
pub use queues::ListedAmount;
pub use queues::ListedObject;
pub use queues::ListedQueue;
pub use queues::ListedStudy;
pub use queues::QueueChange;
pub use queues::QueuePlace;
pub use queues::QueueState;
pub use queues::Selection;

/// Bytes in the longest command and answer.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Where the socket lies in the data folder.
const SOCKET_NAME: &str = "control.sock";

/// A command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Record what a person changes.
    Change {
        /// What.
        change: Change,
        /// Who.
        by: String,
    },
    /// List the consents that stand, of one patient or of all.
    Consents {
        /// Only this patient's.
        patient: Option<PatientName>,
    },
    /// List the reviews that wait.
    Reviews,
    /// List the reported incidents that wait for an arbiter, and the charges that can be reversed.
    Incidents,
    /// List the policies in force and proposed.
    Policies,
    /// List the scores of institutions.
    Scores,
    /// List the holds that stand.
    Holds,
    /// List the epochs that hold details.
    Epochs,
    /// List the queues of the spool.
    Queues,
    /// List what lies in a queue.
    Queue {
        /// The name of the destination's peer.
        queue: String,
        /// One by one, not by study.
        one_by_one: bool,
    },
    /// List the associations that peers hold with the gateway at this moment.
    Associations,
    /// Change what waits in a queue.
    QueueChange {
        /// What.
        change: QueueChange,
        /// Who.
        by: String,
    },
    /// List what left for other institutions about a patient.
    Disclosures {
        /// Whom.
        patient: PatientName,
        /// From this moment on.
        #[serde(default)]
        since: Option<UtcMicros>,
        /// Also what is left out for a while because an agency said so.
        #[serde(default)]
        with_suspended: bool,
    },
    /// List the suspensions that last.
    Suspensions,
    /// The names by which the ledger knows a person and a study. Nothing is recorded.
    Names {
        /// Whom.
        patient: Option<PatientName>,
        /// Study Instance UID.
        study: Option<String>,
    },
    /// Sign a checkpoint of all that is recorded.
    Checkpoint,
    /// Record that a person is given an audit, and sign its manifest.
    SignAudit {
        /// The manifest's text.
        manifest: String,
        /// Who.
        by: String,
    },
    /// What the contract would answer, and why. Nothing is recorded.
    Decide {
        /// The question.
        question: Box<Question>,
    },
}

impl Command {
    /// It needs the spool.
    pub(super) const fn is_about_queues(&self) -> bool {
        matches!(
            self,
            Self::Queues | Self::Queue { .. } | Self::QueueChange { .. }
        )
    }

    /// It is recorded.
    pub const fn is_a_change(&self) -> bool {
        matches!(
            self,
            Self::Change { .. } | Self::QueueChange { .. } | Self::SignAudit { .. }
        )
    }
}

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Recorded, durable.
    Recorded {
        /// Number of the ledger entry; of a consent, this is also its name.
        entry: u64,
    },
    /// The ledger's names.
    Names {
        /// Every pseudonym of the person; none when the gateway has not met them.
        patients: BTreeSet<Pseudonym>,
        /// Keyed digest of the study.
        study: Option<Sha256>,
    },
    /// What is signed for.
    CheckpointSigned {
        /// The newest checkpoint (a signed note); `None` when none was signed since the start.
        note: Option<String>,
    },
    /// A manifest is recorded and signed.
    AuditSigned {
        /// Number of the ledger entry.
        entry: u64,
        /// The key that signed (vkey text).
        key: String,
        /// The Ed25519 signature over the manifest's bytes.
        signature: Signature,
    },
    /// Consents.
    Consents {
        /// In the order in which they were recorded.
        consents: Vec<ListedConsent>,
    },
    /// Reviews, by the number of the decision.
    Reviews {
        /// The next to be due first.
        reviews: Vec<ListedReview>,
    },
    /// What waits for an arbiter, and what can be reversed.
    Incidents {
        /// Reports, by number.
        reports: Vec<ListedReport>,
        /// Charges, by number.
        charges: Vec<ListedCharge>,
    },
    /// Policies.
    Policies {
        /// Those in force.
        in_force: Option<Sha256>,
        /// Those proposed.
        proposals: Vec<ListedProposal>,
    },
    /// Scores of today, by institution.
    Scores {
        /// One for each institution of which there is evidence.
        scores: Vec<ListedScore>,
        /// The score of every other institution.
        without_evidence: u16,
    },
    /// Holds, by number.
    Holds {
        /// Those that stand.
        holds: Vec<ListedHold>,
    },
    /// Epochs, the oldest first.
    Epochs {
        /// Those whose details can still be opened.
        epochs: Vec<ListedEpoch>,
    },
    /// Queues, by name.
    Queues {
        /// Every one that is served, or in which something lies.
        queues: Vec<ListedQueue>,
    },
    /// What lies in a queue.
    Queue {
        /// By place and study.
        studies: Vec<ListedStudy>,
        /// One by one, in the order of reception.
        objects: Vec<ListedObject>,
        /// How many more rows there are.
        more: u64,
    },
    /// Associations that stand.
    Associations {
        /// The oldest first; none where no gateway runs.
        associations: Vec<ListedAssociation>,
    },
    /// A queue was changed, durably.
    QueueChanged {
        /// How many instances.
        objects: u64,
        /// The ledger entries that record it.
        entries: Vec<u64>,
    },
    /// Suspensions, by number.
    Suspensions {
        /// Those that last.
        suspensions: Vec<ListedSuspension>,
    },
    /// What left for other institutions.
    Disclosures {
        /// All of it.
        disclosures: Disclosures,
    },
    /// What the contract would answer.
    Explained {
        /// All of it.
        explanation: Box<Explanation>,
    },
    /// Not done.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Where the socket of the gateway on `data_dir` is.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET_NAME)
}

/// Opens the socket, readable and writable by its owner alone.
pub(super) fn listen(gateway: &Arc<Gateway>) -> io::Result<JoinHandle<()>> {
    let path = socket_path(&gateway.config.gateway.data_dir);
    // The folder is locked by us: a socket that lies there was left by a gateway that is gone.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let folder = Reachable::open(&gateway.config.gateway.data_dir)?;
    let listener = UnixListener::bind(folder.socket())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let gateway = Arc::clone(gateway);
    Ok(tokio::spawn(async move {
        let mut draining = gateway.draining.subscribe();
        loop {
            tokio::select! {
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    let office = Office::of(&gateway);
                    tokio::spawn(async move {
                        if let Err(error) = converse(&office, stream).await {
                            tracing::debug!(%error, "control connection ended");
                        }
                    });
                },
                () = super::drain_begins(&mut draining) => break,
            }
        }
        let _ = std::fs::remove_file(path);
    }))
}

async fn converse(office: &Office, stream: UnixStream) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader.take(LINE_BYTES_MAX)).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match serde_json::from_str(&line) {
            Ok(command) => office.perform(command).await,
            Err(error) => Answer::Refused {
                reason: format!("not a command: {error}"),
            },
        };
        let mut text = serde_json::to_string(&answer)?;
        text.push('\n');
        writer.write_all(text.as_bytes()).await?;
    }
    Ok(())
}

async fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    let folder = Reachable::open(data_dir)?;
    UnixStream::connect(folder.socket()).await
}

/// A data folder whose socket can be named in the 107 bytes that a socket's address has, however
/// long the folder's own path is.
struct Reachable(File);

impl Reachable {
    fn open(data_dir: &Path) -> io::Result<Self> {
        File::open(data_dir).map(Self)
    }

    fn socket(&self) -> PathBuf {
        Path::new("/proc/self/fd")
            .join(self.0.as_raw_fd().to_string())
            .join(SOCKET_NAME)
    }
}

/// Sends one command to the gateway that runs on `data_dir`; `None` when none does.
///
/// # Errors
/// When the socket is there but does not answer.
pub async fn send(data_dir: &Path, command: &Command) -> io::Result<Option<Answer>> {
    let stream = match connect(data_dir).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let (reader, mut writer) = stream.into_split();
    let mut text = serde_json::to_string(command)?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await?;
    let mut answer = String::new();
    BufReader::new(reader.take(LINE_BYTES_MAX))
        .read_line(&mut answer)
        .await?;
    Ok(Some(serde_json::from_str(&answer)?))
}
