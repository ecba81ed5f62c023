//! Ctrl-C, and SIGTERM, while something long is written.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::audit::Stop;

/// From here on either signal sets what it returns, and ends the program no more.
///
/// # Errors
/// When signals cannot be listened for.
pub(super) fn stop_on_signal() -> io::Result<Stop> {
    let stop = Stop::default();
    let set = stop.clone();
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    drop(entered);
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => set.set(),
                _ = terminate.recv() => set.set(),
            }
        });
    });
    Ok(stop)
}
