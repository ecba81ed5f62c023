//! One loaded set of certificate, key, authorities and lists: how we show ourselves, and whom we
//! believe. It does not change; a newer one takes its place.
//!
//! The profile is PS3.15 §B.12 (BCP 195: RFC 8996, RFC 9325): TLS 1.3 preferred, TLS 1.2 with ECDHE
//! and AEAD only, no renegotiation, no compression. Sessions are not resumed: a resumed one would go
//! on under a certificate that has expired or been revoked since.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::UnixTime;
use rustls::server::NoServerSessionStorage;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::TLS12;
use rustls::version::TLS13;

use super::Shown;
use super::files;
use super::files::TlsError;
use crate::certificate::Certificate;
use crate::certificate::Updates;
use crate::config::ClientCertificate;
use crate::config::Config;
use crate::config::TlsIdentity;
use crate::contract::InstitutionSlug;
use crate::time::UtcMicros;

/// A loaded set.
pub struct Trust {
    required: Option<Arc<ServerConfig>>,
    optional: Option<Arc<ServerConfig>>,
    houses: BTreeMap<InstitutionSlug, House>,
    own: Vec<Certificate>,
    terms: Vec<Term>,
}

/// Something that comes to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What, and in which file.
    pub what: String,
    /// When.
    pub ends: UtcMicros,
    /// Of a list of revoked certificates: when it was issued.
    pub issued: Option<UtcMicros>,
}

/// Of a list's time, the part at whose beginning the next one is late. Lists live for hours or days, and
/// their end is always near.
const LATE: i64 = 10;

/// What is believed about one institution.
#[derive(Clone)]
struct House {
    verifier: Arc<dyn ClientCertVerifier>,
    client: Arc<ClientConfig>,
}

/// Authorities, and the lists of what they have revoked.
struct Anchors<'a> {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    crls: &'a [CertificateRevocationListDer<'static>],
    crl_required: bool,
}

/// Our certificate with its key.
struct Own {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    path: PathBuf,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl Trust {
    /// Reads the files of `config`, whose own certificate is `identity`.
    pub(super) fn load(config: &Config, identity: &TlsIdentity) -> Result<Self, TlsError> {
        let mut terms = Vec::new();
        let own = Own {
            chain: files::chain(&identity.certificate)?,
            key: files::key(&identity.key)?,
            path: identity.certificate.clone(),
        };
        let mut certificates = Vec::new();
        for der in &own.chain {
            let read = Certificate::read(der).map_err(|_| own.unusable("a certificate in it"))?;
            terms.push(Term::of(&read, "certificate", &own.path));
            certificates.push(read);
        }
        let crls = crls(&config.tls.crls, &mut terms)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let anchors = |roots: RootCertStore| Anchors {
            provider: Arc::clone(&provider),
            roots: Arc::new(roots),
            crls: &crls,
            crl_required: config.tls.crl_required,
        };
        let common = store(&config.tls.authorities, &mut terms)?;
        let mut all = common.clone();
        let shared = match common.is_empty() {
            true => None,
            false => Some(anchors(common).house(&own)?),
        };
        let mut houses = BTreeMap::new();
        for house in config.institutions.values() {
            if !house.authorities.is_empty() {
                let roots = store(&house.authorities, &mut terms)?;
                all.roots.extend(roots.roots.iter().cloned());
                houses.insert(house.slug.clone(), anchors(roots).house(&own)?);
            } else if let Some(shared) = &shared {
                houses.insert(house.slug.clone(), shared.clone());
            }
        }
        let all = anchors(all);
        let server = |wanted| match (all.roots.is_empty(), wanted) {
            (true, ClientCertificate::Required) => Ok(None),
            (_, wanted) => all.server(&own, wanted).map(Some),
        };
        Ok(Self {
            required: server(ClientCertificate::Required)?,
            optional: server(ClientCertificate::Optional)?,
            houses,
            own: certificates,
            terms,
        })
    }

    /// For a handshake that a peer begins.
    pub(super) fn server(&self, wanted: ClientCertificate) -> Option<Arc<ServerConfig>> {
        match wanted {
            ClientCertificate::Required => self.required.clone(),
            ClientCertificate::Optional => self.optional.clone(),
        }
    }

    /// For a handshake that we begin with a peer of this institution.
    pub(super) fn client(&self, institution: &InstitutionSlug) -> Option<Arc<ClientConfig>> {
        let house = self.houses.get(institution)?;
        Some(Arc::clone(&house.client))
    }

    /// Whether an authority that is believed about `institution` issued this certificate, now.
    pub fn believes(&self, institution: &InstitutionSlug, shown: &Shown) -> bool {
        let Some((leaf, between)) = shown.chain.split_first() else {
            return false;
        };
        self.houses.get(institution).is_some_and(|house| {
            let verified = house
                .verifier
                .verify_client_cert(leaf, between, UnixTime::now());
            verified.is_ok()
        })
    }

