//! What can be wrong with an entry.

use std::fmt;

use crate::digest::Sha256;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::EntryError;

/// An entry that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} {harm}")]
pub struct Damage {
    /// Its number.
    pub entry: u64,
    /// What is wrong with it.
    pub harm: Harm,
}

/// What is wrong with an entry, in words that follow "entry 12".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Harm {
    /// The line cannot be read.
    #[error("is damaged: {0}")]
    Unreadable(EntryError),
    /// A digest or number that depends on the line does not fit it.
    #[error("was changed after it was written")]
    Altered,
    /// A checkpoint's root is another, while the chain is unbroken: two histories.
    #[error("{}", not_as_signed(.0))]
    NotAsSigned(Box<TwoHistories>),
    /// The line is not there.
    #[error("is missing: entry {found} stands in its place")]
    Missing {
        /// What stands there.
        found: u64,
    },
    /// The line stands further on.
    #[error("is not in its place: entry {found} stands there, and it follows later")]
    Moved {
        /// What stands there.
        found: u64,
    },
    /// Two lines with this number.
    #[error("stands there twice: one of the two was inserted")]
    Twice,
    /// A line that belongs elsewhere, or nowhere.
    #[error("does not stand in its place: a line that calls itself entry {claims} was inserted")]
    Inserted {
        /// The number in that line.
        claims: u64,
    },
    /// The end is missing.
    #[error("is missing: the ledger ends before it, but {size} entries were signed for ({by})")]
    Truncated {
        /// Size that the checkpoint states.
        size: u64,
        /// Where that checkpoint comes from.
        by: Source,
    },
    /// Ledger time is earlier than that of the entry before.
    #[error("says an earlier ledger time than the entry before it")]
    TimeRanBack,
    /// The sealed details beside the line are not those that it names.
    #[error("has other sealed details than it was written with")]
    SealedAltered,
    /// The line names sealed details, and there are none.
    #[error("has lost its sealed details")]
    SealedMissing,
    /// There are sealed details that the line does not name.
    #[error("has sealed details that it was not written with")]
    SealedInserted,
    /// The file around the lines is damaged; the words say where.
    #[error("is damaged: {0}")]
    Frame(&'static str),
    /// The event's signature.
    #[error("has an event that its author did not sign")]
    Signature,
    /// The event's author has no key in this ledger.
    #[error("has an event of an author whose key is not known here")]
    UnknownAuthor,
    /// The ledger names another key than the one that it is verified with.
    #[error("names another log key than the one given")]
    ForeignKey,
    /// The two checkpoints do not contradict each other.
    #[error("accuses a log of two checkpoints that do not contradict each other")]
    NoContradiction,
    /// The contract does not accept the event.
    #[error("has an event that the contract rejects: {0}")]
    Rejected(String),
    /// The decision cannot be reproduced.
    #[error("has a decision that the contract does not reach again: {0}")]
    Decision(&'static str),
    /// The state is not the one that the event names.
    #[error("names another state than the entries before it add up to")]
    StateRoot,
}

/// A checkpoint that a ledger is held against. It has been [opened](Checkpoint::open), so its
/// signature is known to be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Where it comes from.
    pub source: Source,
}

/// Where a checkpoint comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It lies beside the ledger.
    Beside,
    /// Somebody kept it elsewhere.
    Kept,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Beside => "the ledger's own checkpoint",
            Self::Kept => "a kept checkpoint",
        })
    }
}

/// The entries add up to one root, a signed checkpoint over as many of them states another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoHistories {
    /// The first entry that may differ: all before it are as another checkpoint has them.
    pub from: u64,
    /// What was signed. The last entry that may differ is the one before its size.
    pub signed: Anchor,
    /// The root that the entries have at that size.
    pub found: Sha256,
}

/// Words that follow the number of the last entry that may differ.
fn not_as_signed(histories: &TwoHistories) -> String {
    let TwoHistories {
        from,
        signed: Anchor { checkpoint, source },
        found,
    } = histories;
    let (size, root) = (checkpoint.size, checkpoint.root);
    let reach = if from.checked_add(1) == Some(size) {
        String::new()
    } else {
        format!("or one before it, from entry {from} on, ")
    };
    format!(
        "{reach}is not what was signed: two histories. Over {size} entries the root is {found}; \
         {source} says {root}"
    )
}
