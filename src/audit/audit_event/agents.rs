//! Who took part.

use super::codes;
use super::plan::Profile;
use super::resource::Absent;
use super::resource::Agent;
use super::resource::Coding;
use super::resource::Concept;
use super::resource::Identifier;
use super::resource::Network;
use super::resource::Reference;
use super::resource::Text;
use super::resource::text;
use crate::audit::Record;
use crate::audit::Site;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::Verb;
use crate::dicom::AeTitle;

/// Machine Name, of network-type.
const MACHINE_NAME: &str = "1";
/// IP Address, of network-type.
const IP_ADDRESS: &str = "2";

const UNKNOWN_NETWORK: Network<'_> = Network::Unknown {
    extension: [Absent {
        url: "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        value_code: "unknown",
    }],
};

/// This gateway. As the observer of every event, it must look the same wherever it is an agent (BALP,
/// `val-audit-source`).
pub(super) fn gateway(site: &Site) -> Reference<'_> {
    Reference {
        kind: Some("Device"),
        identifier: Some(Identifier {
            system: Some(codes::GATEWAY.into()),
            value: site.own.as_str().into(),
            assigner: None,
        }),
        display: text(&site.host),
    }
}

/// An institution.
pub(super) fn organization<'a>(site: &'a Site, slug: &'a InstitutionSlug) -> Reference<'a> {
    Reference {
        kind: Some("Organization"),
        identifier: Some(Identifier {
            system: Some(codes::INSTITUTION.into()),
            value: slug.as_str().into(),
            assigner: None,
        }),
        display: text(site.name(slug)),
    }
}

/// For what, as a concept of HL7 v3 ActReason.
pub(super) fn purpose(purpose: Purpose) -> Concept {
    Concept::from(Coding {
        system: codes::ACT_REASON,
        code: purpose.hl7_code(),
        display: None,
    })
}

/// See the module. As each profile demands; a basic event names the gateway, the person, who asked, who receives
/// and who answers for the data, as far as there are such.
pub(super) fn agents<'a>(site: &'a Site, record: &'a Record, profile: Profile) -> Vec<Agent<'a>> {
    let cast = Cast { site, record };
    match (profile, record.request()) {
        (Profile::Basic, _) | (_, None) => cast.basic(),
        (Profile::DisclosureSource, Some(request)) => cast.source(request),
        (Profile::DisclosureRecipient, Some(request)) => cast.recipient(request),
        (Profile::AuthzConsent, Some(request)) => cast.authorization(request),
    }
}

struct Cast<'a> {
    site: &'a Site,
    record: &'a Record,
}

impl<'a> Cast<'a> {
    /// The entry tells what came of the request, rather than what somebody said of it later.
    const fn is_asked(&self) -> bool {
        matches!(
            self.record.body(),
            Body::Decision { .. }
                | Body::TransferClosed { .. }
                | Body::Query { .. }
                | Body::ProcedureStep { .. }
                | Body::ParcelSealed { .. }
                | Body::ParcelOpened { .. }
        )
    }

    /// For what, where the request is what is told.
    fn purpose(&self) -> Option<[Concept; 1]> {
        let asked = self.record.purpose().filter(|_| self.is_asked());
        asked.map(|asked| [purpose(asked)])
    }

