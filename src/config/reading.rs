//! Reads a TOML text key by key, and keeps every fault instead of stopping at the first.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::config::fault::Fault;

/// A value that stands in the file as a string.
pub(super) trait Readable: Sized {
    /// What the string may be, in words.
    const ALLOWED: &'static str;

    /// Reads the string; the error says what is wrong with it.
    fn read(text: &str) -> Result<Self, String>;
}

/// A file being read: its tables, and what was found wrong so far.
pub(super) struct Reading<'t> {
    text: &'t str,
    root: &'t DeTable<'t>,
    tables: Vec<&'static str>,
    lines: BTreeMap<String, usize>,
    faults: Vec<Fault>,
}

impl<'t> Reading<'t> {
    /// A reading of `root`, which was parsed from `text`.
    pub(super) fn new(text: &'t str, root: &'t DeTable<'t>) -> Self {
        Self {
            text,
            root,
            tables: Vec::new(),
            lines: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// Reads the table `[name]`. An absent one reads like an empty one.
    pub(super) fn table<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        let table = match self.top_level(name) {
            Some(DeValue::Table(table)) => Some(table),
            Some(other) => {
                self.fault(
                    name,
                    format!("is a {}", other.type_str()),
                    format!("a table, [{name}]"),
                );
                None
            }
            None => None,
        };
        self.section(name.to_owned(), table, read)
    }

    /// Reads every row of the array of tables `[[name]]`, in the order of the file; `None` for a
    /// row that cannot be read.
    pub(super) fn rows<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Section<'_, 't>) -> Option<T>,
    ) -> Vec<Option<T>> {
        let rows: &[Spanned<DeValue<'t>>] = match self.top_level(name) {
            Some(DeValue::Array(rows)) => rows,
            Some(other) => {
                let problem = format!("is a {}", other.type_str());
                self.fault(name, problem, format!("rows, [[{name}]]"));
                &[]
            }
            None => &[],
        };
        self.numbered(name, rows, &mut read)
    }

    /// Reads `rows`, which are those of `[[name]]`.
    fn numbered<T>(
        &mut self,
        name: &str,
        rows: &'t [Spanned<DeValue<'t>>],
        read: &mut impl FnMut(&mut Section<'_, 't>) -> Option<T>,
    ) -> Vec<Option<T>> {
        let mut values = Vec::with_capacity(rows.len());
        for (number, row) in rows.iter().enumerate() {
            let path = format!("{name}[{number}]");
            self.lines.insert(path.clone(), self.line(row.span().start));
            let Some(table) = row.get_ref().as_table() else {
                let problem = format!("is a {}", row.get_ref().type_str());
                self.fault(&path, problem, format!("a table, [[{name}]]"));
                values.push(None);
                continue;
            };
            values.push(self.section(path, Some(table), &mut *read));
        }
        values
    }

    /// The texts that the rows of `[[table]]` give for `key`, right or wrong.
    pub(super) fn declared(&self, table: &str, key: &str) -> BTreeSet<&'t str> {
        let rows = self
            .root
            .get(table)
            .and_then(|rows| rows.get_ref().as_array());
        rows.into_iter()
            .flat_map(|rows| rows.iter())
            .filter_map(|row| row.get_ref().as_table()?.get(key)?.get_ref().as_str())
            .collect()
    }

    /// Whether the file has a value at `path`, which was read, right or wrong.
    pub(super) fn has(&self, path: &str) -> bool {
        self.lines.contains_key(path)
    }

    /// Notes that the value at `path` is wrong.
    pub(super) fn fault(
        &mut self,
        path: &str,
        problem: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let mut known = path;
        let line = loop {
            match (
                self.lines.get(known),
                known.rfind(['.', '[']).and_then(|at| known.get(..at)),
            ) {
                (Some(line), _) => break Some(*line),
                (None, Some(parent)) => known = parent,
                (None, None) => break None,
            }
        };
        self.faults.push(Fault {
            line,
            key: path.to_owned(),
            problem: problem.into(),
            allowed: allowed.into(),
        });
    }

    /// Everything that is wrong, by line.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        let allowed = self.tables.join(", ");
        for name in self.root.keys() {
            if !self.tables.iter().any(|known| *known == name.get_ref()) {
                let path = name.get_ref().to_string();
                let line = self.line(name.span().start);
                self.lines.insert(path.clone(), line);
                self.fault(&path, "is not known here", allowed.clone());
            }
        }
        self.faults.sort_by_key(|fault| fault.line);
        self.faults
    }

    fn top_level(&mut self, name: &'static str) -> Option<&'t DeValue<'t>> {
        self.tables.push(name);
        let (key, value) = self.root.get_key_value(name)?;
        self.lines
            .insert(name.to_owned(), self.line(key.span().start));
        Some(value.get_ref())
    }

    fn section<T>(
        &mut self,
        path: String,
        table: Option<&'t DeTable<'t>>,
        read: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        let mut section = Section {
            reading: self,
            path,
            table,
            keys: Vec::new(),
        };
        let value = read(&mut section);
        section.finish();
        value
    }

    fn line(&self, offset: usize) -> usize {
        line_at(self.text, offset)
    }
}

