//! TLS: certificates and authorities from files, kept up with; handshakes; the stream between.

mod files;
mod handshake;
mod stream;
mod trust;
mod web;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::RwLock;

use rustls::pki_types::CertificateDer;

pub use files::TlsError;
pub use handshake::Acceptor;
pub use handshake::HandshakeError;
pub use handshake::Towards;
pub(super) use stream::TlsStream;
pub use trust::Term;
pub use trust::Trust;
pub(super) use trust::believing;
pub use web::SecureStream;
pub use web::Whom;
pub use web::dial;

use crate::certificate;
use crate::certificate::Certificate;
use crate::config::CertificateName;
use crate::config::ClientCertificate;
use crate::config::Config;
use crate::config::Peer;
use crate::digest::Sha256;
use files::Versions;

/// What is between us and a peer.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// It is encrypted.
    pub tls: bool,
    /// The certificate that the peer showed, verified.
    pub certificate: Option<Arc<Shown>>,
    /// What only the two ends of this connection know (RFC 5705, RFC 8446 §7.5); TLS 1.3 only, where it
    /// depends on the whole handshake.
    pub binding: Option<Sha256>,
}

/// A certificate that a peer showed and that was verified.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What it says of itself.
    pub about: Certificate,
    chain: Vec<CertificateDer<'static>>,
}

impl Shown {
    /// All that it is known by.
    pub const fn names(&self) -> &BTreeSet<CertificateName> {
        &self.about.names
    }
}

/// The certificates in a PEM file of at most 1 MiB.
///
/// # Errors
/// When there is none, or one that cannot be read.
pub fn read_certificates(path: &Path) -> Result<Vec<Certificate>, TlsError> {
    let unusable = |error: certificate::NotX509| TlsError::Unusable {
        path: path.to_owned(),
        problem: error.to_string(),
    };
    let found = files::authorities(path)?.into_iter();
    found
        .map(|der| Certificate::read(&der).map_err(unusable))
        .collect()
}

/// TLS as the configuration has it: what is loaded now, and newer files when they come.
#[derive(Debug)]
pub struct Security {
    config: Config,
    current: RwLock<Arc<Trust>>,
    /// What is loaded, and what was there at the last look.
    versions: Mutex<(Versions, Versions)>,
}

impl Security {
    /// Reads the files of `[tls]`; `None` when it names no certificate of ours.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn load(config: &Config) -> Result<Option<Self>, TlsError> {
        let Some(identity) = &config.tls.identity else {
            return Ok(None);
        };
        let versions = Versions::of(config);
        let trust = Trust::load(config, identity)?;
        Ok(Some(Self {
            config: config.clone(),
            current: RwLock::new(Arc::new(trust)),
            versions: Mutex::new((versions.clone(), versions)),
        }))
    }

    /// What counts for a handshake that begins now.
    pub fn now(&self) -> Arc<Trust> {
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again. Associations that stand go on with what they began with.
    ///
    /// # Errors
    /// When one of them cannot be used; what was loaded before goes on counting.
    pub fn reload(&self) -> Result<(), TlsError> {
        let Some(identity) = &self.config.tls.identity else {
            return Ok(());
        };
        // Held until the new set counts: of two that read at once, the one that read older files could
        // else be the last to put its set in place.
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let found = Versions::of(&self.config);
        // Also when it fails: the same files are not tried again and again.
        *versions = (found.clone(), found);
        let trust = Trust::load(&self.config, identity)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(trust);
        Ok(())
    }

    /// Whether other files are there than were loaded, and have not changed since the last look: a
    /// certificate and its key are written one after the other.
    pub fn has_changed(&self) -> bool {
        let found = Versions::of(&self.config);
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = versions.1 == found;
        versions.1 = found;
        settled && versions.1 != versions.0
    }

    /// How to connect to `peer` by TLS, if that is how it is connected to.
    ///
    /// # Errors
    /// When no authority is believed about its institution.
    pub fn towards(
        security: Option<&Self>,
        peer: &Peer,
    ) -> Result<Option<Towards>, HandshakeError> {
        if !peer.tls {
            return Ok(None);
        }
        let trust = security.map(Self::now);
        let config = trust.and_then(|trust| trust.client(&peer.institution));
        let config = config.ok_or(HandshakeError::NoTrust)?;
        let certificates = security.map(|known| known.config.certificates_of(peer));
        let certificates = certificates.unwrap_or_default().to_vec();
        Ok(Some(Towards::new(config, peer, certificates)))
    }

    /// How a listener begins a connection.
    pub fn acceptor(&self, wanted: ClientCertificate) -> Option<Acceptor> {
        self.now().server(wanted).map(Acceptor::new)
    }
}

#[cfg(test)]
mod tests;
