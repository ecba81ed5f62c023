//! Made-up requests, to see whether a rule ever matches.
//!
//! What a rule can read is varied over the values that matter to it: those that it names itself,
//! and the neighbours of its numbers. All combinations are tried when they are few, else a sample,
//! the same each time.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::PolicySet;
use super::super::form::Reads;
use super::super::scope::Scope;
use crate::contract::credit::Parameters;
use crate::contract::facts::BreakGlass;
use crate::contract::facts::Facts;
use crate::contract::names::ConsentId;
use crate::contract::names::InstitutionSlug;
use crate::contract::names::Pseudonym;
use crate::contract::request::Action;
use crate::contract::request::Purpose;
use crate::contract::request::Request;
use crate::contract::request::StudyFacts;
use crate::contract::request::Through;
use crate::contract::request::TransportFacts;
use crate::contract::request::Verb;
use crate::contract::state::State;
use crate::contract::user::User;
use crate::contract::user::UserProof;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::DAY_MICROS;
use crate::time::Day;
use crate::time::UtcMicros;

/// Requests that are tried of one rule at most.
const REQUESTS_MAX: usize = 20_000;

/// Values that are tried of one fact at most.
const VALUES_MAX: usize = 24;

/// When the made-up requests come.
const TODAY: Day = Day(20_500);

/// Consents as a request may meet them: denied; granted; by name; by name and study.
const CONSENTS: [[bool; 4]; 6] = [
    [false, false, false, false],
    [false, true, false, false],
    [false, true, true, false],
    [false, true, true, true],
    [true, false, false, false],
    [true, true, true, true],
];

/// What a rule names itself.
#[derive(Debug, Default)]
struct Literals {
    numbers: BTreeSet<i64>,
    texts: BTreeSet<String>,
    institutions: BTreeSet<String>,
}

impl Literals {
    fn of(form: &Value) -> Self {
        let mut literals = Self::default();
        literals.look(form);
        literals
    }

