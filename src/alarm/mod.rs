//! Alerts of the ledger, brought to people: by webhook, and by e-mail. And what is an alert only when somebody looks:
//! denials that come in bursts, disks that fill.
//!
//! | file | what |
//! |---|---|
//! | `alert`, `quiet` *pure* | what an alert is about; what is told of it, and what is only counted |
//! | `standing` *pure* | which alerts stand now, for whoever shows them |
//! | `bursts`, `watch` | denials in bursts: the count *(pure)*, and the task that follows the ledger |
//! | `disks` | free bytes: the rule *(pure)*, and the task that looks |
//! | `telling` | a task for each who is told, with a place in the ledger in place of a queue |
//! | `webhook`, `signing`, `mail` | the ways |

mod alert;
mod bursts;
mod disks;
mod mail;
mod quiet;
mod signing;
mod standing;
mod telling;
mod watch;
mod webhook;

use std::io;
use std::sync::Arc;

use tokio::task::JoinSet;

pub use self::alert::Alert;
pub use self::mail::NotMailed;
pub use self::signing::NotASecret;
pub use self::standing::Standing;
pub use self::standing::Stands;
pub use self::webhook::NotPosted;

use self::bursts::Bursts;
use self::bursts::Limits;
use self::disks::Disks;
use self::mail::Sender;
use self::quiet::Notice;
use self::quiet::State;
use self::telling::Telling;
use self::telling::Wanted;
use self::telling::Way;
use self::watch::Watch;
use self::webhook::Poster;
use crate::audit;
use crate::audit::Site;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::PeerName;
use crate::contract::InstitutionSlug;
use crate::gateway::Recorder;
use crate::storage::Cursor;
use crate::storage::FollowError;
use crate::storage::Following;
use crate::storage::ReadError;
use crate::transport::Security;

/// The folder of the data folder where it is kept who was told what.
const FOLDER: &str = "alarm";

