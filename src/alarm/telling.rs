//! Tells one who is to know of alerts, for ever: a place in the ledger stands for all that is still to be told, so that
//! an outage of any length costs no memory, and a restart loses nothing.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::Serialize;
use tokio::sync::watch;

use super::alert::Alert;
use super::damage;
use super::mail::NotMailed;
use super::mail::Sender;
use super::quiet::Notice;
use super::quiet::Quiet;
use super::webhook::NotPosted;
use super::webhook::Poster;
use crate::audit;
use crate::audit::Severity;
use crate::clock::Clock;
use crate::config::Alarm;
use crate::config::AlertCode;
use crate::config::MinSeverity;
use crate::gateway::Recorder;
use crate::storage::Cursor;
use crate::storage::FollowError;
use crate::storage::Following;
use crate::storage::Stored;
use crate::storage::Told;
use crate::time::UtcMicros;
use crate::web::Backoff;
use crate::web::Outage;

/// Entries that are read at a time, and after which the place is written down although nothing was told.
const ENTRIES_MAX: usize = 10_000;

/// Why somebody is not told.
#[derive(Debug, thiserror::Error)]
enum TellError {
    #[error("the ledger cannot be read: {0}")]
    Follow(#[from] FollowError),
    #[error("how far it was told is not known: {0}")]
    Cursor(#[from] std::io::Error),
    #[error("{0}")]
    NotPosted(#[from] NotPosted),
    #[error("{0}")]
    NotMailed(#[from] NotMailed),
    #[error("the task that reads the ledger ended")]
    Ended,
}

/// Who is told, and by which way.
pub(super) enum Way {
    Webhook(Poster),
    Mail(Sender),
}

/// Which alerts they are told.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) min_severity: Severity,
    /// Only of these; empty: of all.
    pub(super) codes: Vec<AlertCode>,
}

impl Wanted {
    /// An end is told to those who are told its beginning.
    fn has(&self, code: &str) -> bool {
        let code = audit::ended_by(code).unwrap_or(code);
        let is_named = || self.codes.iter().any(|named| named.as_str() == code);
        audit::alert_severity(code) >= self.min_severity && (self.codes.is_empty() || is_named())
    }
}

/// See the module.
pub(super) struct Telling {
    /// As people call it.
    pub(super) name: String,
    pub(super) way: Way,
    pub(super) wanted: Wanted,
    pub(super) config: Alarm,
    pub(super) following: Following,
    pub(super) cursor: Cursor,
    pub(super) recorder: Recorder,
    pub(super) clock: Clock,
}

/// How far they were told, and what of that counts for what comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    told: Told,
    quiet: Quiet,
}

/// What is under way.
struct Progress {
    /// As it is when all that waits is told.
    kept: Kept,
    /// Bounded by what is remembered of alerts.
    waiting: VecDeque<Notice>,
    /// Entries since it was written down; `None`: it is to be written down once nothing waits.
    unwritten: Option<usize>,
    more: bool,
}

impl Telling {
    /// Tells until `stopped`. What is under way then is told again at the next start, under the same id.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            () = self.tell_on() => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    async fn tell_on(&self) {
        let backoff = Backoff {
            first: self.config.interval.min(self.config.retry_max),
            max: self.config.retry_max,
        };
        let (mut outage, mut progress) = (Outage::default(), None);
        loop {
            let pause = match self.step(&mut progress).await {
                Ok(more) => {
                    self.recovered(&mut outage).await;
                    match more {
                        true => continue,
                        false => self.config.interval,
                    }
                }
                Err(error) => {
                    self.failed(&mut outage, &error).await;
                    backoff.pause(outage.failures())
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Looks on, and tells what there is to tell; true when there may be more.
    async fn step(&self, progress: &mut Option<Progress>) -> Result<bool, TellError> {
        let mut now = match progress.take() {
            Some(progress) => progress,
            None => self.begin().await?,
        };
        if now.waiting.is_empty() && now.unwritten.is_some() {
            now = self.look(now).await?;
        }
        while let Some(notice) = now.waiting.front() {
            if let Err(error) = self.tell(notice).await {
                *progress = Some(now);
                return Err(error);
            }
            now.waiting.pop_front();
        }
        if now.unwritten.is_none_or(|entries| entries >= ENTRIES_MAX) {
            let (cursor, kept) = (self.cursor.clone(), now.kept.clone());
            let written = blocking(move || Ok(cursor.write(&kept)?)).await;
            now.unwritten = written.is_ok().then_some(0);
            let more = now.more;
            *progress = Some(now);
            return written.map(|()| more);
        }
        let more = now.more;
        *progress = Some(now);
        Ok(more)
    }

    async fn tell(&self, notice: &Notice) -> Result<(), TellError> {
        match &self.way {
            Way::Webhook(poster) => poster.post(notice).await?,
            Way::Mail(sender) => sender.send(notice).await?,
        }
        Ok(())
    }

    /// Where it was left off; at first, what comes from now on.
    async fn begin(&self) -> Result<Progress, TellError> {
        let (following, cursor) = (self.following.clone(), self.cursor.clone());
        blocking(move || {
            let kept = match cursor.read()? {
                Some(kept) => kept,
                None => {
                    let told = following.end(following.size()?)?;
                    let quiet = Quiet::default();
                    let kept = Kept { told, quiet };
                    cursor.write(&kept)?;
                    kept
                }
            };
            Ok(Progress {
                kept,
                waiting: VecDeque::new(),
                unwritten: Some(0),
                more: false,
            })
        })
        .await
    }

    /// Reads on to the next alert that says something new.
    async fn look(&self, progress: Progress) -> Result<Progress, TellError> {
        let (following, wanted) = (self.following.clone(), self.wanted.clone());
        let quiet_us = i64::try_from(self.config.quiet.as_micros()).unwrap_or(i64::MAX);
        let now = self.clock.now();
        let before = progress.kept.clone();
        let looked = blocking(move || look(&following, &wanted, quiet_us, now, progress)).await;
        let Err(TellError::Follow(error)) = &looked else {
            return looked;
        };
        let Some((code, text)) = damage(error) else {
            return looked;
        };
        // What cannot be read must not keep the alert of it from being told.
        tracing::error!(code, "{text}");
        let following = self.following.clone();
        let told = blocking(move || Ok(following.end(following.size()?)?)).await?;
        self.recorder.alert(code, text).await;
        Ok(Progress {
            kept: Kept { told, ..before },
            waiting: VecDeque::new(),
            unwritten: None,
            more: false,
        })
    }

    async fn failed(&self, outage: &mut Outage, error: &TellError) {
        let now_us = self.clock.read().monotonic_us;
        let due = outage.failed(now_us, self.config.behind_alert);
        let (name, failures) = (&self.name, outage.failures());
        tracing::warn!(%name, %error, failures, "alerts are not taken");
        if let Some(seconds) = due {
            let text = format!("{name}: it has taken no alerts for {seconds} s: {error}");
            self.recorder.alert("alarm-behind", text).await;
        }
    }

    async fn recovered(&self, outage: &mut Outage) {
        let (name, before) = (&self.name, outage.recovered());
        if before.was_failing {
            tracing::info!(%name, "alerts are taken again");
        }
        if before.was_told {
            let text = format!("{name}: it takes alerts again");
            self.recorder.alert("alarm-back", text).await;
        }
    }
}

/// Reads on from where it stands, up to an alert that is to be told; blocks on the disk.
fn look(
    following: &Following,
    wanted: &Wanted,
    quiet_us: i64,
    now: UtcMicros,
    mut progress: Progress,
) -> Result<Progress, TellError> {
    let size = following.size()?;
    let told = progress.kept.told;
    if told.next == size {
        let due = progress.kept.quiet.due(now, quiet_us);
        if !due.is_empty() {
            progress.unwritten = None;
            progress.waiting.extend(due);
        }
        progress.more = false;
        return Ok(progress);
    }
    let (quiet, waiting) = (&mut progress.kept.quiet, &mut progress.waiting);
    let (mut entries, mut heard) = (0_usize, false);
    let take = |stored: Stored| {
        entries = entries.saturating_add(1);
        let alert = Alert::of(&stored.entry).filter(|alert| wanted.has(&alert.code));
        if let Some(alert) = alert {
            heard = true;
            waiting.extend(quiet.hear(&alert, quiet_us));
        }
        match waiting.is_empty() && entries < ENTRIES_MAX {
            true => Ok::<_, TellError>(ControlFlow::Continue(())),
            false => Ok(ControlFlow::Break(())),
        }
    };
    let read = match told.next < size {
        true => following.each(told, size, take)?,
        false => None,
    };
    progress.kept.told = match read {
        Some(told) => told,
        None => {
            tracing::warn!(
                "the ledger is another one than was told; alerts are told from its end on"
            );
            heard = true;
            following.end(size)?
        }
    };
    let unwritten = progress.unwritten.unwrap_or(0).saturating_add(entries);
    progress.unwritten = (!heard).then_some(unwritten);
    progress.more = progress.kept.told.next < size;
    Ok(progress)
}

/// Reads or writes the disk beside the tasks that move images.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TellError> + Send + 'static,
) -> Result<T, TellError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(TellError::Ended))
}

impl From<MinSeverity> for Severity {
    fn from(min: MinSeverity) -> Self {
        match min {
            MinSeverity::Success => Self::Success,
            MinSeverity::Minor => Self::Minor,
            MinSeverity::Serious => Self::Serious,
            MinSeverity::Major => Self::Major,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// What a row of a webhook with these keys is told.
    fn wanted(more: &str) -> Wanted {
        let text = format!(
            "gateway = {{ institution = \"own\" }}\n\
             listener = [{{ address = \"127.0.0.1:104\" }}]\n\
             ae = [{{ title = \"CREDENCE\", purpose = \"TREATMENT\" }}]\n\
             institution = [{{ slug = \"own\", name = \"Own\" }}]\n\
             [[webhook]]\nname = \"a\"\nurl = \"http://[::1]:80\"\nsecret_file = \"s\"\n{more}"
        );
        let config = Config::parse(&text, std::path::Path::new("")).unwrap();
        Wanted {
            min_severity: config.alarm.webhooks[0].min_severity.into(),
            codes: config.alarm.webhooks[0].codes.clone(),
        }
    }

    #[test]
    fn who_is_told_that_something_is_is_told_that_it_is_over() {
        for (row, code, expected) in [
            ("", "destination-down", true),
            ("", "destination-back", true),
            ("", "certificate-expires", true),
            ("", "notify", false),
            ("min_severity = \"success\"", "notify", true),
            ("min_severity = \"serious\"", "certificate-expires", false),
            ("min_severity = \"serious\"", "from-tomorrow", true),
            ("min_severity = \"major\"", "destination-back", false),
            ("codes = [\"disk-low\"]", "disk-enough", true),
            ("codes = [\"disk-low\"]", "destination-down", false),
        ] {
            assert_eq!(wanted(row).has(code), expected, "{row} {code}");
        }
    }
}
