//! A house to test: a gateway with a PACS, a modality, a workstation, and another hospital.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use credence::clock::Clock;
use credence::contract::Effect;
use credence::contract::Giver;
use credence::contract::Purpose;
use credence::demo::PacsOptions;
use credence::demo::StandInPacs;
use credence::demo::Workstation;
use credence::demo::free_addresses;
use credence::dicom::AeTitle;
use credence::dicom::Uid;
use credence::gateway::GatewayError;
use credence::gateway::Running;
use credence::gateway::control::Answer;
use credence::gateway::control::Change;
use credence::gateway::control::Command;
use credence::gateway::control::ConsentTerms;
use credence::gateway::control::PatientName;
use tempfile::TempDir;

use crate::rules::copy_rules;
use crate::starting::Desk;
use crate::starting::hours_ahead;

/// Longer than anything here takes when it works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn ae(title: &str) -> AeTitle {
    title.parse().unwrap()
}

pub(crate) fn uid(text: &str) -> Uid {
    text.parse().unwrap()
}

/// What differs from house to house.
pub(crate) struct Plan {
    /// What the PACS is told to do, and holds.
    pub(crate) pacs: PacsOptions,
    /// How we fetch from it: `move` or `get`.
    pub(crate) retrieve: &'static str,
    /// `enforce` or `observe`.
    pub(crate) mode: &'static str,
    /// Lines of `[limits]`.
    pub(crate) limits: &'static str,
    /// Lines of `[timeouts]`.
    pub(crate) timeouts: &'static str,
    pub(crate) associations_max: u16,
    /// A policy file beside those that are delivered.
    pub(crate) rule: &'static str,
    /// More lines of the `[[route]]` to the PACS.
    pub(crate) route: &'static str,
    /// More tables.
    pub(crate) tables: &'static str,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            pacs: PacsOptions::new(ae("PACS")),
            retrieve: "move",
            mode: "enforce",
            limits: "",
            timeouts: "",
            associations_max: 128,
            rule: "",
            route: "",
            tables: "",
        }
    }
}

impl Plan {
    /// A PACS that holds the drawn studies.
    pub(crate) fn full() -> Self {
        let mut plan = Self::default();
        plan.pacs.instances = credence::demo::phantom::instances().unwrap();
        plan
    }
}

impl Plan {
    /// The configuration, but for who there is.
    fn text(&self, address: SocketAddr) -> String {
        let (mode, max) = (self.mode, self.associations_max);
        let (limits, timeouts) = (self.limits, self.timeouts);
        format!(
            r#"
[gateway]
institution = "st-anna"
data_dir = "data"
keys_dir = "keys"
policy_dir = "policy"
mode = "{mode}"
[limits]
{limits}
[timeouts]
{timeouts}
[[listener]]
address = "{address}"
associations_max = {max}
"#
        )
    }
}

/// Everything but the gateway itself.
pub(crate) struct House {
    folder: TempDir,
    desk: Desk,
    /// Our PACS.
    pub(crate) pacs: StandInPacs,
    /// Where our workstation WS1 receives.
    pub(crate) inbox: StandInPacs,
    /// Where the other hospital's LAKE receives.
    pub(crate) lakeside: StandInPacs,
    /// Where the gateway listens.
    pub(crate) address: SocketAddr,
}

impl House {
    pub(crate) async fn new(plan: Plan) -> Self {
        let inbox = StandInPacs::start(PacsOptions::new(ae("WS1")))
            .await
            .unwrap();
        let lakeside = StandInPacs::start(PacsOptions::new(ae("LAKE")))
            .await
            .unwrap();
        let pacs = StandInPacs::start(plan.pacs.clone()).await.unwrap();
        let [address] = free_addresses().unwrap();
        for title in ["CRED_WS1", "CRED_LAKE", "CREDENCE", "CREDENCE_ER"] {
            pacs.add_destination(ae(title), address);
        }
        // If ever a Move Destination were passed on, the images would go there.
        pacs.add_destination(ae("WS1"), inbox.address());
        pacs.add_destination(ae("LAKE"), lakeside.address());
        let folder = tempfile::tempdir().unwrap();
        let policies = folder.path().join("policy");
        copy_rules(&policies);
        if !plan.rule.is_empty() {
            std::fs::write(policies.join("50-test.cedar"), plan.rule).unwrap();
        }
        let text = plan.text(address) + &peers(&plan, &pacs, &inbox, &lakeside);
        std::fs::write(folder.path().join("credence.toml"), text).unwrap();
        Self {
            folder,
            desk: Desk::default(),
            pacs,
            inbox,
            lakeside,
            address,
        }
    }

    /// A house whose gateway runs in this process.
    pub(crate) async fn open(plan: Plan) -> (Self, Running) {
        let house = Self::new(plan).await;
        let running = house.start().await.unwrap();
        (house, running)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.folder().join("credence.toml")
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder().join("data")
    }

