//! Whether what another gateway says of itself is believed: on an association that it requested of us, and on one
//! that we requested of it.

use std::sync::Arc;
use std::sync::PoisonError;

use crate::config::GatewayPeer;
use crate::config::Peer;
use crate::contract::Body;
use crate::digest::Sha256;
use crate::gateway::Gateway;
use crate::ledger::Checkpoint;
use crate::ledger::Equivocation;
use crate::ledger::STATED_TRANSFERS_MAX;
use crate::ledger::Statement;
use crate::ledger::equivocation;
use crate::ledger::open_text;
use crate::ledger::signed_alone;

/// Characters of the longest name of a user in a statement.
const USER_CHARACTERS_MAX: usize = 128;

/// A statement that was believed.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Heard {
    /// As it was signed.
    pub(in crate::gateway) note: Arc<str>,
    pub(in crate::gateway) statement: Arc<Statement>,
}

/// Why a statement is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unbelieved {
    #[error("it carries no statement that can be read")]
    Nothing,
    #[error("its statement is not signed as it must be: {0}")]
    Signature(String),
    #[error("it spoke in the name of {0}")]
    OtherName(String),
    #[error("its statement is for somebody else, {0}")]
    OtherAddressee(String),
    #[error("its statement was made on another connection")]
    OtherConnection,
    #[error("its statement repeats or goes back")]
    OutOfOrder,
    #[error("its statement names {0} transfers, limit {STATED_TRANSFERS_MAX}")]
    TooMany(usize),
    #[error("its statement names a user of {0} characters, limit {USER_CHARACTERS_MAX}")]
    User(usize),
    #[error("its checkpoint is not signed by its log")]
    Checkpoint,
    #[error("its checkpoint contradicts one that it showed before")]
    Fork,
}

/// What another gateway has shown of its log.
#[derive(Debug)]
pub(in crate::gateway) struct ShownLog {
    /// The newest checkpoint.
    note: String,
    size: u64,
    /// That it showed a fork is recorded, or about to be.
    convicted: bool,
}

/// Believes what the gateway of `peer` says on a connection, or says why not. `is_in_order`: whether its number
/// is one that is due.
pub(super) async fn believe(
    gateway: &Gateway,
    peer: Option<&Arc<GatewayPeer>>,
    note: Option<String>,
    binding: Option<Sha256>,
    is_in_order: impl FnOnce(u32) -> bool,
) -> Result<Heard, Unbelieved> {
    let (Some(peer), Some(note)) = (peer, note) else {
        return Err(Unbelieved::Nothing);
    };
    let statement: Statement = open_text(&note, &peer.statement_key)
        .map_err(|error| Unbelieved::Signature(error.to_string()))?;
    let own = &gateway.config.gateway.institution;
    if statement.from != peer.peer.institution {
        misstated(gateway, peer, &note).await;
        return Err(Unbelieved::OtherName(statement.from.to_string()));
    }
    if statement.to != *own {
        return Err(Unbelieved::OtherAddressee(statement.to.to_string()));
    }
    if binding != Some(statement.binding) {
        return Err(Unbelieved::OtherConnection);
    }
    if !is_in_order(statement.number) {
        return Err(Unbelieved::OutOfOrder);
    }
    if statement.transfers.len() > STATED_TRANSFERS_MAX {
        return Err(Unbelieved::TooMany(statement.transfers.len()));
    }
    let user = statement.user.as_deref().unwrap_or_default();
    if user.chars().count() > USER_CHARACTERS_MAX {
        return Err(Unbelieved::User(user.chars().count()));
    }
    if let Some(checkpoint) = &statement.checkpoint {
        gateway.compare_checkpoint(peer, checkpoint).await?;
    }
    Ok(Heard {
        note: note.into(),
        statement: Arc::new(statement),
    })
}

/// Tells people of a statement that is not believed; once a minute for each gateway.
pub(super) async fn disbelieve(gateway: &Gateway, peer: &Peer, why: &Unbelieved) {
    tracing::warn!(peer = %peer.name, %why, "a statement is not believed");
    let (of, code) = (&peer.institution, "statement-refused");
    if gateway.receipts.tells(gateway, of, code) {
        let text = format!("the gateway of {of}: {why}");
        gateway.recorder.alert(code, text).await;
    }
}

/// A signature under another's name proves itself: it is recorded and charged.
async fn misstated(gateway: &Gateway, peer: &GatewayPeer, note: &str) {
    let Ok(statement) = signed_alone(note, &peer.statement_key) else {
        return;
    };
    // However often it is said: nobody fills a ledger with it.
    let institution = &peer.peer.institution;
    if !gateway.receipts.tells(gateway, institution, "misstated") {
        return;
    }
    let body = Body::Misstated {
        institution: institution.clone(),
        key: peer.statement_key.to_string(),
        statement,
    };
    if let Err(error) = gateway.recorder.record(body).await {
        tracing::error!(%error, "a statement in another's name is not in the ledger");
    }
}

/// A checkpoint beside those that were shown before.
enum Beside {
    Fits,
    Forks,
    /// It forks, and this proves it, which is not recorded yet.
    Proves(Equivocation),
}

impl Gateway {
    /// Looks at the checkpoint that another gateway showed: it must be its log's, and not contradict the newest
    /// that it showed before.
    async fn compare_checkpoint(&self, peer: &GatewayPeer, shown: &str) -> Result<(), Unbelieved> {
        match self.beside(peer, shown)? {
            Beside::Fits => return Ok(()),
            Beside::Forks => {}
            Beside::Proves(proof) => {
                let institution = peer.peer.institution.clone();
                let key = &peer.log_key;
                let recorded = self.recorder.equivocated(institution, key, &proof);
                if let Err(error) = recorded.await {
                    tracing::error!(%error, "a proof against a log is not in the ledger");
                    let mut logs = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(log) = logs.get_mut(&peer.peer.name) {
                        log.convicted = false;
                    }
                }
            }
        }
        Err(Unbelieved::Fork)
    }

    fn beside(&self, peer: &GatewayPeer, shown: &str) -> Result<Beside, Unbelieved> {
        let unsigned = |_| Unbelieved::Checkpoint;
        let size = Checkpoint::open(shown, &peer.log_key)
            .map_err(unsigned)?
            .size;
        let mut logs = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(log) = logs.get_mut(&peer.peer.name) else {
            let log = ShownLog {
                note: shown.to_owned(),
                size,
                convicted: false,
            };
            logs.insert(peer.peer.name.clone(), log);
            return Ok(Beside::Fits);
        };
        if size == log.size
            && let Some(proof) = equivocation(&log.note, shown, &peer.log_key).map_err(unsigned)?
        {
            return Ok(match std::mem::replace(&mut log.convicted, true) {
                true => Beside::Forks,
                false => Beside::Proves(proof),
            });
        }
        if size > log.size {
            shown.clone_into(&mut log.note);
            log.size = size;
        }
        Ok(Beside::Fits)
    }
}
