//! Small data sets: a view on one that has arrived whole (an identifier, a response), and a
//! builder of new ones.

use std::collections::BTreeMap;

use crate::dicom::Encoding;
use crate::dicom::Tag;
use crate::dicom::Uid;
use crate::dicom::deflate::deflated;
use crate::dicom::scan::Kind;
use crate::dicom::scan::ScanError;
use crate::dicom::scan::Scanner;
use crate::dicom::scan::Syntax;
use crate::dicom::trimmed;

mod items;

/// Bytes in the largest data set that [`Elements`] takes.
pub const ELEMENTS_BYTES_MAX: usize = 1024 * 1024;

/// Why bytes are not a small data set. Names tags and lengths, never values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElementsError {
    /// Not a data set.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// It ends inside an element.
    #[error("the data set ends inside an element")]
    Truncated,
    /// More than [`ELEMENTS_BYTES_MAX`].
    #[error("the data set has {bytes} bytes, limit {ELEMENTS_BYTES_MAX}")]
    TooLong {
        /// What arrived.
        bytes: usize,
    },
    /// A deflated data set has no elements to point at.
    #[error("a deflated data set cannot be read in place")]
    Deflated,
}

/// A checked view on the top-level elements of a data set. Sequences are opaque values.
#[derive(Clone)]
pub struct Elements<'a> {
    bytes: &'a [u8],
    syntax: Syntax,
    /// By rising tag.
    entries: Vec<Entry>,
}

/// Where an element lies; it ends where the next one starts. Kept small, because a data set can
/// consist of nothing but 8-byte headers.
#[derive(Clone, Copy)]
struct Entry {
    tag: Tag,
    start: u32,
    value_start: u32,
    value_end: u32,
}

impl<'a> Elements<'a> {
    /// Checks the structure of a whole data set.
    ///
    /// # Errors
    /// When it is too long, deflated, cut off, or breaks the rules that [`ScanError`] names.
    pub fn parse(bytes: &'a [u8], encoding: Encoding) -> Result<Self, ElementsError> {
        if encoding == Encoding::DeflatedLittle {
            return Err(ElementsError::Deflated);
        }
        if bytes.len() > ELEMENTS_BYTES_MAX {
            return Err(ElementsError::TooLong { bytes: bytes.len() });
        }
        Self::parse_in(bytes, Syntax::of(encoding))
    }

    fn parse_in(bytes: &'a [u8], syntax: Syntax) -> Result<Self, ElementsError> {
        let too_long = ElementsError::TooLong { bytes: bytes.len() };
        let total = u32::try_from(bytes.len()).map_err(|_| too_long)?;
        let mut scanner = Scanner::new(syntax);
        let mut entries: Vec<Entry> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let start = offset(total, rest);
            let token = scanner.read(rest)?.ok_or(ElementsError::Truncated)?;
            let value = rest.get(token.header..).unwrap_or_default();
            let value_start = offset(total, value);
            rest = value
                .get(token.value as usize..)
                .ok_or(ElementsError::Truncated)?;
            match token.kind {
                Kind::Element(tag, _) | Kind::Open(tag, _) => entries.push(Entry {
                    tag,
                    start,
                    value_start,
                    value_end: offset(total, rest),
                }),
                Kind::Inside => {}
                Kind::Close => {
                    if let Some(open) = entries.last_mut() {
                        open.value_end = start;
                    }
                }
            }
        }
        if !scanner.at_top() {
            return Err(ElementsError::Truncated);
        }
        Ok(Self {
            bytes,
            syntax,
            entries,
        })
    }

    /// The value as it stands, padding included; of a sequence of undefined length its items
    /// without the last delimiter. `None` when the element is absent.
    pub fn value(&self, tag: Tag) -> Option<&'a [u8]> {
        let at = self.entries.binary_search_by_key(&tag, |e| e.tag).ok()?;
        let entry = self.entries.get(at)?;
        self.bytes
            .get(entry.value_start as usize..entry.value_end as usize)
    }

    /// The value as text: outer padding trimmed, what is not UTF-8 replaced. `None` when absent.
    pub fn text(&self, tag: Tag) -> Option<String> {
        let value = trimmed(self.value(tag)?);
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// Each of several values (PS3.5 §6.4) as text, trimmed; none when absent or empty.
    pub fn texts(&self, tag: Tag) -> Vec<String> {
        match self.text(tag) {
            Some(text) if !text.is_empty() => text
                .split('\\')
                .map(|value| value.trim_matches([' ', '\0']).to_owned())
                .collect(),
            Some(_) | None => Vec::new(),
        }
    }

    /// The value as one UID; `None` when absent, empty, or no UID.
    pub fn uid(&self, tag: Tag) -> Option<Uid> {
        Uid::from_bytes(self.value(tag)?).ok()
    }

    /// The element is there, with a value or without.
    pub fn has(&self, tag: Tag) -> bool {
        self.value(tag).is_some()
    }

    /// The tags of the top-level elements, rising.
    pub fn tags(&self) -> impl Iterator<Item = Tag> + '_ {
        self.entries.iter().map(|entry| entry.tag)
    }

    /// The same bytes with this element replaced, or inserted in the order of tags, its value
    /// padded to an even length. The group's retired length element (gggg,0000), which may now
    /// lie, is left out.
    pub fn replaced(&self, tag: Tag, vr: [u8; 2], value: &[u8]) -> Vec<u8> {
        let group_length = Tag::new(tag.group, 0);
        let before = self.entries.partition_point(|entry| entry.tag < tag);
        let (before, after) = self.entries.split_at_checked(before).unwrap_or_default();
        let mut out = Vec::with_capacity(self.bytes.len().saturating_add(value.len()));
        for entry in before.iter().filter(|entry| entry.tag != group_length) {
            out.extend_from_slice(self.element(entry));
        }
        write(&mut out, self.syntax, tag, vr, value);
        for entry in after.iter().filter(|entry| entry.tag != tag) {
            out.extend_from_slice(self.element(entry));
        }
        out
    }

    /// Header, value and delimiter.
    fn element(&self, entry: &Entry) -> &'a [u8] {
        let next = self.entries.partition_point(|other| other.tag <= entry.tag);
        let end = self
            .entries
            .get(next)
            .map_or(self.bytes.len(), |next| next.start as usize);
        self.bytes
            .get(entry.start as usize..end)
            .unwrap_or_default()
    }
}

