//! The tree and the entries as C2SP tlog-tiles has them: files that a web server can serve as they
//! are.

use crate::digest::Sha256;
use crate::ledger::Node;
use crate::ledger::Tree;
use crate::ledger::leaf_hash;
use crate::storage::export::Archive;
use crate::storage::export::ExportError;

/// Hashes in a full tile, and entries in a full bundle (C2SP tlog-tiles, "Merkle Tree").
const WIDTH: u64 = 256;

/// Levels of the tree that a tile spans.
const HEIGHT: u8 = 8;

/// What the folder of a level's tiles is called: the level, or `entries` for the bundles.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Hashes(usize),
    Entries,
}

/// A tile that is being filled.
#[derive(Debug, Default)]
struct Filling {
    /// Its index within its level.
    index: u64,
    /// Hashes or entries in it.
    width: u64,
    bytes: Vec<u8>,
}

/// Writes the tiles of a ledger whose lines are pushed in order.
pub(super) struct Tiles<'a> {
    archive: &'a mut dyn Archive,
    tree: Tree,
    levels: Vec<Filling>,
    bundle: Filling,
}

impl<'a> Tiles<'a> {
    pub(super) const fn new(archive: &'a mut dyn Archive) -> Self {
        Self {
            archive,
            tree: Tree::new(),
            levels: Vec::new(),
            bundle: Filling {
                index: 0,
                width: 0,
                bytes: Vec::new(),
            },
        }
    }

    /// Takes the next line.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<(), ExportError> {
        // No line is longer (`LINE_BYTES_MAX`): a damaged one would not lead to the signed root.
        let length = u16::try_from(line.len()).unwrap_or(u16::MAX);
        self.bundle.bytes.extend_from_slice(&length.to_be_bytes());
        self.bundle.bytes.extend_from_slice(line);
        self.bundle.add(Kind::Entries, self.archive)?;
        let mut whole: Vec<(Node, Sha256)> = Vec::new();
        self.tree.grow(leaf_hash(line), |node, hash| {
            if node.level().is_multiple_of(HEIGHT) {
                whole.push((node, hash));
            }
        });
        for (node, hash) in whole {
            let level = usize::from(node.level() / HEIGHT);
            if self.levels.len() <= level {
                self.levels.push(Filling::default());
            }
            if let Some(tile) = self.levels.get_mut(level) {
                tile.bytes.extend_from_slice(hash.as_bytes());
                tile.add(Kind::Hashes(level), self.archive)?;
            }
        }
        Ok(())
    }

    /// Writes the partial tiles, and returns the root of the tree that they are about.
    pub(super) fn finish(self) -> Result<Sha256, ExportError> {
        for (level, tile) in self.levels.iter().enumerate() {
            tile.write_partial(Kind::Hashes(level), self.archive)?;
        }
        self.bundle.write_partial(Kind::Entries, self.archive)?;
        Ok(self.tree.root())
    }
}

impl Filling {
    /// One more hash or entry is in it; when it is full it is written, and the next begun.
    fn add(&mut self, kind: Kind, archive: &mut dyn Archive) -> Result<(), ExportError> {
        self.width = self.width.saturating_add(1);
        if self.width < WIDTH {
            return Ok(());
        }
        archive.add(&path(kind, self.index), &self.bytes)?;
        self.index = self.index.saturating_add(1);
        self.width = 0;
        self.bytes.clear();
        Ok(())
    }

    fn write_partial(&self, kind: Kind, archive: &mut dyn Archive) -> Result<(), ExportError> {
        if self.width == 0 {
            return Ok(());
        }
        let path = format!("{}.p/{}", path(kind, self.index), self.width);
        archive.add(&path, &self.bytes)
    }
}

/// `tile/<L>/<N>`: the index in groups of three digits, all but the last after an `x`.
fn path(kind: Kind, index: u64) -> String {
    let mut digits = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        digits = format!("x{:03}/{digits}", rest % 1000);
        rest /= 1000;
    }
    match kind {
        Kind::Hashes(level) => format!("tile/{level}/{digits}"),
        Kind::Entries => format!("tile/entries/{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Keeps the files' lengths.
    #[derive(Default)]
    struct Lengths(BTreeMap<String, u64>);

    impl Archive for Lengths {
        fn begin(&mut self, name: &str, bytes: u64) -> Result<(), ExportError> {
            assert_eq!(self.0.insert(name.to_owned(), bytes), None);
            Ok(())
        }

        fn write(&mut self, _bytes: &[u8]) -> Result<(), ExportError> {
            Ok(())
        }

        fn end(&mut self) -> Result<(), ExportError> {
            Ok(())
        }

        fn finish(self: Box<Self>) -> Result<(), ExportError> {
            Ok(())
        }
    }

    #[test]
    fn tiles_are_those_of_the_standards_examples() {
        // "index 1234067 will be encoded as x001/x234/067"
        assert_eq!(path(Kind::Entries, 1_234_067), "tile/entries/x001/x234/067");
        assert_eq!(path(Kind::Hashes(1), 7), "tile/1/007");
        // "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0
        // tile of width 112, one full level 1 tile, one partial level 1 tile of width 17, and one
        // partial level 2 tile of width 1"
        let files = written(70_000);
        let full = |level: &str| {
            let full = files.iter().filter(|(name, bytes)| {
                name.starts_with(level) && !name.contains(".p/") && **bytes == 8192
            });
            full.count()
        };
        assert_eq!((full("tile/0/"), full("tile/1/")), (273, 1));
        assert_eq!(files["tile/0/273.p/112"], 112 * 32);
        assert_eq!(files["tile/1/001.p/17"], 17 * 32);
        assert_eq!(files["tile/2/000.p/1"], 32);
        assert_eq!(files["tile/entries/273.p/112"], 112 * 3);
        assert_eq!(files.len(), 273 * 2 + 5);
        // "a tree of size 256 will be represented by a full level 0 tile and a partial level 1 tile
        // of width 1"
        let names: Vec<String> = written(256).into_keys().collect();
        assert_eq!(names, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    }

    fn written(size: u64) -> BTreeMap<String, u64> {
        let mut lengths = Lengths::default();
        let mut tiles = Tiles::new(&mut lengths);
        for _ in 0..size {
            tiles.push(b"x").unwrap();
        }
        tiles.finish().unwrap();
        lengths.0
    }
}
