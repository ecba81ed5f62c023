//! What went wrong, as RFC 9457 has it (`application/problem+json`).

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::rights::Right;

/// Content type of a problem.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong. No patient data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct Problem {
    /// HTTP status.
    pub(super) status: u16,
    /// What it is, the same for all of its kind.
    pub(super) title: String,
    /// What it is this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

impl Problem {
    /// A problem of this status.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        let detail = detail.into();
        Self {
            status: status.as_u16(),
            title,
            detail: (!detail.is_empty()).then_some(detail),
        }
    }

    /// Nobody is known to ask.
    pub(super) fn unauthorised() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign in, or show a token")
    }

    /// Not with these roles.
    pub(super) fn forbidden(right: Right) -> Self {
        let roles: Vec<&str> = right.roles().iter().map(|role| role.as_str()).collect();
        let detail = format!("this is for {}", roles.join(", "));
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// There is no such thing.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "")
    }

    /// There is such a thing, but not for this method.
    pub(super) fn not_so() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "")
    }

    /// It cannot be understood.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// What was asked for was not done, for a reason that the asker can change.
    pub(super) fn refused(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// It can be understood, and is not what went before.
    pub(super) fn unlike(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// The gateway cannot, now.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// Its status.
    pub(super) fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    /// What tells it in another form finds it among the extensions.
    fn into_response(self) -> Response {
        let text = serde_json::to_string(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.code();
        let kind = HeaderValue::from_static(PROBLEM_JSON);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if self.code() == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer realm=\"credence\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        response.extensions_mut().insert(self);
        response
    }
}
