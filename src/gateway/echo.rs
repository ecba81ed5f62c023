//! C-ECHO towards a peer: does it answer, and does it know us?

use std::time::Duration;

use super::instance::Ended;
use super::instance::ended_by;
use super::instance::next_within;
use crate::association::AssociateRq;
use crate::association::ContextReply;
use crate::association::ProposedContext;
use crate::association::UserInformation;
use crate::config::Config;
use crate::config::Peer;
use crate::dicom::uids;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::transport::ConnectError;
use crate::transport::Indication;
use crate::transport::Limits;
use crate::transport::Link;
use crate::transport::Security;
use crate::transport::TlsError;

/// Verification SOP Class (PS3.4 Annex A).
const VERIFICATION: &str = "1.2.840.10008.1.1";
const CONTEXT: u8 = 1;

/// Why a peer did not echo.
#[derive(Debug, thiserror::Error)]
pub enum EchoError {
    /// The configuration gives no address to connect to.
    #[error("peer {0} has no `connect` address")]
    NoAddress(String),
    /// A file of `[tls]` cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// No association.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It does not take C-ECHO.
    #[error("it does not accept the Verification SOP Class")]
    NotAccepted,
    /// The association ended.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// It answered something else than success.
    #[error("it answered status {0}")]
    Status(Status),
}

/// Sends one C-ECHO to `peer` and waits for its answer.
///
/// # Errors
/// When there is no association or no success.
pub async fn echo(config: &Config, peer: &Peer) -> Result<(), EchoError> {
    let address = peer
        .connect
        .ok_or_else(|| EchoError::NoAddress(peer.name.to_string()))?;
    let (Ok(class), Ok(syntax)) = (VERIFICATION.parse(), uids::IMPLICIT_LITTLE.parse()) else {
        return Err(EchoError::NotAccepted);
    };
    let Some(first_own) = config.aes.first().map(|own| &own.title) else {
        return Err(EchoError::NotAccepted);
    };
    let request = AssociateRq::new(
        peer.ae_title.clone(),
        peer.calling_ae(first_own, first_own),
        vec![ProposedContext {
            id: CONTEXT,
            abstract_syntax: class,
            transfer_syntaxes: vec![syntax],
        }],
        UserInformation::ours(config.limits.pdu_bytes_max),
    );
    let limits = Limits {
        associate_bytes_max: config.limits.associate_bytes_max,
        pdu_bytes_max: config.limits.pdu_bytes_max,
        command_bytes_max: config.limits.command_bytes_max,
        artim: config.timeouts.artim,
    };
    let connect = peer.timeouts.connect;
    let security = Security::load(config)?;
    let tls = Security::towards(security.as_ref(), peer)
        .map_err(|source| ConnectError::Handshake { address, source })?;
    let cap = peer.pdu_bytes_max;
    let requested = Link::connect(address, tls, &request, limits, cap, connect).await?;
    let mut link = requested.link;
    let accepted = requested.accepted.result(CONTEXT);
    if !matches!(accepted, Some(ContextReply::Accepted(_))) {
        link.release().await;
        return Err(EchoError::NotAccepted);
    }
    let status = one_echo(&mut link, peer.timeouts.dimse_response).await?;
    link.release().await;
    if status == Status::SUCCESS {
        Ok(())
    } else {
        Err(EchoError::Status(status))
    }
}

async fn one_echo(link: &mut Link, silence: Duration) -> Result<Status, Ended> {
    let mut command = CommandSet::new(CommandField::CEchoRq);
    if let Ok(class) = VERIFICATION.parse() {
        command.set_uid(element::AFFECTED_SOP_CLASS_UID, &class);
    }
    command.set_u16(element::MESSAGE_ID, 1);
    command.set_has_data_set(false);
    link.queue_command(CONTEXT, &command);
    match next_within(link, silence).await? {
        Indication::Command { command, .. } => {
            Ok(command.status().unwrap_or(Status::PROCESSING_FAILURE))
        }
        other => Err(ended_by(&other)),
    }
}
