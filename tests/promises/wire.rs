//! A requestor that writes its own PDUs: in odd pieces, too many, too long, or too slowly.

use std::net::SocketAddr;

use bytes::BytesMut;
use credence::association::AssociateRq;
use credence::association::Frame;
use credence::association::Framer;
use credence::association::FramerLimits;
use credence::association::ProposedContext;
use credence::association::UserInformation;
use credence::association::encode_associate_rq;
use credence::demo::Instance;
use credence::demo::contexts_to_store;
use credence::dimse::CommandField;
use credence::dimse::CommandSet;
use credence::dimse::Status;
use credence::dimse::element;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::house::PATIENCE;
use crate::house::ae;

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: BytesMut,
    framer: Framer,
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let limits = FramerLimits {
            associate_max_bytes: 65_536,
            data_max_bytes: 131_072,
        };
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: BytesMut::new(),
            framer: Framer::new(limits),
        }
    }

    /// Sends these bytes; `false` when the peer no longer takes any.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await;
        sent.unwrap().is_ok()
    }

    /// The next frame; `None` when the peer has closed the connection.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.framer.next(&mut self.buffer).unwrap() {
                return Some(frame);
            }
            let read = self.stream.read_buf(&mut self.buffer);
            match tokio::time::timeout(PATIENCE, read).await.unwrap() {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Requests an association and gives the answer.
    pub(crate) async fn associate(&mut self, rq: &AssociateRq) -> Option<Frame> {
        self.send(&encode_associate_rq(rq).unwrap()).await;
        self.frame().await
    }

    /// An association for these instances, which must be accepted.
    pub(crate) async fn to_store(address: SocketAddr, title: &str, instances: &[Instance]) -> Self {
        let rq = request(title, contexts_to_store(instances, &[]));
        Self::accepted(address, &rq).await
    }

    /// The association that `rq` asks for, which must be accepted.
    pub(crate) async fn accepted(address: SocketAddr, rq: &AssociateRq) -> Self {
        let mut wire = Self::connect(address).await;
        let answer = wire.associate(rq).await;
        assert!(matches!(answer, Some(Frame::AssociateAc(_))), "{answer:?}");
        wire
    }

    /// Sends `instance` on context 1.
    pub(crate) async fn store(&mut self, instance: &Instance) -> bool {
        let data_set = fragmented(&instance.data_set, &[65_536], 1);
        self.send(&[store_command(instance), data_set].concat())
            .await
    }

    /// The status of the next response.
    pub(crate) async fn status(&mut self) -> Option<Status> {
        let mut command = Vec::new();
        loop {
            match self.frame().await? {
                Frame::Data(piece) if piece.is_command => {
                    command.extend_from_slice(&piece.data);
                    if piece.is_last {
                        return CommandSet::parse(&command).unwrap().status();
                    }
                }
                _ => return None,
            }
        }
    }
}

/// A request by `title` for an association with CREDENCE.
pub(crate) fn request(title: &str, contexts: Vec<ProposedContext>) -> AssociateRq {
    AssociateRq::new(
        ae("CREDENCE"),
        ae(title),
        contexts,
        UserInformation::ours(131_072),
    )
}

/// The command of a C-STORE of `instance`, as P-DATA-TF on context 1.
pub(crate) fn store_command(instance: &Instance) -> Vec<u8> {
    let mut command = CommandSet::new(CommandField::CStoreRq)
        .with_message_id(7)
        .with_sop_class(&instance.sop_class)
        .with_sop_instance(&instance.sop_instance)
        .with_data_set();
    command.set_u16(element::PRIORITY, 0);
    p_data(&[pdv(true, true, &command.encode())])
}

/// One PDV item on context 1 (PS3.8 §9.3.5.1).
pub(crate) fn pdv(is_command: bool, is_last: bool, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32 + 2;
    let control = u8::from(is_command) | u8::from(is_last) << 1;
    let mut item = length.to_be_bytes().to_vec();
    item.extend([1, control]);
    item.extend_from_slice(data);
    item
}

/// One P-DATA-TF PDU with these items.
pub(crate) fn p_data(items: &[Vec<u8>]) -> Vec<u8> {
    let items = items.concat();
    let mut pdu = vec![0x04, 0];
    pdu.extend((items.len() as u32).to_be_bytes());
    pdu.extend(items);
    pdu
}

/// The data set in fragments of these lengths, over and over, so many of them in each PDU.
pub(crate) fn fragmented(data_set: &[u8], lengths: &[usize], items_per_pdu: usize) -> Vec<u8> {
    let mut items = Vec::new();
    let mut rest = data_set;
    for length in lengths.iter().cycle() {
        let (fragment, after) = rest.split_at(rest.len().min(*length));
        items.push(pdv(false, after.is_empty(), fragment));
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    items.chunks(items_per_pdu).flat_map(p_data).collect()
}
