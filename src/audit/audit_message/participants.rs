//! Who took part (`ActiveParticipant`), in the order of the tables of PS3.15 §A.5.3. Exactly one of them is the
//! requestor, but in a security alert only who reports can be (Table A.5.3.11).

use std::collections::BTreeSet;

use super::codes;
use super::codes::Code;
use super::event::Cast;
use super::xml::Xml;
use crate::audit::format::Site;
use crate::audit::record::Record;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::Verb;
use crate::dicom::AeTitle;

/// An application of an institution, by its AE title where the ledger knows it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Node<'r> {
    ae: Option<&'r AeTitle>,
    of: &'r InstitutionSlug,
}

/// Between whom something moves, or was to.
struct Ends<'r> {
    source: Node<'r>,
    destination: Node<'r>,
    /// Who asked for it.
    asker: Node<'r>,
}

impl<'r> Ends<'r> {
    /// Of the request that a record is about; of a transfer whose decision is not told, its own institutions.
    fn of(record: &'r Record) -> Option<Self> {
        let Some(request) = record.request() else {
            return Self::told(record.body());
        };
        let asker = Node {
            ae: Some(&request.requester_ae),
            of: &request.requester,
        };
        let recipient = Node {
            ae: Some(&request.recipient_ae),
            of: &request.recipient,
        };
        // Of who holds the data, the ledger knows the institution.
        let custodian = Node {
            ae: None,
            of: &request.custodian,
        };
        let (source, destination) = match request.verb {
            Verb::Store => (asker, recipient),
            Verb::Retrieve => (custodian, recipient),
            // The source of the query, not of what it finds (Table A.5.3.10).
            Verb::Query => (asker, custodian),
        };
        Some(Self {
            source,
            destination,
            asker,
        })
    }

    const fn told(body: &'r Body) -> Option<Self> {
        let Body::TransferClosed {
            sender, recipient, ..
        } = body
        else {
            return None;
        };
        let source = Node {
            ae: None,
            of: sender,
        };
        let destination = Node {
            ae: None,
            of: recipient,
        };
        Some(Self {
            source,
            destination,
            asker: source,
        })
    }
}

/// Writes them.
pub(super) struct Participants<'a> {
    pub(super) xml: &'a mut Xml,
    pub(super) site: &'a Site,
    pub(super) record: &'a Record,
}

