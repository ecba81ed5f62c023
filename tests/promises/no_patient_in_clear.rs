//! Promise 8: no patient data in clear outside the destination: not in the data folder, not in
//! the log at its most talkative, not in what peers are told.

use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use credence::demo::contexts_to_store;
use credence::demo::identifier;
use credence::demo::study_identifier;
use credence::dicom::Encoding;
use credence::dicom::Model;
use credence::dimse::Status;
use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::house::House;
use crate::house::Plan;
use crate::house::ae;
use crate::house::uid;
use crate::images::Image;
use crate::wire::Wire;
use crate::wire::p_data;
use crate::wire::pdv;
use crate::wire::store_command;

const NAME: &str = "Zweifelhuber^Xaverius";
const PATIENT: &str = "PQX-7719034-ZZ";
const ISSUER: &str = "WOLKENKUCKUCKSHEIM";
const STUDY: &str = "1.2.826.0.1.3680043.7719034.55.1";

/// What must not be found, however it is spelt.
fn secrets() -> Vec<(&'static str, Vec<u8>)> {
    let mut spelt = Vec::new();
    // The parts of the name as well, and the birth date that every image here has.
    for secret in [
        NAME,
        "Zweifelhuber",
        "Xaverius",
        PATIENT,
        ISSUER,
        STUDY,
        "19370911",
    ] {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let numbers = secret
            .bytes()
            .map(|byte| byte.to_string())
            .collect::<Vec<_>>()
            .join(", ");
        spelt.push((secret, secret.as_bytes().to_vec()));
        spelt.push((secret, secret.to_lowercase().into_bytes()));
        spelt.push((secret, hex.clone().into_bytes()));
        spelt.push((secret, hex.to_uppercase().into_bytes()));
        spelt.push((secret, numbers.into_bytes()));
        spelt.push((
            secret,
            STANDARD
                .encode(secret)
                .trim_end_matches('=')
                .as_bytes()
                .to_vec(),
        ));
        spelt.push((
            secret,
            secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ));
    }
    spelt
}

fn assert_clean(place: &str, bytes: &[u8], secrets: &[(&str, Vec<u8>)]) {
    // What is preallocated and not yet written need not be read seventy times.
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 2);
    let bytes = &bytes[..end.min(bytes.len())];
    for (secret, spelt) in secrets {
        let found = bytes
            .windows(spelt.len())
            .position(|window| window == spelt);
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(60)..(at + 60).min(bytes.len())];
            let around = String::from_utf8_lossy(around);
            panic!("{secret} stands in {place} at {at}: {around}");
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

fn image() -> Image {
    Image {
        name: NAME,
        patient: Some(PATIENT),
        issuer: ISSUER,
        study: Some(STUDY),
        ..Image::default()
    }
}

#[tokio::test]
async fn neither_folder_nor_log_nor_any_answer_names_the_patient() {
    let house = House::new(Plan::default()).await;
    let serving = house.serve().await;
    let mut told = Vec::new();
    let images = [image().instance(1), image().instance(2)];
    let stored = house.modality().store(&images, |_| {}).await.unwrap();
    assert!(stored.iter().all(|answer| answer.status == Status::SUCCESS));
    told.extend(house.stranger().store(&images, |_| {}).await.unwrap());
    let consent = house.consent(PATIENT, ISSUER).await;
    told.extend(house.stranger().store(&images, |_| {}).await.unwrap());
    told.extend(queries_and_retrievals(&house).await);
    house.revoke(consent).await;
    told.extend(queries_and_retrievals(&house).await);
    told.extend(malformed(&house).await);
    // The destination refuses, and says why in a way that would tell: that is the destination's
    // word, and stays between it and the sender. What we add is clean.
    house.pacs.script(|options| {
        let answer = credence::demo::StoreAnswer::Status(Status::STORE_CANNOT_UNDERSTAND);
        options.store.answers = [answer].into();
    });
    told.extend(house.modality().store(&images[..1], |_| {}).await.unwrap());
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;

    let secrets = secrets();
    assert!(
        told.iter().any(|answer| answer.comment.is_some()),
        "some answer has a comment"
    );
    for answer in told {
        assert_clean(
            "a comment",
            answer.comment.unwrap_or_default().as_bytes(),
            &secrets,
        );
    }
    assert!(serving.log().contains("INFO"));
    assert_clean("the log", serving.log().as_bytes(), &secrets);
    let (mut scanned, mut bytes) = (0, 0);
    for folder in ["data", "keys"] {
        for file in files(&house.folder().join(folder)) {
            let content = std::fs::read(&file).unwrap();
            scanned += 1;
            bytes += content.iter().filter(|byte| **byte != 0).count();
            assert_clean(&file.display().to_string(), &content, &secrets);
        }
    }
    assert!(
        scanned >= 3 && bytes > 10_000,
        "{scanned} files, {bytes} bytes"
    );
    // The scan finds what is there: the PACS holds the name.
    let held = house.pacs.instance(&images[0].sop_instance).unwrap();
    assert!(
        held.data_set
            .windows(NAME.len())
            .any(|window| window == NAME.as_bytes())
    );
}

