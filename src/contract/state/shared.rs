//! The part of the state that every holder of the ledger has alike.

use std::sync::Arc;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use super::Rejection;
use super::is_same_person;
use super::table::Fact;
use super::table::Table;
use crate::contract::body::Body;
use crate::contract::event::Event;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::merkle_map::leaf;
use crate::contract::names::InstitutionSlug;
use crate::contract::policy::PolicySet;
use crate::digest::Sha256;

/// Sets of policies that can be proposed at a time.
pub const PROPOSALS_MAX: usize = 16;

/// See the table in [`super`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shared {
    institutions: Table<Institution>,
    authors: Table<LastOf>,
    proposals: Table<Proposal>,
    #[serde(serialize_with = "whole")]
    policy: Option<Arc<PolicySet>>,
    #[serde(skip)]
    map: MerkleMap,
}

/// An institution of this ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Institution {
    key: String,
    log_origin: String,
    statement_key: String,
}

/// `author_seq` of an author's last shared event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct LastOf(u64);

/// Policies that somebody proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Who agreed, if somebody did.
    pub approved_by: Option<String>,
    /// Who proposed them.
    pub by: String,
    /// The policies.
    pub policy: PolicySet,
}

impl Fact for Institution {
    type Key = InstitutionSlug;
    const KIND: &'static str = "institution";
}

impl Fact for LastOf {
    type Key = InstitutionSlug;
    const KIND: &'static str = "author";
}

impl Fact for Proposal {
    type Key = Sha256;
    const KIND: &'static str = "proposal";
}

/// The policies as the Merkle map holds them.
#[derive(Serialize)]
struct PolicyLeaf {
    schema_sha256: Sha256,
    sha256: Sha256,
}

