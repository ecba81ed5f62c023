//! What a peer did wrong in a PDU, and the A-ABORT that it calls for.

use super::pdu::Abort;

/// A PDU that breaks PS3.8, and when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct PduError {
    /// The offence.
    pub fault: PduFault,
    /// No A-ASSOCIATE-RQ or -AC had come on this connection.
    pub before_association: bool,
}

/// An offence against PS3.8 §9.3. Lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PduFault {
    /// The first byte is no PDU type of Table 9-11 and following.
    #[error("no PDU begins with {kind:#04x}")]
    UnknownType {
        /// The byte.
        kind: u8,
    },
    /// An A-ASSOCIATE-RQ or -AC over our limit.
    #[error("an A-ASSOCIATE PDU of {length} bytes, limit {limit}")]
    AssociateTooLong {
        /// What its PDU length says.
        length: u32,
        /// What we take.
        limit: u32,
    },
    /// A PDU of fixed length says that it has another.
    #[error("a PDU of type {kind:#04x} has a length of 4, this one says {length}")]
    FixedLength {
        /// The PDU type.
        kind: u8,
        /// What its PDU length says.
        length: u32,
    },
    /// A P-DATA-TF over the maximum length that we announced.
    #[error("a P-DATA-TF of {length} bytes, announced maximum {limit}")]
    DataTooLong {
        /// What its PDU length says.
        length: u32,
        /// What we announced.
        limit: u32,
    },
    /// A P-DATA-TF without a presentation data value.
    #[error("a P-DATA-TF without a presentation data value")]
    NoPdv,
    /// A P-DATA-TF ends within the header of a presentation data value.
    #[error("{left} bytes at the end of a P-DATA-TF are no presentation data value")]
    PdvCut {
        /// What is left of the PDU.
        left: u32,
    },
    /// A presentation data value without room for its own header.
    #[error("a presentation data value of {length} bytes, least 2")]
    PdvTooShort {
        /// What its item length says.
        length: u32,
    },
    /// A presentation data value that leaves its PDU.
    #[error("a presentation data value of {length} bytes where {left} are left of its PDU")]
    PdvTooLong {
        /// What its item length says.
        length: u32,
        /// What is left of the PDU.
        left: u32,
    },
    /// A fragment of odd length (PS3.8 §9.3.5.1).
    #[error("a fragment of {length} bytes, which is odd")]
    OddFragment {
        /// Bytes of the fragment.
        length: u32,
    },
    /// An A-ASSOCIATE PDU ends within its fixed part.
    #[error("an A-ASSOCIATE PDU of {length} bytes, least {least}")]
    AssociateTooShort {
        /// Bytes after the PDU header.
        length: usize,
        /// Bytes of the fixed part.
        least: usize,
    },
    /// The PDU, or an item, ends within the header of an item.
    #[error("{left} bytes where an item of an A-ASSOCIATE PDU begins, least 4")]
    ItemCut {
        /// What is left.
        left: usize,
    },
    /// An item that leaves the PDU or item that holds it.
    #[error("an item {kind:#04x} of {length} bytes where {left} are left")]
    ItemTooLong {
        /// The item type.
        kind: u8,
        /// What its item length says.
        length: u16,
        /// What is left.
        left: usize,
    },
    /// The fields of an item do not add up to its length, or one that it must have is missing.
    #[error("an item {kind:#04x} of {length} bytes whose fields do not fit")]
    ItemFields {
        /// The item type.
        kind: u8,
        /// Its length.
        length: usize,
    },
    /// What the PDU codec does not take although the items fit.
    #[error("an A-ASSOCIATE PDU that cannot be read")]
    Unreadable,
}

impl PduError {
    /// The A-ABORT to answer. Before an association we only say that we want no more of it
    /// (PS3.8 §9.2, AA-1); on one, we name the reason (AA-8, Table 9-26).
    pub const fn abort(&self) -> Abort {
        if self.before_association {
            return Abort::BY_USER;
        }
        match self.fault {
            PduFault::UnknownType { .. } => Abort::UNRECOGNISED_PDU,
            PduFault::AssociateTooLong { .. }
            | PduFault::FixedLength { .. }
            | PduFault::DataTooLong { .. }
            | PduFault::NoPdv
            | PduFault::PdvCut { .. }
            | PduFault::PdvTooShort { .. }
            | PduFault::PdvTooLong { .. }
            | PduFault::OddFragment { .. }
            | PduFault::AssociateTooShort { .. }
            | PduFault::ItemCut { .. }
            | PduFault::ItemTooLong { .. }
            | PduFault::ItemFields { .. }
            | PduFault::Unreadable => Abort::INVALID_PARAMETER,
        }
    }
}
