//! E-mail: one message for each notice, in plain text, with a subject that a person understands. No patient data:
//! alerts hold none.

use std::sync::Arc;
use std::time::Duration;

use lettre::Address;
use lettre::AsyncSmtpTransport;
use lettre::AsyncTransport as _;
use lettre::Message;
use lettre::Tokio1Executor;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Certificate;
use lettre::transport::smtp::client::CertificateStore;
use lettre::transport::smtp::client::Tls;
use lettre::transport::smtp::client::TlsParameters;

use super::About;
use super::quiet::Notice;
use super::quiet::State;
use crate::audit::Severity;
use crate::config::Mail;
use crate::config::MailAddress;
use crate::config::MailTls;
use crate::config::SecretError;
use crate::config::SecretFile;

/// Characters of the longest subject.
const SUBJECT_CHARACTERS_MAX: usize = 120;

/// Bytes of the longest file of authorities.
const AUTHORITIES_BYTES_MAX: u64 = 1 << 20;

/// Answers of a mail server to one message, about: how many times the time of one it all may last.
const ANSWERS: u32 = 6;

/// Why a mail server does not have it.
#[derive(Debug, thiserror::Error)]
pub enum NotMailed {
    /// The server, or the way to it.
    #[error("{0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// It takes too long.
    #[error("it did not take it within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// A mailbox is none.
    #[error("{0}")]
    Address(#[from] lettre::address::AddressError),
    /// There is no such message.
    #[error("{0}")]
    Message(#[from] lettre::error::Error),
    /// The passcode, or a file of authorities, cannot be used.
    #[error("{0}")]
    File(#[from] SecretError),
    /// The passcode is no text.
    #[error("the passcode is not one line of UTF-8")]
    NotText,
    /// The task that reads passcode and authorities ended.
    #[error("passcode and authorities were not read")]
    Unread,
}

/// Whoever sends it.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) mail: Arc<Mail>,
    pub(super) about: Arc<About>,
    pub(super) answer: Duration,
}

impl Sender {
    /// Sends a notice. Each has a connection of its own: there are few.
    pub(super) async fn send(&self, notice: &Notice) -> Result<(), NotMailed> {
        let message = self.message(notice)?;
        let sender = self.clone();
        let transport = tokio::task::spawn_blocking(move || sender.transport()).await;
        let transport = transport.unwrap_or(Err(NotMailed::Unread))?;
        let within = self.answer * ANSWERS;
        let sent = tokio::time::timeout(within, transport.send(message)).await;
        sent.map_err(|_| NotMailed::TimedOut(within))??;
        Ok(())
    }

    /// Whether there are a passcode, authorities and mailboxes; blocks on the disk.
    pub(super) fn check(&self) -> Result<(), NotMailed> {
        for address in self.mail.to.iter().chain([&self.mail.from]) {
            mailbox(address)?;
        }
        self.transport().map(|_| ())
    }

    /// Reads what the connection needs, each time, so that a renewed passcode counts at once; blocks on the disk.
    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, NotMailed> {
        let mail = &self.mail;
        let tls = match mail.tls {
            MailTls::Required => Tls::Wrapper(self.trust()?),
            MailTls::Starttls => Tls::Required(self.trust()?),
            MailTls::None => Tls::None,
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(mail.smtp.host())
            .port(mail.smtp.port())
            .timeout(Some(self.answer))
            .tls(tls);
        Ok(match &mail.user {
            Some(user) => {
                let passcode = passcode(&user.passcode_file)?;
                let credentials = Credentials::new(user.name.clone(), passcode);
                transport.credentials(credentials).build()
            }
            None => transport.build(),
        })
    }

    fn trust(&self) -> Result<TlsParameters, NotMailed> {
        let mut trust = TlsParameters::builder(self.mail.smtp.host().to_owned());
        if !self.mail.authorities.is_empty() {
            trust = trust.certificate_store(CertificateStore::None);
        }
        for path in &self.mail.authorities {
            let pem = crate::config::read_public(path, AUTHORITIES_BYTES_MAX)?;
            trust = trust.add_root_certificate(Certificate::from_pem(&pem)?);
        }
        Ok(trust.build()?)
    }

    fn message(&self, notice: &Notice) -> Result<Message, NotMailed> {
        let domain = self.mail.from.as_str().rsplit_once('@');
        let domain = domain.map_or("localhost", |(_, domain)| domain);
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let mut message = Message::builder()
            .from(mailbox(&self.mail.from)?)
            .subject(subject(&self.about, notice))
            // The same when it is sent again: who has it knows it.
            .message_id(Some(format!("<{}@{domain}>", self.about.id(notice))))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN);
        for reader in &self.mail.to {
            message = message.to(mailbox(reader)?);
        }
        Ok(message.body(text(&self.about, notice))?)
    }
}

fn passcode(file: &SecretFile) -> Result<String, NotMailed> {
    let secret = file.read()?;
    let line = secret.line().map(str::to_owned);
    line.ok_or(NotMailed::NotText)
}

fn mailbox(address: &MailAddress) -> Result<Mailbox, NotMailed> {
    let address: Address = address.as_str().parse()?;
    Ok(Mailbox::new(None, address))
}

/// What stands in a list of messages.
fn subject(about: &About, notice: &Notice) -> String {
    let how = match (notice.state, notice.severity) {
        (State::Ended, _) | (_, Severity::Success) => "OK",
        (_, Severity::Minor) => "Notice",
        (_, Severity::Serious) => "Warning",
        (_, Severity::Major) => "Alarm",
    };
    let times = match notice.state {
        State::Repeated => format!(" ({} times)", notice.count),
        State::Raised | State::Ended => String::new(),
    };
    let subject = format!("{how}{times} at {}: {}", about.name, notice.text);
    // A line break would begin another header.
    let one_line = subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let mut one_line = one_line.collect::<Vec<char>>();
    if one_line.len() > SUBJECT_CHARACTERS_MAX {
        one_line.truncate(SUBJECT_CHARACTERS_MAX - 1);
        one_line.push('…');
    }
    one_line.into_iter().collect()
}

fn text(about: &About, notice: &Notice) -> String {
    let (first, last) = (notice.first.instant(), notice.last.instant());
    let when = match notice.state {
        State::Raised => format!("Since {first}"),
        State::Repeated => format!("{} times, from {first} to {last}", notice.count),
        State::Ended if notice.first < notice.last => {
            format!("Over: it was so from {first} to {last}")
        }
        State::Ended => format!("Over since {last}"),
    };
    format!(
        "{}\r\n\r\n{when} (UTC).\r\n\r\n\
         Code:      {}\r\n\
         Severity:  {}\r\n\
         Gateway:   {} of {}\r\n\
         Entry:     {} of the ledger\r\n\r\n\
         What the code means, and what to do: docs/alerts.md of Credence.\r\n",
        notice.text,
        notice.code,
        notice.severity.as_str(),
        about.host,
        about.name,
        notice.entries.1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UtcMicros;

    fn about() -> About {
        About {
            institution: "st-anna".parse().unwrap(),
            name: "St. Anna Hospital".to_owned(),
            host: "gw1".to_owned(),
        }
    }

    fn notice(state: State, severity: Severity, text: &str) -> Notice {
        Notice {
            state,
            entries: (7, 9),
            at: UtcMicros(9_000_000),
            code: "destination-down".to_owned(),
            severity,
            text: text.to_owned(),
            count: 3,
            first: UtcMicros(1_000_000),
            last: UtcMicros(8_000_000),
        }
    }

    #[test]
    fn a_subject_says_how_bad_where_and_what() {
        for (state, severity, expected) in [
            (
                State::Raised,
                Severity::Serious,
                "Warning at St. Anna Hospital: pacs: down",
            ),
            (
                State::Repeated,
                Severity::Major,
                "Alarm (3 times) at St. Anna Hospital: pacs: down",
            ),
            (
                State::Ended,
                Severity::Success,
                "OK at St. Anna Hospital: pacs: down",
            ),
        ] {
            assert_eq!(
                subject(&about(), &notice(state, severity, "pacs: down")),
                expected
            );
        }
    }

    #[test]
    fn a_subject_is_one_short_line() {
        let long = format!("a\r\nBcc: x@y {}", "ü".repeat(300));
        let told = subject(&about(), &notice(State::Raised, Severity::Minor, &long));
        assert_eq!(told.chars().count(), SUBJECT_CHARACTERS_MAX);
        assert!(!told.contains('\n') && told.ends_with('…'), "{told}");
    }

    #[test]
    fn a_text_says_how_often_and_since_when() {
        let repeated = text(
            &about(),
            &notice(State::Repeated, Severity::Serious, "pacs: down"),
        );
        assert!(repeated.starts_with("pacs: down\r\n"), "{repeated}");
        let when = "3 times, from 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:08.000Z (UTC).";
        assert!(repeated.contains(when), "{repeated}");
        assert!(repeated.contains("gw1 of St. Anna Hospital"), "{repeated}");
    }
}
