//! The identity provider: what it says of itself, its keys, and tokens for a code. Each answer is short and soon, or
//! there is none; what it says of itself is asked for again after minutes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::config::Oidc;
use crate::config::ProviderUrl;
use crate::config::SecretError;
use crate::identity::TokenKeys;
use crate::identity::TokenKeysError;
use crate::transport::TlsError;
use crate::transport::Web;
use crate::web::Answered;
use crate::web::Line;
use crate::web::LineError;

/// For one answer, connecting included.
const WITHIN: Duration = Duration::from_secs(5);
/// Bytes of the longest answer.
const ANSWER_BYTES_MAX: usize = 262_144;
/// What it says of itself counts for so long.
const COUNTS_US: u64 = 300_000_000;
/// A key that is not there is looked for again after so long at the earliest.
const NEWER_US: u64 = 30_000_000;
/// After it did not answer, it is asked again after so long at the earliest.
const REST_US: u64 = 5_000_000;
/// Content types of what is asked and answered.
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// Where it tells of itself (OpenID Connect Discovery 1.0 §4).
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Why nothing is known by it.
#[derive(Debug, thiserror::Error)]
pub(in crate::admin) enum ProviderError {
    /// It cannot be reached.
    #[error("{url}: {source}")]
    Line {
        /// Which address of it.
        url: ProviderUrl,
        /// Why not.
        source: LineError,
    },
    /// It did not answer a moment ago.
    #[error("the identity provider did not answer a moment ago")]
    Resting,
    /// It answers something else.
    #[error("{url} answered HTTP status {status}")]
    Status {
        /// Which address of it.
        url: ProviderUrl,
        /// What it answered.
        status: u16,
    },
    /// What it answers is not what it should be.
    #[error("{url} answered no {what}")]
    Unfit {
        /// Which address of it.
        url: ProviderUrl,
        /// What it should be.
        what: &'static str,
    },
    /// Its keys.
    #[error(transparent)]
    Keys(#[from] TokenKeysError),
    /// Whom we believe about it.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What proves us to it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The same, when it is no text.
    #[error("the client secret is no text on one line")]
    NotASecret,
    /// A task ended.
    #[error("files were not read")]
    Unread,
}

/// What it says of itself, as far as we need it.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Tokens for a code, as far as we need them.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// How we prove ourselves to it (OpenID Connect Core 1.0 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Basic,
    Post,
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Known {
    /// Where browsers go.
    pub(super) authorization: ProviderUrl,
    /// What it signs with.
    pub(super) keys: TokenKeys,
    token: ProviderUrl,
    proof: Proof,
    read_us: u64,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Arc<Known>>,
    /// When it did not answer.
    failed_us: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Provider {
    settings: Oidc,
    /// Held while it is asked: whoever comes meanwhile waits for the same answer.
    state: Mutex<State>,
}

impl Provider {
    pub(super) fn new(settings: Oidc) -> Self {
        Self {
            settings,
            state: Mutex::default(),
        }
    }

    /// What is known of it.
    pub(super) async fn known(&self, now_us: u64) -> Result<Arc<Known>, ProviderError> {
        let mut state = self.state.lock().await;
        let counts = |known: &&Arc<Known>| now_us.saturating_sub(known.read_us) < COUNTS_US;
        if let Some(known) = state.known.as_ref().filter(counts) {
            return Ok(Arc::clone(known));
        }
        self.read(&mut state, now_us).await
    }

    /// What it says of itself by now, since it signed with a key that is not among those of `known`.
    pub(super) async fn newer(
        &self,
        known: &Arc<Known>,
        now_us: u64,
    ) -> Result<Arc<Known>, ProviderError> {
        let mut state = self.state.lock().await;
        let is_newer = |other: &&Arc<Known>| other.read_us > known.read_us;
        if let Some(newer) = state.known.as_ref().filter(is_newer) {
            return Ok(Arc::clone(newer));
        }
        // Whoever sends tokens by keys that do not exist makes us ask no more often than that.
        if now_us.saturating_sub(known.read_us) < NEWER_US {
            return Ok(Arc::clone(known));
        }
        self.read(&mut state, now_us).await
    }

    async fn read(&self, state: &mut State, now_us: u64) -> Result<Arc<Known>, ProviderError> {
        let resting = |failed_us: u64| now_us.saturating_sub(failed_us) < REST_US;
        if state.failed_us.is_some_and(resting) {
            return Err(ProviderError::Resting);
        }
        match self.asked(now_us).await {
            Ok(known) => {
                let known = Arc::new(known);
                *state = State {
                    known: Some(Arc::clone(&known)),
                    failed_us: None,
                };
                Ok(known)
            }
            Err(error) => {
                state.failed_us = Some(now_us);
                Err(error)
            }
        }
    }

    async fn asked(&self, now_us: u64) -> Result<Known, ProviderError> {
        let issuer = &self.settings.issuer;
        let at = issuer.below(DISCOVERY);
        let at = at.ok_or_else(|| unfit(issuer, "address to ask"))?;
        let document: Document = read(&at, &self.get(&at).await?, "discovery document")?;
        // Exactly, so that nobody speaks for somebody else (OpenID Connect Discovery 1.0 §4.3).
        if document.issuer != issuer.as_str() {
            return Err(unfit(&at, "discovery document of this issuer"));
        }
        let endpoint = |text: &str| {
            let url = ProviderUrl::parse(text);
            let url = url.filter(|url| url.is_https() || !issuer.is_https());
            url.ok_or_else(|| unfit(&at, "endpoints that can be trusted"))
        };
        let keys_at = endpoint(&document.jwks_uri)?;
        let keys = self.get(&keys_at).await?;
        let keys = TokenKeys::parse(keys.body.as_bytes(), Path::new(keys_at.as_str()))?;
        Ok(Known {
            authorization: endpoint(&document.authorization_endpoint)?,
            token: endpoint(&document.token_endpoint)?,
            proof: Proof::of(document.token_endpoint_auth_methods_supported.as_deref()),
            keys,
            read_us: now_us,
        })
    }

    /// The ID token for a code.
    pub(super) async fn exchange(
        &self,
        known: &Known,
        code: &str,
        verifier: &str,
        redirect: &str,
    ) -> Result<String, ProviderError> {
        let secret = self.secret().await?;
        let web = self.web(&known.token).await?;
        let mut line = Line::to_server(&web, WITHIN, ANSWER_BYTES_MAX);
        let id = self.settings.client_id.as_str();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        let mut headers = vec![
            ("content-type", FORM.to_owned()),
            ("accept", JSON.to_owned()),
        ];
        match (&secret, known.proof) {
            (Some(secret), Proof::Basic) => headers.push(("authorization", basic(id, secret))),
            (Some(secret), Proof::Post) => {
                fields.extend([("client_id", id), ("client_secret", secret.as_str())]);
            }
            (None, _) => fields.push(("client_id", id)),
        }
        let (target, body) = (known.token.target(), form(&fields));
        let answered = line.post_target(target, &headers, body).await;
        let answered = succeeded(&known.token, answered)?;
        let tokens: Tokens = read(&known.token, &answered, "ID token")?;
        Ok(tokens.id_token)
    }

    async fn get(&self, url: &ProviderUrl) -> Result<Answered, ProviderError> {
        let web = self.web(url).await?;
        let mut line = Line::to_server(&web, WITHIN, ANSWER_BYTES_MAX);
        let accept = [("accept", JSON.to_owned())];
        let answered = line.get_target(url.target(), &accept).await;
        succeeded(url, answered)
    }

    /// How an address of it is connected to. Files are read each time, so that newer ones count.
    async fn web(&self, url: &ProviderUrl) -> Result<Web, ProviderError> {
        let (at, by_tls) = (url.at().clone(), url.is_https());
        let authorities = self.settings.authorities.clone();
        let web = tokio::task::spawn_blocking(move || Web::to(&at, by_tls, &authorities));
        Ok(web.await.map_err(|_| ProviderError::Unread)??)
    }

    async fn secret(&self) -> Result<Option<String>, ProviderError> {
        let Some(file) = self.settings.client_secret_file.clone() else {
            return Ok(None);
        };
        let secret = tokio::task::spawn_blocking(move || file.read()).await;
        let secret = secret.map_err(|_| ProviderError::Unread)??;
        let line = secret.line().ok_or(ProviderError::NotASecret)?;
        Ok(Some(line.to_owned()))
    }
}

impl Proof {
    /// Of those that it takes; Basic where it says nothing.
    fn of(supported: Option<&[String]>) -> Self {
        let takes = |name: &str| supported.is_some_and(|all| all.iter().any(|one| one == name));
        match takes("client_secret_post") && !takes("client_secret_basic") {
            true => Self::Post,
            false => Self::Basic,
        }
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    form.finish()
}

/// RFC 6749 §2.3.1: both are encoded as in a form first.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let both = format!("{}:{}", encoded(id), encoded(secret));
    format!("Basic {}", BASE64_STANDARD.encode(both))
}

fn unfit(url: &ProviderUrl, what: &'static str) -> ProviderError {
    let url = url.clone();
    ProviderError::Unfit { url, what }
}

fn succeeded(
    url: &ProviderUrl,
    answered: Result<Answered, LineError>,
) -> Result<Answered, ProviderError> {
    let url = || url.clone();
    let answered = answered.map_err(|source| ProviderError::Line { url: url(), source })?;
    match answered.status.is_success() {
        true => Ok(answered),
        false => Err(ProviderError::Status {
            url: url(),
            status: answered.status.as_u16(),
        }),
    }
}

fn read<T: DeserializeOwned>(
    url: &ProviderUrl,
    answered: &Answered,
    what: &'static str,
) -> Result<T, ProviderError> {
    // What serde says may quote what was answered.
    serde_json::from_str(&answered.body).map_err(|_| unfit(url, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_we_are_is_said_as_the_provider_wants_it() {
        let of = |all: &[&str]| {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            Proof::of(Some(&all))
        };
        assert_eq!(Proof::of(None), Proof::Basic);
        assert_eq!(of(&["client_secret_post"]), Proof::Post);
        let both = ["client_secret_post", "client_secret_basic"];
        assert_eq!(of(&both), Proof::Basic);
        assert_eq!(of(&["private_key_jwt"]), Proof::Basic);
    }

    #[test]
    fn a_secret_has_any_characters() {
        // "a%3Ab:p%26w", base64.
        assert_eq!(basic("a:b", "p&w"), "Basic YSUzQWI6cCUyNnc=");
    }
}
