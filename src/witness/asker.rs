//! Asks the witnesses: whenever the log has grown, and at most once in an interval, all of them are
//! shown the same checkpoint, so that it carries all their cosignatures.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::alerts::Alerts;
use super::visit::Held;
use super::visit::Visit;
use super::visit::Visitor;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::WebUrl;
use crate::contract::InstitutionSlug;
use crate::gateway::Recorder;
use crate::ledger::Checkpoint;
use crate::ledger::LogKey;
use crate::ledger::WitnessKey;
use crate::ledger::add_cosignature;
use crate::ledger::cosignatures;
use crate::storage::Cosigned;
use crate::storage::WitnessedError;
use crate::transport::Security;
use crate::transport::Whom;
use crate::web::Backoff;
use crate::web::Secured;

/// Longest pause before a witness that fails is asked again.
const BACK_OFF_MAX: Duration = Duration::from_secs(300);

/// A witness of our log.
struct Peer {
    institution: InstitutionSlug,
    url: WebUrl,
    /// How it is met where the URL is HTTPS.
    secured: Option<Secured>,
    key: WitnessKey,
}

/// What we know of a witness.
struct Asked {
    peer: Arc<Peer>,
    /// The size that it cosigned last; 0 when we know of none.
    cosigned: u64,
    /// Visits in a row that brought nothing.
    failures: u32,
    /// When it may be asked again, by the monotonic clock.
    due_us: u64,
}

/// See the module.
pub(super) struct Asker {
    asked: Vec<Asked>,
    store: Cosigned,
    recorder: Recorder,
    clock: Clock,
    alerts: Alerts,
    interval: Duration,
    patience: Duration,
    /// Our newest checkpoint that anybody cosigned, with all cosignatures on it, and its size.
    newest: Option<(u64, String)>,
}

impl Asker {
    /// Takes up what witnesses said before; `None` when nobody is to be asked.
    pub(super) fn open(
        config: &Config,
        clock: Clock,
        recorder: &Recorder,
        security: Option<&Arc<Security>>,
    ) -> Result<Option<Self>, WitnessedError> {
        let peers = config.witness.peers.iter();
        let peers = peers.filter_map(|peer| Peer::of(peer, config, security));
        let peers: Vec<Peer> = peers.collect();
        if peers.is_empty() {
            return Ok(None);
        }
        let store = Cosigned::open(&config.gateway.data_dir)?;
        let mut asked = Vec::new();
        for peer in peers {
            let note = store.read(peer.key.name())?;
            let known = std::slice::from_ref(&peer.key);
            asked.push(Asked {
                cosigned: note.map_or(0, |note| believed(&note, recorder.log_key(), known)),
                peer: Arc::new(peer),
                failures: 0,
                due_us: 0,
            });
        }
        let keys: Vec<WitnessKey> = asked.iter().map(|asked| asked.peer.key.clone()).collect();
        let newest = store.read_newest()?.and_then(|note| {
            let size = believed(&note, recorder.log_key(), &keys);
            (size > 0).then_some((size, note))
        });
        Ok(Some(Self {
            asked,
            store,
            recorder: recorder.clone(),
            clock,
            alerts: Alerts::new(clock, recorder.clone()),
            interval: config.witness.interval,
            patience: config.witness.answer,
            newest,
        }))
    }

