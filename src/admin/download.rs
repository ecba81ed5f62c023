//! Files that people keep.

use axum::http::HeaderName;
use axum::http::header;

use crate::storage::Proved;

/// A file, for a browser to save.
pub(super) type Download = ([(HeaderName, String); 2], String);

fn file(name: &str, kind: &str, text: String) -> Download {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, text)
}

/// The proof of an entry, by the name that `credence ledger verify-proof` looks for.
pub(super) fn proof(entry: u64, proved: &Proved) -> Download {
    let name = format!("{entry}.tlog-proof");
    file(&name, "text/plain; charset=utf-8", proved.proof.to_string())
}

/// The entry's line, which lies beside the proof.
pub(super) fn line(entry: u64, proved: Proved) -> Download {
    file(&format!("{entry}.json"), "application/json", proved.line)
}
