//! Who a patient is, who speaks for them, and what their standing rests on.

mod guardian;
mod merging;
mod standing;

use axum::Router;
use axum::http::HeaderMap;
use maud::Markup;
use maud::html;

use super::DESK;
use super::served;
use super::served::Served;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::pages::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::sessions::Served as Chosen;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .merge(guardian::router())
        .merge(merging::router())
        .merge(standing::router())
}

/// Where each of these is done.
pub(super) fn links(frame: &Frame, served: &Served) -> Markup {
    let words = frame.words;
    html! {
        div class="actions" {
            a class="button quiet" href="/consents/guardian" {
                @if served.guardian.is_some() { (words.say("consents-guardian-change")) }
                @else { (words.say("consents-guardian-name")) }
            }
            a class="button quiet" href="/consents/merge" { (words.say("consents-merge")) }
            a class="button quiet" href="/consents/standing" { (words.say("consents-standing")) }
        }
    }
}

/// Who asks, and whom the desk serves; nobody: it has to choose first.
fn at_desk<'f>(
    frame: &'f Frame,
    headers: &HeaderMap,
) -> Result<(&'f Caller, Option<Chosen>), Problem> {
    let caller = frame.for_right(Right::ServePatients)?;
    Ok((caller, served::patient(frame, headers)))
}

/// The same of a form.
fn sent_at_desk<'p, T>(
    posted: &'p Posted<T>,
    headers: &HeaderMap,
) -> Result<(&'p Caller, Option<Chosen>), Problem> {
    let caller = posted.frame.for_right(Right::ServePatients)?;
    Ok((caller, served::still(posted, headers)?))
}
