//! Rules that are not in force, tried: what is wrong with their text, and what they would have said to what was asked
//! before.

use std::path::Path;

use serde::Serialize;
use utoipa::ToSchema;

use super::console::Console;
use super::console::Shared;
use super::jobs;
use super::problem::Problem;
use crate::clock::Clock;
use crate::contract::Applied;
use crate::contract::Backtest;
use crate::contract::Body;
use crate::contract::Contrast;
use crate::contract::Decision;
use crate::contract::InstitutionSlug;
use crate::contract::Place;
use crate::contract::PolicyParts;
use crate::contract::PolicySet;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::State;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::ledger::Entry;
use crate::storage::Facet;
use crate::storage::JournalReader;
use crate::storage::recorded_snapshot;
use crate::time::UtcMicros;

/// Decisions that are asked again where nobody says how many.
pub(super) const DECISIONS_DEFAULT: usize = 1_000;
/// The most.
pub(super) const DECISIONS_MAX: usize = 10_000;
/// Decisions that are told because they would be others.
const DIFFERENCES_MAX: usize = 200;
/// How long it may take, in microseconds: less than any request may.
const WITHIN_US: u64 = 20_000_000;

/// Something that is wrong with rules, or doubtful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Finding {
    /// They cannot be proposed so; else it is a warning.
    pub(super) fault: bool,
    /// Where.
    #[serde(flatten)]
    pub(super) place: Place,
    /// What.
    pub(super) text: String,
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Checked {
    /// There is no fault.
    pub(super) valid: bool,
    /// How many rules there are; absent when they cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rules: Option<usize>,
    /// The digest that would name them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    /// Their canonical text: what `policy-propose` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    /// What is wrong with them, or doubtful; faults first.
    pub(super) findings: Vec<Finding>,
}

/// What the answer would be instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TriedChange {
    /// Refused instead of permitted.
    Refused,
    /// Permitted instead of refused.
    Permitted,
    /// The same verdict for another reason, or with other obligations.
    Otherwise,
}

/// An answer of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Answered {
    /// Yes or no.
    #[schema(value_type = String)]
    pub(super) verdict: Verdict,
    /// Why not; empty in a permit.
    pub(super) reason: String,
    /// The rules that decided, by their `@id`.
    pub(super) rules: Vec<String>,
    /// What went wrong in evaluation.
    pub(super) errors: Vec<String>,
    /// What the permit demands.
    pub(super) obligations: Vec<String>,
}

/// A decision that would be another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct TriedDifference {
    /// Its entry.
    pub(super) entry: u64,
    /// When, in microseconds since 1970.
    #[schema(value_type = i64)]
    pub(super) at: UtcMicros,
    /// What was asked.
    pub(super) verb: Verb,
    /// For what.
    pub(super) purpose: Purpose,
    /// Who asked.
    #[schema(value_type = String)]
    pub(super) requester: InstitutionSlug,
    /// Who would get it.
    #[schema(value_type = String)]
    pub(super) recipient: InstitutionSlug,
    /// What would change.
    pub(super) change: TriedChange,
    /// The recorded answer.
    pub(super) recorded: Answered,
    /// The other one.
    pub(super) would_be: Answered,
}

/// What became of a backtest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Tried {
    /// Decisions that were asked again: the last ones.
    pub(super) decisions: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_entry: Option<u64>,
    /// Refused instead of permitted.
    pub(super) refused: u64,
    /// Permitted instead of refused.
    pub(super) permitted: u64,
    /// The same verdict for another reason, or with other obligations.
    pub(super) otherwise: u64,
    /// Those that would be others, the newest first; at most 200.
    pub(super) differences: Vec<TriedDifference>,
    /// Time ran out before all were asked again.
    pub(super) cut: bool,
}

/// Why there is no backtest.
#[derive(Debug)]
enum NotTried {
    /// The decisions were not reached in time.
    TooLong,
    /// The ledger cannot be read.
    Unreadable,
}

/// What is to be tried on what.
struct Window {
    journal: JournalReader,
    first: u64,
    end: u64,
    clock: Clock,
    until_us: u64,
}

