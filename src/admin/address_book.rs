//! Who the others are: institutions, their peers, names of certificates and keys, as the configuration has them, and
//! their scores of today.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::console::Console;
use super::problem::Problem;
use crate::config::Config;
use crate::config::GatewayPeer;
use crate::config::Institution;
use crate::config::Peer;
use crate::contract::InstitutionSlug;
use crate::gateway::control::ListedScore;

/// An institution, and how it scores today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ListedInstitution {
    /// Its short name.
    #[schema(value_type = String)]
    pub(super) institution: InstitutionSlug,
    /// What people call it.
    pub(super) name: String,
    /// It is ours: it has no score here.
    pub(super) own: bool,
    /// 0 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) score: Option<u16>,
    /// The ceiling that holds today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ceiling: Option<u16>,
    /// There is evidence of it.
    pub(super) evidence: bool,
    /// Good evidence today, in thousandths of a unit.
    pub(super) good_milli: u64,
    /// Bad evidence today, in thousandths of a unit.
    pub(super) bad_milli: u64,
    /// AE titles of its peers.
    pub(super) ae_titles: Vec<String>,
    /// Names of its peers.
    pub(super) peers: Vec<String>,
    /// It has a gateway of its own that we speak with.
    pub(super) gateway: bool,
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ListedPeer {
    /// Its name.
    pub(super) name: String,
    /// Its AE title.
    pub(super) ae_title: String,
    /// Where it calls from; none: its AE title or its certificate alone identifies it.
    pub(super) addresses: Vec<String>,
    /// Where we connect to it; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connect: Option<String>,
    /// We connect to it by TLS.
    pub(super) tls: bool,
    /// It may come to us without TLS.
    pub(super) plain: bool,
    /// What its certificates are known by.
    pub(super) certificates: Vec<String>,
    /// What it may ask of us.
    pub(super) may: Vec<&'static str>,
    /// It may call from any address.
    pub(super) any_address: bool,
    /// It is the gateway of another institution.
    pub(super) is_gateway: bool,
    /// The AE title of ours that stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) destination_ae: Option<String>,
}

/// The gateway of an institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ListedGateway {
    /// The peer that it is.
    pub(super) peer: String,
    /// The AE title of ours that stands for it.
    pub(super) ae: String,
    /// The same for emergencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) emergency_ae: Option<String>,
    /// Where its exchange answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) https: Option<String>,
    /// Signs the checkpoints of its log.
    pub(super) log_key: String,
    /// Signs its statements and receipts.
    pub(super) statement_key: String,
    /// Cosigns ours.
    pub(super) witness_key: String,
    /// To which parcels for it are sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parcel_key: Option<String>,
}

/// All that the configuration says of an institution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Address {
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// What certificates of its systems are known by.
    pub(super) certificates: Vec<String>,
    /// What FHIR resources call it.
    pub(super) fhir: Vec<String>,
    /// Its peers.
    pub(super) peers: Vec<ListedPeer>,
    /// Its gateways.
    pub(super) gateways: Vec<ListedGateway>,
}

fn texts<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

impl ListedPeer {
    pub(super) fn of(config: &Config, peer: &Peer) -> Self {
        Self {
            name: peer.name.to_string(),
            ae_title: peer.ae_title.to_string(),
            addresses: texts(&peer.addresses),
            connect: peer.connect.map(|connect| connect.to_string()),
            tls: peer.tls,
            plain: peer.plain,
            certificates: texts(config.certificates_of(peer)),
            may: peer.may.iter().map(|one| one.as_str()).collect(),
            any_address: peer.any_address,
            is_gateway: peer.through.is_some(),
            destination_ae: peer.destination_ae.as_ref().map(ToString::to_string),
        }
    }
}

