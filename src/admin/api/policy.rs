//! Rules: in force, proposed, tried on what was asked.

use utoipa_axum::router::OpenApiRouter;

use crate::admin::console::Shared;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
