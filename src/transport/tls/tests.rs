//! Associations by TLS between two ends of ours: bytes in both directions, waits that are given up,
//! handshakes that fail.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::*;
use crate::association::AssociateAc;
use crate::association::AssociateRq;
use crate::association::ContextReply;
use crate::association::ContextResult;
use crate::association::ProposedContext;
use crate::association::UserInformation;
use crate::certificate::Authority;
use crate::clock::Clock;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::transport::ConnectError;
use crate::transport::Driven;
use crate::transport::Indication;
use crate::transport::Limits;
use crate::transport::Link;
use crate::transport::Requested;

const LIMITS: Limits = Limits {
    associate_bytes_max: 65_536,
    pdu_bytes_max: 131_072,
    command_bytes_max: 65_536,
    artim: Duration::from_secs(20),
};
const WAIT: Duration = Duration::from_secs(20);

/// A folder with an authority, and a gateway's certificate.
fn house() -> (TempDir, Security) {
    let folder = tempfile::tempdir().unwrap();
    let today = Clock::new().now().day();
    let authority = Authority::new("own", today, 10).unwrap();
    let names = [CertificateName::Ip([127, 0, 0, 1].into())];
    let issued = authority.issue("gateway", &names, today, 10).unwrap();
    std::fs::write(folder.path().join("ca.pem"), &authority.certificate().pem).unwrap();
    std::fs::write(folder.path().join("gw.pem"), &issued.pem).unwrap();
    write_key(&folder.path().join("gw.key"), &issued.key_pem);
    let security = Security::load(&config(folder.path(), "")).unwrap().unwrap();
    (folder, security)
}

fn write_key(path: &Path, pem: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, pem).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn config(folder: &Path, peer: &str) -> Config {
    let text = format!(
        r#"
gateway = {{ institution = "own" }}
ae = [{{ title = "CREDENCE", purpose = "TREATMENT" }}]
listener = [{{ address = "127.0.0.1:2762", tls = true }}]
institution = [{{ slug = "own", name = "Own" }}]
[tls]
certificate = "gw.pem"
key = "gw.key"
authorities = ["ca.pem"]
[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "own"
addresses = ["127.0.0.1"]
connect = "127.0.0.1:104"
tls = true
{peer}
"#
    );
    Config::parse(&text, folder).unwrap()
}

fn towards(security: &Security) -> Towards {
    let peer = security.config.peer("pacs").unwrap();
    Security::towards(Some(security), peer).unwrap().unwrap()
}

async fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn request() -> AssociateRq {
    let context = ProposedContext {
        id: 1,
        abstract_syntax: "1.2.840.10008.1.1".parse().unwrap(),
        transfer_syntaxes: vec!["1.2.840.10008.1.2".parse().unwrap()],
    };
    let user = UserInformation::ours(LIMITS.pdu_bytes_max);
    AssociateRq::new(
        "PACS".parse().unwrap(),
        "WE".parse().unwrap(),
        vec![context],
        user,
    )
}

/// Two ends of one association by TLS.
async fn associated(security: &Security) -> (Link, Link) {
    let (listener, address) = listening().await;
    let acceptor = security.acceptor(ClientCertificate::Required).unwrap();
    let accepting = async {
        let (stream, from) = listener.accept().await.unwrap();
        let mut link = Link::accept_tls(stream, from, LIMITS, acceptor)
            .await
            .unwrap();
        let Indication::Requested(rq) = link.next().await.unwrap() else {
            panic!("no request");
        };
        let ac = AssociateAc {
            called: rq.called.clone(),
            calling: rq.calling.clone(),
            contexts: vec![ContextResult {
                id: 1,
                result: ContextReply::Accepted("1.2.840.10008.1.2".parse().unwrap()),
            }],
            user: UserInformation::ours(LIMITS.pdu_bytes_max),
        };
        link.answer(&ac, rq.user.max_length, LIMITS.pdu_bytes_max)
            .unwrap();
        link.flush().await.unwrap();
        link
    };
    let tls = Some(towards(security));
    let rq = request();
    let requesting = Link::connect(address, tls, &rq, LIMITS, LIMITS.pdu_bytes_max, WAIT);
    let (accepted, requested) = tokio::join!(accepting, requesting);
    let Requested { link, .. } = requested.unwrap();
    (link, accepted)
}

/// Numbers that look random, from a seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let step = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    });
    step.take(length).collect()
}

fn command() -> CommandSet {
    let mut command = CommandSet::new(CommandField::CStoreRq);
    command.set_has_data_set(true);
    command
}

