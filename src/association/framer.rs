//! [`Framer`]: the bytes of a connection to [`Frame`]s.

use bytes::Buf;
use bytes::BytesMut;

use super::decode;
use super::fault::PduError;
use super::fault::PduFault;
use super::pdu::Abort;
use super::pdu::AssociateRj;
use super::pdu::Frame;
use super::pdu::Piece;

/// Bytes of a PDU header: type, reserved, length of 4 bytes.
const PDU_HEADER_BYTES: usize = 6;
/// Bytes of a PDV item header with the message control header: length, context id, control.
const PDV_HEADER_BYTES: u32 = 6;
/// Fewer bytes than this of an unfinished fragment wait for more, so that what is forwarded does
/// not fall to crumbs.
const PIECE_BYTES_MIN: usize = 4_096;
/// Length of the PDUs that carry four bytes: A-ASSOCIATE-RJ, A-RELEASE-RQ and -RP, A-ABORT.
const FIXED_LENGTH: u32 = 4;

const ASSOCIATE_RQ: u8 = 0x01;
const ASSOCIATE_AC: u8 = 0x02;
const ASSOCIATE_RJ: u8 = 0x03;
const P_DATA_TF: u8 = 0x04;
const RELEASE_RQ: u8 = 0x05;
const RELEASE_RP: u8 = 0x06;
const ABORT: u8 = 0x07;

/// What a [`Framer`] takes.
#[derive(Clone, Copy, Debug)]
pub struct FramerLimits {
    /// Longest A-ASSOCIATE-RQ or -AC, its header included, in bytes.
    pub associate_max_bytes: u32,
    /// The maximum length that we announced for P-DATA-TF (PS3.8 §D.1), in bytes; not 0.
    pub data_max_bytes: u32,
}

/// Cuts what has arrived on a connection into frames.
///
/// It holds no bytes and reserves none: what it waits for stays in the caller's buffer, at most
/// `associate_max_bytes` of an A-ASSOCIATE PDU and 4 KiB of anything else.
/// After an error it repeats that error.
#[derive(Clone, Debug)]
pub struct Framer {
    limits: FramerLimits,
    phase: Phase,
    /// An A-ASSOCIATE-RQ or -AC has come.
    begun: bool,
}

/// Where in the stream the buffer begins.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// At a PDU.
    Pdu,
    /// In a P-DATA-TF, at a PDV item; so many bytes of the PDU are left.
    Item { pdu_left: u32 },
    /// In the fragment of a PDV item.
    Fragment { pdu_left: u32, pdv: Pdv },
    /// Nowhere: the stream has lost its frame.
    Failed(PduError),
}

#[derive(Clone, Copy, Debug)]
struct Pdv {
    context_id: u8,
    is_command: bool,
    is_last: bool,
    /// Bytes of the fragment that have not been handed out.
    left: u32,
}

impl Framer {
    /// At the beginning of a connection.
    pub const fn new(limits: FramerLimits) -> Self {
        Self {
            limits,
            phase: Phase::Pdu,
            begun: false,
        }
    }

    /// Takes the next frame off the front of `buffer`; `None` when more has to arrive first.
    ///
    /// # Errors
    /// When the peer breaks PS3.8 §9.3 or a limit: the connection is to be aborted with
    /// [`PduError::abort`].
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, PduError> {
        if let Phase::Failed(error) = self.phase {
            return Err(error);
        }
        self.step(buffer).map_err(|fault| {
            let error = PduError {
                fault,
                before_association: !self.begun,
            };
            self.phase = Phase::Failed(error);
            error
        })
    }

