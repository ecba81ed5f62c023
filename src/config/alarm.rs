//! How alerts of the ledger reach people: webhooks, e-mail, and when something is told again.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::HostPort;
use crate::config::PeerName;
use crate::config::SecretFile;
use crate::config::Tls;
use crate::config::WebUrl;
use crate::config::consistency::known;
use crate::config::consistency::unique;
use crate::config::reading::Readable;
use crate::config::reading::Reading;
use crate::config::reading::Section;
use crate::config::tls;
use crate::config::url::Http;
use crate::config::url::Https;
use crate::config::whole;

/// `[alarm]`, `[[webhook]]` and `[mail]`: what counts for everybody who is told of alerts, and what becomes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// For so long the same alert is not told again, only counted.
    pub quiet: Duration,
    /// Between two looks at the ledger and at the disks.
    pub interval: Duration,
    /// For one answer of who is told.
    pub answer: Duration,
    /// Between two tries, at the longest.
    pub retry_max: Duration,
    /// Alert people when somebody has not taken what was due for so long.
    pub behind_alert: Duration,
    /// Fewer free bytes than this on the disk of the data folder or of the spool are an alert.
    pub free_bytes_min: u64,
    /// So many denials of one peer's requests,
    pub denials: u16,
    /// within such a time, are a burst of them.
    pub denials_within: Duration,
    /// The ledger is verified again after so long; `None`: only when somebody asks.
    pub verify_every: Option<Duration>,
    /// Where alerts are posted, in the order of the file.
    pub webhooks: Vec<Arc<Webhook>>,
    /// Who reads alerts as e-mail; `None`: nobody.
    pub mail: Option<Arc<Mail>>,
}

/// `[[webhook]]`: where alerts are posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name in logs, alerts and the data folder; unique.
    pub name: PeerName,
    /// Where.
    pub url: WebUrl,
    /// The secret that signs what is posted.
    pub secret_file: SecretFile,
    /// From which severity on it is told.
    pub min_severity: MinSeverity,
    /// Only of these; empty: of all.
    pub codes: Vec<AlertCode>,
}

/// `[mail]`: who reads alerts as e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The server that takes it.
    pub smtp: HostPort,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// Who is believed about the server's certificate; empty: whom the system believes.
    pub authorities: Vec<PathBuf>,
    /// Who we are to the server, where it asks.
    pub user: Option<MailUser>,
    /// Who writes.
    pub from: MailAddress,
    /// Who reads; at least one.
    pub to: Vec<MailAddress>,
    /// From which severity on they are told.
    pub min_severity: MinSeverity,
}

/// Who we are to a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailUser {
    /// Name.
    pub name: String,
    /// The file of the passcode.
    pub passcode_file: SecretFile,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// From its beginning (RFC 8314 §3.3, port 465).
    #[default]
    Required,
    /// By STARTTLS, or not at all connected (RFC 3207, port 587).
    Starttls,
    /// Not; within this machine only.
    None,
}

/// From which severity on somebody is told; as audits have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinSeverity {
    /// Of everything, also of what went well.
    Success,
    /// Of what was not done, and is not wrong for that, and of all that is worse.
    #[default]
    Minor,
    /// Of what should not be, and of what is worse.
    Serious,
    /// Of what casts doubt on the record itself.
    Major,
}

/// The code of an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertCode(Box<str>);

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(Box<str>);

/// Where a webhook is: by TLS, or on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl(pub WebUrl);

/// Characters of the longest code.
const CODE_CHARACTERS_MAX: usize = 40;

/// Characters of the longest mailbox, and of what stands before its @ (RFC 5321 §4.5.3.1).
const ADDRESS_CHARACTERS_MAX: usize = 254;
const LOCAL_CHARACTERS_MAX: usize = 64;

/// Mailboxes that one message goes to.
const READERS_MAX: usize = 20;

/// Seconds of an hour.
const HOUR_S: u64 = 3_600;

/// 5 GiB.
const FREE_BYTES_MIN: u64 = 5 << 30;

impl AlertCode {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl MailAddress {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Readable for AlertCode {
    const ALLOWED: &'static str = "the code of an alert, such as destination-down";