/// The line of the byte at `offset`, counted from 1.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    let breaks = text.bytes().take(offset).filter(|byte| *byte == b'\n');
    breaks.count().saturating_add(1)
}

/// One table being read. Every key that is asked for is thereby known; what is left over when the
/// reading ends is a fault.
pub(super) struct Section<'r, 't> {
    reading: &'r mut Reading<'t>,
    path: String,
    table: Option<&'t DeTable<'t>>,
    keys: Vec<&'static str>,
}

impl<'t> Section<'_, 't> {
    /// A string that may be absent. `None` also when it is wrong, which is then noted.
    pub(super) fn optional<T: Readable>(&mut self, key: &'static str) -> Option<T> {
        let value = self.value(key)?;
        self.read(&self.key_path(key), value)
    }

    /// A string that must be there. `None` when it is not, or wrong; both are noted.
    pub(super) fn required<T: Readable>(&mut self, key: &'static str) -> Option<T> {
        match self.value(key) {
            Some(value) => self.read(&self.key_path(key), value),
            None => {
                self.missing(key, T::ALLOWED);
                None
            }
        }
    }

    /// A list of strings that may be absent. `None` also when one of them is wrong.
    pub(super) fn optional_list<T: Readable>(&mut self, key: &'static str) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let path = self.key_path(key);
        let Some(items) = value.as_array() else {
            self.reading.fault(
                &path,
                format!("is a {}", value.type_str()),
                format!("a list; each: {}", T::ALLOWED),
            );
            return None;
        };
        let mut values = Vec::with_capacity(items.len());
        let mut whole = true;
        for (number, item) in items.iter().enumerate() {
            let path = format!("{path}[{number}]");
            let line = self.reading.line(item.span().start);
            self.reading.lines.insert(path.clone(), line);
            match self.read(&path, item.get_ref()) {
                Some(value) => values.push(value),
                None => whole = false,
            }
        }
        whole.then_some(values)
    }

    /// A list of strings that must be there and not empty.
    pub(super) fn required_list<T: Readable>(&mut self, key: &'static str) -> Option<Vec<T>> {
        if self.value(key).is_none() {
            self.missing(key, &format!("a list; each: {}", T::ALLOWED));
            return None;
        }
        let values = self.optional_list(key)?;
        if values.is_empty() {
            let allowed = format!("at least one; each: {}", T::ALLOWED);
            self.fault(key, "is empty", allowed);
            return None;
        }
        Some(values)
    }

    /// One string, or a list of them that is not empty; one of both must be there.
    pub(super) fn one_or_more<T: Readable>(&mut self, key: &'static str) -> Option<Vec<T>> {
        match self.value(key).and_then(DeValue::as_str) {
            Some(_) => self.required(key).map(|one| vec![one]),
            None => self.required_list(key),
        }
    }

    /// Reads every row of the array of tables `[[table.key]]`, in the order of the file; `None` for
    /// a row that cannot be read.
    pub(super) fn rows<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'_, 't>) -> Option<T>,
    ) -> Vec<Option<T>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let path = self.key_path(key);
        let Some(rows) = value.as_array() else {
            let problem = format!("is a {}", value.type_str());
            self.reading
                .fault(&path, problem, format!("rows, [[{path}]]"));
            return Vec::new();
        };
        self.reading.numbered(&path, rows, &mut read)
    }

    /// A whole number within `range`, `default` when absent (or wrong, which is noted).
    pub(super) fn number<N>(&mut self, key: &'static str, default: N, range: RangeInclusive<N>) -> N
    where
        N: Copy + PartialOrd + Display + TryFrom<i64>,
    {
        self.optional_number(key, range).unwrap_or(default)
    }

    /// A whole number within `range` that must be there.
    pub(super) fn required_number<N>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<N>,
    ) -> Option<N>
    where
        N: Copy + PartialOrd + Display + TryFrom<i64>,
    {
        if self.value(key).is_none() {
            let allowed = format!("a whole number, {} to {}", range.start(), range.end());
            self.missing(key, &allowed);
            return None;
        }
        self.optional_number(key, range)
    }

    /// A whole number within `range`, if there is one.
    pub(super) fn optional_number<N>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<N>,
    ) -> Option<N>
    where
        N: Copy + PartialOrd + Display + TryFrom<i64>,
    {
        let value = self.value(key)?;
        let allowed = format!("a whole number, {} to {}", range.start(), range.end());
        let Some(integer) = value.as_integer() else {
            self.fault(key, format!("is a {}", value.type_str()), allowed);
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(|number| N::try_from(number).ok())
            .filter(|number| range.contains(number));
        if number.is_none() {
            self.fault(key, format!("{integer} is out of range"), allowed);
        }
        number
    }

    /// `true` or `false`, `default` when absent (or wrong, which is noted).
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else {
            return default;
        };
        value.as_bool().unwrap_or_else(|| {
            let problem = format!("is a {}", value.type_str());
            self.fault(key, problem, "true or false");
            default
        })
    }

    /// A time in whole seconds within `range`, `default` when absent.
    pub(super) fn seconds(
        &mut self,
        key: &'static str,
        default: Duration,
        range: RangeInclusive<u64>,
    ) -> Duration {
        self.optional_seconds(key, range).unwrap_or(default)
    }

    /// A time in whole seconds within `range`, if there is one.
    pub(super) fn optional_seconds(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<Duration> {
        self.optional_number(key, range).map(Duration::from_secs)
    }

    /// Whether the table has `key`, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Notes that the value of `key` is wrong.
    pub(super) fn fault(
        &mut self,
        key: &str,
        problem: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let path = self.key_path(key);
        self.reading.fault(&path, problem, allowed);
    }

    fn missing(&mut self, key: &'static str, allowed: &str) {
        self.fault(key, "is missing", allowed);
    }

    fn key_path(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn value(&mut self, key: &'static str) -> Option<&'t DeValue<'t>> {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
        let (name, value) = self.table?.get_key_value(key)?;
        let line = self.reading.line(name.span().start);
        self.reading.lines.insert(self.key_path(key), line);
        Some(value.get_ref())
    }

    fn read<T: Readable>(&mut self, path: &str, value: &DeValue<'_>) -> Option<T> {
        let problem = match value.as_str().map(T::read) {
            Some(Ok(value)) => return Some(value),
            Some(Err(problem)) => problem,
            None => format!("is a {}", value.type_str()),
        };
        self.reading.fault(path, problem, T::ALLOWED);
        None
    }

    fn finish(mut self) {
        let allowed = self.keys.join(", ");
        for name in self.table.into_iter().flat_map(DeTable::keys) {
            if !self.keys.iter().any(|known| *known == name.get_ref()) {
                let line = self.reading.line(name.span().start);
                let path = self.key_path(name.get_ref());
                self.reading.lines.insert(path, line);
                self.fault(name.get_ref(), "is not known here", allowed.clone());
            }
        }
    }
}
