//! A recipient wants to open a parcel: the contract is asked again, and its answer is recorded, before
//! the key leaves.

use std::sync::Arc;

use super::custody;
use super::custody::Kept;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::contract::Verdict;
use crate::digest::Sha256;
use crate::dimse::Status;
use crate::gateway::Gateway;
use crate::gateway::recorder::Judged;
use crate::gateway::recorder::Recorded;
use crate::gateway::transfer::Transfer;
use crate::parcel::KeyRelease;
use crate::parcel::OpenRequest;
use crate::parcel::ParcelId;
use crate::parcel::Wrapped;
use crate::storage::random_bytes;

/// The answer to a request, as HTTP has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// A signed note with 200, else a line for people.
    pub body: String,
}

impl Reply {
    fn refused(status: u16, text: impl Into<String>) -> Self {
        Self {
            status,
            body: format!("{}\n", text.into()),
        }
    }

    fn failed(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a parcel cannot be opened now");
        Self::refused(503, "not now: this gateway cannot look or record")
    }
}

/// A handle for the exchange with other gateways.
#[derive(Clone)]
pub struct ParcelDesk(pub(in crate::gateway) Arc<Gateway>);

impl std::fmt::Debug for ParcelDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ParcelDesk")
    }
}

impl ParcelDesk {
    /// Answers the gateway of `from`, which has proven that it is that, and which asks for the key of
    /// parcel `id` by what it signed.
    pub async fn open(&self, from: &InstitutionSlug, id: ParcelId, request: &str) -> Reply {
        self.0.open_parcel(from, id, request).await
    }
}

impl Gateway {
    /// Answers the request of `from`, whose certificate was verified, for the key of parcel `id`
    /// (`POST /parcels/<id>/open`); `request` is the body.
    async fn open_parcel(
        self: &Arc<Self>,
        from: &InstitutionSlug,
        id: ParcelId,
        request: &str,
    ) -> Reply {
        let Some(hospital) = self.config.gateway_of(from).cloned() else {
            return Reply::refused(403, format!("{from} is no gateway that we know"));
        };
        let own = &self.config.gateway.institution;
        let asked = OpenRequest::open(request, from, own, &hospital.statement_key);
        let asked = match asked {
            Ok(asked) if asked.id == id => asked,
            Ok(asked) => {
                let text = format!("the request is for parcel {}, not for {id}", asked.id);
                return Reply::refused(400, text);
            }
            Err(error) => return Reply::refused(400, error.to_string()),
        };
        let spool = Arc::clone(&self.spool);
        let looked = tokio::task::spawn_blocking(move || custody::kept(&spool, id)).await;
        let kept = match looked {
            Ok(Ok(Some(kept))) => kept,
            // Nobody learns from the answer whether there is one for somebody else.
            Ok(Ok(None)) => return unknown(id),
            Ok(Err(error)) => return Reply::failed(&error),
            Err(error) => return Reply::failed(&error),
        };
        if kept.recipient() != from || kept.manifest_sha256 != asked.manifest_sha256 {
            return unknown(id);
        }
        if kept.until <= self.clock.now() {
            return Reply::refused(410, format!("the key of parcel {id} was destroyed"));
        }
        let Some(key) = hospital.parcel_key else {
            return Reply::refused(409, format!("no parcel_key of {from} is configured here"));
        };
        if key.id() != kept.manifest.recipient_key {
            return Reply::refused(
                409,
                format!("parcel {id} was sealed to another key than {from} has now"),
            );
        }
        self.release(&kept, &key, Sha256::of(&[request.as_bytes()]))
            .await
    }

    async fn release(
        self: &Arc<Self>,
        kept: &Kept,
        key: &crate::parcel::ParcelKey,
        request_sha256: Sha256,
    ) -> Reply {
        let mut asked = kept.asked.clone();
        asked.again = Some(kept.manifest.decision);
        let judged = match self.recorder.decide(asked).await {
            Ok(judged) => judged,
            Err(error) => return Reply::failed(&error),
        };
        let (decision, verdict) = match &judged {
            Judged::Permitted(recorded) => (recorded.entry(), Verdict::Permit),
            Judged::Refused(refusal) => (refusal.entry(), Verdict::Deny),
        };
        let body = Body::ParcelOpened {
            parcel: kept.manifest.id.to_string(),
            sealed: kept.sealed,
            decision,
            recipient: kept.recipient().clone(),
            verdict,
            request_sha256,
        };
        let recorded = self.recorder.record(body).await;
        let permitted = match judged {
            Judged::Permitted(permitted) => permitted,
            Judged::Refused(_) => {
                return Reply::refused(403, format!("not permitted, decision {decision}"));
            }
        };
        let mut transfer = Transfer::new(permitted.clone());
        let reply = match recorded {
            Ok(_) => self.reply(kept, key, &permitted),
            Err(error) => Reply::failed(&error),
        };
        let now_us = self.clock.read().monotonic_us;
        let is_released = reply.status == 200;
        for data_set in &kept.data_sets {
            transfer.count(now_us, |tally| {
                if is_released {
                    tally.answered(Status::SUCCESS, data_set);
                } else {
                    tally.withheld();
                }
            });
        }
        let outcome = if is_released {
            Outcome::Completed
        } else {
            Outcome::Stopped
        };
        transfer.close(self, outcome).await;
        reply
    }

    /// The key, wrapped. Nothing waits between the look at the permit and the answer.
    fn reply(&self, kept: &Kept, key: &crate::parcel::ParcelKey, permitted: &Recorded) -> Reply {
        let wrap = || -> Result<Wrapped, String> {
            let ephemeral = random_bytes().map_err(|error| error.to_string())?;
            let wrapped = Wrapped::new(&kept.key(), key, &kept.manifest.binding(), &ephemeral);
            wrapped.map_err(|error| error.to_string())
        };
        let wrapped = match wrap() {
            Ok(wrapped) => wrapped,
            Err(error) => return Reply::failed(&error),
        };
        let release = KeyRelease {
            id: kept.manifest.id,
            manifest_sha256: kept.manifest_sha256,
            from: kept.manifest.from.clone(),
            to: kept.manifest.to.clone(),
            decision: permitted.entry(),
            at: self.clock.now(),
            key: wrapped,
        };
        let body = match release.sign(&self.recorder.statement_signer()) {
            Ok(body) => body,
            Err(error) => return Reply::failed(&error),
        };
        if !permitted.stands_now() {
            let decision = permitted.entry();
            return Reply::refused(403, format!("no longer permitted, decision {decision}"));
        }
        Reply { status: 200, body }
    }
}

fn unknown(id: ParcelId) -> Reply {
    Reply::refused(
        404,
        format!("no key of parcel {id} is kept for you here: never, or not any more"),
    )
}
