//! The accounting of disclosures that a patient has a right to (45 CFR 164.528, Article 15 GDPR): out of what
//! [`Disclosures`] lists, what is alike in recipient, purpose and ground is told once, with the first time, the last
//! and how often (164.528(b)(3)). Every format tells these same [`Item`]s.

mod csv;
mod fhir;
mod html;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

pub use fhir::bundle;

use super::clock_face::ClockFace;
use super::format::Site;
use crate::contract::Authority;
use crate::contract::ConsentId;
use crate::contract::Disclosure;
use crate::contract::Disclosures;
use crate::contract::InstitutionSlug;
use crate::contract::Outcome;
use crate::contract::Parties;
use crate::contract::Purpose;
use crate::contract::StudyFacts;
use crate::contract::Told;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// Who asks for an accounting, and of when.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Patient ID (0010,0020), as it was asked for.
    pub patient: String,
    /// Issuer of Patient ID (0010,0021).
    pub issuer: Option<String>,
    /// From this moment on.
    pub since: UtcMicros,
    /// Up to this moment.
    pub until: UtcMicros,
    /// Whose ledger it is, and where institutions are.
    pub site: Site,
    /// Whose times are told.
    pub clock: ClockFace,
}

/// What left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// Images.
    Images,
    /// That there are images, by an answer to a query or by a procedure step.
    Told,
}

/// On what ground.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// Rules were only tried: they spoke against it, and nothing was held back.
    Observed,
    /// It could not wait for a consent.
    Emergency,
    /// The patient's grants.
    Consents(Vec<ConsentId>),
    /// The site's rules alone, by their `@id`.
    Rules(Vec<String>),
}

impl Ground {
    fn of(parties: &Parties) -> Self {
        let Authority {
            observed,
            rules,
            consents,
        } = &parties.authority;
        if *observed {
            Self::Observed
        } else if parties.purpose == Purpose::Emergency {
            Self::Emergency
        } else if consents.is_empty() {
            Self::Rules(rules.clone())
        } else {
            Self::Consents(consents.clone())
        }
    }
}

/// What is alike in all but time and study.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alike {
    /// What left.
    pub what: Left,
    /// For whom.
    pub recipient: InstitutionSlug,
    /// For what.
    pub purpose: Purpose,
    /// On what ground.
    pub ground: Ground,
}

/// One line of the accounting.
#[derive(Clone, Debug)]
pub struct Item {
    /// In what it is alike.
    pub alike: Alike,
    /// When the first was decided, and its entry.
    pub first: (UtcMicros, u64),
    /// The last likewise.
    pub last: (UtcMicros, u64),
    /// How often.
    pub times: u64,
    /// Which studies, where they are known.
    pub studies: BTreeMap<Sha256, StudyFacts>,
    /// How many studies.
    pub studies_count: u64,
    /// Instances that were delivered.
    pub instances: u64,
    /// Something broke off or failed: not all of it may have arrived.
    pub is_uncertain: bool,
    /// The patient is not told of it for now.
    pub is_suspended: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Accounting {
    items: Vec<Item>,
    /// Decisions that are not among them, as there were too many.
    more: u64,
    /// The entries of all decisions that it rests on.
    entries: BTreeSet<u64>,
    /// Decisions whose entries are not among those.
    unlisted: u64,
}

impl Accounting {
    /// Gathers what is alike, in the order of the first time.
    pub fn of(found: &Disclosures) -> Self {
        let mut items: BTreeMap<Alike, Item> = BTreeMap::new();
        for one in &found.images {
            let alike = Alike::of(Left::Images, &one.parties);
            let new = || Item::new(&alike, (one.at, one.entry), found);
            items.entry(alike.clone()).or_insert_with(new).images(one);
        }
        for one in &found.told {
            let alike = Alike::of(Left::Told, &one.parties);
            let new = || Item::new(&alike, (one.first, one.first_entry), found);
            items.entry(alike.clone()).or_insert_with(new).told(one);
        }
        let mut items: Vec<Item> = items.into_values().collect();
        items.sort_by_key(|item| item.first.1);
        let images = found.images.iter().map(|one| one.entry);
        let told = found
            .told
            .iter()
            .flat_map(|one| one.entries.iter().copied());
        let unlisted = found.told.iter().map(|one| {
            let listed = u64::try_from(one.entries.len()).unwrap_or(u64::MAX);
            one.times.saturating_sub(listed)
        });
        Self {
            items,
            more: found.more,
            entries: images.chain(told).collect(),
            unlisted: unlisted.fold(found.more, u64::saturating_add),
        }
    }

    /// What left, in the order of the first time.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Decisions that are told nowhere in it, as there were too many.
    pub const fn more(&self) -> u64 {
        self.more
    }

    /// The entries of the decisions that it rests on.
    pub const fn entries(&self) -> &BTreeSet<u64> {
        &self.entries
    }

    /// How many decisions more it rests on, whose entries are not kept.
    pub const fn unlisted(&self) -> u64 {
        self.unlisted
    }
}

impl Alike {
    fn of(what: Left, parties: &Parties) -> Self {
        Self {
            what,
            recipient: parties.recipient.clone(),
            purpose: parties.purpose,
            ground: Ground::of(parties),
        }
    }
}

impl Item {
    fn new(alike: &Alike, at: (UtcMicros, u64), found: &Disclosures) -> Self {
        Self {
            alike: alike.clone(),
            first: at,
            last: at,
            times: 0,
            studies: BTreeMap::new(),
            studies_count: 0,
            instances: 0,
            is_uncertain: false,
            is_suspended: found.suspended.contains(&alike.recipient),
        }
    }

    fn images(&mut self, one: &Disclosure) {
        self.last = self.last.max((one.at, one.entry));
        self.times = self.times.saturating_add(1);
        self.instances = self.instances.saturating_add(one.instances);
        self.is_uncertain |= match one.outcome {
            Some(Outcome::Completed) => one.failed > 0,
            None
            | Some(
                Outcome::Failed | Outcome::Interrupted | Outcome::Cancelled | Outcome::Stopped,
            ) => true,
        };
        if let Some(study) = &one.study {
            self.studies.insert(study.uid_digest, study.clone());
        }
        self.studies_count = u64::try_from(self.studies.len()).unwrap_or(u64::MAX);
    }

    fn told(&mut self, one: &Told) {
        self.first = self.first.min((one.first, one.first_entry));
        self.last = self.last.max((one.last, one.last_entry));
        self.times = self.times.saturating_add(one.times);
        // Which they are is not kept: of several users, the same study may count twice.
        self.studies_count = self.studies_count.saturating_add(one.studies);
    }
}