    fn step(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, PduFault> {
        loop {
            match self.phase {
                Phase::Pdu => {
                    let Some((kind, length)) = self.header(buffer)? else {
                        return Ok(None);
                    };
                    if kind != P_DATA_TF {
                        return self.control(kind, length, buffer);
                    }
                    buffer.advance(PDU_HEADER_BYTES);
                    self.phase = Phase::Item { pdu_left: length };
                }
                Phase::Item { pdu_left: 0 } => self.phase = Phase::Pdu,
                Phase::Item { pdu_left } => match item(pdu_left, buffer)? {
                    Some(phase) => self.phase = phase,
                    None => return Ok(None),
                },
                Phase::Fragment { pdu_left, pdv } => {
                    let Some((piece, phase)) = fragment(pdu_left, pdv, buffer) else {
                        return Ok(None);
                    };
                    self.phase = phase;
                    // An empty fragment says nothing unless it ends something.
                    if piece.is_last || !piece.data.is_empty() {
                        return Ok(Some(Frame::Data(piece)));
                    }
                }
                Phase::Failed(error) => return Err(error.fault),
            }
        }
    }

    /// Type and length of the PDU at the front, checked as early as they are there.
    fn header(&self, buffer: &[u8]) -> Result<Option<(u8, u32)>, PduFault> {
        let Some(&kind) = buffer.first() else {
            return Ok(None);
        };
        if !(ASSOCIATE_RQ..=ABORT).contains(&kind) {
            return Err(PduFault::UnknownType { kind });
        }
        let [_, _, l1, l2, l3, l4, ..] = *buffer else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([l1, l2, l3, l4]);
        match kind {
            ASSOCIATE_RQ | ASSOCIATE_AC => {
                let limit = self.limits.associate_max_bytes;
                // Header included: PDU_HEADER_BYTES.
                if length.saturating_add(6) > limit {
                    return Err(PduFault::AssociateTooLong { length, limit });
                }
            }
            P_DATA_TF if length == 0 => return Err(PduFault::NoPdv),
            P_DATA_TF => {
                let limit = self.limits.data_max_bytes;
                if length > limit {
                    return Err(PduFault::DataTooLong { length, limit });
                }
            }
            _ if length != FIXED_LENGTH => return Err(PduFault::FixedLength { kind, length }),
            _ => {}
        }
        Ok(Some((kind, length)))
    }

    /// A PDU that is read as a whole.
    fn control(
        &mut self,
        kind: u8,
        length: u32,
        buffer: &mut BytesMut,
    ) -> Result<Option<Frame>, PduFault> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let end = PDU_HEADER_BYTES.saturating_add(length);
        if buffer.len() < end {
            return Ok(None);
        }
        let pdu = buffer.split_to(end);
        let body = pdu.get(PDU_HEADER_BYTES..).unwrap_or_default();
        let frame = match (kind, body) {
            (ASSOCIATE_RQ, body) => decode::request(body)?,
            (ASSOCIATE_AC, body) => decode::acceptance(body)?,
            (ASSOCIATE_RJ, &[_, result, source, reason]) => Frame::AssociateRj(AssociateRj {
                result,
                source,
                reason,
            }),
            (RELEASE_RQ, _) => Frame::ReleaseRq,
            (RELEASE_RP, _) => Frame::ReleaseRp,
            (ABORT, &[_, _, source, reason]) => Frame::Abort(Abort { source, reason }),
            (kind, _) => return Err(PduFault::UnknownType { kind }),
        };
        self.begun |= matches!(frame, Frame::AssociateRq(_) | Frame::AssociateAc(_));
        Ok(Some(frame))
    }
}

/// The PDV item at the front of `buffer`, with `pdu_left` bytes of its PDU from there on
/// (PS3.8 §9.3.5.1, Annex E.2).
fn item(pdu_left: u32, buffer: &mut BytesMut) -> Result<Option<Phase>, PduFault> {
    let Some(room) = pdu_left.checked_sub(PDV_HEADER_BYTES) else {
        return Err(PduFault::PdvCut { left: pdu_left });
    };
    let [l1, l2, l3, l4, context_id, control, ..] = **buffer else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([l1, l2, l3, l4]);
    let Some(left) = length.checked_sub(2) else {
        return Err(PduFault::PdvTooShort { length });
    };
    let Some(pdu_left) = room.checked_sub(left) else {
        return Err(PduFault::PdvTooLong {
            length,
            left: pdu_left,
        });
    };
    if left % 2 != 0 {
        return Err(PduFault::OddFragment { length: left });
    }
    // As long as the pattern above: PDV_HEADER_BYTES.
    buffer.advance(6);
    let pdv = Pdv {
        context_id,
        is_command: control & 1 != 0,
        is_last: control & 2 != 0,
        left,
    };
    Ok(Some(Phase::Fragment { pdu_left, pdv }))
}

