//! The last day, as the entries tell it: pure.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::alarm::Alert;
use crate::alarm::Standing;
use crate::alarm::Stands;
use crate::audit::Judged;
use crate::audit::Record;
use crate::contract::Body;
use crate::contract::Outcome;
use crate::contract::Verb;
use crate::time::DAY_MICROS;
use crate::time::HOUR_MICROS;
use crate::time::UtcMicros;

/// Hours that are over of which the numbers are kept: a day.
const HOURS: usize = 24;
/// Refusals that are kept.
const REFUSED_MAX: usize = 1_000;
/// Alerts that are kept.
const ALERTS_MAX: usize = 500;
/// Transfers under way that are followed.
const UNDER_WAY_MAX: usize = 1_024;
/// Transfers that ended and are kept.
const ENDED_MAX: usize = 500;

/// What happened in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::admin) struct Hour {
    /// Its first moment.
    pub(in crate::admin) begins: UtcMicros,
    /// Requests that were permitted.
    pub(in crate::admin) permitted: u64,
    /// Requests that were denied.
    pub(in crate::admin) denied: u64,
    /// Instances that arrived.
    pub(in crate::admin) instances: u64,
    /// Their bytes.
    pub(in crate::admin) bytes: u64,
}

/// A request that was denied.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Refused {
    /// When.
    pub(in crate::admin) at: UtcMicros,
    /// What was asked, and answered.
    pub(in crate::admin) judged: Arc<Judged>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::admin) struct Alerted {
    /// Its entry.
    pub(in crate::admin) entry: u64,
    /// When.
    pub(in crate::admin) at: UtcMicros,
    /// Its code.
    pub(in crate::admin) code: String,
    /// What it says.
    pub(in crate::admin) text: String,
    /// The entry that it is about.
    pub(in crate::admin) about: Option<u64>,
}

/// Images that go out under one decision, or went.
#[derive(Clone, Debug)]
pub(in crate::admin) struct UnderWay {
    /// The decision.
    pub(in crate::admin) judged: Arc<Judged>,
    /// When it was made.
    pub(in crate::admin) since: UtcMicros,
    /// When something was last heard of it.
    pub(in crate::admin) heard: UtcMicros,
    /// Instances that arrived so far.
    pub(in crate::admin) instances: u64,
    /// Instances that failed so far.
    pub(in crate::admin) failed: u64,
    /// Instances that lie in the spool.
    pub(in crate::admin) spooled: u64,
    /// Bytes that arrived so far.
    pub(in crate::admin) bytes: u64,
    /// How it ended; `None`: it goes on.
    pub(in crate::admin) outcome: Option<Outcome>,
}

/// See the module.
#[derive(Debug, Default)]
pub(in crate::admin) struct Seen {
    next: Option<u64>,
    /// Those that are over.
    hours: VecDeque<Hour>,
    hour: Option<Hour>,
    refused: VecDeque<Refused>,
    alerts: VecDeque<Alerted>,
    standing: Standing,
    under_way: BTreeMap<u64, UnderWay>,
    ended: VecDeque<UnderWay>,
}

impl Seen {
    /// The entry that comes next; `None`: nothing was read yet.
    pub(super) const fn next(&self) -> Option<u64> {
        self.next
    }

    /// All before `next` was taken in.
    pub(super) fn went_to(&mut self, next: u64) {
        self.next = Some(next);
    }

    /// How many entries the ledger has, as far as was read.
    pub(in crate::admin) fn entries(&self) -> u64 {
        self.next.unwrap_or(0)
    }

    /// The day before `now` by the hour, the oldest first. Nothing may have happened since.
    pub(in crate::admin) fn hours(&self, now: UtcMicros) -> impl Iterator<Item = &Hour> {
        let hours = self.hours.iter().chain(&self.hour);
        hours.filter(move |hour| is_of_the_day(hour.begins.plus(HOUR_MICROS), now))
    }

    /// What was refused in the day before `now`, the newest first.
    pub(in crate::admin) fn refused(&self, now: UtcMicros) -> impl Iterator<Item = &Refused> {
        let newest = self.refused.iter().rev();
        newest.take_while(move |refused| is_of_the_day(refused.at, now))
    }

    /// Alerts of the day before `now`, the newest first.
    pub(in crate::admin) fn alerts(&self, now: UtcMicros) -> impl Iterator<Item = &Alerted> {
        let newest = self.alerts.iter().rev();
        newest.take_while(move |alert| is_of_the_day(alert.at, now))
    }

    /// Alerts that stand, the worst first.
    pub(in crate::admin) fn standing(&self, now: UtcMicros) -> Vec<&Stands> {
        self.standing.at(now)
    }

    /// What moves, by the number of its decision.
    pub(in crate::admin) fn under_way(&self) -> impl Iterator<Item = &UnderWay> {
        self.under_way.values()
    }

    /// What moved, the last to end first.
    pub(in crate::admin) fn ended(&self) -> impl Iterator<Item = &UnderWay> {
        self.ended.iter().rev()
    }

    /// Takes in an entry.
    pub(super) fn take(&mut self, record: &Record) {
        match record.body() {
            Body::Decision { .. } => self.decided(record),
            Body::TransferClosed { .. } => self.moved(record),
            Body::Started { .. } => self.standing.restarted(),
            Body::Alert { code, text, about } => {
                if let Some(alert) = Alert::of(&record.entry) {
                    self.standing.hear(&alert);
                }
                let alert = Alerted {
                    entry: record.entry.seq,
                    at: record.at(),
                    code: code.clone(),
                    text: text.clone(),
                    about: *about,
                };
                keep(&mut self.alerts, alert, ALERTS_MAX);
            }
            _ => {}
        }
    }

