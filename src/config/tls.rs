//! `[tls]`, and what certificates are known by.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::reading::Readable;
use crate::config::reading::Reading;
use crate::config::reading::Section;
use crate::config::secret::SecretFile;
use crate::digest::Sha256;

/// `[tls]`: our own certificate, whom we trust, and how their files are kept up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Our certificate and its key; `None`: no listener and no peer uses TLS.
    pub identity: Option<TlsIdentity>,
    /// PEM files of authorities whose certificates are believed, for institutions that have none of
    /// their own.
    pub authorities: Vec<PathBuf>,
    /// PEM or DER files of revoked certificates (RFC 5280 §5).
    pub crls: Vec<PathBuf>,
    /// A certificate is refused when no list that has not expired says whether it is revoked.
    pub crl_required: bool,
    /// How long before a certificate ends this is told; of a list, at most so long.
    pub expiry_warning: Duration,
    /// How often files are looked at for changes.
    pub reload: Duration,
}

/// Our certificate, as acceptor and as requestor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// PEM file: our certificate, then those between it and an authority.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: SecretFile,
}

/// What a certificate is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateName {
    /// SHA-256 of its SubjectPublicKeyInfo (RFC 7469 §2.4), which stays the same when a certificate is
    /// renewed with its key.
    Key(Sha256),
    /// A DNS name among its subject alternative names (RFC 5280 §4.2.1.6), in lower case.
    Dns(String),
    /// An IP address among them.
    Ip(IpAddr),
    /// A URI among them.
    Uri(String),
}

/// The name that a peer's certificate must carry when we connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsName(String);

/// Whether a requestor must show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    /// Without one there is no connection.
    #[default]
    Required,
    /// Without one, AE title and address identify a peer, where its row permits that.
    Optional,
}

/// Characters of the longest DNS name.
const DNS_CHARACTERS_MAX: usize = 253;

/// Characters of the longest URI.
const URI_CHARACTERS_MAX: usize = 255;

const DAY_S: u64 = 86_400;

impl Tls {
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Self {
        let certificate = section.optional::<PathBuf>("certificate");
        let key = section.optional::<SecretFile>("key");
        for (one, other) in [("certificate", "key"), ("key", "certificate")] {
            if section.has(one) && !section.has(other) {
                section.fault(
                    other,
                    format!("is missing, and there is `{one}`"),
                    "both or none",
                );
            }
        }
        let identity = certificate.zip(key).map(|(certificate, key)| TlsIdentity {
            certificate: base_dir.join(certificate),
            key: key.within(base_dir),
        });
        let days = section.number("expiry_warning_days", 30, 1..=365);
        let crls = paths(section, "crls", base_dir);
        let crl_required = section.flag("crl_required", false);
        // Without any list the verifier would ask for none.
        if crl_required && crls.is_empty() {
            section.fault(
                "crls",
                "names no list, and `crl_required` is true",
                "a list for each authority, or crl_required = false",
            );
        }
        Self {
            identity,
            authorities: paths(section, "authorities", base_dir),
            crls,
            crl_required,
            expiry_warning: Duration::from_secs(DAY_S.saturating_mul(days)),
            reload: section.seconds("reload_s", Duration::from_secs(10), 1..=3_600),
        }
    }

    /// Notes what stands at `paths` as wrong if there is no certificate of ours: it is by TLS.
    pub(super) fn demanded(&self, paths: impl Iterator<Item = String>, reading: &mut Reading<'_>) {
        // A `certificate` or `key` that is wrong has been told.
        let is_told = reading.has("tls.certificate") || reading.has("tls.key");
        if self.identity.is_some() || is_told {
            return;
        }
        for path in paths {
            let problem = "is by TLS, and [tls] has no certificate";
            reading.fault(&path, problem, "`certificate` and `key` in [tls]");
        }
    }
}

