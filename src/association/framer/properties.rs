//! What holds for a [`Framer`] whatever comes, and however it is cut.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "tests count in small numbers"
)]

use bytes::BytesMut;
use proptest::prelude::*;

use super::super::example;
use super::super::example::RawRq;
use super::super::example::pdv;
use super::super::pdu::Frame;
use super::Framer;
use super::tests::LIMITS;
use super::tests::begun;
use super::tests::data;
use super::tests::pieces;

/// Bytes that are PDU-like often enough to get past the headers.
fn bytes_of_a_bad_peer() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..600).boxed();
    let framed = (0_u8..9, prop::collection::vec(any::<u8>(), 0..600))
        .prop_map(|(kind, body)| example::pdu(kind, &body))
        .boxed();
    let items = prop::collection::vec((0x0f_u8..0x5b, any::<Vec<u8>>()), 0..6);
    let request = (1_u8..3, items)
        .prop_map(|(kind, items)| {
            let mut raw = RawRq::default();
            raw.items
                .extend(items.iter().map(|(k, v)| example::item(*k, v)));
            example::pdu(kind, &raw.body())
        })
        .boxed();
    let user = prop::collection::vec((0x50_u8..0x5b, any::<Vec<u8>>()), 0..6)
        .prop_map(|items| {
            let items: Vec<_> = items.iter().map(|(k, v)| example::item(*k, v)).collect();
            example::pdu(1, &RawRq::with_user(&items).body())
        })
        .boxed();
    let flipped = (any::<prop::sample::Index>(), any::<u8>())
        .prop_map(|(at, with)| {
            let mut pdu = example::pdu(1, &RawRq::default().body());
            let at = at.index(pdu.len());
            pdu[at] = with;
            pdu
        })
        .boxed();
    prop::collection::vec(prop_oneof![noise, framed, request, user, flipped], 1..5)
        .prop_map(|parts| parts.concat())
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1_usize..16, 1_usize..9_000], 1..200)
}

/// `bytes` in pieces of the lengths in `cuts`, over and over.
fn cut<'a>(bytes: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    cuts.iter().cycle().map_while(move |length| {
        let (part, after) = rest.split_at((*length).min(rest.len()));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_never_make_the_buffer_grow(
        bytes in bytes_of_a_bad_peer(),
        cuts in cuts(),
        associated in any::<bool>(),
    ) {
        let mut framer = if associated { begun() } else { Framer::new(LIMITS) };
        let mut buffer = BytesMut::new();
        'stream: for part in cut(&bytes, &cuts) {
            buffer.extend_from_slice(part);
            loop {
                let capacity = buffer.capacity();
                let next = framer.next(&mut buffer);
                prop_assert!(buffer.capacity() <= capacity);
                match next {
                    Ok(Some(Frame::Data(piece))) => {
                        prop_assert!(piece.data.len() % 2 == 0);
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => {
                        prop_assert_eq!(framer.next(&mut buffer), Err(error));
                        break 'stream;
                    }
                }
            }
            let most = LIMITS.associate_max_bytes as usize;
            prop_assert!(buffer.len() <= most, "{} bytes wait", buffer.len());
        }
    }

    #[test]
    fn p_data_cut_anyhow_is_the_same_stream(
        fragments in prop::collection::vec(
            (0_usize..6_000, any::<u8>(), 0_u8..4, any::<bool>()), 1..12),
        cuts in cuts(),
    ) {
        let mut wire = Vec::new();
        let mut pdvs = Vec::new();
        let mut sent: Vec<(bool, bool, Vec<u8>)> = Vec::new();
        for (half, fill, control, ends_pdu) in fragments {
            let fragment: Vec<u8> = (0..half * 2).map(|i| fill ^ i.to_le_bytes()[0]).collect();
            pdvs.push(pdv(1, control, &fragment));
            sent.push((control & 1 != 0, control & 2 != 0, fragment));
            if ends_pdu {
                wire.extend(data(&std::mem::take(&mut pdvs)));
            }
        }
        if !pdvs.is_empty() {
            wire.extend(data(&pdvs));
        }
        let mut framer = begun();
        let mut buffer = BytesMut::new();
        let mut received = Vec::new();
        for part in cut(&wire, &cuts) {
            buffer.extend_from_slice(part);
            received.extend(pieces(&mut framer, &mut buffer));
        }
        prop_assert!(buffer.is_empty());
        let mut received = received.into_iter();
        for (is_command, is_last, fragment) in sent {
            let mut joined = Vec::new();
            let mut ended = false;
            while joined.len() < fragment.len() || (is_last && !ended) {
                let piece = received.next().unwrap();
                prop_assert_eq!(piece.is_command, is_command);
                prop_assert!(piece.data.len() % 2 == 0);
                prop_assert!(!ended, "a piece after the last one");
                ended = piece.is_last;
                joined.extend_from_slice(&piece.data);
            }
            prop_assert_eq!(ended, is_last);
            prop_assert_eq!(joined, fragment);
        }
        prop_assert!(received.next().is_none());
    }
}
