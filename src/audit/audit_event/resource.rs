//! AuditEvent of FHIR R4 (4.0.1), as far as it is written here. Members in the order of the standard.

use std::borrow::Cow;

use serde::Serialize;

/// A FHIR string, which neither is empty nor holds control characters (R4 §2.24.0.1).
pub(super) type Text<'a> = Cow<'a, str>;

/// `text` as a FHIR string: control characters become U+FFFD; `None` where nothing is left to read.
pub(super) fn text(text: &str) -> Option<Text<'_>> {
    let bad = |c: char| c < ' ' && !matches!(c, '\t' | '\r' | '\n');
    if text.trim().is_empty() {
        None
    } else if text.contains(bad) {
        Some(text.replace(bad, "\u{fffd}").into())
    } else {
        Some(text.into())
    }
}

/// One event.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent<'a> {
    pub(super) resource_type: &'static str,
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) meta: Option<Meta>,
    #[serde(rename = "type")]
    pub(super) kind: Coding,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) subtype: Vec<Coding>,
    pub(super) action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) period: Option<Period>,
    pub(super) recorded: String,
    pub(super) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome_desc: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purpose_of_event: Option<[Concept; 1]>,
    pub(super) agent: Vec<Agent<'a>>,
    pub(super) source: Source<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) entity: Vec<Entity<'a>>,
}

impl AuditEvent<'_> {
    /// Its logical id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Meta {
    pub(super) profile: [&'static str; 1],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Coding {
    pub(super) system: &'static str,
    pub(super) code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<&'static str>,
}

/// CodeableConcept.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Concept {
    pub(super) coding: [Coding; 1],
}

impl From<Coding> for Concept {
    fn from(coding: Coding) -> Self {
        Self { coding: [coding] }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Period {
    pub(super) start: String,
    pub(super) end: String,
}

/// A logical reference: what it is about has no address, but an identifier.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Reference<'a> {
    /// The type of resource, where there is one for such a thing.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identifier: Option<Identifier<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<Text<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Identifier<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<Text<'a>>,
    pub(super) value: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) assigner: Option<Box<Reference<'a>>>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Agent<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Concept,
    pub(super) who: Reference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Text<'a>>,
    pub(super) requestor: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network: Option<Network<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purpose_of_use: Option<[Concept; 1]>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Network<'a> {
    /// A machine, by its name.
    Machine {
        address: Text<'a>,
        #[serde(rename = "type")]
        kind: &'static str,
    },
    /// An AE title: no code of network-type fits it.
    Ae { address: Text<'a> },
    /// The ledger does not know.
    Unknown { extension: [Absent; 1] },
}

/// The extension data-absent-reason.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Absent {
    pub(super) url: &'static str,
    pub(super) value_code: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Source<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) site: Option<Text<'a>>,
    pub(super) observer: Reference<'a>,
    #[serde(rename = "type")]
    pub(super) kind: [Coding; 1],
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Entity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) what: Option<Reference<'a>>,
    #[serde(rename = "type")]
    pub(super) kind: Coding,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Coding>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) detail: Vec<Detail<'a>>,
}

/// A fact by name.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) value_string: Text<'a>,
}