    /// Our certificate, and those between it and an authority.
    pub fn own(&self) -> &[Certificate] {
        &self.own
    }

    /// All that ends some day: certificates, authorities, lists.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }
}

/// For a handshake with a server that is no peer: who it is, these authorities say, and we show
/// nothing of ourselves.
pub(in crate::transport) fn believing(
    authorities: &[PathBuf],
) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = store(authorities, &mut Vec::new())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Anchors::unusable)?;
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}

impl Anchors<'_> {
    fn unusable(problem: impl std::fmt::Display) -> TlsError {
        TlsError::Unusable {
            path: "authorities and lists".into(),
            problem: problem.to_string(),
        }
    }

    /// Verifies requestors. Where nobody is believed, nobody is asked for a certificate.
    fn requestors(
        &self,
        wanted: ClientCertificate,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        if self.roots.is_empty() && wanted == ClientCertificate::Optional {
            return Ok(WebPkiClientVerifier::no_client_auth());
        }
        let mut builder = WebPkiClientVerifier::builder_with_provider(
            Arc::clone(&self.roots),
            Arc::clone(&self.provider),
        )
        .with_crls(self.crls.iter().cloned());
        builder = if self.crl_required {
            builder.enforce_revocation_expiration()
        } else {
            builder.allow_unknown_revocation_status()
        };
        match wanted {
            ClientCertificate::Required => {}
            ClientCertificate::Optional => builder = builder.allow_unauthenticated(),
        }
        builder.build().map_err(Self::unusable)
    }

    fn server(&self, own: &Own, wanted: ClientCertificate) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| own.unusable(error))?
            .with_client_cert_verifier(self.requestors(wanted)?)
            .with_single_cert(own.chain.clone(), own.key.clone_key())
            .map_err(|error| own.unusable(error))?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// What is believed about an institution with these authorities.
    fn house(&self, own: &Own) -> Result<House, TlsError> {
        let mut builder = WebPkiServerVerifier::builder_with_provider(
            Arc::clone(&self.roots),
            Arc::clone(&self.provider),
        )
        .with_crls(self.crls.iter().cloned());
        builder = if self.crl_required {
            builder.enforce_revocation_expiration()
        } else {
            builder.allow_unknown_revocation_status()
        };
        let acceptors = builder.build().map_err(Self::unusable)?;
        let mut client = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| own.unusable(error))?
            .with_webpki_verifier(acceptors)
            .with_client_auth_cert(own.chain.clone(), own.key.clone_key())
            .map_err(|error| own.unusable(error))?;
        client.resumption = Resumption::disabled();
        Ok(House {
            verifier: self.requestors(ClientCertificate::Required)?,
            client: Arc::new(client),
        })
    }
}

impl Own {
    fn unusable(&self, problem: impl std::fmt::Display) -> TlsError {
        TlsError::Unusable {
            path: self.path.clone(),
            problem: problem.to_string(),
        }
    }
}

impl Term {
    /// Whether its end is to be told now: what a person must renew, `warning` ahead; a list, which is
    /// issued anew all the time, when its next issue is late.
    pub fn is_due(&self, now: UtcMicros, warning: Duration) -> bool {
        let warning = i64::try_from(warning.as_micros()).unwrap_or(i64::MAX);
        let ahead = self.issued.map_or(warning, |issued| {
            let lasts = self.ends.0.saturating_sub(issued.0).max(0);
            warning.min(lasts / LATE)
        });
        self.ends <= now.plus(ahead)
    }

    fn of(certificate: &Certificate, kind: &str, path: &std::path::Path) -> Self {
        Self {
            what: format!("{kind} {} in {}", certificate.subject, path.display()),
            ends: certificate.not_after,
            issued: None,
        }
    }
}

/// The authorities in these files.
fn store(paths: &[PathBuf], terms: &mut Vec<Term>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for path in paths {
        for der in files::authorities(path)? {
            let unusable = |problem: String| TlsError::Unusable {
                path: path.clone(),
                problem,
            };
            let read = Certificate::read(&der).map_err(|error| unusable(error.to_string()))?;
            terms.push(Term::of(&read, "authority", path));
            roots
                .add(der)
                .map_err(|error| unusable(error.to_string()))?;
        }
    }
    Ok(roots)
}

/// The lists in these files.
fn crls(
    paths: &[PathBuf],
    terms: &mut Vec<Term>,
) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let mut lists = Vec::new();
    for path in paths {
        for list in files::crls(path)? {
            let updates = Updates::read(&list).map_err(|_| TlsError::Nothing {
                path: path.clone(),
                what: "list of revoked certificates that can be read",
            })?;
            terms.extend(updates.next.map(|ends| Term {
                what: format!("list of revoked certificates in {}", path.display()),
                ends,
                issued: Some(updates.this),
            }));
            lists.push(list);
        }
    }
    Ok(lists)
}
