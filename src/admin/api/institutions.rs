//! Who the others are, and how they score.

use utoipa_axum::router::OpenApiRouter;

use crate::admin::console::Shared;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
