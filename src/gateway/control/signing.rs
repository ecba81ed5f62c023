//! Signing of audits: what was given to whom is in the ledger before the signature is out.

use serde::Deserialize;
use serde_json::Value;

use super::Answer;
use crate::contract::Body;
use crate::digest::Sha256;
use crate::digest::canonical_json;
use crate::gateway::recorder::RecordError;
use crate::gateway::recorder::Recorder;

/// Bytes of the longest manifest that is signed.
const MANIFEST_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of the longest filter: it has room in a line.
const FILTER_BYTES_MAX: usize = 16 * 1024;

/// What is recorded of a manifest; the rest of it is its digest.
#[derive(Deserialize)]
struct Manifest {
    range: Range,
    records: u64,
    identified: bool,
    filter: Value,
}

#[derive(Deserialize)]
struct Range {
    from: u64,
    until: u64,
}

/// Records that `by` was given what the manifest names, and signs it.
pub(super) async fn sign_audit(
    recorder: &Recorder,
    manifest: &str,
    by: String,
) -> Result<Answer, RecordError> {
    let refused = |why: &str| RecordError::Refused(format!("the manifest {why}"));
    if manifest.len() > MANIFEST_BYTES_MAX {
        let why = format!("has {} bytes, limit {MANIFEST_BYTES_MAX}", manifest.len());
        return Err(refused(&why));
    }
    let read: Manifest =
        serde_json::from_str(manifest).map_err(|_| refused("is not one of an audit"))?;
    let filter = canonical_json(&read.filter).map_err(|_| refused("has no filter"))?;
    if filter.len() > FILTER_BYTES_MAX {
        return Err(refused("has too long a filter"));
    }
    let body = Body::AuditExported {
        manifest_sha256: Sha256::of(&[manifest.as_bytes()]),
        from: read.range.from,
        until: read.range.until,
        records: read.records,
        filter,
        identified: read.identified,
        by,
    };
    let entry = recorder.record(body).await?;
    let signer = recorder.statement_signer();
    Ok(Answer::AuditSigned {
        entry,
        key: signer.key().to_string(),
        signature: signer.sign(manifest.as_bytes()),
    })
}
