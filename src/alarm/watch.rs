//! Follows the ledger for what is an alert only when it comes often: bursts of denials. From the start of the gateway
//! on, beside those who move images.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::sync::watch;

use super::bursts;
use super::bursts::Bursts;
use super::damage;
use crate::contract::Body;
use crate::gateway::Recorder;
use crate::storage::FollowError;
use crate::storage::Following;
use crate::storage::Stored;
use crate::storage::Told;

/// Entries that are read at a time.
const ENTRIES_MAX: usize = 10_000;

/// Whoever follows.
pub(super) struct Watch {
    pub(super) following: Following,
    pub(super) bursts: Bursts,
    pub(super) interval: Duration,
    pub(super) recorder: Recorder,
}

/// What came of a look.
struct Seen {
    bursts: Bursts,
    place: Option<Told>,
    alerts: Vec<(&'static str, String)>,
    more: bool,
}

impl Watch {
    /// Follows until `stopped`.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            () = self.follow() => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    async fn follow(self) {
        let (mut bursts, mut place) = (self.bursts, None);
        loop {
            let following = self.following.clone();
            let look = tokio::task::spawn_blocking(move || look(&following, bursts, place));
            let Ok(seen) = look.await else {
                tracing::error!("bursts of denials are not looked for any more");
                return;
            };
            (bursts, place) = (seen.bursts, seen.place);
            for (code, text) in seen.alerts {
                tracing::warn!(code, "{text}");
                self.recorder.alert(code, text).await;
            }
            if !seen.more {
                tokio::time::sleep(self.interval).await;
            }
        }
    }
}

/// Reads on from `place`, or finds the end; blocks on the disk.
fn look(following: &Following, mut bursts: Bursts, place: Option<Told>) -> Seen {
    let mut alerts = Vec::new();
    let (place, more) = match read(following, &mut bursts, place, &mut alerts) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "the ledger cannot be followed");
            alerts.extend(damage(&error));
            // From its end on, then.
            (None, false)
        }
    };
    Seen {
        bursts,
        place,
        alerts,
        more,
    }
}

fn read(
    following: &Following,
    bursts: &mut Bursts,
    place: Option<Told>,
    alerts: &mut Vec<(&'static str, String)>,
) -> Result<(Option<Told>, bool), FollowError> {
    let size = following.size()?;
    let Some(told) = place else {
        return Ok((Some(following.end(size)?), false));
    };
    if told.next >= size {
        return Ok((place, false));
    }
    let mut entries = 0_usize;
    let take = |stored: Stored| {
        if let Body::Decision { request, decision } = &stored.entry.event.body
            && let Some(who) = bursts::denied(request, decision)
            && let Some(text) = bursts.count(who, stored.entry.ledger_time)
        {
            alerts.push(("denied-burst", text));
        }
        entries = entries.saturating_add(1);
        match entries >= ENTRIES_MAX {
            true => Ok::<_, FollowError>(ControlFlow::Break(())),
            false => Ok(ControlFlow::Continue(())),
        }
    };
    let place = following.each(told, size, take)?;
    let more = place.is_some_and(|place| place.next < size);
    Ok((place, more))
}
