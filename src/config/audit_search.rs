//! Who may search the ledger by HTTPS.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use crate::config::CertificateName;
use crate::config::Tls;
use crate::config::reading::Reading;
use crate::config::reading::Section;

/// `[audit_search]`: AuditEvents for those who ask (IHE ITI-81), by HTTPS with certificates on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSearch {
    /// Where they ask; absent: nobody is answered.
    pub listen: Option<SocketAddr>,
    /// Who may: what their certificates are known by.
    pub readers: BTreeSet<CertificateName>,
    /// They are told who the patients are; else pseudonyms.
    pub identified: bool,
    /// One request, from its first byte to its last.
    pub request: Duration,
    /// Connections at the same time; each may have one search under way.
    pub connections_max: usize,
}

impl AuditSearch {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let listen = section.optional("listen");
        let readers: Option<Vec<CertificateName>> = section.optional_list("readers");
        if listen.is_some() && !section.has("readers") {
            let allowed = "the certificates of those who may search";
            section.fault("readers", "is missing beside listen", allowed);
        }
        Self {
            listen,
            readers: readers.unwrap_or_default().into_iter().collect(),
            identified: section.flag("identified", false),
            request: section.seconds("request_s", Duration::from_secs(10), 1..=300),
            connections_max: section.number("connections_max", 8, 1..=64),
        }
    }

    /// It is by TLS.
    pub(super) fn check(&self, tls: &Tls, reading: &mut Reading<'_>) {
        let listens = self.listen.map(|_| "audit_search.listen".to_owned());
        tls.demanded(listens.into_iter(), reading);
    }
}
