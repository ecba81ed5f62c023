//! Reads a ledger again, line by line, and names the first entry that is not as it was written.
//!
//! What one line shows is often explained only by the next: a link that does not fit means that
//! either of two lines was changed, a wrong number that an entry was removed, moved or altered.
//! The verifier then keeps a *doubt* and lets the following line, or in the end the signed
//! checkpoint, decide.

use crate::digest::Sha256;
use crate::ledger::chain::Chain;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::EntryError;
use crate::ledger::entry::leaf_hash;
use crate::ledger::entry::line_hash;
use crate::ledger::head::Head;
use crate::ledger::merkle::Tree;
use crate::time::UtcMicros;

#[cfg(test)]
mod tests;

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
    /// The checkpoint's root is another, while the chain is unbroken.
    #[error(
        "or one before it is not what was signed: the root over {size} entries is not the signed \
         checkpoint's"
    )]
    NotAsSigned {
        /// Size that the checkpoint states.
        size: u64,
    },
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
    #[error("is missing: the ledger ends before it, but {size} entries were signed for")]
    Truncated {
        /// Size that the checkpoint states.
        size: u64,
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

/// A line as it was found.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The line without its newline.
    pub text: &'a [u8],
    /// Its digest (see [`line_hash`]).
    pub hash: Sha256,
    /// What lies beside it.
    pub sealed: Sealed,
}

/// The sealed details beside a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// This copy of the ledger leaves them out.
    LeftOut,
    /// There are none.
    Nothing,
    /// Their digest.
    Digest(Sha256),
}

impl<'a> Line<'a> {
    /// A line of a copy without sealed details.
    pub fn bare(text: &'a [u8]) -> Self {
        Self {
            text,
            hash: line_hash(text),
            sealed: Sealed::LeftOut,
        }
    }
}

/// What was found to be in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The end of the chain.
    pub chain: Chain,
    /// The tree over all entries.
    pub tree: Tree,
    /// How many entries a signed checkpoint covers: 0 when none was given.
    pub signed: u64,
}

/// What the next line is to explain.
#[derive(Clone, Copy, Debug)]
enum Doubt {
    /// The line in the next entry's place has another number.
    Number {
        /// That number.
        found: u64,
        /// The number in the line after it.
        after: Option<u64>,
    },
    /// The next entry's line does not name the digest of the line before.
    Link {
        hash: Sha256,
        /// The leaf that it would have with the right link.
        mended: Option<Sha256>,
    },
    /// The root at the checkpoint's size is not the signed one.
    Root,
}

/// Takes the lines of a ledger in order.
#[derive(Debug)]
pub struct Verifier {
    chain: Chain,
    tree: Tree,
    checkpoint: Option<Checkpoint>,
    doubt: Option<Doubt>,
}

impl Verifier {
    /// From the first entry on. `checkpoint` has been [opened](Checkpoint::open), so its
    /// signature is known to be good.
    pub const fn new(checkpoint: Option<Checkpoint>) -> Self {
        Self::resume(Chain::new(), Tree::new(), checkpoint)
    }

    /// From the entry on that follows what `chain` and `tree` end with. A checkpoint over exactly
    /// this tree is not looked at again.
    pub const fn resume(chain: Chain, tree: Tree, checkpoint: Option<Checkpoint>) -> Self {
        Self {
            chain,
            tree,
            checkpoint,
            doubt: None,
        }
    }

