//! HTML made for printing: a page for people, without scripts and without anything from elsewhere.

use std::io;
use std::io::Write;

use super::clock_face::ClockFace;
use super::format::Format;
use super::format::Site;
use super::page;
use super::page::Section;
use super::page::escaped;
use super::record::Record;

/// See the module.
#[derive(Debug)]
pub struct Html {
    site: Site,
    clock: ClockFace,
    section: Option<Section>,
    count: u64,
}

impl Html {
    /// Of this site, with its local times.
    pub const fn new(site: Site, clock: ClockFace) -> Self {
        Self {
            site,
            clock,
            section: None,
            count: 0,
        }
    }

    /// With this below the records.
    #[must_use]
    pub fn with_section(mut self, section: Section) -> Self {
        self.section = Some(section);
        self
    }
}

impl Format for Html {
    fn file(&self) -> &'static str {
        "audit.html"
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let name = self.site.name(&self.site.own);
        page::begin(out, &format!("Audit of {name}"), "")?;
        write!(
            out,
            "<p>Times are those of {}. The numbers are entries of the ledger.</p>\n<table><thead><tr>\
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
        writeln!(out, "</tbody></table>")?;
        if let Some(section) = &self.section {
            section.write(out)?;
        }
        writeln!(
            out,
            "<footer>{} entries. This page is a part of an export that is signed as a whole: \
             credence audit verify tells whether it is unchanged and complete.</footer>\n</body></html>",
            self.count
        )
    }
}