    pub(crate) fn policy_dir(&self) -> PathBuf {
        self.folder().join("policy")
    }

    /// Starts the gateway in this process.
    pub(crate) async fn start(&self) -> Result<Running, GatewayError> {
        self.start_by(Clock::new()).await
    }

    /// Starts it as it would be so many hours later.
    pub(crate) async fn start_hours_later(&self, hours: i64) -> Running {
        self.start_by(hours_ahead(hours)).await.unwrap()
    }

    async fn start_by(&self, clock: Clock) -> Result<Running, GatewayError> {
        self.desk.start(&self.config_file(), clock).await
    }

    /// Somebody who calls the gateway as CREDENCE.
    pub(crate) fn peer(&self, title: &str) -> Workstation {
        Workstation {
            ae_title: ae(title),
            called: ae("CREDENCE"),
            address: self.address,
            patience: PATIENCE,
        }
    }

    /// Our modality.
    pub(crate) fn modality(&self) -> Workstation {
        self.peer("CT1")
    }

    /// Our workstation.
    pub(crate) fn workstation(&self) -> Workstation {
        self.peer("WS1")
    }

    /// The other hospital's workstation.
    pub(crate) fn stranger(&self) -> Workstation {
        self.peer("LAKE")
    }

    pub(crate) async fn command(&self, command: &Command) -> Answer {
        self.desk.ask(&self.data_dir(), command).await
    }

    /// The patient lets Lakeside and St. Anna exchange everything for treatment. Gives the
    /// consent's number.
    pub(crate) async fn consent(&self, patient: &str, issuer: &str) -> u64 {
        let terms = ConsentTerms {
            patient: PatientName {
                id: patient.to_owned(),
                issuer: issuer.to_owned(),
            },
            effect: Effect::Grant,
            to: ["lakeside", "st-anna"]
                .map(|slug| slug.parse().unwrap())
                .to_vec(),
            purposes: vec![Purpose::Treatment],
            modalities: Vec::new(),
            study: None,
            study_from: None,
            study_until: None,
            valid_from: None,
            valid_until: None,
            given_by: Giver::Patient,
        };
        let terms = Box::new(terms);
        self.change(Change::ConsentGrant { terms }, "desk").await
    }

    /// Somebody changes something. Gives the number of the entry.
    pub(crate) async fn change(&self, change: Change, by: &str) -> u64 {
        let by = by.to_owned();
        match self.command(&Command::Change { change, by }).await {
            Answer::Recorded { entry } => entry,
            other => panic!("{other:?}"),
        }
    }

    /// It ends.
    pub(crate) async fn revoke(&self, consent: u64) {
        let consent = credence::contract::ConsentId(consent);
        self.change(Change::ConsentRevoke { consent }, "desk").await;
    }
}

/// Who there is, and what goes where: our PACS, our modality, our workstation, and theirs.
fn peers(plan: &Plan, pacs: &StandInPacs, inbox: &StandInPacs, lakeside: &StandInPacs) -> String {
    let (retrieve, route, tables) = (plan.retrieve, plan.route, plan.tables);
    // Most promises are about what a destination answers: the spool would answer in its place.
    let delivery = match route.contains("delivery") {
        true => "",
        false => "delivery = \"direct\"",
    };
    let [to_pacs, to_inbox, to_lakeside] = [pacs, inbox, lakeside].map(StandInPacs::address);
    format!(
        r#"
[[ae]]
title = "CREDENCE"
purpose = "TREATMENT"
[[ae]]
title = "CREDENCE_ER"
purpose = "EMERGENCY"
[[institution]]
slug = "st-anna"
name = "St. Anna Hospital"
[[institution]]
slug = "lakeside"
name = "Lakeside Clinic"
[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "st-anna"
addresses = ["127.0.0.1"]
connect = "{to_pacs}"
purpose = "TREATMENT"
may = ["echo", "store"]
retrieve = "{retrieve}"
[[peer]]
name = "ct1"
ae_title = "CT1"
institution = "st-anna"
addresses = ["127.0.0.1"]
purpose = "TREATMENT"
may = ["echo", "store", "worklist"]
[[peer]]
name = "ws1"
ae_title = "WS1"
institution = "st-anna"
addresses = ["127.0.0.1"]
connect = "{to_inbox}"
purpose = "TREATMENT"
may = ["echo", "store", "find", "move", "get"]
destination_ae = "CRED_WS1"
[[peer]]
name = "lakeside"
ae_title = "LAKE"
institution = "lakeside"
addresses = ["127.0.0.1"]
plain = true
connect = "{to_lakeside}"
purpose = "TREATMENT"
may = ["echo", "store", "find", "move", "get"]
destination_ae = "CRED_LAKE"
[[route]]
called = ["CREDENCE", "CREDENCE_ER"]
sop_classes = ["storage", "query-retrieve", "worklist"]
to = "pacs"
{delivery}
{route}
{tables}
"#
    )
}
