//! A private authority and certificates under it, for a trial: so that a pilot begins with TLS, before
//! the hospital's own authority has answered.

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::SanType;

use crate::config::CertificateName;
use crate::time::Day;

/// An authority: a key (ECDSA P-256), and a certificate that it signs itself.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    key_pem: String,
    certificate: Issued,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(..)")
    }
}

/// A certificate, and its key where that was made with it.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub der: Vec<u8>,
    /// The same as PEM.
    pub pem: String,
    /// Its private key as PEM (PKCS#8); empty for an authority's.
    pub key_pem: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issued(..)")
    }
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a certificate: {0}")]
pub struct AuthorityError(#[from] rcgen::Error);

impl Authority {
    /// A new authority of `institution`, from the day before `today` on for `days`.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(institution: &str, today: Day, days: u16) -> Result<Self, AuthorityError> {
        Self::with(KeyPair::generate()?, institution, today, days)
    }

    /// The authority whose key this is.
    ///
    /// # Errors
    /// When it is no PEM of a private key.
    pub fn open(
        institution: &str,
        key_pem: &str,
        today: Day,
        days: u16,
    ) -> Result<Self, AuthorityError> {
        Self::with(KeyPair::from_pem(key_pem)?, institution, today, days)
    }

    fn with(
        key: KeyPair,
        institution: &str,
        today: Day,
        days: u16,
    ) -> Result<Self, AuthorityError> {
        let name = format!("Credence trial authority of {institution}");
        let mut params = lasting(&name, today, days);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        let certificate = Issued {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            key_pem: String::new(),
        };
        Ok(Self {
            params,
            key_pem: key.serialize_pem(),
            key,
            certificate,
        })
    }

    /// Its private key as PEM (PKCS#8).
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Its own certificate.
    pub const fn certificate(&self) -> &Issued {
        &self.certificate
    }

    /// A certificate for both ends of a connection, with a new key.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn issue(
        &self,
        common_name: &str,
        names: &[CertificateName],
        today: Day,
        days: u16,
    ) -> Result<Issued, AuthorityError> {
        self.certify(&KeyPair::generate()?, common_name, names, today, days)
    }

    /// The same for a key that is there (PEM).
    ///
    /// # Errors
    /// When it is no PEM of a private key, or a name cannot stand in a certificate.
    pub fn issue_for(
        &self,
        key_pem: &str,
        common_name: &str,
        names: &[CertificateName],
        today: Day,
        days: u16,
    ) -> Result<Issued, AuthorityError> {
        let key = KeyPair::from_pem(key_pem)?;
        self.certify(&key, common_name, names, today, days)
    }

    fn certify(
        &self,
        key: &KeyPair,
        common_name: &str,
        names: &[CertificateName],
        today: Day,
        days: u16,
    ) -> Result<Issued, AuthorityError> {
        let mut params = lasting(common_name, today, days);
        for name in names {
            let name = match name {
                CertificateName::Key(_) => continue,
                CertificateName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
                CertificateName::Ip(address) => SanType::IpAddress(*address),
                CertificateName::Uri(uri) => SanType::URI(uri.as_str().try_into()?),
            };
            params.subject_alt_names.push(name);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(key, &issuer)?;
        Ok(Issued {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

/// A certificate's name and time: from the day before, as clocks differ.
fn lasting(common_name: &str, today: Day, days: u16) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let date = |days: i32| {
        let (year, month, day) = Day(today.0.saturating_add(days)).ymd();
        rcgen::date_time_ymd(year, month, day)
    };
    params.not_before = date(-1);
    params.not_after = date(i32::from(days));
    params
}
