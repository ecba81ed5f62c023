//! A queue's folders: one for each place that an object can be in.

use std::ffi::OsStr;
use std::io;

use crate::config::PeerName;
use crate::storage::spool::Place;
use crate::storage::spool::Shared;
use crate::storage::spool::SpoolError;
use crate::storage::spool::folder::Folder;

/// The file that says that a queue is paused.
pub(super) const PAUSED: &str = "paused";

/// Stands before a peer's name that begins with a dot, as `.` and `..` do. No peer's name has it.
const DOTTED: char = '=';

/// The folders of one queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) name: PeerName,
    pub(super) folder: Folder,
    waiting: Folder,
    dead: Folder,
    quarantined: Folder,
    delivered: Folder,
}

impl Queue {
    /// Opens a queue's folders, or makes them, and syncs them.
    pub(super) fn open(shared: &Shared, name: &PeerName) -> Result<Self, SpoolError> {
        let calls = &*shared.calls;
        let folder = shared.queues_folder.within(calls, &folder_name(name))?;
        let place = |place: Place| folder.within(calls, place.as_str());
        let queue = Self {
            waiting: place(Place::Waiting)?,
            dead: place(Place::Dead)?,
            quarantined: place(Place::Quarantined)?,
            delivered: place(Place::Delivered)?,
            name: name.clone(),
            folder,
        };
        for folder in [&shared.queues_folder, &queue.folder] {
            folder.sync(shared)?;
        }
        Ok(queue)
    }

    pub(super) const fn folder(&self, place: Place) -> &Folder {
        match place {
            Place::Waiting => &self.waiting,
            Place::Dead => &self.dead,
            Place::Quarantined => &self.quarantined,
            Place::Delivered => &self.delivered,
        }
    }

    /// Whether it is paused.
    pub(super) fn is_paused(&self) -> Result<bool, SpoolError> {
        Ok(self.folder.open(PAUSED)?.is_some())
    }

    pub(super) fn set_paused(&self, shared: &Shared, paused: bool) -> Result<(), SpoolError> {
        let (calls, folder) = (&shared.calls, &self.folder);
        let name = OsStr::new(PAUSED);
        let (done, expected) = if paused {
            let made = calls.create(folder.file(), name);
            (made.map(drop), io::ErrorKind::AlreadyExists)
        } else {
            (calls.unlink(folder.file(), name), io::ErrorKind::NotFound)
        };
        match done {
            Err(error) if error.kind() != expected => return Err(folder.error(PAUSED, error)),
            _ => {}
        }
        folder.sync(shared)
    }
}

/// The name of a queue's folder.
fn folder_name(peer: &PeerName) -> String {
    let name = peer.as_str();
    if name.starts_with('.') {
        return format!("{DOTTED}{name}");
    }
    name.to_owned()
}

/// The peer whose queue a folder is; `None` when it is none.
pub(super) fn peer_of(name: &OsStr) -> Option<PeerName> {
    let name = name.to_str()?;
    let peer: PeerName = name.strip_prefix(DOTTED).unwrap_or(name).parse().ok()?;
    (folder_name(&peer) == name).then_some(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_folder_lies_among_the_queues_whatever_its_name() {
        for name in ["pacs", "..", ".", ".a", "a..b", "x.y_z-1"] {
            let peer: PeerName = name.parse().unwrap();
            let folder = folder_name(&peer);
            assert!(
                !folder.starts_with('.') && !folder.contains('/'),
                "{folder}"
            );
            assert_eq!(peer_of(OsStr::new(&folder)), Some(peer));
        }
        for name in ["", "=pacs", "==.", "a/b", "lost+found", "A"] {
            assert_eq!(peer_of(OsStr::new(name)), None, "{name}");
        }
    }
}
