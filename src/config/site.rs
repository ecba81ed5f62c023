//! What the gateway itself is: its institution, its folders, its AE titles, where it listens.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::config::CertificateName;
use crate::config::ClientCertificate;
use crate::config::fhir::FhirName;
use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::config::tls;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::dicom::AeTitle;

/// `[gateway]`: whose gateway this is, and where it keeps what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The institution that runs it.
    pub institution: InstitutionSlug,
    /// Journal, index, keyring and spool.
    pub data_dir: PathBuf,
    /// Signing and wrapping keys; never inside [`Self::data_dir`], whose backups must not hold
    /// them.
    pub keys_dir: PathBuf,
    /// Cedar policies and their schema.
    pub policy_dir: PathBuf,
    /// The numbers of the contract.
    pub credit_file: PathBuf,
    /// Whether decisions bind on routes that do not say so themselves.
    pub mode: Mode,
}

/// Whether decisions bind.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// What is denied is not released.
    #[default]
    Enforce,
    /// Everything is forwarded, and recorded as it would have been judged.
    Observe,
}

impl Mode {
    /// Its name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// `[log]`: what is written to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How each line is written.
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[[listener]]`: an address that peers connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    /// Associations at the same time; one more is rejected (PS3.8 §9.3.4, result 2, source 3,
    /// reason 2).
    pub associations_max: usize,
    /// Connections begin with a TLS handshake.
    pub tls: bool,
    /// Whether requestors must show a certificate in it.
    pub client_certificate: ClientCertificate,
}

/// `[[ae]]`: an AE title of ours that peers call for services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAe {
    /// The called AE title.
    pub title: AeTitle,
    /// For what purpose one calls it; absent, the calling peer's own purpose counts.
    pub purpose: Option<Purpose>,
}

/// `[[institution]]`: a legal entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Institution {
    /// Its short name, in configuration, policies and ledger.
    pub slug: InstitutionSlug,
    /// Its name.
    pub name: String,
    /// Where it is, for patients who ask who got what; `None`: not known.
    pub address: Option<PostalAddress>,
    /// What FHIR resources call it.
    pub fhir: Vec<FhirName>,
    /// What certificates of its systems are known by.
    pub certificates: Vec<CertificateName>,
    /// PEM files of the authorities that are believed about it; empty: those of `[tls]`.
    pub authorities: Vec<PathBuf>,
}

/// An address as people write it on one line: 1 to 200 characters, none of them a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostalAddress(String);

impl PostalAddress {
    /// The line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters of the longest address.
const ADDRESS_CHARACTERS_MAX: usize = 200;

impl Readable for PostalAddress {
    const ALLOWED: &'static str = "an address on one line: 1 to 200 characters";

    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let characters = text.chars().count();
        if !(1..=ADDRESS_CHARACTERS_MAX).contains(&characters) {
            return Err(format!("has {characters} characters"));
        }
        if text.chars().any(char::is_control) {
            return Err("has a control character".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

/// Associations at the same time on one listener, unless it says otherwise.
const ASSOCIATIONS_MAX: usize = 128;

impl Gateway {
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Option<Self> {
        let mut path = |key, default: &str| {
            let path = section.optional::<PathBuf>(key);
            base_dir.join(path.unwrap_or_else(|| default.into()))
        };
        let data_dir = path("data_dir", "data");
        let keys_dir = path("keys_dir", "keys");
        let policy_dir = path("policy_dir", "policy");
        let credit_file = path("credit_file", "credit.toml");
        if keys_dir.starts_with(&data_dir) {
            section.fault(
                "keys_dir",
                "lies within data_dir, whose backups would then hold the keys",
                "a folder outside data_dir",
            );
        }
        if data_dir.starts_with(&keys_dir) {
            section.fault(
                "data_dir",
                "lies within keys_dir, whose backups would then hold the data",
                "a folder outside keys_dir",
            );
        }
        let mode = section.optional("mode").unwrap_or_default();
        Some(Self {
            institution: section.required("institution")?,
            data_dir,
            keys_dir,
            policy_dir,
            credit_file,
            mode,
        })
    }
}

impl Log {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            format: section.optional("format").unwrap_or_default(),
        }
    }
}

impl Listener {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let address = section.required("address");
        let associations_max = section.number("associations_max", ASSOCIATIONS_MAX, 1..=4096);
        let tls = section.flag("tls", false);
        let client_certificate = section.optional("client_certificate").unwrap_or_default();
        if section.has("client_certificate") && !tls {
            section.fault(
                "client_certificate",
                "is part of a TLS handshake",
                "only with tls = true",
            );
        }
        Some(Self {
            address: address?,
            associations_max,
            tls,
            client_certificate,
        })
    }
}

impl OwnAe {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let title = section.required("title");
        let purpose = section.optional("purpose");
        Some(Self {
            title: title?,
            purpose,
        })
    }
}

impl Institution {
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Option<Self> {
        let slug = section.required("slug");
        let name = section.required("name");
        let address = section.optional("address");
        let fhir = section.optional_list("fhir").unwrap_or_default();
        let certificates = section.optional_list("certificates").unwrap_or_default();
        let authorities = tls::paths(section, "authorities", base_dir);
        Some(Self {
            slug: slug?,
            name: name?,
            address,
            fhir,
            certificates,
            authorities,
        })
    }
}

impl Readable for Mode {
    const ALLOWED: &'static str = "enforce or observe";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "observe" => Ok(Self::Observe),
            _ => Err(format!("{text:?} is not a mode")),
        }
    }
}

impl Readable for LogFormat {
    const ALLOWED: &'static str = "text or json";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is not a log format")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_short_line() {
        let address = PostalAddress::read(" Seestraße 1, 8000 Zürich ").unwrap();
        assert_eq!(address.as_str(), "Seestraße 1, 8000 Zürich");
        assert!(PostalAddress::read(&"x".repeat(200)).is_ok());
        for bad in ["", "  ", "Seestrasse 1\n8000", &"x".repeat(201)] {
            assert!(PostalAddress::read(bad).is_err(), "{bad:?}");
        }
    }
}
