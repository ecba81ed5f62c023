//! HTTP by hand, to say what an honest asker would not, and to answer what an honest witness would
//! not.

use std::sync::Arc;
use std::sync::Mutex;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What came back: status, content type, body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Back {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: String,
}

/// Sends bytes to a port, and reads until the other side closes.
pub(crate) async fn send(port: u16, bytes: &[u8]) -> Option<Back> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // It may answer, and close, before all is sent.
    let _ = stream.write_all(bytes).await;
    read(&mut stream).await
}

/// Reads an answer to its end; `None` when the connection ends without one.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<Back> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        bytes.extend_from_slice(&chunk[..count]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let kind = head
        .lines()
        .find_map(|line| line.strip_prefix("content-type: "));
    Some(Back {
        status,
        kind: kind.unwrap_or_default().to_owned(),
        body: body.to_owned(),
    })
}

/// `POST /add-checkpoint`
pub(crate) async fn add_checkpoint(port: u16, body: &str) -> Back {
    let length = body.len();
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n"
    );
    send(port, (head + body).as_bytes()).await.unwrap()
}

/// `GET`
pub(crate) async fn get(port: u16, path: &str) -> Back {
    let head = format!("GET {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n");
    send(port, head.as_bytes()).await.unwrap()
}

/// Somebody who answers on a port whatever it is told to: status line, content type and body for a
/// POST, and the same for a GET.
pub(crate) struct Impostor {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What an impostor says.
#[derive(Clone)]
pub(crate) struct Says {
    pub(crate) status: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) body: String,
}

impl Says {
    pub(crate) fn new(status: &'static str, kind: &'static str, body: &str) -> Self {
        let body = body.to_owned();
        Self { status, kind, body }
    }
}

impl Impostor {
    pub(crate) async fn start(post: Says, get: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = vec![0; 100_000];
                let mut length = 0;
                // A request of ours is small; its body ends with a signature line.
                while let Ok(count @ 1..) = stream.read(&mut bytes[length..]).await {
                    length += count;
                    let text = String::from_utf8_lossy(&bytes[..length]);
                    let head_ended = text.contains("\r\n\r\n");
                    if head_ended && (text.starts_with("GET") || text.ends_with("=\n")) {
                        break;
                    }
                }
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let says = if text.starts_with("GET") { &get } else { &post };
                hears.lock().unwrap().push(text);
                let answer = format!(
                    "HTTP/1.1 {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
                     connection: close\r\n\r\n{}",
                    says.status,
                    says.kind,
                    says.body.len(),
                    says.body
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { port, heard, task }
    }

    /// The requests so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}
