//! JSON Lines: the entry as it stands in the ledger, with what it follows from and what was sealed beside it.

use std::io;
use std::io::Write;

use serde::Serialize;

use super::format::Format;
use super::record::Identity;
use super::record::Record;
use crate::contract::Request;
use crate::contract::Verdict;
use crate::ledger::Entry;

/// See the module.
#[derive(Debug, Default)]
pub struct JsonLines;

#[derive(Serialize)]
struct Line<'a> {
    entry: &'a Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<Follows<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a Identity>,
}

/// The decision that an entry follows from.
#[derive(Serialize)]
struct Follows<'a> {
    entry: u64,
    request: &'a Request,
    verdict: Verdict,
}

impl Format for JsonLines {
    fn file(&self) -> &'static str {
        "audit.jsonl"
    }

    fn begin(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        let judged = record.judged.as_deref();
        let earlier = judged.filter(|judged| judged.entry != record.entry.seq);
        let line = Line {
            entry: &record.entry,
            follows: earlier.map(|judged| Follows {
                entry: judged.entry,
                request: &judged.request,
                verdict: judged.decision.verdict,
            }),
            identity: record.identity(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
