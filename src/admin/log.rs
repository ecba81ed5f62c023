//! The last warnings and errors of the process, as it writes them to standard error: kept in memory, so that whoever
//! runs the gateway reads them where everything else is. A log holds no patient data.

use std::collections::VecDeque;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tracing::Event;
use tracing::Level;
use tracing::Subscriber;
use tracing::field::Field;
use tracing::field::Visit;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::clock::Clock;
use crate::time::UtcMicros;

/// Lines that are kept.
const LINES_MAX: usize = 1_000;
/// Characters of a line that are kept.
const LINE_CHARACTERS_MAX: usize = 1_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody should know.
    Warning,
    /// Something does not work.
    Error,
}

impl Severity {
    /// As the log writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: UtcMicros,
    /// How bad it is.
    pub severity: Severity,
    /// Which part of the program says so.
    pub target: &'static str,
    /// What it says, with its fields.
    pub text: String,
}

/// See the module. Clones share the lines.
#[derive(Clone, Debug)]
pub struct LogLines {
    clock: Clock,
    lines: Arc<Mutex<VecDeque<LogLine>>>,
}

impl LogLines {
    /// No lines yet. To be made a layer of the process's log.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            lines: Arc::default(),
        }
    }

    /// The lines that `wanted` takes, the newest first.
    pub(super) fn newest_first(&self, wanted: impl Fn(&LogLine) -> bool) -> Vec<LogLine> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = lines.iter().rev().filter(|line| wanted(line));
        wanted.cloned().collect()
    }

    fn keep(&self, line: LogLine) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

impl LogLine {
    /// The room of the program that says so.
    pub(super) fn room(&self) -> &'static str {
        let mut parts = self.target.split("::");
        let first = parts.next().unwrap_or_default();
        match first {
            "credence" => parts.next().unwrap_or(first),
            other => other,
        }
    }
}

impl<S: Subscriber> Layer<S> for LogLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let severity = match *event.metadata().level() {
            Level::ERROR => Severity::Error,
            Level::WARN => Severity::Warning,
            Level::INFO | Level::DEBUG | Level::TRACE => return,
        };
        let mut text = Text::default();
        event.record(&mut text);
        self.keep(LogLine {
            at: self.clock.now(),
            severity,
            target: event.metadata().target(),
            text: text.whole(),
        });
    }
}

/// A line under way: what is said, then its fields.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn whole(self) -> String {
        let whole = self.message + &self.fields;
        match whole.char_indices().nth(LINE_CHARACTERS_MAX) {
            Some((end, _)) => whole.get(..end).unwrap_or_default().to_owned() + "…",
            None => whole,
        }
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // What cannot be written to a text is left out.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn lines(say: impl FnOnce()) -> Vec<LogLine> {
        let lines = LogLines::new(Clock::new());
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        tracing::subscriber::with_default(subscriber, say);
        lines.newest_first(|_| true)
    }

    #[test]
    fn warnings_and_errors_are_kept_with_their_fields() {
        let kept = lines(|| {
            tracing::info!("ready");
            tracing::warn!(peer = %"pacs", tries = 3, "does not answer");
            tracing::error!("no disk");
        });
        let told: Vec<_> = kept
            .iter()
            .map(|line| (line.severity, line.text.as_str(), line.room()))
            .collect();
        let warning = "does not answer peer=pacs tries=3";
        assert_eq!(
            told,
            [
                (Severity::Error, "no disk", "admin"),
                (Severity::Warning, warning, "admin"),
            ]
        );
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let kept = lines(|| {
            tracing::warn!("{}", "ä".repeat(LINE_CHARACTERS_MAX + 7));
            for number in 0..LINES_MAX {
                tracing::warn!(number, "again");
            }
        });
        assert_eq!(kept.len(), LINES_MAX);
        assert_eq!(kept[0].text, format!("again number={}", LINES_MAX - 1));
        let long = lines(|| tracing::warn!("{}", "ä".repeat(LINE_CHARACTERS_MAX + 7)));
        assert_eq!(long[0].text.chars().count(), LINE_CHARACTERS_MAX + 1);
    }
}
