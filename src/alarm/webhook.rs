//! Posts to a webhook: JSON, signed, taken when it is answered by a status of success.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;

use super::About;
use super::quiet::Notice;
use super::signing::Key;
use super::signing::NotASecret;
use crate::clock::Clock;
use crate::config::SecretError;
use crate::config::SecretFile;
use crate::config::Webhook;
use crate::transport::Security;
use crate::transport::Whom;
use crate::web::Line;
use crate::web::LineError;
use crate::web::Secured;

/// Bytes of the longest answer: nobody reads it.
const ANSWER_BYTES_MAX: usize = 65_536;

/// Content type of a post.
const JSON: &str = "application/json";

/// Why a webhook does not have it.
#[derive(Debug, thiserror::Error)]
pub enum NotPosted {
    /// The webhook, or the way to it.
    #[error("{0}")]
    Line(#[from] LineError),
    /// It did not take it.
    #[error("HTTP status {0}")]
    Status(StatusCode),
    /// The secret cannot be read.
    #[error("{0}")]
    Secret(#[from] SecretError),
    /// The secret is none.
    #[error("{0}")]
    NotASecret(#[from] NotASecret),
    /// The task that reads the secret ended.
    #[error("the secret was not read")]
    Unread,
    /// There is no such post.
    #[error("it cannot be written as JSON")]
    Unwritable,
}

/// Whoever posts to one.
pub(super) struct Poster {
    pub(super) webhook: Arc<Webhook>,
    pub(super) about: Arc<About>,
    pub(super) security: Option<Arc<Security>>,
    pub(super) answer: Duration,
    pub(super) clock: Clock,
}

/// What is posted. See docs/alerts.md.
#[derive(Serialize)]
struct Post<'n> {
    id: &'n str,
    at: String,
    gateway: &'n str,
    institution: &'n str,
    state: &'static str,
    code: &'n str,
    severity: &'static str,
    text: &'n str,
    entry: u64,
    count: u64,
    first: String,
    last: String,
}

impl Poster {
    /// Posts a notice.
    pub(super) async fn post(&self, notice: &Notice) -> Result<(), NotPosted> {
        // Read each time, so that another secret counts at once.
        let file = self.webhook.secret_file.clone();
        let key = tokio::task::spawn_blocking(move || key(&file)).await;
        let key = key.unwrap_or(Err(NotPosted::Unread))?;
        let (id, body) = self.body(notice)?;
        let second = self.clock.now().0.div_euclid(1_000_000);
        let headers = key.headers(&id, second, &body);
        let secured = self.security.as_ref().map(|security| Secured {
            security: Arc::clone(security),
            whom: Whom::Server(self.about.institution.clone()),
        });
        let url = &self.webhook.url;
        let mut line = Line::to(url, secured.as_ref(), self.answer, ANSWER_BYTES_MAX);
        let status = line.post_here(JSON, &headers, body).await?.status;
        match status.is_success() {
            true => Ok(()),
            false => Err(NotPosted::Status(status)),
        }
    }

    fn body(&self, notice: &Notice) -> Result<(String, String), NotPosted> {
        let id = self.about.id(notice);
        let post = Post {
            id: &id,
            at: notice.at.instant(),
            gateway: &self.about.host,
            institution: self.about.institution.as_str(),
            state: notice.state.as_str(),
            code: &notice.code,
            severity: notice.severity.as_str(),
            text: &notice.text,
            entry: notice.entries.1,
            count: notice.count,
            first: notice.first.instant(),
            last: notice.last.instant(),
        };
        let body = serde_json::to_string(&post).map_err(|_| NotPosted::Unwritable)?;
        Ok((id, body))
    }
}

/// What signs the posts to a webhook; blocks on the disk.
pub(super) fn key(file: &SecretFile) -> Result<Key, NotPosted> {
    let secret = file.read()?;
    Ok(Key::read(secret.line().unwrap_or_default())?)
}
