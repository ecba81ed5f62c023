//! Changes that are asked for under a key (draft-ietf-httpapi-idempotency-key-header): what is sent again is answered
//! as before, and not done twice.

use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::done::Key;
use crate::admin::done::Known;
use crate::admin::done::Told;
use crate::admin::problem::Problem;
use crate::digest::Sha256;

/// The header that names an attempt.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Does what was `asked` of `route`, unless it was done under the key among `headers`.
///
/// # Errors
/// What `doing` says; what is asked under a key that something else has, or that is being done under it.
pub(super) async fn once(
    console: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    asked: (&str, &impl Serialize),
    doing: impl Future<Output = Result<Told, Problem>> + Send + 'static,
) -> Result<Response, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return doing.await.map(Told::into);
    };
    let key = key.to_str().ok().and_then(|key| Key::of(caller, key));
    let key = key.ok_or_else(|| Problem::bad("Idempotency-Key: 1 to 200 printable characters"))?;
    let asked = serde_json::to_vec(&asked).map_err(|_| Problem::unavailable(""))?;
    let known = console
        .done()
        .begin(key, Sha256::of(&[&asked]), console.now_us());
    match known {
        Known::New => {}
        Known::UnderWay => return Err(Problem::refused("this is being done under the same key")),
        Known::Other => return Err(Problem::unlike("another was sent under the same key")),
        Known::Done(told) => return Ok(told.into()),
    }
    // What has begun is done, even if the caller does not wait for it.
    let ends = Shared::clone(console);
    let doing = tokio::spawn(async move {
        let told = doing.await.unwrap_or_else(|problem| Told::from(&problem));
        ends.done().end(key, &told);
        told
    });
    match doing.await {
        Ok(told) => Ok(told.into()),
        Err(_) => {
            console.done().forget(key);
            Err(Problem::unavailable(""))
        }
    }
}