/// Checks rules. Takes up to a second.
fn check(parts: &PolicyParts) -> Checked {
    let set = match parts.parse() {
        Ok(set) => set,
        Err(error) => {
            let finding = |fault| Finding {
                fault: true,
                place: parts.place_of_fault(fault),
                text: fault.to_string(),
            };
            // A rule is validated for each kind of request, and may be wrong in the same way for several.
            let mut findings: Vec<Finding> = Vec::new();
            for found in error.faults.iter().map(finding) {
                if !findings.contains(&found) {
                    findings.push(found);
                }
            }
            return Checked {
                valid: false,
                rules: None,
                sha256: None,
                text: None,
                findings,
            };
        }
    };
    let remarks = set.lint().into_iter().map(|remark| Finding {
        fault: remark.is_fault(),
        place: parts.place_of_remark(&remark),
        text: remark.to_string(),
    });
    let mut findings: Vec<Finding> = remarks.collect();
    findings.sort_by_key(|finding| !finding.fault);
    Checked {
        valid: findings.iter().all(|finding| !finding.fault),
        rules: Some(set.ids().count()),
        sha256: Some(set.sha256().to_string()),
        text: Some(set.canonical_text().to_owned()),
        findings,
    }
}

impl Answered {
    fn of(decision: &Decision) -> Self {
        let obligations = decision.obligations.iter();
        Self {
            verdict: decision.verdict,
            reason: decision.short_reason.clone(),
            rules: decision.reasons.clone(),
            errors: decision.errors.clone(),
            obligations: obligations.map(ToString::to_string).collect(),
        }
    }
}

impl Tried {
    fn add(&mut self, entry: &Entry, request: &Request, recorded: &Decision, other: &Decision) {
        self.decisions = self.decisions.saturating_add(1);
        let (count, change) = match Contrast::of(recorded, other) {
            Contrast::Same => return,
            Contrast::Refused => (&mut self.refused, TriedChange::Refused),
            Contrast::Permitted => (&mut self.permitted, TriedChange::Permitted),
            Contrast::Otherwise => (&mut self.otherwise, TriedChange::Otherwise),
        };
        *count = count.saturating_add(1);
        self.differences.push(TriedDifference {
            entry: entry.seq,
            at: entry.ledger_time,
            verb: request.verb,
            purpose: request.purpose,
            requester: request.requester.clone(),
            recipient: request.recipient.clone(),
            change,
            recorded: Answered::of(recorded),
            would_be: Answered::of(other),
        });
    }

    /// The newest first, and no more than are told.
    fn ended(mut self) -> Self {
        self.differences.reverse();
        self.differences.truncate(DIFFERENCES_MAX);
        self
    }
}

impl Window {
    fn is_late(&self) -> bool {
        self.clock.read().monotonic_us > self.until_us
    }

    /// The state before the first decision: from a snapshot, if there is one that is not too new, else from the
    /// beginning.
    fn begin(&self, data_dir: &Path) -> Result<State, NotTried> {
        let snapshot = recorded_snapshot(data_dir, &self.journal).ok();
        let snapshot = snapshot.filter(|snapshot| snapshot.entries <= self.first);
        let (from, mut state) = snapshot.map_or_else(
            || (0, State::new()),
            |snapshot| (snapshot.entries, snapshot.state),
        );
        state.defer_root();
        for stored in self.journal.unchecked_entries(from).until(self.first) {
            if self.is_late() {
                return Err(NotTried::TooLong);
            }
            let entry = stored.map_err(|_| NotTried::Unreadable)?.entry;
            let applied = state.apply(place(&entry), &entry.event);
            applied.map_err(|_| NotTried::Unreadable)?;
        }
        Ok(state)
    }

    fn ask_again(&self, state: State, policy: &PolicySet) -> Result<Tried, NotTried> {
        let mut backtest = Backtest::after(state, policy);
        let mut tried = Tried {
            first_entry: (self.first < self.end).then_some(self.first),
            ..Tried::default()
        };
        for stored in self.journal.unchecked_entries(self.first).until(self.end) {
            if self.is_late() {
                tried.cut = true;
                break;
            }
            let entry = stored.map_err(|_| NotTried::Unreadable)?.entry;
            let other = backtest.push(place(&entry), &entry.event);
            let other = other.map_err(|_| NotTried::Unreadable)?;
            if let (Body::Decision { request, decision }, Some(other)) = (&entry.event.body, other)
            {
                tried.add(&entry, request, decision, &other);
            }
        }
        Ok(tried.ended())
    }
}

const fn place(entry: &Entry) -> Applied {
    Applied {
        seq: entry.seq,
        ledger_time: entry.ledger_time,
    }
}

