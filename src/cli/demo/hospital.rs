//! A hospital of `credence demo --hospitals`: its gateway, its PACS and its workstation, and what the story
//! asks of them.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::admin::LogLines;
use crate::cli::Exit;
use crate::cli::keys;
use crate::cli::keys::Keys;
use crate::cli::link;
use crate::cli::link::Link;
use crate::cli::neighbours::Neighbours;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::GatewayPeer;
use crate::contract::Body;
use crate::contract::ReceiptStanding;
use crate::demo;
use crate::demo::Grant;
use crate::demo::StandInPacs;
use crate::demo::StoryError;
use crate::demo::Workstation;
use crate::gateway;
use crate::gateway::Running;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::ledger::Entry;
use crate::storage::Cosigned;
use crate::storage::JournalReader;

/// How long any one answer may take; all of them together take seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// From one look into a ledger to the next.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What tells the two hospitals apart.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    /// Ends its AE titles.
    letter: char,
}

pub(super) const ST_ANNA: Place = Place {
    slug: "st-anna",
    name: "St. Anna",
    letter: 'A',
};

pub(super) const LAKESIDE: Place = Place {
    slug: "lakeside",
    name: "Lakeside",
    letter: 'B',
};

impl Place {
    /// The AE title of one of its own, as `WS_A`.
    pub(super) fn title(&self, of: &str) -> String {
        format!("{of}_{}", self.letter)
    }
}

/// Something else than the story failed.
pub(super) fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoryError {
    StoryError::Site(error.into())
}

/// A hospital whose gateway does not run yet.
pub(super) struct Built {
    pub(super) place: &'static Place,
    pub(super) folder: PathBuf,
    /// Where its own house calls the gateway.
    pub(super) address: SocketAddr,
    pub(super) pacs: StandInPacs,
    pub(super) workstation: StandInPacs,
}

impl Built {
    /// Makes a folder below `folder`: configuration, policies and certificates, as an operator would.
    pub(super) async fn new(place: &'static Place, folder: &Path) -> Result<Self, StoryError> {
        let folder = folder.join(place.slug);
        demo::write_contract(&folder)?;
        let [address, tls, https] = demo::free_addresses()?;
        let built = Self {
            pacs: demo::stand_in(&place.title("PACS")).await?,
            workstation: demo::stand_in(&place.title("WS")).await?,
            place,
            folder,
            address,
        };
        fs::write(built.config(), built.text(tls, https))?;
        let out = built.folder.join("tls");
        let init = keys::Init {
            config: built.config(),
            out,
            peers: Vec::new(),
            names: Vec::new(),
            days: 30,
        };
        done(keys::run(&Keys::Init(init), &mut io::sink())?)?;
        Ok(built)
    }

