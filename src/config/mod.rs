//! The configuration: one TOML file, read into checked values.
//!
//! Whatever the file says is either understood and sound, or a [`Fault`]: unknown keys too, since
//! a typing error must not open a door. All faults are found in one reading.

mod alarm;
mod audit_receiver;
mod audit_search;
mod bypass;
mod caller;
mod consistency;
mod console;
mod exchange;
mod fault;
mod fhir;
mod gateway_peer;
mod identity;
mod limits;
mod lookup;
mod oidc;
mod parcels;
mod peer;
mod proof;
mod readable;
mod reading;
mod retention;
mod route;
mod secret;
mod site;
mod spool;
mod tls;
mod url;
mod user;
mod witness;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use toml::de::DeTable;

use crate::config::consistency::Rows;
use crate::config::reading::Reading;
use crate::config::reading::line_at;
use crate::contract::InstitutionSlug;
use crate::dicom::Encoding;
use crate::dicom::Uid;

pub use alarm::Alarm;
pub use alarm::AlertCode;
pub use alarm::Mail;
pub use alarm::MailAddress;
pub use alarm::MailTls;
pub use alarm::MailUser;
pub use alarm::MinSeverity;
pub use alarm::Webhook;
pub use alarm::WebhookUrl;
pub use audit_receiver::AuditReceiver;
pub use audit_receiver::AuditTo;
pub use audit_receiver::MessageId;
pub use audit_receiver::Since;
pub use audit_search::AuditSearch;
pub use bypass::Bypass;
pub use caller::Caller;
pub use caller::Evidence;
pub use caller::Shown;
pub use caller::Stranger;
pub use console::Console;
pub use console::ConsoleMachine;
pub use console::MetricsFor;
pub use exchange::Exchange;
pub use fault::Fault;
pub use fault::Faults;
pub use fhir::Fhir;
pub use fhir::FhirName;
pub use fhir::Issuer;
pub use gateway_peer::GatewayPeer;
pub use limits::Limits;
pub use limits::Timeouts;
pub use lookup::Called;
pub use lookup::Routed;
pub use lookup::StoreRoute;
pub use lookup::StoreRoutes;
pub use oidc::Oidc;
pub use oidc::ProviderUrl;
pub use oidc::Scope;
pub use parcels::ParcelStore;
pub use parcels::Parcels;
pub use parcels::S3Place;
pub use parcels::S3Store;
pub use peer::Calling;
pub use peer::Operation;
pub use peer::Peer;
pub use peer::PeerName;
pub use peer::PeerTimeouts;
pub use peer::Retrieve;
pub use proof::ClaimText;
pub use proof::Identity;
pub use proof::ProofNeed;
pub use proof::TokenClaims;
pub use proof::Tokens;
pub use proof::UserNeed;
pub use retention::CLASS_DEFAULT;
pub use retention::ClassName;
pub use retention::Retention;
pub use retention::RetentionClass;
pub use route::DESTINATIONS_MAX;
pub use route::Delivery;
pub use route::DeniedStore;
pub use route::Group;
pub use route::Priority;
pub use route::Route;
pub use route::Served;
pub use route::Text16;
pub use secret::SECRET_BYTES_MAX;
pub use secret::Secret;
pub use secret::SecretError;
pub use secret::SecretFile;
pub use secret::read_public;
pub use site::Gateway;
pub use site::Institution;
pub use site::Listener;
pub use site::Log;
pub use site::LogFormat;
pub use site::Mode;
pub use site::OwnAe;
pub use site::PostalAddress;
pub use spool::Spool;
pub use tls::CertificateName;
pub use tls::ClientCertificate;
pub use tls::Tls;
pub use tls::TlsIdentity;
pub use tls::TlsName;
pub use url::HostPort;
pub use url::WebUrl;
pub use user::NotAUserName;
pub use user::User;
pub use user::UserName;
pub use witness::Witness;
pub use witness::WitnessPeer;

