//! Signing in, apart from the page for it: a passcode is verified within limits, the ledger says who came, and then
//! there is a session.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::StatusCode;

use super::console::Shared;
use super::problem::Problem;
use super::throttle::Who;
use crate::config::UserName;
use crate::contract::SignInMeans;
use crate::identity::PASSCODE_BYTES_MAX;
use crate::identity::Passcode;

/// Why nobody was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSignedIn {
    /// No such account and passcode; which of both is told to nobody.
    Wrong,
    /// Too many failures: seconds until the next try.
    Wait(u64),
    /// Others are being verified, the accounts cannot be read, or the ledger takes no entry.
    Busy,
}

/// Tells whoever started the gateway by which link the first account is made. On standard error, and not in the log,
/// which others read, too.
pub(super) fn tell_link(url: &str, token: &str) {
    let text = format!(
        "\nNobody can sign in to the console yet. Make the first account within an hour, by this link:\n\n  \
         {url}/set-up?token={token}\n\n"
    );
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// An account that is somebody's, as it was when they proved it.
#[derive(Clone, Debug)]
pub(super) struct Theirs {
    /// Its name.
    pub(super) account: UserName,
    /// Its last change by then: what is changed later ends the session that begins by it.
    pub(super) changed: u64,
}

/// Signs `name` in; the session's cookie.
pub(super) async fn by_passcode(
    console: &Shared,
    name: &str,
    passcode: Vec<u8>,
    from: Option<SocketAddr>,
) -> Result<String, NotSignedIn> {
    let theirs = is_theirs(console, name, passcode, from).await?;
    begin(console, &theirs, SignInMeans::Passcode, from).await
}

/// Makes sure that `name` has this passcode, within limits of tries.
pub(super) async fn is_theirs(
    console: &Shared,
    name: &str,
    passcode: Vec<u8>,
    from: Option<SocketAddr>,
) -> Result<Theirs, NotSignedIn> {
    if passcode.len() > PASSCODE_BYTES_MAX {
        return Err(NotSignedIn::Wrong);
    }
    let name: Option<UserName> = name.parse().ok();
    let account = name.clone().map(Who::Account);
    let address = from
        .filter(|from| !console.is_proxied(from))
        .map(|from| Who::Address(from.ip().to_canonical()));
    let who: Vec<Who> = account.into_iter().chain(address).collect();
    // A try counts before it is looked at: many at a time are not more than one by one, and whoever hangs up
    // has tried, too.
    let tried = console.throttle().tries(&who, console.now_us());
    tried.map_err(|wait_us| NotSignedIn::Wait(wait_us.div_ceil(1_000_000)))?;
    match verified(console, name, passcode).await {
        Ok(Some(theirs)) => {
            console.throttle().succeeded(&who);
            Ok(theirs)
        }
        Ok(None) => {
            let news = console.throttle().news(&who);
            if let Some((address, count)) = news {
                // No name: people type passcodes into the wrong field.
                let text = format!("console: {count} failures to sign in from {address}");
                console.recorder.alert("sign-in-refused", text).await;
            }
            Err(NotSignedIn::Wrong)
        }
        Err(why) => {
            console.throttle().was_none(&who);
            Err(why)
        }
    }
}

/// The account, where there is such an account and passcode.
async fn verified(
    console: &Shared,
    name: Option<UserName>,
    passcode: Vec<u8>,
) -> Result<Option<Theirs>, NotSignedIn> {
    let turn = Arc::clone(&console.verifying).acquire_owned();
    let Ok(Ok(turn)) = tokio::time::timeout(console.config.identity.check_wait, turn).await else {
        return Err(NotSignedIn::Busy);
    };
    let (console, passcode) = (Shared::clone(console), Passcode::from_bytes(passcode));
    let verified = tokio::task::spawn_blocking(move || {
        let accounts = console.accounts();
        let theirs = accounts.map(|accounts| {
            let changed = accounts.verify(name.as_ref(), &passcode)?.changed();
            let account = name?;
            Some(Theirs { account, changed })
        });
        // The turn is over when the work is, not when whoever waits for it has gone.
        drop(turn);
        theirs
    });
    match verified.await {
        Ok(Ok(theirs)) => Ok(theirs),
        Ok(Err(error)) => {
            tracing::error!(%error, "nobody can sign in");
            Err(NotSignedIn::Busy)
        }
        Err(_) => Err(NotSignedIn::Busy),
    }
}

/// Begins a session, once the ledger says so; its cookie.
pub(super) async fn begin(
    console: &Shared,
    theirs: &Theirs,
    means: SignInMeans,
    from: Option<SocketAddr>,
) -> Result<String, NotSignedIn> {
    let address = from.map(|from| from.ip());
    let account = theirs.account.to_string();
    let recorded = console.recorder.signed_in(account, means, address).await;
    recorded.map_err(|error| {
        tracing::warn!(%error, "who signs in is not recorded, and not let in");
        NotSignedIn::Busy
    })?;
    let begun = console.sessions.begin(theirs, address, console.now_us());
    let (cookie, ended) = begun.map_err(|_| NotSignedIn::Busy)?;
    console.ended(ended).await;
    Ok(cookie)
}

impl From<NotSignedIn> for Problem {
    fn from(why: NotSignedIn) -> Self {
        match why {
            NotSignedIn::Wrong => Self::unauthorised(),
            NotSignedIn::Wait(seconds) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("too many failures: try again in {seconds} s"),
            ),
            NotSignedIn::Busy => Self::unavailable("nobody can be signed in at the moment"),
        }
    }
}
