//! Raw A-ASSOCIATE PDUs for tests, byte by byte, right or wrong.

use super::pdu::APPLICATION_CONTEXT_NAME;

/// The parts of an A-ASSOCIATE-RQ.
pub(super) struct RawRq {
    pub(super) version: u16,
    pub(super) called: [u8; 16],
    pub(super) calling: [u8; 16],
    pub(super) items: Vec<Vec<u8>>,
}

impl Default for RawRq {
    /// Verification with Implicit VR Little Endian, and a maximum length.
    fn default() -> Self {
        Self {
            version: 1,
            called: *b"PACS            ",
            calling: *b"CT_1            ",
            items: vec![
                item(0x10, APPLICATION_CONTEXT_NAME.as_bytes()),
                proposed(1, b"1.2.840.10008.1.1", &[b"1.2.840.10008.1.2"]),
                item(0x50, &item(0x51, &[0, 0, 0x40, 0])),
            ],
        }
    }
}

impl RawRq {
    /// The default with another user information item.
    pub(super) fn with_user(sub_items: &[Vec<u8>]) -> Self {
        let mut raw = Self::default();
        raw.items.pop();
        raw.items.push(item(0x50, &sub_items.concat()));
        raw
    }

    /// Everything after the PDU header.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend([0; 2]);
        body.extend(self.called);
        body.extend(self.calling);
        body.extend([0; 32]);
        body.extend(self.items.concat());
        body
    }
}

/// Everything after the PDU header of an A-ASSOCIATE-AC.
pub(super) fn ac_body(items: &[Vec<u8>]) -> Vec<u8> {
    let mut raw = RawRq::default();
    raw.items.truncate(1);
    raw.items.extend_from_slice(items);
    raw.body()
}

/// An item of `kind` that holds `value`.
pub(super) fn item(kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[kind, 0][..], &length, value].concat()
}

/// A presentation context item.
pub(super) fn proposed(id: u8, abstract_syntax: &[u8], transfer_syntaxes: &[&[u8]]) -> Vec<u8> {
    let mut value = vec![id, 0, 0, 0];
    value.extend(item(0x30, abstract_syntax));
    for syntax in transfer_syntaxes {
        value.extend(item(0x40, syntax));
    }
    item(0x20, &value)
}

/// A PDU of `kind` that holds `body`.
pub(super) fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0][..], &length, body].concat()
}

/// A PDV item; `control` is its message control header.
pub(super) fn pdv(context_id: u8, control: u8, fragment: &[u8]) -> Vec<u8> {
    let value = [&[context_id, control], fragment].concat();
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    [&length[..], &value].concat()
}