    fn look(&mut self, form: &Value) {
        match form {
            Value::Object(members) => {
                let (kind, id) = (members.get("type"), members.get("id"));
                if let (Some(Value::String(kind)), Some(Value::String(id))) = (kind, id)
                    && kind == "Institution"
                {
                    self.institutions.insert(id.clone());
                }
                for (operator, operands) in members {
                    match (operator.as_str(), operands) {
                        ("Value", Value::String(text)) => {
                            self.texts.insert(text.clone());
                        }
                        ("Value", Value::Number(number)) => self.numbers.extend(number.as_i64()),
                        ("pattern", Value::Array(parts)) => {
                            self.texts
                                .insert(parts.iter().filter_map(literal_part).collect());
                        }
                        _ => self.look(operands),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// The rule's numbers, their neighbours, and `more`, between `least` and `most`.
    fn numbers(&self, least: i64, most: i64, more: &[i64]) -> Vec<i64> {
        let near = |number: &i64| [number.saturating_sub(1), *number, number.saturating_add(1)];
        let all: BTreeSet<i64> = self.numbers.iter().flat_map(near).collect();
        let fitting = all
            .into_iter()
            .filter(|number| (least..=most).contains(number));
        more.iter()
            .copied()
            .chain(fitting)
            .take(VALUES_MAX)
            .collect()
    }
}

/// A part of a `like` pattern that stands for itself.
fn literal_part(part: &Value) -> Option<&str> {
    part.get("Literal")?.as_str()
}

/// The values of every fact of a rule's made-up requests. What the rule cannot read has one.
struct Grid {
    asked: Vec<(Verb, Purpose)>,
    parties: Vec<InstitutionSlug>,
    consents: Vec<[bool; 4]>,
    scores: Vec<i64>,
    standings: Vec<i64>,
    glasses: Vec<BreakGlass>,
    ages: Vec<Option<i64>>,
    modalities: Vec<BTreeSet<String>>,
    requester_aes: Vec<AeTitle>,
    recipient_aes: Vec<AeTitle>,
    users: Vec<Option<User>>,
    /// TLS, mutual, address checked, question, has a patient, its custodian's gateway is at the other end.
    flags: [Vec<bool>; 6],
}

/// All of them when the rule can read the fact, else the first.
fn when<T>(read: bool, mut values: Vec<T>) -> Vec<T> {
    if !read {
        values.truncate(1);
    }
    values
}

impl Grid {
    fn of(form: &Value, reads: &Reads, actions: &[Action], parameters: &Parameters) -> Self {
        let literals = Literals::of(form);
        let has = |name: &str| reads.include(name);
        let aes = |read| {
            let own = literals.texts.iter().filter_map(|text| text.parse().ok());
            when(
                read,
                "OTHER_AE"
                    .parse()
                    .into_iter()
                    .chain(own)
                    .take(VALUES_MAX)
                    .collect(),
            )
        };
        let named = literals.institutions.iter().map(String::as_str);
        let parties = ["own", "other"].into_iter().chain(named).take(VALUES_MAX);
        let single = |text: &String| BTreeSet::from([text.clone()]);
        let modalities = [
            BTreeSet::from(["CT".to_owned()]),
            BTreeSet::new(),
            literals.texts.clone(),
        ];
        let modalities = modalities
            .into_iter()
            .chain(literals.texts.iter().map(single));
        let ages = literals.numbers(-36_500, 36_500, &[0, 10_000]);
        let flags = [
            "tls",
            "mutual_tls",
            "address_checked",
            "question",
            "has_patient",
            "custodian_decides",
        ];
        let any_score = has("score") || has("requester_score") || has("recipient_score");
        Self {
            asked: asked(actions, has("purpose")),
            parties: parties.filter_map(|slug| slug.parse().ok()).collect(),
            consents: when(has("consent"), CONSENTS.to_vec()),
            scores: when(any_score, literals.numbers(0, 1000, &[500, 0, 1000])),
            standings: when(has("standing"), literals.numbers(0, 1000, &[500, 0, 1000])),
            glasses: when(has("break_glass"), glasses(&literals, parameters)),
            ages: when(
                has("study_age_days"),
                std::iter::once(None)
                    .chain(ages.into_iter().map(Some))
                    .collect(),
            ),
            modalities: when(has("modalities"), modalities.take(VALUES_MAX).collect()),
            requester_aes: aes(has("requester_ae")),
            recipient_aes: aes(has("recipient_ae")),
            users: users(&literals, reads),
            flags: flags.map(|name| when(has(name), vec![true, false])),
        }
    }

    /// How many requests there are.
    fn size(&self) -> u64 {
        let parties = self.parties.len();
        let flags = self.flags.iter().map(Vec::len);
        [
            self.asked.len(),
            parties,
            parties,
            parties,
            self.consents.len(),
            self.scores.len(),
            self.scores.len(),
            self.standings.len(),
            self.glasses.len(),
            self.ages.len(),
            self.modalities.len(),
            self.requester_aes.len(),
            self.recipient_aes.len(),
            self.users.len(),
        ]
        .into_iter()
        .chain(flags)
        .fold(1, |size, values| size.saturating_mul(values as u64))
    }

    /// The request of this number, and what the state adds to it.
    fn at(&self, number: u64) -> Option<(Request, Facts)> {
        let mut place = Place(number);
        let (verb, purpose) = place.of(&self.asked)?;
        let [requester, custodian, recipient] = [(); 3].map(|()| place.of(&self.parties));
        let (requester, custodian, recipient) = (requester?, custodian?, recipient?);
        let [denied, granted, names_institution, names_study] = place.of(&self.consents)?;
        let [requester_score, recipient_score] = [(); 2].map(|()| place.of(&self.scores));
        let standing = place.of(&self.standings)?;
        let break_glass = place.of(&self.glasses)?;
        let age = place.of(&self.ages)?;
        let modalities = place.of(&self.modalities)?;
        let requester_ae = place.of(&self.requester_aes)?;
        let recipient_ae = place.of(&self.recipient_aes)?;
        let user = place.of(&self.users)?;
        let [
            tls,
            mutual,
            address_checked,
            question,
            has_patient,
            custodian_decides,
        ] = self.flags.each_ref().map(|values| place.of(values));
        let date = age.and_then(|age| i32::try_from(i64::from(TODAY.0).checked_sub(age)?).ok());
        let request = Request {
            verb,
            purpose,
            requester,
            requester_ae,
            user,
            again: None,
            through: custodian_decides?.then(|| Through {
                institution: custodian.clone(),
                receipt: true,
            }),
            custodian,
            recipient,
            recipient_ae,
            patient: has_patient?.then_some(Pseudonym::from_bytes([0; 16])),
            study: Some(StudyFacts {
                modalities,
                date: date.map(Day),
                uid_digest: Sha256::ZERO,
            }),
            question: question?,
            transport: TransportFacts {
                tls: tls?,
                mutual: mutual?,
                address_checked: address_checked?,
                certificate: None,
            },
            received_at: UtcMicros(i64::from(TODAY.0).saturating_mul(DAY_MICROS)),
        };
        let own = self.parties.first()?;
        let mut facts = Facts::gather(&State::new(), own, &request);
        let score = |value: i64| u16::try_from(value).ok();
        facts.take_scores(score(requester_score?)?, score(recipient_score?)?);
        facts.question = request.question && verb == Verb::Query;
        facts.standing = score(standing)?;
        facts.break_glass = break_glass;
        facts.denied = denied;
        facts.granted = granted.then_some(ConsentId(0)).into_iter().collect();
        facts.names_institution = names_institution;
        facts.names_institution_and_study = names_study;
        Some((request, facts))
    }
}

/// Emergencies at the limit of these parameters and at the rule's own numbers, with and without
/// power over an objection.
fn glasses(literals: &Literals, parameters: &Parameters) -> Vec<BreakGlass> {
    let limit = parameters.emergency_patients_per_hour();
    let limits = [0, 1, limit, limit.saturating_add(1)].map(i64::from);
    let mut glasses = Vec::new();
    for patients in literals.numbers(0, i64::from(u32::MAX), &limits) {
        for overrides_denial in [true, false] {
            glasses.push(BreakGlass {
                patients: u32::try_from(patients).unwrap_or(u32::MAX),
                patients_max: limit,
                overrides_denial,
            });
        }
    }
    glasses
}

/// Nobody, somebody, and whom the rule names, each by the peer's word and proven.
fn users(literals: &Literals, reads: &Reads) -> Vec<Option<User>> {
    let names = ["user"].into_iter();
    let names = names.chain(literals.texts.iter().map(String::as_str));
    let names = names.take(VALUES_MAX);
    let known = names.flat_map(|name| {
        let name = name.to_owned();
        UserProof::ALL.map(|proof| {
            let name = name.clone();
            Some(User { name, proof })
        })
    });
    let users = std::iter::once(None).chain(known);
    let read = ["user", "user_claimed", "user_proof"];
    when(read.iter().any(|name| reads.include(name)), users.collect())
}

/// What can be asked so that it is one of `actions`; with every purpose of theirs, or one each.
fn asked(actions: &[Action], every_purpose: bool) -> Vec<(Verb, Purpose)> {
    let mut asked = Vec::new();
    for action in actions {
        let of_action = [Verb::Store, Verb::Query, Verb::Retrieve]
            .into_iter()
            .flat_map(|verb| Purpose::ALL.map(|purpose| (verb, purpose)))
            .filter(|(verb, purpose)| Action::of(*verb, *purpose) == *action);
        asked.extend(of_action.take(if every_purpose { VALUES_MAX } else { 1 }));
    }
    asked
}

/// A number that is taken apart into places of values.
struct Place(u64);

impl Place {
    fn of<T: Clone>(&mut self, values: &[T]) -> Option<T> {
        let count = values.len() as u64;
        let index = self.0.checked_rem(count)?;
        self.0 = self.0.checked_div(count)?;
        values.get(usize::try_from(index).ok()?).cloned()
    }
}

/// Numbers that look drawn by lot, and are the same each time (SplitMix64).
const fn drawn(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl PolicySet {
    /// Looks for a request that the rule matches.
    ///
    /// # Errors
    /// The number of requests that were tried in vain.
    pub(super) fn find_match(
        &self,
        rule: &cedar_policy::Policy,
        form: &Value,
    ) -> Result<(), usize> {
        let Ok(alone) = cedar_policy::PolicySet::from_policies([rule.clone()]) else {
            return Err(0);
        };
        let reads = Reads::of(alone.policies());
        let among = |scope: &Scope| scope.policies.policy(rule.id()).is_some();
        let admitted = self.scopes.iter().filter(|(_, scope)| among(scope));
        let actions: Vec<Action> = admitted.map(|(action, _)| *action).collect();
        let grid = Grid::of(form, &reads, &actions, self.parameters());
        let size = grid.size();
        let requests = usize::try_from(size).map_or(REQUESTS_MAX, |size| size.min(REQUESTS_MAX));
        let whole = size <= REQUESTS_MAX as u64;
        let numbers = (0..requests as u64).map(|number| match whole {
            true => number,
            false => drawn(number).checked_rem(size).unwrap_or(0),
        });
        for (request, facts) in numbers.filter_map(|number| grid.at(number)) {
            let Some(scope) = self.scopes.get(&request.action()) else {
                continue;
            };
            let scope = Scope {
                action: scope.action.clone(),
                policies: alone.clone(),
                reads: reads.clone(),
            };
            let Ok(question) = self.question(&request, &facts, &scope) else {
                continue;
            };
            if !self.answer(&question, &alone).reasons.is_empty() {
                return Ok(());
            }
        }
        Err(requests)
    }
}
