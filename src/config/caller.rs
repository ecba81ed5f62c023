//! Who calls: the peer that certificate, AE title and address speak for together. An AE title is a
//! claim that anybody can make, so it never identifies alone, unless a peer's row says so by name;
//! and evidence that contradicts itself identifies nobody.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::config::CertificateName;
use crate::config::Config;
use crate::config::GatewayPeer;
use crate::config::Peer;
use crate::config::PeerName;
use crate::contract::InstitutionSlug;
use crate::dicom::AeTitle;

/// What an association is known by.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// The calling AE title: a claim.
    pub calling: &'a AeTitle,
    /// Where the connection comes from.
    pub from: IpAddr,
    /// The connection is encrypted.
    pub tls: bool,
    /// The certificate that was shown and verified.
    pub certificate: Option<Shown<'a>>,
}

/// A certificate that was shown and verified.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// All that it is known by.
    pub names: &'a BTreeSet<CertificateName>,
    /// Whether an authority that is believed about this institution issued it.
    pub believed: &'a dyn Fn(&InstitutionSlug) -> bool,
}

/// A peer that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The peer.
    pub peer: &'a Arc<Peer>,
    /// Its certificate speaks for it.
    pub by_certificate: bool,
    /// Its address is one of its own.
    pub address_checked: bool,
}

/// Why nobody is known by this evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// No peer has this AE title.
    #[error("no peer has this AE title")]
    UnknownTitle,
    /// A peer has it, and calls from elsewhere.
    #[error("peer {0} has this AE title, and not this address")]
    WrongAddress(PeerName),
    /// The peer must come by TLS.
    #[error("peer {0} must come by TLS")]
    Plain(PeerName),
    /// The peer must show a certificate.
    #[error("peer {0} must show its certificate")]
    NoCertificate(PeerName),
    /// The peer has another certificate.
    #[error("peer {0} has another certificate")]
    OtherCertificate(PeerName),
    /// The certificate is of another institution than the AE title.
    #[error("the certificate is of institution {certificate}, the AE title of peer {title}")]
    OtherInstitution {
        /// Whose certificate.
        certificate: InstitutionSlug,
        /// Whose AE title.
        title: PeerName,
    },
    /// The certificate is known, the AE title not.
    #[error("the certificate is of institution {0}, and no peer has this AE title")]
    UnknownTitleOf(InstitutionSlug),
    /// The certificate has names of two institutions.
    #[error("the certificate has names of institution {0} and of institution {1}")]
    TwoInstitutions(InstitutionSlug, InstitutionSlug),
    /// No other hospital's gateway has the certificate.
    #[error("no gateway peer has this certificate")]
    NoGateway,
}

/// Whom a certificate names.
enum Named<'a> {
    Nobody,
    Institution(&'a InstitutionSlug),
}

