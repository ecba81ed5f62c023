//! Promise 3, route by route: where a request goes, under which mode, and what a refusal looks
//! like, is what the route says that carried it.

use credence::association::Abort;
use credence::association::Frame;
use credence::association::UserIdentity;
use credence::contract::Purpose;
use credence::contract::Verdict;
use credence::demo::contexts_to_store;
use credence::demo::identifier;
use credence::demo::phantom;
use credence::demo::study_identifier;
use credence::dicom::Model;
use credence::dimse::Status;
use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::books;
use crate::house::House;
use crate::house::Plan;
use crate::house::ae;
use crate::house::uid;
use crate::images::CT;
use crate::images::EXPLICIT;
use crate::images::Image;
use crate::wire::Wire;
use crate::wire::request;

/// Enhanced CT: another SOP class of the same modality.
const ENHANCED_CT: &str = "1.2.840.10008.5.1.4.1.1.2.1";

#[tokio::test]
async fn a_permit_for_one_destination_is_none_for_another() {
    let plan = Plan {
        tables: "[[route]]\ncalled = [\"CREDENCE\"]\n\
                 sop_classes = [\"1.2.840.10008.5.1.4.1.1.2.1\"]\nto = \"lakeside\"",
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let ours = Image::default();
    let theirs = Image {
        class: ENHANCED_CT,
        ..Image::default()
    };
    let sent = [ours.instance(1), theirs.instance(2), ours.instance(3)];
    let told = house.modality().store(&sent, |_| {}).await.unwrap();
    let told: Vec<Status> = told.iter().map(|answer| answer.status).collect();
    assert_eq!(
        told,
        [Status::SUCCESS, Status::NOT_AUTHORISED, Status::SUCCESS]
    );
    assert_eq!(house.lakeside.record().received.len(), 0);
    running.drain().await.unwrap();
}

/// Study Root C-FIND, C-MOVE and C-GET each by a route of their own, and Enhanced CT.
const ROUTES: [(&str, &str); 4] = [
    ("find", "1.2.840.10008.5.1.4.1.2.2.1"),
    ("move", "1.2.840.10008.5.1.4.1.2.2.2"),
    ("get", "1.2.840.10008.5.1.4.1.2.2.3"),
    ("store", ENHANCED_CT),
];

/// What Lakeside gets of each service without a consent: find, move, get, store.
async fn released(house: &House) -> Vec<&'static str> {
    let lake = house.stranger();
    let query = [
        (tags::PATIENT_NAME, VR::PN, "*"),
        (tags::STUDY_INSTANCE_UID, VR::UI, ""),
    ];
    let query = identifier("STUDY", &query);
    let study = study_identifier(&phantom::studies().unwrap()[0].uid);
    let (model, ct, explicit) = (Model::StudyRoot, [uid(CT)], [uid(EXPLICIT)]);
    let found = lake.find(model, &query, None).await.unwrap();
    let moved = lake
        .retrieve_to(&ae("LAKE"), model, &study, None, |_| {})
        .await
        .unwrap();
    let got = lake
        .retrieve(model, &study, &ct, &explicit, None, |_| {})
        .await
        .unwrap();
    let enhanced = Image {
        class: ENHANCED_CT,
        ..Image::default()
    };
    let stored = lake.store(&[enhanced.instance(1)], |_| {}).await.unwrap();
    let mut released = Vec::new();
    released.extend((!found.matches.is_empty()).then_some("find"));
    released.extend((moved.answer.status == Status::SUCCESS).then_some("move"));
    released.extend((got.answer.status == Status::SUCCESS).then_some("get"));
    released.extend((stored[0].status == Status::SUCCESS).then_some("store"));
    released
}

#[tokio::test]
async fn each_service_has_the_mode_of_the_route_that_carries_it() {
    for (service, class) in ROUTES {
        for (gateway, route) in [("enforce", "observe"), ("observe", "enforce")] {
            let tables = format!(
                "[[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"{class}\"]\n\
                 to = \"pacs\"\nmode = \"{route}\""
            );
            let plan = Plan {
                mode: gateway,
                tables: tables.leak(),
                ..Plan::full()
            };
            let (house, running) = House::open(plan).await;
            let expected: Vec<&str> = ROUTES
                .into_iter()
                .map(|(other, _)| other)
                .filter(|other| (*other == service) == (route == "observe"))
                .collect();
            assert_eq!(released(&house).await, expected, "{service} {route}");
            // Whatever was released: recorded as it was judged. Only the query as a whole, which
            // discloses nothing, is permitted.
            let ledger = house.ledger();
            let decisions = books::decisions(&ledger);
            let denied = decisions.iter().filter(|(request, _)| !request.question);
            assert!(denied.clone().count() >= 4);
            for (request, decision) in denied {
                assert_eq!(decision.verdict, Verdict::Deny, "{request:?}");
            }
            running.drain().await.unwrap();
        }
    }
}

