//! The files.

use std::io;
use std::io::Write;

use serde::Serialize;

use super::AuditEvent;
use super::events;
use crate::audit::Format;
use crate::audit::Record;
use crate::audit::Site;
use crate::digest::Sha256;

/// One AuditEvent a line.
#[derive(Clone, Debug)]
pub struct AuditEvents {
    site: Site,
    line: Vec<u8>,
}

impl AuditEvents {
    /// Of the ledger of `site`.
    pub const fn new(site: Site) -> Self {
        Self {
            site,
            line: Vec::new(),
        }
    }
}

impl Format for AuditEvents {
    fn file(&self) -> &'static str {
        "AuditEvent.ndjson"
    }

    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.line.clear();
        for event in events(&self.site, record) {
            serde_json::to_writer(&mut self.line, &event)?;
            self.line.push(b'\n');
        }
        out.write_all(&self.line)
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// All of them in one Bundle of type `collection`, an entry a line.
#[derive(Clone, Debug)]
pub struct AuditEventBundle {
    site: Site,
    line: Vec<u8>,
    /// An entry has been written. FHIR knows no empty arrays.
    begun: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BundleEntry<'a> {
    full_url: String,
    resource: &'a AuditEvent<'a>,
}

impl AuditEventBundle {
    /// Of the ledger of `site`.
    pub const fn new(site: Site) -> Self {
        Self {
            site,
            line: Vec::new(),
            begun: false,
        }
    }
}

impl Format for AuditEventBundle {
    fn file(&self) -> &'static str {
        "bundle.json"
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begun = false;
        out.write_all(br#"{"resourceType":"Bundle","type":"collection""#)
    }

    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.line.clear();
        for event in events(&self.site, record) {
            let before: &[u8] = if self.begun {
                b",\n"
            } else {
                b",\"entry\":[\n"
            };
            self.line.extend_from_slice(before);
            self.begun = true;
            let entry = BundleEntry {
                full_url: full_url(event.id()),
                resource: &event,
            };
            serde_json::to_writer(&mut self.line, &entry)?;
        }
        out.write_all(&self.line)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.begun { b"\n]}\n" } else { b"}\n" })
    }
}

/// A UUID that stands for this id (RFC 9562 §5.8: version 8, of the id's SHA-256), as a Bundle without a server has no
/// other addresses.
pub(super) fn full_url(id: &str) -> String {
    let digest = Sha256::of(&[id.as_bytes()]);
    let bytes = digest.as_bytes().first_chunk::<16>();
    let bits = u128::from_be_bytes(bytes.copied().unwrap_or_default());
    let version = (bits & !(0xf << 76)) | (0x8 << 76);
    let bits = (version & !(0x3 << 62)) | (0x2 << 62);
    let (a, b, c) = (bits >> 96, (bits >> 80) & 0xffff, (bits >> 64) & 0xffff);
    let (d, e) = ((bits >> 48) & 0xffff, bits & 0xffff_ffff_ffff);
    format!("urn:uuid:{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
}
