//! Promise 6: what leaves is bit for bit what came, and the ledger holds its digest.

use credence::contract::Body;
use credence::demo::Instance;
use credence::demo::contexts_to_store;
use credence::demo::phantom;
use credence::demo::study_identifier;
use credence::dicom::Encoding;
use credence::dicom::Model;
use credence::dicom::Uid;
use credence::digest::Sha256;
use credence::dimse::Status;
use credence::ledger::Manifest;
use credence::storage::Keyring;
use credence::storage::Keys;

use crate::books;
use crate::house::House;
use crate::house::Plan;
use crate::house::ae;
use crate::house::uid;
use crate::images::CT;
use crate::images::EXPLICIT;
use crate::images::Image;
use crate::images::ada;
use crate::wire::Wire;
use crate::wire::fragmented;
use crate::wire::store_command;

fn digests(instances: &[Instance]) -> Vec<(Uid, Sha256)> {
    let digest = |instance: &Instance| {
        let sha256 = Sha256::of(&[&instance.data_set]);
        (instance.sop_instance.clone(), sha256)
    };
    instances.iter().map(digest).collect()
}

/// One instance in each of many transfer syntaxes; what follows the head of a compressed one is
/// nothing to us.
fn of_every_syntax() -> Vec<Instance> {
    let syntaxes = [
        ("1.2.840.10008.1.2", Encoding::ImplicitLittle),
        (EXPLICIT, Encoding::ExplicitLittle),
        ("1.2.840.10008.1.2.2", Encoding::ExplicitBig),
        ("1.2.840.10008.1.2.1.99", Encoding::DeflatedLittle),
        ("1.2.840.10008.1.2.4.50", Encoding::ExplicitLittle),
        ("1.2.840.10008.1.2.4.70", Encoding::ExplicitLittle),
        ("1.2.840.10008.1.2.4.80", Encoding::ExplicitLittle),
        ("1.2.840.10008.1.2.4.90", Encoding::ExplicitLittle),
        ("1.2.840.10008.1.2.4.201", Encoding::ExplicitLittle),
        ("1.2.840.10008.1.2.5", Encoding::ExplicitLittle),
    ];
    let instance = |(number, (syntax, encoding))| {
        let image = Image {
            syntax,
            encoding,
            pixels: 70_000 + 2 * number as usize,
            ..Image::default()
        };
        image.instance(number)
    };
    (1..).zip(syntaxes).map(instance).collect()
}

#[tokio::test]
async fn every_syntax_arrives_as_it_was_sent_whatever_lengths_the_destination_takes() {
    // 0 is no limit; odd ones and the smallest that are in use make odd remainders.
    for pdu_bytes_max in [0, 4_096, 4_099, 16_383, 16_384, 131_072] {
        let mut plan = Plan::default();
        plan.pacs.association.pdu_bytes_max = pdu_bytes_max;
        let (house, running) = House::open(plan).await;
        let instances = of_every_syntax();
        let told = house.modality().store(&instances, |_| {}).await.unwrap();
        let all = told.iter().all(|answer| answer.status == Status::SUCCESS);
        assert!(all, "{pdu_bytes_max}: {told:?}");
        let record = house.pacs.record();
        assert_eq!(record.kept(), digests(&instances), "{pdu_bytes_max}");
        for (received, sent) in record.received.iter().zip(&instances) {
            assert_eq!(received.transfer_syntax, sent.transfer_syntax);
        }
        running.drain().await.unwrap();
    }
}

