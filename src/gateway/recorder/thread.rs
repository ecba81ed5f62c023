//! Starting the writer on a thread of its own, and its end.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::sync::watch;

use super::Recorder;
use super::books::Books;
use super::books::StartError;
use super::writer::Writer;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::meters::Meters;
use crate::storage;

/// The thread of the one writer.
#[derive(Debug)]
pub(in crate::gateway) struct WriterThread {
    /// `Some` when it has ended: whether well.
    ended: watch::Receiver<Option<bool>>,
}

impl WriterThread {
    /// Resolves when the thread has ended.
    pub(in crate::gateway) async fn ended(&mut self) {
        let _ = self.ended.wait_for(Option::is_some).await;
    }

    /// Waits for its end; `Err` when it did not end well.
    pub(in crate::gateway) async fn join(&mut self) -> Result<(), ()> {
        match self.ended.wait_for(Option::is_some).await {
            Ok(ended) if *ended == Some(true) => Ok(()),
            Ok(_) | Err(_) => Err(()),
        }
    }
}

/// What the ledger is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum For {
    /// A gateway that serves.
    Serving,
    /// One change; nothing is announced.
    Editing,
    /// A question: nothing is written, and there must be a ledger.
    Asking,
}

/// Opens the ledger of `config` and starts its writer. The policies of the configuration are
/// put in force if there are none.
///
/// # Errors
/// When the folder is in use, its ledger does not verify, or the policies do not parse.
pub(in crate::gateway) fn start(
    config: &Config,
    clock: Clock,
    purpose: For,
) -> Result<(Recorder, WriterThread), StartError> {
    let data_dir = &config.gateway.data_dir;
    if purpose == For::Asking && !storage::has_ledger(data_dir) {
        return Err(StartError::NoLedger(data_dir.clone()));
    }
    let books = Books::open(config, clock)?;
    let journal = books.reader();
    let log = Arc::new(books.log()?);
    let (asks, receiver) = mpsc::channel(config.limits.recorder_queue_max);
    let mut writer = Writer::new(books, clock, receiver, config.retention.clone());
    let has_room = writer.has_room();
    let interrupted = match purpose {
        For::Serving | For::Editing => writer.close_interrupted()?,
        For::Asking => 0,
    };
    if interrupted > 0 {
        tracing::warn!(
            interrupted,
            "transfers that were open at the last end are closed as interrupted"
        );
    }
    match purpose {
        For::Serving => writer.begin(config)?,
        For::Editing => writer.found(config)?,
        For::Asking => {}
    }
    let (said, ended) = watch::channel(None);
    std::thread::Builder::new()
        .name("recorder".to_owned())
        .spawn(move || {
            let result = writer.run();
            if let Err(error) = &result {
                tracing::error!(%error, "the ledger cannot be written any more");
            }
            said.send_replace(Some(result.is_ok()));
        })
        .map_err(StartError::Thread)?;
    let recorder = Recorder {
        asks,
        has_room,
        journal,
        log,
        clock,
        meters: Arc::new(Meters::new(config)),
    };
    Ok((recorder, WriterThread { ended }))
}
