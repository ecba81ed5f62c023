//! What must hold of the evidence by which peers are known: certificates, addresses, TLS.

use std::collections::BTreeMap;

use crate::config::CertificateName;
use crate::config::Gateway;
use crate::config::Institution;
use crate::config::Listener;
use crate::config::Peer;
use crate::config::Tls;
use crate::config::consistency::Rows;
use crate::config::consistency::known;
use crate::config::reading::Reading;
use crate::contract::InstitutionSlug;

impl Rows {
    /// Checks how peers come to us, and how we connect to them.
    pub(super) fn check_identity(
        &self,
        gateway: Option<&Gateway>,
        tls: &Tls,
        reading: &mut Reading<'_>,
    ) {
        let own = gateway.map(|gateway| &gateway.institution);
        self.check_certificates(reading);
        self.check_tls_is_possible(tls, reading);
        self.check_any_address(reading);
        // An institution that is not declared has been told.
        let declared = |peer: &Peer| self.institution(&peer.institution).is_some();
        for (number, peer) in known(&self.peers).filter(|(_, peer)| declared(peer)) {
            let path = |key: &str| format!("peer[{number}].{key}");
            let foreign = own.is_some_and(|own| *own != peer.institution);
            let wanted = "tls = true, or plain = true where it may go unencrypted";
            if peer.connect.is_some() && !peer.plain && !peer.tls {
                let why = if foreign {
                    "is false, and this peer is of another institution"
                } else {
                    "is false, and `plain` too"
                };
                reading.fault(&path("tls"), why, wanted);
            }
            let comes = !peer.may.is_empty() && !peer.plain;
            // An archive that may ask nothing comes all the same, with what it was asked to send.
            let is_met = comes || (peer.connect.is_some() && !peer.plain);
            if is_met && foreign && !self.has_certificates(peer) {
                reading.fault(
                    &path("certificates"),
                    "is missing, and a peer of another institution is not known by AE title and \
                     address alone",
                    "`certificates` here or at its [[institution]], or plain = true",
                );
            }
            if comes && !known(&self.listeners).any(|(_, listener)| listener.tls) {
                reading.fault(
                    &path("plain"),
                    "is false, so that it must come by TLS, and no [[listener]] has tls = true",
                    "a listener with tls = true, `may = []`, or plain = true",
                );
            }
        }
    }

    /// A peer that calls from anywhere shares its AE title only where certificates tell the peers
    /// apart.
    fn check_any_address(&self, reading: &mut Reading<'_>) {
        let certified = |peer: &Peer| !peer.certificates.is_empty() && !peer.plain;
        for (row, peer) in self.all_peers() {
            let others = self.all_peers().filter(|(other, _)| *other != row);
            let mut sharing = others.filter(|(_, other)| other.ae_title == peer.ae_title);
            if !peer.any_address {
                continue;
            }
            if let Some((_, other)) =
                sharing.find(|(_, other)| !certified(peer) || !certified(other))
            {
                let problem = format!("peer {} is {} too", other.name, peer.ae_title);
                let allowed = "an AE title of its own, or `certificates` for both peers";
                reading.fault(&format!("{row}.any_address"), problem, allowed);
            }
        }
    }

    fn institution(&self, slug: &InstitutionSlug) -> Option<&Institution> {
        let mut rows = known(&self.institutions).map(|(_, institution)| institution);
        rows.find(|institution| institution.slug == *slug)
    }

    fn has_certificates(&self, peer: &Peer) -> bool {
        let house = self.institution(&peer.institution);
        !peer.certificates.is_empty() || house.is_some_and(|house| !house.certificates.is_empty())
    }

    /// A certificate belongs to one institution.
    fn check_certificates(&self, reading: &mut Reading<'_>) {
        let of_institutions = known(&self.institutions).flat_map(|(number, row)| {
            let path = move |item| format!("institution[{number}].certificates[{item}]");
            let named = row.certificates.iter().enumerate();
            named.map(move |(item, name)| (path(item), name, &row.slug))
        });
        let of_peers = self.all_peers().flat_map(|(row, peer)| {
            let path = move |item| format!("{row}.certificates[{item}]");
            let named = peer.certificates.iter().enumerate();
            named.map(move |(item, name)| (path(item), name, &peer.institution))
        });
        let mut first: BTreeMap<&CertificateName, (String, &InstitutionSlug)> = BTreeMap::new();
        for (path, name, slug) in of_institutions.chain(of_peers) {
            match first.get(name) {
                Some((earlier, other)) if *other != slug => {
                    let problem = format!("{name} is also {earlier}, of institution {other}");
                    reading.fault(&path, problem, "a certificate of one institution");
                }
                Some(_) => {}
                None => {
                    first.insert(name, (path, slug));
                }
            }
        }
    }

    /// Where TLS is used there is a certificate to show, and an authority to believe.
    fn check_tls_is_possible(&self, tls: &Tls, reading: &mut Reading<'_>) {
        let listener = |listener: &Listener| listener.tls;
        let listens = known(&self.listeners).find(|(_, row)| listener(row));
        let connects = known(&self.peers).find(|(_, peer)| peer.tls);
        let user = listens
            .map(|(number, _)| format!("listener[{number}].tls"))
            .or_else(|| connects.map(|(number, _)| format!("peer[{number}].tls")));
        if let (Some(user), None) = (&user, &tls.identity) {
            // A `certificate` or `key` that is wrong has been told.
            if !reading.has("tls.certificate") && !reading.has("tls.key") {
                let problem = format!("is missing, and {user} is true");
                reading.fault("tls.certificate", problem, "`certificate` and `key`");
            }
        }
        let anybody = known(&self.institutions).any(|(_, row)| !row.authorities.is_empty());
        if let (Some((number, _)), true, false) = (listens, tls.authorities.is_empty(), anybody) {
            let problem = format!("is missing, and listener[{number}].tls is true");
            reading.fault("tls.authorities", problem, "files of authorities");
        }
        let peers = known(&self.peers)
            .map(|(number, peer)| (format!("peer[{number}].tls"), "is true", peer))
            .filter(|(.., peer)| peer.tls);
        let gateways = known(&self.gateway_peers).map(|(number, row)| {
            let path = format!("gateway_peer[{number}].connect");
            (path, "is by TLS", row.peer.as_ref())
        });
        for (path, by_tls, peer) in peers.chain(gateways) {
            let house = self.institution(&peer.institution);
            let believed = house.is_some_and(|house| !house.authorities.is_empty());
            if tls.authorities.is_empty() && !believed {
                reading.fault(
                    &path,
                    format!("{by_tls}, and no authority is believed for its institution"),
                    "`authorities` in [tls] or at its [[institution]]",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
