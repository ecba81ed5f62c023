//! Writes XML into one text that is used again and again. Elements are closed by whoever opened them, and no value
//! reaches the text unescaped.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::codes::Code;
use super::codes::OWN_SYSTEM;

/// See the module.
#[derive(Default)]
pub(super) struct Xml {
    out: String,
    /// A value before it is escaped or encoded.
    value: String,
}

/// A start tag that is being written.
pub(super) struct Tag<'x> {
    xml: &'x mut Xml,
    name: &'static str,
}

impl Xml {
    /// What was written since the last [`Self::clear`].
    pub(super) fn as_str(&self) -> &str {
        &self.out
    }

    /// Begins anew; the room stays.
    pub(super) fn clear(&mut self) {
        self.out.clear();
    }

    /// Begins an element.
    pub(super) fn tag(&mut self, name: &'static str) -> Tag<'_> {
        self.out.push('<');
        self.out.push_str(name);
        Tag { xml: self, name }
    }

    /// An element that holds a text.
    pub(super) fn text(&mut self, name: &'static str, text: &str) {
        self.tag(name)
            .holding(|xml| push_escaped(&mut xml.out, text));
    }

    /// An element that is a coded value.
    pub(super) fn code(&mut self, name: &'static str, code: Code) {
        self.coded(name, code.value, code.system, code.meaning);
    }

    /// An element that is a coded value of our own.
    pub(super) fn own_code(&mut self, name: &'static str, value: &str) {
        self.coded(name, value, OWN_SYSTEM, value);
    }

    fn coded(&mut self, name: &'static str, value: &str, system: &str, meaning: &str) {
        self.tag(name)
            .attribute("csd-code", value)
            .attribute("codeSystemName", system)
            .attribute("originalText", meaning)
            .empty();
    }

    /// A type and a value, in base64 (`ValuePair`, PS3.15 §A.5.1).
    pub(super) fn detail(&mut self, kind: &'static str, value: impl fmt::Display) {
        self.fill(value);
        self.out.push_str("<ParticipantObjectDetail type=\"");
        push_escaped(&mut self.out, kind);
        self.out.push_str("\" value=\"");
        STANDARD.encode_string(&self.value, &mut self.out);
        self.out.push_str("\"/>");
    }

    fn fill(&mut self, value: impl fmt::Display) {
        self.value.clear();
        // A text takes whatever is written to it.
        let _ = write!(self.value, "{value}");
    }
}

impl Tag<'_> {
    /// Gives it an attribute.
    pub(super) fn attribute(self, name: &'static str, value: impl fmt::Display) -> Self {
        self.xml.fill(value);
        let out = &mut self.xml.out;
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        push_escaped(out, &self.xml.value);
        out.push('"');
        self
    }

    /// Gives it an attribute, if there is a value.
    pub(super) fn maybe(self, name: &'static str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }

    /// The element holds nothing.
    pub(super) fn empty(self) {
        self.xml.out.push_str("/>");
    }

    /// The element holds what `fill` writes.
    pub(super) fn holding(self, fill: impl FnOnce(&mut Xml)) {
        self.xml.out.push('>');
        fill(self.xml);
        self.xml.out.push_str("</");
        self.xml.out.push_str(self.name);
        self.xml.out.push('>');
    }
}

/// Writes a value, for an attribute or for text.
fn push_escaped(out: &mut String, value: &str) {
    out.push_str(&quick_xml::escape::escape(allowed(value)));
}

/// A text as XML 1.0 can carry it (§2.2, `Char`). Tabs and line ends become the spaces that a reader makes of them
/// in an attribute anyway (§3.3.3).
fn allowed(value: &str) -> Cow<'_, str> {
    // U+FFFE and U+FFFF begin with this byte in UTF-8.
    let is_plain = |byte: u8| byte >= 0x20 && byte != 0xEF;
    if value.bytes().all(is_plain) {
        return Cow::Borrowed(value);
    }
    let replaced = value.chars().map(|c| match c {
        '\t' | '\n' | '\r' => ' ',
        '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
        c => c,
    });
    Cow::Owned(replaced.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(value: &str) -> String {
        let mut out = String::new();
        push_escaped(&mut out, value);
        out
    }

    #[test]
    fn what_would_end_a_value_or_an_element_is_escaped() {
        assert_eq!(escaped("O'Neil"), "O&apos;Neil");
        assert_eq!(escaped("\"/><x>&]]>"), "&quot;/&gt;&lt;x&gt;&amp;]]&gt;");
    }

    #[test]
    fn what_xml_forbids_is_replaced_and_all_else_is_kept() {
        assert_eq!(escaped("a\0b\u{1B}c\u{FFFE}\u{FFFF}"), "a�b�c��");
        assert_eq!(escaped("a\tb\r\nc"), "a b  c");
        assert_eq!(
            escaped("Jörg 山田 \u{FB01} \u{10FFFF}"),
            "Jörg 山田 \u{FB01} \u{10FFFF}"
        );
    }

    #[test]
    fn elements_nest_and_details_are_base64() {
        let mut xml = Xml::default();
        xml.tag("a")
            .attribute("n", 1)
            .maybe("m", None::<u8>)
            .holding(|xml| {
                xml.text("b", "<");
                xml.detail("k", "a\0b");
                xml.tag("c").empty();
            });
        assert_eq!(
            xml.as_str(),
            "<a n=\"1\"><b>&lt;</b><ParticipantObjectDetail type=\"k\" value=\"YQBi\"/><c/></a>"
        );
        xml.clear();
        assert_eq!(xml.as_str(), "");
    }
}