impl Config {
    /// The peer that calls.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn caller(&self, evidence: Evidence<'_>) -> Result<Caller<'_>, Stranger> {
        let named = self.named(evidence.certificate)?;
        let titled = || {
            let peers = self.peers.iter();
            peers.filter(|peer| peer.ae_title == *evidence.calling)
        };
        // Peers that share an AE title are told apart by address or certificate: the first one that
        // nothing speaks against is meant, else the first one says what does.
        let mut refused = None;
        for peer in titled() {
            match self.speaks_for(peer, &named, evidence) {
                Ok(caller) => return Ok(caller),
                Err(stranger) => {
                    // An address that is right says that this peer is meant.
                    if refused.is_none() || is_from(peer, evidence.from) {
                        refused = Some(stranger);
                    }
                }
            }
        }
        Err(refused.unwrap_or_else(|| match named {
            Named::Nobody => Stranger::UnknownTitle,
            Named::Institution(slug) => Stranger::UnknownTitleOf(slug.clone()),
        }))
    }

    /// The gateway of another hospital that calls where AE titles are not spoken of.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn gateway_caller(&self, shown: Shown<'_>) -> Result<&Arc<GatewayPeer>, Stranger> {
        let Named::Institution(slug) = self.named(Some(shown))? else {
            return Err(Stranger::NoGateway);
        };
        // Another system of that hospital is not its gateway.
        let gateway = self.gateway_of(slug);
        gateway
            .filter(|gateway| has_one(&gateway.peer.certificates, shown.names))
            .ok_or(Stranger::NoGateway)
    }

    /// What speaks for a peer: its own certificates, else those of its institution. Empty: any that is
    /// good will do when we connect to it, and none speaks for it when it comes.
    pub fn certificates_of<'a>(&'a self, peer: &'a Peer) -> &'a [CertificateName] {
        if !peer.certificates.is_empty() {
            return &peer.certificates;
        }
        let house = self.institutions.get(&peer.institution);
        house.map_or(&[], |house| &house.certificates)
    }

    /// The institution that a certificate speaks for, by a row of the institution's own or of one of
    /// its peers. A name counts only where an authority that is believed about that institution
    /// issued the certificate: or each authority could name the systems of all others.
    fn named(&self, shown: Option<Shown<'_>>) -> Result<Named<'_>, Stranger> {
        let Some(shown) = shown else {
            return Ok(Named::Nobody);
        };
        let houses = self.institutions.values();
        let houses = houses.map(|house| (&house.slug, &house.certificates));
        let peers = self.peers.iter();
        let peers = peers.map(|peer| (&peer.institution, &peer.certificates));
        let mut found: Option<&InstitutionSlug> = None;
        for (slug, certificates) in houses.chain(peers) {
            if !has_one(certificates, shown.names) || !(shown.believed)(slug) {
                continue;
            }
            match found {
                Some(other) if other != slug => {
                    return Err(Stranger::TwoInstitutions(other.clone(), slug.clone()));
                }
                _ => found = Some(slug),
            }
        }
        Ok(found.map_or(Named::Nobody, Named::Institution))
    }

    /// Whether all of the evidence speaks for `peer`, which has the AE title.
    fn speaks_for<'a>(
        &self,
        peer: &'a Arc<Peer>,
        named: &Named<'_>,
        evidence: Evidence<'_>,
    ) -> Result<Caller<'a>, Stranger> {
        let name = || peer.name.clone();
        if let Named::Institution(slug) = named
            && **slug != peer.institution
        {
            return Err(Stranger::OtherInstitution {
                certificate: (*slug).clone(),
                title: name(),
            });
        }
        if !is_from(peer, evidence.from) {
            return Err(Stranger::WrongAddress(name()));
        }
        let house = self.institutions.get(&peer.institution);
        let has_own = !peer.certificates.is_empty();
        let is_certified = has_own || house.is_some_and(|house| !house.certificates.is_empty());
        let by_certificate = match evidence.certificate {
            Some(shown) => match named {
                // Also that of another peer of the same institution, which speaks for that peer alone.
                Named::Institution(_) if !has_one(self.certificates_of(peer), shown.names) => {
                    return Err(Stranger::OtherCertificate(name()));
                }
                Named::Institution(_) => true,
                // Certificates of this peer are known, and this is none of them.
                Named::Nobody if has_own => return Err(Stranger::OtherCertificate(name())),
                Named::Nobody => false,
            },
            None => false,
        };
        if !by_certificate && !peer.plain {
            if !evidence.tls {
                return Err(Stranger::Plain(name()));
            }
            if is_certified {
                return Err(match evidence.certificate {
                    Some(_) => Stranger::OtherCertificate(name()),
                    None => Stranger::NoCertificate(name()),
                });
            }
        }
        Ok(Caller {
            peer,
            by_certificate,
            address_checked: !peer.any_address,
        })
    }
}

/// Whether `peer` may call from `from`.
fn is_from(peer: &Peer, from: IpAddr) -> bool {
    let from = from.to_canonical();
    peer.any_address || peer.addresses.iter().any(|net| net.contains(&from))
}

