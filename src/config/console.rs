//! Where people and their tools ask the gateway: the console and the API.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::TlsIdentity;
use crate::config::WebUrl;
use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::config::secret::SecretFile;
use crate::config::url::Https;

/// `[console]`: pages and `/api/v1` for people, by HTTP on this machine or by HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Where it listens; absent: nowhere but on the socket in `data_dir`.
    pub listen: Option<SocketAddr>,
    /// Its certificate; absent: HTTP, which is for this machine alone.
    pub identity: Option<TlsIdentity>,
    /// Where browsers reach it, if that is elsewhere than `listen`.
    pub url: Option<WebUrl>,
    /// Who may read `/metrics`.
    pub metrics: MetricsFor,
    /// A session ends after so long without a request,
    pub session_idle: Duration,
    /// and after so long in any case.
    pub session: Duration,
    /// Sessions at the same time; one more ends the one that was silent longest.
    pub sessions_max: usize,
    /// One request, from its first byte to its last.
    pub request: Duration,
    /// Connections at the same time.
    pub connections_max: usize,
    /// Bytes of the longest request.
    pub body_bytes_max: usize,
    /// In whose words times are told on pages.
    pub time_zone: Option<String>,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsFor {
    /// Who shows a token, or is signed in.
    #[default]
    SignedIn,
    /// Everybody who reaches it: what peers there are, and how much they do.
    Everybody,
}

impl Readable for MetricsFor {
    const ALLOWED: &'static str = "\"signed-in\" or \"everybody\"";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "signed-in" => Ok(Self::SignedIn),
            "everybody" => Ok(Self::Everybody),
            other => Err(format!("is {other:?}")),
        }
    }
}

impl Console {
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Self {
        let listen: Option<SocketAddr> = section.optional("listen");
        let certificate = section.optional::<PathBuf>("certificate");
        let key = section.optional::<SecretFile>("key");
        for (one, other) in [("certificate", "key"), ("key", "certificate")] {
            if section.has(one) && !section.has(other) {
                let problem = format!("is missing, and there is `{one}`");
                section.fault(other, problem, "both or none");
            }
        }
        // Passcodes and names of patients would go over the wire in clear.
        if listen.is_some_and(|at| !at.ip().is_loopback()) && !section.has("certificate") {
            let problem = "is reached from other machines, without encryption";
            let allowed = "an address of this machine alone, or `certificate` and `key`";
            section.fault("listen", problem, allowed);
        }
        let seconds = Duration::from_secs;
        Self {
            listen,
            identity: certificate.zip(key).map(|(certificate, key)| TlsIdentity {
                certificate: base_dir.join(certificate),
                key: key.within(base_dir),
            }),
            url: section.optional("url").map(|Https(url)| url),
            metrics: section.optional("metrics").unwrap_or_default(),
            session_idle: section.seconds("session_idle_s", seconds(900), 60..=86_400),
            session: section.seconds("session_s", seconds(36_000), 60..=604_800),
            sessions_max: section.number("sessions_max", 256, 1..=65_536),
            request: section.seconds("request_s", seconds(30), 1..=300),
            connections_max: section.number("connections_max", 64, 1..=4_096),
            body_bytes_max: section.number("body_bytes_max", 1_048_576, 65_536..=16_777_216),
            time_zone: section.optional("time_zone"),
        }
    }
}
