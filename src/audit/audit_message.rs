//! Records as audit trail messages of DICOM (PS3.15 §A.5, in the schema of §A.5.1 with `csd-code`,
//! `codeSystemName` and `originalText`). `docs/schemas/dicom-audit-message.rnc` is their grammar.
//!
//! The tables of §A.5.3 say what a message holds. Where they demand what the ledger does not know, the message says
//! so: `urn:credence:study:…` and `urn:credence:pseudonym:…` are no identifiers of DICOM.

mod alerts;
mod codes;
mod event;
mod objects;
mod participants;
mod xml;

#[cfg(test)]
pub(super) mod fixtures;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::io::Write;

use self::event::Cast;
use self::event::Event;
use self::event::Kind;
use self::objects::Objects;
use self::participants::Participants;
use self::xml::Xml;
use super::format::Format;
use super::format::Site;
use super::record::Record;
use super::record::Severity;
use crate::time::UtcMicros;

/// The last moment that has a date of four digits everywhere on earth: 9999-12-30.
const LAST: UtcMicros = UtcMicros(253_402_128_000_000_000);

/// The messages of a record: none, one or two complete `AuditMessage` elements, without an XML declaration.
pub fn messages(site: &Site, record: &Record) -> Vec<String> {
    let mut xml = Xml::default();
    let events = event::of(record).into_iter().flatten();
    let messages = events.map(|event| {
        xml.clear();
        write(&mut xml, site, record, &event);
        xml.as_str().to_owned()
    });
    messages.collect()
}

/// `audit-messages.xml`: the messages of all records, one a line.
///
/// The standard has no file of messages, only messages on the wire (§A.6, §A.7). The element `AuditMessages` around
/// them is ours, so that the file is one XML document.
pub struct DicomAudit {
    site: Site,
    xml: Xml,
}

impl DicomAudit {
    /// Of this site's ledger.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            xml: Xml::default(),
        }
    }
}

impl Format for DicomAudit {
    fn file(&self) -> &'static str {
        "audit-messages.xml"
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AuditMessages>\n")
    }

    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        for event in event::of(record).into_iter().flatten() {
            self.xml.clear();
            write(&mut self.xml, &self.site, record, &event);
            out.write_all(self.xml.as_str().as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"</AuditMessages>\n")
    }
}

/// One message.
fn write(xml: &mut Xml, site: &Site, record: &Record, event: &Event<'_>) {
    let text = record.text();
    xml.tag("AuditMessage").holding(|xml| {
        identification(xml, event, &text);
        let mut participants = Participants { xml, site, record };
        participants.write(event.cast);
        xml.tag("AuditSourceIdentification")
            .attribute("AuditEnterpriseSiteID", &site.own)
            .attribute("AuditSourceID", format_args!("credence@{}", site.host))
            .holding(|xml| {
                // 4: application server.
                xml.tag("AuditSourceTypeCode")
                    .attribute("csd-code", 4)
                    .empty();
            });
        let alert = (event.cast == Cast::Alert).then_some(text.as_str());
        let mut objects = Objects {
            xml,
            site,
            record,
            alert,
            is_first: true,
        };
        objects.write(event);
    });
}

fn identification(xml: &mut Xml, event: &Event<'_>, text: &str) {
    xml.tag("EventIdentification")
        .attribute("EventActionCode", event.action.code())
        .attribute("EventDateTime", DateTime(event.at))
        .attribute("EventOutcomeIndicator", event.outcome.code())
        .holding(|xml| {
            xml.code("EventID", event.id);
            match event.kind {
                Kind::None => {}
                Kind::Standard(code) => xml.code("EventTypeCode", code),
                Kind::Own(code) => xml.own_code("EventTypeCode", code),
            }
            if event.outcome != Severity::Success {
                xml.text("EventOutcomeDescription", text);
            }
        });
}

/// As the schema's `xsd:dateTime`, with the time zone that §A.5.2.5 demands.
struct DateTime(UtcMicros);

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0.clamp(UtcMicros(0), LAST).to_string();
        write!(f, "{}+00:00", at.trim_end_matches('Z'))
    }
}
