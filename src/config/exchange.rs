//! What gateways say to each other beside DICOM.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::Gateway;
use crate::config::Tls;
use crate::config::WebUrl;
use crate::config::consistency::Rows;
use crate::config::consistency::known;
use crate::config::consistency::unique;
use crate::config::reading::Reading;
use crate::config::reading::Section;
use crate::config::url::Https;
use crate::parcel::Release;

/// `[exchange]`: receipts, checkpoints and sealed parcels between gateways, by HTTPS with certificates
/// on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Where other gateways ask; absent: nobody is answered.
    pub listen: Option<SocketAddr>,
    /// Where they reach that, if it is elsewhere.
    pub url: Option<WebUrl>,
    /// Where they reach our DICOM listener with TLS, if that is elsewhere.
    pub dicom: Option<SocketAddr>,
    /// One request, from its first byte to its last.
    pub request: Duration,
    /// Connections to us at the same time.
    pub connections_max: usize,
    /// From the first failure of something that is to be sent to the next try.
    pub retry_first: Duration,
    /// Between two tries, at the longest.
    pub retry_max: Duration,
}

impl Exchange {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let seconds = Duration::from_secs;
        let url = section.optional("url");
        Self {
            listen: section.optional("listen"),
            url: url.map(|Https(url)| url),
            dicom: section.optional("dicom"),
            request: section.seconds("request_s", seconds(10), 1..=300),
            connections_max: section.number("connections_max", 32, 1..=1_024),
            retry_first: section.seconds("retry_first_s", seconds(1), 1..=3_600),
            retry_max: section.seconds("retry_max_s", seconds(60), 1..=86_400),
        }
    }
}

impl Rows {
    /// Gateways speak by TLS with certificates on both sides, and each speaks for another institution.
    pub(super) fn check_exchange(
        &self,
        gateway: Option<&Gateway>,
        exchange: &Exchange,
        tls: &Tls,
        reading: &mut Reading<'_>,
    ) {
        let path = |number: usize, key: &str| format!("gateway_peer[{number}].{key}");
        let peers = known(&self.gateway_peers);
        let own = gateway.map(|gateway| &gateway.institution);
        for (number, row) in peers.clone() {
            let institution = &row.peer.institution;
            if own == Some(institution) {
                let problem = format!("is {institution}, our own");
                let allowed = "another institution; a [[peer]] is one of ours";
                reading.fault(&path(number, "institution"), problem, allowed);
            }
        }
        let institutions = peers
            .clone()
            .map(|(number, row)| (path(number, "institution"), &row.peer.institution));
        unique(reading, institutions);
        // Named by its key's name: whose a statement is.
        let statements = peers
            .clone()
            .map(|(number, row)| (path(number, "statement_key"), row.statement_key.name()));
        unique(reading, statements);
        for (number, row) in peers.clone() {
            let parcels = row.parcels.as_ref();
            let is_online = parcels.is_some_and(|parcels| parcels.release == Release::Online);
            if is_online && exchange.listen.is_none() {
                let problem = "needs somebody who answers, and [exchange] does not listen";
                let allowed = "`listen` in [exchange], or parcels_release = \"offline\"";
                reading.fault(&path(number, "parcels_to"), problem, allowed);
            }
        }
        let answers = exchange.listen.map(|_| "exchange.listen".to_owned());
        let connects = peers.map(|(number, _)| path(number, "connect"));
        tls.demanded(answers.into_iter().chain(connects), reading);
    }
}
