//! St. Anna: a gateway before a stand-in PACS that holds the drawn studies, and all that Lakeside needs to be
//! believed as its gateway peer.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use credence::certificate::Authority;
use credence::clock::Clock;
use credence::config::CertificateName;
use credence::config::Config;
use credence::contract::Body;
use credence::contract::Effect;
use credence::contract::Giver;
use credence::contract::Purpose;
use credence::contract::ReceiptStanding;
use credence::demo::PacsOptions;
use credence::demo::StandInPacs;
use credence::demo::free_addresses;
use credence::demo::phantom;
use credence::exchange;
use credence::exchange::Desks;
use credence::exchange::Exchange;
use credence::gateway::Running;
use credence::gateway::control::Answer;
use credence::gateway::control::Change;
use credence::gateway::control::Command;
use credence::gateway::control::ConsentTerms;
use credence::gateway::control::PatientName;
use credence::ledger::Entry;
use credence::storage::JournalReader;
use credence::storage::Keys;
use credence::transport::read_certificates;
use credence::witness;
use credence::witness::Witnessing;
use tempfile::TempDir;

use crate::rules::copy_rules;
use crate::starting::Desk;
use crate::starting::hours_ahead;

/// What runs of a gateway.
pub(crate) struct Open {
    pub(crate) running: Running,
    witnessing: Witnessing,
    exchange: Exchange,
}

impl Open {
    pub(crate) async fn close(self) {
        self.exchange.stop().await;
        self.witnessing.stop().await;
        self.running.drain().await.unwrap();
    }
}

/// See the module.
pub(crate) struct Site {
    folder: TempDir,
    desk: Desk,
    pub(crate) pacs: StandInPacs,
    pub(crate) plain: SocketAddr,
    pub(crate) dicom: SocketAddr,
    pub(crate) https: SocketAddr,
    /// Where St. Anna looks for Lakeside's exchange; mostly nobody is there.
    pub(crate) theirs_https: SocketAddr,
}

/// The keys of a hospital's gateway, made if there are none.
pub(crate) fn keys(folder: &Path, slug: &str) -> Keys {
    std::fs::create_dir_all(folder.join("data")).unwrap();
    Keys::open(
        &folder.join("keys"),
        &folder.join("data"),
        &slug.parse().unwrap(),
    )
    .unwrap()
}

impl Site {
    pub(crate) async fn new() -> Self {
        let mut options = PacsOptions::new("PACS".parse().unwrap());
        options.instances = phantom::instances().unwrap();
        let pacs = StandInPacs::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for slug in ["st-anna", "lakeside"] {
            let home = folder.path().join(slug);
            std::fs::create_dir_all(&home).unwrap();
            certify(&home, slug);
        }
        let [plain, dicom, https, theirs_https] = free_addresses().unwrap();
        let site = Self {
            folder,
            desk: Desk::default(),
            pacs,
            plain,
            dicom,
            https,
            theirs_https,
        };
        copy_rules(&site.home("st-anna").join("policy"));
        site.write_ours();
        site.write_theirs();
        site
    }

    pub(crate) fn home(&self, slug: &str) -> PathBuf {
        self.folder.path().join(slug)
    }

    /// What both configurations say of both hospitals.
    fn institutions(&self) -> String {
        let row = |slug: &str| {
            let authority = self.home(slug).join("authority.pem");
            let authority = authority.display();
            format!(
                "[[institution]]\nslug = \"{slug}\"\nname = \"{slug}\"\nauthorities = [\"{authority}\"]\n"
            )
        };
        row("st-anna") + &row("lakeside")
    }

    /// The row of `slug`'s gateway at the other hospital.
    fn gateway_row(
        &self,
        slug: &str,
        ae: &str,
        title: &str,
        connect: SocketAddr,
        https: SocketAddr,
    ) -> String {
        let home = self.home(slug);
        let keys = keys(&home, slug);
        let shown = &read_certificates(&home.join("gateway.pem")).unwrap()[0];
        let certificate = CertificateName::Key(shown.key);
        format!(
            r#"
[[gateway_peer]]
name = "{slug}-gateway"
institution = "{slug}"
ae = "{ae}"
ae_title = "{title}"
addresses = ["127.0.0.1"]
connect = "{connect}"
https = "https://{https}"
certificates = ["{certificate}"]
log_key = "{}"
statement_key = "{}"
witness_key = "{}"
"#,
            keys.log.key(),
            keys.statement.key(),
            keys.witness.key(),
        )
    }

