//! Who the others are, and how they score.

use axum::Router;

use crate::admin::console::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
}