    /// Number of the next entry that is not yet known to be in order.
    pub const fn next_seq(&self) -> u64 {
        self.chain.next_seq()
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// The first damage. After it, no more is to be asked of this verifier.
    pub fn push(&mut self, line: Line<'_>) -> Result<(), Damage> {
        let head = match Head::parse(line.text) {
            Ok(head) => head,
            Err(error) => return Err(self.blame(self.next_seq(), Harm::Unreadable(error))),
        };
        match self.doubt.take() {
            None => self.follow(&head, line),
            Some(doubt) => {
                let doubt = self.resolve(doubt, &head)?;
                self.doubt = Some(doubt);
                Ok(())
            }
        }
    }

    /// The lines ended here.
    ///
    /// # Errors
    /// A damage that only the end shows: a doubt about the last lines, or that they are fewer
    /// than were signed for.
    pub fn finish(self) -> Result<Verified, Damage> {
        if let Some(doubt) = &self.doubt {
            return Err(self.settle(doubt));
        }
        let signed = self.checkpoint.as_ref().map_or(0, |signed| signed.size);
        if signed > self.next_seq() {
            return Err(self.at_next(Harm::Truncated { size: signed }));
        }
        Ok(Verified {
            chain: self.chain,
            tree: self.tree,
            signed,
        })
    }

    /// The damage to report when something else about entry `entry` was found out, such as about
    /// the file that it is in: that, unless an entry before it is in doubt.
    pub fn blame(&self, entry: u64, harm: Harm) -> Damage {
        match &self.doubt {
            None => Damage { entry, harm },
            Some(doubt) => self.settle(doubt),
        }
    }

    fn follow(&mut self, head: &Head, line: Line<'_>) -> Result<(), Damage> {
        if head.seq != self.next_seq() {
            let found = head.seq;
            self.doubt = Some(Doubt::Number { found, after: None });
            return Ok(());
        }
        if head.prev != self.chain.last_line() {
            if self.next_seq() == 0 || self.is_signed_up_to_here() {
                return Err(self.at_next(Harm::Altered));
            }
            self.doubt = Some(Doubt::Link {
                hash: line.hash,
                mended: self.mended(head, line.text),
            });
            return Ok(());
        }
        if head.ledger_time < self.chain.ledger_time() {
            return Err(self.at_next(Harm::TimeRanBack));
        }
        if let Some(harm) = sealed_harm(head.sealed_sha256, line.sealed) {
            return Err(self.at_next(harm));
        }
        self.chain = self.chain.after(head, line.hash);
        self.tree.push(leaf_hash(line.text));
        if let Some(signed) = &self.checkpoint
            && signed.size == self.tree.size()
            && signed.root != self.tree.root()
        {
            self.doubt = Some(Doubt::Root);
        }
        Ok(())
    }

    /// Lets a line after the doubtful one speak. Only a missing entry can be waited for longer.
    fn resolve(&self, doubt: Doubt, head: &Head) -> Result<Doubt, Damage> {
        let next = self.next_seq();
        let harm = match doubt {
            Doubt::Number { found, .. } if found > next && head.seq == next => {
                Harm::Moved { found }
            }
            Doubt::Number { found, after } if found > next => {
                let after = after.or(Some(head.seq));
                return Ok(Doubt::Number { found, after });
            }
            Doubt::Number { found, .. } => {
                let after = Some(head.seq);
                return Err(self.settle(&Doubt::Number { found, after }));
            }
            Doubt::Link { hash, .. } if head.prev == hash => {
                return Err(self.before_next(Harm::Altered));
            }
            Doubt::Link { .. } if head.seq == next && head.prev == self.chain.last_line() => {
                Harm::Inserted { claims: next }
            }
            Doubt::Link { .. } => Harm::Altered,
            Doubt::Root if head.prev == self.chain.last_line() => {
                return Err(self.settle(&doubt));
            }
            Doubt::Root => return Err(self.before_next(Harm::Altered)),
        };
        Err(self.at_next(harm))
    }

    /// No further line will explain the doubt.
    fn settle(&self, doubt: &Doubt) -> Damage {
        let next = self.next_seq();
        let size = self.checkpoint.as_ref().map_or(0, |signed| signed.size);
        let ends_here = Some(size) == next.checked_add(1);
        match doubt {
            // Only its number is wrong: the lines after it, or the signed size, are in step.
            Doubt::Number {
                after: Some(after), ..
            } if Some(*after) == next.checked_add(1) => self.at_next(Harm::Altered),
            Doubt::Number { after: None, .. } if ends_here => self.at_next(Harm::Altered),
            Doubt::Number { found, .. } if *found > next => {
                self.at_next(Harm::Missing { found: *found })
            }
            Doubt::Number { found, .. } if found.checked_add(1) == Some(next) => Damage {
                entry: *found,
                harm: Harm::Twice,
            },
            Doubt::Number { found, .. } => self.at_next(Harm::Inserted { claims: *found }),
            Doubt::Link { mended, .. } => match mended {
                Some(leaf) if ends_here && self.is_signed_with(*leaf) => {
                    self.at_next(Harm::Altered)
                }
                _ => self.before_next(Harm::Altered),
            },
            Doubt::Root => self.before_next(Harm::NotAsSigned { size }),
        }
    }

    const fn at_next(&self, harm: Harm) -> Damage {
        Damage {
            entry: self.next_seq(),
            harm,
        }
    }

    const fn before_next(&self, harm: Harm) -> Damage {
        Damage {
            entry: self.next_seq().saturating_sub(1),
            harm,
        }
    }

    /// Whether a checkpoint vouches for exactly the entries followed so far.
    fn is_signed_up_to_here(&self) -> bool {
        self.checkpoint
            .as_ref()
            .is_some_and(|signed| signed.size == self.tree.size())
    }

    /// Whether the checkpoint's root is the one with this leaf at the end.
    fn is_signed_with(&self, leaf: Sha256) -> bool {
        let mut tree = self.tree.clone();
        tree.push(leaf);
        self.checkpoint
            .as_ref()
            .is_some_and(|signed| signed.root == tree.root())
    }

    /// The leaf of a line whose link alone was changed.
    fn mended(&self, head: &Head, text: &[u8]) -> Option<Sha256> {
        let (wrong, right) = (head.prev.to_string(), self.chain.last_line().to_string());
        let text = std::str::from_utf8(text).ok()?;
        let text = text.replacen(&wrong, &right, 1);
        Some(leaf_hash(text.as_bytes()))
    }
}

impl Verified {
    /// How many entries there are.
    pub const fn entries(&self) -> u64 {
        self.chain.next_seq()
    }

    /// Ledger time of the last entry.
    pub const fn ledger_time(&self) -> UtcMicros {
        self.chain.ledger_time()
    }
}

fn sealed_harm(named: Option<Sha256>, found: Sealed) -> Option<Harm> {
    match (named, found) {
        (_, Sealed::LeftOut) | (None, Sealed::Nothing) => None,
        (Some(named), Sealed::Digest(found)) if named == found => None,
        (Some(_), Sealed::Digest(_)) => Some(Harm::SealedAltered),
        (Some(_), Sealed::Nothing) => Some(Harm::SealedMissing),
        (None, Sealed::Digest(_)) => Some(Harm::SealedInserted),
    }
}