    fn write_ours(&self) {
        let (plain, dicom, https, pacs) = (self.plain, self.dicom, self.https, self.pacs.address());
        // Nobody is there: images are asked for by Lakeside, and not of it.
        let [nowhere] = free_addresses().unwrap();
        let text = format!(
            r#"
[gateway]
institution = "st-anna"
[[listener]]
address = "{plain}"
[[listener]]
address = "{dicom}"
tls = true
[tls]
certificate = "gateway.pem"
key = "gateway.key"
authorities = ["authority.pem"]
[exchange]
listen = "{https}"
request_s = 3
retry_max_s = 1
[[ae]]
title = "CRED_A"
purpose = "TREATMENT"
{}
[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "st-anna"
addresses = ["127.0.0.1"]
connect = "{pacs}"
calling_ae = "CRED_A"
retrieve = "get"
[[peer]]
name = "ws1"
ae_title = "WS1"
institution = "st-anna"
addresses = ["127.0.0.1"]
may = ["echo", "store", "find", "get"]
[[route]]
called = ["CRED_A"]
sop_classes = ["storage", "query-retrieve"]
to = "pacs"
delivery = "direct"
"#,
            self.institutions()
        );
        let row = self.gateway_row(
            "lakeside",
            "HOSPITAL_B",
            "CRED_B",
            nowhere,
            self.theirs_https,
        );
        std::fs::write(self.home("st-anna").join("credence.toml"), text + &row).unwrap();
    }

    fn write_theirs(&self) {
        let text = format!(
            r#"
[gateway]
institution = "lakeside"
[[listener]]
address = "127.0.0.1:0"
tls = true
[tls]
certificate = "gateway.pem"
key = "gateway.key"
authorities = ["authority.pem"]
[[ae]]
title = "CRED_B"
purpose = "TREATMENT"
{}"#,
            self.institutions()
        );
        let row = self.gateway_row("st-anna", "HOSPITAL_A", "CRED_A", self.dicom, self.https);
        std::fs::write(self.home("lakeside").join("credence.toml"), text + &row).unwrap();
    }

    /// Lakeside's configuration, by which the impostor knows St. Anna.
    pub(crate) fn theirs(&self) -> Config {
        let text = std::fs::read_to_string(self.home("lakeside").join("credence.toml")).unwrap();
        Config::parse(&text, &self.home("lakeside")).unwrap()
    }

    /// Starts St. Anna's gateway, `hours` later than it is.
    pub(crate) async fn open_hours_later(&self, hours: i64) -> Open {
        let file = self.home("st-anna").join("credence.toml");
        let (config, clock) = (Config::load(&file).unwrap(), hours_ahead(hours));
        let running = self.desk.start(&file, clock).await.unwrap();
        let (recorder, security) = (running.recorder(), running.security());
        let witnessing = witness::start(&config, clock, &recorder, security.as_ref()).unwrap();
        let desks = Desks {
            receipts: running.receipts(),
            parcels: running.parcels(),
            recorder,
            witness: witnessing.answerer().cloned(),
            security,
        };
        let exchange = exchange::start(&config, &desks).unwrap();
        Open {
            running,
            witnessing,
            exchange,
        }
    }

    pub(crate) async fn open(&self) -> Open {
        self.open_hours_later(0).await
    }

    async fn command(&self, command: &Command) -> Answer {
        let data_dir = self.home("st-anna").join("data");
        self.desk.ask(&data_dir, command).await
    }

    /// Ada lets Lakeside have her images.
    pub(crate) async fn consent(&self) {
        let terms = ConsentTerms {
            patient: PatientName {
                id: "DEMO-0001".to_owned(),
                issuer: "CREDENCE-DEMO".to_owned(),
            },
            effect: Effect::Grant,
            to: vec!["lakeside".parse().unwrap()],
            purposes: vec![Purpose::Treatment, Purpose::Emergency],
            modalities: Vec::new(),
            study: None,
            study_from: None,
            study_until: None,
            valid_from: None,
            valid_until: None,
            given_by: Giver::Patient,
        };
        let terms = Box::new(terms);
        let change = Change::ConsentGrant { terms };
        let by = "desk".to_owned();
        let answer = self.command(&Command::Change { change, by }).await;
        assert!(matches!(answer, Answer::Recorded { .. }), "{answer:?}");
    }

    /// Lakeside's score at St. Anna; 500 without evidence.
    pub(crate) async fn score(&self) -> u16 {
        match self.command(&Command::Scores).await {
            Answer::Scores { scores, .. } => {
                let mut scores = scores.iter();
                let lakeside = scores.find(|one| one.institution.as_str() == "lakeside");
                lakeside.map_or(500, |one| one.score)
            }
            other => panic!("{other:?}"),
        }
    }

    /// All entries of St. Anna's ledger.
    pub(crate) fn ledger(&self) -> Vec<Entry> {
        let stored = JournalReader::new(&self.home("st-anna").join("data")).entries(0);
        stored.map(|stored| stored.unwrap().entry).collect()
    }

    /// How far receipts have come, in order.
    pub(crate) fn receipts(&self) -> Vec<ReceiptStanding> {
        let standing = |entry: &Entry| match &entry.event.body {
            Body::Receipt { standing, .. } => Some(*standing),
            _ => None,
        };
        self.ledger().iter().filter_map(standing).collect()
    }

    /// Waits until the newest receipt has come so far.
    pub(crate) async fn until(&self, standing: ReceiptStanding) {
        for _ in 0..500 {
            if self.receipts().last() == Some(&standing) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("no receipt is {standing:?}: {:?}", self.receipts());
    }

    /// Codes of the alerts.
    pub(crate) fn alerts(&self) -> Vec<String> {
        let code = |entry: &Entry| match &entry.event.body {
            Body::Alert { code, .. } => Some(code.clone()),
            _ => None,
        };
        self.ledger().iter().filter_map(code).collect()
    }

    /// The ledger verifies, and every decision is reached again.
    pub(crate) fn verifies(&self) {
        let data = self.home("st-anna").join("data");
        let verified = credence::storage::verify(&data, None, credence::storage::Depth::Replay);
        assert!(verified.is_ok(), "{verified:?}");
    }
}

/// A certificate for the gateway of `slug`, by an authority of its own.
fn certify(home: &Path, slug: &str) {
    let today = Clock::new().now().day();
    let authority = Authority::new(slug, today, 10).unwrap();
    let names = [
        CertificateName::Dns(format!("gateway.{slug}.example")),
        CertificateName::Ip([127, 0, 0, 1].into()),
    ];
    let issued = authority.issue("gateway", &names, today, 10).unwrap();
    std::fs::write(home.join("authority.pem"), &authority.certificate().pem).unwrap();
    std::fs::write(home.join("gateway.pem"), &issued.pem).unwrap();
    let key = home.join("gateway.key");
    std::fs::write(&key, &*issued.key_pem).unwrap();
    let only_ours = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, only_ours).unwrap();
}
