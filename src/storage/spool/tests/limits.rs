//! Limits refuse early, and leave nothing behind.

use super::*;

#[test]
fn a_full_spool_refuses_and_takes_again_when_there_is_room() {
    let mut site = Site::new();
    site.settings.bytes_max = 1 << 20;
    let (spool, _) = site.open();
    let to = peer("pacs");
    let id = keep(&spool, b"", &data(600_000), std::slice::from_ref(&to));
    let before = (site.files(), spool.used());
    assert!(spool.has_room());
    let mut draft = spool.begin(b"").unwrap();
    let refused = draft.write(&data(600_000)).unwrap_err();
    assert!(matches!(refused, SpoolError::Full(Limit::Bytes(1_048_576))));
    assert!(refused.is_full() && !refused.is_fatal());
    // It cannot be kept after that, as if nothing were missing in it.
    assert!(draft.write(b"x").is_err());
    assert!(draft.keep(std::slice::from_ref(&to)).is_err());
    assert_eq!((site.files(), spool.used()), before);
    // Small enough to be held in memory until the end: refused then.
    let mut large = spool.begin(b"").unwrap();
    large.write(&data(300_000)).unwrap();
    let mut small = spool.begin(b"").unwrap();
    small.write(&data(200_000)).unwrap();
    assert!(small.keep(std::slice::from_ref(&to)).unwrap_err().is_full());
    drop(large);
    assert_eq!((site.files(), spool.used()), before);
    spool.remove(&to, id, Place::Waiting).unwrap();
    keep(&spool, b"", &data(600_000), std::slice::from_ref(&to));
}

#[test]
fn objects_are_counted_with_those_that_come() {
    let mut site = Site::new();
    site.settings.objects_max = 2;
    let (spool, _) = site.open();
    let to = peer("pacs");
    let first = keep(&spool, b"", b"", std::slice::from_ref(&to));
    let second = spool.begin(b"").unwrap();
    assert!(!spool.has_room());
    let refused = spool.begin(b"").unwrap_err();
    assert!(matches!(refused, SpoolError::Full(Limit::Objects(2))));
    drop(second);
    assert!(spool.has_room());
    keep(&spool, b"", b"", std::slice::from_ref(&to));
    assert!(!spool.has_room());
    spool.remove(&to, first, Place::Waiting).unwrap();
    assert!(spool.has_room());
    drop(spool);
    // More than are allowed by now are still there.
    site.settings.objects_max = 1;
    let (spool, found) = site.open();
    assert_eq!((found.len(), spool.has_room()), (1, false));
}

#[test]
fn the_disk_keeps_some_room() {
    let mut site = Site::new();
    site.settings.free_bytes_min = 1 << 20;
    let (spool, _) = site.open();
    let to = peer("pacs");
    site.calls.set_free((1 << 20) - 1);
    assert!(!spool.has_room());
    let refused = spool.begin(b"").unwrap_err();
    assert!(matches!(refused, SpoolError::Full(Limit::Free(1_048_576))));
    site.calls.set_free((1 << 20) + 300_000);
    assert!(spool.has_room());
    let mut draft = spool.begin(b"").unwrap();
    draft.write(&data(290_000)).unwrap();
    site.calls.set_free(1 << 20);
    assert!(draft.keep(std::slice::from_ref(&to)).unwrap_err().is_full());
    assert_eq!(site.files(), ["lock", "number"]);
    // A note needs little, and tells why somebody's images did not arrive.
    site.calls.set_free(u64::MAX);
    let id = keep(&spool, b"", b"", std::slice::from_ref(&to));
    site.calls.set_free(0);
    spool
        .put(&to, id, Place::Waiting, Place::Dead, Some(b"why"))
        .unwrap();
    drop(spool);
    assert!(site.try_open().is_ok(), "a start needs no room");
}

#[test]
fn what_the_format_does_not_hold_is_refused() {
    let site = Site::new();
    let (spool, _) = site.open();
    let to = peer("pacs");
    let is_limit = |error: SpoolError| matches!(error, SpoolError::Limits { .. });
    let long = data(ABOUT_BYTES_MAX + 1);
    assert!(is_limit(spool.begin(&long).unwrap_err()));
    assert!(is_limit(spool.begin(b"").unwrap().keep(&[]).unwrap_err()));
    let many: Vec<PeerName> = (0..=QUEUES_MAX).map(|n| peer(&format!("p{n}"))).collect();
    assert!(is_limit(spool.begin(b"").unwrap().keep(&many).unwrap_err()));
    let id = spool.begin(b"").unwrap().keep(&many[1..]).unwrap();
    let note = data(NOTE_BYTES_MAX + 1);
    let put = |note: &[u8]| spool.put(&many[1], id, Place::Waiting, Place::Dead, Some(note));
    assert!(is_limit(put(&note).unwrap_err()));
    put(&note[1..]).unwrap();
    let much = vec![0; REMEMBERED_BYTES_MAX + 1];
    assert!(is_limit(spool.remember("a", &much).unwrap_err()));
    spool.remember("a", &much[1..]).unwrap();
    assert_eq!(
        spool.remembered("a").unwrap().unwrap().len(),
        REMEMBERED_BYTES_MAX
    );
    drop(spool);
    // A file that somebody made longer is not read to its end.
    let file = File::options().write(true).open(site.path("remembered/a"));
    file.unwrap().set_len(1 << 40).unwrap();
    let (spool, found) = site.open();
    assert_eq!(spool.remembered("a").unwrap(), None);
    assert_eq!(
        found[0].note.as_deref().map(<[u8]>::len),
        Some(NOTE_BYTES_MAX)
    );
    assert!(spool.read(&to, id, Place::Waiting).is_err());
}