impl ListedGateway {
    fn of(gateway: &GatewayPeer) -> Self {
        Self {
            peer: gateway.peer.name.to_string(),
            ae: gateway.ae.to_string(),
            emergency_ae: gateway.emergency_ae.as_ref().map(ToString::to_string),
            https: gateway.https.as_ref().map(ToString::to_string),
            log_key: gateway.log_key.to_string(),
            statement_key: gateway.statement_key.to_string(),
            witness_key: gateway.witness_key.to_string(),
            parcel_key: gateway.parcel_key.as_ref().map(ToString::to_string),
        }
    }
}

impl Console {
    fn peers_of<'a>(
        &'a self,
        institution: &'a InstitutionSlug,
    ) -> impl Iterator<Item = &'a Arc<Peer>> {
        let peers = self.config.peers.iter();
        peers.filter(move |peer| peer.institution == *institution)
    }

    fn listed(
        &self,
        institution: &InstitutionSlug,
        score: Option<&ListedScore>,
        without_evidence: u16,
    ) -> ListedInstitution {
        let own = *institution == self.config.gateway.institution;
        let peers = self.peers_of(institution);
        let mut ae_titles: Vec<String> = peers.map(|peer| peer.ae_title.to_string()).collect();
        ae_titles.sort();
        ae_titles.dedup();
        let counted = score.map_or(without_evidence, |score| score.score);
        ListedInstitution {
            institution: institution.clone(),
            name: self.site.name(institution).to_owned(),
            own,
            score: (!own).then_some(counted),
            ceiling: score.and_then(|score| score.ceiling),
            evidence: score.is_some(),
            good_milli: score.map_or(0, |score| score.good_milli),
            bad_milli: score.map_or(0, |score| score.bad_milli),
            ae_titles,
            peers: self
                .peers_of(institution)
                .map(|peer| peer.name.to_string())
                .collect(),
            gateway: self.config.gateway_of(institution).is_some(),
        }
    }

    /// Every institution of the configuration, and every other one of which there is evidence, by name.
    pub(super) async fn institutions(&self) -> Result<Vec<ListedInstitution>, Problem> {
        let (scores, without_evidence) = self.scores().await?;
        let score_of = |slug: &InstitutionSlug| {
            let mut scores = scores.iter();
            scores.find(|score| score.institution == *slug)
        };
        let known = self.config.institutions.keys();
        let mut listed: Vec<ListedInstitution> = known
            .map(|slug| self.listed(slug, score_of(slug), without_evidence))
            .collect();
        let others = scores
            .iter()
            .filter(|score| !self.config.institutions.contains_key(&score.institution));
        listed.extend(
            others.map(|score| self.listed(&score.institution, Some(score), without_evidence)),
        );
        listed.sort_by(|one, other| (!one.own, &one.name).cmp(&(!other.own, &other.name)));
        Ok(listed)
    }

    /// One of them.
    ///
    /// # Errors
    /// When it is neither in the configuration nor is there evidence of it.
    pub(super) async fn institution(&self, slug: &str) -> Result<ListedInstitution, Problem> {
        let slug: InstitutionSlug = slug.parse().map_err(|_| Problem::not_found())?;
        let (scores, without_evidence) = self.scores().await?;
        let score = scores.iter().find(|score| score.institution == slug);
        if score.is_none() && !self.config.institutions.contains_key(&slug) {
            return Err(Problem::not_found());
        }
        Ok(self.listed(&slug, score, without_evidence))
    }

    /// What the configuration says of one.
    pub(super) fn address(&self, slug: &InstitutionSlug) -> Address {
        let known: Option<&Institution> = self.config.institutions.get(slug);
        let gateways = self.config.gateway_peers.iter();
        let gateways = gateways.filter(|gateway| gateway.peer.institution == *slug);
        let address = known.and_then(|known| known.address.as_ref());
        Address {
            address: address.map(|address| address.as_str().to_owned()),
            certificates: known.map_or_else(Vec::new, |known| texts(&known.certificates)),
            fhir: known.map_or_else(Vec::new, |known| texts(&known.fhir)),
            peers: self
                .peers_of(slug)
                .map(|peer| ListedPeer::of(&self.config, peer))
                .collect(),
            gateways: gateways.map(|gateway| ListedGateway::of(gateway)).collect(),
        }
    }
}
