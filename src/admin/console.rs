//! What all requests share.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::Semaphore;

use super::board::Board;
use super::credit::Credit;
use super::done::Done;
use super::echoes::Echoes;
use super::exports::Exports;
use super::log::LogLines;
use super::oidc::Oidc;
use super::policy::Acts;
use super::problem::Problem;
use super::roll::Roll;
use super::sessions::Ended;
use super::sessions::Sessions;
use super::setting_up::SetUp;
use super::throttle::Throttle;
use super::verifying::Verifying;
use crate::audit::ClockFace;
use crate::audit::Site;
use crate::clock::Clock;
use crate::config::Config;
use crate::contract::Pseudonym;
use crate::contract::SignOutEnd;
use crate::digest::Sha256;
use crate::gateway::Meters;
use crate::gateway::Recorder;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedAssociation;
use crate::gateway::control::ListedProposal;
use crate::gateway::control::ListedQueue;
use crate::gateway::control::ListedScore;
use crate::gateway::control::Office;
use crate::gateway::control::PatientName;
use crate::identity::Accounts;
use crate::identity::AccountsError;
use crate::time::UtcMicros;
use crate::transport::Security;

/// See the module.
#[derive(Debug)]
pub(super) struct Console {
    pub(super) config: Config,
    pub(super) office: Office,
    pub(super) recorder: Recorder,
    /// What flows, counted.
    pub(super) meters: Arc<Meters>,
    /// The last lines of the log.
    pub(super) log: LogLines,
    pub(super) clock: Clock,
    pub(super) site: Site,
    pub(super) face: ClockFace,
    /// How this console's own connections are encrypted.
    pub(super) security: Option<Arc<Security>>,
    /// How DICOM's are: what ends some day.
    pub(super) dicom_security: Option<Arc<Security>>,
    pub(super) roll: Roll,
    pub(super) sessions: Sessions,
    pub(super) throttle: Mutex<Throttle>,
    pub(super) set_up: SetUp,
    /// Who else says who people are.
    pub(super) oidc: Option<Oidc>,
    /// Passcodes that are verified at the same time: each takes a core and 19 MiB.
    pub(super) verifying: Arc<Semaphore>,
    pub(super) done: Mutex<Done>,
    pub(super) board: Board,
    /// Who put the rules in force that were looked at last.
    pub(super) acts: Mutex<Option<(Sha256, Acts)>>,
    /// How scores came to be.
    pub(super) credit: Credit,
    /// Whether peers answer.
    pub(super) echoes: Echoes,
    /// Rules that are tried at the same time: that takes a core for seconds.
    pub(super) trying: Semaphore,
    /// Whether the ledger is what it was.
    pub(super) verification: Verifying,
    pub(super) exports: Exports,
    /// Searches at the same time that look at many entries for few.
    pub(super) searches: Semaphore,
}

/// Axum's state.
pub(super) type Shared = Arc<Console>;

impl Console {
    /// Microseconds since the console began.
    pub(super) fn now_us(&self) -> u64 {
        self.clock.read().monotonic_us
    }

    /// The accounts, as they are now. Blocks on the disk for a small file.
    pub(super) fn accounts(&self) -> Result<Arc<Accounts>, AccountsError> {
        self.roll.accounts()
    }

    /// Performs a command.
    pub(super) async fn perform(&self, command: Command) -> Answer {
        self.office.perform(command).await
    }

    /// What a command answers that only asks; `pick` takes it out of the answer.
    async fn ask<T>(
        &self,
        command: Command,
        pick: impl FnOnce(Answer) -> Option<T>,
    ) -> Result<T, Problem> {
        match self.perform(command).await {
            Answer::Refused { reason } => Err(Problem::unavailable(reason)),
            answer => pick(answer).ok_or_else(|| Problem::unavailable("")),
        }
    }

    /// The queues.
    pub(super) async fn queues(&self) -> Result<Vec<ListedQueue>, Problem> {
        let pick = |answer| match answer {
            Answer::Queues { queues } => Some(queues),
            _ => None,
        };
        self.ask(Command::Queues, pick).await
    }

    /// The associations that are held now.
    pub(super) async fn associations(&self) -> Result<Vec<ListedAssociation>, Problem> {
        let pick = |answer| match answer {
            Answer::Associations { associations } => Some(associations),
            _ => None,
        };
        self.ask(Command::Associations, pick).await
    }

    /// The scores of whom there is evidence, and that of whom there is none.
    pub(super) async fn scores(&self) -> Result<(Vec<ListedScore>, u16), Problem> {
        let pick = |answer| match answer {
            Answer::Scores {
                scores,
                without_evidence,
            } => Some((scores, without_evidence)),
            _ => None,
        };
        self.ask(Command::Scores, pick).await
    }

    /// What is proposed.
    pub(super) async fn proposals(&self) -> Result<Vec<ListedProposal>, Problem> {
        let pick = |answer| match answer {
            Answer::Policies { proposals, .. } => Some(proposals),
            _ => None,
        };
        self.ask(Command::Policies, pick).await
    }

    /// By which pseudonyms the ledger knows a patient; none: it has not met them.
    pub(super) async fn known_as(
        &self,
        patient: &PatientName,
    ) -> Result<BTreeSet<Pseudonym>, Problem> {
        let command = Command::Names {
            patient: Some(patient.clone()),
            study: None,
        };
        let pick = |answer| match answer {
            Answer::Names { patients, .. } => Some(patients),
            _ => None,
        };
        self.ask(command, pick).await
    }

    pub(super) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that sessions ended by themselves.
    pub(super) async fn ended(&self, ended: impl IntoIterator<Item = Ended>) {
        for (account, end) in ended {
            self.recorder.signed_out(account, end).await;
        }
    }

    /// Ends all sessions of an account, and records that they ended.
    pub(super) async fn end_sessions_of(&self, account: &str, end: SignOutEnd) {
        let ended = self.sessions.end_all(account);
        let ended = std::iter::repeat_n((account.to_owned(), end), ended);
        self.ended(ended).await;
    }

    /// The moment of `us`, microseconds since the console began.
    pub(super) fn moment(&self, us: u64) -> UtcMicros {
        let read = self.clock.read();
        let ago = read.monotonic_us.saturating_sub(us);
        read.wall
            .plus(i64::try_from(ago).map_or(i64::MIN, |ago| -ago))
    }

    /// Whether the console is reached by TLS, by itself or behind a proxy.
    pub(super) fn is_secure(&self) -> bool {
        let console = &self.config.console;
        console.identity.is_some() || console.url.is_some()
    }

    /// Whether whoever comes from there comes through a proxy that ends TLS: all of them come from there.
    pub(super) fn is_proxied(&self, from: &SocketAddr) -> bool {
        let console = &self.config.console;
        console.identity.is_none() && console.url.is_some() && from.ip().is_loopback()
    }

    /// Where browsers reach it that listens at `local`.
    pub(super) fn url(&self, local: SocketAddr) -> String {
        let console = &self.config.console;
        match (&console.url, &console.identity) {
            (Some(url), _) => url.to_string(),
            (None, Some(_)) => format!("https://{local}"),
            (None, None) => format!("http://{local}"),
        }
    }
}
