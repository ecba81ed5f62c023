//! Reads a ledger again, line by line, and names the first entry that is not as it was written.
//!
//! What one line shows is often explained only by the next: a link that does not fit means that
//! either of two lines was changed, a wrong number that an entry was removed, moved or altered.
//! The verifier then keeps a *doubt* and lets the following line, or in the end the signed
//! checkpoint, decide.

use std::collections::VecDeque;

use crate::digest::Sha256;
use crate::ledger::chain::Chain;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::leaf_hash;
use crate::ledger::entry::line_hash;
use crate::ledger::head::Head;
use crate::ledger::merkle::Tree;
use crate::time::UtcMicros;

mod harm;
#[cfg(test)]
mod tests;

pub use harm::Anchor;
pub use harm::Damage;
pub use harm::Harm;
pub use harm::Source;
pub use harm::TwoHistories;

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
    /// Checkpoints over more entries than there were so far, the smallest first.
    anchors: VecDeque<Anchor>,
    /// Size of the greatest checkpoint that fitted.
    fitted: Option<u64>,
    doubt: Option<Doubt>,
}

impl Verifier {
    /// From the first entry on. `checkpoint` has been [opened](Checkpoint::open), so its
    /// signature is known to be good.
    pub fn new(checkpoint: Option<Checkpoint>) -> Self {
        Self::resume(Chain::new(), Tree::new(), checkpoint)
    }

    /// From the entry on that follows what `chain` and `tree` end with. A checkpoint over exactly
    /// this tree is not looked at again.
    pub fn resume(chain: Chain, tree: Tree, checkpoint: Option<Checkpoint>) -> Self {
        let anchor = checkpoint.map(|checkpoint| Anchor {
            checkpoint,
            source: Source::Beside,
        });
        Self::resume_against(chain, tree, anchor)
    }

    /// The same, held against any number of checkpoints in any order. Those over fewer entries
    /// than the tree has are not looked at.
    pub fn resume_against(
        chain: Chain,
        tree: Tree,
        anchors: impl IntoIterator<Item = Anchor>,
    ) -> Self {
        let mut anchors: Vec<Anchor> = anchors.into_iter().collect();
        anchors.sort_by_key(|anchor| anchor.checkpoint.size);
        let passed = anchors.partition_point(|anchor| anchor.checkpoint.size <= tree.size());
        let mut anchors = VecDeque::from(anchors);
        let fitted = anchors.drain(..passed).next_back();
        Self {
            chain,
            tree,
            anchors,
            fitted: fitted.map(|anchor| anchor.checkpoint.size),
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
        if let Some(Anchor { checkpoint, source }) = self.anchors.back() {
            return Err(self.at_next(Harm::Truncated {
                size: checkpoint.size,
                by: *source,
            }));
        }
        Ok(Verified {
            chain: self.chain,
            tree: self.tree,
            signed: self.fitted.unwrap_or(0),
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
        self.hold_against_anchors();
        Ok(())
    }

    /// Compares the root with those of the checkpoints over as many entries as there are now.
    fn hold_against_anchors(&mut self) {
        let size = self.tree.size();
        let mut fitted = self.fitted;
        while let Some(anchor) = self.anchors.front()
            && anchor.checkpoint.size == size
        {
            if anchor.checkpoint.root != self.tree.root() {
                self.doubt = Some(Doubt::Root);
                return;
            }
            self.anchors.pop_front();
            fitted = Some(size);
        }
        // Not where two of one size contradict each other: what fits the one does not fit the other.
        self.fitted = fitted;
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
        let ends_here = self
            .anchors
            .front()
            .is_some_and(|anchor| Some(anchor.checkpoint.size) == next.checked_add(1));
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
            Doubt::Root => self.before_next(self.two_histories()),
        }
    }

    fn two_histories(&self) -> Harm {
        match self.anchors.front() {
            Some(signed) => Harm::NotAsSigned(Box::new(TwoHistories {
                from: self.fitted.unwrap_or(0),
                signed: signed.clone(),
                found: self.tree.root(),
            })),
            None => Harm::Altered,
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
        self.fitted == Some(self.tree.size())
    }

    /// Whether the next checkpoint's root is the one with this leaf at the end.
    fn is_signed_with(&self, leaf: Sha256) -> bool {
        let mut tree = self.tree.clone();
        tree.push(leaf);
        self.anchors
            .front()
            .is_some_and(|anchor| anchor.checkpoint.root == tree.root())
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
