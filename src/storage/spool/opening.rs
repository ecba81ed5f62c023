//! What a start finds: unfinished drafts go, objects are looked at one by one, nothing else is changed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsStr;
use std::sync::Arc;
use std::vec;

use crate::storage::spool::Found;
use crate::storage::spool::NOTE_BYTES_MAX;
use crate::storage::spool::ObjectId;
use crate::storage::spool::Place;
use crate::storage::spool::Shared;
use crate::storage::spool::SpoolError;
use crate::storage::spool::folder::Folder;
use crate::storage::spool::note_label;
use crate::storage::spool::note_name;
use crate::storage::spool::queues;
use crate::storage::spool::queues::Queue;
use crate::storage::spool::reader::Reader;
use crate::storage::spool::small;

const DRAFT: &str = ".draft";

const NOTE: &str = ".note";

/// What a start found, in order of the numbers. An object is read when it is asked for, so that the
/// memory of a start does not grow with what is said about all of them. It counts against the
/// spool's limits from then on: all are to be asked for before the first is received.
#[derive(Debug)]
pub struct Findings {
    shared: Arc<Shared>,
    left: vec::IntoIter<Name>,
}

/// A name of an object, not read yet.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) id: ObjectId,
    queue: Arc<Queue>,
    place: Place,
    has_note: bool,
}

/// An object that was looked at.
#[derive(Debug, Default)]
struct Seen {
    /// Bytes of its file.
    file_bytes: u64,
    /// Bytes of its data; of its file when that does not open.
    bytes: u64,
    about: Vec<u8>,
    /// The disk did not give it, in its words.
    unreadable: Option<String>,
}

impl Findings {
    pub(super) fn new(shared: &Arc<Shared>, names: Vec<Name>) -> Self {
        Self {
            shared: Arc::clone(shared),
            left: names.into_iter(),
        }
    }
}

impl Iterator for Findings {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        let name = self.left.next()?;
        Some(look_at_object(&self.shared, &name))
    }
}

/// Looks at the names in every queue, and gives them in order of the numbers.
pub(super) fn look(shared: &Shared) -> Result<Vec<Name>, SpoolError> {
    for folder in [&shared.root, &shared.incoming, &shared.remembered] {
        remove_drafts(shared, folder)?;
    }
    let mut names = Vec::new();
    for name in shared.queues_folder.names()? {
        let Some(peer) = queues::peer_of(&name) else {
            continue;
        };
        let queue = match shared.queue(&peer) {
            Err(error) if error.is_full() && is_unmade(shared, &name) => continue,
            queue => queue?,
        };
        look_at_queue(shared, &queue, &mut names)?;
    }
    names.sort_by(|one, other| (one.id, &one.queue.name).cmp(&(other.id, &other.queue.name)));
    Ok(names)
}

/// Whether a queue's folders were being made when the disk became full: nothing is in any of them, and
/// they are gone now. They are made again when something is to be kept there.
fn is_unmade(shared: &Shared, name: &OsStr) -> bool {
    let folder = shared.queues_folder.path().join(name);
    for place in Place::ALL {
        // Only an empty folder goes.
        match std::fs::remove_dir(folder.join(place.as_str())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return false,
            _ => {}
        }
    }
    std::fs::remove_dir(folder).is_ok()
}

fn look_at_queue(
    shared: &Shared,
    queue: &Arc<Queue>,
    names: &mut Vec<Name>,
) -> Result<(), SpoolError> {
    let mut places: BTreeMap<ObjectId, (Place, bool)> = BTreeMap::new();
    for place in Place::ALL {
        let folder = queue.folder(place);
        // What was found may not have been durable yet.
        folder.sync(shared)?;
        remove_drafts(shared, folder)?;
        let mut notes = Vec::new();
        for name in folder.names()? {
            let Some(name) = name.to_str() else {
                continue;
            };
            if let Some(id) = name.strip_suffix(NOTE).and_then(ObjectId::named) {
                notes.push(id);
            } else if let Some(id) = ObjectId::named(name) {
                // A power cut may leave both names where one was changed for the other. The places
                // are in this order because an object that waits is asked about again.
                match places.entry(id) {
                    Entry::Vacant(free) => {
                        free.insert((place, false));
                    }
                    Entry::Occupied(_) => small::remove(shared, folder, name)?,
                }
            }
        }
        for id in notes {
            match places.get_mut(&id) {
                Some((its, has_note)) if *its == place => *has_note = true,
                // The object went before its note could.
                Some(_) | None => small::remove(shared, folder, &note_name(id))?,
            }
        }
    }
    let found = places.into_iter().map(|(id, (place, has_note))| Name {
        id,
        queue: Arc::clone(queue),
        place,
        has_note,
    });
    names.extend(found);
    Ok(())
}

fn look_at_object(shared: &Shared, name: &Name) -> Found {
    let (id, queue) = (name.id, &*name.queue);
    let folder = queue.folder(name.place);
    // One bad block must not keep all other objects from their destinations.
    let seen = look_into(shared, folder, id).unwrap_or_else(|error| Seen {
        unreadable: Some(error.to_string()),
        ..Seen::default()
    });
    let label = note_label(&queue.name, id);
    let note = if name.has_note {
        let read = small::read(shared, folder, &note_name(id), &label, NOTE_BYTES_MAX);
        read.ok().flatten().flatten()
    } else {
        None
    };
    shared.books().found(id, seen.file_bytes);
    Found {
        queue: queue.name.clone(),
        id,
        place: name.place,
        bytes: seen.bytes,
        about: seen.about,
        note,
        unreadable: seen.unreadable,
    }
}

fn look_into(shared: &Shared, folder: &Folder, id: ObjectId) -> Result<Seen, SpoolError> {
    let name = id.to_string();
    let missing = || SpoolError::Missing {
        id,
        path: folder.path().to_owned(),
    };
    let file = match folder.open(&name) {
        Ok(file) => file.ok_or_else(missing)?,
        // A symbolic link is no object.
        Err(SpoolError::Io { source, .. }) if source.raw_os_error() == Some(LOOP) => {
            return Ok(Seen::default());
        }
        Err(error) => return Err(error),
    };
    let metadata = file.metadata();
    let file_bytes = metadata
        .map_err(|source| folder.error(&name, source))?
        .len();
    match Reader::open(&shared.site, id, file, folder.path().join(&name)) {
        Ok(reader) => Ok(Seen {
            file_bytes,
            bytes: reader.bytes(),
            about: reader.into_about(),
            unreadable: None,
        }),
        Err(error) => {
            let is_damaged = matches!(error, SpoolError::Damaged { .. });
            Ok(Seen {
                file_bytes,
                bytes: file_bytes,
                about: Vec::new(),
                unreadable: (!is_damaged).then(|| error.to_string()),
            })
        }
    }
}

/// ELOOP: what a symbolic link gives that is not to be followed.
const LOOP: i32 = rustix::io::Errno::LOOP.raw_os_error();

fn remove_drafts(shared: &Shared, folder: &Folder) -> Result<(), SpoolError> {
    for name in folder.names()? {
        if let Some(name) = OsStr::to_str(&name)
            && name.ends_with(DRAFT)
        {
            small::remove(shared, folder, name)?;
        }
    }
    Ok(())
}
