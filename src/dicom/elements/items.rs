//! Items of a sequence (PS3.5 §7.5), each a data set by itself.

use super::Elements;
use super::ElementsError;
use crate::dicom::Tag;
use crate::dicom::scan::Scanner;
use crate::dicom::scan::Syntax;
use crate::dicom::tag::ITEM;
use crate::dicom::tag::ITEM_DELIMITATION;
use crate::dicom::tag::SEQUENCE_DELIMITATION;

/// Bytes of an item's header.
const HEADER_BYTES: usize = 8;

/// Length field of an item that ends with a delimiter (PS3.5 §7.5.1).
const UNDEFINED: u32 = u32::MAX;

impl<'a> Elements<'a> {
    /// The items of a sequence; none when the element is absent or empty.
    ///
    /// # Errors
    /// When what stands there is no sequence of items.
    pub fn items(&self, tag: Tag) -> Result<Vec<Self>, ElementsError> {
        let mut rest = self.value(tag).unwrap_or_default();
        let mut items = Vec::new();
        while let Some((header, after)) = rest.split_first_chunk() {
            let (found, length) = read(header, self.syntax);
            if found == SEQUENCE_DELIMITATION {
                return Ok(items);
            }
            if found != ITEM {
                return Err(ElementsError::Truncated);
            }
            let (item, next) = if length == UNDEFINED {
                up_to_delimiter(after, self.syntax)?
            } else {
                let length = usize::try_from(length).map_err(|_| ElementsError::Truncated)?;
                let cut = after.split_at_checked(length);
                cut.ok_or(ElementsError::Truncated)?
            };
            items.push(Self::parse_in(item, self.syntax)?);
            rest = next;
        }
        if rest.is_empty() {
            return Ok(items);
        }
        Err(ElementsError::Truncated)
    }
}

fn read(header: &[u8; HEADER_BYTES], syntax: Syntax) -> (Tag, u32) {
    let [g0, g1, e0, e1, a, b, c, d] = *header;
    let tag = Tag::new(syntax.u16([g0, g1]), syntax.u16([e0, e1]));
    (tag, syntax.u32([a, b, c, d]))
}

/// The item's data set, and what follows its delimiter.
fn up_to_delimiter(bytes: &[u8], syntax: Syntax) -> Result<(&[u8], &[u8]), ElementsError> {
    let mut scanner = Scanner::new(syntax);
    let mut at = 0_usize;
    loop {
        let rest = bytes.get(at..).ok_or(ElementsError::Truncated)?;
        let ends = rest
            .first_chunk()
            .is_some_and(|header| read(header, syntax).0 == ITEM_DELIMITATION);
        if scanner.at_top() && ends {
            let next = rest.get(HEADER_BYTES..).unwrap_or_default();
            let item = bytes.get(..at).ok_or(ElementsError::Truncated)?;
            return Ok((item, next));
        }
        let token = scanner.read(rest)?.ok_or(ElementsError::Truncated)?;
        let value = usize::try_from(token.value).map_err(|_| ElementsError::Truncated)?;
        at = at.saturating_add(token.header).saturating_add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::Builder;
    use crate::dicom::Encoding;
    use crate::dicom::tag;

    const SEQUENCE: Tag = Tag::new(0x0008, 0x1199);

    fn reference(encoding: Encoding, uid: &str) -> Vec<u8> {
        Builder::new(encoding)
            .text(tag::SOP_INSTANCE_UID, *b"UI", uid)
            .build()
    }

    /// The header of an item or a delimiter, which has no VR in any syntax (PS3.5 §7.5).
    fn header(into: &mut Vec<u8>, syntax: Syntax, tag: Tag, length: u32) {
        for number in [tag.group, tag.element] {
            into.extend(syntax.u16(number.to_ne_bytes()).to_ne_bytes());
        }
        into.extend(syntax.u32(length.to_ne_bytes()).to_ne_bytes());
    }

    /// A data set with a sequence of two items, of defined or undefined lengths.
    fn sequence(encoding: Encoding, defined: bool) -> Vec<u8> {
        let syntax = Syntax::of(encoding);
        let mut items = Vec::new();
        for uid in ["1.2.3", "1.2.4"] {
            let item = reference(encoding, uid);
            let length = u32::try_from(item.len()).unwrap();
            header(
                &mut items,
                syntax,
                ITEM,
                if defined { length } else { UNDEFINED },
            );
            items.extend(&item);
            if !defined {
                header(&mut items, syntax, ITEM_DELIMITATION, 0);
            }
        }
        let mut bytes = Vec::new();
        let length = u32::try_from(items.len()).unwrap();
        syntax.write_header(
            &mut bytes,
            SEQUENCE,
            *b"SQ",
            if defined { length } else { UNDEFINED },
        );
        bytes.extend(&items);
        if !defined {
            header(&mut bytes, syntax, SEQUENCE_DELIMITATION, 0);
        }
        bytes
    }

    #[test]
    fn items_of_defined_and_undefined_length_are_found() {
        for encoding in [
            Encoding::ImplicitLittle,
            Encoding::ExplicitLittle,
            Encoding::ExplicitBig,
        ] {
            for defined in [true, false] {
                let bytes = sequence(encoding, defined);
                let elements = Elements::parse(&bytes, encoding).unwrap();
                let items = elements.items(SEQUENCE).unwrap();
                let uids: Vec<_> = items
                    .iter()
                    .map(|item| item.uid(tag::SOP_INSTANCE_UID).unwrap().to_string())
                    .collect();
                assert_eq!(uids, ["1.2.3", "1.2.4"], "{encoding:?}, {defined}");
                assert!(elements.items(tag::PATIENT_ID).unwrap().is_empty());
            }
        }
    }

    #[test]
    fn what_is_no_sequence_has_no_items() {
        let encoding = Encoding::ExplicitLittle;
        for value in [
            &b"1.2.3"[..],
            b"\xfe\xff\x00\xe0\x09\x00\x00\x00abc",
            b"\xfe\xff\x00\xe0",
        ] {
            let bytes = Builder::new(encoding)
                .bytes(SEQUENCE, *b"UN", value)
                .build();
            let elements = Elements::parse(&bytes, encoding).unwrap();
            assert!(elements.items(SEQUENCE).is_err(), "{value:?}");
        }
    }
}
