//! Whether peers answer: a C-ECHO to each at a time, and how the last one went.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use super::console::Console;
use super::problem::Problem;
use crate::config::PeerName;
use crate::gateway;
use crate::gateway::EchoError;
use crate::time::UtcMicros;

/// How long a peer may take.
const WITHIN: Duration = Duration::from_secs(15);

/// Why a peer did not answer as it should, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Our own certificates cannot be used.
    Tls,
    /// There is no association.
    Unreachable,
    /// It does not take C-ECHO.
    NotAccepted,
    /// The association ended.
    Ended,
    /// It answered something else than success.
    Status,
    /// It took too long.
    Late,
}

/// How a C-ECHO went.
#[derive(Clone, Debug)]
pub(super) struct Echoed {
    /// When it ended.
    pub(super) at: UtcMicros,
    /// How long it took, in milliseconds.
    pub(super) took_ms: u64,
    /// What went wrong, and the whole of it; `None`: it answers.
    pub(super) failure: Option<(Failure, String)>,
}

#[derive(Debug, Default)]
struct Known {
    is_under_way: bool,
    last: Option<Echoed>,
}

/// See the module. As many as there are peers.
#[derive(Debug, Default)]
pub(super) struct Echoes(Mutex<BTreeMap<PeerName, Known>>);

/// The one C-ECHO to a peer.
struct Turn<'a> {
    echoes: &'a Echoes,
    peer: &'a PeerName,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(known) = self.echoes.held().get_mut(self.peer) {
            known.is_under_way = false;
        }
    }
}

impl Echoes {
    fn held(&self) -> MutexGuard<'_, BTreeMap<PeerName, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the last one to this peer went, since the start.
    pub(super) fn last(&self, peer: &PeerName) -> Option<Echoed> {
        self.held().get(peer).and_then(|known| known.last.clone())
    }

    /// `None`: one is under way.
    fn begin<'a>(&'a self, peer: &'a PeerName) -> Option<Turn<'a>> {
        let mut held = self.held();
        let known = held.entry(peer.clone()).or_default();
        if known.is_under_way {
            return None;
        }
        known.is_under_way = true;
        drop(held);
        Some(Turn { echoes: self, peer })
    }

    fn note(&self, peer: &PeerName, echoed: &Echoed) {
        self.held().entry(peer.clone()).or_default().last = Some(echoed.clone());
    }
}

const fn failure_of(error: &EchoError) -> Failure {
    match error {
        EchoError::Tls(_) => Failure::Tls,
        EchoError::Unreachable(_) => Failure::Unreachable,
        EchoError::NotAccepted => Failure::NotAccepted,
        EchoError::Ended(_) => Failure::Ended,
        EchoError::Status(_) => Failure::Status,
    }
}

impl Console {
    /// Sends a C-ECHO to a peer and waits for its answer.
    ///
    /// # Errors
    /// When there is no such peer, we never connect to it, or one is under way.
    pub(super) async fn echo(&self, peer: &str) -> Result<Echoed, Problem> {
        let peer = self.config.peer(peer).ok_or_else(Problem::not_found)?;
        if peer.connect.is_none() {
            return Err(Problem::refused("the gateway never connects to this peer"));
        }
        let turn = self.echoes.begin(&peer.name);
        let turn = turn.ok_or_else(|| Problem::refused("a C-ECHO to this peer is under way"))?;
        let began_us = self.now_us();
        let echoed = tokio::time::timeout(WITHIN, gateway::echo(&self.config, peer)).await;
        let failure = match echoed {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some((failure_of(&error), error.to_string())),
            Err(_) => {
                let text = format!("no answer within {} s", WITHIN.as_secs());
                Some((Failure::Late, text))
            }
        };
        let echoed = Echoed {
            at: self.clock.now(),
            took_ms: self.now_us().saturating_sub(began_us) / 1_000,
            failure,
        };
        self.echoes.note(&peer.name, &echoed);
        drop(turn);
        Ok(echoed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_asked_once_at_a_time() {
        let echoes = Echoes::default();
        let (one, other) = ("one".parse().unwrap(), "other".parse().unwrap());
        let turn = echoes.begin(&one);
        assert!(turn.is_some() && echoes.begin(&one).is_none());
        assert!(echoes.begin(&other).is_some());
        drop(turn);
        assert!(echoes.begin(&one).is_some());
    }
}
