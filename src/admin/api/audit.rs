//! Searching the ledger, and exports of it.

use super::once::once;
use crate::admin::done::Told;
use std::collections::BTreeSet;

use axum::Json;
use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::commands::rejected;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::entries::number;
use crate::admin::exports::ListedExport;
use crate::admin::exports::Wanted;
use crate::admin::filters;
use crate::admin::filters::Filters;
use crate::admin::filters::Place;
use crate::admin::guard::checked_for_forgery;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::audit::ClockFace;
use crate::audit::Identity;
use crate::audit::Record;
use crate::audit::Tongue;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::PatientName;
use crate::time::UtcMicros;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(entries))
        .routes(routes!(entry))
        .routes(routes!(details))
        .routes(routes!(list, begin))
        .routes(routes!(one, cancel))
        .routes(routes!(file))
}

/// An entry of the ledger.
#[derive(Debug, Serialize, ToSchema)]
struct ListedEntry {
    /// Its number.
    entry: u64,
    /// The ledger's time, in microseconds since 1970 UTC.
    #[schema(value_type = i64)]
    at: UtcMicros,
    /// Its kind.
    kind: String,
    /// What it says, in a line for people; without patient data.
    text: String,
    /// The decision that it is, or follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<u64>,
    /// Who did it or recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

/// Entries of the ledger, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct ListedEntries {
    /// The entries. There may be more although there are few here, or none: so many were looked at for one answer.
    items: Vec<ListedEntry>,
    /// `before` of the next answer; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u64>,
}

/// An entry of the ledger, whole.
#[derive(Debug, Serialize, ToSchema)]
struct WholeEntry {
    #[serde(flatten)]
    told: ListedEntry,
    /// The line as it stands in the ledger: JSON, by RFC 8785. The leaf of the tree is SHA-256 of a zero byte and the
    /// line.
    line: String,
    /// Whether something is sealed beside it, or beside the decision that it follows from.
    sealed: bool,
}

/// Who an entry is about.
#[derive(Debug, Serialize, ToSchema)]
struct EntryDetails {
    /// Patient ID (0010,0020).
    #[serde(skip_serializing_if = "Option::is_none")]
    patient_id: Option<String>,
    /// Issuer of Patient ID (0010,0021).
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer_of_patient_id: Option<String>,
    /// Study Instance UID (0020,000D).
    #[serde(skip_serializing_if = "Option::is_none")]
    study_instance_uid: Option<String>,
    /// Why an access was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Who may consent in the patient's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    guardian: Option<String>,
}

/// Exports that are one's own.
#[derive(Debug, Serialize, ToSchema)]
struct ListedExports {
    /// The newest first.
    items: Vec<ListedExport>,
}

/// An export that is asked for.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportAsked {
    /// In which formats: `jsonl`, `csv`, `dicom`, `fhir`, `html`; one at least.
    #[schema(value_type = Vec<String>)]
    formats: BTreeSet<Tongue>,
    /// Whether who the patients are is told.
    #[serde(default)]
    identified: bool,
    /// The zone of local times, as in Europe/Vienna; that of the console if absent.
    #[serde(default)]
    time_zone: Option<String>,
    /// Which entries.
    #[serde(default)]
    filter: Filters,
    /// About this patient, in place of pseudonyms in `filter`.
    #[serde(default)]
    patient: Option<PatientName>,
}

impl ListedEntry {
    fn of(record: &Record) -> Self {
        Self {
            entry: record.entry.seq,
            at: record.at(),
            kind: record.body().kind().to_owned(),
            text: record.text(),
            decision: record.judged.as_deref().map(|judged| judged.entry),
            by: record.person().map(str::to_owned),
        }
    }
}

