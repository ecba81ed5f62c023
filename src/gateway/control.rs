//! Commands of people: changes and questions by way of a Unix socket in the data folder, one
//! JSON object a line and one in answer. The command line uses it when a gateway runs, and
//! calls [`perform`] on the folder itself when none does.

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
use super::recorder::Change;
use super::recorder::PatientIdentity;
use super::recorder::RecordError;
use super::recorder::Recorder;
use crate::contract::Consent;
use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::time::Day;
use crate::time::UtcMicros;

/// Bytes in the longest command and answer.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Where the socket lies in the data folder.
const SOCKET_NAME: &str = "control.sock";

/// What a patient grants or denies, in the words of a patient desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentTerms {
    /// Whose images.
    pub patient: PatientName,
    /// Granted or denied.
    pub effect: Effect,
    /// Institutions; empty stands for any other institution.
    pub to: Vec<InstitutionSlug>,
    /// For what.
    pub purposes: Vec<Purpose>,
    /// Only these modalities; empty stands for all.
    pub modalities: Vec<String>,
    /// Only this study.
    pub study: Option<String>,
    /// Only studies of this day or later.
    pub study_from: Option<Day>,
    /// Only studies of this day or earlier.
    pub study_until: Option<Day>,
    /// From when; now, if absent.
    pub valid_from: Option<UtcMicros>,
    /// Until when.
    pub valid_until: Option<UtcMicros>,
    /// Who records it.
    pub by: String,
}

/// A patient as the desk names one. Its `Debug` shows nothing.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientName {
    /// Patient ID (0010,0020).
    pub id: String,
    /// Issuer of Patient ID (0010,0021), empty for none.
    #[serde(default)]
    pub issuer: String,
}

impl std::fmt::Debug for PatientName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientName(..)")
    }
}

impl PatientName {
    pub(super) fn identity(&self) -> PatientIdentity {
        PatientIdentity {
            issuer: self.issuer.trim().as_bytes().to_vec(),
            id: self.id.trim().as_bytes().to_vec(),
        }
    }
}

/// A command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Record a consent or a denial.
    ConsentGrant {
        /// Its terms.
        terms: Box<ConsentTerms>,
    },
    /// End a consent.
    ConsentRevoke {
        /// Which.
        consent: ConsentId,
        /// Who records it.
        by: String,
    },
    /// List the consents that stand, of one patient or of all.
    ConsentList {
        /// Only this patient's.
        patient: Option<PatientName>,
    },
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
    /// Consents.
    Consents {
        /// In the order in which they were recorded.
        consents: Vec<ListedConsent>,
    },
    /// Not done.
    Refused {
        /// Why.
        reason: String,
    },
}

/// A consent that stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListedConsent {
    /// Its number.
    pub consent: ConsentId,
    /// Its terms; the patient is a pseudonym.
    pub terms: Consent,
}

/// Where the socket of the gateway on `data_dir` is.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET_NAME)
}

/// Performs one command through `recorder`.
pub async fn perform(recorder: &Recorder, command: Command) -> Answer {
    let result = match command {
        Command::ConsentGrant { terms } => {
            let change = Change::ConsentGranted(terms);
            recorder
                .change(change)
                .await
                .map(|entry| Answer::Recorded { entry })
        }
        Command::ConsentRevoke { consent, by } => {
            let change = Change::ConsentRevoked { consent, by };
            recorder
                .change(change)
                .await
                .map(|entry| Answer::Recorded { entry })
        }
        Command::ConsentList { patient } => list(recorder, patient).await,
    };
    result.unwrap_or_else(|error| Answer::Refused {
        reason: error.to_string(),
    })
}

async fn list(recorder: &Recorder, patient: Option<PatientName>) -> Result<Answer, RecordError> {
    let only = match patient {
        None => None,
        Some(patient) => match recorder.known_pseudonym(patient.identity()).await? {
            Some(pseudonym) => Some(pseudonym),
            None => {
                return Ok(Answer::Consents {
                    consents: Vec::new(),
                });
            }
        },
    };
    let view = move |state: &crate::contract::State| {
        state
            .consents()
            .filter(|(_, terms)| only.is_none_or(|only| terms.patient == only))
            .map(|(consent, terms)| ListedConsent {
                consent,
                terms: terms.clone(),
            })
            .collect()
    };
    let consents = recorder.view(view).await?;
    Ok(Answer::Consents { consents })
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
                    let recorder = gateway.recorder.clone();
                    tokio::spawn(async move {
                        if let Err(error) = converse(&recorder, stream).await {
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

async fn converse(recorder: &Recorder, stream: UnixStream) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader.take(LINE_BYTES_MAX)).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match serde_json::from_str(&line) {
            Ok(command) => perform(recorder, command).await,
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
