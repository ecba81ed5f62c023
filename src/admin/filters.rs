//! Which entries of the ledger are asked for: as pages and the API have it in an address, and as the ledger means it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::audit::ClockFace;
use crate::audit::Filter;
use crate::contract::Body;
use crate::contract::Pseudonym;
use crate::contract::Verdict;

/// Pseudonyms of one person that are asked for.
const PATIENTS_MAX: usize = 100;
/// Characters of the longest name of a person.
const USER_CHARACTERS_MAX: usize = 200;

/// What is absent or empty leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// From this day on, as it begins in the console's time zone, or from this moment on (RFC 3339).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) from: String,
    /// Before this day or moment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) to: String,
    /// In which this institution takes part.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) institution: String,
    /// Asked by, or for, this AE title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) ae: String,
    /// Asked, done or recorded by this person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) user: String,
    /// For this purpose, as in TREATMENT.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) purpose: String,
    /// Decided so: permit or deny.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) verdict: String,
    /// Entries of this kind, as in transfer-closed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) kind: String,
    /// About the person with these pseudonyms, with commas between them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) patient: String,
}

/// From where on, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Place {
    /// Before this entry: `before` of the answer before.
    pub(super) before: Option<u64>,
    /// At most so many: 1 to 200, 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<usize>,
}

/// Entries of an answer where nobody says how many.
const LIMIT_DEFAULT: usize = 50;
/// The most.
const LIMIT_MAX: usize = 200;

impl Place {
    /// How many at most.
    ///
    /// # Errors
    /// When that is none, or too many.
    pub(super) fn limit(self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        match (1..=LIMIT_MAX).contains(&limit) {
            true => Ok(limit),
            false => Err(Problem::bad(format!("limit: 1 to {LIMIT_MAX}"))),
        }
    }
}

/// What stands after the question mark of an address.
///
/// # Errors
/// When there is something that is not known, twice, or no number where there should be one.
pub(super) fn asked(query: Option<&str>) -> Result<(Filters, Place), Problem> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        let is_known = FIELDS.contains(&name.as_ref());
        if !is_known
            || given
                .insert(name.into_owned(), value.into_owned())
                .is_some()
        {
            return Err(Problem::bad(
                "the address asks for what is not known, or twice",
            ));
        }
    }
    let get = |name: &'static str| given.get(name).map(String::as_str);
    let number = |name: &'static str| match get(name).filter(|text| !text.is_empty()) {
        Some(text) => text.parse().map(Some).map_err(|_| NotUnderstood(name)),
        None => Ok(None),
    };
    let place = Place {
        before: number("before")?,
        limit: number("limit")?.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
    };
    Ok((Filters::of(get), place))
}

/// What may stand there.
const FIELDS: [&str; 11] = [
    "from",
    "to",
    "institution",
    "ae",
    "user",
    "purpose",
    "verdict",
    "kind",
    "patient",
    "before",
    "limit",
];

/// A field that is not understood. What was sent is not told again: it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotUnderstood(pub(super) &'static str);

impl From<NotUnderstood> for Problem {
    fn from(NotUnderstood(field): NotUnderstood) -> Self {
        Self::bad(format!("{field}: not understood"))
    }
}

