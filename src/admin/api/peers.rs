//! Peers and queues.

use utoipa_axum::router::OpenApiRouter;

use crate::admin::console::Shared;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
