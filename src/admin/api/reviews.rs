//! Accesses that are to be reviewed, and incidents.

use utoipa_axum::router::OpenApiRouter;

use crate::admin::console::Shared;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
