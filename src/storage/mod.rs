//! What is kept on disk, and how it survives.
//!
//! The data folder:
//!
//! | name | what | if it is lost |
//! |---|---|---|
//! | `lock` | held by the one gateway that uses the folder | made anew |
//! | `journal/*.segment` | the ledger's lines and sealed details: the truth | the ledger is lost |
//! | `journal/reserve` | room for denials, closures and erasures when the disk is full | made anew |
//! | `checkpoint.0`, `checkpoint.1` | the newest two signed checkpoints | the next start verifies everything |
//! | `ledger.vkey` | the public key that verifies the ledger | known to whoever has a copy |
//! | `keyring` | which patient has which pseudonym, and the sealing keys | patients cannot be recognised |
//! | `witnessed/` | checkpoints of other logs that we cosigned, proofs against them | a fork of those logs may be cosigned |
//! | `cosigned/`, `checkpoint.cosigned` | cosignatures on our own checkpoints | asked for again |
//! | `audit/*.cursor` | how far each receiver of audits was told | it is told from the beginning again |
//! | `console/verified.cursor` | how the last verification of the ledger went | it is verified anew |
//! | `exports/` | exports of the console, until they are old | made anew by who wants them |
//! | `alarm/*.cursor` | how far each webhook, and whoever reads e-mail, was told of alerts | alerts from before are not told |
//! | `hashes` | the tree's hashes, for proofs | computed again from the journal |
//! | `index/` | where in the journal to look (sled) | rebuilt from the journal |
//!
//! The keys folder lies apart from it and from its backups (see [`Keys`]), and so does the spool
//! (see [`Spool`]).
//!
//! # Durability
//!
//! - An entry MUST be in the journal, and `fdatasync` MUST have returned, before anybody is told of
//!   it or anything is released on its strength.
//! - A keyring row MUST be synced before the journal names its pseudonym.
//! - A file that was created or renamed MUST have its folder synced before anything relies on it.
//! - A failed `fsync` MUST NOT be retried: the kernel may have dropped the pages and report
//!   success the next time. The journal is poisoned, and the process exits and recovers.
//! - Only the physically last batch MAY be found torn and dropped, and MUST NOT be when a signed
//!   checkpoint covers it.
//! - sled MUST NOT be asked what happened: it is an index, and its `flush` is not trusted.

mod backup;
mod bypass;
mod checkpoints;
mod compare;
mod cursor;
mod disk;
mod export;
mod following;
mod frame;
mod hashes;
mod index;
mod journal;
mod keyring;
mod keys;
mod lines;
mod lock;
mod marks;
mod packing;
mod parcel;
mod prove;
mod reader;
mod sealed;
mod slots;
mod snapshot;
mod spool;
mod stream;
mod tiles;
mod verify;
mod witnessed;

#[cfg(test)]
mod fixtures;

pub use backup::BackedUp;
pub use backup::BackupError;
pub use backup::Layout;
pub use backup::back_up;
pub use bypass::BypassFile;
pub use bypass::BypassFound;
pub use bypass::BypassLine;
pub use bypass::BypassTime;
pub use bypass::bypass_prepare;
pub use bypass::bypass_recorded;
pub use bypass::bypass_times;
pub use checkpoints::newest_note;
pub use compare::CompareError;
pub use compare::compare;
pub use cursor::Cursor;
pub use cursor::Told;
pub use disk::free_bytes;
pub use export::AgeRecipient;
pub use export::ExportError;
pub use export::ExportForm;
pub use export::Exported;
pub use export::NotARecipient;
pub use export::export;
pub use export::newest_checkpoint;
pub use export::write_range;
pub use following::FollowError;
pub use following::Following;
pub use frame::BATCH_ENTRIES_MAX;
pub use frame::Record;
pub use frame::SEALED_BYTES_MAX;
pub use hashes::Hashes;
pub use hashes::HashesError;
pub use index::CatchingUp;
pub use index::FOUND_MAX;
pub use index::Facet;
pub use index::Index;
pub use index::IndexError;
pub use index::Indexer;
pub use index::Why;
pub use journal::AppendError;
pub use journal::Journal;
pub use journal::OpenError;
pub use journal::Priority;
pub use journal::Recovered;
pub use journal::SEGMENT_BYTES;
pub use journal::Torn;
pub use keyring::Identified;
pub use keyring::Keyring;
pub use keyring::KeyringError;
pub use keyring::Unsealed;
pub use keys::Keys;
pub use keys::KeysError;
pub use keys::random as random_bytes;
pub use keys::random_id;
pub use keys::read_vkey;
pub use lock::FolderLock;
pub use lock::LockError;
pub use packing::Packing;
pub use packing::PackingError;
pub use parcel::open_stream;
pub use parcel::seal_stream;
pub use prove::ProveError;
pub use prove::Proved;
pub use prove::prove;
pub use reader::Entries;
pub use reader::JournalReader;
pub use reader::ReadError;
pub use reader::Stored;
pub use reader::has_ledger;
pub use reader::journal_bytes;
pub use sealed::event_id;
pub use snapshot::Snapshot;
pub use snapshot::SnapshotError;
pub use snapshot::read_snapshot;
pub use snapshot::recorded_snapshot;
pub use snapshot::snapshot_path;
pub use snapshot::write_snapshot;
pub use spool::ABOUT_BYTES_MAX;
pub use spool::Draft;
pub use spool::Findings;
pub use spool::Found;
pub use spool::Limit;
pub use spool::NOTE_BYTES_MAX;
pub use spool::ObjectId;
pub use spool::Place;
pub use spool::QUEUES_MAX;
pub use spool::REMEMBERED_BYTES_MAX;
pub use spool::Reader;
pub use spool::Spool;
pub use spool::SpoolError;
pub use spool::Used;
pub use stream::Opener;
pub use stream::SealedStream;
pub use stream::Sealer;
pub use stream::StreamError;
pub use verify::Depth;
pub use verify::Kept;
pub use verify::Report;
pub use verify::VerifyError;
pub use verify::verify;
pub use verify::verify_against;
pub use verify::verify_heeding;
pub use witnessed::Cosigned;
pub use witnessed::PROOFS_MAX;
pub use witnessed::WitnessedError;
pub use witnessed::WitnessedLogs;
pub use witnessed::read_proof;
