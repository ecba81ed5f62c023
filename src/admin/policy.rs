//! The rules in force, and those that are proposed.

use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::console::Console;
use super::problem::Problem;
use crate::contract::Body;
use crate::contract::PolicySet;
use crate::digest::Sha256;
use crate::gateway::Recorder;
use crate::gateway::control::ListedProposal;
use crate::storage::Facet;
use crate::time::UtcMicros;

/// Entries of a kind that are looked through for who did it.
const LOOKED_MAX: usize = 64;

/// Who did something to rules, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Act {
    /// Its entry.
    pub(super) entry: u64,
    /// When.
    pub(super) at: UtcMicros,
    /// Who.
    pub(super) by: String,
}

/// What became of a set of rules; what is too long ago to be found is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acts {
    /// Somebody wanted them.
    pub(super) proposed: Option<Act>,
    /// Somebody else agreed.
    pub(super) approved: Option<Act>,
    /// They were put in force.
    pub(super) activated: Option<Act>,
}

/// A step on the way of rules.
#[derive(Clone, Copy)]
enum Step {
    Proposed,
    Approved,
    Activated,
}

impl Step {
    const fn kind(self) -> &'static str {
        match self {
            Self::Proposed => "policy-proposed",
            Self::Approved => "policy-approved",
            Self::Activated => "policy-activated",
        }
    }

    /// Who took it, where an entry is about that.
    fn of(self, body: Body) -> Option<(Sha256, String)> {
        match (self, body) {
            (Self::Proposed, Body::PolicyProposed { sha256, by, .. })
            | (Self::Approved, Body::PolicyApproved { sha256, by })
            | (Self::Activated, Body::PolicyActivated { sha256, by }) => Some((sha256, by)),
            _ => None,
        }
    }

    /// The last time that it was taken with these rules.
    fn last(self, recorder: &Recorder, wanted: Sha256) -> Option<Act> {
        let kind = Facet::Kind(self.kind().to_owned());
        let found = recorder.find(&kind, 0..u64::MAX, LOOKED_MAX).ok()?;
        let journal = recorder.journal();
        found.into_iter().find_map(|number| {
            let entry = journal.get(number).ok().flatten()?.entry;
            let at = entry.ledger_time;
            let (sha256, by) = self.of(entry.event.body)?;
            (sha256 == wanted).then_some(Act {
                entry: number,
                at,
                by,
            })
        })
    }
}

impl Console {
    fn acts(&self) -> MutexGuard<'_, Option<(Sha256, Acts)>> {
        self.acts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules in force; `None`: there are none.
    pub(super) async fn policy_in_force(&self) -> Result<Option<PolicySet>, Problem> {
        let view = self.recorder.view(|state, _| state.policy().cloned());
        view.await.map_err(|_| Problem::unavailable(""))
    }

    /// A proposal, with its rules.
    ///
    /// # Errors
    /// When nothing of this name is proposed.
    pub(super) async fn proposal(
        &self,
        sha256: Sha256,
    ) -> Result<(ListedProposal, PolicySet), Problem> {
        let view = self.recorder.view(move |state, _| {
            let mut proposals = state.proposals();
            let (_, found) = proposals.find(|(name, _)| *name == sha256)?;
            let listed = ListedProposal {
                sha256,
                by: found.by.clone(),
                approved_by: found.approved_by.clone(),
            };
            Some((listed, found.policy.clone()))
        });
        let found = view.await.map_err(|_| Problem::unavailable(""))?;
        found.ok_or_else(Problem::not_found)
    }

    /// Who proposed, approved and activated these rules. Found once for those in force: no page pays for it again.
    pub(super) async fn acts_on(&self, sha256: Sha256) -> Acts {
        let known = self.acts().clone();
        if let Some((_, acts)) = known.filter(|(known, _)| *known == sha256) {
            return acts;
        }
        let recorder = self.recorder.clone();
        let finding = tokio::task::spawn_blocking(move || {
            let last = |step: Step| step.last(&recorder, sha256);
            Acts {
                proposed: last(Step::Proposed),
                approved: last(Step::Approved),
                activated: last(Step::Activated),
            }
        });
        let acts = finding.await.unwrap_or_default();
        if acts.activated.is_some() {
            *self.acts() = Some((sha256, acts.clone()));
        }
        acts
    }
}

/// The numbers of the contract, as they stand in their file.
pub(super) fn numbers(set: &PolicySet) -> Vec<(String, String)> {
    let text = set.parts().credit;
    let mut section = String::new();
    let mut numbers = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            section = name.to_owned();
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let value = value.split('#').next().unwrap_or_default().trim();
            numbers.push((format!("{section}.{}", key.trim()), value.to_owned()));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::PolicyParts;

    #[test]
    fn numbers_are_told_with_their_section() {
        let read = |name: &str| {
            let path = format!("{}/gateway-config/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).unwrap()
        };
        let parts = PolicyParts {
            schema: read("policy/schema.cedarschema"),
            credit: read("credit.toml"),
            rules: Vec::new(),
        };
        let numbers = numbers(&parts.parse().unwrap());
        let value = |key: &str| {
            let found = numbers.iter().find(|(known, _)| known == key);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(value("score.base_good"), Some("50"));
        assert_eq!(value("break_glass.overrides_denial"), Some("true"));
        assert_eq!(value("standing.link_abused_milli"), Some("20000"));
        assert!(
            numbers
                .iter()
                .all(|(key, value)| !key.starts_with('.') && !value.is_empty())
        );
    }
}