fn given<T>(
    text: &str,
    field: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, NotUnderstood> {
    match text.trim() {
        "" => Ok(None),
        text => read(text).map(Some).ok_or(NotUnderstood(field)),
    }
}

impl Filters {
    /// The fields of a form by the same names.
    pub(super) fn of<'a>(get: impl Fn(&'static str) -> Option<&'a str>) -> Self {
        let field = |name: &'static str| get(name).unwrap_or_default().to_owned();
        Self {
            from: field("from"),
            to: field("to"),
            institution: field("institution"),
            ae: field("ae"),
            user: field("user"),
            purpose: field("purpose"),
            verdict: field("verdict"),
            kind: field("kind"),
            patient: field("patient"),
        }
    }

    /// Each that is not empty, by its name.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("from", &self.from),
            ("to", &self.to),
            ("institution", &self.institution),
            ("ae", &self.ae),
            ("user", &self.user),
            ("purpose", &self.purpose),
            ("verdict", &self.verdict),
            ("kind", &self.kind),
            ("patient", &self.patient),
        ];
        let all = all.into_iter().map(|(name, value)| (name, value.trim()));
        all.filter(|(_, value)| !value.is_empty())
    }

    /// As it stands after the question mark of an address, with `more`.
    pub(super) fn query(&self, more: &[(&str, String)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.given());
        query.extend_pairs(more);
        query.finish()
    }

    /// What it means; days begin when they do by `face`.
    ///
    /// # Errors
    /// Which field is not understood.
    pub(super) fn read(&self, face: &ClockFace) -> Result<Filter, NotUnderstood> {
        let verdict = |text: &str| {
            let mut all = [Verdict::Permit, Verdict::Deny].into_iter();
            all.find(|verdict| verdict.as_str() == text)
        };
        let kind = |text: &str| Body::KINDS.contains(&text).then(|| text.to_owned());
        let user =
            |text: &str| (text.chars().count() <= USER_CHARACTERS_MAX).then(|| text.to_owned());
        let patients = |text: &str| {
            let all = text.split(',').take(PATIENTS_MAX.saturating_add(1));
            let all: Option<Vec<Pseudonym>> = all.map(|one| one.trim().parse().ok()).collect();
            all.filter(|all| all.len() <= PATIENTS_MAX)
        };
        let moment = |text: &str| face.moment(text);
        Ok(Filter {
            from: given(&self.from, "from", moment)?,
            to: given(&self.to, "to", moment)?,
            patients: given(&self.patient, "patient", patients)?
                .into_iter()
                .flatten()
                .collect(),
            institution: given(&self.institution, "institution", |text| text.parse().ok())?,
            ae: given(&self.ae, "ae", |text| text.parse().ok())?,
            user: given(&self.user, "user", user)?,
            study: None,
            purpose: given(&self.purpose, "purpose", |text| text.parse().ok())?,
            verdict: given(&self.verdict, "verdict", verdict)?,
            kind: given(&self.kind, "kind", kind)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Purpose;

    #[test]
    fn what_is_empty_leaves_nothing_out() {
        let filters = Filters {
            from: "  ".to_owned(),
            ..Filters::default()
        };
        let filter = filters.read(&ClockFace::utc()).unwrap();
        assert_eq!((filter, filters.query(&[])), Default::default());
    }

    #[test]
    fn what_is_asked_for_is_understood_or_named() {
        let patient = "00".repeat(16);
        let two = format!("{patient}, {}", "11".repeat(16));
        let many = vec![patient.as_str(); PATIENTS_MAX + 1].join(",");
        let fields = [
            ("from", "2026-01-31", true),
            ("to", "yesterday", false),
            ("institution", "lakeside", true),
            ("institution", "not a slug", false),
            ("ae", "MODALITY", true),
            ("ae", "longer than sixteen characters", false),
            ("purpose", "EMERGENCY", true),
            ("purpose", "emergency", false),
            ("verdict", "deny", true),
            ("verdict", "maybe", false),
            ("kind", "transfer-closed", true),
            ("kind", "nothing", false),
            ("patient", two.as_str(), true),
            ("patient", "Miller", false),
            ("patient", many.as_str(), false),
        ];
        for (field, text, sound) in fields {
            let filters = Filters::of(|name| (name == field).then_some(text));
            let read = filters.read(&ClockFace::utc());
            assert_eq!(read.is_ok(), sound, "{field} {text}");
            if let Err(NotUnderstood(named)) = read {
                assert_eq!(named, field);
            }
        }
    }

    #[test]
    fn an_address_is_read_or_refused() {
        let read = |query: &str| asked(Some(query));
        let (filters, place) = read("ae=CT+1&before=7&limit=10&user=").unwrap();
        assert_eq!((filters.ae.as_str(), place.before), ("CT 1", Some(7)));
        assert_eq!(place.limit(), Ok(10));
        assert_eq!(asked(None), Ok(Default::default()));
        for query in ["x=1", "ae=A&ae=B", "before=-1", "before=x", "limit=%00"] {
            assert!(read(query).is_err(), "{query}");
        }
        for limit in ["0", "201", "18446744073709551615"] {
            let (_, place) = read(&format!("limit={limit}")).unwrap();
            assert!(place.limit().is_err(), "{limit}");
        }
    }

    #[test]
    fn an_address_says_the_same_again() {
        let filters = Filters {
            user: "Dr. O'Neil & Co".to_owned(),
            purpose: "RESEARCH".to_owned(),
            ..Filters::default()
        };
        let query = filters.query(&[("before", "17".to_owned())]);
        assert_eq!(query, "user=Dr.+O%27Neil+%26+Co&purpose=RESEARCH&before=17");
        let filter = filters.read(&ClockFace::utc()).unwrap();
        assert_eq!(filter.purpose, Some(Purpose::Research));
    }
}