    fn basic(&self) -> Vec<Agent<'a>> {
        let person = self.person();
        let mut gateway = self.gateway(codes::APPLICATION);
        gateway.requestor = person.is_none() && !self.is_asked();
        let mut agents = vec![gateway];
        agents.extend(person);
        if let Body::Bypassed { second, .. } = self.record.body() {
            agents.extend(text(second).map(|name| self.human(name, &self.site.own, false)));
        }
        let Some(request) = self.record.request() else {
            return agents;
        };
        let role = match request.verb {
            Verb::Store | Verb::Query => codes::SOURCE,
            Verb::Retrieve if is_for_itself(request) => codes::DESTINATION,
            Verb::Retrieve => codes::APPLICATION,
        };
        agents.push(self.asker(role, request));
        if !is_for_itself(request) {
            agents.push(self.receiver(request));
        }
        agents.push(self.custodian(request));
        agents
    }

    fn source(&self, request: &'a Request) -> Vec<Agent<'a>> {
        let mut agents = vec![self.gateway(codes::SOURCE)];
        if is_for_itself(request) {
            agents.push(self.asker(codes::DESTINATION, request));
        } else {
            agents.push(self.receiver(request));
            agents.push(self.asker(codes::APPLICATION, request));
        }
        agents.extend(self.person());
        agents.push(self.custodian(request));
        agents
    }

    fn recipient(&self, request: &'a Request) -> Vec<Agent<'a>> {
        let mut agents = Vec::with_capacity(5);
        if request.verb == Verb::Store {
            agents.push(self.asker(codes::SOURCE, request));
        } else {
            // Which of the other side's machines has sent is not in the ledger.
            let from = match self.record.body() {
                Body::TransferClosed { sender, .. } => sender,
                _ => &request.custodian,
            };
            let mut sender = self.institution(codes::SOURCE, from);
            sender.network = Some(UNKNOWN_NETWORK);
            agents.push(sender);
            agents.push(self.asker(codes::APPLICATION, request));
        }
        agents.push(self.gateway(codes::DESTINATION));
        agents.extend(self.person());
        agents.push(self.custodian(request));
        agents
    }

    fn authorization(&self, request: &'a Request) -> Vec<Agent<'a>> {
        let mut authorizer = self.gateway(codes::AUTHORIZATION_SERVER);
        authorizer.network = None;
        let mut client = self.asker(codes::APPLICATION, request);
        client.requestor = false;
        client.purpose_of_use = None;
        // Few associations name a person: then it is the application that is informed.
        let mut user = self.person().unwrap_or_else(|| {
            let mut asker = self.asker(codes::INFORMATION_RECIPIENT, request);
            asker.network = None;
            asker
        });
        user.kind = codes::INFORMATION_RECIPIENT.into();
        let mut agents = vec![
            authorizer,
            client,
            user,
            self.institution(codes::PROVIDER, &request.requester),
        ];
        if !is_for_itself(request) {
            agents.push(self.receiver(request));
        }
        agents.push(self.custodian(request));
        agents
    }

    fn gateway(&self, role: Coding) -> Agent<'a> {
        Agent {
            kind: role.into(),
            who: gateway(self.site),
            name: None,
            requestor: false,
            network: Some(match text(&self.site.host) {
                Some(address) => Network::Machine {
                    address,
                    kind: MACHINE_NAME,
                },
                None => UNKNOWN_NETWORK,
            }),
            purpose_of_use: None,
        }
    }

    /// The application that asked.
    fn asker(&self, role: Coding, request: &'a Request) -> Agent<'a> {
        let requestor = self.is_asked() && self.name().is_none();
        Agent {
            requestor,
            purpose_of_use: self.purpose().filter(|_| requestor),
            ..self.application(role, &request.requester_ae, &request.requester)
        }
    }

    /// The application that receives.
    fn receiver(&self, request: &'a Request) -> Agent<'a> {
        let (ae, of) = (&request.recipient_ae, &request.recipient);
        self.application(codes::DESTINATION, ae, of)
    }

    fn application(&self, role: Coding, ae: &'a AeTitle, of: &'a InstitutionSlug) -> Agent<'a> {
        Agent {
            kind: role.into(),
            who: Reference {
                kind: Some("Device"),
                identifier: Some(Identifier {
                    system: Some(codes::AE_TITLE.into()),
                    value: ae.as_str().into(),
                    assigner: Some(Box::new(organization(self.site, of))),
                }),
                display: None,
            },
            name: None,
            requestor: false,
            network: Some(Network::Ae {
                address: ae.as_str().into(),
            }),
            purpose_of_use: None,
        }
    }

    /// The name of the person, where there is one that can be read.
    fn name(&self) -> Option<Text<'a>> {
        text(self.record.person()?)
    }

    /// The person who did it, or on whose behalf it was asked.
    fn person(&self) -> Option<Agent<'a>> {
        let said = self.record.body().person();
        let own = &self.site.own;
        let of = match (said, self.record.request()) {
            (None, Some(request)) => &request.requester,
            (Some(_), _) | (None, None) => own,
        };
        let name = self.name()?;
        Some(Agent {
            purpose_of_use: self.purpose(),
            network: self.address(),
            ..self.human(name, of, said.is_some() || self.is_asked())
        })
    }

    /// Where the person sat.
    fn address(&self) -> Option<Network<'a>> {
        let address = text(self.record.address()?)?;
        let kind = IP_ADDRESS;
        Some(Network::Machine { address, kind })
    }

    fn human(&self, name: Text<'a>, of: &'a InstitutionSlug, requestor: bool) -> Agent<'a> {
        Agent {
            kind: codes::HUMAN_USER.into(),
            who: Reference {
                kind: None,
                identifier: Some(Identifier {
                    system: Some(codes::USER.into()),
                    value: name.clone(),
                    assigner: Some(Box::new(organization(self.site, of))),
                }),
                display: None,
            },
            name: Some(name),
            requestor,
            network: None,
            purpose_of_use: None,
        }
    }

    fn custodian(&self, request: &'a Request) -> Agent<'a> {
        self.institution(codes::CUSTODIAN, &request.custodian)
    }

    fn institution(&self, role: Coding, slug: &'a InstitutionSlug) -> Agent<'a> {
        Agent {
            kind: role.into(),
            who: organization(self.site, slug),
            name: None,
            requestor: false,
            network: None,
            purpose_of_use: None,
        }
    }
}

/// Who asks is who receives.
fn is_for_itself(request: &Request) -> bool {
    request.requester_ae == request.recipient_ae && request.requester == request.recipient
}
