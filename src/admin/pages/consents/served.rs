//! Whom the desk serves, and what the contract knows of them.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use maud::Markup;
use maud::html;

use crate::admin::caller::Caller;
use crate::admin::console::Console;
use crate::admin::pages::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::sessions::Served as Chosen;
use crate::audit::Identity;
use crate::contract::Guardian;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedConsent;
use crate::gateway::control::PatientName;
use crate::storage::Facet;
use crate::time::Day;
use crate::time::UtcMicros;

/// Entries about a patient, the newest, among which revocations are looked for.
const LOOKED_MAX: usize = 1_000;
/// Pseudonyms whose entries are looked at: as many as a person may have.
const PSEUDONYMS_MAX: usize = 32;

/// The field of forms that tells for which patient they were opened.
const TURN: &str = "turn";

/// A revocation that somebody has not answered.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// Its entry.
    pub(super) revocation: u64,
    /// When it was said.
    pub(super) day: Day,
    /// Who has not answered.
    pub(super) institutions: BTreeSet<InstitutionSlug>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Served {
    /// As the desk named them.
    pub(super) patient: PatientName,
    /// What forms about them show.
    pub(super) turn: u64,
    /// How many Patient IDs they have; none: the gateway has not met them.
    pub(super) ids: usize,
    /// What they agreed and objected to.
    pub(super) consents: Vec<ListedConsent>,
    /// Who may speak for them now.
    pub(super) guardian: Option<Guardian>,
    /// Who that is, where it can still be told.
    pub(super) guardian_name: Option<String>,
    /// Who is still to answer.
    pub(super) waiting: Vec<Waiting>,
    /// Their standing today, 0 to 1000.
    pub(super) standing: Option<u16>,
    /// The ledger's time.
    pub(super) now: UtcMicros,
}

/// Whom the session serves.
pub(super) fn patient(frame: &Frame, headers: &HeaderMap) -> Option<Chosen> {
    let console = &frame.console;
    let cookie = console.session_cookie(headers)?;
    console.sessions.served(&cookie)
}

/// The same, for what a form says of them.
///
/// # Errors
/// When the form was opened for another patient, in another window.
pub(super) fn still<T>(posted: &Posted<T>, headers: &HeaderMap) -> Result<Option<Chosen>, Problem> {
    let frame = &posted.frame;
    let Some(chosen) = patient(frame, headers) else {
        return Ok(None);
    };
    match posted.all(TURN).next() == Some(chosen.turn.to_string().as_str()) {
        true => Ok(Some(chosen)),
        false => Err(Problem::refused(frame.words.say("consents-other-patient"))),
    }
}

/// What a form about the patient has in it.
pub(super) fn turn(turn: u64) -> Markup {
    html! { input type="hidden" name=(TURN) value=(turn); }
}

/// Whom the page is about.
pub(super) fn about(frame: &Frame, patient: &PatientName) -> Markup {
    let words = frame.words;
    html! {
        dl class="facts" {
            dt { (words.say("field-patient-id")) } dd { strong { (patient.id) } }
            @if !patient.issuer.is_empty() {
                dt { (words.say("field-patient-issuer")) } dd { (patient.issuer) }
            }
        }
    }
}

/// What the contract holds beside consents.
struct Known {
    guardian: Option<Guardian>,
    waiting: Vec<Waiting>,
    standing: Option<u16>,
    now: UtcMicros,
}

impl Served {
    /// What is known of a patient. That `caller` is shown it is recorded first.
    ///
    /// # Errors
    /// When the look is not recorded, or the gateway cannot now.
    pub(super) async fn look(
        console: &Console,
        caller: &Caller,
        chosen: Chosen,
    ) -> Result<Self, Problem> {
        let Chosen { patient, turn } = chosen;
        let command = Command::Consents {
            patient: Some(patient.clone()),
        };
        let Answer::Consents { consents } = console.answer(caller, command).await? else {
            return Err(Problem::unavailable(""));
        };
        let pseudonyms = console.known_as(&patient).await?;
        let ids = pseudonyms.len();
        let known = known(console, pseudonyms).await?;
        let guardian_name = match known.guardian {
            Some(guardian) => named_in(console, guardian.entry).await?,
            None => None,
        };
        Ok(Self {
            patient,
            turn,
            ids,
            consents,
            guardian: known.guardian,
            guardian_name,
            waiting: known.waiting,
            standing: known.standing,
            now: known.now,
        })
    }
}

async fn known(console: &Console, pseudonyms: BTreeSet<Pseudonym>) -> Result<Known, Problem> {
    let recorder = console.recorder.clone();
    let theirs: Vec<Pseudonym> = pseudonyms.iter().take(PSEUDONYMS_MAX).copied().collect();
    let about = tokio::task::spawn_blocking(move || {
        let found = theirs.into_iter().map(|one| {
            // While the index is being built, nobody is waited for; the page is shown all the same.
            let found = recorder.find(&Facet::Patient(one), 0..u64::MAX, LOOKED_MAX);
            found.unwrap_or_default()
        });
        found.flatten().collect::<BTreeSet<u64>>()
    });
    let about = about.await.map_err(|_| Problem::unavailable(""))?;
    let first = pseudonyms.first().copied();
    let looked = console.recorder.view(move |state, now| {
        let waiting = about.into_iter().filter_map(|revocation| {
            let (day, institutions) = state.revocation(revocation)?;
            Some(Waiting {
                revocation,
                day,
                institutions: institutions.clone(),
            })
        });
        Known {
            guardian: first.and_then(|one| state.guardian_of(one, now)),
            waiting: waiting.collect(),
            standing: first.map(|one| state.standing_of(one, now.day())),
            now,
        }
    });
    looked
        .await
        .map_err(|error| Problem::unavailable(error.to_string()))
}

/// Who is named in the sealed details of an entry.
async fn named_in(console: &Console, entry: u64) -> Result<Option<String>, Problem> {
    let unsealed = console.recorder.unseal(entry).await;
    let unsealed = unsealed.map_err(|error| Problem::unavailable(error.to_string()))?;
    let identity = unsealed.and_then(|(_, text)| serde_json::from_slice::<Identity>(&text).ok());
    Ok(identity.and_then(|identity| identity.guardian))
}