/// What has arrived of a fragment, and where the buffer begins afterwards.
fn fragment(pdu_left: u32, pdv: Pdv, buffer: &mut BytesMut) -> Option<(Piece, Phase)> {
    let wanted = usize::try_from(pdv.left).unwrap_or(usize::MAX);
    let (take, left) = if buffer.len() >= wanted {
        (wanted, 0)
    } else if buffer.len() >= PIECE_BYTES_MIN {
        let take = buffer.len() & !1;
        let taken = u32::try_from(take).unwrap_or(u32::MAX);
        (take, pdv.left.saturating_sub(taken))
    } else {
        return None;
    };
    let piece = Piece {
        context_id: pdv.context_id,
        is_command: pdv.is_command,
        is_last: pdv.is_last && left == 0,
        data: buffer.split_to(take).freeze(),
    };
    let phase = match left {
        0 => Phase::Item { pdu_left },
        left => Phase::Fragment {
            pdu_left,
            pdv: Pdv { left, ..pdv },
        },
    };
    Some((piece, phase))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::super::example;
    use super::super::example::RawRq;
    use super::super::example::pdv;
    use super::*;

    pub(super) const LIMITS: FramerLimits = FramerLimits {
        associate_max_bytes: 64 * 1024,
        data_max_bytes: 256 * 1024,
    };

    /// A framer on an association, as after a first A-ASSOCIATE-RQ.
    pub(super) fn begun() -> Framer {
        let mut framer = Framer::new(LIMITS);
        let rq = example::pdu(1, &RawRq::default().body());
        assert!(matches!(
            only(&mut framer, &rq),
            Ok(Some(Frame::AssociateRq(_)))
        ));
        framer
    }

    fn only(framer: &mut Framer, bytes: &[u8]) -> Result<Option<Frame>, PduError> {
        framer.next(&mut BytesMut::from(bytes))
    }

    pub(super) fn data(items: &[Vec<u8>]) -> Vec<u8> {
        example::pdu(4, &items.concat())
    }

    pub(super) fn pieces(framer: &mut Framer, buffer: &mut BytesMut) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while let Some(frame) = framer.next(buffer).unwrap() {
            match frame {
                Frame::Data(piece) => pieces.push(piece),
                other => panic!("{other:?}"),
            }
        }
        pieces
    }

    #[test]
    fn what_is_no_pdu_is_aborted_without_a_reason_before_an_association() {
        for bytes in [
            &b"G"[..],
            b"GET / HTTP/1.1\r\n",
            b"\x16\x03\x01",
            b"\0",
            b"\x08\0\0\0\0\0",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            let error = only(&mut Framer::new(LIMITS), bytes).unwrap_err();
            assert_eq!(
                error.abort(),
                Abort {
                    source: 0,
                    reason: 0
                },
                "{error}"
            );
        }
    }

    #[test]
    fn an_unknown_pdu_type_on_an_association_is_unrecognised() {
        let error = only(&mut begun(), &[8]).unwrap_err();
        assert_eq!(
            error.abort(),
            Abort {
                source: 2,
                reason: 1
            }
        );
    }

    #[test]
    fn a_pdu_of_four_gigabytes_is_refused_at_its_header() {
        for kind in 1..=7 {
            let header = [kind, 0, 0xff, 0xff, 0xff, 0xff];
            let early = only(&mut Framer::new(LIMITS), &header).unwrap_err();
            assert_eq!(
                early.abort(),
                Abort {
                    source: 0,
                    reason: 0
                },
                "{early}"
            );
            let later = only(&mut begun(), &header).unwrap_err();
            assert_eq!(
                later.abort(),
                Abort {
                    source: 2,
                    reason: 6
                },
                "{later}"
            );
        }
    }

    #[test]
    fn an_association_request_may_fill_its_limit_and_no_more() {
        let limits = FramerLimits {
            associate_max_bytes: 65_536,
            ..LIMITS
        };
        let at = |length: u32| {
            let header = [&[1, 0][..], &length.to_be_bytes()].concat();
            only(&mut Framer::new(limits), &header)
        };
        assert_eq!(at(65_530), Ok(None));
        assert!(matches!(
            at(65_531).unwrap_err().fault,
            PduFault::AssociateTooLong { .. }
        ));
    }

    #[test]
    fn pdus_of_fixed_length_have_no_other() {
        for kind in [3, 5, 6, 7] {
            for body in [&[][..], &[0; 3], &[0; 5]] {
                let error = only(&mut begun(), &example::pdu(kind, body)).unwrap_err();
                assert!(
                    matches!(error.fault, PduFault::FixedLength { .. }),
                    "{error}"
                );
                assert_eq!(error.abort(), Abort::INVALID_PARAMETER);
            }
            assert!(
                only(&mut begun(), &example::pdu(kind, &[0; 4]))
                    .unwrap()
                    .is_some()
            );
        }
    }

    #[test]
    fn broken_p_data_is_an_invalid_parameter() {
        let over = vec![4, 0, 0, 4, 0, 1];
        let too_long = example::pdu(4, &[&[0, 0, 0, 9, 1, 0][..], &[0; 6]].concat());
        for (what, bytes) in [
            ("over the maximum", over),
            ("no PDV", example::pdu(4, &[])),
            ("PDV header cut", example::pdu(4, &[0, 0, 0, 2, 1])),
            ("PDV length 0", example::pdu(4, &[0, 0, 0, 0, 1, 0])),
            ("PDV length 1", example::pdu(4, &[0, 0, 0, 1, 1, 0])),
            ("PDV longer than its PDU", too_long),
            (
                "PDV length 4 GiB",
                example::pdu(4, &[0xff, 0xff, 0xff, 0xff, 1, 0]),
            ),
            ("odd fragment", data(&[pdv(1, 0, &[0; 3])])),
        ] {
            let error = only(&mut begun(), &bytes).unwrap_err();
            assert_eq!(
                error.abort(),
                Abort {
                    source: 2,
                    reason: 6
                },
                "{what}: {error}"
            );
        }
    }

    #[test]
    fn p_data_of_the_announced_maximum_passes() {
        let fragment = vec![7; LIMITS.data_max_bytes as usize - 6];
        let mut buffer = BytesMut::from(&data(&[pdv(1, 2, &fragment)])[..]);
        let pieces = pieces(&mut begun(), &mut buffer);
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].data, fragment);
    }

    #[test]
    fn after_an_error_there_is_only_that_error() {
        let mut framer = begun();
        let error = only(&mut framer, b"!").unwrap_err();
        assert_eq!(only(&mut framer, &example::pdu(5, &[0; 4])), Err(error));
    }

    #[test]
    fn rejection_release_and_abort_keep_the_numbers_that_were_sent() {
        let rj = AssociateRj {
            result: 9,
            source: 3,
            reason: 200,
        };
        let abort = Abort {
            source: 7,
            reason: 99,
        };
        for (bytes, frame) in [
            (encode::encode_associate_rj(rj), Frame::AssociateRj(rj)),
            (encode::encode_release_rq(), Frame::ReleaseRq),
            (encode::encode_release_rp(), Frame::ReleaseRp),
            (encode::encode_abort(abort), Frame::Abort(abort)),
        ] {
            assert_eq!(only(&mut begun(), &bytes), Ok(Some(frame)));
        }
    }

    #[test]
    fn several_pdvs_of_one_pdu_come_one_by_one() {
        let mut buffer = BytesMut::from(
            &data(&[pdv(1, 3, b"command!"), pdv(1, 0, b"da"), pdv(1, 2, b"ta")])[..],
        );
        buffer.extend_from_slice(&encode::encode_release_rq());
        let mut framer = begun();
        let mut next = || match framer.next(&mut buffer).unwrap().unwrap() {
            Frame::Data(p) => (p.is_command, p.is_last, p.data.to_vec()),
            other => panic!("{other:?}"),
        };
        assert_eq!(next(), (true, true, b"command!".to_vec()));
        assert_eq!(next(), (false, false, b"da".to_vec()));
        assert_eq!(next(), (false, true, b"ta".to_vec()));
        assert_eq!(framer.next(&mut buffer), Ok(Some(Frame::ReleaseRq)));
        assert!(buffer.is_empty());
    }

    #[test]
    fn an_unfinished_fragment_is_handed_out_as_it_arrives_but_not_in_crumbs() {
        let whole = data(&[pdv(1, 2, &[5; 20_000])]);
        let mut framer = begun();
        let mut buffer = BytesMut::from(&whole[..12 + PIECE_BYTES_MIN - 1]);
        assert_eq!(pieces(&mut framer, &mut buffer), []);
        buffer.extend_from_slice(&whole[12 + PIECE_BYTES_MIN - 1..12 + PIECE_BYTES_MIN + 1]);
        let first = pieces(&mut framer, &mut buffer);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].data.len(), PIECE_BYTES_MIN, "of even length");
        assert!(!first[0].is_last);
        buffer.extend_from_slice(&whole[12 + PIECE_BYTES_MIN + 1..]);
        let rest = pieces(&mut framer, &mut buffer);
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].data.len(), 20_000 - PIECE_BYTES_MIN);
        assert!(rest[0].is_last);
    }

    #[test]
    fn pieces_are_not_copied() {
        let mut buffer = BytesMut::from(&data(&[pdv(1, 2, &[5; 10_000])])[..]);
        let address = buffer.as_ptr() as usize;
        let pieces = pieces(&mut begun(), &mut buffer);
        assert_eq!(pieces[0].data.as_ptr() as usize, address + 12);
    }

    #[test]
    fn an_empty_fragment_counts_only_where_it_ends_something() {
        let mut buffer = BytesMut::from(&data(&[pdv(1, 0, b""), pdv(1, 2, b"")])[..]);
        let pieces = pieces(&mut begun(), &mut buffer);
        assert_eq!(pieces.len(), 1);
        assert!(pieces[0].is_last);
    }

    #[test]
    fn a_malformed_request_does_not_begin_an_association() {
        let mut framer = Framer::new(LIMITS);
        let raw = RawRq {
            version: 2,
            ..RawRq::default()
        };
        let answer = Frame::MalformedRq(AssociateRj::PROTOCOL_VERSION);
        assert_eq!(
            only(&mut framer, &example::pdu(1, &raw.body())),
            Ok(Some(answer))
        );
        assert!(only(&mut framer, b"!").unwrap_err().before_association);
    }
}
