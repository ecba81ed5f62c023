//! Lakeside's gateway, written by the test: it speaks DICOM, states and signs with Lakeside's real keys, and
//! says what the test wants it to say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use credence::association::AssociateRq;
use credence::association::ContextReply;
use credence::association::ProposedContext;
use credence::association::Roles;
use credence::association::UserInformation;
use credence::config::Config;
use credence::config::GatewayPeer;
use credence::contract::Purpose;
use credence::demo::phantom;
use credence::dicom::Builder;
use credence::dicom::Elements;
use credence::dicom::Encoding;
use credence::dicom::Tag;
use credence::dicom::Uid;
use credence::dicom::tag;
use credence::digest::Sha256;
use credence::dimse::CommandField;
use credence::dimse::CommandSet;
use credence::dimse::Status;
use credence::dimse::element;
use credence::ledger::LogSigner;
use credence::ledger::Manifest;
use credence::ledger::Receipt;
use credence::ledger::StatedTransfer;
use credence::ledger::Statement;
use credence::ledger::TransferId;
use credence::ledger::open_text;
use credence::ledger::sign_text;
use credence::storage::Keys;
use credence::storage::random_bytes;
use credence::time::UtcMicros;
use credence::transport::Indication;
use credence::transport::Limits;
use credence::transport::Link;
use credence::transport::Security;
use credence::transport::Whom;
use credence::web::Answered;
use credence::web::Line;
use credence::web::Secured;

use crate::site::Open;
use crate::site::Site;
use crate::site::keys;

const LINK: &str = "2.25.28590620662259735104072960431024146970";
const LINK_INSTANCE: &str = "2.25.130183183234864526961493268589676439201";
const STUDY_ROOT_GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

const GET_CONTEXT: u8 = 1;
const LINK_CONTEXT: u8 = 3;
const CT_CONTEXT: u8 = 5;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Lakeside's own decision, as it says.
pub(crate) const DECISION: u64 = 77;

fn uid(text: &str) -> Uid {
    text.parse().unwrap()
}

/// Ada's CT.
pub(crate) fn study() -> Uid {
    phantom::studies().unwrap()[0].uid.clone()
}

/// See the module.
pub(crate) struct Impostor {
    config: Config,
    pub(crate) security: Arc<Security>,
    pub(crate) keys: Keys,
}

/// One association of it.
pub(crate) struct Speaking<'i> {
    impostor: &'i Impostor,
    pub(crate) link: Link,
    number: u32,
}

/// What it got by one C-GET, or sent.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) transfer: TransferId,
    pub(crate) digests: Vec<Sha256>,
    pub(crate) bytes: u64,
    /// What St. Anna's gateway said of its decision.
    pub(crate) theirs: Option<u64>,
    pub(crate) status: Status,
}

/// St. Anna at work, with Ada's consent, and who claims to be Lakeside.
pub(crate) async fn consented() -> (Site, Open, Impostor) {
    let site = Site::new().await;
    let open = site.open().await;
    site.consent().await;
    let lakeside = Impostor::new(&site);
    (site, open, lakeside)
}

impl Got {
    /// The root of its manifest.
    pub(crate) fn root(&self) -> Sha256 {
        let mut manifest = Manifest::new(self.transfer.salt());
        self.digests.iter().for_each(|digest| manifest.add(digest));
        manifest.root()
    }
}

impl Impostor {
    pub(crate) fn new(site: &Site) -> Self {
        let config = site.theirs();
        let security = Security::load(&config).unwrap().unwrap();
        Self {
            config,
            security: Arc::new(security),
            keys: keys(&site.home("lakeside"), "lakeside"),
        }
    }

    /// St. Anna's gateway, as Lakeside's configuration has it.
    pub(crate) fn st_anna(&self) -> &Arc<GatewayPeer> {
        &self.config.gateway_peers[0]
    }

