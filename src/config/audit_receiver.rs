//! Whom the ledger is told to as it grows.

use std::time::Duration;

use crate::config::HostPort;
use crate::config::PeerName;
use crate::config::Tls;
use crate::config::WebUrl;
use crate::config::consistency::known;
use crate::config::consistency::unique;
use crate::config::reading::Readable;
use crate::config::reading::Reading;
use crate::config::reading::Section;
use crate::config::url::Http;
use crate::config::url::Https;

/// `[[audit_receiver]]`: an audit record repository (IHE ITI TF-1 §9, actor of ATNA).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReceiver {
    /// Its name in logs, alerts and the data folder; unique.
    pub name: PeerName,
    /// Where it is, and in which format it is told.
    pub to: AuditTo,
    /// It is told who the patients are; else their pseudonyms. By TLS only.
    pub identified: bool,
    /// From where on it is told, at first.
    pub since: Since,
    /// The MSGID of syslog messages.
    pub message_id: MessageId,
    /// Between two looks at the ledger.
    pub interval: Duration,
    /// For one step: to connect, to take a message, to answer.
    pub answer: Duration,
    /// Between two tries, at the longest.
    pub retry_max: Duration,
    /// Alert people when it has not taken what it is due for so long.
    pub behind_alert: Duration,
}

/// Where a receiver is, and what it is told there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditTo {
    /// DICOM audit messages by syslog, by TLS (RFC 5425).
    Tls(HostPort),
    /// The same by TCP (RFC 6587 §3.4.1).
    Tcp(HostPort),
    /// The same by UDP (RFC 5426).
    Udp(HostPort),
    /// AuditEvents, to a FHIR server (ITI-20, FHIR Feed).
    Fhir(WebUrl),
}

/// From where on a receiver is told that was told nothing yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Since {
    /// From the ledger's first entry on.
    #[default]
    Beginning,
    /// What comes from now on.
    Now,
}

/// By which receivers know audit messages among other syslog messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageId {
    /// As PS3.15 §A.6 has it.
    #[default]
    Dicom,
    /// As older profiles of IHE have it.
    Ihe,
}

impl AuditTo {
    /// What is told there is encrypted, and the receiver is who it should be.
    pub const fn is_secured(&self) -> bool {
        match self {
            Self::Tls(_) => true,
            Self::Tcp(_) | Self::Udp(_) => false,
            Self::Fhir(url) => url.is_https(),
        }
    }
}

impl MessageId {
    /// As it stands in a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dicom => "DICOM+RFC3881",
            Self::Ihe => "IHE+RFC-3881",
        }
    }
}

impl Readable for AuditTo {
    const ALLOWED: &'static str = "tls://host:port, tcp://host:port or udp://host:port of a syslog receiver, or \
        https:// or http:// host:port/path of a FHIR server";

    fn read(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no such address");
        let (scheme, rest) = text.split_once("://").ok_or_else(bad)?;
        let syslog = || HostPort::parse(rest).ok_or_else(bad);
        match scheme {
            "tls" => syslog().map(Self::Tls),
            "tcp" => syslog().map(Self::Tcp),
            "udp" => syslog().map(Self::Udp),
            "https" => Https::read(text).map(|Https(url)| Self::Fhir(url)),
            "http" => Http::read(text).map(|Http(url)| Self::Fhir(url)),
            _ => Err(bad()),
        }
    }
}

impl Readable for Since {
    const ALLOWED: &'static str = "beginning or now";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "beginning" => Ok(Self::Beginning),
            "now" => Ok(Self::Now),
            _ => Err(format!("{text:?} is neither")),
        }
    }
}

impl Readable for MessageId {
    const ALLOWED: &'static str = "DICOM+RFC3881 or IHE+RFC-3881";

    fn read(text: &str) -> Result<Self, String> {
        let mut all = [Self::Dicom, Self::Ihe].into_iter();
        let found = all.find(|id| id.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is neither"))
    }
}

impl AuditReceiver {
    /// `None` when the row cannot be read.
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let seconds = Duration::from_secs;
        let name = section.required("name");
        let to: Option<AuditTo> = section.required("to");
        let identified = section.flag("identified", false);
        if identified && to.as_ref().is_some_and(|to| !to.is_secured()) {
            let problem = "would tell who the patients are without encryption";
            section.fault(
                "identified",
                problem,
                "false, or `to` by tls:// or https://",
            );
        }
        let is_fhir = matches!(to, Some(AuditTo::Fhir(_)));
        if is_fhir && section.has("message_id") {
            let problem = "is of syslog, and `to` is a FHIR server";
            section.fault("message_id", problem, "no such key");
        }
        let (since, message_id) = (section.optional("since"), section.optional("message_id"));
        let (interval, answer) = (
            section.seconds("interval_s", seconds(5), 1..=3_600),
            section.seconds("answer_s", seconds(10), 1..=300),
        );
        let retry_max = section.seconds("retry_max_s", seconds(60), 1..=3_600);
        let behind_alert = section.seconds("behind_alert_s", seconds(900), 1..=604_800);
        Some(Self {
            name: name?,
            to: to?,
            identified,
            since: since.unwrap_or_default(),
            message_id: message_id.unwrap_or_default(),
            interval,
            answer,
            retry_max,
            behind_alert,
        })
    }

    /// What must hold between the rows, and with `[tls]`.
    pub(super) fn check(rows: &[Option<Self>], tls: &Tls, reading: &mut Reading<'_>) {
        let path = |number: usize, key: &str| format!("audit_receiver[{number}].{key}");
        let names = known(rows).map(|(number, row)| (path(number, "name"), row.name.as_str()));
        unique(reading, names);
        let by_tls = known(rows).filter(|(_, row)| row.to.is_secured());
        tls.demanded(by_tls.map(|(number, _)| path(number, "to")), reading);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_a_receiver_is_told() {
        let read = |text| <AuditTo as Readable>::read(text);
        assert!(
            matches!(read("tls://arr.example:6514"), Ok(AuditTo::Tls(at)) if at.port() == 6514)
        );
        assert!(matches!(read("tcp://[::1]:601"), Ok(AuditTo::Tcp(at)) if at.host() == "::1"));
        assert!(matches!(read("udp://10.0.0.1:514"), Ok(AuditTo::Udp(_))));
        assert!(read("https://arr.example:443/fhir").unwrap().is_secured());
        assert!(!read("http://arr.example:80/fhir").unwrap().is_secured());
        for bad in [
            "arr.example:6514",
            "tls://arr.example",
            "tls://arr.example:6514/x",
            "udp://:514",
            "syslog://arr.example:514",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