    /// Its configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.join("credence.toml")
    }

    fn text(&self, tls: SocketAddr, https: SocketAddr) -> String {
        let Place { slug, name, .. } = self.place;
        let [gateway, pacs, scanner, workstation] =
            ["CRED", "PACS", "CT", "WS"].map(|of| self.place.title(of));
        let (address, pacs_at) = (self.address, self.pacs.address());
        let workstation_at = self.workstation.address();
        format!(
            r#"# Made by `credence demo --hospitals`; gateway-config/credence.toml explains every key.
[gateway]
institution = "{slug}"

[timeouts]
drain_s = 1

# The house itself.
[[listener]]
address = "{address}"

# Other hospitals.
[[listener]]
address = "{tls}"
tls = true

[tls]
certificate = "tls/gateway.pem"
key = "tls/gateway.key"
authorities = ["tls/authority.pem"]

[exchange]
listen = "{https}"

# Ten seconds where nobody is watching.
[witness]
interval_s = 1

[[ae]]
title = "{gateway}"
purpose = "TREATMENT"

[[institution]]
slug = "{slug}"
name = "{name}"

[[peer]]
name = "pacs"
ae_title = "{pacs}"
institution = "{slug}"
addresses = ["127.0.0.1"]
may = ["echo", "store"]
connect = "{pacs_at}"
retrieve = "get"

[[peer]]
name = "ct"
ae_title = "{scanner}"
institution = "{slug}"
addresses = ["127.0.0.1"]
may = ["echo", "store"]

[[peer]]
name = "ws"
ae_title = "{workstation}"
institution = "{slug}"
addresses = ["127.0.0.1"]
may = ["echo", "find", "move"]
connect = "{workstation_at}"

[[route]]
called = ["{gateway}"]
sop_classes = ["storage", "query-retrieve"]
to = "pacs"
"#
        )
    }

    /// What `credence link show` prints here.
    pub(super) fn row(&self) -> Result<String, StoryError> {
        let mut text = Vec::new();
        let show = link::Show {
            config: self.config(),
        };
        done(link::run(&Link::Show(show), &mut text)?)?;
        String::from_utf8(text).map_err(failed)
    }

    /// Does what is to be done here with what `other` printed: two lines filled in, the authority's file beside.
    pub(super) fn link(&self, other: &Self) -> Result<(), StoryError> {
        let row = other.row()?;
        let name = format!("{}-authority.pem", other.place.slug);
        fs::copy(
            other.folder.join("tls/authority.pem"),
            self.folder.join(&name),
        )?;
        let title = other.place.title("HOSPITAL");
        let lines = row.lines().map(|line| match line.split_once(" = ") {
            Some(("# ae", _)) => format!("ae = \"{title}\"\n"),
            Some(("# authorities", _)) => format!("authorities = [\"{name}\"]\n"),
            Some(_) | None => format!("{line}\n"),
        });
        let text = fs::read_to_string(self.config())?;
        let pasted: String = lines.collect();
        Ok(fs::write(self.config(), format!("{text}\n{pasted}"))?)
    }

    /// Starts its gateway, and all that `credence serve` starts.
    pub(super) async fn open(self) -> Result<Hospital, StoryError> {
        let config = Config::load(&self.config()).map_err(|faults| failed(faults.to_string()))?;
        let other = config
            .gateway_peers
            .first()
            .ok_or_else(|| failed("no link"))?;
        let other = Arc::clone(other);
        let running = gateway::start(config.clone()).await.map_err(failed)?;
        let neighbours = Neighbours::meet(&config, &running, &LogLines::new(Clock::new()))
            .await
            .map_err(failed)?;
        Ok(Hospital {
            built: self,
            config,
            other,
            running,
            neighbours,
            seen: 0,
        })
    }
}

/// Fails unless a command of ours succeeded; why, it has told on standard error.
fn done(exit: Exit) -> Result<(), StoryError> {
    match exit {
        Exit::Success => Ok(()),
        _ => Err(failed("a command of the set-up failed")),
    }
}

/// A hospital at work.
pub(super) struct Hospital {
    pub(super) built: Built,
    pub(super) config: Config,
    /// The other hospital's gateway, as this one's configuration has it.
    pub(super) other: Arc<GatewayPeer>,
    pub(super) running: Running,
    neighbours: Neighbours,
    /// Entries below this number have been looked at.
    seen: u64,
}

impl Hospital {
    /// Somebody of this house who calls its gateway by `called`.
    pub(super) fn asker(&self, title: &str, called: &str) -> Result<Workstation, StoryError> {
        Ok(Workstation {
            ae_title: demo::ae(&self.built.place.title(title))?,
            called: demo::ae(called)?,
            address: self.built.address,
            patience: PATIENCE,
        })
    }

    /// The patient desk takes down a consent; the number is its entry's.
    pub(super) async fn grant(&self, grant: &Grant) -> Result<u64, StoryError> {
        Ok(super::change(&self.running, super::granting(grant)?).await?)
    }

    /// And its end.
    pub(super) async fn revoke(&self, consent: u64) -> Result<u64, StoryError> {
        Ok(super::change(&self.running, super::revoking(consent)).await?)
    }

    fn entries(&self, from: u64) -> Result<Vec<Entry>, StoryError> {
        let reader = JournalReader::new(&self.config.gateway.data_dir);
        let entries = reader.entries(from).map(|stored| Ok(stored?.entry));
        let entries: Result<Vec<Entry>, crate::storage::ReadError> = entries.collect();
        entries.map_err(failed)
    }

