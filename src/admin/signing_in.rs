//! Signing in, apart from the page for it: a passcode is verified within limits, the ledger says who came, and then
//! there is a session.

use std::io::Write as _;
use std::net::SocketAddr;

use axum::http::StatusCode;

use super::console::Shared;
use super::problem::Problem;
use super::throttle::Who;
use crate::config::UserName;
use crate::contract::SignInMeans;
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

/// Signs `name` in; the session's cookie.
pub(super) async fn by_passcode(
    console: &Shared,
    name: &str,
    passcode: Vec<u8>,
    from: Option<SocketAddr>,
) -> Result<String, NotSignedIn> {
    is_theirs(console, name, passcode, from).await?;
    begin(console, name, SignInMeans::Passcode, from).await
}

/// Makes sure that `name` has this passcode, within limits of tries.
pub(super) async fn is_theirs(
    console: &Shared,
    name: &str,
    passcode: Vec<u8>,
    from: Option<SocketAddr>,
) -> Result<(), NotSignedIn> {
    let address = from.map(|from| Who::Address(from.ip().to_canonical()));
    let who: Vec<Who> = [Some(Who::Account(name.to_owned())), address]
        .into_iter()
        .flatten()
        .collect();
    let wait_us = console.throttle().wait_us(&who, console.now_us());
    if wait_us > 0 {
        return Err(NotSignedIn::Wait(wait_us.div_ceil(1_000_000)));
    }
    let known = verified(console, name, passcode).await?;
    if !known {
        let news = console.throttle().failed(&who, console.now_us());
        if let Some((address, count)) = news {
            // No name: people type passcodes into the wrong field.
            let text = format!("console: {count} failures to sign in from {address}");
            console.recorder.alert("sign-in-refused", text).await;
        }
        return Err(NotSignedIn::Wrong);
    }
    console.throttle().succeeded(name);
    Ok(())
}

/// Whether there is such an account and passcode.
async fn verified(console: &Shared, name: &str, passcode: Vec<u8>) -> Result<bool, NotSignedIn> {
    let turn = tokio::time::timeout(
        console.config.identity.check_wait,
        console.verifying.acquire(),
    );
    let Ok(Ok(turn)) = turn.await else {
        return Err(NotSignedIn::Busy);
    };
    let name: Option<UserName> = name.parse().ok();
    let (console, passcode) = (Shared::clone(console), Passcode::from_bytes(passcode));
    let verified = tokio::task::spawn_blocking(move || {
        let accounts = console.accounts()?;
        Ok::<_, crate::identity::AccountsError>(accounts.verify(name.as_ref(), &passcode).is_some())
    });
    let verified = verified.await;
    drop(turn);
    match verified {
        Ok(Ok(verified)) => Ok(verified),
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
    account: &str,
    means: SignInMeans,
    from: Option<SocketAddr>,
) -> Result<String, NotSignedIn> {
    let address = from.map(|from| from.ip());
    let recorded = console
        .recorder
        .signed_in(account.to_owned(), means, address)
        .await;
    let entry = recorded.map_err(|error| {
        tracing::warn!(%error, "who signs in is not recorded, and not let in");
        NotSignedIn::Busy
    })?;
    let now_us = console.now_us();
    let begun = console.sessions.begin(account, entry, address, now_us);
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