fn has_one(certificates: &[CertificateName], names: &BTreeSet<CertificateName>) -> bool {
    certificates.iter().any(|name| names.contains(name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TEXT: &str = r#"
gateway = { institution = "own" }
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]

[tls]
certificate = "gw.pem"
key = "gw.key"
authorities = ["ca.pem"]

[[listener]]
address = "127.0.0.1:2762"
tls = true

[[institution]]
slug = "own"
name = "Own"

[[institution]]
slug = "lakeside"
name = "Lakeside"
certificates = ["dns:gw.lakeside.example", "uri:urn:lakeside"]

[[institution]]
slug = "hill"
name = "Hill"
certificates = ["dns:gw.hill.example"]

[[peer]]
name = "ct1"
ae_title = "CT1"
institution = "own"
addresses = ["10.0.0.1"]

[[peer]]
name = "ws1"
ae_title = "WS1"
institution = "own"
addresses = ["10.0.0.2"]
certificates = ["dns:ws1.own.example"]

[[peer]]
name = "dose"
ae_title = "DOSE"
institution = "own"
addresses = ["10.0.0.3"]
plain = false

[[peer]]
name = "lake"
ae_title = "LAKE"
institution = "lakeside"
addresses = ["10.9.0.0/16"]

[[peer]]
name = "lake-ws"
ae_title = "LAKE_WS"
institution = "lakeside"
any_address = true
certificates = ["dns:ws.lakeside.example"]

[[peer]]
name = "hill-old"
ae_title = "HILL"
institution = "hill"
addresses = ["10.8.0.1"]
plain = true

[[peer]]
name = "roamer"
ae_title = "ROAMER"
institution = "own"
any_address = true

[[peer]]
name = "cart1"
ae_title = "CART"
institution = "own"
addresses = ["10.1.0.1"]
certificates = ["dns:cart1.own.example"]

[[peer]]
name = "cart2"
ae_title = "CART"
institution = "own"
addresses = ["10.1.0.2"]
certificates = ["dns:cart2.own.example"]
"#;

    /// Who is known by this AE title and address, with certificates of these names; `None`: without TLS.
    fn known(title: &str, from: &str, certificate: Option<&[&str]>) -> Result<String, String> {
        known_where(title, from, certificate, true)
    }

    fn known_where(
        title: &str,
        from: &str,
        certificate: Option<&[&str]>,
        believed: bool,
    ) -> Result<String, String> {
        let config = Config::parse(TEXT, Path::new("")).unwrap();
        let names = certificate.unwrap_or_default().iter();
        let names = names.map(|name| CertificateName::Dns((*name).to_owned()));
        let names: BTreeSet<CertificateName> = names.collect();
        let believed = |_: &InstitutionSlug| believed;
        let shown = (!names.is_empty()).then_some(Shown {
            names: &names,
            believed: &believed,
        });
        let caller = config.caller(Evidence {
            calling: &title.parse().unwrap(),
            from: from.parse().unwrap(),
            tls: certificate.is_some(),
            certificate: shown,
        });
        let caller = caller.map_err(|stranger| stranger.to_string())?;
        let name = &caller.peer.name;
        Ok(match (caller.by_certificate, caller.address_checked) {
            (true, true) => format!("{name} by certificate, title and address"),
            (true, false) => format!("{name} by certificate and title"),
            (false, true) => format!("{name} by title and address"),
            (false, false) => format!("{name} by title"),
        })
    }

    fn is(title: &str, from: &str, certificate: Option<&[&str]>, expected: &str) {
        assert_eq!(known(title, from, certificate).as_deref(), Ok(expected));
    }

    fn is_not(title: &str, from: &str, certificate: Option<&[&str]>, expected: &str) {
        let refused = known(title, from, certificate).unwrap_err();
        assert_eq!(refused, expected);
    }

    #[test]
    fn a_peer_is_known_by_all_of_its_evidence_together() {
        let lake = Some(&["gw.lakeside.example"][..]);
        is(
            "LAKE",
            "10.9.1.1",
            lake,
            "lake by certificate, title and address",
        );
        is("CT1", "10.0.0.1", None, "ct1 by title and address");
        is("CT1", "10.0.0.1", Some(&[]), "ct1 by title and address");
        is(
            "CT1",
            "10.0.0.1",
            Some(&["any.own.example"]),
            "ct1 by title and address",
        );
        let workstation = Some(&["ws.lakeside.example"][..]);
        is(
            "LAKE_WS",
            "8.8.8.8",
            workstation,
            "lake-ws by certificate and title",
        );
        is("HILL", "10.8.0.1", None, "hill-old by title and address");
        let hill = Some(&["gw.hill.example"][..]);
        is(
            "HILL",
            "10.8.0.1",
            hill,
            "hill-old by certificate, title and address",
        );
        is("DOSE", "10.0.0.3", Some(&[]), "dose by title and address");
        is("ROAMER", "8.8.8.8", None, "roamer by title");
    }

    #[test]
    fn an_ae_title_alone_identifies_nobody() {
        is_not(
            "CT1",
            "10.0.0.9",
            None,
            "peer ct1 has this AE title, and not this address",
        );
        is_not("NOBODY", "10.0.0.1", None, "no peer has this AE title");
        is_not("DOSE", "10.0.0.3", None, "peer dose must come by TLS");
    }

    #[test]
    fn a_peer_of_another_institution_needs_its_certificate() {
        is_not("LAKE", "10.9.1.1", None, "peer lake must come by TLS");
        is_not(
            "LAKE",
            "10.9.1.1",
            Some(&[]),
            "peer lake must show its certificate",
        );
        let unknown = Some(&["any.lakeside.example"][..]);
        is_not(
            "LAKE",
            "10.9.1.1",
            unknown,
            "peer lake has another certificate",
        );
    }

    #[test]
    fn evidence_that_contradicts_itself_identifies_nobody() {
        let (lake, hill) = (&["gw.lakeside.example"][..], &["gw.hill.example"][..]);
        let other = "the certificate is of institution hill, the AE title of peer lake";
        is_not("LAKE", "10.9.1.1", Some(hill), other);
        let own = "the certificate is of institution lakeside, the AE title of peer ct1";
        is_not("CT1", "10.0.0.1", Some(lake), own);
        let nobody = "the certificate is of institution lakeside, and no peer has this AE title";
        is_not("NOBODY", "10.0.0.1", Some(lake), nobody);
        is_not(
            "LAKE",
            "10.0.0.1",
            Some(lake),
            "peer lake has this AE title, and not this address",
        );
        // Of the right institution, and of another system there.
        is_not(
            "LAKE_WS",
            "10.9.1.1",
            Some(lake),
            "peer lake-ws has another certificate",
        );
        // Certificates of other peers there.
        is_not(
            "LAKE",
            "10.9.1.1",
            Some(&["ws.lakeside.example"]),
            "peer lake has another certificate",
        );
        is_not(
            "CT1",
            "10.0.0.1",
            Some(&["ws1.own.example"]),
            "peer ct1 has another certificate",
        );
        let both = Some(&["gw.hill.example", "gw.lakeside.example"][..]);
        let two = "the certificate has names of institution hill and of institution lakeside";
        is_not("LAKE", "10.9.1.1", both, two);
        is_not(
            "HILL",
            "10.8.0.1",
            Some(lake),
            "the certificate is of institution lakeside, the AE title of peer hill-old",
        );
        is_not("WS1", "10.0.0.2", None, "peer ws1 must come by TLS");
        is_not(
            "WS1",
            "10.0.0.2",
            Some(&["any.own.example"]),
            "peer ws1 has another certificate",
        );
    }

    #[test]
    fn a_name_counts_only_where_its_authority_is_believed() {
        let lake = Some(&["gw.lakeside.example"][..]);
        let refused = known_where("LAKE", "10.9.1.1", lake, false).unwrap_err();
        assert_eq!(refused, "peer lake has another certificate");
    }

    #[test]
    fn peers_that_share_an_ae_title_are_told_apart() {
        let (one, two) = (
            Some(&["cart1.own.example"][..]),
            Some(&["cart2.own.example"][..]),
        );
        is(
            "CART",
            "10.1.0.1",
            one,
            "cart1 by certificate, title and address",
        );
        is(
            "CART",
            "10.1.0.2",
            two,
            "cart2 by certificate, title and address",
        );
        is_not(
            "CART",
            "10.1.0.2",
            one,
            "peer cart2 has another certificate",
        );
        is_not(
            "CART",
            "10.1.0.3",
            one,
            "peer cart1 has this AE title, and not this address",
        );
    }

    #[test]
    fn addresses_of_both_kinds_are_one() {
        is("CT1", "::ffff:10.0.0.1", None, "ct1 by title and address");
    }
}