    /// What has come into the ledger since this was asked last.
    pub(super) fn news(&mut self) -> Result<Vec<Entry>, StoryError> {
        let entries = self.entries(self.seen)?;
        if let Some(last) = entries.last() {
            self.seen = last.seq.saturating_add(1);
        }
        Ok(entries)
    }

    /// Waits for an entry like this from `from` on; its number.
    pub(super) async fn waits_for(
        &self,
        from: u64,
        expected: &'static str,
        wanted: impl Fn(&Body) -> bool,
    ) -> Result<u64, StoryError> {
        for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
            let entries = self.entries(from)?;
            let mut found = entries.iter();
            if let Some(entry) = found.find(|entry| wanted(&entry.event.body)) {
                return Ok(entry.seq);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(StoryError::Unexpected {
            expected,
            found: format!("{} has no such entry", self.built.place.name),
        })
    }

    /// Waits until the receipt for `decision` stands so; the number of the entry that says it.
    pub(super) async fn receipt(
        &self,
        decision: u64,
        wanted: ReceiptStanding,
    ) -> Result<u64, StoryError> {
        let is_it = |body: &Body| match body {
            Body::Receipt {
                decision: of,
                standing,
                ..
            } => *of == decision && *standing == wanted,
            _ => false,
        };
        self.waits_for(decision, "the receipt comes as far as told", is_it)
            .await
    }

    /// The signed text that is sealed beside this entry.
    pub(super) async fn sealed(&self, entry: u64) -> Result<String, StoryError> {
        let sealed = self
            .running
            .receipts()
            .sealed(entry)
            .await
            .map_err(failed)?;
        sealed.ok_or_else(|| failed(format!("entry {entry} has no receipt")))
    }

    /// The other hospital's score, as this one sees it, and the ceiling on it.
    pub(super) async fn score(&self) -> Result<(u16, Option<u16>), StoryError> {
        let Answer::Scores {
            scores,
            without_evidence,
        } = self.running.perform(Command::Scores).await
        else {
            return Err(failed("an answer to another question"));
        };
        let theirs = &self.other.peer.institution;
        let score = scores.iter().find(|score| score.institution == *theirs);
        Ok(score.map_or((without_evidence, None), |score| {
            (score.score, score.ceiling)
        }))
    }

    /// Receipts are neither sent nor answered any more.
    pub(super) async fn stop_exchange(&mut self) {
        self.neighbours.stop_exchange().await;
    }

    /// They are again.
    pub(super) fn start_exchange(&mut self) -> Result<(), StoryError> {
        let started = self.neighbours.start_exchange(&self.config, &self.running);
        started.map_err(failed)
    }

    /// Waits until the other hospital has cosigned a checkpoint over all that is in the ledger now.
    pub(super) async fn waits_for_cosignature(&mut self) -> Result<(), StoryError> {
        self.news()?;
        let cosigned = Cosigned::open(&self.config.gateway.data_dir).map_err(failed)?;
        let key = self.running.recorder().log_key().clone();
        for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
            let note = cosigned.read_newest().map_err(failed)?.unwrap_or_default();
            let newest = crate::ledger::Checkpoint::open(&note, &key);
            if newest.is_ok_and(|newest| newest.size >= self.seen) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(failed("no witness cosigned the newest checkpoint"))
    }

    /// Stops its gateway in order.
    pub(super) async fn close(self) -> Result<Closed, StoryError> {
        self.neighbours.leave().await;
        self.running.drain().await.map_err(failed)?;
        Ok(Closed {
            place: self.built.place,
            folder: self.built.folder,
            data_dir: self.config.gateway.data_dir,
            other: self.other,
        })
    }
}

/// A hospital after work.
pub(super) struct Closed {
    pub(super) place: &'static Place,
    pub(super) folder: PathBuf,
    pub(super) data_dir: PathBuf,
    /// The other hospital's gateway, as this one knew it.
    pub(super) other: Arc<GatewayPeer>,
}
