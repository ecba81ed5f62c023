//! Searches for AuditEvents (IHE ITI-81, Retrieve ATNA Audit Event; FHIR R4 §3.1.1): what is asked for, held against
//! events as they are told.
//!
//! | parameter | finds events |
//! |---|---|
//! | `date` | recorded then: `eq`, `ge`, `gt`, `le`, `lt`, a day or an instant |
//! | `patient.identifier` | about this patient |
//! | `agent.identifier` | with this agent |
//! | `entity.identifier`, `entity-type`, `entity-role` | with such an entity |
//! | `address` | with an agent at an address that begins so |
//! | `source.identifier`, `type`, `subtype`, `outcome`, `_id` | of this source, type, outcome, with this id |
//! | `_count` | at most so many of them at a time |
//!
//! A parameter that is not known is an error: to leave it out would find what was not asked for.

mod date;
mod pages;

use serde_json::Value;

pub(super) use self::pages::Page;
pub(super) use self::pages::Shelf;

use self::date::Between;
use crate::time::UtcMicros;

/// Events of an answer, where the question does not say how many.
const COUNT_DEFAULT: usize = 100;

/// Events of an answer, at most.
const COUNT_MAX: usize = 1_000;

/// Parameters of a question.
const PARAMETERS_MAX: usize = 32;

/// The parameter by which the next page is asked for: the entry that it begins with.
pub(super) const PAGE: &str = "_page";

/// Why a question is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotASearch {
    #[error("more than {PARAMETERS_MAX} parameters")]
    Many,
    #[error("the parameter {0:?} is not known here")]
    Unknown(String),
    #[error("the value of {0} cannot be read")]
    Value(&'static str),
    #[error("a date is demanded, as in date=ge2026-01-01")]
    NoDate,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Search {
    between: Between,
    tests: Vec<Test>,
    /// Events of the answer, at most; the events of one entry are not torn apart.
    pub(super) count: usize,
    /// The first entry that may be told, where an earlier answer says so.
    pub(super) page: Option<u64>,
    /// What it asks by, without what for.
    pub(super) parameters: Vec<&'static str>,
}

/// One parameter, which must hold; one of its values is enough.
#[derive(Debug)]
struct Test {
    by: By,
    values: Vec<Token>,
}

/// What of an event is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Patient,
    Agent,
    Entity,
    EntityType,
    EntityRole,
    Address,
    Source,
    Type,
    Subtype,
    Outcome,
    Id,
}

/// Names of parameters. FHIR's own form of the same has a colon where ITI-81 has a point.
const KNOWN: [(&str, By); 11] = [
    ("patient.identifier", By::Patient),
    ("agent.identifier", By::Agent),
    ("entity.identifier", By::Entity),
    ("entity-type", By::EntityType),
    ("entity-role", By::EntityRole),
    ("address", By::Address),
    ("source.identifier", By::Source),
    ("type", By::Type),
    ("subtype", By::Subtype),
    ("outcome", By::Outcome),
    ("_id", By::Id),
];

/// Names and types of the parameters that are offered.
pub(super) fn offered() -> impl Iterator<Item = (&'static str, &'static str)> {
    let named = KNOWN.iter().map(|(name, by)| {
        let kind = match by {
            By::Address => "string",
            _ => "token",
        };
        (*name, kind)
    });
    [("date", "date")].into_iter().chain(named)
}

/// `code`, `system|code`, `|code` or `system|`.
#[derive(Debug, PartialEq, Eq)]
struct Token {
    /// `None`: any.
    system: Option<String>,
    /// `None`: any.
    code: Option<String>,
}