#[tokio::test]
async fn every_fragmentation_arrives_as_the_same_bytes() {
    let (house, running) = House::open(Plan::default()).await;
    let cuts: [(&[usize], usize); 7] = [
        (&[2], 1),
        (&[2, 4, 6], 50),
        (&[1_000], 7),
        (&[16_000, 2], 1),
        (&[50_000], 2),
        (&[130_000], 1),
        (&[8, 60_000, 2, 1_024], 3),
    ];
    let mut sent = Vec::new();
    for (number, (lengths, items_per_pdu)) in (1..).zip(cuts) {
        let image = Image {
            // The stand-in takes a millisecond over each fragment.
            pixels: if lengths[0] < 8 { 3_000 } else { 300_000 },
            ..Image::default()
        };
        let instance = image.instance(number);
        let mut wire = Wire::to_store(house.address, "CT1", std::slice::from_ref(&instance)).await;
        assert!(wire.send(&store_command(&instance)).await);
        assert!(
            wire.send(&fragmented(&instance.data_set, lengths, items_per_pdu))
                .await
        );
        assert_eq!(wire.status().await, Some(Status::SUCCESS), "{lengths:?}");
        sent.push(instance);
    }
    assert_eq!(house.pacs.record().kept(), digests(&sent));
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_retrieved_study_is_what_the_archive_holds() {
    for retrieve in ["move", "get"] {
        let plan = Plan {
            retrieve,
            ..Plan::full()
        };
        let (house, running) = House::open(plan).await;
        house
            .inbox
            .script(|options| options.association.pdu_bytes_max = 4_099);
        let study = study_identifier(&phantom::studies().unwrap()[0].uid);
        let (model, asker) = (Model::StudyRoot, house.workstation());
        asker
            .retrieve_to(&ae("WS1"), model, &study, None, |_| {})
            .await
            .unwrap();
        let mut arrived = house.inbox.record().kept();
        arrived.sort();
        let mut held = digests(&ada());
        held.sort();
        assert_eq!(arrived, held, "{retrieve}");
        let got = asker
            .retrieve(model, &study, &[uid(CT)], &[uid(EXPLICIT)], None, |_| {})
            .await;
        let mut arrived = digests(&got.unwrap().instances);
        arrived.sort();
        assert_eq!(arrived, held, "{retrieve}, by C-GET");
        running.drain().await.unwrap();
    }
}

#[tokio::test]
async fn the_ledger_holds_the_digests_of_what_was_delivered() {
    let (house, running) = House::open(Plan::default()).await;
    let instances = &ada()[..5];
    house.modality().store(instances, |_| {}).await.unwrap();
    running.drain().await.unwrap();
    let ledger = house.ledger();
    // The salt is what the lookup key makes of the decision's number: who has it can check.
    let keys = Keys::open(
        &house.folder().join("keys"),
        &house.data_dir(),
        &"st-anna".parse().unwrap(),
    );
    let keyring = Keyring::open(&house.data_dir(), &keys.unwrap()).unwrap();
    let closed = ledger.iter().find_map(|entry| match &entry.event.body {
        Body::TransferClosed { decision, .. } => Some(*decision),
        _ => None,
    });
    let decision = closed.unwrap();
    let salt = keyring.blind(format!("manifest {decision}").as_bytes());
    let mut expected = Manifest::new(salt.as_bytes()[..16].try_into().unwrap());
    for (_, sha256) in digests(instances) {
        expected.add(&sha256);
    }
    let bytes: usize = instances
        .iter()
        .map(|instance| instance.data_set.len())
        .sum();
    assert_eq!(books::closed(&ledger).bytes, bytes as u64);
    let roots: Vec<_> = ledger
        .iter()
        .filter_map(|entry| match &entry.event.body {
            Body::TransferClosed { manifest_root, .. } => *manifest_root,
            _ => None,
        })
        .collect();
    assert_eq!(
        roots,
        [expected.root()],
        "a transfer shorter than a second has one manifest"
    );
}

#[tokio::test]
async fn a_corrected_resend_of_the_same_instance_passes_in_order() {
    let (house, running) = House::open(Plan::default()).await;
    let first = Image::default().instance(1);
    let corrected = Image {
        pixels: 30_000,
        ..Image::default()
    }
    .instance(1);
    assert_eq!(first.sop_instance, corrected.sop_instance);
    let contexts = contexts_to_store([&first], &[]);
    let mut association = house.modality().associate(contexts, &[]).await.unwrap();
    for instance in [&first, &corrected] {
        let told = association.store(instance, None).await.unwrap();
        assert_eq!(told.status, Status::SUCCESS);
    }
    association.release().await;
    assert_eq!(house.pacs.record().kept(), digests(&[first, corrected]));
    running.drain().await.unwrap();
}
