#![allow(
    clippy::arithmetic_side_effects,
    reason = "tests count bytes of their own making"
)]

use proptest::prelude::*;

use super::*;
use crate::dimse::CommandField;

const LIMIT: usize = 64 * 1024;

fn echo() -> CommandSet {
    CommandSet::new(CommandField::CEchoRq).with_message_id(1)
}

fn store(id: u16) -> CommandSet {
    CommandSet::new(CommandField::CStoreRq)
        .with_message_id(id)
        .with_data_set()
}

fn bytes(command: &CommandSet) -> Bytes {
    command.encode().into()
}

#[test]
fn messages_with_and_without_data_sets_follow_each_other() {
    let mut reader = MessageReader::new(LIMIT);
    let begun = reader.push(1, true, true, bytes(&echo())).unwrap();
    assert_eq!(
        begun,
        Some(MessageEvent::Command {
            context_id: 1,
            command: echo()
        })
    );
    assert!(reader.is_idle());
    reader.push(3, true, true, bytes(&store(2))).unwrap();
    assert!(!reader.is_idle());
    let first = reader.push(3, false, false, Bytes::from_static(b"ab"));
    assert_eq!(
        first.unwrap(),
        Some(MessageEvent::Data {
            context_id: 3,
            data: Bytes::from_static(b"ab"),
            is_last: false
        })
    );
    assert_eq!(reader.push(3, false, false, Bytes::new()), Ok(None));
    let last = reader.push(3, false, true, Bytes::new());
    assert_eq!(
        last.unwrap(),
        Some(MessageEvent::Data {
            context_id: 3,
            data: Bytes::new(),
            is_last: true
        })
    );
    assert!(reader.push(1, true, true, bytes(&echo())).is_ok());
}

#[test]
fn nothing_interleaves() {
    let data = Bytes::from_static(b"ab");
    let idle = || MessageReader::new(LIMIT);
    let in_command = || {
        let mut reader = idle();
        let part = bytes(&store(1)).slice(..10);
        assert_eq!(reader.push(1, true, false, part), Ok(None));
        reader
    };
    let in_data_set = || {
        let mut reader = idle();
        reader.push(1, true, true, bytes(&store(1))).unwrap();
        reader
    };
    let (context_id, open) = (3, 1);
    let table = [
        (
            idle(),
            3,
            false,
            FragmentError::DataWithoutCommand { context_id },
        ),
        (
            in_command(),
            1,
            false,
            FragmentError::DataInsideCommand { context_id: 1 },
        ),
        (
            in_command(),
            3,
            true,
            FragmentError::Interleaved { context_id, open },
        ),
        (
            in_data_set(),
            1,
            true,
            FragmentError::CommandInsideDataSet { context_id: 1 },
        ),
        (
            in_data_set(),
            3,
            false,
            FragmentError::Interleaved { context_id, open },
        ),
    ];
    for (mut reader, context_id, is_command, error) in table {
        let pushed = reader.push(context_id, is_command, false, data.clone());
        assert_eq!(pushed, Err(error));
        assert_eq!(error.abort_codes(), (2, 5));
    }
}

#[test]
fn a_data_set_after_a_command_that_announced_none_is_refused() {
    let mut reader = MessageReader::new(LIMIT);
    reader.push(1, true, true, bytes(&echo())).unwrap();
    assert_eq!(
        reader.push(1, false, true, Bytes::from_static(b"ab")),
        Err(FragmentError::DataWithoutCommand { context_id: 1 })
    );
}

#[test]
fn a_command_set_has_a_limit_and_must_be_readable() {
    let too_long = FragmentError::CommandTooLong {
        context_id: 1,
        limit: 100,
    };
    let mut reader = MessageReader::new(100);
    assert_eq!(reader.push(1, true, false, vec![0; 100].into()), Ok(None));
    assert_eq!(
        reader.push(1, true, false, Bytes::from_static(b"x")),
        Err(too_long)
    );
    let mut reader = MessageReader::new(100);
    assert_eq!(
        reader.push(1, true, true, vec![0; 101].into()),
        Err(too_long)
    );
    let mut reader = MessageReader::new(100);
    let error = FragmentError::Command {
        context_id: 1,
        source: CommandError::Truncated,
    };
    assert_eq!(
        reader.push(1, true, true, Bytes::from_static(b"xyz")),
        Err(error)
    );
    assert_eq!(error.abort_codes(), (2, 6));
}

/// What a receiver makes of the events: commands, and data sets put together.
fn told(events: Vec<MessageEvent>) -> Vec<(u8, Result<CommandSet, Vec<u8>>)> {
    let mut told = Vec::new();
    let mut data_set = Vec::new();
    for event in events {
        match event {
            MessageEvent::Command {
                context_id,
                command,
            } => told.push((context_id, Ok(command))),
            MessageEvent::Data {
                context_id,
                data,
                is_last,
            } => {
                data_set.extend_from_slice(&data);
                if is_last {
                    told.push((context_id, Err(std::mem::take(&mut data_set))));
                }
            }
        }
    }
    told
}

proptest! {
    #[test]
    fn messages_are_the_same_however_they_are_cut(
        messages in proptest::collection::vec(
            (any::<u8>(), proptest::option::of(proptest::collection::vec(any::<u8>(), 0..60))),
            1..6,
        ),
        piece in 1..40_usize,
    ) {
        let mut reader = MessageReader::new(LIMIT);
        let mut events = Vec::new();
        let mut expected = Vec::new();
        for (context_id, data_set) in messages {
            let command = if data_set.is_some() { store(1) } else { echo() };
            expected.push((context_id, Ok(command.clone())));
            let mut parts = vec![(true, bytes(&command))];
            if let Some(data_set) = data_set {
                expected.push((context_id, Err(data_set.clone())));
                parts.push((false, data_set.into()));
            }
            for (is_command, mut rest) in parts {
                loop {
                    let next = rest.split_to(piece.min(rest.len()));
                    let is_last = rest.is_empty();
                    let pushed = reader.push(context_id, is_command, is_last, next);
                    events.extend(pushed.unwrap());
                    if is_last {
                        break;
                    }
                }
            }
        }
        prop_assert_eq!(told(events), expected);
        prop_assert!(reader.is_idle());
    }

    #[test]
    fn any_fragments_are_taken_or_refused(
        pieces in proptest::collection::vec(
            (0..3_u8, any::<bool>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..20)),
            0..8,
        ),
    ) {
        let mut reader = MessageReader::new(30);
        for (context_id, is_command, is_last, data) in pieces {
            if reader.push(context_id, is_command, is_last, data.into()).is_err() {
                break;
            }
        }
    }
}
