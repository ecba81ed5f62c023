//! The lines of an export, read again.

use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::path::Path;

use crate::ledger::LINE_BYTES_MAX;

/// What is wrong with a line that does not end; follows "entry 12".
pub(in crate::storage) const UNENDED: &str = "its line does not end";

/// Bytes read ahead from an exported file.
const READ_AHEAD_BYTES: usize = 262_144;

/// The entries' lines of an export, one after another.
pub(in crate::storage) struct ExportedLines {
    file: BufReader<File>,
    line: Vec<u8>,
}

/// What comes next in an export.
pub(in crate::storage) enum ExportedLine<'a> {
    /// A line, without its newline.
    Whole(&'a [u8]),
    /// A line that does not end, or is longer than any line can be.
    Unended,
    /// Nothing.
    End,
}

impl ExportedLines {
    pub(in crate::storage) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufReader::with_capacity(READ_AHEAD_BYTES, File::open(path)?),
            line: Vec::new(),
        })
    }

    pub(in crate::storage) fn next(&mut self) -> io::Result<ExportedLine<'_>> {
        self.line.clear();
        // Two more bytes: the newline, and one that shows that the line is too long.
        let limit = LINE_BYTES_MAX as u64 + 2;
        let mut rest = self.file.by_ref().take(limit);
        if rest.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(ExportedLine::End);
        }
        if self.line.pop_if(|byte| *byte == b'\n').is_none() {
            return Ok(ExportedLine::Unended);
        }
        Ok(ExportedLine::Whole(&self.line))
    }
}
