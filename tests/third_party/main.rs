//! Exports are verified by the crates `tlog_tiles` and `signed_note` (Cloudflare's), which know
//! nothing of the code that wrote them; and refused when a bit is changed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot read what it wrote has failed"
)]

#[path = "../books/mod.rs"]
#[allow(dead_code, reason = "each test that has a ledger needs a part of it")]
mod books;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use books::Books;
use credence::contract::Body;
use credence::digest::Sha256;
use credence::ledger::Checkpoint as OwnCheckpoint;
use credence::storage::ExportForm;
use credence::storage::FolderLock;
use credence::storage::Hashes;
use credence::storage::export;
use credence::storage::read_vkey;
use credence::time::UtcMicros;
use signed_note::Note;
use signed_note::StandardVerifier;
use signed_note::VerifierList;
use tlog_tiles::Checkpoint;
use tlog_tiles::Error;
use tlog_tiles::Hash;
use tlog_tiles::HashReader;
use tlog_tiles::Tile;
use tlog_tiles::TileHashReader;
use tlog_tiles::TileReader;
use tlog_tiles::check_record;
use tlog_tiles::check_tree;
use tlog_tiles::prove_tree;
use tlog_tiles::record_hash;
use tlog_tiles::stored_hash_count;
use tlog_tiles::stored_hash_index;
use tlog_tiles::tree_hash;

/// Entries in the earlier export, and in the later: less than two tiles, and more.
const SIZES: [usize; 2] = [260, 520];

/// A ledger that was exported twice.
struct Site {
    folder: tempfile::TempDir,
    data: PathBuf,
    vkey: String,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut books = Books::begin(folder.path(), UtcMicros(1_770_000_000_000_000));
        for (size, name) in SIZES.into_iter().zip(["earlier", "later"]) {
            while books.len() < size as u64 {
                books.say(Body::Alert {
                    code: "test".to_owned(),
                    text: format!("before {size}"),
                    about: None,
                });
            }
            books.sign();
            let form = ExportForm {
                tiles: true,
                recipients: Vec::new(),
            };
            let out = folder.path().join(name);
            let exported = export(&folder.path().join("data"), &out, &form).unwrap();
            assert_eq!(exported.checkpoint.unwrap().size, size as u64);
        }
        let data = books.close();
        let vkey = read_vkey(&data).unwrap().unwrap().to_string();
        Self { folder, data, vkey }
    }

    fn export(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The checkpoint of an export, as the crates believe it.
    fn checkpoint(&self, name: &str) -> Checkpoint {
        let signed = fs::read(self.export(name).join("checkpoint")).unwrap();
        opened(&signed, &self.vkey).unwrap()
    }
}

/// A signed checkpoint, if the key signed it.
fn opened(signed: &[u8], vkey: &str) -> Option<Checkpoint> {
    let verifier = StandardVerifier::new(vkey).unwrap();
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let note = Note::from_bytes(signed).ok()?;
    note.verify(&known).ok()?;
    Checkpoint::from_bytes(note.text()).ok()
}

/// Reads the tiles of an export; a bit of one may be flipped.
#[derive(Default)]
struct Tiles {
    dir: PathBuf,
    bad: Option<(String, usize)>,
    read: RefCell<BTreeMap<String, usize>>,
}

impl Tiles {
    fn of(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            ..Self::default()
        }
    }
}

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let one = |tile: &Tile| {
            // The crate's paths name the height, C2SP's do not.
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            let mut data =
                fs::read(self.dir.join(&path)).map_err(|e| Error::InvalidInput(e.to_string()))?;
            self.read.borrow_mut().insert(path.clone(), data.len());
            if let Some((bad, place)) = &self.bad
                && *bad == path
            {
                data[*place] ^= 1 << (place % 8);
            }
            Ok(data)
        };
        tiles.iter().map(one).collect()
    }

    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {}
}

/// All leaves of the tree that the checkpoint is about, if the tiles lead to its root.
fn leaves(checkpoint: &Checkpoint, tiles: &Tiles) -> Result<Vec<Hash>, Error> {
    let reader = TileHashReader::new(checkpoint.size(), *checkpoint.hash(), tiles);
    let root = tree_hash(checkpoint.size(), &reader)?;
    assert_eq!(root, *checkpoint.hash());
    let indexes: Vec<u64> = (0..checkpoint.size())
        .map(|leaf| stored_hash_index(0, leaf))
        .collect();
    reader.read_hashes(&indexes)
}

/// The entries in the bundles of an export.
fn bundled(dir: &Path, size: u64) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for bundle in 0..size.div_ceil(256) {
        let partial = match size - bundle * 256 {
            width @ ..256 => format!(".p/{width}"),
            _ => String::new(),
        };
        let data = fs::read(dir.join(format!("tile/entries/{bundle:03}{partial}"))).unwrap();
        let mut rest = data.as_slice();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (entry, after) = after.split_at(u16::from_be_bytes(*length).into());
            entries.push(entry.to_vec());
            rest = after;
        }
        assert!(rest.is_empty());
    }
    entries
}

#[test]
fn the_checkpoint_is_signed_and_a_changed_one_is_not() {
    let site = Site::new();
    for (name, size) in ["earlier", "later"].into_iter().zip(SIZES) {
        let signed = fs::read(site.export(name).join("checkpoint")).unwrap();
        assert_eq!(opened(&signed, &site.vkey).unwrap().size(), size as u64);
        for place in 0..signed.len() {
            let mut bad = signed.clone();
            bad[place] ^= 1 << (place % 8);
            assert!(opened(&bad, &site.vkey).is_none(), "byte {place}");
        }
    }
}

