//! Promise 7: everything has a limit. The gateway is a process of its own here, and its peak
//! memory is what the kernel says.

use std::time::Duration;
use std::time::Instant;

use credence::association::AssociateRj;
use credence::association::Frame;
use credence::demo::contexts_to_store;
use credence::dicom::Tag;
use credence::dimse::Status;

use crate::house::House;
use crate::house::Plan;
use crate::images::Image;
use crate::wire::Wire;
use crate::wire::p_data;
use crate::wire::pdv;
use crate::wire::request;
use crate::wire::store_command;

const MIB: usize = 1024 * 1024;

/// KiB that one hostile association may cost beside eight times what it sent.
const PER_ASSOCIATION_KIB: u64 = 512;

#[tokio::test]
async fn lengths_that_are_only_announced_cost_nothing() {
    let house = House::new(Plan::default()).await;
    let serving = house.serve().await;
    house.modality().echo().await.unwrap();
    let before = serving.peak_kib();
    let mut held = Vec::new();
    // 4 GiB before there is an association, of every kind of PDU.
    for kind in 0..=8_u8 {
        let mut wire = Wire::connect(house.address).await;
        wire.send(&[kind, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 0, 0])
            .await;
        held.push(wire);
    }
    let image = Image::default().instance(1);
    for bytes in [
        // A P-DATA-TF of 4 GiB; a fragment of 4 GiB; one longer than its PDU.
        [
            &[4, 0, 0xFF, 0xFF, 0xFF, 0xFF][..],
            &pdv(false, false, &[8, 0]),
        ]
        .concat(),
        vec![4, 0, 0, 0, 0x10, 0, 0xFF, 0xFF, 0xFF, 0xFE, 1, 0],
        vec![4, 0, 0, 0, 0, 20, 0, 0, 0x10, 0, 1, 0],
        // A command element of 4 GiB.
        p_data(&[pdv(true, true, &[0, 0, 2, 0, 0xFF, 0xFF, 0xFF, 0xFE, 1, 2])]),
    ] {
        let mut wire = Wire::to_store(house.address, "CT1", std::slice::from_ref(&image)).await;
        wire.send(&bytes).await;
        let answer = wire.frame().await;
        assert!(matches!(answer, Some(Frame::Abort(_)) | None), "{answer:?}");
        held.push(wire);
    }
    // A data set whose first element announces 4 GiB, as private, as Patient ID, as a sequence.
    for element in [
        b"\x09\0\x01\x10OB\0\0\xFE\xFF\xFF\xFF".to_vec(),
        b"\x10\0\x20\0UT\0\0\xF0\xFF\xFF\xFF".to_vec(),
        b"\x08\0\x40\x11SQ\0\0\xF0\xFF\xFF\xFF".to_vec(),
    ] {
        let mut wire = Wire::to_store(house.address, "CT1", std::slice::from_ref(&image)).await;
        wire.send(&store_command(&image)).await;
        wire.send(&p_data(&[pdv(false, true, &element)])).await;
        assert_eq!(wire.status().await, Some(Status::STORE_CANNOT_UNDERSTAND));
        held.push(wire);
    }
    let grown = serving.peak_kib() - before;
    assert!(
        grown < PER_ASSOCIATION_KIB * held.len() as u64,
        "{grown} KiB"
    );
    assert_eq!(house.pacs.record().received.len(), 0);
    let told = house.modality().store(&[image], |_| {}).await.unwrap();
    assert_eq!(
        told[0].status,
        Status::SUCCESS,
        "others are served meanwhile"
    );
}

