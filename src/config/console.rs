//! Where people and their tools ask the gateway: the console and the API.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::CertificateName;
use crate::config::Oidc;
use crate::config::PeerName;
use crate::config::TlsIdentity;
use crate::config::WebUrl;
use crate::config::consistency::known;
use crate::config::consistency::unique;
use crate::config::reading::Readable;
use crate::config::reading::Reading;
use crate::config::reading::Section;
use crate::config::secret::SecretFile;
use crate::config::url::Https;
use crate::config::whole;
use crate::contract::Role;

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
    /// In which zone times are told on pages; absent: in that of the machine.
    pub time_zone: Option<String>,
    /// Programs that ask with a certificate.
    pub machines: Vec<ConsoleMachine>,
    /// The identity provider by which people sign in.
    pub oidc: Option<Oidc>,
}

/// `[[console_machine]]`: a program that shows a certificate in place of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleMachine {
    /// The name that the ledger has.
    pub name: PeerName,
    /// What its certificate is known by; an authority of our own institution must have issued it.
    pub certificate: CertificateName,
    /// As what it counts.
    pub roles: BTreeSet<Role>,
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

impl Readable for Role {
    const ALLOWED: &'static str = "pacs-admin, compliance, auditor, patient-desk or rule-approver";

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("{text:?} is not a role"))
    }
}

impl ConsoleMachine {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let name = section.required("name");
        let certificate = section.required("certificate");
        let roles = section.required_list::<Role>("roles");
        Some(Self {
            name: name?,
            certificate: certificate?,
            roles: roles?.into_iter().collect(),
        })
    }

    /// Certificates are shown to a console with TLS; names and certificates are those of one machine.
    pub(super) fn check(rows: &[Option<Self>], console: &Console, reading: &mut Reading<'_>) {
        let path = |number: usize, key: &str| format!("console_machine[{number}].{key}");
        let names = known(rows).map(|(number, row)| (path(number, "name"), row.name.as_str()));
        unique(reading, names);
        let shown =
            known(rows).map(|(number, row)| (path(number, "certificate"), &row.certificate));
        unique(reading, shown);
        if console.identity.is_none() && !reading.has("console.certificate") {
            for (number, _) in known(rows) {
                let problem = "is shown by TLS, and [console] has no certificate";
                let allowed = "`certificate` and `key` in [console]";
                reading.fault(&path(number, "certificate"), problem, allowed);
            }
        }
    }
}

impl Console {
    /// `None` only when a fault was noted.
    pub(super) fn read(reading: &mut Reading<'_>, base_dir: &Path) -> Option<Self> {
        let console = reading.table("console", |section| Self::read_table(section, base_dir));
        let machines = reading.rows("console_machine", ConsoleMachine::read);
        ConsoleMachine::check(&machines, &console, reading);
        let oidc = reading.table("oidc", |section| Oidc::read(section, base_dir));
        Oidc::check(oidc.as_ref(), &console, reading);
        Some(Self {
            machines: whole(machines)?,
            oidc,
            ..console
        })
    }

    fn read_table(section: &mut Section<'_, '_>, base_dir: &Path) -> Self {
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
        let url = section.optional("url").map(|Https(url)| url);
        if url.as_ref().is_some_and(|url| !url.prefix().is_empty()) {
            let problem = "has a path, and pages lead to addresses without it";
            section.fault("url", problem, "https://host:port");
        }
        let seconds = Duration::from_secs;
        Self {
            listen,
            identity: certificate.zip(key).map(|(certificate, key)| TlsIdentity {
                certificate: base_dir.join(certificate),
                key: key.within(base_dir),
            }),
            url,
            metrics: section.optional("metrics").unwrap_or_default(),
            session_idle: section.seconds("session_idle_s", seconds(900), 60..=86_400),
            session: section.seconds("session_s", seconds(36_000), 60..=604_800),
            sessions_max: section.number("sessions_max", 256, 1..=65_536),
            request: section.seconds("request_s", seconds(30), 1..=300),
            connections_max: section.number("connections_max", 64, 1..=4_096),
            body_bytes_max: section.number("body_bytes_max", 1_048_576, 65_536..=16_777_216),
            time_zone: section.optional("time_zone"),
            machines: Vec::new(),
            oidc: None,
        }
    }
}