    fn read(text: &str) -> Result<Self, String> {
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        match text.len() <= CODE_CHARACTERS_MAX && text.split('-').all(is_word) {
            true => Ok(Self(text.into())),
            false => Err(format!("{text:?} is no code")),
        }
    }
}

impl Readable for MailAddress {
    const ALLOWED: &'static str = "a mailbox, such as pacs@st-anna.example";

    fn read(text: &str) -> Result<Self, String> {
        let atom =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let dotted = |text: &str, allowed: &dyn Fn(u8) -> bool| {
            text.split('.')
                .all(|part| !part.is_empty() && part.bytes().all(allowed))
        };
        let sound = text.rsplit_once('@').is_some_and(|(local, domain)| {
            local.len() <= LOCAL_CHARACTERS_MAX && dotted(local, &atom) && dotted(domain, &name)
        });
        match sound && text.len() <= ADDRESS_CHARACTERS_MAX {
            true => Ok(Self(text.into())),
            false => Err(format!("{text:?} is no mailbox")),
        }
    }
}

impl Readable for WebhookUrl {
    const ALLOWED: &'static str = "https://host:port/path, or http:// of this machine \
        (localhost, 127.0.0.1, [::1]); at most 255 characters, no query";

    fn read(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Https::read(text).map(|Https(url)| Self(url));
        }
        let Http(url) = Http::read(text)?;
        match url.at().is_loopback() {
            true => Ok(Self(url)),
            false => Err(format!("{text} is neither by TLS nor this machine")),
        }
    }
}

impl Readable for MailTls {
    const ALLOWED: &'static str = "required, starttls or none";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "required" => Ok(Self::Required),
            "starttls" => Ok(Self::Starttls),
            "none" => Ok(Self::None),
            _ => Err(format!("{text:?} is none of them")),
        }
    }
}

impl Readable for MinSeverity {
    const ALLOWED: &'static str = "success, minor, serious or major";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "success" => Ok(Self::Success),
            "minor" => Ok(Self::Minor),
            "serious" => Ok(Self::Serious),
            "major" => Ok(Self::Major),
            _ => Err(format!("{text:?} is none of them")),
        }
    }
}

impl Alarm {
    /// Reads the tables; `None` when a row cannot be read.
    pub(super) fn read(reading: &mut Reading<'_>, base_dir: &Path, tls: &Tls) -> Option<Self> {
        let alarm = reading.table("alarm", Self::table);
        let webhooks = reading.rows("webhook", |row| Webhook::read(row, base_dir));
        Webhook::check(&webhooks, tls, reading);
        let mail = reading.table("mail", |section| Mail::read(section, base_dir));
        Some(Self {
            webhooks: whole(webhooks)?.into_iter().map(Arc::new).collect(),
            mail: mail.map(Arc::new),
            ..alarm
        })
    }

    /// `[alarm]` alone.
    fn table(section: &mut Section<'_, '_>) -> Self {
        let seconds = Duration::from_secs;
        let hours: u64 = section.number("verify_every_h", 24, 0..=8_760);
        Self {
            quiet: section.seconds("quiet_s", seconds(3_600), 1..=86_400),
            interval: section.seconds("interval_s", seconds(5), 1..=3_600),
            answer: section.seconds("answer_s", seconds(10), 1..=300),
            retry_max: section.seconds("retry_max_s", seconds(60), 1..=3_600),
            behind_alert: section.seconds("behind_alert_s", seconds(900), 1..=604_800),
            free_bytes_min: section.number("free_bytes_min", FREE_BYTES_MIN, 0..=1 << 50),
            denials: section.number("denials", 20, 2..=1_000),
            denials_within: section.seconds("denials_within_s", seconds(60), 1..=3_600),
            verify_every: (hours > 0).then(|| seconds(hours.saturating_mul(HOUR_S))),
            webhooks: Vec::new(),
            mail: None,
        }
    }
}