/// Leaves the values out.
impl std::fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.tags()).finish()
    }
}

/// Where `rest`, the end of `total` bytes, begins.
fn offset(total: u32, rest: &[u8]) -> u32 {
    total.saturating_sub(u32::try_from(rest.len()).unwrap_or(total))
}

/// Builds a small data set; elements may be given in any order.
#[derive(Clone)]
pub struct Builder {
    encoding: Encoding,
    elements: BTreeMap<Tag, ([u8; 2], Vec<u8>)>,
}

impl Builder {
    /// An empty data set.
    pub const fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            elements: BTreeMap::new(),
        }
    }

    /// Sets an element to a text; several values are separated by a backslash.
    #[must_use]
    pub fn text(self, tag: Tag, vr: [u8; 2], value: &str) -> Self {
        self.bytes(tag, vr, value.as_bytes())
    }

    /// Sets an element to a value in the byte order of the encoding.
    #[must_use]
    pub fn bytes(mut self, tag: Tag, vr: [u8; 2], value: &[u8]) -> Self {
        self.elements.insert(tag, (vr, value.to_vec()));
        self
    }

    /// The data set: tags rising, values padded to even lengths, deflated if the encoding is.
    pub fn build(self) -> Vec<u8> {
        let syntax = Syntax::of(self.encoding);
        let mut out = Vec::new();
        for (tag, (vr, value)) in &self.elements {
            write(&mut out, syntax, *tag, *vr, value);
        }
        match self.encoding {
            Encoding::DeflatedLittle => deflated(&out),
            Encoding::ImplicitLittle | Encoding::ExplicitLittle | Encoding::ExplicitBig => out,
        }
    }
}

/// Leaves the values out.
impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.elements.keys()).finish()
    }
}

/// Appends an element, padded as PS3.5 §6.2 says: text with a space, UIDs and bytes with NUL.
fn write(into: &mut Vec<u8>, syntax: Syntax, tag: Tag, vr: [u8; 2], value: &[u8]) {
    let is_odd = !value.len().is_multiple_of(2);
    let length = value.len().saturating_add(usize::from(is_odd));
    syntax.write_header(into, tag, vr, u32::try_from(length).unwrap_or(u32::MAX));
    into.extend_from_slice(value);
    if is_odd {
        into.push(match &vr {
            b"UI" | b"OB" | b"UN" => 0,
            _ => b' ',
        });
    }
}

#[cfg(test)]
mod tests;