#[tokio::test]
async fn one_association_may_have_routes_of_both_modes() {
    let plan = Plan {
        tables: "[[route]]\ncalled = [\"CREDENCE\"]\nmode = \"observe\"\n\
                 sop_classes = [\"1.2.840.10008.5.1.4.1.1.2.1\"]\nto = \"pacs\"",
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    let image = Image::default();
    let observed = Image {
        class: ENHANCED_CT,
        ..Image::default()
    };
    let sent = [
        observed.instance(1),
        image.instance(2),
        observed.instance(3),
    ];
    let told = house.stranger().store(&sent, |_| {}).await.unwrap();
    let told: Vec<Status> = told.iter().map(|answer| answer.status).collect();
    assert_eq!(
        told,
        [Status::SUCCESS, Status::NOT_AUTHORISED, Status::SUCCESS]
    );
    let ledger = house.ledger();
    let decisions = books::decisions(&ledger);
    let observed: Vec<bool> = decisions
        .iter()
        .map(|(_, decision)| decision.observed)
        .collect();
    assert_eq!(observed, [true, false]);
    assert_eq!(books::verdicts(&ledger), [Verdict::Deny; 2]);
    running.drain().await.unwrap();
}

#[tokio::test]
async fn a_denied_store_is_answered_as_its_route_says() {
    for (answer, status) in [
        ("", Status::NOT_AUTHORISED),
        ("denied_store = \"not-authorised\"", Status::NOT_AUTHORISED),
        (
            "denied_store = \"out-of-resources\"",
            Status::STORE_OUT_OF_RESOURCES,
        ),
    ] {
        let plan = Plan {
            route: answer,
            rule: "@id(\"us-at-night\")\nforbid (principal, action in Action::\"Store\", resource) \
                   when { context.modalities.contains(\"US\") };",
            ..Plan::default()
        };
        let (house, running) = House::open(plan).await;
        let told = house
            .stranger()
            .store(&[Image::default().instance(1)], |_| {})
            .await;
        let told = told.unwrap().remove(0);
        assert_eq!(told.status, status);
        let decision = |ledger: &[credence::ledger::Entry]| {
            let numbers = ledger.iter().rev();
            let mut numbers =
                numbers.filter(|entry| books::decisions(std::slice::from_ref(entry)).len() == 1);
            numbers.next().unwrap().seq
        };
        let number = decision(&house.ledger());
        assert_eq!(
            told.comment.unwrap(),
            format!("not permitted, decision {number}")
        );
        // Our own modality reads the reason as well.
        let ultrasound = Image {
            modality: "US",
            ..Image::default()
        };
        let told = house
            .modality()
            .store(&[ultrasound.instance(2)], |_| {})
            .await;
        let told = told.unwrap().remove(0);
        let (number, comment) = (decision(&house.ledger()), told.comment.unwrap());
        assert_eq!(told.status, status);
        assert!(
            comment.ends_with(&format!(", decision {number}")),
            "{comment}"
        );
        assert!(
            !comment.starts_with("not permitted") && comment.len() <= 64,
            "{comment}"
        );
        assert_eq!(house.pacs.record().kept().len(), 0);
        running.drain().await.unwrap();
    }
}

#[tokio::test]
async fn an_abort_upon_a_denial_ends_all_that_the_association_brought() {
    let plan = Plan {
        route: "denied_store = \"abort\"",
        // How long the gateway waits for a sender to hang up after an abort.
        timeouts: "artim_s = 1",
        ..Plan::default()
    };
    let (house, running) = House::open(plan).await;
    house.consent("P-1", "ST-ANNA").await;
    let permitted = Image::default();
    // Long enough that most of it is still on its way when the answer comes.
    let denied = Image {
        patient: Some("P-2"),
        pixels: 4_000_000,
        ..Image::default()
    };
    let sent = [
        permitted.instance(1),
        denied.instance(2),
        permitted.instance(3),
    ];
    let mut wire = Wire::to_store(house.address, "LAKE", &sent).await;
    wire.store(&sent[0]).await;
    assert_eq!(wire.status().await, Some(Status::SUCCESS));
    // The sender may notice the abort only while it sends on.
    let _ = wire.store(&sent[1]).await && wire.store(&sent[2]).await;
    let answer = wire.frame().await;
    assert!(
        matches!(answer, Some(Frame::Abort(Abort::BY_USER))),
        "{answer:?}"
    );
    assert_eq!(wire.frame().await, None);
    let ledger = house.ledger_closed(1).await;
    assert_eq!(books::verdicts(&ledger), [Verdict::Permit, Verdict::Deny]);
    assert_eq!(house.pacs.record().kept().len(), 1);
    assert_eq!(books::closed(&ledger).instances, 1);
    // The next association is judged anew.
    let told = house.stranger().store(&sent[2..], |_| {}).await.unwrap();
    assert_eq!(told[0].status, Status::SUCCESS);
    running.drain().await.unwrap();
}

/// An AE title of ours that stands for no purpose.
const ANY_PURPOSE: &str = r#"
[[ae]]
title = "CREDENCE_ANY"
[[route]]
called = ["CREDENCE_ANY"]
sop_classes = ["storage"]
to = "pacs"
[[user]]
name = "er-console"
purpose = "EMERGENCY"
proof = "none"
peers = ["lakeside"]
"#;

/// Lakeside stores an image under this identity; gives the status.
async fn store_as(house: &House, called: &str, kind: u8, name: &[u8], number: u32) -> Status {
    let image = Image::default().instance(number);
    let mut rq = request("LAKE", contexts_to_store(std::slice::from_ref(&image), &[]));
    rq.called = ae(called);
    rq.user.user_identity = Some(UserIdentity {
        kind,
        response_requested: true,
        primary: name.to_vec(),
        secondary: if kind == 2 {
            b"PASSCODE-77190".to_vec()
        } else {
            Vec::new()
        },
    });
    let mut wire = Wire::connect(house.address).await;
    match wire.associate(&rq).await {
        // A name is taken as what it is, if it is one; of a passcode that nobody verified nothing is said.
        Some(Frame::AssociateAc(answer)) => {
            let is_name = name.len() <= 64 && !name.contains(&b'\n');
            let taken = (kind == 1 && is_name).then(Vec::new);
            assert_eq!(answer.user.user_identity_response, taken);
        }
        other => panic!("{other:?}"),
    }
    wire.store(&image).await;
    wire.status().await.unwrap()
}

/// Called title, kind and name of an identity, and the purpose and user that are recorded.
type Identified<'a> = (&'a str, u8, &'a [u8], Purpose, Option<&'a str>);

