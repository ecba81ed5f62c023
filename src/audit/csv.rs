//! CSV (RFC 4180): one row for each record, for spreadsheets.
//!
//! A cell that a spreadsheet would take for a formula begins with an apostrophe: what stands in a ledger was
//! partly said by strangers.

use std::io;
use std::io::Write;

use super::clock_face::ClockFace;
use super::format::Format;
use super::record::Record;
use crate::contract::ConsentId;
use crate::contract::SopClasses;

/// The columns; docs/audit.md says what stands in each.
const COLUMNS: [&str; 33] = [
    "entry",
    "time_utc",
    "time_local",
    "kind",
    "text",
    "outcome",
    "decision",
    "verdict",
    "reason",
    "rules",
    "consents",
    "verb",
    "purpose",
    "requester",
    "requester_ae",
    "user",
    "user_proof",
    "person",
    "custodian",
    "recipient",
    "recipient_ae",
    "pseudonyms",
    "patient_id",
    "issuer_of_patient_id",
    "study_digest",
    "study_instance_uid",
    "modalities",
    "study_date",
    "instances",
    "failed",
    "bytes",
    "matches",
    "sop_classes",
];

/// See the module.
#[derive(Debug)]
pub struct Csv {
    clock: ClockFace,
    row: String,
}

impl Csv {
    /// With local times of this zone.
    pub const fn new(clock: ClockFace) -> Self {
        Self {
            clock,
            row: String::new(),
        }
    }

    fn cell(&mut self, text: &str) {
        if !self.row.is_empty() {
            self.row.push(',');
        }
        // What spreadsheets take for the beginning of a formula.
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        if is_formula || text.contains([',', '"', '\r', '\n']) {
            self.row.push('"');
            if is_formula {
                self.row.push('\'');
            }
            for character in text.chars() {
                if character == '"' {
                    self.row.push('"');
                }
                self.row.push(character);
            }
            self.row.push('"');
        } else {
            self.row.push_str(text);
        }
    }

    fn number(&mut self, number: Option<u64>) {
        let text = number.map(|number| number.to_string());
        self.cell(text.as_deref().unwrap_or_default());
    }

    fn end_row(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.row.push_str("\r\n");
        out.write_all(self.row.as_bytes())?;
        self.row.clear();
        Ok(())
    }

    fn judged(&mut self, record: &Record) {
        let decision = record.decision();
        self.cell(record.verdict().map_or("", |verdict| verdict.as_str()));
        self.cell(decision.map_or("", |decision| decision.short_reason()));
        self.cell(&decision.map_or_else(String::new, |decision| decision.reasons.join(" ")));
        let consents = decision.map(|decision| decision.consents.iter());
        let consents = consents.map(|consents| consents.map(ConsentId::to_string));
        let consents: Vec<String> = consents.into_iter().flatten().collect();
        self.cell(&consents.join(" "));
    }

    fn asked(&mut self, record: &Record) {
        let request = record.request();
        let text = |text: Option<String>| text.unwrap_or_default();
        self.cell(request.map_or("", |request| request.verb.as_str()));
        self.cell(request.map_or("", |request| request.purpose.as_str()));
        self.cell(request.map_or("", |request| request.requester.as_str()));
        self.cell(&text(
            request.map(|request| request.requester_ae.to_string()),
        ));
        let user = request.and_then(|request| request.user.as_ref());
        self.cell(user.map_or("", |user| user.name.as_str()));
        self.cell(user.map_or("", |user| user.proof.as_str()));
        self.cell(record.body().person().unwrap_or_default());
        self.cell(request.map_or("", |request| request.custodian.as_str()));
        self.cell(request.map_or("", |request| request.recipient.as_str()));
        self.cell(&text(
            request.map(|request| request.recipient_ae.to_string()),
        ));
    }

    fn about(&mut self, record: &Record) {
        let pseudonyms: Vec<String> = record.patients().iter().map(ToString::to_string).collect();
        self.cell(&pseudonyms.join(" "));
        let identity = record.identity();
        let of = |text: Option<&String>| text.map(String::as_str).unwrap_or_default().to_owned();
        self.cell(&of(identity.and_then(|one| one.patient_id.as_ref())));
        self.cell(&of(
            identity.and_then(|one| one.issuer_of_patient_id.as_ref())
        ));
        let study = record.study();
        self.cell(&study.map_or_else(String::new, |study| study.uid_digest.to_string()));
        self.cell(&of(identity.and_then(|one| one.study_instance_uid.as_ref())));
        let modalities: Vec<&str> = study
            .into_iter()
            .flat_map(|study| study.modalities.iter().map(String::as_str))
            .collect();
        self.cell(&modalities.join(" "));
        let date = study.and_then(|study| study.date);
        self.cell(&date.map_or_else(String::new, |date| date.to_string()));
    }
}

impl Format for Csv {
    fn file(&self) -> &'static str {
        "audit.csv"
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        COLUMNS.iter().for_each(|column| self.cell(column));
        self.end_row(out)
    }

    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.number(Some(record.entry.seq));
        self.cell(&record.at().to_string());
        let local = self.clock.local(record.at());
        self.cell(&local);
        self.cell(record.body().kind());
        self.cell(&record.text());
        self.number(Some(u64::from(record.severity().code())));
        self.number(record.judged.as_deref().map(|judged| judged.entry));
        self.judged(record);
        self.asked(record);
        self.about(record);
        let counts = record.counts();
        self.number(counts.instances);
        self.number(counts.failed);
        self.number(counts.bytes);
        self.number(counts.matches);
        let classes = record.classes().into_iter().flat_map(SopClasses::iter);
        let classes = classes.map(|(class, instances)| format!("{class}={instances}"));
        self.cell(&classes.collect::<Vec<_>>().join(" "));
        self.end_row(out)
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
