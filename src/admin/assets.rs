//! Style and script: in the binary, since hospitals are offline, and named by their digest, since browsers keep them.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;

use super::console::Shared;
use crate::digest::Sha256;

/// A file of ours.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

/// Every one. `htmx.min.js` is htmx 2 as published on the npm registry (0BSD).
const ASSETS: [Asset; 4] = [
    Asset {
        name: "credence.css",
        kind: "text/css; charset=utf-8",
        text: include_str!("assets/credence.css"),
    },
    Asset {
        name: "htmx.min.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("assets/htmx.min.js"),
    },
    Asset {
        name: "credence.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("assets/credence.js"),
    },
    Asset {
        name: "mark.svg",
        kind: "image/svg+xml",
        text: include_str!("assets/mark.svg"),
    },
];

/// What browsers may do with them: a changed file has another address.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The part of the address that changes with any of the files.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let all: Vec<&[u8]> = ASSETS.iter().map(|asset| asset.text.as_bytes()).collect();
        let digest = Sha256::of(&all).to_string();
        digest.chars().take(16).collect()
    });
    &VERSION
}

/// Where a file is.
pub(super) fn path(name: &str) -> String {
    format!("/assets/{}/{name}", version())
}

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/assets/{version}/{name}", get(asset))
}

async fn asset(Path((_, name)): Path<(String, String)>) -> Response {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    match found {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, FOR_EVER),
            ];
            (headers, asset.text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
