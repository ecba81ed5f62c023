#![allow(
    clippy::arithmetic_side_effects,
    reason = "tests count bytes of their own making"
)]

use proptest::prelude::*;

use super::*;

fn uid(text: &str) -> Uid {
    text.parse().unwrap()
}

fn store_request() -> CommandSet {
    CommandSet::new(CommandField::CStoreRq)
        .with_message_id(7)
        .with_sop_class(&uid("1.2.840.10008.5.1.4.1.1.2"))
        .with_sop_instance(&uid("1.2.3"))
        .with_u16(element::PRIORITY, 0)
        .with_data_set()
}

#[test]
fn a_command_is_implicit_little_endian_with_its_true_group_length() {
    let bytes = CommandSet::new(CommandField::CEchoRq)
        .with_message_id(1)
        .with_sop_class(&uid("1.2.840.10008.1.1"))
        .encode();
    let expected: &[&[u8]] = &[
        b"\0\0\0\0\x04\0\0\0\x38\0\0\0",
        b"\0\0\x02\0\x12\0\0\x001.2.840.10008.1.1\0",
        b"\0\0\x00\x01\x02\0\0\0\x30\0",
        b"\0\0\x10\x01\x02\0\0\0\x01\0",
        b"\0\0\x00\x08\x02\0\0\0\x01\x01",
    ];
    assert_eq!(bytes, expected.concat());
}

#[test]
fn a_response_carries_id_class_and_instance_of_its_request() {
    let response = CommandSet::response_to(&store_request(), Status::NOT_AUTHORISED)
        .with_error_comment("no consent");
    assert_eq!(response.field(), Some(CommandField::CStoreRsp));
    assert!(response.is_response());
    assert_eq!(response.message_id(), None);
    assert_eq!(response.message_id_responded_to(), Some(7));
    assert_eq!(response.status(), Some(Status::NOT_AUTHORISED));
    assert!(!response.has_data_set());
    assert_eq!(
        response.get_uid(element::AFFECTED_SOP_CLASS_UID),
        Some(uid("1.2.840.10008.5.1.4.1.1.2"))
    );
    assert_eq!(
        response.get_uid(element::AFFECTED_SOP_INSTANCE_UID),
        Some(uid("1.2.3"))
    );
    assert_eq!(
        response.get_text(element::ERROR_COMMENT).as_deref(),
        Some("no consent")
    );
}

#[test]
fn an_unknown_request_and_a_requested_instance_are_answered_too() {
    let mut action = CommandSet::bare(0x0777).with_message_id(9);
    action.set_uid(element::REQUESTED_SOP_CLASS_UID, &uid("1.20.1"));
    action.set_uid(element::REQUESTED_SOP_INSTANCE_UID, &uid("1.20.2"));
    assert_eq!(action.field(), None);
    let response = CommandSet::response_to(&action, Status::UNRECOGNISED_OPERATION);
    assert_eq!(response.get_u16(element::COMMAND_FIELD), Some(0x8777));
    let class = response.get_uid(element::AFFECTED_SOP_CLASS_UID);
    let instance = response.get_uid(element::AFFECTED_SOP_INSTANCE_UID);
    assert_eq!(
        (class, instance),
        (Some(uid("1.20.1")), Some(uid("1.20.2")))
    );
}

#[test]
fn an_error_comment_is_short_and_plain() {
    let long = "a\\b\n\u{e9}".repeat(30);
    let command = store_request().with_error_comment(&long);
    let comment = command.get_text(element::ERROR_COMMENT).unwrap();
    assert_eq!(comment.len(), ERROR_COMMENT_CHARACTERS_MAX);
    assert!(comment.starts_with("a?b??a?b"));
}

#[test]
fn ae_titles_and_unknown_elements_survive() {
    let ae: AeTitle = "WS 1".parse().unwrap();
    let mut command = store_request().with_ae(element::MOVE_ORIGINATOR_AE, &ae);
    command.elements.insert(0x5010, b"whatever".to_vec());
    let read = CommandSet::parse(&command.encode()).unwrap();
    assert_eq!(read.get_ae(element::MOVE_ORIGINATOR_AE), Some(ae));
    assert_eq!(read.get(0x5010), Some(&b"whatever"[..]));
    command.remove(0x5010);
    assert_eq!(command.get(0x5010), None);
}

#[test]
fn a_value_of_another_shape_is_no_value() {
    let mut command = store_request();
    command.elements.insert(element::STATUS, vec![0]);
    command
        .elements
        .insert(element::AFFECTED_SOP_CLASS_UID, b"x".to_vec());
    command.elements.remove(&element::DATA_SET_TYPE);
    assert_eq!(command.status(), None);
    assert_eq!(command.get_uid(element::AFFECTED_SOP_CLASS_UID), None);
    assert!(!command.has_data_set());
}

#[test]
fn what_is_no_command_set_is_refused() {
    let field = b"\0\0\0\x01\x02\0\0\0\x30\0";
    let twice = field.repeat(2);
    for (bytes, error) in [
        (&field[..9], CommandError::Truncated),
        (&field[..5], CommandError::Truncated),
        (b"\0\0\0\x01\xff\xff\xff\xff\x30\0", CommandError::Truncated),
        (b"\x08\0\x16\0\0\0\0\0", CommandError::Group { group: 8 }),
        (&twice, CommandError::Duplicate { element: 0x0100 }),
        (b"", CommandError::NoCommandField),
        (
            b"\0\0\x10\x01\x02\0\0\0\x01\0",
            CommandError::NoCommandField,
        ),
    ] {
        assert_eq!(CommandSet::parse(bytes), Err(error));
    }
}

#[test]
fn debug_output_shows_no_text_of_the_peer() {
    let command = store_request().with_error_comment("Doe^Jane");
    assert!(!format!("{command:?}").contains("Doe"));
}

proptest! {
    #[test]
    fn a_command_set_reads_back_as_it_was_written(
        field in any::<u16>(),
        values in proptest::collection::btree_map(
            1_u16..,
            proptest::collection::vec(any::<u8>(), 0..20),
            0..12,
        ),
    ) {
        let mut command = CommandSet { elements: values };
        for value in command.elements.values_mut() {
            value.resize(value.len() / 2 * 2, 0);
        }
        command.set_u16(element::COMMAND_FIELD, field);
        let bytes = command.encode();
        prop_assert_eq!(CommandSet::parse(&bytes).unwrap(), command);
        let declared = u32::from_le_bytes(bytes[8..12].try_into().unwrap());
        prop_assert_eq!(declared as usize, bytes.len() - 12);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        if let Ok(command) = CommandSet::parse(&bytes) {
            prop_assert!(CommandSet::parse(&command.encode()).is_ok());
        }
    }
}
