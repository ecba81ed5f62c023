//! What one who asks may cost.

use std::time::Duration;

use credence::ledger::WITNESS_REQUEST_BYTES_MAX;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::partner::PATIENCE;
use crate::partner::Partner;
use crate::wire;

/// Sends `bytes` and nothing more; how long until the other side ends it, and what it says.
async fn abandoned(port: u16, bytes: &[u8]) -> (Duration, Option<wire::Back>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let started = Instant::now();
    let back = tokio::time::timeout(PATIENCE, wire::read(&mut stream)).await;
    (started.elapsed(), back.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused_and_the_next_request_is_answered() {
    let (anna, lake) = (Partner::new("st-anna"), Partner::new("lakeside"));
    let other = lake.start(&anna.row(anna.port)).await;
    for body in [
        "",
        "garbage",
        "old 0\n",
        "old 0\n\n",
        "old 0\n\nst-anna/credence\n",
    ] {
        let back = wire::add_checkpoint(lake.port, body).await;
        assert_eq!(back.status, 400, "{body:?}");
    }
    let hashes = format!("old 1\n{}", format!("{}=\n", "A".repeat(43)).repeat(64));
    let back = wire::add_checkpoint(lake.port, &format!("{hashes}\na\n1\n")).await;
    assert_eq!(back.status, 400);
    assert!(back.body.contains("at most 63"), "{back:?}");
    for path in ["/", "/checkpoint", "/x/checkpoint", "/../etc/passwd"] {
        assert_eq!(wire::get(lake.port, path).await.status, 404, "{path}");
    }
    assert_eq!(wire::get(lake.port, "/add-checkpoint").await.status, 405);
    let binary = wire::send(lake.port, &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]).await;
    assert!(binary.is_none_or(|back| back.status == 400));
    let up = anna.start(&lake.row(lake.port)).await;
    anna.cosigned_from(1, &lake).await;
    up.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_not_read() {
    let lake = Partner::new("lakeside");
    let other = lake.start("").await;
    let announced = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: {}\r\n\r\n",
        WITNESS_REQUEST_BYTES_MAX + 1
    );
    let (took, back) = abandoned(lake.port, announced.as_bytes()).await;
    assert_eq!(back.unwrap().status, 413);
    assert!(took < Duration::from_secs(5), "{took:?}");
    let mut chunked = b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\n\
        transfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..20 {
        chunked.extend_from_slice(b"1000\r\n");
        chunked.extend_from_slice(&[b'x'; 4096]);
        chunked.extend_from_slice(b"\r\n");
    }
    let back = wire::send(lake.port, &chunked).await;
    assert!(back.is_none_or(|back| back.status == 413));
    let header = format!("x-{}: y\r\n", "a".repeat(40_000));
    let long = format!("GET / HTTP/1.1\r\nhost: w\r\n{header}\r\n");
    let back = wire::send(lake.port, long.as_bytes()).await;
    assert!(back.is_none_or(|back| back.status == 431));
    let many = "x: y\r\n".repeat(200);
    let many = format!("GET / HTTP/1.1\r\nhost: w\r\n{many}\r\n");
    let back = wire::send(lake.port, many.as_bytes()).await;
    assert!(back.is_none_or(|back| back.status == 431));
    assert_eq!(wire::get(lake.port, "/").await.status, 404);
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_or_silent_is_cut_off() {
    let lake = Partner::new("lakeside");
    let other = lake.start_with("request_s = 1", "").await;
    let whole = "GET / HTTP/1.1\r\nhost: w\r\n\r\n";
    for begun in ["", "POST /add-ch", whole] {
        let (took, _) = abandoned(lake.port, begun.as_bytes()).await;
        assert!(took < Duration::from_secs(5), "{begun:?} {took:?}");
    }
    let body = "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 500\r\n\r\nold 0\n";
    let (took, back) = abandoned(lake.port, body.as_bytes()).await;
    assert_eq!(back.unwrap().status, 408);
    assert!(took < Duration::from_secs(5), "{took:?}");
    // One who sends a byte now and then is slow, too.
    let mut stream = TcpStream::connect(("127.0.0.1", lake.port)).await.unwrap();
    let started = Instant::now();
    for byte in body.bytes().chain(std::iter::repeat_n(b'x', 500)) {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(20));
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_closed_at_once() {
    let lake = Partner::new("lakeside");
    let other = lake.start_with("connections_max = 3", "").await;
    let mut seated = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(("127.0.0.1", lake.port)).await.unwrap();
        let get = b"GET / HTTP/1.1\r\nhost: w\r\n\r\n";
        stream.write_all(get).await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
        seated.push(stream);
    }
    let (took, back) = {
        let mut stream = TcpStream::connect(("127.0.0.1", lake.port)).await.unwrap();
        let started = Instant::now();
        let back = tokio::time::timeout(PATIENCE, wire::read(&mut stream)).await;
        (started.elapsed(), back.unwrap())
    };
    assert_eq!(back, None);
    assert!(took < Duration::from_secs(5), "{took:?}");
    seated.pop();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(wire::get(lake.port, "/").await.status, 404);
    other.stop().await;
}