impl Search {
    /// Reads the parameters of a question, their percent signs decoded.
    pub(super) fn read<'q>(
        parameters: impl Iterator<Item = (std::borrow::Cow<'q, str>, std::borrow::Cow<'q, str>)>,
    ) -> Result<Self, NotASearch> {
        let mut search = Self {
            between: Between::EVER,
            tests: Vec::new(),
            count: COUNT_DEFAULT,
            page: None,
            parameters: Vec::new(),
        };
        let mut dates = 0;
        for (number, (name, value)) in parameters.enumerate() {
            if number >= PARAMETERS_MAX {
                return Err(NotASearch::Many);
            }
            match name.as_ref() {
                "date" => {
                    dates += 1;
                    let fewer = search.between.and(&value);
                    search.between = fewer.ok_or(NotASearch::Value("date"))?;
                }
                "_count" => {
                    let count: usize = value.parse().map_err(|_| NotASearch::Value("_count"))?;
                    search.count = count.clamp(1, COUNT_MAX);
                }
                PAGE => {
                    let page = value.parse().map_err(|_| NotASearch::Value(PAGE))?;
                    search.page = Some(page);
                }
                "_format" if is_json(&value) => {}
                "_sort" if value == "date" => {}
                "_format" => return Err(NotASearch::Value("_format")),
                "_sort" => return Err(NotASearch::Value("_sort")),
                other => {
                    let point = other.replace(":identifier", ".identifier");
                    let known = KNOWN.iter().find(|(name, _)| *name == point);
                    let (name, by) = known.ok_or_else(|| NotASearch::Unknown(shown(other)))?;
                    search.parameters.push(name);
                    search.tests.push(Test::read(name, *by, &value)?);
                }
            }
        }
        match dates {
            0 => Err(NotASearch::NoDate),
            _ => Ok(search),
        }
    }

    /// The first moment that it is about.
    pub(super) const fn from(&self) -> UtcMicros {
        self.between.from
    }

    /// The first moment after those that it is about.
    pub(super) const fn until(&self) -> UtcMicros {
        self.between.until
    }

    /// Whether it finds an event, whose date is looked at elsewhere.
    pub(super) fn finds(&self, event: &Value) -> bool {
        self.tests.iter().all(|test| test.finds(event))
    }
}

/// What of a name that nobody knows is told back.
fn shown(name: &str) -> String {
    name.chars()
        .filter(|one| !one.is_control())
        .take(64)
        .collect()
}

fn is_json(format: &str) -> bool {
    matches!(
        format,
        "json" | "application/json" | "application/fhir+json"
    )
}

impl Test {
    fn read(name: &'static str, by: By, value: &str) -> Result<Self, NotASearch> {
        let values: Vec<Token> = split(value, ',')
            .iter()
            .map(|one| Token::read(one))
            .collect();
        match values
            .iter()
            .all(|one| one.system.is_some() || one.code.is_some())
        {
            true => Ok(Self { by, values }),
            false => Err(NotASearch::Value(name)),
        }
    }

    fn finds(&self, event: &Value) -> bool {
        let any = |of: &dyn Fn(&Token) -> bool| self.values.iter().any(of);
        let code = |value: &Value| any(&|token| token.is_code(value));
        let coding = |value: &Value| any(&|token| token.is(value, "code"));
        let identifier = |what: &Value| {
            let identifier = &what["identifier"];
            any(&|token| token.is(identifier, "value"))
        };
        match self.by {
            By::Patient => each(&event["entity"]).any(|entity| {
                let what = &entity["what"];
                what["type"] == "Patient" && identifier(what)
            }),
            By::Agent => each(&event["agent"]).any(|agent| identifier(&agent["who"])),
            By::Entity => each(&event["entity"]).any(|entity| identifier(&entity["what"])),
            By::EntityType => each(&event["entity"]).any(|entity| coding(&entity["type"])),
            By::EntityRole => each(&event["entity"]).any(|entity| coding(&entity["role"])),
            By::Source => event.pointer("/source/observer").is_some_and(identifier),
            By::Type => coding(&event["type"]),
            By::Subtype => each(&event["subtype"]).any(coding),
            By::Outcome => code(&event["outcome"]),
            By::Id => code(&event["id"]),
            By::Address => each(&event["agent"]).any(|agent| {
                let address = agent.pointer("/network/address").and_then(Value::as_str);
                let address = address.unwrap_or_default().to_lowercase();
                any(&|token| {
                    let begins = token.code.as_deref().unwrap_or_default().to_lowercase();
                    !begins.is_empty() && address.starts_with(&begins)
                })
            }),
        }
    }
}

impl Token {
    fn read(text: &str) -> Self {
        let parts = split(text, '|');
        let some = |part: Option<&String>| part.filter(|part| !part.is_empty()).cloned();
        match parts.as_slice() {
            [code] => Self {
                system: None,
                code: some(Some(code)),
            },
            [system, code] => Self {
                // `|code`: of no system.
                system: Some(system.clone()),
                code: some(Some(code)),
            },
            _ => Self {
                system: None,
                code: None,
            },
        }
    }

