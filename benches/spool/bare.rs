//! The least that keeping an object can cost: its bytes sealed in the same way, written to a file,
//! the file synced, its folder synced. No numbers, counts, limits, queues, header or reading back.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use ring::aead::AES_256_GCM;
use ring::aead::Aad;
use ring::aead::LessSafeKey;
use ring::aead::Nonce;
use ring::aead::UnboundKey;
use ring::rand::SecureRandom as _;
use ring::rand::SystemRandom;

/// Bytes of a segment.
const SEGMENT_BYTES: usize = 65_536;

/// Segments that are written at once.
const AT_ONCE: usize = 4;

/// A folder of sealed files.
pub(crate) struct Bare {
    dir: PathBuf,
    folder: File,
    files: u64,
    buffer: Vec<u8>,
}

impl Bare {
    pub(crate) fn in_dir(dir: &Path) -> Self {
        let dir = dir.join("bare");
        std::fs::create_dir(&dir).unwrap();
        Self {
            folder: File::open(&dir).unwrap(),
            dir,
            files: 0,
            buffer: Vec::new(),
        }
    }

    /// Seals and writes an object, as it comes in pieces, and returns when it is durable.
    pub(crate) fn keep(&mut self, about: &[u8], pieces: &[&[u8]]) {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        self.files += 1;
        let mut file = File::create_new(self.dir.join(self.files.to_string())).unwrap();
        self.buffer.clear();
        self.buffer.extend_from_slice(about);
        seal(&key, 0, &mut self.buffer, 0);
        let (mut sealed, mut begins) = (1, self.buffer.len());
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let room = SEGMENT_BYTES - (self.buffer.len() - begins);
                let (now, later) = rest.split_at(room.min(rest.len()));
                self.buffer.extend_from_slice(now);
                rest = later;
                if now.len() == room {
                    seal(&key, sealed, &mut self.buffer, begins);
                    sealed += 1;
                    if self.buffer.len() > AT_ONCE * SEGMENT_BYTES {
                        file.write_all(&self.buffer).unwrap();
                        self.buffer.clear();
                    }
                    begins = self.buffer.len();
                }
            }
        }
        seal(&key, sealed, &mut self.buffer, begins);
        file.write_all(&self.buffer).unwrap();
        rustix::fs::fdatasync(&file).unwrap();
        self.folder.sync_all().unwrap();
    }
}

fn seal(key: &LessSafeKey, number: u32, buffer: &mut Vec<u8>, begins: usize) {
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&number.to_be_bytes());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let open = buffer.get_mut(begins..).unwrap();
    let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), open);
    buffer.extend_from_slice(tag.unwrap().as_ref());
}
