//! The part of the state that every holder of the ledger has alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

use super::Rejection;
use crate::contract::event::Body;
use crate::contract::event::Event;
use crate::contract::merkle_map::MerkleMap;
use crate::contract::merkle_map::leaf;
use crate::contract::names::InstitutionSlug;
use crate::contract::policy::PolicySet;
use crate::digest::Sha256;

/// See the table in [`super`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shared {
    institutions: BTreeMap<InstitutionSlug, Institution>,
    /// `author_seq` of each author's last shared event.
    authors: BTreeMap<InstitutionSlug, u64>,
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
    institutions: BTreeMap<InstitutionSlug, Institution>,
    authors: BTreeMap<InstitutionSlug, u64>,
    policy: Option<PolicySet>,
}

impl<'de> Deserialize<'de> for Shared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let snapshot = Snapshot::deserialize(deserializer)?;
        let mut shared = Self {
            institutions: snapshot.institutions,
            authors: snapshot.authors,
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
            institutions: BTreeMap::new(),
            authors: BTreeMap::new(),
            policy: None,
            map: MerkleMap::new(),
        }
    }

    /// Applies `genesis` and `policy-activated`; other events are none of its business.
    pub(super) fn apply(&mut self, event: &Event) -> Result<(), Rejection> {
        match &event.body {
            Body::Genesis {
                institution,
                log_origin,
                key,
                created: _,
            } => self.begin(event, institution, log_origin, key)?,
            Body::PolicyActivated {
                sha256,
                schema_sha256,
                text,
                by: _,
            } => self.activate(event, *sha256, *schema_sha256, text)?,
            Body::ConsentGranted { .. }
            | Body::ConsentRevoked { .. }
            | Body::Decision { .. }
            | Body::TransferClosed { .. }
            | Body::Query { .. }
            | Body::Alert { .. }
            | Body::Started { .. }
            | Body::Stopped { .. } => return Ok(()),
        }
        let key = author_key(&event.author);
        self.map.set(key.clone(), leaf(&key, &event.author_seq)?);
        self.authors.insert(event.author.clone(), event.author_seq);
        self.map.settle();
        Ok(())
    }

    fn begin(
        &mut self,
        event: &Event,
        slug: &InstitutionSlug,
        log_origin: &str,
        key: &str,
    ) -> Result<(), Rejection> {
        if !self.institutions.is_empty() {
            return Err(Rejection::SecondGenesis);
        }
        if event.author != *slug {
            return Err(Rejection::Author(event.author.clone()));
        }
        let institution = Institution {
            key: key.to_owned(),
            log_origin: log_origin.to_owned(),
        };
        let key = institution_key(slug);
        self.map.set(key.clone(), leaf(&key, &institution)?);
        self.institutions.insert(slug.clone(), institution);
        Ok(())
    }

    fn activate(
        &mut self,
        event: &Event,
        sha256: Sha256,
        schema_sha256: Sha256,
        text: &str,
    ) -> Result<(), Rejection> {
        if self.institutions.is_empty() {
            return Err(Rejection::NoGenesis);
        }
        if !self.institutions.contains_key(&event.author) {
            return Err(Rejection::Author(event.author.clone()));
        }
        match self.authors.get(&event.author) {
            Some(last) if event.author_seq <= *last => {
                return Err(Rejection::Repeated {
                    author: event.author.clone(),
                    author_seq: event.author_seq,
                    last: *last,
                });
            }
            Some(_) | None => {}
        }
        let policy = PolicySet::from_canonical(text)?;
        if policy.sha256() != sha256 || policy.schema_sha256() != schema_sha256 {
            return Err(Rejection::PolicyDigest);
        }
        self.map.set(POLICY_KEY.to_owned(), policy_leaf(&policy)?);
        self.policy = Some(Arc::new(policy));
        Ok(())
    }

    /// Fills the Merkle map from everything else.
    fn rebuild(&mut self) -> Result<(), serde_json::Error> {
        for (slug, institution) in &self.institutions {
            let key = institution_key(slug);
            self.map.set(key.clone(), leaf(&key, institution)?);
        }
        for (slug, seq) in &self.authors {
            let key = author_key(slug);
            self.map.set(key.clone(), leaf(&key, seq)?);
        }
        if let Some(policy) = &self.policy {
            self.map.set(POLICY_KEY.to_owned(), policy_leaf(policy)?);
        }
        self.map.settle();
        Ok(())
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

    pub(super) fn key_of(&self, institution: &InstitutionSlug) -> Option<&str> {
        let institution = self.institutions.get(institution)?;
        Some(&institution.key)
    }

    pub(super) fn last_author_seq(&self, author: &InstitutionSlug) -> Option<u64> {
        self.authors.get(author).copied()
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

fn institution_key(slug: &InstitutionSlug) -> String {
    format!("institution/{slug}")
}

fn author_key(slug: &InstitutionSlug) -> String {
    format!("author/{slug}")
}
