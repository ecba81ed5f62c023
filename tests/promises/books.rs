//! What the ledger says, read from the journal as an auditor would.

use std::collections::BTreeMap;
use std::path::Path;

use credence::contract::Body;
use credence::contract::Decision;
use credence::contract::Outcome;
use credence::contract::Request;
use credence::contract::Verdict;
use credence::ledger::Entry;
use credence::storage::JournalReader;

use crate::house::House;
use crate::house::PATIENCE;

/// All entries of the ledger in `data_dir`, in order.
pub(crate) fn entries(data_dir: &Path) -> Vec<Entry> {
    let stored = JournalReader::new(data_dir).entries(0);
    stored.map(|stored| stored.unwrap().entry).collect()
}

/// The decisions among `entries`.
pub(crate) fn decisions(entries: &[Entry]) -> Vec<(&Request, &Decision)> {
    let decision = |entry| match entry {
        &Entry {
            event:
                credence::contract::Event {
                    body:
                        Body::Decision {
                            ref request,
                            ref decision,
                        },
                    ..
                },
            ..
        } => Some((&**request, &**decision)),
        _ => None,
    };
    entries.iter().filter_map(decision).collect()
}

/// Their verdicts.
pub(crate) fn verdicts(entries: &[Entry]) -> Vec<Verdict> {
    let decisions = decisions(entries);
    decisions
        .iter()
        .map(|(_, decision)| decision.verdict)
        .collect()
}

/// Codes of the alerts.
pub(crate) fn alerts(entries: &[Entry]) -> Vec<&str> {
    let code = |entry| match entry {
        &Entry {
            event:
                credence::contract::Event {
                    body: Body::Alert { ref code, .. },
                    ..
                },
            ..
        } => Some(&**code),
        _ => None,
    };
    entries.iter().filter_map(code).collect()
}

/// What became of a transfer: all its closings together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) instances: u64,
    pub(crate) failed: u64,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) warned: u64,
    pub(crate) spooled: u64,
    pub(crate) bytes: u64,
    pub(crate) outcomes: Vec<Outcome>,
}

/// The closings of every transfer, added up.
pub(crate) fn closed(entries: &[Entry]) -> Closed {
    let mut all = Closed::default();
    for entry in entries {
        if let Body::TransferClosed {
            instances,
            failed,
            statuses,
            warned,
            spooled,
            bytes,
            outcome,
            is_final,
            ..
        } = &entry.event.body
        {
            all.instances += instances;
            all.failed += failed;
            for (status, instances) in statuses.iter() {
                *all.statuses.entry(status).or_default() += instances;
            }
            all.warned += warned;
            all.spooled += spooled;
            all.bytes += bytes;
            if *is_final {
                all.outcomes.push(*outcome);
            }
        }
    }
    all
}

impl House {
    /// The ledger so far.
    pub(crate) fn ledger(&self) -> Vec<Entry> {
        entries(&self.data_dir())
    }

    /// The ledger, once it is as `wanted`.
    pub(crate) async fn ledger_when(&self, wanted: impl Fn(&[Entry]) -> bool) -> Vec<Entry> {
        let started = tokio::time::Instant::now();
        loop {
            let entries = self.ledger();
            if wanted(&entries) {
                return entries;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "the ledger never came to that: {entries:#?}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The ledger, once so many transfers are closed.
    pub(crate) async fn ledger_closed(&self, transfers: usize) -> Vec<Entry> {
        self.ledger_when(|entries| closed(entries).outcomes.len() >= transfers)
            .await
    }
}