#[tokio::test]
async fn a_user_has_a_purpose_where_the_called_title_has_none() {
    let plan = Plan {
        tables: ANY_PURPOSE,
        ..Plan::default()
    };
    let house = House::new(plan).await;
    let serving = house.serve().await;
    let (any, er) = ("CREDENCE_ANY", Some("er-console"));
    let asked: [Identified<'_>; 6] = [
        (any, 1, b"er-console", Purpose::Emergency, er),
        (any, 2, b"er-console", Purpose::Emergency, er),
        ("CREDENCE", 2, b"er-console", Purpose::Treatment, er),
        (
            any,
            1,
            b"ER-CONSOLE",
            Purpose::Treatment,
            Some("ER-CONSOLE"),
        ),
        (any, 1, b"er-console\nroot", Purpose::Treatment, None),
        (any, 1, &[b'x'; 65], Purpose::Treatment, None),
    ];
    for (number, (called, kind, name, purpose, _)) in (1..).zip(asked) {
        let told = store_as(&house, called, kind, name, number).await;
        let expected = match purpose {
            Purpose::Emergency => Status::SUCCESS,
            _ => Status::NOT_AUTHORISED,
        };
        assert_eq!(told, expected, "{called} {kind} {name:?}");
    }
    let ledger = house.ledger();
    let decisions = books::decisions(&ledger);
    let facts: Vec<_> = decisions
        .iter()
        .map(|(request, _)| {
            (
                request.purpose,
                request.user.as_ref().map(|user| &*user.name),
            )
        })
        .collect();
    assert_eq!(facts, asked.map(|(.., purpose, user)| (purpose, user)));
    let log = serving.log();
    assert!(log.contains("ready") && !log.contains("PASSCODE-77190"));
    assert!(files_without(&house.data_dir(), b"PASSCODE-77190") > 0);
}

/// The number of files below `folder`, none of which may hold `secret`.
fn files_without(folder: &std::path::Path, secret: &[u8]) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += files_without(&path, secret);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let mut windows = bytes.windows(secret.len());
            assert!(!windows.any(|window| window == secret), "{path:?}");
            files += 1;
        }
    }
    files
}