    fn decided(&mut self, record: &Record) {
        let Some(judged) = &record.judged else {
            return;
        };
        let at = record.at();
        if !judged.decision.releases() {
            self.hour(at).denied += 1;
            let judged = Arc::clone(judged);
            keep(&mut self.refused, Refused { at, judged }, REFUSED_MAX);
            return;
        }
        self.hour(at).permitted += 1;
        if judged.request.verb == Verb::Query {
            return;
        }
        if self.under_way.len() >= UNDER_WAY_MAX {
            self.under_way.pop_first();
        }
        let begun = UnderWay::begun(Arc::clone(judged), at);
        self.under_way.insert(judged.entry, begun);
    }

    fn moved(&mut self, record: &Record) {
        let Body::TransferClosed {
            decision,
            instances,
            bytes,
            ..
        } = record.body()
        else {
            return;
        };
        let hour = self.hour(record.at());
        hour.instances = hour.instances.saturating_add(*instances);
        hour.bytes = hour.bytes.saturating_add(*bytes);
        let Some(transfer) = self.under_way.get_mut(decision) else {
            return;
        };
        transfer.add(record);
        if transfer.outcome.is_some()
            && let Some(transfer) = self.under_way.remove(decision)
        {
            keep(&mut self.ended, transfer, ENDED_MAX);
        }
    }

    /// The hour of a moment; what is older than a day goes.
    fn hour(&mut self, at: UtcMicros) -> &mut Hour {
        let begins = UtcMicros(at.0.div_euclid(HOUR_MICROS).saturating_mul(HOUR_MICROS));
        let oldest = UtcMicros(begins.0.saturating_sub(HOUR_MICROS * 24));
        if let Some(over) = self.hour.take_if(|hour| hour.begins != begins) {
            // The hours between in which nothing happened are there, too.
            let mut next = over.begins.plus(HOUR_MICROS).max(oldest);
            keep(&mut self.hours, over, HOURS);
            while next < begins {
                keep(&mut self.hours, Hour::at(next), HOURS);
                next = next.plus(HOUR_MICROS);
            }
        }
        self.hour.get_or_insert_with(|| Hour::at(begins))
    }
}

impl UnderWay {
    /// Nothing has moved yet under a decision of this moment.
    pub(in crate::admin) const fn begun(judged: Arc<Judged>, at: UtcMicros) -> Self {
        Self {
            judged,
            since: at,
            heard: at,
            instances: 0,
            failed: 0,
            spooled: 0,
            bytes: 0,
            outcome: None,
        }
    }

    /// Takes in what followed the decision.
    pub(in crate::admin) fn add(&mut self, part: &Record) {
        let Body::TransferClosed {
            instances,
            failed,
            spooled,
            bytes,
            outcome,
            is_final,
            ..
        } = part.body()
        else {
            return;
        };
        self.heard = part.at();
        self.instances = self.instances.saturating_add(*instances);
        self.failed = self.failed.saturating_add(*failed);
        self.spooled = self.spooled.saturating_add(*spooled);
        self.bytes = self.bytes.saturating_add(*bytes);
        if *is_final {
            // The last part tells of itself alone: where an earlier one failed, the whole did.
            self.outcome = Some(match outcome {
                Outcome::Completed if self.failed > 0 => Outcome::Failed,
                outcome => *outcome,
            });
        }
    }
}

impl Hour {
    fn at(begins: UtcMicros) -> Self {
        Self {
            begins,
            ..Self::default()
        }
    }
}

const fn is_of_the_day(at: UtcMicros, now: UtcMicros) -> bool {
    now.0.saturating_sub(at.0) < DAY_MICROS
}

fn keep<T>(kept: &mut VecDeque<T>, one: T, max: usize) {
    if kept.len() >= max {
        kept.pop_front();
    }
    kept.push_back(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_has_its_hours_also_those_in_which_nothing_happened() {
        let mut seen = Seen::default();
        let at = |hour: i64| UtcMicros(hour * HOUR_MICROS + 5);
        seen.hour(at(100)).denied += 1;
        seen.hour(at(100)).denied += 1;
        seen.hour(at(103)).permitted += 1;
        let told: Vec<_> = seen
            .hours(at(103))
            .map(|hour| (hour.begins.0 / HOUR_MICROS, hour.permitted, hour.denied))
            .collect();
        assert_eq!(told, [(100, 0, 2), (101, 0, 0), (102, 0, 0), (103, 1, 0)]);
        seen.hour(at(1_000));
        assert_eq!(seen.hours(at(1_000)).count(), HOURS + 1);
        let first = seen.hours(at(1_000)).next().unwrap();
        assert_eq!(first.begins.0 / HOUR_MICROS, 976);
        let later = seen.hours(at(1_010)).next().unwrap();
        assert_eq!(later.begins.0 / HOUR_MICROS, 986, "quiet hours pass, too");
        assert_eq!(seen.hours(at(1_025)).count(), 0);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut kept = VecDeque::new();
        for number in 0..10 {
            keep(&mut kept, number, 3);
        }
        assert_eq!(kept, [7, 8, 9]);
    }
}
