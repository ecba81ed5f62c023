//! HTML made for printing: a page for people, without scripts and without anything from elsewhere.

use std::io;
use std::io::Write;

use super::clock_face::ClockFace;
use super::format::Format;
use super::format::Site;
use super::record::Record;

/// Wide pages, a heading on each, and rows that are not torn.
const STYLE: &str = "@page{size:A4 landscape;margin:12mm}body{font:10pt/1.35 sans-serif;color:#111}\
h1{font-size:14pt;margin:0 0 .2em}table{border-collapse:collapse;width:100%}\
th,td{border-bottom:1px solid #bbb;padding:2px 6px;text-align:left;vertical-align:top}\
thead{display:table-header-group}tr{break-inside:avoid}.n{text-align:right}.deny{font-weight:bold}\
footer{margin-top:1em;font-size:9pt}";

/// See the module.
#[derive(Debug)]
pub struct Html {
    site: Site,
    clock: ClockFace,
    count: u64,
}

impl Html {
    /// Of this site, with its local times.
    pub const fn new(site: Site, clock: ClockFace) -> Self {
        Self {
            site,
            clock,
            count: 0,
        }
    }
}

/// Text in an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

impl Format for Html {
    fn file(&self) -> &'static str {
        "audit.html"
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let name = escaped(self.site.name(&self.site.own));
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Audit of {name}</title>\n\
             <style>{STYLE}</style></head><body>\n<h1>Audit of {name}</h1>\n\
             <p>Times are those of {}. The numbers are entries of the ledger.</p>\n<table><thead><tr>\
             <th class=\"n\">Entry</th><th>Time</th><th>What</th><th>Asked by</th><th>To</th><th>Purpose</th>\
             <th>Patient</th><th>Study</th><th class=\"n\">Instances</th></tr></thead><tbody>\n",
            escaped(self.clock.name()),
        )
    }

    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.count = self.count.saturating_add(1);
        let request = record.request();
        let identity = record.identity();
        let person = record.person().map(|person| format!("{person}, "));
        let by = request.map(|request| {
            format!(
                "{}{} ({})",
                person.as_deref().unwrap_or_default(),
                self.site.name(&request.requester),
                request.requester_ae
            )
        });
        let by = by.or_else(|| record.person().map(str::to_owned));
        let to = request.map(|request| {
            format!(
                "{} ({})",
                self.site.name(&request.recipient),
                request.recipient_ae
            )
        });
        let patient = identity.and_then(|one| one.patient_id.clone());
        let patient = patient.unwrap_or_else(|| {
            let patients = record.patients();
            patients
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        });
        let study = identity.and_then(|one| one.study_instance_uid.clone());
        let study = study.or_else(|| Some(record.study()?.uid_digest.to_string()));
        let instances = record.counts().instances.map(|count| count.to_string());
        let text = |text: Option<String>| escaped(&text.unwrap_or_default());
        let class = match record.verdict() {
            Some(crate::contract::Verdict::Deny) => " class=\"deny\"",
            Some(crate::contract::Verdict::Permit) | None => "",
        };
        writeln!(
            out,
            "<tr><td class=\"n\">{}</td><td>{}</td><td{class}>{}: {}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            record.entry.seq,
            escaped(&self.clock.local(record.at())),
            record.body().kind(),
            escaped(&record.text()),
            text(by),
            text(to),
            record.purpose().map_or("", |purpose| purpose.as_str()),
            escaped(&patient),
            text(study),
            text(instances),
        )
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "</tbody></table>\n<footer>{} entries. This page is a part of an export that is signed as a whole: \
             credence audit verify tells whether it is unchanged and complete.</footer>\n</body></html>",
            self.count
        )
    }
}
