//! The association by which a worker delivers: kept while there is work, across studies, and opened
//! anew where an object wants to go by another way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::Via;
use super::queue::Study;
use crate::association::ProposedContext;
use crate::association::UserInformation;
use crate::config::Peer;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::gateway::Gateway;
use crate::gateway::upstream::Upstream;
use crate::gateway::upstream::UpstreamError;

/// After so long an association is released where one study ends and another begins: receivers take
/// a release for the end of what belongs together.
const AGE_US_MAX: u64 = 60_000_000;
/// Presentation contexts of one association (PS3.8 §7.1.1.13).
const CONTEXTS_MAX: usize = 128;

/// See the module.
#[derive(Debug)]
pub(super) struct Association {
    pub(super) upstream: Upstream,
    calling: AeTitle,
    /// What was proposed, by the id that it was proposed under.
    proposed: BTreeMap<(Uid, Uid), u8>,
    opened_at_us: u64,
    study: Study,
}

impl Association {
    /// Opens one by which objects can go as `via` says, and as those of `others` do that go by the
    /// same AE title.
    pub(super) async fn open(
        gateway: &Gateway,
        peer: &Arc<Peer>,
        via: &Via,
        others: &[Arc<Via>],
        study: &Study,
    ) -> Result<Self, UpstreamError> {
        let calling = via.calling.clone();
        let alike = others.iter().filter(|other| other.calling == calling);
        let mut proposed = BTreeMap::new();
        let mut contexts = Vec::new();
        let wanted = std::iter::once(via).chain(alike.map(|other| &**other));
        let mut ids = (1..=u8::MAX).step_by(2).take(CONTEXTS_MAX);
        for via in wanted {
            let pair = (via.sop_class.clone(), via.transfer_syntax.clone());
            if proposed.contains_key(&pair) {
                continue;
            }
            let Some(id) = ids.next() else {
                break;
            };
            contexts.push(ProposedContext {
                id,
                abstract_syntax: pair.0.clone(),
                transfer_syntaxes: vec![pair.1.clone()],
            });
            proposed.insert(pair, id);
        }
        let contexts: Vec<_> = contexts.iter().collect();
        let user = UserInformation::ours(gateway.config.limits.pdu_bytes_max);
        let opened = Upstream::open(gateway, peer, calling.clone(), &contexts, &user);
        Ok(Self {
            upstream: opened.await?,
            calling,
            proposed,
            opened_at_us: gateway.clock.read().monotonic_us,
            study: study.clone(),
        })
    }

    /// An object of `study` can go by it as `via` says, or it is known that the destination does
    /// not take it that way.
    pub(super) fn serves(&mut self, via: &Via, study: &Study, now_us: u64) -> bool {
        let is_old = now_us.saturating_sub(self.opened_at_us) > AGE_US_MAX;
        let serves = self.calling == via.calling
            && self.proposed_as(via).is_some()
            && !(is_old && self.study != *study);
        if serves && self.study != *study {
            self.study.clone_from(study);
        }
        serves
    }

    /// The destination's presentation context for `via`; `None` when it accepted none.
    pub(super) fn context(&self, via: &Via) -> Option<u8> {
        self.upstream.context(self.proposed_as(via)?)
    }

    fn proposed_as(&self, via: &Via) -> Option<u8> {
        let pair = (via.sop_class.clone(), via.transfer_syntax.clone());
        self.proposed.get(&pair).copied()
    }
}
