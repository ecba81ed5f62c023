//! How FHIR names what the gateway knows: institutions, issuers of Patient IDs, policies.

use crate::config::reading::Readable;
use crate::config::reading::Section;

/// `[fhir]`: what is relied on when Consents are imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fhir {
    /// URIs of policies whose text somebody has read and found to say no more than the provisions
    /// of Consents that name them.
    pub policies: Vec<FhirName>,
}

/// `[[issuer]]`: whose Patient IDs the identifiers of one system are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// `Identifier.system`.
    pub system: FhirName,
    /// Issuer of Patient ID (0010,0021) in data sets; absent where they name none.
    pub issuer: Option<String>,
}

/// A FHIR reference, URI or `system|value`: 1 to 255 printable ASCII characters without spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FhirName(String);

/// Characters in the longest of them.
const NAME_CHARACTERS_MAX: usize = 255;

impl FhirName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for FhirName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Readable for FhirName {
    const ALLOWED: &'static str =
        "a FHIR reference, URI or system|value: 1 to 255 printable ASCII characters, no spaces";

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > NAME_CHARACTERS_MAX {
            return Err(format!("has {} characters", text.len()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{text:?} has a space or a character outside ASCII"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Fhir {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            policies: section.optional_list("policies").unwrap_or_default(),
        }
    }
}

impl Issuer {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let system = section.required("system");
        let issuer = section.optional("issuer");
        Some(Self {
            system: system?,
            issuer,
        })
    }
}
