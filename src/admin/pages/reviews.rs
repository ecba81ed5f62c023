//! Accesses that are to be reviewed, and incidents.

use axum::Router;

use crate::admin::console::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
}