    /// An association with St. Anna's gateway, to get images by.
    pub(crate) async fn associate(&self) -> Speaking<'_> {
        let receives = Roles {
            scu: false,
            scp: true,
        };
        self.associate_as(receives).await
    }

    async fn associate_as(&self, for_images: Roles) -> Speaking<'_> {
        let gateway = self.st_anna();
        let context = |id, class, syntax| ProposedContext {
            id,
            abstract_syntax: uid(class),
            transfer_syntaxes: vec![uid(syntax)],
        };
        let contexts = vec![
            context(GET_CONTEXT, STUDY_ROOT_GET, IMPLICIT),
            context(LINK_CONTEXT, LINK, IMPLICIT),
            context(CT_CONTEXT, CT, EXPLICIT),
        ];
        let user = UserInformation {
            roles: BTreeMap::from([(uid(CT), for_images)]),
            ..UserInformation::ours(131_072)
        };
        let rq = AssociateRq::new(
            "CRED_A".parse().unwrap(),
            "CRED_B".parse().unwrap(),
            contexts,
            user,
        );
        let limits = Limits {
            associate_bytes_max: 65_536,
            pdu_bytes_max: 131_072,
            command_bytes_max: 65_536,
            artim: PATIENCE,
        };
        let tls = Security::towards(Some(&self.security), &gateway.peer).unwrap();
        let address = gateway.peer.connect.unwrap();
        let requested = Link::connect(address, tls, &rq, limits, 131_072, PATIENCE);
        let requested = requested.await.unwrap();
        for id in [GET_CONTEXT, LINK_CONTEXT, CT_CONTEXT] {
            let result = requested.accepted.result(id);
            assert!(
                matches!(result, Some(ContextReply::Accepted(_))),
                "{id}: {result:?}"
            );
        }
        Speaking {
            impostor: self,
            link: requested.link,
            number: 0,
        }
    }

    /// Ada's CT, properly asked for.
    pub(crate) async fn pull(&self) -> Got {
        let mut speaking = self.associate().await;
        let (transfer, statement) = speaking.statement();
        assert_eq!(speaking.state(&statement).await, Some(Status::SUCCESS));
        let got = speaking.get(transfer, usize::MAX).await;
        speaking.link.release().await;
        got
    }

    /// Ada's CT, properly stored.
    pub(crate) async fn push(&self) -> Got {
        let sends = Roles {
            scu: true,
            scp: false,
        };
        let mut speaking = self.associate_as(sends).await;
        let (transfer, statement) = speaking.statement();
        assert_eq!(speaking.state(&statement).await, Some(Status::SUCCESS));
        let sent = speaking.store(transfer).await;
        speaking.link.release().await;
        sent
    }

    /// The true receipt for it.
    pub(crate) fn receipt(&self, got: &Got) -> Receipt {
        Receipt {
            begun: UtcMicros(1_790_000_000_000_000),
            bytes: got.bytes,
            ended: UtcMicros(1_790_000_001_000_000),
            instances: got.digests.len() as u64,
            recipient: "lakeside".parse().unwrap(),
            recipient_decision: DECISION,
            root: got.root(),
            sender: "st-anna".parse().unwrap(),
            sender_decision: got.theirs.unwrap(),
            status: 0,
            transfer: got.transfer,
        }
    }

    pub(crate) fn sign(&self, receipt: &Receipt) -> String {
        sign_text(receipt, &self.keys.statement).unwrap()
    }

    /// Sends a receipt to St. Anna's exchange, and once more while it says "later".
    pub(crate) async fn post(&self, note: &str) -> Answered {
        let gateway = self.st_anna();
        let secured = Secured {
            security: Arc::clone(&self.security),
            whom: Whom::Gateway(Arc::clone(gateway)),
        };
        loop {
            let url = gateway.https.as_ref().unwrap();
            let mut line = Line::to(url, Some(&secured), PATIENCE, 65_536);
            let answered = line.post("receipts", note.to_owned()).await.unwrap();
            if answered.status != 503 {
                return answered;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// St. Anna's signature on a receipt.
    pub(crate) fn signed_by_st_anna(&self, note: &str) -> Receipt {
        open_text(note, &self.st_anna().statement_key).unwrap()
    }
}

impl Speaking<'_> {
    /// What an honest gateway states before it asks for Ada's CT.
    pub(crate) fn statement(&mut self) -> (TransferId, Statement) {
        let transfer = TransferId::from_bytes(random_bytes().unwrap());
        self.number += 1;
        let statement = Statement {
            binding: self.link.channel().binding.unwrap(),
            checkpoint: None,
            from: "lakeside".parse().unwrap(),
            number: self.number,
            purpose: Purpose::Treatment,
            requester_ae: "WS_B".parse().unwrap(),
            to: "st-anna".parse().unwrap(),
            transfers: vec![StatedTransfer {
                decision: DECISION,
                study: transfer.study(study().as_str()),
                transfer,
            }],
            user: Some("dr.house".to_owned()),
        };
        (transfer, statement)
    }

    pub(crate) async fn state(&mut self, statement: &Statement) -> Option<Status> {
        let signer: &LogSigner = &self.impostor.keys.statement;
        let note = sign_text(statement, signer).unwrap();
        self.state_note(&note).await
    }

    /// States by N-ACTION; the status that is answered, `None` when the association ended first.
    pub(crate) async fn state_note(&mut self, note: &str) -> Option<Status> {
        let data_set = Builder::new(Encoding::ImplicitLittle)
            .text(Tag::new(0x0009, 0x0010), *b"LO", "CREDENCE LINK")
            .bytes(Tag::new(0x0009, 0x1001), *b"OB", note.as_bytes())
            .build();
        let command = CommandSet::new(CommandField::NActionRq)
            .with_message_id(1)
            .with_uid(element::REQUESTED_SOP_CLASS_UID, &uid(LINK))
            .with_uid(element::REQUESTED_SOP_INSTANCE_UID, &uid(LINK_INSTANCE))
            .with_u16(element::ACTION_TYPE_ID, 1)
            .with_data_set();
        self.link.queue_command(LINK_CONTEXT, &command);
        self.link.queue_data(LINK_CONTEXT, data_set.into(), true);
        match self.next().await? {
            Indication::Command { command, .. } => command.status(),
            _ => None,
        }
    }

    async fn next(&mut self) -> Option<Indication> {
        tokio::time::timeout(PATIENCE, self.link.next())
            .await
            .unwrap()
            .ok()
    }

    async fn data_set(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            match self.next().await {
                Some(Indication::Data { data, is_last, .. }) => {
                    bytes.extend_from_slice(&data);
                    if is_last {
                        return bytes;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Sends Ada's CT by C-STORE.
    async fn store(&mut self, transfer: TransferId) -> Got {
        let mut sent = Got {
            transfer,
            digests: Vec::new(),
            bytes: 0,
            theirs: None,
            status: Status::SUCCESS,
        };
        let images = phantom::studies().unwrap()[0].files.len();
        for image in &phantom::instances().unwrap()[..images] {
            let command = CommandSet::new(CommandField::CStoreRq)
                .with_message_id(3)
                .with_sop_class(&image.sop_class)
                .with_sop_instance(&image.sop_instance)
                .with_u16(element::PRIORITY, 0)
                .with_data_set();
            self.link.queue_command(CT_CONTEXT, &command);
            let data_set = image.data_set.clone();
            self.link.queue_data(CT_CONTEXT, data_set, true);
            match self.next().await {
                Some(Indication::Command { command, .. }) => {
                    assert_eq!(command.status(), Some(Status::SUCCESS), "{command:?}");
                }
                other => panic!("{other:?}"),
            }
            sent.digests.push(Sha256::of(&[&image.data_set]));
            sent.bytes += image.data_set.len() as u64;
        }
        sent
    }

    /// Asks for Ada's CT by C-GET, and answers Success to the first `answers` images; to the one after that
    /// nothing, and the connection is gone.
    pub(crate) async fn get(&mut self, transfer: TransferId, answers: usize) -> Got {
        let identifier = Builder::new(Encoding::ImplicitLittle)
            .text(tag::QUERY_RETRIEVE_LEVEL, *b"CS", "STUDY")
            .text(tag::STUDY_INSTANCE_UID, *b"UI", study().as_str())
            .build();
        let command = CommandSet::new(CommandField::CGetRq)
            .with_message_id(2)
            .with_sop_class(&uid(STUDY_ROOT_GET))
            .with_u16(element::PRIORITY, 0)
            .with_data_set();
        self.link.queue_command(GET_CONTEXT, &command);
        self.link.queue_data(GET_CONTEXT, identifier.into(), true);
        let mut got = Got {
            transfer,
            digests: Vec::new(),
            bytes: 0,
            theirs: None,
            status: Status::PROCESSING_FAILURE,
        };
        loop {
            let (context_id, command) = match self.next().await {
                Some(Indication::Command {
                    context_id,
                    command,
                }) => (context_id, command),
                other => panic!("{other:?}"),
            };
            match command.field() {
                Some(CommandField::NEventReportRq) => {
                    let data_set = self.data_set().await;
                    got.theirs = Some(self.decision_in(&data_set, transfer));
                    let response = CommandSet::response_to(&command, Status::SUCCESS);
                    self.link.queue_command(context_id, &response);
                }
                Some(CommandField::CStoreRq) => {
                    let data_set = self.data_set().await;
                    got.digests.push(Sha256::of(&[&data_set]));
                    got.bytes += data_set.len() as u64;
                    if got.digests.len() > answers {
                        return got;
                    }
                    let response = CommandSet::response_to(&command, Status::SUCCESS);
                    self.link.queue_command(context_id, &response);
                }
                Some(CommandField::CGetRsp) => {
                    if command.has_data_set() {
                        self.data_set().await;
                    }
                    got.status = command.status().unwrap();
                    if got.status.0 != 0xff00 {
                        return got;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The decision that St. Anna's gateway reports.
    fn decision_in(&self, data_set: &[u8], transfer: TransferId) -> u64 {
        let elements = Elements::parse(data_set, Encoding::ImplicitLittle).unwrap();
        let note = elements.value(Tag::new(0x0009, 0x1001)).unwrap();
        let note = String::from_utf8(note.to_vec()).unwrap();
        let key = &self.impostor.st_anna().statement_key;
        let said: Statement = open_text(note.trim_end_matches('\0'), key).unwrap();
        assert_eq!(Some(said.binding), self.link.channel().binding);
        let said = said.of_study(study().as_str()).unwrap();
        assert_eq!(said.transfer, transfer);
        said.decision
    }
}