#[tokio::test]
async fn a_head_that_never_ends_is_held_up_to_its_limit_and_refused() {
    let house = House::new(Plan::default()).await;
    let serving = house.serve().await;
    let image = Image::default().instance(1);
    house
        .modality()
        .store(std::slice::from_ref(&image), |_| {})
        .await
        .unwrap();
    let before = serving.peak_kib();
    // 16 senders of 900 KB each, below the limit of 1 MiB: all of it has to be held.
    let mut held = Vec::new();
    let mut sent = 0;
    for _ in 0..16 {
        let mut wire = Wire::to_store(house.address, "CT1", std::slice::from_ref(&image)).await;
        wire.send(&store_command(&image)).await;
        // Many small private elements: nothing that is skipped in one go.
        for element in 0..9_u16 {
            let value = vec![7; 100_000];
            let piece = [&private(element, value.len())[..], &value].concat();
            sent += piece.len();
            wire.send(&p_data(&[pdv(false, false, &piece)])).await;
        }
        held.push(wire);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let grown = serving.peak_kib() - before;
    let allowed = 8 * sent as u64 / 1024 + PER_ASSOCIATION_KIB * 16;
    assert!(grown < allowed, "{grown} of {allowed} KiB");
    // Going over the limit is answered, and what follows is not held.
    for wire in &mut held {
        for element in 9..29 {
            let piece = [&private(element, 100_000)[..], &vec![7; 100_000]].concat();
            wire.send(&p_data(&[pdv(false, element == 28, &piece)]))
                .await;
        }
        assert_eq!(wire.status().await, Some(Status::STORE_CANNOT_UNDERSTAND));
    }
    let grown = serving.peak_kib() - before;
    assert!(grown < allowed, "{grown} of {allowed} KiB");
    assert_eq!(house.pacs.record().received.len(), 1);
}

#[tokio::test]
async fn crumbs_cost_no_more_than_eight_times_their_bytes() {
    let house = House::new(Plan::default()).await;
    let serving = house.serve().await;
    let image = Image::default().instance(1);
    house
        .modality()
        .store(std::slice::from_ref(&image), |_| {})
        .await
        .unwrap();
    let before = serving.peak_kib();
    // Fragments of 2 bytes: each is 8 on the wire, and all of them are held until there is a head.
    let head = [&private(0, 400_000)[..], &vec![7; 400_000]].concat();
    let crumbs: Vec<Vec<u8>> = head
        .chunks(2)
        .map(|crumb| pdv(false, false, crumb))
        .collect();
    let (mut held, mut sent) = (Vec::new(), 0);
    for _ in 0..4 {
        let mut wire = Wire::to_store(house.address, "CT1", std::slice::from_ref(&image)).await;
        wire.send(&store_command(&image)).await;
        for crumbs in crumbs.chunks(16_000) {
            let pdu = p_data(crumbs);
            sent += pdu.len();
            assert!(wire.send(&pdu).await);
        }
        held.push(wire);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = serving.peak_kib() - before;
    let allowed = 8 * sent as u64 / 1024 + PER_ASSOCIATION_KIB * 4;
    assert!(grown < allowed, "{grown} of {allowed} KiB");
    assert_eq!(house.pacs.record().received.len(), 1);
}

/// The header of a private OB element.
fn private(element: u16, length: usize) -> Vec<u8> {
    let tag = Tag::new(0x0009, 0x1000 + element);
    let mut header = tag.group.to_le_bytes().to_vec();
    header.extend(tag.element.to_le_bytes());
    header.extend(*b"OB\0\0");
    header.extend((length as u32).to_le_bytes());
    header
}

#[tokio::test]
async fn memory_does_not_grow_with_the_object_however_slow_the_destination() {
    let mut plan = Plan::default();
    plan.pacs.store.forget = true;
    plan.pacs.store.pause = Duration::from_micros(200);
    let house = House::new(plan).await;
    let serving = house.serve().await;
    let image = Image::default().instance(1);
    house
        .modality()
        .store(std::slice::from_ref(&image), |_| {})
        .await
        .unwrap();
    let before = serving.peak_kib();
    let big = Image {
        pixels: 128 * MIB,
        ..Image::default()
    }
    .instance(2);
    let told = house
        .modality()
        .store(std::slice::from_ref(&big), |_| {})
        .await
        .unwrap();
    assert_eq!(told[0].status, Status::SUCCESS);
    assert_eq!(
        house.pacs.record().received[1].bytes,
        big.data_set.len() as u64
    );
    let grown = serving.peak_kib() - before;
    assert!(grown < 16 * 1024, "{grown} KiB for an object of 128 MiB");
}

#[tokio::test]
async fn an_identifier_over_its_limit_is_refused_and_not_held() {
    let plan = Plan {
        limits: "identifier_bytes_max = 65536",
        ..Plan::full()
    };
    let house = House::new(plan).await;
    let serving = house.serve().await;
    house.workstation().echo().await.unwrap();
    let before = serving.peak_kib();
    let long = "1.2.3\\".repeat(4 * MIB / 6);
    let query = credence::demo::identifier(
        "STUDY",
        &[(
            dicom_dictionary_std::tags::SERIES_DESCRIPTION,
            dicom_core::VR::UT,
            &long,
        )],
    );
    let found = house
        .workstation()
        .find(credence::dicom::Model::StudyRoot, &query, None)
        .await;
    assert_eq!(found.unwrap().answer.status, Status::IDENTIFIER_MISMATCH);
    assert_eq!(house.pacs.record().asked.len(), 0);
    let grown = serving.peak_kib() - before;
    assert!(grown < 2 * 1024, "{grown} KiB");
}

#[tokio::test]
async fn a_peer_that_trickles_its_request_is_cut_off_by_artim() {
    let plan = Plan {
        timeouts: "artim_s = 1",
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let image = Image::default().instance(1);
    let rq = request("CT1", contexts_to_store([&image], &[]));
    let bytes = credence::association::encode_associate_rq(&rq).unwrap();
    let mut wire = Wire::connect(house.address).await;
    let started = Instant::now();
    // A byte every 100 ms: no single wait is long, the whole is.
    for byte in &bytes {
        if !wire.send(&[*byte]).await || started.elapsed() > Duration::from_secs(6) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        wire.frame()
            .await
            .is_none_or(|frame| matches!(frame, Frame::Abort(_)))
    );
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_sender_that_falls_silent_in_an_object_is_cut_off() {
    let plan = Plan {
        timeouts: "dimse_response_s = 1\nidle_s = 1",
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let image = Image::default().instance(1);
    let started = Instant::now();
    let mut silent = Wire::to_store(house.address, "CT1", std::slice::from_ref(&image)).await;
    silent.send(&store_command(&image)).await;
    silent
        .send(&p_data(&[pdv(false, false, &image.data_set[..10_000])]))
        .await;
    let mut idle = Wire::to_store(house.address, "CT1", std::slice::from_ref(&image)).await;
    assert!(matches!(silent.frame().await, Some(Frame::Abort(_)) | None));
    assert!(matches!(idle.frame().await, Some(Frame::Abort(_)) | None));
    assert!(started.elapsed() < Duration::from_secs(5));
    running.drain().await.unwrap();
}

#[tokio::test]
async fn one_association_too_many_is_rejected_at_once() {
    let plan = Plan {
        associations_max: 4,
        ..Plan::default()
    };
    let house = House::new(plan).await;
    let _serving = house.serve().await;
    let image = [Image::default().instance(1)];
    let mut seated = Vec::new();
    for _ in 0..4 {
        seated.push(Wire::to_store(house.address, "CT1", &image).await);
    }
    let rq = request("CT1", contexts_to_store(&image, &[]));
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        let mut wire = Wire::connect(house.address).await;
        let asked = Instant::now();
        let answer = wire.associate(&rq).await;
        fastest = fastest.min(asked.elapsed());
        assert_eq!(answer, Some(Frame::AssociateRj(AssociateRj::LOCAL_LIMIT)));
    }
    // The machine may be busy with other tests; that it hangs, it may not.
    assert!(fastest < Duration::from_millis(10), "{fastest:?}");
    drop(seated.pop());
    let started = Instant::now();
    loop {
        let mut wire = Wire::connect(house.address).await;
        if matches!(wire.associate(&rq).await, Some(Frame::AssociateAc(_))) {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "a seat that is free is given"
        );
    }
}

#[tokio::test]
async fn one_peer_cannot_take_all_the_seats() {
    let plan = Plan {
        limits: "associations_per_peer_max = 2",
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let image = [Image::default().instance(1)];
    let first = Wire::to_store(house.address, "CT1", &image).await;
    let second = Wire::to_store(house.address, "CT1", &image).await;
    let rq = request("CT1", contexts_to_store(&image, &[]));
    let answer = Wire::connect(house.address).await.associate(&rq).await;
    assert_eq!(answer, Some(Frame::AssociateRj(AssociateRj::LOCAL_LIMIT)));
    let told = house.workstation().store(&image, |_| {}).await.unwrap();
    assert_eq!(told[0].status, Status::SUCCESS, "another peer has its own");
    drop((first, second));
    running.drain().await.unwrap();
}

#[tokio::test]
async fn matches_beyond_the_limit_are_not_passed_on() {
    let plan = Plan {
        limits: "matches_max = 3",
        ..Plan::full()
    };
    let (house, running) = House::open(plan).await;
    let query = credence::demo::identifier("IMAGE", &[]);
    let found = house
        .workstation()
        .find(credence::dicom::Model::StudyRoot, &query, None)
        .await;
    let found = found.unwrap();
    assert_eq!(
        (found.answer.status, found.matches.len()),
        (Status::FIND_OUT_OF_RESOURCES, 3)
    );
    running.drain().await.unwrap();
}
