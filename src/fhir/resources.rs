//! The resources of a text: one, a Bundle of them, or one a line (NDJSON).

use serde_json::Value;

use crate::fhir::element::Element;
use crate::fhir::element::Reading;
use crate::fhir::json;

/// Resources of one text, of whatever type.
pub const RESOURCES_MAX: usize = 5_000;

/// The JSON values of a text, with the paths of their faults.
pub(super) struct Texts(Vec<(String, Value)>);

impl Texts {
    /// Reads `text` as one JSON value, else as one a line.
    pub(super) fn parse(text: &str, reading: &mut Reading) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let lines = || {
            let numbered = text.lines().zip(1_usize..);
            numbered.filter(|(line, _)| !line.trim().is_empty())
        };
        let is_by_line = lines().nth(1).is_some()
            && lines()
                .next()
                .is_some_and(|(first, _)| json::parse(first).is_ok());
        let mut values = Vec::new();
        let mut note = |path: String, text: &str| match json::parse(text) {
            Ok(value) => values.push((path, value)),
            Err(error) => reading.fault(path, format!("is not JSON: {error}"), "give FHIR JSON"),
        };
        if is_by_line {
            for (line, number) in lines().take(RESOURCES_MAX.saturating_add(1)) {
                note(format!("line {number}"), line);
            }
        } else {
            note("the text".to_owned(), text);
        }
        Self(values)
    }
}

/// A resource at a path.
#[derive(Clone, Debug)]
pub(super) struct Resource<'v> {
    pub(super) kind: &'v str,
    full_url: Option<&'v str>,
    pub(super) element: Element<'v>,
}

/// Every resource of a text.
pub(super) struct Resources<'v>(Vec<Resource<'v>>);

impl<'v> Resources<'v> {
    pub(super) fn of(texts: &'v Texts, reading: &mut Reading) -> Self {
        let mut all = Vec::new();
        for (path, value) in &texts.0 {
            let Some(element) = Element::of(path.clone(), value, reading) else {
                continue;
            };
            match kind(&element, reading) {
                Some("Bundle") => all.extend(bundled(value, &texts.0, reading)),
                Some(kind) => {
                    let path = match texts.0.len() {
                        1 => kind.to_owned(),
                        _ => format!("{path}: {kind}"),
                    };
                    all.extend(Resource::of(path, value, None, reading));
                }
                None => {}
            }
        }
        if all.len() > RESOURCES_MAX {
            let problem = format!("holds more than {RESOURCES_MAX} resources");
            reading.fault("the text", problem, "give it in several files");
        }
        Self(all)
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Resource<'v>> {
        self.0.iter().filter(move |resource| resource.kind == kind)
    }

    /// What `reference` of the resource `from` points at; `None` also when it could be several.
    pub(super) fn find(
        &self,
        reference: &str,
        from: &Element<'v>,
        reading: &mut Reading,
    ) -> Option<Resource<'v>> {
        let mut found: Vec<Resource<'v>> = match reference.strip_prefix('#') {
            Some(id) => from
                .children("contained", reading)
                .into_iter()
                .filter_map(|element| {
                    let is_meant = element.text("id", reading) == Some(id);
                    is_meant.then(|| Resource::at(element, None, reading))?
                })
                .collect(),
            None => self
                .0
                .iter()
                .filter(|one| one.is(reference))
                .cloned()
                .collect(),
        };
        if found.len() > 1 { None } else { found.pop() }
    }
}

impl<'v> Resource<'v> {
    fn of(
        path: String,
        value: &'v Value,
        full_url: Option<&'v str>,
        reading: &mut Reading,
    ) -> Option<Self> {
        let element = Element::of(path, value, reading)?;
        Self::at(element, full_url, reading)
    }

    fn at(element: Element<'v>, full_url: Option<&'v str>, reading: &mut Reading) -> Option<Self> {
        Some(Self {
            kind: kind(&element, reading)?,
            full_url,
            element,
        })
    }

    /// `reference` names it: by its full URL, or as `Patient/1`.
    fn is(&self, reference: &str) -> bool {
        let id = self.element.text("id", &mut Reading::default());
        let named = |id: &str| reference.split_once('/') == Some((self.kind, id));
        self.full_url == Some(reference) || id.is_some_and(named)
    }

    /// What else it is called: its full URL, and `Organization/1`.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let id = self.element.text("id", &mut Reading::default());
        let relative = id.map(|id| format!("{}/{id}", self.kind));
        relative.into_iter().chain(self.full_url.map(str::to_owned))
    }
}

fn kind<'v>(element: &Element<'v>, reading: &mut Reading) -> Option<&'v str> {
    if !element.has("resourceType") {
        reading.fault(
            &element.path,
            "has no resourceType",
            "give a FHIR R4 resource",
        );
    }
    element.text("resourceType", reading)
}

/// The resources of a Bundle, which stands alone.
fn bundled<'v>(
    value: &'v Value,
    texts: &[(String, Value)],
    reading: &mut Reading,
) -> Vec<Resource<'v>> {
    let Some(bundle) = Element::of("Bundle".to_owned(), value, reading) else {
        return Vec::new();
    };
    if texts.len() > 1 {
        let problem = "stands on a line among others";
        reading.fault("Bundle", problem, "give a Bundle a file of its own");
        return Vec::new();
    }
    if !matches!(
        bundle.text("type", reading),
        Some("collection" | "searchset")
    ) {
        reading.fault(
            bundle.at("type"),
            "is neither collection nor searchset: it asks for changes, or tells of them",
            "give the Consents as they stand, in a Bundle of type collection",
        );
    }
    let mut resources = Vec::new();
    for entry in bundle.children("entry", reading) {
        let full_url = entry.text("fullUrl", reading);
        if let Some(resource) = entry.child("resource", reading) {
            resources.extend(Resource::at(resource, full_url, reading));
        }
    }
    resources
}
