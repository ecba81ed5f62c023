//! X.509: what a certificate or a list of revoked ones says, and an authority of one's own for a
//! trial. Whether a certificate is to be believed is for `transport` to verify.

mod authority;

use std::collections::BTreeSet;
use std::net::IpAddr;

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::prelude::X509Certificate;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::time::ASN1Time;

pub use authority::Authority;
pub use authority::AuthorityError;
pub use authority::Issued;

use crate::config::CertificateName;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// Names of one certificate that are read; the rest is left out.
const NAMES_MAX: usize = 256;

/// Characters of a subject that are shown.
const SUBJECT_CHARACTERS_MAX: usize = 200;

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// All that it is known by: its key, and its subject alternative names.
    pub names: BTreeSet<CertificateName>,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub key: Sha256,
    /// Its subject, as RFC 4514 writes one; no more than 200 characters, none of them a control.
    pub subject: String,
    /// Its issuer, written alike.
    pub issuer: String,
    /// From when it counts.
    pub not_before: UtcMicros,
    /// Until when it counts.
    pub not_after: UtcMicros,
}

/// DER that is no certificate, or no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the DER of X.509")]
pub struct NotX509;

impl Certificate {
    /// Reads the DER of a certificate.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(der: &[u8]) -> Result<Self, NotX509> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| NotX509)?;
        let key = Sha256::of(&[certificate.public_key().raw]);
        let mut names = BTreeSet::from([CertificateName::Key(key)]);
        // Twice the same extension is no X.509 (RFC 5280 §4.2).
        let alternative = certificate
            .subject_alternative_name()
            .map_err(|_| NotX509)?;
        let listed = alternative
            .iter()
            .flat_map(|list| &list.value.general_names);
        names.extend(listed.filter_map(name).take(NAMES_MAX));
        let validity = certificate.validity();
        Ok(Self {
            names,
            key,
            subject: shown(&certificate.subject().to_string()),
            issuer: shown(&certificate.issuer().to_string()),
            not_before: moment(validity.not_before),
            not_after: moment(validity.not_after),
        })
    }
}

/// When a list of revoked certificates was issued and when its next issue is due: until then it tells
/// all (RFC 5280 §5.1.2.4 and §5.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Updates {
    /// thisUpdate.
    pub this: UtcMicros,
    /// nextUpdate; `None`: it does not say.
    pub next: Option<UtcMicros>,
}

impl Updates {
    /// Of the list in this DER.
    ///
    /// # Errors
    /// When it is no such list.
    pub fn read(der: &[u8]) -> Result<Self, NotX509> {
        let (_, list) = CertificateRevocationList::from_der(der).map_err(|_| NotX509)?;
        Ok(Self {
            this: moment(list.last_update()),
            next: list.next_update().map(moment),
        })
    }
}

fn name(general: &GeneralName<'_>) -> Option<CertificateName> {
    match general {
        GeneralName::DNSName(name) => Some(CertificateName::Dns(name.to_ascii_lowercase())),
        GeneralName::URI(uri) => Some(CertificateName::Uri((*uri).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = address.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            Some(CertificateName::Ip(address.ok()?.to_canonical()))
        }
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

fn moment(time: ASN1Time) -> UtcMicros {
    UtcMicros(time.timestamp().saturating_mul(1_000_000))
}

/// What a stranger wrote, made fit for one line.
fn shown(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(SUBJECT_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Day;

    #[test]
    fn a_certificate_tells_its_key_its_names_and_its_time() {
        let day = Day(20_000);
        let authority = Authority::new("st-anna", day, 10).unwrap();
        let names = [
            CertificateName::Dns("gw.lakeside.example".to_owned()),
            CertificateName::Ip("10.9.0.7".parse().unwrap()),
            CertificateName::Ip("fd00::7".parse().unwrap()),
            CertificateName::Uri("urn:oid:2.999.1".to_owned()),
        ];
        let issued = authority.issue("gw", &names, day, 10).unwrap();
        let read = Certificate::read(&issued.der).unwrap();
        assert!(names.iter().all(|name| read.names.contains(name)));
        assert_eq!(read.names.len(), 5);
        assert!(read.names.contains(&CertificateName::Key(read.key)));
        assert_eq!(read.subject, "CN=gw");
        assert_eq!(read.issuer, "CN=Credence trial authority of st-anna");
        assert_eq!(read.not_before.day(), Day(19_999));
        assert_eq!(read.not_after.day(), Day(20_010));
    }

    #[test]
    fn an_authority_that_is_opened_again_goes_on() {
        let day = Day(20_000);
        let authority = Authority::new("st-anna", day, 10).unwrap();
        let again = Authority::open("st-anna", authority.key_pem(), day, 10).unwrap();
        let first = Certificate::read(&authority.certificate().der).unwrap();
        let later = again.issue("ct1", &[], day, 10).unwrap();
        let later = Certificate::read(&later.der).unwrap();
        assert_eq!(later.issuer, first.subject);
        let renewed = Certificate::read(&again.certificate().der).unwrap();
        assert_eq!(renewed.key, first.key);
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        for bytes in [&b""[..], b"abc", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(Certificate::read(bytes), Err(NotX509));
            assert_eq!(Updates::read(bytes), Err(NotX509));
        }
    }
}
