//! Consents, listed. There may be a million of them, and the contract's state is looked at between two batches of
//! decisions: so it is looked at in steps.

use super::Answer;
use super::listed::ListedConsent;
use crate::contract::ConsentId;
use crate::contract::Pseudonym;
use crate::gateway::RecordError;
use crate::gateway::Recorder;

/// Consents that are looked at between two batches: about a millisecond.
const STEP: usize = 5_000;

/// Where the state has a consent.
type Place = (Pseudonym, ConsentId);

/// All that stand, in the order in which they were recorded.
pub(super) async fn all(recorder: &Recorder) -> Result<Answer, RecordError> {
    let places = places(recorder).await?;
    let consents = at(recorder, &places).await?;
    Ok(Answer::Consents { consents })
}

/// Those that stand after the first `after`, at most `limit`, in the order in which they were recorded; and whether
/// there are more.
pub(super) async fn part(
    recorder: &Recorder,
    after: usize,
    limit: usize,
) -> Result<(Vec<ListedConsent>, bool), RecordError> {
    let places = places(recorder).await?;
    let rest = places.get(after..).unwrap_or_default();
    let part = rest.get(..limit).unwrap_or(rest);
    Ok((at(recorder, part).await?, rest.len() > part.len()))
}

async fn places(recorder: &Recorder) -> Result<Vec<Place>, RecordError> {
    let mut places: Vec<Place> = Vec::new();
    loop {
        let last = places.last().copied();
        let step = recorder.view(move |state, _| {
            let next = state.consents_after(last).take(STEP);
            let next = next.map(|(id, consent)| (consent.patient, id));
            next.collect::<Vec<Place>>()
        });
        let step = step.await?;
        let is_last = step.len() < STEP;
        places.extend(step);
        if is_last {
            break;
        }
    }
    places.sort_unstable_by_key(|(_, id)| *id);
    Ok(places)
}

/// What stands there. What was revoked meanwhile is left out.
async fn at(recorder: &Recorder, places: &[Place]) -> Result<Vec<ListedConsent>, RecordError> {
    let mut consents = Vec::new();
    for step in places.chunks(STEP) {
        let step = step.to_vec();
        let found = recorder.view(move |state, _| {
            let found = step.into_iter().filter_map(|(patient, consent)| {
                let mut theirs = state.consents_of(patient);
                let (_, terms) = theirs.find(|(id, _)| *id == consent)?;
                let terms = terms.clone();
                Some(ListedConsent { consent, terms })
            });
            found.collect::<Vec<ListedConsent>>()
        });
        consents.extend(found.await?);
    }
    Ok(consents)
}