/// Length of the longest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// A checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Whose gateway this is, and where it keeps what.
    pub gateway: Gateway,
    /// Sizes and counts.
    pub limits: Limits,
    /// How long we wait.
    pub timeouts: Timeouts,
    /// How users of peers prove who they are.
    pub identity: Identity,
    /// What is logged, and how.
    pub log: Log,
    /// Downtime.
    pub bypass: Bypass,
    /// Where instances wait for their destinations.
    pub spool: Spool,
    /// Our certificate, and whom we believe.
    pub tls: Tls,
    /// Witnessing: whose checkpoints are cosigned, and who cosigns ours.
    pub witness: Witness,
    /// What other gateways reach by HTTPS.
    pub exchange: Exchange,
    /// Whom the ledger is told to as it grows, in the order of the file.
    pub audit_receivers: Vec<Arc<AuditReceiver>>,
    /// How alerts are brought to people.
    pub alarm: Alarm,
    /// Who may search the ledger.
    pub audit_search: AuditSearch,
    /// Where people ask.
    pub console: Console,
    /// What is relied on when FHIR Consents are imported.
    pub fhir: Fhir,
    /// How long details are kept.
    pub retention: Retention,
    /// Whose Patient IDs the identifiers of FHIR systems are.
    pub issuers: Vec<Issuer>,
    /// Where peers connect to; at least one.
    pub listeners: Vec<Listener>,
    /// AE titles of ours that peers call for services; at least one. Those that stand for other
    /// hospitals come last.
    pub aes: Vec<OwnAe>,
    /// Every institution, our own among them.
    pub institutions: BTreeMap<InstitutionSlug, Institution>,
    /// The peers that we know, in the order of the file; gateways of other hospitals come last.
    pub peers: Vec<Arc<Peer>>,
    /// Gateways of other hospitals, in the order of the file.
    pub gateway_peers: Vec<Arc<GatewayPeer>>,
    /// For what purpose users of peers ask.
    pub users: Vec<User>,
    /// Which peer serves what; what other hospitals' gateways serve comes last.
    pub routes: Vec<Route>,
    /// Private storage SOP classes that we judge and relay.
    pub private_sop_classes: BTreeSet<Uid>,
    /// Private transfer syntaxes, and how they encode data sets.
    pub private_transfer_syntaxes: BTreeMap<Uid, Encoding>,
}

impl Config {
    /// Reads and checks the file at `path`. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// Every fault of the file; also when it cannot be read, is longer than 1 MiB, or names a
    /// `policy_dir` that is no folder or a `credit_file` that is no file.
    pub fn load(path: &Path) -> Result<Self, Faults> {
        let refuse = |faults| Faults {
            file: path.to_owned(),
            faults,
        };
        let text = text_of(path).map_err(|fault| refuse(vec![fault]))?;
        let base_dir = path.parent().unwrap_or_else(|| Path::new(""));
        let config = Self::parse(&text, base_dir).map_err(|faults| refuse(faults.faults))?;
        let policy_dir = &config.gateway.policy_dir;
        if !policy_dir.is_dir() {
            return Err(refuse(vec![Fault {
                line: None,
                key: "gateway.policy_dir".to_owned(),
                problem: format!("{} is not a folder", policy_dir.display()),
                allowed: "a folder that holds the policies".to_owned(),
            }]));
        }
        let credit_file = &config.gateway.credit_file;
        if !credit_file.is_file() {
            return Err(refuse(vec![Fault {
                line: None,
                key: "gateway.credit_file".to_owned(),
                problem: format!("{} is not a file", credit_file.display()),
                allowed: "the file of the contract's numbers".to_owned(),
            }]));
        }
        Ok(config)
    }

