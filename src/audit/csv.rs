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
    row: Row,
}

/// One row, cell by cell.
#[derive(Debug, Default)]
pub struct Row {
    text: String,
    is_begun: bool,
}

impl Row {
    /// Without cells.
    pub const fn new() -> Self {
        Self {
            text: String::new(),
            is_begun: false,
        }
    }

    /// The next cell.
    pub fn cell(&mut self, text: &str) {
        if std::mem::replace(&mut self.is_begun, true) {
            self.text.push(',');
        }
        // What spreadsheets take for the beginning of a formula.
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        if is_formula || text.contains([',', '"', '\r', '\n']) {
            self.text.push('"');
            if is_formula {
                self.text.push('\'');
            }
            for character in text.chars() {
                if character == '"' {
                    self.text.push('"');
                }
                self.text.push(character);
            }
            self.text.push('"');
        } else {
            self.text.push_str(text);
        }
    }

    /// The next cell: a number, or nothing.
    pub fn number(&mut self, number: Option<u64>) {
        let text = number.map(|number| number.to_string());
        self.cell(text.as_deref().unwrap_or_default());
    }

    /// Writes the row and begins the next.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.text.push_str("\r\n");
        out.write_all(self.text.as_bytes())?;
        self.text.clear();
        self.is_begun = false;
        Ok(())
    }
}

impl Csv {
    /// With local times of this zone.
    pub const fn new(clock: ClockFace) -> Self {
        Self {
            clock,
            row: Row::new(),
        }
    }

    fn judged(&mut self, record: &Record) {
        let decision = record.decision();
        self.row
            .cell(record.verdict().map_or("", |verdict| verdict.as_str()));
        self.row
            .cell(decision.map_or("", |decision| decision.short_reason()));
        self.row
            .cell(&decision.map_or_else(String::new, |decision| decision.reasons.join(" ")));
        let consents = decision.map(|decision| decision.consents.iter());
        let consents = consents.map(|consents| consents.map(ConsentId::to_string));
        let consents: Vec<String> = consents.into_iter().flatten().collect();
        self.row.cell(&consents.join(" "));
    }

    fn asked(&mut self, record: &Record) {
        let request = record.request();
        let text = |text: Option<String>| text.unwrap_or_default();
        self.row
            .cell(request.map_or("", |request| request.verb.as_str()));
        self.row
            .cell(request.map_or("", |request| request.purpose.as_str()));
        self.row
            .cell(request.map_or("", |request| request.requester.as_str()));
        self.row.cell(&text(
            request.map(|request| request.requester_ae.to_string()),
        ));
        let user = record.user();
        self.row.cell(user.map_or("", |user| user.name.as_str()));
        self.row.cell(user.map_or("", |user| user.proof.as_str()));
        self.row.cell(record.body().person().unwrap_or_default());
        self.row
            .cell(request.map_or("", |request| request.custodian.as_str()));
        self.row
            .cell(request.map_or("", |request| request.recipient.as_str()));
        self.row.cell(&text(
            request.map(|request| request.recipient_ae.to_string()),
        ));
    }

    fn about(&mut self, record: &Record) {
        let pseudonyms: Vec<String> = record.patients().iter().map(ToString::to_string).collect();
        self.row.cell(&pseudonyms.join(" "));
        let identity = record.identity();
        let of = |text: Option<&String>| text.map(String::as_str).unwrap_or_default().to_owned();
        self.row
            .cell(&of(identity.and_then(|one| one.patient_id.as_ref())));
        self.row.cell(&of(
            identity.and_then(|one| one.issuer_of_patient_id.as_ref())
        ));
        let study = record.study();
        self.row
            .cell(&study.map_or_else(String::new, |study| study.uid_digest.to_string()));
        self.row
            .cell(&of(identity.and_then(|one| one.study_instance_uid.as_ref())));
        let modalities: Vec<&str> = study
            .into_iter()
            .flat_map(|study| study.modalities.iter().map(String::as_str))
            .collect();
        self.row.cell(&modalities.join(" "));
        let date = study.and_then(|study| study.date);
        self.row
            .cell(&date.map_or_else(String::new, |date| date.to_string()));
    }
}

impl Format for Csv {
    fn file(&self) -> &'static str {
        "audit.csv"
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        COLUMNS.iter().for_each(|column| self.row.cell(column));
        self.row.end(out)
    }

    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.row.number(Some(record.entry.seq));
        self.row.cell(&record.at().to_string());
        let local = self.clock.local(record.at());
        self.row.cell(&local);
        self.row.cell(record.body().kind());
        self.row.cell(&record.text());
        self.row.number(Some(u64::from(record.severity().code())));
        self.row
            .number(record.judged.as_deref().map(|judged| judged.entry));
        self.judged(record);
        self.asked(record);
        self.about(record);
        let counts = record.counts();
        self.row.number(counts.instances);
        self.row.number(counts.failed);
        self.row.number(counts.bytes);
        self.row.number(counts.matches);
        let classes = record.classes().into_iter().flat_map(SopClasses::iter);
        let classes = classes.map(|(class, instances)| format!("{class}={instances}"));
        self.row.cell(&classes.collect::<Vec<_>>().join(" "));
        self.row.end(out)
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
