//! What moves, and what moved of late.

use axum::Router;

use crate::admin::console::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
}