/// Sends `bytes` as the data set of one message, in pieces of many sizes, all even (PS3.8 Annex E); every
/// wait may be given up.
async fn send(link: &mut Link, bytes: &[u8], patience: Duration) {
    link.queue_command(1, &command());
    let mut left = Bytes::copy_from_slice(bytes);
    let mut size = 2;
    while !left.is_empty() {
        let piece = left.split_to(left.len().min(size));
        size = (size * 3 % 300_007 + 2) & !1;
        let is_last = left.is_empty();
        link.queue_data(1, piece, is_last);
        link.write_now();
        while link.queued_bytes() > 1 << 20 {
            // Given up in the middle of a write as often as not.
            flushed(link, patience).await;
        }
    }
    while !flushed(link, patience).await {}
}

/// Whether all is written, after waiting for a while.
async fn flushed(link: &mut Link, patience: Duration) -> bool {
    match tokio::time::timeout(patience, link.drive()).await {
        Ok(Ok(Driven::Flushed)) => true,
        Err(_) => false,
        Ok(other) => panic!("{other:?}"),
    }
}

async fn receive(link: &mut Link, patience: Duration) -> Vec<u8> {
    let mut got = Vec::new();
    loop {
        let next = tokio::time::timeout(patience, link.next()).await;
        match next {
            Err(_) => {}
            Ok(Ok(Indication::Command { .. })) => {}
            Ok(Ok(Indication::Data { data, is_last, .. })) => {
                got.extend_from_slice(&data);
                if is_last {
                    return got;
                }
            }
            Ok(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn both_ends_show_their_certificates_and_the_channel_says_so() {
    let (_folder, security) = house();
    let (requestor, acceptor) = associated(&security).await;
    for link in [&requestor, &acceptor] {
        let channel = link.channel();
        assert!(channel.tls);
        let shown = channel.certificate.as_ref().unwrap();
        assert_eq!(shown.about.subject, "CN=gateway");
        assert!(security.now().believes(&"own".parse().unwrap(), shown));
        assert!(!security.now().believes(&"other".parse().unwrap(), shown));
    }
    let released = tokio::spawn(requestor.release());
    let mut acceptor = acceptor;
    let ended = acceptor.next().await.unwrap();
    assert!(matches!(ended, Indication::ReleaseRequested));
    acceptor.confirm_release().await;
    released.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_arrive_whole_however_often_a_wait_is_given_up() {
    let (_folder, security) = house();
    for (seed, patience_us) in [(1, 50), (2, 300), (3, 20_000)] {
        let (mut requestor, mut acceptor) = associated(&security).await;
        let patience = Duration::from_micros(patience_us);
        let bytes = noise(seed, 6_000_002);
        let sent = bytes.clone();
        let sender = tokio::spawn(async move {
            send(&mut requestor, &sent, patience).await;
            requestor
        });
        let receiving = receive(&mut acceptor, patience);
        let got = tokio::time::timeout(WAIT * 3, receiving).await.unwrap();
        assert!(
            got == bytes,
            "seed {seed}: {} of {} bytes",
            got.len(),
            bytes.len()
        );
        let mut requestor = sender.await.unwrap();
        // And back, on the same association.
        let back = noise(seed + 10, 500_000);
        let expected = back.clone();
        let sender = tokio::spawn(async move {
            send(&mut acceptor, &back, patience).await;
            acceptor
        });
        assert!(receive(&mut requestor, patience).await == expected);
        drop(sender.await.unwrap());
    }
}

#[tokio::test]
async fn what_is_sealed_and_not_yet_taken_is_bounded() {
    let (_folder, security) = house();
    let (mut requestor, acceptor) = associated(&security).await;
    requestor.queue_command(1, &command());
    // The acceptor reads nothing, so that the system's buffers fill up.
    for _ in 0..100 {
        requestor.queue_data(1, Bytes::from(vec![7; 1 << 20]), false);
        requestor.write_now();
    }
    let queued = requestor.queued_bytes();
    assert!(
        queued > 64 << 20,
        "{queued} bytes are still queued, unsealed"
    );
    drop(acceptor);
}

#[tokio::test]
async fn a_peer_that_hangs_up_has_closed() {
    let (_folder, security) = house();
    let (mut requestor, acceptor) = associated(&security).await;
    // Without a word, not even one of TLS.
    drop(acceptor);
    let next = requestor.next().await;
    assert!(matches!(next, Ok(Indication::Closed)), "{next:?}");
}

/// What a handshake with `first` as the first bytes comes to.
async fn refused(first: &[u8]) -> HandshakeError {
    let (_folder, security) = house();
    let (listener, address) = listening().await;
    let acceptor = security.acceptor(ClientCertificate::Required).unwrap();
    let mut peer = TcpStream::connect(address).await.unwrap();
    peer.write_all(first).await.unwrap();
    peer.shutdown().await.unwrap();
    let (stream, from) = listener.accept().await.unwrap();
    let refused = Link::accept_tls(stream, from, LIMITS, acceptor).await;
    let mut scrap = Vec::new();
    let _ = peer.read_to_end(&mut scrap).await;
    assert!(scrap.len() <= 64, "nothing but an alert is answered");
    refused.unwrap_err()
}

#[tokio::test]
async fn what_is_no_handshake_is_told_apart() {
    let associate = [1, 0, 0, 0, 0, 200];
    assert!(matches!(refused(&associate).await, HandshakeError::Plain));
    assert!(matches!(
        refused(b"GET / HTTP/1.1").await,
        HandshakeError::NotTls
    ));
    assert!(matches!(refused(b"").await, HandshakeError::Closed));
    // A record of the greatest length that a field can say, and no more.
    let endless = [0x16, 3, 1, 0xff, 0xff, 1];
    assert!(matches!(refused(&endless).await, HandshakeError::Protocol));
    let cut = [0x16, 3, 1, 0, 200, 1, 0, 0, 196];
    assert!(matches!(refused(&cut).await, HandshakeError::Closed));
}

#[tokio::test]
async fn a_hello_of_any_bytes_costs_no_more_than_a_message() {
    for seed in 0..30 {
        let mut hello = vec![0x16, 3, 1, 0x3f, 0xff];
        hello.extend(noise(seed, 200_000));
        let error = refused(&hello).await;
        assert!(matches!(error, HandshakeError::Protocol), "{error:?}");
    }
}

#[tokio::test]
async fn an_acceptor_without_tls_is_no_destination() {
    let (_folder, security) = house();
    let (listener, address) = listening().await;
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(&[7, 0, 0, 0, 0, 4, 0, 0, 2, 0]).await;
        let mut scrap = Vec::new();
        let _ = stream.read_to_end(&mut scrap).await;
    });
    let tls = Some(towards(&security));
    let rq = request();
    let connected = Link::connect(address, tls, &rq, LIMITS, LIMITS.pdu_bytes_max, WAIT).await;
    let error = connected.unwrap_err();
    let no_tls = matches!(
        error,
        ConnectError::Handshake {
            source: HandshakeError::NotTls,
            ..
        }
    );
    assert!(no_tls, "{error}");
    answering.await.unwrap();
}

#[test]
fn newer_files_count_when_they_have_settled() {
    let (folder, security) = house();
    assert!(!security.has_changed());
    let today = Clock::new().now().day();
    let authority = Authority::new("own", today, 10).unwrap();
    let issued = authority.issue("renewed", &[], today, 10).unwrap();
    std::fs::write(folder.path().join("gw.pem"), &issued.pem).unwrap();
    assert!(!security.has_changed(), "it may be half of the change");
    write_key(&folder.path().join("gw.key"), &issued.key_pem);
    assert!(!security.has_changed());
    assert!(security.has_changed());
    security.reload().unwrap();
    assert!(!security.has_changed());
    assert_eq!(security.now().own()[0].subject, "CN=renewed");
}

#[test]
fn files_that_do_not_fit_change_nothing() {
    let (folder, security) = house();
    let good = std::fs::read_to_string(folder.path().join("gw.key")).unwrap();
    let path = |name: &str| folder.path().join(name);
    let today = Clock::new().now().day();
    let other = Authority::new("own", today, 10).unwrap();
    let stranger = other.issue("other", &[], today, 10).unwrap();
    write_key(&path("gw.key"), &stranger.key_pem);
    let refused = security.reload().unwrap_err().to_string();
    assert!(refused.contains("gw.pem"), "{refused}");
    std::fs::write(path("gw.key"), &good[..100]).unwrap();
    assert!(matches!(security.reload(), Err(TlsError::NoKey(_))));
    write_key(&path("gw.key"), &good);
    std::fs::write(path("gw.pem"), "").unwrap();
    assert!(matches!(security.reload(), Err(TlsError::Nothing { .. })));
    std::fs::remove_file(path("gw.pem")).unwrap();
    assert!(matches!(security.reload(), Err(TlsError::Io { .. })));
    std::fs::write(path("gw.pem"), vec![b'a'; 70_000]).unwrap();
    assert!(matches!(security.reload(), Err(TlsError::TooLong { .. })));
    assert_eq!(security.now().own()[0].subject, "CN=gateway");
}
