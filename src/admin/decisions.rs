//! What was decided: looking for it, and one decision with all that followed and what would be answered now.

use serde::Deserialize;
use utoipa::IntoParams;

use super::asked;
use super::asked::Unreadable;
use super::catalogue::Catalogue;
use super::catalogue::CatalogueError;
use super::console::Console;
use super::problem::Problem;
use super::shelf::Found;
use crate::audit;
use crate::audit::ClockFace;
use crate::audit::Filter;
use crate::audit::Identity;
use crate::audit::Judged;
use crate::audit::Record;
use crate::contract::Difference;
use crate::contract::Explanation;
use crate::contract::InstitutionSlug;
use crate::contract::Otherwise;
use crate::contract::Pseudonym;
use crate::contract::Request;
use crate::contract::State;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::contract::differences;
use crate::contract::explain;
use crate::contract::otherwise;
use crate::storage;
use crate::storage::Facet;
use crate::storage::ProveError;
use crate::storage::Proved;
use crate::time::UtcMicros;

/// Entries that followed a decision and are told.
const FOLLOWED_MAX: usize = 200;

/// Which decisions. What is empty leaves nothing out.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DecisionsAsked {
    /// `permit` or `deny`.
    pub(super) verdict: String,
    /// The institution that asked.
    pub(super) requester: String,
    /// The institution that was to receive.
    pub(super) recipient: String,
    /// An AE title, of the requester or of the recipient.
    pub(super) ae: String,
    /// The person who asked.
    pub(super) user: String,
    /// A purpose of use, such as `TREATMENT`.
    pub(super) purpose: String,
    /// `store`, `query` or `retrieve`.
    pub(super) verb: String,
    /// From this moment on: a day, a time on the site's clocks, or a time with an offset (RFC 3339).
    pub(super) from: String,
    /// Before this moment, likewise.
    pub(super) to: String,
    /// Only entries before this one: `before` of the page that came first.
    pub(super) before: Option<u64>,
    /// At most so many: 1 to 200, 25 if absent.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<usize>,
}

/// The same, understood.
#[derive(Clone, Debug)]
pub(super) struct DecisionsSought {
    filter: Filter,
    requester: Option<InstitutionSlug>,
    recipient: Option<InstitutionSlug>,
    verb: Option<Verb>,
    before: u64,
    limit: usize,
}

