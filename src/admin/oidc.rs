//! Signing in by the site's identity provider: OpenID Connect, the authorization code flow with PKCE (RFC 7636),
//! whatever else a provider offers. It says who somebody is; what they may do here, their account says.
//!
//! What is under way is kept here, in memory, and bound to the browser by a cookie: an answer that comes to another
//! browser, a second time, or too late, counts for nothing.

mod pending;
mod provider;

use crate::identity::Account;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::console::Console;
use super::console::Shared;
use super::signing_in::Theirs;
use crate::config;
use crate::config::TokenClaims;
use crate::config::UserName;
use crate::identity::TokenFault;
use crate::identity::verify_id_token;
use crate::storage::KeysError;

pub(super) use pending::LASTS_S;
use pending::Pending;
use provider::Provider;
use provider::ProviderError;

/// How far the provider's clock and ours may differ.
const LEEWAY: Duration = Duration::from_secs(30);
/// Bytes of the longest ID token.
const TOKEN_BYTES_MAX: usize = 16_384;
/// Where the provider sends browsers back to.
pub(super) const BACK: &str = "/oidc/back";

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotVouched {
    /// The provider does not answer, or not as it should.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The provider did not let them in.
    #[error("the identity provider refused")]
    Refused,
    /// Nothing of this is under way in this browser.
    #[error("no such sign-in is under way in this browser")]
    Stale,
    /// What the provider says proves nobody.
    #[error("the ID token is not believed: {0}")]
    Unproven(#[from] TokenFault),
    /// They are who they say, and have no account here that is enabled.
    #[error("there is no enabled account of that name")]
    NoAccount,
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] KeysError),
    /// The accounts cannot be read.
    #[error("the accounts cannot be read")]
    Busy,
}

/// What the provider sends a browser back with.
#[derive(Debug, Default)]
pub(super) struct Answered {
    /// What is exchanged for tokens.
    pub(super) code: String,
    /// What we sent.
    pub(super) state: String,
    /// Why there is no code.
    pub(super) error: String,
    /// Who answers (RFC 9207).
    pub(super) iss: String,
}

/// A browser's way to the provider.
#[derive(Debug)]
pub(super) struct Begun {
    /// Where it goes.
    pub(super) location: String,
    /// What it shows when it comes back.
    pub(super) cookie: String,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Oidc {
    settings: config::Oidc,
    claims: TokenClaims,
    redirect: String,
    pending: Mutex<Pending>,
    provider: Provider,
}

impl Oidc {
    /// The one of the configuration, if there is one.
    pub(super) fn of(console: &config::Console) -> Option<Self> {
        let settings = console.oidc.clone()?;
        let claims = TokenClaims {
            issuer: config::ClaimText::of(settings.issuer.as_str())?,
            audience: settings.client_id.clone(),
            user_claim: settings.user_claim.clone(),
            leeway: LEEWAY,
            bytes_max: TOKEN_BYTES_MAX,
        };
        Some(Self {
            claims,
            redirect: format!("{}{BACK}", base(console)),
            pending: Mutex::default(),
            provider: Provider::new(settings.clone()),
            settings,
        })
    }

    /// Who it is, for people.
    pub(super) fn host(&self) -> &str {
        self.settings.issuer.at().host()
    }

    /// Sends a browser to the provider, which is to be led to `to` afterwards.
    ///
    /// # Errors
    /// When the provider does not tell where to.
    pub(super) async fn begin(&self, to: &str, now_us: u64) -> Result<Begun, NotVouched> {
        let known = self.provider.known(now_us).await?;
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = pending.begin(to, now_us)?;
        drop(pending);
        let scopes = self.settings.scopes.iter().map(config::Scope::as_str);
        let scopes: Vec<&str> = scopes.collect();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([
            ("response_type", "code"),
            ("client_id", self.settings.client_id.as_str()),
            ("redirect_uri", &self.redirect),
            ("scope", &scopes.join(" ")),
            ("state", &begun.state),
            ("nonce", &begun.nonce),
            ("code_challenge", &begun.challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok(Begun {
            location: known.authorization.with_query(&query.finish()),
            cookie: begun.cookie,
        })
    }

    /// Who came back, and where they wanted to go.
    ///
    /// # Errors
    /// When it proves nobody who has an account.
    pub(super) async fn back(
        &self,
        console: &Shared,
        answered: &Answered,
        cookie: &str,
    ) -> Result<(Theirs, String), NotVouched> {
        let now_us = console.now_us();
        let waiting = {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.take(&answered.state, cookie, now_us)
        };
        let waiting = waiting.ok_or(NotVouched::Stale)?;
        let other_issuer =
            !answered.iss.is_empty() && answered.iss != self.settings.issuer.as_str();
        if !answered.error.is_empty() || answered.code.is_empty() || other_issuer {
            return Err(NotVouched::Refused);
        }
        let known = self.provider.known(now_us).await?;
        let exchanged =
            self.provider
                .exchange(&known, &answered.code, &waiting.verifier, &self.redirect);
        let token = exchanged.await?;
        let verified = |keys| {
            let now = console.clock.now();
            verify_id_token(token.as_bytes(), &self.claims, keys, now, &waiting.nonce)
        };
        let name = match verified(&known.keys) {
            // Providers change their keys whenever they like.
            Err(TokenFault::Key) => {
                let newer = self.provider.newer(&known, console.now_us()).await?;
                verified(&newer.keys)?
            }
            verified => verified?,
        };
        let theirs = enabled(console, name).await?;
        Ok((theirs.ok_or(NotVouched::NoAccount)?, waiting.to))
    }
}

/// The account of this name, where it lets anybody in.
async fn enabled(console: &Shared, account: UserName) -> Result<Option<Theirs>, NotVouched> {
    let console = Shared::clone(console);
    let read = tokio::task::spawn_blocking(move || {
        let accounts = console.accounts()?;
        let known = accounts.get(&account).filter(|known| known.is_enabled());
        let changed = known.map(Account::changed);
        let theirs = changed.map(|changed| Theirs { account, changed });
        Ok::<_, crate::identity::AccountsError>(theirs)
    });
    match read.await {
        Ok(Ok(theirs)) => Ok(theirs),
        Ok(Err(error)) => {
            tracing::error!(%error, "nobody can sign in");
            Err(NotVouched::Busy)
        }
        Err(_) => Err(NotVouched::Busy),
    }
}

/// Where browsers reach the console. A port that goes without saying is not said: providers compare what they are
/// told with what they were told once, letter by letter, and browsers leave it out.
fn base(console: &config::Console) -> String {
    let (scheme, at, port) = match (&console.url, console.listen) {
        (Some(url), _) => ("https", url.at().to_string(), 443),
        (None, Some(listen)) if console.identity.is_some() => ("https", listen.to_string(), 443),
        (None, Some(listen)) => ("http", listen.to_string(), 80),
        (None, None) => return String::new(),
    };
    let plain = at.strip_suffix(&format!(":{port}"));
    format!("{scheme}://{}", plain.unwrap_or(&at))
}

impl Console {
    /// What the cookie of a sign-in under way is called here.
    pub(super) fn oidc_cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-credence-oidc",
            false => "credence-oidc",
        }
    }
}