#[test]
fn the_tiles_lead_to_the_signed_root_and_changed_ones_do_not() {
    let site = Site::new();
    for name in ["earlier", "later"] {
        let dir = site.export(name);
        let checkpoint = site.checkpoint(name);
        let tiles = Tiles::of(&dir);
        let leaves_found = leaves(&checkpoint, &tiles).unwrap();
        let entries = bundled(&dir, checkpoint.size());
        let hashes: Vec<Hash> = entries.iter().map(|entry| record_hash(entry)).collect();
        assert_eq!(leaves_found, hashes);
        let lines = fs::read_to_string(dir.join("entries.jsonl")).unwrap();
        assert!(lines.lines().map(str::as_bytes).eq(entries));
        let read = tiles.read.into_inner();
        assert!(read.len() >= 3, "{read:?}");
        for (path, length) in read {
            for place in (0..length).step_by(33) {
                let bad = Tiles {
                    bad: Some((path.clone(), place)),
                    ..Tiles::of(&dir)
                };
                // Not only by an error: version 0.2.0 of tlog_tiles (and Go's, which it follows)
                // compares some full tiles that it reads with no parent. Their leaves are then
                // not those of the entries.
                let found = leaves(&checkpoint, &bad);
                let is_found = found.is_err() || found.is_ok_and(|leaves| leaves != hashes);
                assert!(is_found, "{path}, byte {place}");
            }
        }
    }
}

#[test]
fn an_export_begins_as_the_earlier_one() {
    let site = Site::new();
    let [earlier, later] = ["earlier", "later"].map(|name| site.checkpoint(name));
    let (old, new) = (earlier.size(), later.size());
    let dir = site.export("later");
    let tiles = Tiles::of(&dir);
    let reader = TileHashReader::new(new, *later.hash(), &tiles);
    let theirs = prove_tree(new, old, &reader).unwrap();
    // And the proof that we make, in both ways that we make it.
    let own = OwnCheckpoint {
        origin: later.origin().to_owned(),
        size: new,
        root: Sha256::from_bytes(later.hash().0),
    };
    let lock = FolderLock::take(&site.data).unwrap();
    for mut hashes in [
        Hashes::read(&dir).unwrap(),
        Hashes::keep(&site.data, &lock).unwrap(),
    ] {
        let ours = hashes.consistency_proof(old, &own).unwrap();
        let ours: Vec<Hash> = ours.iter().map(|hash| Hash(*hash.as_bytes())).collect();
        assert_eq!(ours, theirs);
        check_tree(&ours, new, *later.hash(), old, *earlier.hash()).unwrap();
        for place in 0..ours.len() {
            let mut bad = ours.clone();
            bad[place].0[place % 32] ^= 1;
            assert!(check_tree(&bad, new, *later.hash(), old, *earlier.hash()).is_err());
        }
    }
    let mut root = *earlier.hash();
    root.0[0] ^= 1;
    assert!(check_tree(&theirs, new, *later.hash(), old, root).is_err());
}

#[test]
fn the_kept_hashes_are_the_stored_hashes_of_tlog() {
    struct Stored(Vec<u8>);
    impl HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
            let one = |index: &u64| {
                let start = usize::try_from(*index).unwrap() * 32;
                Hash(self.0[start..start + 32].try_into().unwrap())
            };
            Ok(indexes.iter().map(one).collect())
        }
    }
    let site = Site::new();
    let checkpoint = site.checkpoint("later");
    let own = OwnCheckpoint {
        origin: checkpoint.origin().to_owned(),
        size: checkpoint.size(),
        root: Sha256::from_bytes(checkpoint.hash().0),
    };
    let lock = FolderLock::take(&site.data).unwrap();
    let mut hashes = Hashes::keep(&site.data, &lock).unwrap();
    hashes.catch_up(&own).unwrap();
    let stored = Stored(fs::read(site.data.join("hashes")).unwrap());
    let count = stored_hash_count(checkpoint.size());
    assert_eq!(stored.0.len() as u64, count * 32);
    for name in ["earlier", "later"] {
        let signed = site.checkpoint(name);
        let root = tree_hash(signed.size(), &stored).unwrap();
        assert_eq!(root, *signed.hash());
    }
}

#[test]
fn a_proof_file_shows_its_line_and_no_other() {
    let site = Site::new();
    for entry in [0, 1, 255, 256, 511, 512, 519] {
        let file = site.folder.path().join(format!("{entry}.tlog-proof"));
        let done = Command::new(env!("CARGO_BIN_EXE_credence"))
            .args(["ledger", "proof", "--entry", &entry.to_string(), "--out"])
            .args([&file, &site.data])
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        let text = fs::read_to_string(&file).unwrap();
        let line = fs::read(file.with_extension("json")).unwrap();
        let (head, signed) = text.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
        assert_eq!(lines.next(), Some(format!("index {entry}").as_str()));
        let proof: Vec<Hash> = lines.map(|line| Hash::parse_hash(line).unwrap()).collect();
        let tree = opened(signed.as_bytes(), &site.vkey).unwrap();
        let check = |proof: &Vec<Hash>, entry, line: &[u8]| {
            check_record(proof, tree.size(), *tree.hash(), entry, record_hash(line))
        };
        check(&proof, entry, &line).unwrap();
        assert!(check(&proof, entry ^ 1, &line).is_err());
        // The rules are a long line: of that, a bit here and there.
        for place in (0..line.len()).step_by(line.len() / 400 + 1) {
            let mut bad = line.clone();
            bad[place] ^= 1 << (place % 8);
            assert!(check(&proof, entry, &bad).is_err());
        }
        for place in 0..proof.len() * 32 {
            let mut bad = proof.clone();
            bad[place / 32].0[place % 32] ^= 1;
            assert!(check(&bad, entry, &line).is_err());
        }
    }
}
