//! The hashes of the tree's nodes in a file, so that a proof costs a few reads and not the whole
//! journal.
//!
//! The file `hashes` holds 32 bytes for each node that is whole, in the order of Go's
//! `golang.org/x/mod/sumdb/tlog` (see [`Node::stored_index`]), without a head. It is derived from
//! the journal and never the truth: it is not synced, it lags behind until somebody asks, and what
//! it says is believed only where it leads to a signed root. Where it does not it is thrown away
//! and made anew. Whoever does not hold the folder's lock only reads it, and computes what it lacks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::path::PathBuf;

use crate::digest::Sha256;
use crate::ledger::Checkpoint;
use crate::ledger::Node;
use crate::ledger::Subtree;
use crate::ledger::Tree;
use crate::ledger::consistency_path;
use crate::ledger::inclusion_path;
use crate::ledger::leaf_hash;
use crate::ledger::stored_count;
use crate::ledger::stored_leaves;
use crate::ledger::verify_consistency;
use crate::ledger::verify_inclusion;
use crate::storage::lines::Lines;
use crate::storage::lock::FolderLock;
use crate::storage::reader::ReadError;

#[cfg(test)]
mod tests;

const HASHES_FILE: &str = "hashes";

/// Bytes of a hash.
const HASH_BYTES: u64 = 32;

/// Bytes that are written at once.
const WRITE_BYTES: usize = 1 << 20;

/// The tree of a ledger in a folder, to be asked for proofs.
#[derive(Debug)]
pub struct Hashes {
    path: PathBuf,
    lines: Lines,
    may_write: bool,
    kept: Option<Kept>,
}