impl Participants<'_> {
    /// All of a message.
    pub(super) fn write(&mut self, cast: Cast) {
        match cast {
            Cast::Application => self.gateway(codes::APPLICATION, true),
            Cast::Ends => self.ends(),
            Cast::Export => self.export(),
            Cast::Person => self.person_and_gateway(),
            Cast::Asker => self.asker(),
            Cast::Alert => self.alert(),
        }
    }

    /// Source, destination, others: a third party, the gateway between them, the user.
    fn ends(&mut self) {
        let record = self.record;
        let user = record.person();
        if let Some(ends) = Ends::of(record) {
            let asks = |node: Node<'_>| user.is_none() && node == ends.asker;
            self.node(ends.source, Some(codes::SOURCE), asks(ends.source));
            // Who is both asks once.
            let is_other = ends.destination != ends.source;
            let asks_too = is_other && asks(ends.destination);
            self.node(ends.destination, Some(codes::DESTINATION), asks_too);
            if ends.asker != ends.source && ends.asker != ends.destination {
                self.node(ends.asker, None, user.is_none());
            }
            self.gateway(codes::APPLICATION, false);
        } else {
            self.gateway(codes::APPLICATION, user.is_none());
        }
        self.users(user, None, true);
    }

    /// The recipient; the gateway, which exports, and the user; the parcel, as a medium.
    fn export(&mut self) {
        let record = self.record;
        let (parcel, recipient, is_asked_for) = match record.body() {
            Body::ParcelSealed {
                parcel, recipient, ..
            } => (parcel, recipient, false),
            Body::ParcelOpened {
                parcel, recipient, ..
            } => (parcel, recipient, true),
            _ => return,
        };
        // The recipient asks for the key with a signed request of its own; before that, the gateway exports.
        let user = record.person().filter(|_| !is_asked_for);
        let ae = record.request().map(|request| &request.recipient_ae);
        let node = Node { ae, of: recipient };
        self.node(node, Some(codes::DESTINATION), is_asked_for);
        self.gateway(codes::SOURCE, !is_asked_for && user.is_none());
        self.users(user, Some(codes::SOURCE), true);
        let medium = self.xml.tag("ActiveParticipant");
        let uri = format_args!("urn:credence:parcel:{parcel}");
        medium
            .attribute("UserID", uri)
            .attribute("UserIsRequestor", false)
            .attribute("NetworkAccessPointID", uri)
            .attribute("NetworkAccessPointTypeCode", 5)
            .holding(|xml| {
                xml.code("RoleIDCode", codes::DESTINATION_MEDIA);
                let medium = xml.tag("MediaIdentifier");
                medium.holding(|xml| xml.code("MediaType", codes::URI_MEDIUM));
            });
    }

    fn person_and_gateway(&mut self) {
        let person = self.record.person();
        self.users(person, None, true);
        self.gateway(codes::APPLICATION, person.is_none());
    }

    /// The user, the peer that spoke for them, and the gateway.
    fn asker(&mut self) {
        let record = self.record;
        let (user, ends) = (record.person(), Ends::of(record));
        self.users(user, None, true);
        if let Some(ends) = &ends {
            self.node(ends.asker, None, user.is_none());
        }
        self.gateway(codes::APPLICATION, user.is_none() && ends.is_none());
    }

    /// Who reports: a person, or else the gateway. Who performed: the ends of what was asked, and its user.
    fn alert(&mut self) {
        let record = self.record;
        let reporter = record.body().person();
        self.users(reporter, None, true);
        self.gateway(codes::APPLICATION, reporter.is_none());
        if let Some(ends) = Ends::of(record) {
            self.node(ends.source, Some(codes::SOURCE), false);
            self.node(ends.destination, Some(codes::DESTINATION), false);
            if ends.asker != ends.source && ends.asker != ends.destination {
                self.node(ends.asker, None, false);
            }
        }
        let user = record.request().and_then(|request| request.user.as_ref());
        self.users(user.map(|user| user.name.as_str()), None, false);
        if let Body::Bypassed { second, .. } = record.body() {
            self.users(Some(second), None, false);
        }
    }

    /// An application, as `LAKE_WS@lakeside` (§A.5.2.1), or an institution.
    fn node(&mut self, node: Node<'_>, role: Option<Code>, is_requestor: bool) {
        let tag = self.xml.tag("ActiveParticipant");
        let tag = match node.ae {
            Some(ae) => tag
                .attribute("UserID", format_args!("{ae}@{}", node.of))
                .attribute("AlternativeUserID", format_args!("AETITLES={ae}")),
            None => tag.attribute("UserID", node.of),
        };
        let tag = tag
            .attribute("UserName", self.site.name(node.of))
            .attribute("UserIsRequestor", is_requestor);
        match role {
            Some(role) => tag.holding(|xml| xml.code("RoleIDCode", role)),
            None => tag.empty(),
        }
    }

    /// The gateway, by its boot id, as it stands in its entries, and by the AE titles that it answers to.
    fn gateway(&mut self, role: Code, is_requestor: bool) {
        let (site, boot) = (self.site, &self.record.entry.boot);
        let is_address = site.host.parse::<std::net::IpAddr>().is_ok();
        self.xml
            .tag("ActiveParticipant")
            .attribute("UserID", format_args!("{boot}@{}", site.host))
            .maybe("AlternativeUserID", ae_titles(&site.aes))
            .attribute("UserName", "Credence")
            .attribute("UserIsRequestor", is_requestor)
            .attribute("NetworkAccessPointID", &site.host)
            .attribute("NetworkAccessPointTypeCode", if is_address { 2 } else { 1 })
            .holding(|xml| xml.code("RoleIDCode", role));
    }

    /// A person, where one is named.
    fn users(&mut self, name: Option<&str>, role: Option<Code>, is_requestor: bool) {
        let Some(name) = name else { return };
        let tag = self.xml.tag("ActiveParticipant");
        let tag = tag
            .attribute("UserID", name)
            .attribute("UserIsRequestor", is_requestor)
            .maybe("NetworkAccessPointID", self.record.address())
            // 2: an IP address.
            .maybe(
                "NetworkAccessPointTypeCode",
                self.record.address().map(|_| 2),
            );
        match role {
            Some(role) => tag.holding(|xml| xml.code("RoleIDCode", role)),
            None => tag.empty(),
        }
    }
}

/// The AE titles of an application (§A.5.2.2): `AETITLES=`, and each, with semicolons between them.
fn ae_titles(titles: &BTreeSet<AeTitle>) -> Option<String> {
    let titles: Vec<&str> = titles.iter().map(AeTitle::as_str).collect();
    (!titles.is_empty()).then(|| format!("AETITLES={}", titles.join(";")))
}