/// The paths of a list that may be absent.
pub(super) fn paths(
    section: &mut Section<'_, '_>,
    key: &'static str,
    base_dir: &Path,
) -> Vec<PathBuf> {
    let list: Option<Vec<PathBuf>> = section.optional_list(key);
    let list = list.unwrap_or_default().into_iter();
    list.map(|path| base_dir.join(path)).collect()
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(digest) => write!(f, "sha256:{digest}"),
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Uri(uri) => write!(f, "uri:{uri}"),
        }
    }
}

impl Readable for CertificateName {
    const ALLOWED: &'static str = "sha256: and the 64 hexadecimal digits of a public key's SHA-256, dns: and a name, ip: and an \
         address, or uri: and a URI";

    fn read(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} names no certificate");
        let (kind, value) = text.split_once(':').ok_or_else(bad)?;
        match kind {
            "sha256" => {
                let digits = value.to_ascii_lowercase();
                digits.parse().map(Self::Key).map_err(|_| bad())
            }
            "dns" if value.starts_with("*.") => Err(format!(
                "{text:?} would be many systems, and a certificate is to name one"
            )),
            "dns" if is_dns_name(value) => Ok(Self::Dns(value.to_ascii_lowercase())),
            "ip" => value
                .parse::<IpAddr>()
                .map(|address| Self::Ip(address.to_canonical()))
                .map_err(|_| bad()),
            "uri" => {
                let graphic = value.bytes().all(|byte| byte.is_ascii_graphic());
                let sound = graphic && value.len() <= URI_CHARACTERS_MAX && value.contains(':');
                sound.then(|| Self::Uri(value.to_owned())).ok_or_else(bad)
            }
            _ => Err(bad()),
        }
    }
}

fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(good)
    };
    text.len() <= DNS_CHARACTERS_MAX && text.split('.').all(label)
}

impl TlsName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Readable for TlsName {
    const ALLOWED: &'static str = "a DNS name or an IP address, as its certificate has it";

    fn read(text: &str) -> Result<Self, String> {
        if text.parse::<IpAddr>().is_ok() || is_dns_name(text) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(format!("{text:?} is neither a DNS name nor an IP address"))
    }
}

impl Readable for ClientCertificate {
    const ALLOWED: &'static str = "required or optional";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "required" => Ok(Self::Required),
            "optional" => Ok(Self::Optional),
            _ => Err(format!("{text:?} says not whether it must be shown")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_known_by_its_key_or_by_one_of_its_names() {
        let digits = "0123456789abcdef".repeat(4);
        for (text, shown) in [
            (format!("sha256:{}", digits.to_uppercase()), None),
            (
                "dns:GW.lakeside.example".to_owned(),
                Some("dns:gw.lakeside.example"),
            ),
            ("ip:10.1.2.3".to_owned(), None),
            ("ip:::ffff:10.1.2.3".to_owned(), Some("ip:10.1.2.3")),
            ("ip:fd00::1".to_owned(), None),
            ("uri:urn:oid:2.999.1".to_owned(), None),
        ] {
            let name = CertificateName::read(&text).unwrap().to_string();
            let expected = shown.map_or_else(|| text.to_ascii_lowercase(), str::to_owned);
            assert_eq!(name, expected);
        }
    }

    #[test]
    fn what_names_no_certificate_or_many_is_refused() {
        for text in [
            "",
            "gw.lakeside.example",
            "sha256:0123",
            "sha1:0123",
            "dns:",
            "dns:a..b",
            "dns:*.lakeside.example",
            "dns:gw lakeside",
            "ip:10.0.0.0/8",
            "ip:gw",
            "uri:",
            "uri:gw",
            "uri:urn:a b",
        ] {
            assert!(CertificateName::read(text).is_err(), "{text}");
        }
        for text in ["", "gw lakeside", "*.example", "10.0.0.1:104"] {
            assert!(TlsName::read(text).is_err(), "{text}");
        }
        assert_eq!(
            TlsName::read("PACS.example").unwrap().as_str(),
            "pacs.example"
        );
    }
}