/// The hashes in the file.
#[derive(Debug)]
struct Kept {
    file: File,
    /// The tree over the leaves whose nodes are all there.
    size: u64,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum HashesError {
    /// No ledger here.
    #[error("{} holds no ledger: neither journal/ nor entries.jsonl", .0.display())]
    NoLedger(PathBuf),
    /// The journal cannot be read, or is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger ends before the checkpoint does.
    #[error("the ledger has {found} entries, the checkpoint was signed for {size}")]
    Short {
        /// Entries that were found.
        found: u64,
        /// Entries that were signed for.
        size: u64,
    },
    /// The entries do not lead to the signed root.
    #[error("the entries do not lead to the root that was signed for {size} entries")]
    NotAsSigned {
        /// The checkpoint's size.
        size: u64,
    },
    /// Nothing to prove.
    #[error("the checkpoint is about {size} entries: it proves nothing about {asked}")]
    NotCovered {
        /// The entry, or the size of the smaller tree.
        asked: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The file of hashes.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Hashes {
    /// Of a data folder, a copy of one, or an export. Changes nothing.
    ///
    /// # Errors
    /// When the folder holds no ledger.
    pub fn read(dir: &Path) -> Result<Self, HashesError> {
        Self::open(dir, false)
    }

    /// Of the data folder that this process has locked: what is computed is kept for the next time.
    ///
    /// # Errors
    /// When the folder holds no ledger.
    pub fn keep(data_dir: &Path, _lock: &FolderLock) -> Result<Self, HashesError> {
        Self::open(data_dir, true)
    }

    fn open(dir: &Path, may_write: bool) -> Result<Self, HashesError> {
        let lines = Lines::of_folder(dir).ok_or_else(|| HashesError::NoLedger(dir.to_owned()))?;
        let path = dir.join(HASHES_FILE);
        let kept = Kept::open(&path, may_write).unwrap_or_else(|error| {
            if may_write || error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %path.display(), %error, "the tree's hashes are not kept");
            }
            None
        });
        Ok(Self {
            path,
            lines,
            may_write,
            kept,
        })
    }

    /// The audit path of entry `index`, whose leaf this is, under a signed checkpoint (RFC 6962
    /// §2.1.1), from the leaf upwards. It has been verified.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the checkpoint is not about it, this entry, or this leaf.
    pub fn inclusion_proof(
        &mut self,
        index: u64,
        leaf: &Sha256,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Sha256>, HashesError> {
        let size = checkpoint.size;
        let path =
            inclusion_path(index, size).ok_or(HashesError::NotCovered { asked: index, size })?;
        self.believed(size, &path, |proof| {
            verify_inclusion(leaf, index, size, proof, &checkpoint.root)
        })
    }

    /// The proof that the tree of the first `old_size` entries is a beginning of the one under a
    /// signed checkpoint (RFC 6962 §2.1.2). It has been verified. Empty for equal sizes and, as
    /// C2SP tlog-witness wants it, for an `old_size` of 0.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the checkpoint is not about it, or about fewer entries.
    pub fn consistency_proof(
        &mut self,
        old_size: u64,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Sha256>, HashesError> {
        if old_size == 0 {
            return Ok(Vec::new());
        }
        Ok(self.growth(old_size, checkpoint)?.1)
    }

    /// The root of the tree of the first `size` entries, which is a beginning of the one under a
    /// signed checkpoint.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the checkpoint is not about it, or about fewer entries.
    pub fn root_at(&mut self, size: u64, checkpoint: &Checkpoint) -> Result<Sha256, HashesError> {
        if size == 0 {
            return Ok(Tree::new().root());
        }
        Ok(self.growth(size, checkpoint)?.0)
    }

    /// Computes and keeps what is not yet kept up to a signed checkpoint.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the checkpoint is not about it.
    pub fn catch_up(&mut self, checkpoint: &Checkpoint) -> Result<(), HashesError> {
        self.root_at(checkpoint.size, checkpoint)?;
        Ok(())
    }

    /// How many entries' hashes are kept.
    pub fn kept(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.size)
    }

    /// The root of the smaller tree, and its consistency proof.
    fn growth(
        &mut self,
        old_size: u64,
        checkpoint: &Checkpoint,
    ) -> Result<(Sha256, Vec<Sha256>), HashesError> {
        let (size, asked) = (checkpoint.size, old_size);
        let path = consistency_path(old_size, size);
        let mut parts = path.ok_or(HashesError::NotCovered { asked, size })?;
        parts.insert(0, Subtree::of_size(old_size));
        let hashes = self.believed(size, &parts, |hashes| {
            hashes.split_first().is_some_and(|(root, proof)| {
                verify_consistency(old_size, size, root, &checkpoint.root, proof)
            })
        })?;
        match hashes.split_first() {
            Some((root, proof)) => Ok((*root, proof.to_vec())),
            None => Err(HashesError::NotAsSigned { size }),
        }
    }

    /// The roots of `parts` of the tree of `size` entries, if `verified` says that they lead to the
    /// signed root. Where the file leads elsewhere it is begun anew, once.
    fn believed(
        &mut self,
        size: u64,
        parts: &[Subtree],
        verified: impl Fn(&[Sha256]) -> bool,
    ) -> Result<Vec<Sha256>, HashesError> {
        if self.kept() > 0 {
            match self.roots(size, parts) {
                Ok(roots) if verified(&roots) => return Ok(roots),
                Ok(_) | Err(HashesError::Io { .. }) => self.discard(),
                Err(error) => return Err(error),
            }
        }
        let roots = self.roots(size, parts)?;
        if verified(&roots) {
            return Ok(roots);
        }
        Err(HashesError::NotAsSigned { size })
    }

    /// Forgets what the file holds.
    fn discard(&mut self) {
        let path = self.path.display();
        self.kept = None;
        if !self.may_write {
            tracing::warn!(%path, "the kept hashes do not lead to the signed root: not used");
            return;
        }
        tracing::warn!(%path, "the kept hashes do not lead to the signed root: made anew");
        let begun = std::fs::remove_file(&self.path).and_then(|()| Kept::open(&self.path, true));
        self.kept = begun.unwrap_or_else(|error| {
            tracing::warn!(%path, %error, "the tree's hashes are not kept");
            None
        });
    }

    fn roots(&mut self, size: u64, parts: &[Subtree]) -> Result<Vec<Sha256>, HashesError> {
        self.extend(size)?;
        let nodes = parts.iter().flat_map(|part| part.nodes());
        let hashes = self.look_up(size, nodes)?;
        let missing = HashesError::NotAsSigned { size };
        let hash_of = |node| hashes.get(&node).copied().flatten().ok_or(());
        let roots = parts.iter().map(|part| part.root(hash_of));
        roots.collect::<Result<_, _>>().map_err(|()| missing)
    }

    /// Writes what the file lacks of a tree of `size` entries.
    fn extend(&mut self, size: u64) -> Result<(), HashesError> {
        let Some(kept) = &mut self.kept else {
            return Ok(());
        };
        if !self.may_write || kept.size >= size {
            return Ok(());
        }
        match kept.extend(&self.lines, size, &self.path) {
            Err(HashesError::Io { source, .. }) => {
                // A full disk, say: what can be computed needs no file.
                tracing::warn!(path = %self.path.display(), error = %source, "the tree's hashes are not kept");
                self.kept = None;
                Ok(())
            }
            done => done,
        }
    }

    /// The hashes of some nodes of the tree of `size` entries: from the file, and, where it ends
    /// before them, from the lines.
    fn look_up(
        &self,
        size: u64,
        nodes: impl Iterator<Item = Node>,
    ) -> Result<BTreeMap<Node, Option<Sha256>>, HashesError> {
        let mut hashes = BTreeMap::new();
        let mut lacking = false;
        for node in nodes {
            let hash = match &self.kept {
                Some(kept) if node.whole_at() <= kept.size => {
                    Some(kept.read(node).map_err(|source| self.failed(source))?)
                }
                _ => None,
            };
            lacking |= hash.is_none();
            hashes.insert(node, hash);
        }
        if lacking {
            let mut tree = match &self.kept {
                Some(kept) => kept.tree().map_err(|source| self.failed(source))?,
                None => Tree::new(),
            };
            let wanted = tree.size()..size;
            let found = self.lines.each(wanted, |_, line| {
                tree.grow(leaf_hash(line), |node, hash| {
                    if let Some(place) = hashes.get_mut(&node) {
                        *place = Some(hash);
                    }
                });
                Ok::<_, HashesError>(())
            })?;
            if found < size {
                return Err(HashesError::Short { found, size });
            }
        }
        Ok(hashes)
    }

    fn failed(&self, source: io::Error) -> HashesError {
        let path = self.path.clone();
        HashesError::Io { path, source }
    }
}

impl Kept {
    /// The file; to be made if it may be written and is not there.
    fn open(path: &Path, may_write: bool) -> io::Result<Option<Self>> {
        let file = File::options()
            .read(true)
            .write(may_write)
            .create(may_write)
            .truncate(false)
            .open(path)?;
        let size = stored_leaves(file.metadata()?.len() / HASH_BYTES);
        Ok(Some(Self { file, size }))
    }

    fn read(&self, node: Node) -> io::Result<Sha256> {
        let mut bytes = [0; 32];
        let at = node.stored_index().saturating_mul(HASH_BYTES);
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(Sha256::from_bytes(bytes))
    }

    /// The tree over all that is there.
    fn tree(&self) -> io::Result<Tree> {
        let peaks = Subtree::of_size(self.size).nodes();
        let peaks = peaks
            .map(|node| self.read(node))
            .collect::<Result<_, _>>()?;
        Tree::from_parts(self.size, peaks).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Goes on to `size` entries. The file may then hold more than is counted as there.
    fn extend(&mut self, lines: &Lines, size: u64, path: &Path) -> Result<(), HashesError> {
        let failed = |source| HashesError::Io {
            path: path.to_owned(),
            source,
        };
        let mut tree = self.tree().map_err(failed)?;
        let end = stored_count(self.size).saturating_mul(HASH_BYTES);
        (&self.file).seek(SeekFrom::Start(end)).map_err(failed)?;
        let mut out = BufWriter::with_capacity(WRITE_BYTES, &self.file);
        let found = lines.each(self.size..size, |_, line| {
            let mut written = Ok(());
            tree.grow(leaf_hash(line), |_, hash| {
                if written.is_ok() {
                    written = out.write_all(hash.as_bytes());
                }
            });
            written.map_err(failed)
        })?;
        out.flush().map_err(failed)?;
        drop(out);
        self.size = tree.size();
        if found < size {
            return Err(HashesError::Short { found, size });
        }
        Ok(())
    }
}
