//! The socket in the data folder: the same API, for whoever may open it. The command line comes by it.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Method;
use hyper::Request;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header;
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;
use tokio::net::UnixStream;

use super::api::COMMANDS;
use super::problem::Problem;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;

/// Bytes in the longest command and answer.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Where the socket lies in the data folder.
const SOCKET_NAME: &str = "control.sock";

/// A data folder whose socket can be named in the 107 bytes that a socket's address has, however
/// long the folder's own path is.
struct Reachable(File);

impl Reachable {
    fn open(data_dir: &Path) -> io::Result<Self> {
        File::open(data_dir).map(Self)
    }

    fn socket(&self) -> PathBuf {
        Path::new("/proc/self/fd")
            .join(self.0.as_raw_fd().to_string())
            .join(SOCKET_NAME)
    }
}

/// The socket, while it lies there.
#[derive(Debug)]
pub(super) struct Lying(PathBuf);

impl Drop for Lying {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Opens the socket, readable and writable by its owner alone.
pub(super) fn listen(data_dir: &Path) -> io::Result<(UnixListener, Lying)> {
    let path = data_dir.join(SOCKET_NAME);
    // The folder is locked by us: a socket that lies there was left by a gateway that is gone.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let folder = Reachable::open(data_dir)?;
    let listener = UnixListener::bind(folder.socket())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok((listener, Lying(path)))
}

async fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    let folder = Reachable::open(data_dir)?;
    UnixStream::connect(folder.socket()).await
}

/// Sends one command to the gateway that runs on `data_dir`; `None` when none does.
///
/// # Errors
/// When the socket is there but does not answer.
pub async fn send(data_dir: &Path, command: &Command) -> io::Result<Option<Answer>> {
    let stream = match connect(data_dir).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri(COMMANDS)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(serde_json::to_vec(command)?)))
        .map_err(io::Error::other)?;
    let answered = sender.send_request(request).await;
    let answered = answered.map_err(io::Error::other)?;
    let status = answered.status();
    let body = Limited::new(answered.into_body(), BODY_BYTES_MAX);
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    connection.abort();
    if status == StatusCode::OK {
        return Ok(Some(serde_json::from_slice(&body)?));
    }
    let problem: Problem = serde_json::from_slice(&body)?;
    Ok(Some(Answer::Refused {
        reason: problem.detail.unwrap_or(problem.title),
    }))
}