/// Entries of the ledger, the newest first. Patients are pseudonyms.
#[utoipa::path(
    get,
    path = "/api/v1/entries",
    tag = "audit",
    params(Filters, Place),
    responses(
        (status = 200, body = ListedEntries),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn entries(
    State(console): State<Shared>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<ListedEntries>, Problem> {
    caller.may(Right::SeeAudit)?;
    let (filters, place) = filters::asked(query.as_deref())?;
    let filter = filters.read(&console.face)?;
    let found = console
        .entries(filter, place.before, place.limit()?)
        .await?;
    Ok(Json(ListedEntries {
        items: found.records.iter().map(ListedEntry::of).collect(),
        before: found.before,
    }))
}

/// One entry of the ledger, as it stands there.
#[utoipa::path(
    get,
    path = "/api/v1/entries/{entry}",
    tag = "audit",
    params(("entry" = u64, Path, description = "Its number")),
    responses(
        (status = 200, body = WholeEntry),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn entry(
    State(console): State<Shared>,
    caller: Caller,
    Path(entry): Path<String>,
) -> Result<Json<WholeEntry>, Problem> {
    caller.may(Right::SeeAudit)?;
    let looked = console.entry(number(&entry)?).await?;
    Ok(Json(WholeEntry {
        told: ListedEntry::of(&looked.record),
        line: looked.line,
        sealed: looked.is_sealed,
    }))
}

/// Who an entry is about: what is sealed beside it. That it was shown is recorded first. Nothing is told of a patient
/// who was forgotten.
#[utoipa::path(
    post,
    path = "/api/v1/entries/{entry}/details",
    tag = "audit",
    params(("entry" = u64, Path, description = "Its number")),
    responses(
        (status = 200, body = EntryDetails),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn details(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Path(entry): Path<String>,
) -> Result<Json<EntryDetails>, Problem> {
    checked_for_forgery(&caller, &headers, None)?;
    caller.may(Right::SeeAudit)?;
    caller.may(Right::SeePatients)?;
    let looked = console.entry(number(&entry)?).await?;
    let details = console.details(&caller, &looked).await?;
    let Identity {
        patient_id,
        issuer_of_patient_id,
        study_instance_uid,
        reason,
        guardian,
    } = details.identity.unwrap_or_default();
    Ok(Json(EntryDetails {
        patient_id,
        issuer_of_patient_id,
        study_instance_uid,
        reason,
        guardian,
    }))
}

/// The exports that one asked for, as long as they are kept: 4 hours, 8 of all people's together, and not beyond a
/// restart.
#[utoipa::path(
    get,
    path = "/api/v1/exports",
    tag = "audit",
    responses(
        (status = 200, body = ListedExports),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
    ),
)]
async fn list(
    State(console): State<Shared>,
    caller: Caller,
) -> Result<Json<ListedExports>, Problem> {
    caller.may(Right::ExportAudit)?;
    let items = console.exports.of(&caller);
    Ok(Json(ListedExports { items }))
}

/// Begins an export of the ledger, as `credence audit export` makes it: one at a time. It is an entry of the ledger when
/// it is done.
#[utoipa::path(
    post,
    path = "/api/v1/exports",
    tag = "audit",
    request_body = ExportAsked,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 printable characters")),
    responses(
        (status = 202, description = "it has begun", body = ListedExport,
            headers(("Location" = String, description = "where it is"))),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, description = "another one is being made, or the patient is not known", body = Problem),
        (status = 415, body = Problem),
        (status = 422, description = "another was sent under the same key", body = Problem),
        (status = 503, body = Problem),
    ),
)]
async fn begin(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    asked: Result<Json<ExportAsked>, JsonRejection>,
) -> Result<Response, Problem> {
    checked_for_forgery(&caller, &headers, None)?;
    caller.may(Right::ExportAudit)?;
    let Json(asked) = asked.map_err(|error| rejected(&error))?;
    let wanted = asked.clone();
    let doing = begun(Shared::clone(&console), caller.clone(), wanted);
    once(&console, &caller, &headers, ("exports", &asked), doing).await
}

async fn begun(console: Shared, caller: Caller, asked: ExportAsked) -> Result<Told, Problem> {
    let clock = match asked.time_zone.as_deref() {
        None => console.face.clone(),
        Some(zone) => ClockFace::of(zone).map_err(|_| Problem::bad("time_zone: there is none"))?,
    };
    let mut filter = asked.filter.read(&console.face)?;
    if let Some(patient) = asked.patient {
        caller.may(Right::SeePatients)?;
        let (patient, study) = (Some(patient), None);
        let command = Command::Names { patient, study };
        match console.answer(&caller, command).await? {
            Answer::Names { patients, .. } if !patients.is_empty() => filter.patients = patients,
            _ => return Err(Problem::refused("the gateway has not met this patient")),
        }
    }
    let wanted = Wanted {
        filter,
        formats: asked.formats,
        identified: asked.identified,
        clock,
    };
    let id = console.export(&caller, wanted).await?;
    let begun = console.exports.get(&caller, &id);
    let begun = begun.ok_or_else(|| Problem::unavailable(""))?;
    Ok(Told::of(StatusCode::ACCEPTED, &begun)?.at(format!("/api/v1/exports/{id}")))
}

/// An export: how far it is.
#[utoipa::path(
    get,
    path = "/api/v1/exports/{export}",
    tag = "audit",
    params(("export" = String, Path, description = "Its id")),
    responses(
        (status = 200, body = ListedExport),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
    ),
)]
async fn one(
    State(console): State<Shared>,
    caller: Caller,
    Path(export): Path<String>,
) -> Result<Json<ListedExport>, Problem> {
    caller.may(Right::ExportAudit)?;
    let found = console.exports.get(&caller, &export);
    found.map(Json).ok_or_else(Problem::not_found)
}

/// Gives an export up, or throws away what was made.
#[utoipa::path(
    delete,
    path = "/api/v1/exports/{export}",
    tag = "audit",
    params(("export" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "it is given up, or gone"),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
    ),
)]
async fn cancel(
    State(console): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Path(export): Path<String>,
) -> Result<StatusCode, Problem> {
    checked_for_forgery(&caller, &headers, None)?;
    console.cancel_export(&caller, &export).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file of an export: a tar of the folder that `credence audit verify` verifies.
#[utoipa::path(
    get,
    path = "/api/v1/exports/{export}/file",
    tag = "audit",
    params(("export" = String, Path, description = "Its id")),
    responses(
        (status = 200, content_type = "application/x-tar", body = Vec<u8>),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "it is not made", body = Problem),
        (status = 503, description = "too many are being sent", body = Problem),
    ),
)]
async fn file(
    State(console): State<Shared>,
    caller: Caller,
    Path(export): Path<String>,
) -> Result<Response, Problem> {
    console.export_file(&caller, &export).await
}