impl DecisionsAsked {
    /// Its fields, by name.
    pub(super) fn fields(&self) -> [(&'static str, &str); 9] {
        [
            ("verdict", &self.verdict),
            ("requester", &self.requester),
            ("recipient", &self.recipient),
            ("ae", &self.ae),
            ("user", &self.user),
            ("purpose", &self.purpose),
            ("verb", &self.verb),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    /// Understands it.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub(super) fn sought(&self, face: &ClockFace) -> Result<DecisionsSought, Unreadable> {
        let verdicts = [Verdict::Permit, Verdict::Deny];
        let filter = Filter {
            from: asked::moment(face, "from", &self.from)?,
            to: asked::moment(face, "to", &self.to)?,
            ae: asked::read("ae", &self.ae)?,
            user: asked::read("user", &self.user)?,
            purpose: asked::read("purpose", &self.purpose)?,
            verdict: asked::one_of("verdict", &self.verdict, &verdicts, Verdict::as_str)?,
            ..Filter::default()
        };
        Ok(DecisionsSought {
            filter,
            requester: asked::read("requester", &self.requester)?,
            recipient: asked::read("recipient", &self.recipient)?,
            verb: asked::one_of("verb", &self.verb, &Verb::ALL, Verb::as_str)?,
            before: self.before.unwrap_or(u64::MAX),
            limit: asked::limit(self.limit)?,
        })
    }
}

impl DecisionsSought {
    /// Decisions about one person.
    pub(super) fn about(
        patients: impl IntoIterator<Item = Pseudonym>,
        before: Option<u64>,
    ) -> Self {
        Self {
            filter: Filter {
                patients: patients.into_iter().collect(),
                ..Filter::default()
            },
            requester: None,
            recipient: None,
            verb: None,
            before: before.unwrap_or(u64::MAX),
            limit: asked::LIMIT_DEFAULT,
        }
    }

    fn takes(&self, request: &Request) -> bool {
        let is = |asked: Option<&InstitutionSlug>, found| asked.is_none_or(|asked| asked == found);
        is(self.requester.as_ref(), &request.requester)
            && is(self.recipient.as_ref(), &request.recipient)
            && self.verb.is_none_or(|verb| verb == request.verb)
    }

    fn look(&self, catalogue: &Catalogue, before: u64) -> Result<Found, CatalogueError> {
        let institutions = [&self.requester, &self.recipient];
        let institutions = institutions.into_iter().flatten().cloned();
        let mut facets: Vec<Vec<Facet>> = institutions
            .map(|institution| vec![Facet::Institution(institution)])
            .collect();
        let patients = self.filter.patients.iter().copied();
        let patients: Vec<Facet> = patients.map(Facet::Patient).collect();
        if !patients.is_empty() {
            facets.push(patients);
        }
        let takes = |record: &Record| {
            let request = record.request();
            request.is_some_and(|request| self.takes(request))
        };
        let page = (before, self.limit);
        catalogue.newest_first("decision", &facets, &self.filter, page, takes)
    }
}

/// A rule as it stands today.
#[derive(Clone, Debug)]
pub(super) struct RuleText {
    /// Its `@id`.
    pub(super) id: String,
    /// What it is for, by its own words.
    pub(super) description: Option<String>,
    /// In Cedar; `None`: the rules in force today are not those that decided.
    pub(super) text: Option<String>,
}

/// One decision, and what followed.
#[derive(Clone, Debug)]
pub(super) struct OneDecision {
    /// The entry.
    pub(super) record: Record,
    /// What followed, in order: the newest entries, if there are many.
    pub(super) followed: Vec<Record>,
    /// There is more than is told.
    pub(super) more: bool,
    /// The rules that decided.
    pub(super) rules: Vec<RuleText>,
    /// What would be answered now.
    pub(super) again: Again,
}

/// The same question, asked now.
#[derive(Clone, Debug)]
pub(super) struct Again {
    /// When.
    pub(super) at: UtcMicros,
    /// What would be answered, and why.
    pub(super) explanation: Explanation,
    /// With one thing different.
    pub(super) otherwise: Otherwise,
    /// What has changed since the decision.
    pub(super) differences: Vec<Difference>,
}

impl OneDecision {
    /// What was asked and answered.
    pub(super) fn judged(&self) -> Result<&Judged, Problem> {
        self.record.judged.as_deref().ok_or_else(Problem::not_found)
    }
}

impl Again {
    /// Asks again what `judged` was about.
    fn ask(state: &State, now: UtcMicros, judged: &Judged) -> (Vec<RuleText>, Self) {
        let decision = &judged.decision;
        let policy = state.policy();
        let policy = policy.filter(|policy| policy.sha256() == decision.policy);
        let rule = |id: &String| RuleText {
            id: id.clone(),
            description: policy.and_then(|policy| policy.description(id).map(str::to_owned)),
            text: policy.and_then(|policy| policy.rule(id)),
        };
        let rules = decision.reasons.iter().map(rule).collect();
        let request = Request {
            received_at: now,
            ..judged.request.clone()
        };
        let explanation = explain(state, &request);
        let granted = explanation.facts.as_ref().map(|facts| &facts.granted[..]);
        let then = (judged.entry, decision);
        let differences = differences(then, &explanation.decision, granted.unwrap_or_default());
        let again = Self {
            at: now,
            otherwise: otherwise(state, &request),
            differences,
            explanation,
        };
        (rules, again)
    }
}

impl Console {
    /// Where entries are looked up.
    pub(super) fn catalogue(&self) -> Catalogue {
        Catalogue::new(self.recorder.clone())
    }

    /// The decisions that are sought, the newest first.
    pub(super) async fn decisions(&self, sought: DecisionsSought) -> Result<Found, Problem> {
        let (catalogue, journal) = (self.catalogue(), self.recorder.journal());
        let entries = self.board.seen().entries();
        blocking(move || {
            let mut before = sought.before;
            if let Some(to) = sought.filter.to {
                let first = audit::first_from(&journal, entries, to);
                // What is not on the board yet is younger than all that is.
                let after = first.map_err(|error| CatalogueError::Reading(error.into()))?;
                before = before.min(if after < entries { after } else { u64::MAX });
            }
            Ok(sought.look(&catalogue, before)?)
        })
        .await
    }

    /// One decision, and all that is to be said of it.
    pub(super) async fn decision(&self, entry: u64) -> Result<OneDecision, Problem> {
        let catalogue = self.catalogue();
        let (record, followed, more) = blocking(move || {
            let record = catalogue.entry(entry)?;
            let record = record.filter(is_decision).ok_or_else(Problem::not_found)?;
            let (followed, more) = catalogue.about(entry, FOLLOWED_MAX)?;
            Ok((record, followed, more))
        })
        .await?;
        let judged = record.judged.clone().ok_or_else(Problem::not_found)?;
        let asked = self
            .recorder
            .view(move |state, now| Again::ask(state, now, &judged))
            .await;
        let (rules, again) = asked.map_err(|error| Problem::unavailable(error.to_string()))?;
        Ok(OneDecision {
            record,
            followed,
            more,
            rules,
            again,
        })
    }

    /// The proof that a decision is in the ledger, with its line.
    pub(super) async fn proof(&self, entry: u64) -> Result<Proved, Problem> {
        let (catalogue, data_dir) = (self.catalogue(), self.config.gateway.data_dir.clone());
        blocking(move || {
            let record = catalogue.entry(entry)?;
            record.filter(is_decision).ok_or_else(Problem::not_found)?;
            storage::prove(&data_dir, entry, None).map_err(|error| unproved(&error))
        })
        .await
    }

    /// Who the patient of a decision is; `None`: it cannot be told any more. To be called when the look is recorded.
    pub(super) async fn identity(&self, entry: u64) -> Result<Option<Identity>, Problem> {
        let sealed = self.recorder.unseal(entry).await;
        let sealed = sealed.map_err(|error| Problem::unavailable(error.to_string()))?;
        Ok(sealed.and_then(|(_, details)| serde_json::from_slice(&details).ok()))
    }
}

fn is_decision(record: &Record) -> bool {
    record
        .judged
        .as_ref()
        .is_some_and(|judged| judged.entry == record.entry.seq)
}

fn unproved(error: &ProveError) -> Problem {
    match error {
        ProveError::NotSigned { .. } => Problem::refused(error.to_string()),
        error => {
            tracing::warn!(%error, "no proof can be made");
            Problem::unavailable("no proof can be made now")
        }
    }
}

/// Does what blocks on the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Problem::unavailable("the ledger cannot be read")))
}
