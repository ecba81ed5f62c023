//! How long details are kept: a number of years, and other numbers where the law differs.

use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::contract::Epoch;
use crate::contract::InstitutionSlug;
use crate::time::Day;

/// Years that details are kept by default (HIPAA, 45 CFR 164.316(b)(2)(i): six).
const YEARS_DEFAULT: u16 = 6;

/// Longest time that can be configured, in years.
const YEARS_MAX: u16 = 200;

/// The class of what no row of `[[retention_class]]` speaks of.
pub const CLASS_DEFAULT: &str = "default";

/// `[retention]`, and its classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Years that details are kept, counted from the end of the calendar year.
    pub years: u16,
    /// Where it is another number; the first that fits counts.
    pub classes: Vec<RetentionClass>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            years: YEARS_DEFAULT,
            classes: Vec::new(),
        }
    }
}

/// `[[retention_class]]`: details that are kept for another number of years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionClass {
    /// What its epochs are called by.
    pub name: ClassName,
    /// Years that they are kept.
    pub years: u16,
    /// Only of patients of this institution.
    pub institution: Option<InstitutionSlug>,
    /// Only of patients whose IDs this issuer assigned.
    pub issuer: Option<String>,
    /// Only of studies with one of these modalities; empty: of all.
    pub modalities: Vec<String>,
}

/// The name of a retention class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassName(Box<str>);

impl ClassName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ClassName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Readable for ClassName {
    const ALLOWED: &'static str = "a name of 1 to 40 of a-z, 0-9 and '-', but not default";

    fn read(text: &str) -> Result<Self, String> {
        if text == CLASS_DEFAULT || Epoch::of(Day(0), text).is_none() {
            return Err(format!("{text:?} is no name of a retention class"));
        }
        Ok(Self(text.into()))
    }
}

impl RetentionClass {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let name = section.required("name");
        let years = section.required_number("years", 0..=YEARS_MAX);
        let institution = section.optional("institution");
        let issuer = section.optional("issuer");
        let modalities = section.optional_list("modalities").unwrap_or_default();
        Some(Self {
            name: name?,
            years: years?,
            institution,
            issuer,
            modalities,
        })
    }

    fn holds(&self, custodian: &InstitutionSlug, issuer: &str, modalities: &[String]) -> bool {
        let shares = || modalities.iter().any(|one| self.modalities.contains(one));
        self.institution
            .as_ref()
            .is_none_or(|only| only == custodian)
            && self.issuer.as_ref().is_none_or(|only| only == issuer)
            && (self.modalities.is_empty() || shares())
    }
}

impl Retention {
    /// The years of the table; `classes` are rows of their own.
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            years: section.number("years", YEARS_DEFAULT, 0..=YEARS_MAX),
            classes: Vec::new(),
        }
    }

    /// The class of details about a patient of `custodian`.
    pub fn class_of(
        &self,
        custodian: &InstitutionSlug,
        issuer: &str,
        modalities: &[String],
    ) -> &str {
        let mut classes = self.classes.iter();
        let found = classes.find(|class| class.holds(custodian, issuer, modalities));
        found.map_or(CLASS_DEFAULT, |class| class.name.as_str())
    }

    /// Every class, and how many years its details are kept.
    pub fn all(&self) -> impl Iterator<Item = (&str, u16)> {
        let classes = self.classes.iter();
        let classes = classes.map(|class| (class.name.as_str(), class.years));
        std::iter::once((CLASS_DEFAULT, self.years)).chain(classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retention() -> Retention {
        let class = |name: &str, years| RetentionClass {
            name: ClassName::read(name).unwrap(),
            years,
            institution: None,
            issuer: None,
            modalities: Vec::new(),
        };
        let lakeside = RetentionClass {
            institution: Some("lakeside".parse().unwrap()),
            ..class("lakeside", 10)
        };
        let plans = RetentionClass {
            modalities: vec!["RTPLAN".to_owned(), "RTDOSE".to_owned()],
            ..class("plans", 30)
        };
        let children = RetentionClass {
            issuer: Some("CHILDREN".to_owned()),
            ..class("children", 28)
        };
        Retention {
            years: 6,
            classes: vec![plans, children, lakeside],
        }
    }

    #[test]
    fn the_first_class_that_fits_counts() {
        let retention = retention();
        let (lakeside, hill) = ("lakeside".parse().unwrap(), "hill".parse().unwrap());
        let plan = ["CT".to_owned(), "RTPLAN".to_owned()];
        assert_eq!(retention.class_of(&lakeside, "CHILDREN", &plan), "plans");
        assert_eq!(retention.class_of(&lakeside, "CHILDREN", &[]), "children");
        assert_eq!(retention.class_of(&lakeside, "", &[]), "lakeside");
        assert_eq!(retention.class_of(&hill, "", &[]), "default");
        let all: Vec<_> = retention.all().collect();
        assert_eq!(all[..2], [("default", 6), ("plans", 30)]);
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn a_class_is_not_called_default() {
        for bad in ["default", "", "Upper", "a/b"] {
            assert!(ClassName::read(bad).is_err(), "{bad}");
        }
    }
}
