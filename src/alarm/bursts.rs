//! Many denials of one peer in a short time: a wrong configuration, or somebody who tries doors. No clock: time is an
//! argument.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::contract::Decision;
use crate::contract::InstitutionSlug;
use crate::contract::Request;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::dicom::AeTitle;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;

/// Peers whose denials are counted; the one that was denied longest ago gives way to one more.
const PEERS_MAX: usize = 1_000;

/// What is a burst, and when there is another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// So many denials
    pub(super) denials: usize,
    /// within so many microseconds.
    pub(super) within_us: i64,
    /// It is over after so many microseconds without.
    pub(super) quiet_us: i64,
}

/// Who was denied.
type Who = (InstitutionSlug, AeTitle);

#[derive(Debug, Default)]
struct Row {
    /// The newest denials, as many as make a burst at most.
    recent: VecDeque<UtcMicros>,
    /// When it was told of the burst, and when there were as many last.
    burst: Option<(UtcMicros, UtcMicros)>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Bursts {
    limits: Limits,
    rows: BTreeMap<Who, Row>,
}

/// Whom a decision denied something that they asked for. Not the matches of a query, of which each is judged and the
/// asker asked for none; not what is denied when it leaves the spool; not what was released all the same.
pub(super) fn denied(request: &Request, decision: &Decision) -> Option<Who> {
    let is_match = request.verb == Verb::Query && !request.question;
    let counts = decision.verdict == Verdict::Deny
        && !decision.observed
        && request.again.is_none()
        && !is_match;
    counts.then(|| (request.requester.clone(), request.requester_ae.clone()))
}

impl Bursts {
    pub(super) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            rows: BTreeMap::new(),
        }
    }

    /// Counts a denial; what people are to be told, when it makes a burst.
    pub(super) fn count(&mut self, who: Who, at: UtcMicros) -> Option<String> {
        if !self.rows.contains_key(&who) && self.rows.len() >= PEERS_MAX {
            self.make_room();
        }
        let Limits {
            denials,
            within_us,
            quiet_us,
        } = self.limits;
        let text = format!(
            "denials of {} of {}: {denials} within {} s",
            who.1,
            who.0,
            within_us / 1_000_000
        );
        let row = self.rows.entry(who).or_default();
        row.recent.push_back(at);
        while row.recent.len() > denials {
            row.recent.pop_front();
        }
        let since = |then: UtcMicros| at.0.saturating_sub(then.0);
        let oldest = row.recent.front().copied().unwrap_or(at);
        if row.recent.len() < denials || since(oldest) > within_us {
            return None;
        }
        match row.burst {
            // It goes on; but what nobody was told of for a day is told again.
            Some((told, last)) if since(last) < quiet_us && since(told) < DAY_MICROS => {
                row.burst = Some((told, at));
                None
            }
            Some(_) | None => {
                row.burst = Some((at, at));
                Some(text)
            }
        }
    }

    fn make_room(&mut self) {
        let newest = |row: &Row| row.recent.back().copied();
        let oldest = self.rows.iter().min_by_key(|(_, row)| newest(row));
        if let Some(who) = oldest.map(|(who, _)| who.clone()) {
            self.rows.remove(&who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;

    fn who(ae: &str) -> Who {
        ("lakeside".parse().unwrap(), ae.parse().unwrap())
    }

    fn bursts() -> Bursts {
        Bursts::new(Limits {
            denials: 3,
            within_us: 10 * SECOND_US,
            quiet_us: 100 * SECOND_US,
        })
    }

    /// At which of these seconds people are told.
    fn told_at(seconds: &[i64]) -> Vec<i64> {
        let mut bursts = bursts();
        let told = |second: &&i64| {
            let at = UtcMicros(**second * SECOND_US);
            bursts.count(who("LAKE"), at).is_some()
        };
        seconds.iter().filter(told).copied().collect()
    }

    #[test]
    fn a_burst_is_told_once_and_another_one_after_a_quiet_time() {
        for (seconds, expected) in [
            (vec![0, 5], vec![]),
            (vec![0, 5, 10], vec![10]),
            (vec![0, 5, 11], vec![]),
            (vec![0, 9, 18, 19, 20], vec![19]),
            (vec![0, 1, 2, 3, 4, 5], vec![2]),
            // It goes on, and is over only then.
            ((0..300).collect(), vec![2]),
            (vec![0, 1, 2, 50, 51, 52, 149, 150, 151], vec![2]),
            (vec![0, 1, 2, 101, 102, 103], vec![2, 103]),
        ] {
            assert_eq!(told_at(&seconds), expected, "{seconds:?}");
        }
    }

    #[test]
    fn a_burst_that_never_ends_is_told_every_day() {
        let seconds: Vec<i64> = (0..200_000).step_by(2).collect();
        assert_eq!(told_at(&seconds), [4, 86_404, 172_804]);
    }

    #[test]
    fn each_peer_has_a_count_of_its_own_and_a_name() {
        let mut bursts = bursts();
        for second in 0..2 {
            let at = UtcMicros(second * SECOND_US);
            assert_eq!(bursts.count(who("LAKE"), at), None);
            assert_eq!(bursts.count(who("BOAT"), at), None);
        }
        let told = bursts.count(who("BOAT"), UtcMicros(2 * SECOND_US));
        assert_eq!(
            told.as_deref(),
            Some("denials of BOAT of lakeside: 3 within 10 s")
        );
    }

    #[test]
    fn who_was_denied_longest_ago_makes_room() {
        let mut bursts = bursts();
        for number in 0..=PEERS_MAX {
            let at = UtcMicros(number as i64);
            bursts.count(who(&format!("AE{number}")), at);
        }
        assert_eq!(bursts.rows.len(), PEERS_MAX);
        assert!(!bursts.rows.contains_key(&who("AE0")));
    }
}
