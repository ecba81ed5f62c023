//! The one scanner of data elements (PS3.5 §7), without recursion and without buffers: it reads
//! headers and says how many bytes of value follow; who uses it takes or skips them.
//!
//! At the top level tags must rise, so nothing can appear twice and what is absent is known to be
//! absent. Values of defined length are opaque, sequences among them; inside an undefined length
//! only the structure is followed that is needed to find its end.

use crate::dicom::Encoding;
use crate::dicom::Tag;
use crate::dicom::tag::ITEM;
use crate::dicom::tag::ITEM_DELIMITATION;
use crate::dicom::tag::SEQUENCE_DELIMITATION;

/// Sequences of undefined length that may lie within each other.
pub const DEPTH_MAX: usize = 64;

/// Bytes of the longest element header: explicit VR with a 32-bit length (PS3.5 §7.1.2).
pub(super) const HEADER_BYTES_MAX: usize = 12;

/// Length field of a value that ends with a delimitation item (PS3.5 §7.1.1).
const UNDEFINED: u32 = 0xFFFF_FFFF;

/// The first group that data sets hold: below are commands, file meta information, directory
/// records and the private groups that PS3.5 §7.8.1 forbids.
const GROUP_MIN: u16 = 0x0008;

/// VRs with a 16-bit length (PS3.5 Table 7.1-2).
const SHORT: [[u8; 2]; 21] = [
    *b"AE", *b"AS", *b"AT", *b"CS", *b"DA", *b"DS", *b"DT", *b"FD", *b"FL", *b"IS", *b"LO", *b"LT",
    *b"PN", *b"SH", *b"SL", *b"SS", *b"ST", *b"TM", *b"UI", *b"UL", *b"US",
];

/// VRs with a 32-bit length (PS3.5 Table 7.1-1).
const LONG: [[u8; 2]; 13] = [
    *b"OB", *b"OD", *b"OF", *b"OL", *b"OV", *b"OW", *b"SQ", *b"SV", *b"UC", *b"UN", *b"UR", *b"UT",
    *b"UV",
];

/// VRs whose value may end with a delimitation item (PS3.5 §7.1.2).
const DELIMITED: [[u8; 2]; 8] = [
    *b"OB", *b"OD", *b"OF", *b"OL", *b"OV", *b"OW", *b"SQ", *b"UN",
];

/// Why bytes are not a data set. Always the sender's fault; names tags and lengths, never values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// PS3.5 §7.1: tags ascend and appear once.
    #[error("element {tag} follows {after}; tags must rise and none may appear twice")]
    NotRising {
        /// The offending element.
        tag: Tag,
        /// The element before it.
        after: Tag,
    },
    /// A command, file meta, directory or forbidden private element.
    #[error("element {tag} is of a group that a data set does not hold")]
    Group {
        /// The offending element.
        tag: Tag,
    },
    /// Neither a VR of the standard nor readable as a future one (PS3.5 §7.1.2).
    #[error("element {tag} has no readable value representation")]
    Vr {
        /// The offending element.
        tag: Tag,
    },
    /// A VR that needs a length has none.
    #[error("element {tag} has an undefined length, which its value representation excludes")]
    UndefinedLength {
        /// The offending element.
        tag: Tag,
    },
    /// An item or delimiter where none may be, another element where an item is due, or a
    /// delimiter with a length (PS3.5 §7.5).
    #[error("element {tag} is out of place in a sequence")]
    OutOfPlace {
        /// The offending element.
        tag: Tag,
    },
    /// More than [`DEPTH_MAX`] sequences within each other.
    #[error("element {tag} nests sequences deeper than {DEPTH_MAX}")]
    TooDeep {
        /// The offending element.
        tag: Tag,
    },
}

/// How element headers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) explicit: bool,
    pub(super) big: bool,
}

impl Syntax {
    const IMPLICIT_LITTLE: Self = Self {
        explicit: false,
        big: false,
    };

    /// Of an inflated data set, when the encoding is a deflated one.
    pub(super) const fn of(encoding: Encoding) -> Self {
        match encoding {
            Encoding::ImplicitLittle => Self::IMPLICIT_LITTLE,
            Encoding::ExplicitLittle | Encoding::DeflatedLittle => Self {
                explicit: true,
                big: false,
            },
            Encoding::ExplicitBig => Self {
                explicit: true,
                big: true,
            },
        }
    }

