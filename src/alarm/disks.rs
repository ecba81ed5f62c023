//! Whether there is room on the disks that the gateway lives on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use tokio::sync::watch;

use crate::gateway::Recorder;
use crate::storage;
use crate::storage::Cursor;

/// There is room again once so much more than the limit is free, in percent of it: a disk about at its limit is
/// told of once.
const AGAIN_PERCENT: u64 = 10;

/// Which disks were low when it was looked last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Low(BTreeMap<String, bool>);

impl Low {
    /// What people are to be told, now that `what` has so many bytes free.
    fn news(&mut self, what: &str, free: u64, limit: u64) -> Option<(&'static str, String)> {
        let was_low = self.0.get(what).copied().unwrap_or(false);
        let again = limit.saturating_add(limit / 100 * AGAIN_PERCENT);
        let is_low = free < if was_low { again } else { limit };
        self.0.insert(what.to_owned(), is_low);
        let (free, limit) = (gib(free), gib(limit));
        match (was_low, is_low) {
            (false, true) => Some((
                "disk-low",
                format!("disk of {what}: {free} are free, less than {limit}"),
            )),
            (true, false) => Some((
                "disk-enough",
                format!("disk of {what}: {free} are free again"),
            )),
            (true, true) | (false, false) => None,
        }
    }
}

/// In GiB, with one digit behind the point, cut off.
fn gib(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10) >> 30;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

/// Whoever looks.
pub(super) struct Disks {
    /// What lies there, and where.
    pub(super) folders: [(&'static str, PathBuf); 2],
    pub(super) free_bytes_min: u64,
    pub(super) interval: std::time::Duration,
    pub(super) cursor: Cursor,
    pub(super) recorder: Recorder,
}

impl Disks {
    /// Looks until `stopped`.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            () = self.look_on() => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    async fn look_on(&self) {
        let mut low = self.known().await;
        loop {
            for (code, text) in self.look(&mut low).await {
                tracing::warn!(code, "{text}");
                self.recorder.alert(code, text).await;
            }
            tokio::time::sleep(self.interval).await;
        }
    }

    /// What was low before the gateway was started: that it is not any more is told too.
    async fn known(&self) -> Low {
        let cursor = self.cursor.clone();
        let read = tokio::task::spawn_blocking(move || cursor.read()).await;
        match read {
            Ok(Ok(low)) => low.unwrap_or_default(),
            Ok(Err(error)) => {
                tracing::warn!(%error, "which disks were low is not known");
                Low::default()
            }
            Err(_) => Low::default(),
        }
    }

    async fn look(&self, low: &mut Low) -> Vec<(&'static str, String)> {
        let folders = self.folders.clone();
        let look = move || folders.map(|(what, dir)| (what, storage::free_bytes(&dir)));
        let Ok(found) = tokio::task::spawn_blocking(look).await else {
            return Vec::new();
        };
        let mut news = Vec::new();
        for (what, free) in found {
            match free {
                Ok(free) => news.extend(low.news(what, free, self.free_bytes_min)),
                Err(error) => tracing::warn!(%error, "how much is free for {what} is not known"),
            }
        }
        if !news.is_empty() {
            let (cursor, low) = (self.cursor.clone(), low.clone());
            let written = tokio::task::spawn_blocking(move || cursor.write(&low)).await;
            if let Ok(Err(error)) = written {
                tracing::warn!(%error, "which disks are low is not kept");
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn a_disk_is_told_of_when_it_is_low_and_when_there_is_clearly_room_again() {
        let mut low = Low::default();
        for (free, told) in [
            (20 * GIB, None),
            (10 * GIB, None),
            (10 * GIB - 1, Some("disk-low")),
            (GIB, None),
            (10 * GIB, None),
            (11 * GIB - GIB / 5, None),
            (11 * GIB, Some("disk-enough")),
            (10 * GIB, None),
            (0, Some("disk-low")),
        ] {
            let news = low.news("the spool", free, 10 * GIB);
            assert_eq!(news.map(|(code, _)| code), told, "{free}");
        }
    }

    #[test]
    fn each_disk_is_one_and_both_texts_are_about_it() {
        let mut low = Low::default();
        let (_, told) = low.news("the spool", GIB + GIB / 2, 2 * GIB).unwrap();
        assert_eq!(
            told,
            "disk of the spool: 1.5 GiB are free, less than 2.0 GiB"
        );
        assert_eq!(low.news("the data folder", 3 * GIB, 2 * GIB), None);
        let (_, told) = low.news("the spool", 3 * GIB, 2 * GIB).unwrap();
        assert_eq!(told, "disk of the spool: 3.0 GiB are free again");
    }

    #[test]
    fn without_a_limit_nothing_is_low() {
        assert_eq!(Low::default().news("the spool", 0, 0), None);
    }
}