fn whole<S: serde::Serializer>(
    policy: &Option<Arc<PolicySet>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    policy.as_deref().serialize(serializer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    institutions: Table<Institution>,
    authors: Table<LastOf>,
    proposals: Table<Proposal>,
    policy: Option<PolicySet>,
}

impl<'de> Deserialize<'de> for Shared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let snapshot = Snapshot::deserialize(deserializer)?;
        let mut shared = Self {
            institutions: snapshot.institutions,
            authors: snapshot.authors,
            proposals: snapshot.proposals,
            policy: snapshot.policy.map(Arc::new),
            map: MerkleMap::new(),
        };
        shared.rebuild().map_err(serde::de::Error::custom)?;
        Ok(shared)
    }
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            institutions: Table::new(),
            authors: Table::new(),
            proposals: Table::new(),
            policy: None,
            map: MerkleMap::new(),
        }
    }

    /// Applies `genesis` and what concerns policies; other events are none of its business.
    pub(super) fn apply(&mut self, event: &Event) -> Result<(), Rejection> {
        if !matches!(event.body, Body::Genesis { .. }) {
            self.check(event)?;
        }
        match &event.body {
            Body::Genesis {
                institution,
                log_origin,
                key,
                statement_key,
                created: _,
            } => {
                let row = Institution {
                    key: key.clone(),
                    log_origin: log_origin.clone(),
                    statement_key: statement_key.clone(),
                };
                self.begin(event, institution, row)?;
            }
            Body::Restored {
                log_origin, key, ..
            } => self.go_on(event, log_origin, key)?,
            Body::PolicyProposed {
                sha256,
                schema_sha256,
                text,
                by,
            } => self.propose(*sha256, *schema_sha256, text, by)?,
            Body::PolicyApproved { sha256, by } => self.approve(*sha256, by)?,
            Body::PolicyWithdrawn { sha256, .. } => {
                let withdrawn = self.proposals.remove(&mut self.map, sha256);
                withdrawn.ok_or(Rejection::NoProposal(*sha256))?;
            }
            Body::PolicyActivated { sha256, .. } => self.activate(*sha256)?,
            _ => return Ok(()),
        }
        let last = LastOf(event.author_seq);
        self.authors
            .put(&mut self.map, event.author.clone(), last)?;
        self.map.settle();
        Ok(())
    }

    /// A known author, and nothing said twice.
    fn check(&self, event: &Event) -> Result<(), Rejection> {
        if self.institutions.len() == 0 {
            return Err(Rejection::NoGenesis);
        }
        if self.institutions.get(&event.author).is_none() {
            return Err(Rejection::Author(event.author.clone()));
        }
        match self.authors.get(&event.author) {
            Some(LastOf(last)) if event.author_seq <= *last => Err(Rejection::Repeated {
                author: event.author.clone(),
                author_seq: event.author_seq,
                last: *last,
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn begin(
        &mut self,
        event: &Event,
        slug: &InstitutionSlug,
        institution: Institution,
    ) -> Result<(), Rejection> {
        if self.institutions.len() > 0 {
            return Err(Rejection::SecondGenesis);
        }
        if event.author != *slug {
            return Err(Rejection::Author(event.author.clone()));
        }
        Ok(self
            .institutions
            .put(&mut self.map, slug.clone(), institution)?)
    }

    /// The author's log has a new origin and key; one that it had would be a fork.
    fn go_on(&mut self, event: &Event, log_origin: &str, key: &str) -> Result<(), Rejection> {
        let institution = self.institutions.get(&event.author);
        let before = institution.ok_or(Rejection::NoGenesis)?;
        if before.log_origin == log_origin || before.key == key {
            return Err(Rejection::SameLog);
        }
        let institution = Institution {
            key: key.to_owned(),
            log_origin: log_origin.to_owned(),
            statement_key: before.statement_key.clone(),
        };
        Ok(self
            .institutions
            .put(&mut self.map, event.author.clone(), institution)?)
    }

    fn propose(
        &mut self,
        sha256: Sha256,
        schema_sha256: Sha256,
        text: &str,
        by: &str,
    ) -> Result<(), Rejection> {
        let in_force = self.policy().map(PolicySet::sha256);
        if self.proposals.get(&sha256).is_some() || in_force == Some(sha256) {
            return Err(Rejection::KnownPolicy(sha256));
        }
        if self.proposals.len() >= PROPOSALS_MAX {
            return Err(Rejection::TooManyProposals);
        }
        let policy = PolicySet::from_canonical(text)?;
        if policy.sha256() != sha256 || policy.schema_sha256() != schema_sha256 {
            return Err(Rejection::PolicyDigest);
        }
        let proposal = Proposal {
            approved_by: None,
            by: by.to_owned(),
            policy,
        };
        Ok(self.proposals.put(&mut self.map, sha256, proposal)?)
    }

    fn approve(&mut self, sha256: Sha256, by: &str) -> Result<(), Rejection> {
        let proposal = self.proposals.get(&sha256);
        let proposal = proposal.ok_or(Rejection::NoProposal(sha256))?;
        if is_same_person(&proposal.by, by) {
            return Err(Rejection::SamePerson);
        }
        let approved = Proposal {
            approved_by: Some(by.to_owned()),
            ..proposal.clone()
        };
        Ok(self.proposals.put(&mut self.map, sha256, approved)?)
    }

    /// Puts a proposal in force. The first of a ledger needs nobody's approval: without it there
    /// would be no contract to ask for one.
    fn activate(&mut self, sha256: Sha256) -> Result<(), Rejection> {
        let proposal = self.proposals.get(&sha256);
        let proposal = proposal.ok_or(Rejection::NoProposal(sha256))?;
        if proposal.approved_by.is_none() && self.policy.is_some() {
            return Err(Rejection::NotApproved(sha256));
        }
        let policy = proposal.policy.clone();
        self.map.set(POLICY_KEY, policy_leaf(&policy)?);
        self.proposals.remove(&mut self.map, &sha256);
        self.policy = Some(Arc::new(policy));
        Ok(())
    }

    /// Fills the Merkle map from everything else.
    fn rebuild(&mut self) -> Result<(), serde_json::Error> {
        self.institutions.fill(&mut self.map)?;
        self.authors.fill(&mut self.map)?;
        self.proposals.fill(&mut self.map)?;
        if let Some(policy) = &self.policy {
            self.map.set(POLICY_KEY, policy_leaf(policy)?);
        }
        self.map.settle();
        Ok(())
    }

    pub(super) const fn map_mut(&mut self) -> &mut MerkleMap {
        &mut self.map
    }

    pub(super) const fn root(&self) -> Sha256 {
        self.map.root()
    }

    #[cfg(test)]
    pub(super) fn force_policy(&mut self, policy: PolicySet) {
        self.policy = Some(Arc::new(policy));
    }

    pub(super) fn policy(&self) -> Option<&PolicySet> {
        self.policy.as_deref()
    }

    pub(super) fn proposals(&self) -> impl Iterator<Item = (Sha256, &Proposal)> {
        self.proposals
            .iter()
            .map(|(sha256, proposal)| (*sha256, proposal))
    }

    pub(super) fn key_of(&self, institution: &InstitutionSlug) -> Option<&str> {
        let institution = self.institutions.get(institution)?;
        Some(&institution.key)
    }

    pub(super) fn statement_key_of(&self, institution: &InstitutionSlug) -> Option<&str> {
        let institution = self.institutions.get(institution)?;
        Some(&institution.statement_key)
    }

    pub(super) fn log_origin_of(&self, institution: &InstitutionSlug) -> Option<&str> {
        let institution = self.institutions.get(institution)?;
        Some(&institution.log_origin)
    }

    pub(super) fn last_author_seq(&self, author: &InstitutionSlug) -> Option<u64> {
        self.authors.get(author).map(|LastOf(last)| *last)
    }
}

const POLICY_KEY: &str = "policy";

fn policy_leaf(policy: &PolicySet) -> Result<Sha256, serde_json::Error> {
    let value = PolicyLeaf {
        schema_sha256: policy.schema_sha256(),
        sha256: policy.sha256(),
    };
    leaf(POLICY_KEY, &value)
}