    pub(super) const fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    pub(super) const fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }

    const fn u16_bytes(self, value: u16) -> [u8; 2] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    const fn u32_bytes(self, value: u32) -> [u8; 4] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    /// Appends the header of an element of `length` bytes. A value too long for its VR's 16-bit
    /// length is written as UN (PS3.5 §6.2.2).
    pub(super) fn write_header(self, into: &mut Vec<u8>, tag: Tag, vr: [u8; 2], length: u32) {
        into.extend_from_slice(&self.u16_bytes(tag.group));
        into.extend_from_slice(&self.u16_bytes(tag.element));
        if !self.explicit {
            into.extend_from_slice(&self.u32_bytes(length));
            return;
        }
        match u16::try_from(length) {
            Ok(length) if is_short(vr) => {
                into.extend_from_slice(&vr);
                into.extend_from_slice(&self.u16_bytes(length));
            }
            _ => {
                into.extend_from_slice(if is_short(vr) { b"UN" } else { &vr });
                into.extend_from_slice(&[0, 0]);
                into.extend_from_slice(&self.u32_bytes(length));
            }
        }
    }
}

fn is_short(vr: [u8; 2]) -> bool {
    SHORT.contains(&vr)
}

/// An element header as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    tag: Tag,
    /// `None` where the syntax is implicit, and in item headers.
    vr: Option<[u8; 2]>,
    /// Of the header itself: 8 or 12.
    bytes: usize,
    /// `None` when undefined.
    length: Option<u32>,
}

impl Header {
    fn new(tag: Tag, vr: Option<[u8; 2]>, bytes: usize, length: u32) -> Self {
        Self {
            tag,
            vr,
            bytes,
            length: (length != UNDEFINED).then_some(length),
        }
    }

    /// Reads the header at the front of `bytes`; `None` when not all of it has arrived.
    fn read(bytes: &[u8], syntax: Syntax) -> Result<Option<Self>, ScanError> {
        let Some(([g0, g1, e0, e1, a, b, c, d], rest)) = bytes.split_first_chunk() else {
            return Ok(None);
        };
        let tag = Tag::new(syntax.u16([*g0, *g1]), syntax.u16([*e0, *e1]));
        if !syntax.explicit || matches!(tag, ITEM | ITEM_DELIMITATION | SEQUENCE_DELIMITATION) {
            let length = syntax.u32([*a, *b, *c, *d]);
            return Ok(Some(Self::new(tag, None, 8, length)));
        }
        let vr = [*a, *b];
        if is_short(vr) {
            let length = u32::from(syntax.u16([*c, *d]));
            return Ok(Some(Self::new(tag, Some(vr), 8, length)));
        }
        // VRs of later editions have a 32-bit length after two reserved bytes (PS3.5 §6.2, §7.1.2).
        // Those bytes tell such a VR from text that a broken header makes us read as one.
        let future = vr.iter().all(u8::is_ascii_uppercase) && [*c, *d] == [0, 0];
        if !LONG.contains(&vr) && !future {
            return Err(ScanError::Vr { tag });
        }
        let Some(length) = rest.first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Self::new(
            tag,
            Some(vr),
            HEADER_BYTES_MAX,
            syntax.u32(*length),
        )))
    }
}

/// A sequence of undefined length that has been entered.
#[derive(Clone, Copy, Debug)]
struct Level {
    syntax: Syntax,
    /// Inside one of its items, itself of undefined length.
    in_item: bool,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes of the header.
    pub(super) header: usize,
    /// Bytes of value that follow the header, to be taken or skipped before the next header.
    pub(super) value: u32,
}

/// The part that a [`Token`] plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A top-level element with its value; the VR is `None` where the syntax is implicit.
    Element(Tag, Option<[u8; 2]>),
    /// A top-level element of undefined length opens.
    Open(Tag, Option<[u8; 2]>),
    /// Structure or values inside the open element.
    Inside,
    /// The delimiter of the open element.
    Close,
}

