use super::*;
use crate::contract::Purpose;
use crate::contract::TransportFacts;
use crate::contract::Verb;
use crate::dimse::CommandField;
use crate::gateway::link::Ticketed;
use crate::gateway::recorder::PatientIdentity;
use crate::gateway::recorder::StudyAsked;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

fn peer(name: &str) -> PeerName {
    serde_json::from_value(name.into()).unwrap()
}

pub(in crate::gateway::delivery) fn order(
    priority: Option<u16>,
    legs: &[(&str, Option<Priority>)],
) -> Order {
    let mut command = CommandSet::new(CommandField::CStoreRq)
        .with_message_id(7)
        .with_sop_class(&CT.parse().unwrap())
        .with_sop_instance(&"1.2.3.4".parse().unwrap())
        .with_data_set();
    if let Some(priority) = priority {
        command.set_u16(element::PRIORITY, priority);
    }
    let legs = legs.iter().map(|(name, priority)| Leg {
        decision: 7,
        to: peer(name),
        calling: "GATE".parse().unwrap(),
        mode: Mode::Enforce,
        priority: *priority,
    });
    Order::new(
        command,
        EXPLICIT.parse().unwrap(),
        UtcMicros(1),
        asked(),
        legs.collect(),
    )
}

pub(in crate::gateway) fn asked() -> Asked {
    Asked {
        verb: Verb::Store,
        purpose: Purpose::Treatment,
        requester: "lakeside".parse().unwrap(),
        requester_ae: "CT1".parse().unwrap(),
        again: None,
        through: None,
        stated: None,
        ticket: Ticketed::default(),
        user: None,
        custodian: "lakeside".parse().unwrap(),
        sender: "lakeside".parse().unwrap(),
        recipient: "st-anna".parse().unwrap(),
        recipient_ae: "OLD".parse().unwrap(),
        patient: Some(PatientIdentity {
            issuer: Vec::new(),
            id: b"\xFF4711".to_vec(),
        }),
        study: Some(StudyAsked {
            uid: "1.2.3".parse().unwrap(),
            modalities: vec!["CT".to_owned()],
            date: None,
        }),
        question: false,
        transport: TransportFacts {
            tls: false,
            mutual: false,
            address_checked: true,
            certificate: None,
        },
        observed: false,
    }
}

#[test]
fn an_order_reads_back_as_it_was_written_whatever_bytes_a_patient_id_has() {
    let order = order(Some(1), &[("pacs", None), ("archive", Some(Priority::Low))]);
    let bytes = order.to_bytes().unwrap();
    assert_eq!(Order::from_bytes(&bytes).unwrap(), order);
}

#[test]
fn an_order_that_was_cut_or_means_another_queue_is_an_error() {
    let order = order(None, &[("pacs", None)]);
    let bytes = order.to_bytes().unwrap();
    assert!(Order::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    let error = order
        .object(ObjectId::from_number(1), 1, &peer("archive"))
        .unwrap_err();
    assert_eq!(error.to_string(), "it is not meant for peer archive");
}

#[test]
fn an_order_with_more_than_fits_is_refused() {
    let mut order = order(None, &[("pacs", None)]);
    order.command.set_text(0x0903, "");
    order.asked.study.as_mut().unwrap().modalities = vec!["X".repeat(ORDER_BYTES_MAX)];
    assert!(matches!(order.to_bytes(), Err(OrderError::TooLong(_))));
}

#[test]
fn the_priority_is_the_routes_else_the_senders_else_medium() {
    let table = [
        (Some(1), None, Priority::High),
        (Some(2), None, Priority::Low),
        (Some(0), None, Priority::Medium),
        (Some(9), None, Priority::Medium),
        (None, None, Priority::Medium),
        (Some(2), Some(Priority::High), Priority::High),
    ];
    for (said, of_route, expected) in table {
        let order = order(said, &[("pacs", of_route)]);
        let object = order
            .object(ObjectId::from_number(1), 1, &peer("pacs"))
            .unwrap();
        assert_eq!(object.priority, expected, "{said:?} {of_route:?}");
    }
}

#[test]
fn the_command_goes_out_as_it_came_but_for_its_number() {
    let order = order(Some(1), &[("pacs", None)]);
    let out = order.command(3);
    assert_eq!(out.message_id(), Some(3));
    assert_eq!(out.with_message_id(7), order.command);
}

#[test]
fn an_order_of_another_version_is_told_from_one_that_is_broken() {
    for bytes in [r#"{"version":2}"#, r#"{"version":2,"asked":[],"new":1}"#] {
        let error = Order::from_bytes(bytes.as_bytes()).unwrap_err();
        assert!(matches!(error, OrderError::Version(2)), "{error}");
    }
    let mut order = order(None, &[("pacs", None)]);
    order.version = 0;
    let error = Order::from_bytes(&order.to_bytes().unwrap()).unwrap_err();
    assert!(matches!(error, OrderError::Version(0)), "{error}");
    let error = Order::from_bytes(br#"{"version":1}"#).unwrap_err();
    assert!(matches!(error, OrderError::Unreadable(_)), "{error}");
}

#[test]
fn an_order_for_as_many_destinations_as_there_can_be_fits() {
    let names: Vec<String> = (0..crate::config::DESTINATIONS_MAX)
        .map(|number| format!("{number:0>40}"))
        .collect();
    let legs: Vec<_> = names.iter().map(|name| (name.as_str(), None)).collect();
    let mut order = order(None, &legs);
    for leg in &mut order.legs {
        leg.decision = u64::MAX;
        leg.calling = "SIXTEEN_LETTERS_".parse().unwrap();
        leg.priority = Some(Priority::Medium);
    }
    let bytes = order.to_bytes().unwrap();
    assert!(bytes.len() > ORDER_BYTES_MAX / 2, "{}", bytes.len());
}
