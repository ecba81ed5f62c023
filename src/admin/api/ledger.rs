//! How the ledger is, and what it proves.

use utoipa_axum::router::OpenApiRouter;

use crate::admin::console::Shared;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
