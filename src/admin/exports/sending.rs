//! An export on its way to who asked for it: read from the disk as fast as they take it.

use std::io;
use std::io::BufWriter;
use std::io::Write;

use axum::body::Body;
use axum::body::Bytes;
use axum::http::HeaderName;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc;

use super::Stage;
use crate::admin::caller::Caller;
use crate::admin::console::Console;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::storage::Packing;

/// Bytes that are read and sent at a time.
const PIECE: usize = 64 * 1024;
/// Pieces that are read ahead of who takes them.
const PIECES_MAX: usize = 4;

/// Gives what is written to whoever reads the body.
struct Pipe(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        // Whoever read has gone.
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Console {
    /// The tar file of an export.
    ///
    /// # Errors
    /// When there is none, it is not made, or too many are being sent.
    pub(in crate::admin) async fn export_file(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<Response, Problem> {
        caller.may(Right::ExportAudit)?;
        let export = self.exports.get(caller, id);
        let export = export.ok_or_else(Problem::not_found)?;
        if export.identified {
            caller.may(Right::SeePatients)?;
        }
        if export.stage != Stage::Done {
            return Err(Problem::refused("it is not made"));
        }
        let busy = || Problem::unavailable("too many downloads at the same time");
        let seat = std::sync::Arc::clone(&self.exports.downloads);
        let seat = seat.try_acquire_owned().map_err(|_| busy())?;
        // Entry numbers tell exports apart, and the ledger says what each holds.
        let name = format!("audit-{}", export.entry.unwrap_or_default());
        let (folder, within) = (self.exports.path(id), name.clone());
        let packing = tokio::task::spawn_blocking(move || Packing::of(&folder, &within)).await;
        let packing = packing.map_err(|_| Problem::unavailable(""))?;
        let packing = packing.map_err(|error| {
            tracing::warn!(%error, "an export cannot be sent");
            Problem::unavailable("it cannot be read")
        })?;
        let headers: [(HeaderName, String); 3] = [
            (header::CONTENT_TYPE, "application/x-tar".to_owned()),
            (header::CONTENT_LENGTH, packing.bytes().to_string()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}.tar\""),
            ),
        ];
        Ok((headers, sending(packing, seat)).into_response())
    }
}

/// The body; what is read for it ends when nobody takes it any more.
fn sending(packing: Packing, seat: OwnedSemaphorePermit) -> Body {
    let (pipe, pieces) = mpsc::channel(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE, Pipe(pipe.clone()));
        let written = packing.write(&mut out);
        if let Err(error) = written {
            // The body then ends too early, which who reads it sees.
            let _ = pipe.blocking_send(Err(error));
        }
        drop(seat);
    });
    let next = |mut pieces: mpsc::Receiver<io::Result<Bytes>>| async move {
        let piece = pieces.recv().await?;
        Some((piece, pieces))
    };
    Body::from_stream(futures_util::stream::unfold(pieces, next))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt as _;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_body_is_the_whole_file_and_gives_its_seat_back() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), vec![7; 3 * PIECE]).unwrap();
        let packing = Packing::of(dir.path(), "x").unwrap();
        let bytes = packing.bytes();
        let seats = Arc::new(Semaphore::new(1));
        let seat = Arc::clone(&seats).try_acquire_owned().unwrap();
        let body = sending(packing.clone(), seat);
        let whole = body.collect().await.unwrap().to_bytes();
        assert_eq!(whole.len() as u64, bytes);
        // Who goes away does not hold it.
        let seat = seats.clone().acquire_owned().await.unwrap();
        drop(sending(packing, seat));
        drop(seats.acquire().await.unwrap());
    }
}
