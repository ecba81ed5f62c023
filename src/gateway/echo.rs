//! C-ECHO towards a peer: does it answer, and does it know us?

use std::time::Duration;

use super::instance::Ended;
use super::instance::ended_by;
use super::instance::next_within;
use super::upstream::dial;
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
use crate::transport::Indication;
use crate::transport::Link;
use crate::transport::Security;
use crate::transport::TlsError;

/// Verification SOP Class (PS3.4 Annex A).
const VERIFICATION: &str = "1.2.840.10008.1.1";
const CONTEXT: u8 = 1;

/// Why a peer did not echo.
#[derive(Debug, thiserror::Error)]
pub enum EchoError {
    /// A file of `[tls]` cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// No association.
    #[error(transparent)]
    Unreachable(Box<dyn std::error::Error + Send + Sync>),
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
    let security = Security::load(config)?;
    echo_by(config, security.as_ref(), peer).await
}

/// The same, by certificates that are loaded already.
pub(super) async fn echo_by(
    config: &Config,
    security: Option<&Security>,
    peer: &Peer,
) -> Result<(), EchoError> {
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
    let requested = dial(config, security, peer, &request);
    let requested = requested
        .await
        .map_err(|error| EchoError::Unreachable(Box::new(error)))?;
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
