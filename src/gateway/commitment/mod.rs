//! Storage commitment, Push Model (PS3.4 Annex J): who sent instances asks whether the destination
//! keeps them, and may then delete its own.
//!
//! An N-ACTION is put to the contract as a question (it discloses nothing but whether instances are
//! stored), kept in a sealed file, and passed on by an association of its own. As long as something
//! that came before it waits in the spool, it waits too: its asker hears Success, as the standard
//! allows, and the outcome later. The destination's N-EVENT-REPORT comes on that association, or on
//! one that it requests in the role of an SCP; it is kept before it is answered, and told to the asker
//! on the association that it asked by, if that still stands, else on a new one. What is committed is
//! what the destination says: the gateway never commits for it.

mod asking;
mod courier;
mod data_set;
mod keeping;
mod reporting;
mod table;
mod telling;

use crate::contract::Body;
use crate::contract::CommitmentAct;
use crate::dicom::Service;
use crate::dicom::Uid;
use crate::dimse::Status;

pub(super) use courier::run;
pub(super) use table::Commitments;
pub(super) use table::FILE;
pub(super) use telling::Telling;
pub(super) use telling::next;

use super::Gateway;
use table::Transaction;

/// The one instance of the Storage Commitment Push Model SOP class (PS3.4 §J.3.5).
const WELL_KNOWN_INSTANCE: &str = "1.2.840.10008.1.20.1.1";

/// N-ACTION: request storage commitment (PS3.4 §J.3.2).
const REQUEST_COMMITMENT: u16 = 1;

/// The presentation context that we propose for it.
const CONTEXT: u8 = 1;

/// Message ID of the one request on an association of ours.
const MESSAGE_ID: u16 = 1;

fn sop_class() -> Option<Uid> {
    Service::Commitment.sop_class()
}

fn well_known_instance() -> Option<Uid> {
    WELL_KNOWN_INSTANCE.parse().ok()
}

/// Records how far a transaction has come. Instances and transaction are not named.
async fn note(
    gateway: &Gateway,
    transaction: &Transaction,
    act: CommitmentAct,
    failed: u64,
    status: Status,
) {
    let uid = transaction.uid.to_string();
    let Ok((_, Some(digest))) = gateway.recorder.names(None, Some(uid)).await else {
        return;
    };
    let body = Body::Commitment {
        transaction: digest,
        act,
        asker: transaction.asker.as_ref().map(ToString::to_string),
        destination: transaction.to.to_string(),
        decision: transaction.decision,
        instances: transaction.instances,
        failed,
        status: status.0,
    };
    gateway.recorder.note(body).await;
}