/// Why alerts are not brought.
#[derive(Debug, thiserror::Error)]
pub enum AlarmError {
    /// There is no room for how far somebody was told.
    #[error("alerts: {0}")]
    Cursor(#[from] io::Error),
    /// There is no alert of that code.
    #[error("webhook {webhook}: there is no alert {code}")]
    Code {
        /// Whose row says so.
        webhook: PeerName,
        /// What it says.
        code: String,
    },
    /// What is posted cannot be signed.
    #[error("webhook {webhook}: {source}")]
    Webhook {
        /// Which.
        webhook: PeerName,
        /// What is wrong.
        source: NotPosted,
    },
    /// No mail server can be asked.
    #[error("[mail]: {0}")]
    Mail(#[from] NotMailed),
}

/// What is needed of the gateway that runs.
#[derive(Clone, Debug)]
pub struct Means {
    /// Whose ledger it is.
    pub site: Site,
    /// The ledger, and where alerts go.
    pub recorder: Recorder,
    /// How connections are encrypted.
    pub security: Option<Arc<Security>>,
    /// What time it is.
    pub clock: Clock,
}

/// Whose alerts they are, as those who are told should know it.
#[derive(Clone, Debug)]
struct About {
    institution: InstitutionSlug,
    /// As people call it.
    name: String,
    /// The machine.
    host: String,
}

impl About {
    /// What a notice is called, for ever, by all who are told; no dot in it.
    fn id(&self, notice: &Notice) -> String {
        let (institution, (first, last)) = (&self.institution, notice.entries);
        match notice.state {
            State::Raised | State::Ended => format!("{institution}-{last}"),
            State::Repeated => format!("{institution}-{first}-{last}"),
        }
    }
}

/// All who are told, while they are told.
#[derive(Debug)]
pub struct Alarm {
    stop: tokio::sync::watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Alarm {
    /// Tells no more. To be called before the ledger is closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Begins to look for bursts and at the disks, and to tell whom `config` says.
///
/// # Errors
/// When how far somebody was told cannot be kept, or a row cannot be what it says.
pub fn start(config: &Config, means: &Means) -> Result<Alarm, AlarmError> {
    let data_dir = &config.gateway.data_dir;
    let following = Following::new(data_dir.clone(), means.recorder.journal());
    let tellings = tellings(config, means, &following)?;
    let micros = |time: std::time::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let watch = Watch {
        following,
        bursts: Bursts::new(Limits {
            denials: config.alarm.denials.into(),
            within_us: micros(config.alarm.denials_within),
            quiet_us: micros(config.alarm.quiet),
        }),
        interval: config.alarm.interval,
        recorder: means.recorder.clone(),
    };
    let disks = Disks {
        folders: [
            ("the data folder", data_dir.clone()),
            ("the spool", config.spool.dir.clone()),
        ],
        free_bytes_min: config.alarm.free_bytes_min,
        interval: config.alarm.interval,
        cursor: Cursor::open(data_dir, FOLDER, "disks")?,
        recorder: means.recorder.clone(),
    };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run(stopped.clone()));
    tasks.spawn(disks.run(stopped.clone()));
    for telling in tellings {
        tasks.spawn(telling.run(stopped.clone()));
    }
    Ok(Alarm { stop, tasks })
}

fn tellings(
    config: &Config,
    means: &Means,
    following: &Following,
) -> Result<Vec<Telling>, AlarmError> {
    let institution = &config.gateway.institution;
    let about = Arc::new(About {
        institution: institution.clone(),
        name: means.site.name(institution).to_owned(),
        host: means.site.host.clone(),
    });
    let telling = |name: String, file: &str, way, wanted| {
        Ok::<_, AlarmError>(Telling {
            name,
            way,
            wanted,
            config: config.alarm.clone(),
            following: following.clone(),
            cursor: Cursor::open(&config.gateway.data_dir, FOLDER, file)?,
            recorder: means.recorder.clone(),
            clock: means.clock,
        })
    };
    let mut tellings = Vec::new();
    for webhook in &config.alarm.webhooks {
        let name = &webhook.name;
        let mut codes = webhook.codes.iter();
        if let Some(code) = codes.find(|code| !audit::is_alert(code.as_str())) {
            return Err(AlarmError::Code {
                webhook: name.clone(),
                code: code.as_str().to_owned(),
            });
        }
        let poster = Poster {
            webhook: Arc::clone(webhook),
            about: Arc::clone(&about),
            security: means.security.clone(),
            answer: config.alarm.answer,
            clock: means.clock,
        };
        webhook::key(&webhook.secret_file).map_err(|source| AlarmError::Webhook {
            webhook: name.clone(),
            source,
        })?;
        let wanted = Wanted {
            min_severity: webhook.min_severity.into(),
            codes: webhook.codes.clone(),
        };
        let file = format!("webhook-{name}");
        let way = Way::Webhook(poster);
        tellings.push(telling(format!("webhook {name}"), &file, way, wanted)?);
    }
    if let Some(mail) = &config.alarm.mail {
        let sender = Sender {
            mail: Arc::clone(mail),
            about,
            answer: config.alarm.answer,
        };
        sender.check()?;
        let wanted = Wanted {
            min_severity: mail.min_severity.into(),
            codes: Vec::new(),
        };
        let name = format!("mail server {}", mail.smtp);
        tellings.push(telling(name, "mail", Way::Mail(sender), wanted)?);
    }
    Ok(tellings)
}

/// The alert that a verification of the ledger found something wrong: its code, and what it says.
pub fn of_verification(problem: &str) -> (&'static str, String) {
    let text = format!("ledger: it is not as it was written: {problem}");
    ("ledger-damaged", text)
}

/// The alert that it is whole after it was not.
pub fn of_wholeness(entries: u64) -> (&'static str, String) {
    let text = format!("ledger: it is whole again: {entries} entries verified");
    ("ledger-whole", text)
}

/// The alert that the ledger is damaged, if that is why it cannot be read.
fn damage(error: &FollowError) -> Option<(&'static str, String)> {
    match error {
        FollowError::Read(ReadError::Damaged(damage)) => {
            let text = format!("ledger: it is damaged: {damage}; run credence ledger verify");
            Some(("ledger-damaged", text))
        }
        FollowError::Read(ReadError::Io { .. })
        | FollowError::Size(_)
        | FollowError::Short(_)
        | FollowError::Unwritable(_) => None,
    }
}