impl Webhook {
    /// `None` when the row cannot be read.
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Option<Self> {
        let name = section.required("name");
        let url: Option<WebhookUrl> = section.required("url");
        let secret_file: Option<SecretFile> = section.required("secret_file");
        let min_severity = section.optional("min_severity").unwrap_or_default();
        let codes = section.optional_list("codes").unwrap_or_default();
        Some(Self {
            name: name?,
            url: url?.0,
            secret_file: secret_file?.within(base_dir),
            min_severity,
            codes,
        })
    }

    /// What must hold between the rows, and with `[tls]`.
    pub(super) fn check(rows: &[Option<Self>], tls: &Tls, reading: &mut Reading<'_>) {
        let path = |number: usize, key: &str| format!("webhook[{number}].{key}");
        let names = known(rows).map(|(number, row)| (path(number, "name"), row.name.as_str()));
        unique(reading, names);
        let by_tls = known(rows).filter(|(_, row)| row.url.is_https());
        tls.demanded(by_tls.map(|(number, _)| path(number, "url")), reading);
    }
}

impl Mail {
    /// `None` when nobody is to be told, and when the table cannot be read.
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Option<Self> {
        let smtp: Option<HostPort> = section.optional("smtp");
        let tls = section.optional("tls").unwrap_or_default();
        let authorities = tls::paths(section, "authorities", base_dir);
        let name: Option<String> = section.optional("user");
        let passcode_file: Option<SecretFile> = section.optional("passcode_file");
        let from = section.optional("from");
        let to: Option<Vec<MailAddress>> = section.optional_list("to");
        let min_severity = section.optional("min_severity").unwrap_or_default();
        if !section.has("smtp") {
            for key in ["from", "to", "user", "passcode_file"] {
                if section.has(key) {
                    section.fault(key, "is of no use without `smtp`", "`smtp` beside it");
                }
            }
            return None;
        }
        for key in ["from", "to"] {
            if !section.has(key) {
                section.fault(key, "is missing beside `smtp`", MailAddress::ALLOWED);
            }
        }
        let readers = to.as_ref().map_or(1, Vec::len);
        if !(1..=READERS_MAX).contains(&readers) {
            let problem = format!("has {readers} mailboxes");
            section.fault("to", problem, format!("1 to {READERS_MAX} mailboxes"));
        }
        if section.has("user") != section.has("passcode_file") {
            let problem = "stands without the other of `user` and `passcode_file`";
            section.fault("user", problem, "both or neither");
        }
        if tls == MailTls::None && smtp.as_ref().is_some_and(|smtp| !smtp.is_loopback()) {
            let problem = "would send e-mail without encryption to another machine";
            section.fault(
                "tls",
                problem,
                "required or starttls, or `smtp` on this machine",
            );
        }
        let user = name.zip(passcode_file).map(|(name, file)| MailUser {
            name,
            passcode_file: file.within(base_dir),
        });
        Some(Self {
            smtp: smtp?,
            tls,
            authorities,
            user,
            from: from?,
            to: to?,
            min_severity,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_by_tls_or_on_this_machine() {
        let read = |text| <WebhookUrl as Readable>::read(text).is_ok();
        assert!(read("https://ops.example:443/hooks/1") && read("http://127.0.0.1:8080/x"));
        assert!(read("http://[::1]:8080") && read("http://localhost:80"));
        for bad in [
            "http://10.0.0.9:80",
            "https://ops.example",
            "ftp://localhost:21",
            "",
        ] {
            assert!(!read(bad), "{bad}");
        }
    }

    #[test]
    fn a_mailbox_is_one_and_carries_no_header() {
        let read = |text: &str| <MailAddress as Readable>::read(text).is_ok();
        assert!(read("pacs@st-anna.example") && read("it.night+alerts@localhost"));
        for bad in [
            "",
            "pacs",
            "@st-anna.example",
            "pacs@",
            "a b@c",
            "a@b\nBcc: x@y",
            "<a@b>",
            ".a@b",
            "a@b..c",
            "a,b@c@d",
        ] {
            assert!(!read(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_code_is_words_with_hyphens() {
        let read = |text: &str| <AlertCode as Readable>::read(text).is_ok();
        assert!(read("notify") && read("log-rolled-back"));
        assert!(!read("") && !read("Notify") && !read("a--b") && !read(&"a".repeat(41)));
    }
}
