//! What every format has in common.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use super::record::Record;
use crate::contract::InstitutionSlug;
use crate::dicom::AeTitle;

/// Whose ledger it is, and what people call those who stand in it.
#[derive(Clone, Debug)]
pub struct Site {
    /// Whose.
    pub own: InstitutionSlug,
    /// Names of institutions.
    pub names: BTreeMap<InstitutionSlug, String>,
    /// Where institutions are, as far as that is known.
    pub addresses: BTreeMap<InstitutionSlug, String>,
    /// The machine that the gateway runs on.
    pub host: String,
    /// The AE titles that the gateway answers to.
    pub aes: BTreeSet<AeTitle>,
}

impl Site {
    /// What people call an institution.
    pub fn name<'a>(&'a self, institution: &'a InstitutionSlug) -> &'a str {
        let known = self.names.get(institution);
        known.map_or_else(|| institution.as_str(), String::as_str)
    }

    /// Where an institution is; `None`: not known.
    pub fn address(&self, institution: &InstitutionSlug) -> Option<&str> {
        self.addresses.get(institution).map(String::as_str)
    }
}

/// One file of an export, written from its beginning to its end.
pub trait Format {
    /// Its name in the export's folder.
    fn file(&self) -> &'static str;

    /// What stands before the first record.
    ///
    /// # Errors
    /// When `out` cannot be written.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()>;

    /// A record; some formats have nothing to say of some.
    ///
    /// # Errors
    /// When `out` cannot be written.
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()>;

    /// What stands after the last one.
    ///
    /// # Errors
    /// When `out` cannot be written.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}