/// Follows the structure of one data set.
#[derive(Debug)]
pub(super) struct Scanner {
    syntax: Syntax,
    last: Option<Tag>,
    levels: Vec<Level>,
}

impl Scanner {
    pub(super) const fn new(syntax: Syntax) -> Self {
        Self {
            syntax,
            last: None,
            levels: Vec::new(),
        }
    }

    /// No element of undefined length is open.
    pub(super) const fn at_top(&self) -> bool {
        self.levels.is_empty()
    }

    /// Reads the header at the front of `bytes`. `None`, and nothing changed, when not all of it
    /// has arrived: at most [`HEADER_BYTES_MAX`] bytes are needed.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Option<Token>, ScanError> {
        let level = self.levels.last().copied();
        let syntax = level.map_or(self.syntax, |level| level.syntax);
        let Some(header) = Header::read(bytes, syntax)? else {
            return Ok(None);
        };
        let kind = match level {
            None => self.top(header)?,
            Some(Level { in_item: false, .. }) => self.between_items(header)?,
            Some(Level { in_item: true, .. }) => self.in_item(header)?,
        };
        Ok(Some(Token {
            kind,
            header: header.bytes,
            value: header.length.unwrap_or(0),
        }))
    }

    fn top(&mut self, header: Header) -> Result<Kind, ScanError> {
        let tag = header.tag;
        if matches!(tag, ITEM | ITEM_DELIMITATION | SEQUENCE_DELIMITATION) {
            return Err(ScanError::OutOfPlace { tag });
        }
        if tag.group < GROUP_MIN {
            return Err(ScanError::Group { tag });
        }
        if let Some(after) = self.last.filter(|last| tag <= *last) {
            return Err(ScanError::NotRising { tag, after });
        }
        self.last = Some(tag);
        if header.length.is_some() {
            return Ok(Kind::Element(tag, header.vr));
        }
        self.enter(header, self.syntax)?;
        Ok(Kind::Open(tag, header.vr))
    }

    fn between_items(&mut self, header: Header) -> Result<Kind, ScanError> {
        match (header.tag, header.length) {
            (ITEM, Some(_)) => Ok(Kind::Inside),
            (ITEM, None) => {
                self.set_in_item(true);
                Ok(Kind::Inside)
            }
            (SEQUENCE_DELIMITATION, Some(0)) => {
                self.levels.pop();
                Ok(if self.at_top() {
                    Kind::Close
                } else {
                    Kind::Inside
                })
            }
            (tag, _) => Err(ScanError::OutOfPlace { tag }),
        }
    }

    fn in_item(&mut self, header: Header) -> Result<Kind, ScanError> {
        match (header.tag, header.length) {
            (ITEM_DELIMITATION, Some(0)) => self.set_in_item(false),
            (tag @ (ITEM | ITEM_DELIMITATION | SEQUENCE_DELIMITATION), _) => {
                return Err(ScanError::OutOfPlace { tag });
            }
            (_, Some(_)) => {}
            (_, None) => {
                let syntax = self.levels.last().map_or(self.syntax, |level| level.syntax);
                self.enter(header, syntax)?;
            }
        }
        Ok(Kind::Inside)
    }

    fn set_in_item(&mut self, in_item: bool) {
        if let Some(level) = self.levels.last_mut() {
            level.in_item = in_item;
        }
    }

    /// Enters an element of undefined length.
    fn enter(&mut self, header: Header, around: Syntax) -> Result<(), ScanError> {
        let tag = header.tag;
        let syntax = match header.vr {
            // Whoever wrote UN knew the element as a sequence of Implicit VR Little Endian only
            // (PS3.5 §6.2.2).
            Some(vr) if vr == *b"UN" => Syntax::IMPLICIT_LITTLE,
            Some(vr) if !DELIMITED.contains(&vr) => {
                return Err(ScanError::UndefinedLength { tag });
            }
            Some(_) | None => around,
        };
        if self.levels.len() >= DEPTH_MAX {
            return Err(ScanError::TooDeep { tag });
        }
        self.levels.push(Level {
            syntax,
            in_item: false,
        });
        Ok(())
    }
}