    /// Asks until `stopped`.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut checkpoints = self.recorder.checkpoints();
        loop {
            let note = checkpoints.borrow_and_update().clone();
            if let Some(note) = note {
                tokio::select! {
                    () = self.round(&note) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => return,
                }
                tokio::select! {
                    () = tokio::time::sleep(self.interval) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => return,
                }
            }
            let retry = self.until_due();
            tokio::select! {
                changed = checkpoints.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(retry.unwrap_or_default()), if retry.is_some() => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
    }

    /// How long until a witness that failed may be asked again.
    fn until_due(&self) -> Option<Duration> {
        let now_us = self.clock.read().monotonic_us;
        let failed = self.asked.iter().filter(|asked| asked.failures > 0);
        let wait = failed
            .map(|asked| asked.due_us.saturating_sub(now_us))
            .min();
        wait.map(Duration::from_micros)
    }

    /// Shows `note` to all who are due and have not cosigned it.
    async fn round(&mut self, note: &Arc<str>) {
        let newest = match Checkpoint::open(note, self.recorder.log_key()) {
            Ok(newest) => Arc::new(newest),
            Err(error) => {
                tracing::error!(%error, "our own checkpoint is not to be believed");
                return;
            }
        };
        let now_us = self.clock.read().monotonic_us;
        let (mut visits, mut shorter) = (JoinSet::new(), Vec::new());
        for (number, asked) in self.asked.iter().enumerate() {
            if asked.cosigned == newest.size || asked.due_us > now_us {
                continue;
            }
            if asked.cosigned > newest.size {
                // No need to ask: the note that we kept is signed by our own key.
                shorter.push(number);
                continue;
            }
            let (peer, recorder) = (Arc::clone(&asked.peer), self.recorder.clone());
            let (note, newest) = (Arc::clone(note), Arc::clone(&newest));
            let (remembered, patience) = (asked.cosigned, self.patience);
            visits.spawn(async move {
                let visitor = Visitor {
                    recorder: &recorder,
                    url: &peer.url,
                    secured: peer.secured.as_ref(),
                    key: &peer.key,
                    patience,
                    note: &note,
                    newest: &newest,
                };
                (number, visitor.visit(remembered).await)
            });
        }
        for number in shorter {
            if let Some(held) = self.remembered(number) {
                self.heard(number, Visit::RolledBack(held), newest.size)
                    .await;
            }
        }
        let mut cosigned = Vec::new();
        while let Some(visited) = visits.join_next().await {
            let Ok((number, visit)) = visited else {
                continue;
            };
            if let Some(note) = self.heard(number, visit, newest.size).await {
                cosigned.push((number, note));
            }
        }
        if !cosigned.is_empty() {
            self.keep(note, &newest, cosigned).await;
        }
    }

    /// What this witness cosigned last.
    fn remembered(&self, number: usize) -> Option<Held> {
        let asked = self.asked.get(number)?;
        let note = self.store.read(asked.peer.key.name()).ok().flatten()?;
        Some(Held {
            size: asked.cosigned,
            note,
        })
    }

    /// Notes how a visit ended; gives the cosigned note.
    async fn heard(&mut self, number: usize, visit: Visit, size: u64) -> Option<String> {
        let (interval, before) = (self.interval, self.asked.get(number)?.cosigned);
        let cosigned = self.told(number, visit, before, size).await;
        let now_us = self.clock.read().monotonic_us;
        let asked = self.asked.get_mut(number)?;
        if cosigned.is_some() {
            (asked.cosigned, asked.failures, asked.due_us) = (size, 0, 0);
        } else {
            asked.failures = asked.failures.saturating_add(1);
            let backoff = Backoff {
                first: interval,
                max: BACK_OFF_MAX,
            };
            let pause = backoff.pause(asked.failures).as_micros();
            asked.due_us = now_us.saturating_add(u64::try_from(pause).unwrap_or(u64::MAX));
        }
        cosigned
    }

    /// Tells people what they must know of a visit; gives the cosigned note. The witness had
    /// cosigned `before` entries, and our log has `size`.
    async fn told(
        &mut self,
        number: usize,
        visit: Visit,
        before: u64,
        size: u64,
    ) -> Option<String> {
        let peer = Arc::clone(&self.asked.get(number)?.peer);
        let name = peer.key.name();
        let who = format!("witness {name} of {}", peer.institution);
        let (code, text, held) = match visit {
            Visit::Cosigned { note, from } => {
                if from < before {
                    // It would cosign another story just as well.
                    let text = format!(
                        "{who} has forgotten that it cosigned this log with {before} entries: it \
                         began again from {from}"
                    );
                    self.alerts.raise(name, "witness-forgot", text).await;
                }
                return Some(note);
            }
            Visit::Failed(why) => {
                tracing::warn!(witness = name, why, "not cosigned, asked again later");
                return None;
            }
            Visit::Refused(status) => {
                let status = status.as_u16();
                tracing::warn!(witness = name, status, "does not cosign this log");
                return None;
            }
            Visit::Disputed(dispute) => ("witness-disputed", format!("{who}: {dispute}"), None),
            Visit::RolledBack(held) => {
                let text = format!(
                    "the log was rolled back: it has {size} entries, and {who} has a checkpoint of \
                     it with {}",
                    held.size
                );
                ("log-rolled-back", text, Some(held))
            }
            Visit::Forked(held) => {
                let text = format!(
                    "the log was forked: {who} has a checkpoint of it with {} entries that are not \
                     these",
                    held.size
                );
                ("log-forked", text, Some(held))
            }
        };
        if let Some(held) = held {
            self.evidence(name, held.size, held.note).await;
        }
        self.alerts.raise(name, code, text).await;
        None
    }

    /// Keeps what was cosigned: for each witness, and all together.
    async fn keep(&mut self, note: &str, newest: &Checkpoint, cosigned: Vec<(usize, String)>) {
        let mut together = match self.newest.take() {
            Some((size, before)) if size == newest.size => before,
            Some(_) | None => note.to_owned(),
        };
        let mut files = Vec::new();
        for (number, note) in cosigned {
            let Some(asked) = self.asked.get(number) else {
                continue;
            };
            let key = &asked.peer.key;
            // A cosigned note is a text, an empty line, and lines of which this takes the witness's.
            let lines = note.rsplit_once("\n\n").map_or("", |(_, lines)| lines);
            match add_cosignature(&together, lines, key) {
                Ok((whole, _)) => together = whole,
                Err(error) => tracing::error!(%error, "a cosignature cannot be added"),
            }
            files.push((key.name().to_owned(), note));
        }
        self.newest = Some((newest.size, together.clone()));
        let (store, witnesses) = (self.store.clone(), files.len());
        let kept = tokio::task::spawn_blocking(move || {
            for (witness, note) in files {
                store.write(&witness, &note)?;
            }
            store.write_newest(&together)
        });
        match kept.await {
            Ok(Ok(())) => tracing::debug!(size = newest.size, witnesses, "cosigned"),
            Ok(Err(error)) => tracing::error!(%error, "cosignatures cannot be kept"),
            Err(_) => {}
        }
    }

    async fn evidence(&self, witness: &str, size: u64, note: String) {
        let (store, witness) = (self.store.clone(), witness.to_owned());
        let kept = tokio::task::spawn_blocking(move || store.keep_held(&witness, size, &note));
        if let Ok(Err(error)) = kept.await {
            tracing::error!(%error, "what a witness holds against this log cannot be kept");
        }
    }
}

impl Peer {
    fn of(
        peer: &crate::config::WitnessPeer,
        config: &Config,
        security: Option<&Arc<Security>>,
    ) -> Option<Self> {
        let (url, key) = peer.witness.clone()?;
        let gateway = config.gateway_of(&peer.institution);
        let secured = gateway.zip(security).filter(|_| url.is_https());
        let secured = secured.map(|(gateway, security)| Secured {
            security: Arc::clone(security),
            whom: Whom::Gateway(Arc::clone(gateway)),
        });
        Some(Self {
            secured,
            institution: peer.institution.clone(),
            url,
            key,
        })
    }
}

/// The size of a checkpoint of ours that one of these witnesses cosigned; 0 when it is not to be
/// believed: then the witness tells which it is.
fn believed(note: &str, log: &LogKey, witnesses: &[WitnessKey]) -> u64 {
    let cosigned = cosignatures(note, witnesses).is_ok_and(|found| !found.is_empty());
    match Checkpoint::open(note, log) {
        Ok(checkpoint) if cosigned => checkpoint.size,
        Ok(_) | Err(_) => {
            tracing::warn!("a cosigned checkpoint is not to be believed; asked for again");
            0
        }
    }
}
