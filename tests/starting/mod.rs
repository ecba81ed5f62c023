//! Starts a gateway in the process of a test. Shared by the tests that do, many of them at a time.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use credence::admin;
use credence::clock::Clock;
use credence::config::Config;
use credence::gateway;
use credence::gateway::GatewayError;
use credence::gateway::Running;
use credence::gateway::control::Answer;
use credence::gateway::control::Command;
use credence::gateway::control::Office;

/// How long what is held may be held by somebody who makes a process.
const HELD_AT_MOST: Duration = Duration::from_secs(2);

/// Performs commands of the gateway that a test started last: in its process, or in another one by its socket.
#[derive(Debug, Default)]
pub(crate) struct Desk(Mutex<Option<Office>>);

impl Desk {
    /// Starts a gateway whose commands are performed from now on. The one before is let go first: what it
    /// holds open keeps its folders locked.
    pub(crate) async fn start(
        &self,
        config_file: &Path,
        clock: Clock,
    ) -> Result<Running, GatewayError> {
        self.0.lock().unwrap().take();
        let running = start(config_file, clock).await?;
        *self.0.lock().unwrap() = Some(running.office());
        Ok(running)
    }

    /// What the gateway on this folder answers.
    pub(crate) async fn ask(&self, data_dir: &Path, command: &Command) -> Answer {
        if let Some(answer) = admin::send(data_dir, command).await.unwrap() {
            return answer;
        }
        let office = self.0.lock().unwrap().clone().unwrap();
        office.perform(command.clone()).await
    }
}

/// A clock that is so many hours ahead.
pub(crate) fn hours_ahead(hours: i64) -> Clock {
    Clock::ahead_by(hours * 3_600_000_000)
}

/// Starts it. Another test that makes a process at this moment holds what we have locked until that
/// process is another program: so a lock may still be held for a little.
pub(crate) async fn start(config_file: &Path, clock: Clock) -> Result<Running, GatewayError> {
    let patience = tokio::time::Instant::now() + HELD_AT_MOST;
    loop {
        let config = Config::load(config_file).unwrap();
        match gateway::start_by(config, clock).await {
            Err(error) if error.is_held() && tokio::time::Instant::now() < patience => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            started => return started,
        }
    }
}
