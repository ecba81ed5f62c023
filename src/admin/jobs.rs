//! Work that takes long: on a thread of its own that gives way to all others, so that nobody who moves images waits
//! for it.

use std::thread;

use tokio::sync::oneshot;

/// How much less a thread weighs than others: the most that there is.
const NICE: i32 = 19;

/// Does `work` on such a thread.
///
/// # Errors
/// Why it has no end: there is no thread, or it panicked.
pub(super) async fn apart<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (tell, told) = oneshot::channel();
    let begun = thread::Builder::new().name(name.to_owned()).spawn(move || {
        // Of this thread alone (nice(2), Linux).
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::debug!(%error, name, "a thread does not give way");
        }
        let _ = tell.send(work());
    });
    begun.map_err(|error| format!("no thread for it: {error}"))?;
    told.await.map_err(|_| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_and_its_thread_alone_gives_way() {
        let own = rustix::process::nice(0).unwrap();
        let there = apart("test", || rustix::process::nice(0).unwrap()).await;
        assert_eq!(there, Ok(NICE));
        assert_eq!(rustix::process::nice(0).unwrap(), own);
    }

    #[tokio::test]
    async fn a_panic_is_an_end_too() {
        let ended: Result<(), String> = apart("test", || panic!("on purpose")).await;
        assert_eq!(ended, Err("it panicked".to_owned()));
    }
}
