//! DICOM audit messages as syslog messages: PS3.15 §A.6, RFC 5424.

use crate::audit::Severity;
use crate::audit::Site;
use crate::config::MessageId;
use crate::time::UtcMicros;

/// Facility 10 (security), severity 5 (notice): what went as it should.
const PRI_NOTICE: u8 = 10 * 8 + 5;

/// Facility 10, severity 4 (warning): all else.
const PRI_WARNING: u8 = 10 * 8 + 4;

/// Says that what follows is UTF-8 (RFC 5424 §6.4).
const BOM: char = '\u{feff}';

/// Characters of the longest HOSTNAME and PROCID (RFC 5424 §6).
const HOST_CHARACTERS_MAX: usize = 255;
const PROCESS_CHARACTERS_MAX: usize = 128;

/// What an entry has to say, before its format.
#[derive(Clone, Debug)]
pub(super) struct Event<'e> {
    /// When.
    pub(super) at: UtcMicros,
    /// How it went.
    pub(super) severity: Severity,
    /// Which start of the gateway wrote it.
    pub(super) boot: &'e str,
    /// An `AuditMessage` element.
    pub(super) xml: &'e str,
}

/// A field that may hold nothing but printable US-ASCII; `-` where it would be empty.
fn field(text: &str, characters_max: usize) -> String {
    let printable = text.chars().filter(char::is_ascii_graphic);
    let field: String = printable.take(characters_max).collect();
    match field.is_empty() {
        true => "-".to_owned(),
        false => field,
    }
}

/// The message, without a frame.
pub(super) fn message(site: &Site, id: MessageId, event: &Event<'_>) -> String {
    let pri = match event.severity {
        Severity::Success => PRI_NOTICE,
        Severity::Minor | Severity::Serious | Severity::Major => PRI_WARNING,
    };
    let host = field(&site.host, HOST_CHARACTERS_MAX);
    let process = field(event.boot, PROCESS_CHARACTERS_MAX);
    let (at, id, xml) = (event.at, id.as_str(), event.xml);
    format!(
        "<{pri}>1 {at} {host} credence {process} {id} - {BOM}\
         <?xml version=\"1.0\" encoding=\"UTF-8\"?>{xml}"
    )
}

/// Writes a message to a stream: its length in bytes goes before it (RFC 5425 §4.3, RFC 6587 §3.4.1).
pub(super) fn frame(out: &mut Vec<u8>, message: &str) {
    out.extend_from_slice(message.len().to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(message.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use super::*;

    fn site(host: &str) -> Site {
        Site {
            own: "st-anna".parse().unwrap(),
            names: BTreeMap::new(),
            aes: BTreeSet::new(),
            addresses: BTreeMap::new(),
            host: host.to_owned(),
        }
    }

    fn event(severity: Severity) -> Event<'static> {
        Event {
            at: UtcMicros(1_764_460_800_123_456),
            severity,
            boot: "0f",
            xml: "<AuditMessage/>",
        }
    }

    #[test]
    fn a_message_reads_as_rfc_5424_and_the_standard_have_it() {
        let id = MessageId::Dicom;
        assert_eq!(
            message(&site("gw1"), id, &event(Severity::Success)),
            "<85>1 2025-11-30T00:00:00.123456Z gw1 credence 0f DICOM+RFC3881 - \u{feff}\
             <?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage/>"
        );
        let old = message(&site("gw1"), MessageId::Ihe, &event(Severity::Minor));
        assert!(old.starts_with("<84>1 "), "{old}");
        assert!(old.contains(" IHE+RFC-3881 - "), "{old}");
    }

    #[test]
    fn a_host_of_a_strange_name_breaks_no_header() {
        for (name, told) in [("", "-"), ("a b\n<85>1", "ab<85>1"), ("häuser", "huser")] {
            let text = message(&site(name), MessageId::Dicom, &event(Severity::Success));
            assert!(text.contains(&format!("Z {told} credence ")), "{text}");
        }
    }

    #[test]
    fn a_frame_counts_bytes() {
        let mut out = Vec::new();
        frame(&mut out, "ü");
        frame(&mut out, "x");
        assert_eq!(out, "2 ü1 x".as_bytes());
    }
}
