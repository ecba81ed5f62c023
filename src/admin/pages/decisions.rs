//! What was decided, and why.

use axum::Router;

use crate::admin::console::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
}
