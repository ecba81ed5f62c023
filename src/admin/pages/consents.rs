//! The desk for patients: consents, merges, guardians.

use axum::Router;

use crate::admin::console::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
}