    /// Whether `value`, with a `system` and a code under `key`, is it.
    fn is(&self, value: &Value, key: &str) -> bool {
        let Some(code) = value[key].as_str() else {
            return false;
        };
        let system = value["system"].as_str().unwrap_or_default();
        self.system.as_deref().is_none_or(|wanted| wanted == system)
            && self.code.as_deref().is_none_or(|wanted| wanted == code)
    }

    /// Whether `value`, a code whose system is understood, is it.
    fn is_code(&self, value: &Value) -> bool {
        self.code.is_some() && self.code.as_deref() == value.as_str()
    }
}

/// The members of an array; none where there is no array.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The parts between separators; a backslash takes from the next character what it means (FHIR R4 §3.1.1.4).
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        let last = parts.last_mut();
        match (one, last) {
            (one, _) if one == separator => parts.push(String::new()),
            // Of the outer separator only; what the inner one means is not decided yet.
            ('\\', Some(last)) => match characters.next() {
                Some(next) if next == separator || next == '\\' => last.push(next),
                Some(next) => last.extend(['\\', next]),
                None => last.push('\\'),
            },
            (one, Some(last)) => last.push(one),
            (_, None) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(query: &str) -> Result<Search, NotASearch> {
        Search::read(form_urlencoded::parse(query.as_bytes()))
    }

    fn event() -> Value {
        json!({
            "id": "0f-7-110113",
            "type": {"system": "http://dicom", "code": "110113"},
            "subtype": [{"system": "urn:kind", "code": "decision"}],
            "outcome": "4",
            "agent": [{"who": {"identifier": {"system": "urn:user", "value": "weber"}},
                       "network": {"address": "10.0.0.7"}}],
            "source": {"observer": {"identifier": {"system": "urn:gateway", "value": "st-anna"}}},
            "entity": [
                {"what": {"type": "Patient", "identifier": {"system": "urn:p", "value": "a,1"}},
                 "type": {"code": "1"}, "role": {"system": "urn:role", "code": "1"}},
                {"what": {"identifier": {"value": "1.2.3"}}, "type": {"code": "2"}},
            ],
        })
    }

    #[test]
    fn a_search_finds_what_it_asks_for_and_nothing_else() {
        for (query, found) in [
            ("", true),
            ("&patient.identifier=urn:p|a\\,1", true),
            ("&patient:identifier=urn:p|", true),
            ("&patient.identifier=1.2.3", false),
            ("&entity.identifier=1.2.3", true),
            ("&entity.identifier=|1.2.3", true),
            ("&entity.identifier=urn:p|1.2.3", false),
            ("&agent.identifier=weber,mayer", true),
            ("&agent.identifier=weber&agent.identifier=mayer", false),
            ("&entity-type=2&entity-role=urn:role|1", true),
            ("&entity-role=urn:role|2", false),
            ("&type=http://dicom|110113&subtype=decision&outcome=4", true),
            ("&outcome=0,8", false),
            ("&address=10.0", true),
            ("&address=0.0", false),
            ("&source.identifier=st-anna&_id=0f-7-110113", true),
        ] {
            let search = read(&format!("date=ge2026-01-01{query}")).unwrap();
            assert_eq!(search.finds(&event()), found, "{query}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let unknown = |query: &str| read(query).unwrap_err();
        assert_eq!(unknown("outcome=0"), NotASearch::NoDate);
        assert_eq!(unknown("date=soon"), NotASearch::Value("date"));
        assert_eq!(
            unknown("date=2026-01-01&outcome="),
            NotASearch::Value("outcome")
        );
        assert_eq!(
            unknown("date=2026-01-01&_format=xml"),
            NotASearch::Value("_format")
        );
        assert_eq!(
            unknown("date=2026-01-01&colour=red"),
            NotASearch::Unknown("colour".to_owned())
        );
        assert_eq!(unknown(&"date=2026-01-01&".repeat(33)), NotASearch::Many);
        let counts = |query: &str| read(&format!("date=2026-01-01{query}")).unwrap().count;
        assert_eq!(
            [
                counts(""),
                counts("&_count=7"),
                counts("&_count=999999"),
                counts("&_count=0")
            ],
            [100, 7, 1_000, 1]
        );
    }
}
