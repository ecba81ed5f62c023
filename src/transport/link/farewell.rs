//! How a link ends: released, aborted or refused, and then closed by the peer or by ARTIM.

use std::io;

use bytes::BytesMut;

use super::Indication;
use super::Link;
use super::READ_BYTES_EARLY;
use crate::association;
use crate::association::Abort;
use crate::association::machine::Event;
use crate::association::machine::State;

impl Link {
    /// Confirms the peer's release and closes when it has hung up or ARTIM has run out.
    pub async fn confirm_release(mut self) {
        self.step(Event::ReleaseResponse);
        self.outbox.push(association::encode_release_rp().into());
        self.linger().await;
    }

    /// Releases the association; waits at most ARTIM for the peer's confirmation.
    pub async fn release(mut self) {
        if !self.is_established() {
            return;
        }
        self.step(Event::ReleaseRequest);
        self.outbox.push(association::encode_release_rq().into());
        let artim = self.limits.artim;
        let confirmed = async {
            loop {
                match self.next().await {
                    Ok(Indication::ReleaseRequested) => {
                        // Release collision, requestor's side (PS3.8 §7.2.2.7).
                        self.step(Event::ReleaseResponse);
                        self.outbox.push(association::encode_release_rp().into());
                    }
                    Ok(Indication::Command { .. } | Indication::Data { .. }) => {}
                    Ok(_) | Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(artim, confirmed).await;
        self.stream.say_goodbye();
    }

    /// Aborts as the service user and closes when the peer has hung up or ARTIM has run out.
    pub async fn abort(mut self, abort: Abort) {
        if self.state != State::Sta13 {
            self.outbox.clear();
            self.step(Event::AbortRequest);
            self.queue_abort(abort);
        }
        self.linger().await;
    }

    /// Sends what is queued (a rejection, an abort, a release) and waits for the peer to close,
    /// at most ARTIM; what still comes is thrown away, in a buffer of fixed size.
    pub async fn linger(mut self) {
        let artim = self.limits.artim;
        let farewell = async {
            if self.closed || self.flush().await.is_err() {
                return;
            }
            let mut scrap = BytesMut::new();
            loop {
                scrap.clear();
                match self.stream.try_read(&mut scrap, READ_BYTES_EARLY) {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if self.stream.ready(false).await.is_err() {
                            return;
                        }
                    }
                    Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(artim, farewell).await;
        self.stream.say_goodbye();
    }
}