    /// Checks `text`. Relative paths in it start at `base_dir`. Touches no file.
    ///
    /// # Errors
    /// Every fault of the text; [`Faults::file`] is empty.
    pub fn parse(text: &str, base_dir: &Path) -> Result<Self, Faults> {
        let refuse = |faults| Faults {
            file: PathBuf::new(),
            faults,
        };
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let fault = |error: &toml::de::Error| Fault {
                line: error.span().map(|span| line_at(text, span.start)),
                key: String::new(),
                problem: error.message().to_owned(),
                allowed: "TOML 1.0".to_owned(),
            };
            return Err(refuse(errors.iter().map(fault).collect()));
        }
        let mut reading = Reading::new(text, root.get_ref());
        let config = Self::read(&mut reading, base_dir);
        match (config, reading.finish()) {
            (Some(config), faults) if faults.is_empty() => Ok(config),
            (_, faults) => Err(refuse(faults)),
        }
    }

    /// `None` only when a fault was noted.
    fn read(reading: &mut Reading<'_>, base_dir: &Path) -> Option<Self> {
        let gateway = reading.table("gateway", |section| Gateway::read(section, base_dir));
        let limits = reading.table("limits", Limits::read);
        let timeouts = reading.table("timeouts", Timeouts::read);
        let log = reading.table("log", Log::read);
        let identity = reading.table("identity", |section| Identity::read(section, base_dir));
        let fhir = reading.table("fhir", Fhir::read);
        let retention = reading.table("retention", Retention::read);
        let tls = reading.table("tls", |section| Tls::read(section, base_dir));
        let witness = reading.table("witness", Witness::read);
        let exchange = reading.table("exchange", Exchange::read);
        let spool = reading.table("spool", |section| Spool::read(section, base_dir));
        let bypass = reading.table("bypass", |section| Bypass::read(section, base_dir));
        let rows = Rows::read(reading, base_dir, gateway.as_ref(), &limits, &timeouts);
        rows.check(gateway.as_ref(), reading);
        rows.check_identity(gateway.as_ref(), &tls, reading);
        rows.check_exchange(gateway.as_ref(), &exchange, &tls, reading);
        identity.check(rows.needing_proof(), reading);
        let audit_receivers = reading.rows("audit_receiver", AuditReceiver::read);
        AuditReceiver::check(&audit_receivers, &tls, reading);
        let alarm = Alarm::read(reading, base_dir, &tls);
        let audit_search = reading.table("audit_search", AuditSearch::read);
        let console = Console::read(reading, base_dir);
        audit_search.check(&tls, reading);
        if let Some(witness) = &witness {
            witness.check(&rows.gateway_peers, reading);
        }
        let config = Self {
            gateway: gateway?,
            limits,
            timeouts,
            identity,
            log,
            tls,
            spool,
            bypass,
            witness: witness?,
            exchange,
            audit_search,
            console: console?,
            audit_receivers: whole(audit_receivers)?.into_iter().map(Arc::new).collect(),
            alarm: alarm?,
            fhir,
            retention: Retention {
                classes: whole(rows.retention_classes)?,
                ..retention
            },
            issuers: whole(rows.issuers)?,
            listeners: whole(rows.listeners)?,
            aes: whole(rows.aes)?,
            institutions: whole(rows.institutions)?
                .into_iter()
                .map(|institution| (institution.slug.clone(), institution))
                .collect(),
            peers: whole(rows.peers)?.into_iter().map(Arc::new).collect(),
            gateway_peers: whole(rows.gateway_peers)?
                .into_iter()
                .map(Arc::new)
                .collect(),
            users: whole(rows.users)?,
            routes: whole(rows.routes)?,
            private_sop_classes: rows
                .private_sop_classes
                .into_iter()
                .collect::<Option<_>>()?,
            private_transfer_syntaxes: rows
                .private_transfer_syntaxes
                .into_iter()
                .collect::<Option<_>>()?,
        };
        Some(config.expanded())
    }
}

/// All rows, if every one could be read.
fn whole<T>(rows: Vec<Option<T>>) -> Option<Vec<T>> {
    rows.into_iter().collect()
}

fn text_of(path: &Path) -> Result<String, Fault> {
    let fault = |problem: String, allowed: &str| Fault {
        line: None,
        key: String::new(),
        problem,
        allowed: allowed.to_owned(),
    };
    let unreadable =
        |error: std::io::Error| fault(format!("cannot be read: {error}"), "a readable TOML file");
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(FILE_BYTES_MAX.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        let problem = format!("is longer than {FILE_BYTES_MAX} bytes");
        return Err(fault(problem, "at most 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| fault("is not UTF-8".to_owned(), "UTF-8 text"))
}

#[cfg(test)]
mod tests;