impl Console {
    /// Runs `work`, which takes a core for long, unless another one does.
    async fn alone<T: Send + 'static>(
        self: &Shared,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let console = Shared::clone(self);
        let working = jobs::apart("rules", move || {
            let turn = console.trying.try_acquire();
            let _turn = turn.map_err(|_| {
                Problem::unavailable("rules are being tried for somebody else: try again")
            })?;
            work(&console)
        });
        working.await.map_err(|_| Problem::unavailable(""))?
    }

    /// Checks rules as `credence policy check` does.
    ///
    /// # Errors
    /// When others are being checked.
    pub(super) async fn check_policy(
        self: &Shared,
        parts: PolicyParts,
    ) -> Result<Checked, Problem> {
        self.alone(move |_| Ok(check(&parts))).await
    }

    /// Asks rules what was asked before, as `credence policy backtest` does: of the last `last` decisions.
    ///
    /// # Errors
    /// When the rules have faults, the ledger cannot be read, or it takes too long.
    pub(super) async fn backtest(
        self: &Shared,
        parts: PolicyParts,
        last: usize,
    ) -> Result<Tried, Problem> {
        if !(1..=DECISIONS_MAX).contains(&last) {
            return Err(Problem::bad(format!("last: 1 to {DECISIONS_MAX}")));
        }
        self.alone(move |console| {
            let policy = parts
                .parse()
                .map_err(|error| Problem::refused(error.to_string()))?;
            let end = console.board.seen().entries();
            let kind = Facet::Kind("decision".to_owned());
            let found = console.recorder.find(&kind, 0..end, last);
            let found = found.map_err(|_| {
                Problem::unavailable("the index of the ledger is being built: try again")
            })?;
            let window = Window {
                journal: console.recorder.journal(),
                first: found.last().copied().unwrap_or(end),
                end,
                clock: console.clock,
                until_us: console.now_us().saturating_add(WITHIN_US),
            };
            let state = window.begin(&console.config.gateway.data_dir);
            let tried = state.and_then(|state| window.ask_again(state, &policy));
            tried.map_err(|why| match why {
                NotTried::TooLong => Problem::unavailable(
                    "the ledger is too long to be folded in the time of a request: use \
                     `credence policy backtest`",
                ),
                NotTried::Unreadable => Problem::unavailable("the ledger cannot be read"),
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::RuleFile;

    fn delivered(more: &str) -> PolicyParts {
        let read = |name: &str| {
            let path = format!("{}/gateway-config/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).unwrap()
        };
        let files = ["10-permits", "20-patient", "30-score", "40-site"];
        let mut rules: Vec<RuleFile> = files
            .map(|name| RuleFile {
                name: format!("{name}.cedar"),
                text: read(&format!("policy/{name}.cedar")),
            })
            .into();
        rules.push(RuleFile {
            name: "50-more.cedar".to_owned(),
            text: more.to_owned(),
        });
        PolicyParts {
            schema: read("policy/schema.cedarschema"),
            credit: read("credit.toml"),
            rules,
        }
    }

    #[test]
    fn sound_rules_have_a_digest_and_a_text() {
        let parts = delivered("");
        let checked = check(&parts);
        assert!(checked.valid, "{:?}", checked.findings);
        let set = parts.parse().unwrap();
        assert_eq!(checked.sha256, Some(set.sha256().to_string()));
        assert_eq!(checked.text.as_deref(), Some(set.canonical_text()));
        assert_eq!(PolicyParts::of(set.canonical_text()), Some(parts));
    }

    #[test]
    fn a_fault_is_told_once_with_its_place() {
        let rule = "\n@id(\"x\")\npermit (principal, action, resource) when { context.scroe > 3 };";
        let checked = check(&delivered(rule));
        assert!(!checked.valid && checked.sha256.is_none());
        let places: Vec<_> = checked.findings.iter().map(|found| &found.place).collect();
        assert!(
            places.iter().all(|place| {
                place.file.as_deref() == Some("50-more.cedar") && place.line == Some(2)
            }),
            "{places:?}"
        );
        let texts: std::collections::BTreeSet<_> =
            checked.findings.iter().map(|found| &found.text).collect();
        assert_eq!(texts.len(), checked.findings.len());
    }

    #[test]
    fn a_forbid_that_can_fail_must_not_be_proposed() {
        let rule = "@id(\"sum\") @reason(\"no\") forbid (principal, action, resource)\n\
                    when { context.score * 9223372036854775807 > 3 };";
        let checked = check(&delivered(rule));
        assert!(!checked.valid && checked.sha256.is_some());
        let first = &checked.findings[0];
        assert!(first.fault, "{first:?}");
        assert_eq!(
            (first.place.rule.as_deref(), first.place.line),
            (Some("sum"), Some(1))
        );
    }
}