async fn queries_and_retrievals(house: &House) -> Vec<credence::demo::Answer> {
    let query = identifier(
        "STUDY",
        &[
            (tags::PATIENT_NAME, VR::PN, NAME),
            (tags::PATIENT_ID, VR::LO, PATIENT),
            (tags::STUDY_INSTANCE_UID, VR::UI, ""),
        ],
    );
    let study = study_identifier(&uid(STUDY));
    let mut told = Vec::new();
    for asker in ["WS1", "LAKE"] {
        let peer = house.peer(asker);
        told.push(
            peer.find(Model::StudyRoot, &query, None)
                .await
                .unwrap()
                .answer,
        );
        let moved = peer
            .retrieve_to(&ae(asker), Model::StudyRoot, &study, None, |_| {})
            .await;
        told.push(moved.unwrap().answer);
        let nobody = peer
            .retrieve_to(&ae("NOBODY"), Model::StudyRoot, &study, None, |_| {})
            .await;
        told.push(nobody.unwrap().answer);
    }
    told
}

/// Objects that are refused at a place where the patient's data have been read already.
async fn malformed(house: &House) -> Vec<credence::demo::Answer> {
    let mut told = Vec::new();
    let good = image().instance(3);
    let mut other = good.clone();
    other.sop_instance = uid("1.2.3.4.5");
    let contexts = contexts_to_store([&good], &[]);
    let mut association = house.modality().associate(contexts, &[]).await.unwrap();
    let answer = association.store(&other, None).await.unwrap();
    assert_ne!(
        answer.status,
        Status::SUCCESS,
        "the command names another instance"
    );
    told.push(answer);
    let at = good
        .data_set
        .windows(4)
        .position(|w| w == b"\x10\0\x20\0")
        .unwrap();
    let mut wrong_uid = good.clone();
    wrong_uid.data_set = [
        &good.data_set[..at],
        b"\x10\0\x20\0LO\x0E\0",
        PATIENT.as_bytes(),
        b"\x20\0\x0D\0UI\x0E\0",
        PATIENT.as_bytes(),
    ]
    .concat()
    .into();
    told.push(association.store(&wrong_uid, None).await.unwrap());
    let mut falling = good.clone();
    falling.data_set = [
        &good.data_set[..at],
        b"\x10\0\x20\0LO\x0E\0",
        PATIENT.as_bytes(),
        b"\x10\0\x10\0PN\x16\0",
        NAME.as_bytes(),
        b" ",
    ]
    .concat()
    .into();
    told.push(association.store(&falling, None).await.unwrap());
    let mut wrong_syntax = good.clone();
    wrong_syntax.data_set = Image {
        encoding: Encoding::ImplicitLittle,
        ..image()
    }
    .instance(3)
    .data_set;
    told.push(association.store(&wrong_syntax, None).await.unwrap());
    assert!(
        told.iter().all(|answer| answer.status != Status::SUCCESS),
        "{told:?}"
    );
    // Patient data where a command belongs, and an association that breaks off behind them.
    let mut wire = Wire::to_store(house.address, "CT1", std::slice::from_ref(&good)).await;
    wire.send(&p_data(&[pdv(true, true, &good.data_set)])).await;
    assert!(wire.status().await.is_none());
    let mut wire = Wire::to_store(house.address, "CT1", std::slice::from_ref(&good)).await;
    wire.send(&store_command(&good)).await;
    wire.send(&p_data(&[pdv(false, false, &good.data_set[..at + 20])]))
        .await;
    drop(wire);
    told
}
