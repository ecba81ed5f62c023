//! Every fault of the evidence by which peers are known.

use std::path::Path;

use crate::config::Config;

/// The least that is a configuration, but for its listener, institutions and peers.
const BASE: &str = r#"
gateway = { institution = "own" }
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
"#;

const OWN: &str = r#"
[[institution]]
slug = "own"
name = "Own"
"#;

const PLAIN_LISTENER: &str = r#"
[[listener]]
address = "127.0.0.1:104"
"#;

const PACS: &str = r#"
[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "own"
addresses = ["10.0.0.1"]
connect = "10.0.0.1:104"
"#;

fn keys(parts: &[&str]) -> Vec<String> {
    let parsed = Config::parse(&parts.concat(), Path::new("/etc/credence"));
    let faults = parsed.err().into_iter().flat_map(|faults| faults.faults);
    faults.map(|fault| fault.key).collect()
}

const TLS: &str = r#"
[tls]
certificate = "gw.pem"
key = "gw.key"
authorities = ["ca.pem"]
[[listener]]
address = "127.0.0.1:2762"
tls = true
[[institution]]
slug = "lakeside"
name = "Lakeside"
"#;

fn with_tls(peer: &str) -> Result<Config, Vec<String>> {
    let peer = format!("[[peer]]\nname = \"lake\"\nae_title = \"LAKE\"\n{peer}");
    let text = [BASE, TLS, OWN, &peer].concat();
    let parsed = Config::parse(&text, Path::new("/etc/credence"));
    parsed.map_err(|faults| faults.faults.into_iter().map(|fault| fault.key).collect())
}

#[test]
fn a_peer_of_another_institution_without_tls_is_a_fault_unless_named() {
    let lake = "institution = \"lakeside\"\naddresses = [\"10.9.0.7\"]\n";
    let faults = |more: &str| with_tls(&format!("{lake}{more}")).err().unwrap_or_default();
    let connect = "connect = \"10.9.0.7:104\"\n";
    let certificates = "certificates = [\"dns:gw.lakeside.example\"]\n";
    assert_eq!(faults(""), ["peer[0].certificates"]);
    assert_eq!(faults(connect), ["peer[0].tls", "peer[0].certificates"]);
    assert_eq!(faults("plain = true\n"), [""; 0]);
    assert_eq!(faults(&format!("plain = true\n{connect}")), [""; 0]);
    assert_eq!(faults(certificates), [""; 0]);
    // What it was asked to send comes from it, though it may ask nothing.
    let archive = format!("may = []\ntls = true\n{connect}");
    assert_eq!(faults(&archive), ["peer[0].certificates"]);
    assert_eq!(faults(&format!("{archive}{certificates}")), [""; 0]);
    assert_eq!(
        faults(&format!("tls = true\n{connect}{certificates}")),
        [""; 0]
    );
    let config = with_tls(&format!("{lake}{certificates}")).unwrap();
    assert!(!config.peer("lake").unwrap().plain);
}

#[test]
fn a_peer_of_the_house_goes_plain_unless_something_says_tls() {
    let own = "institution = \"own\"\naddresses = [\"10.0.0.7\"]\n";
    for (more, plain) in [
        ("", true),
        ("plain = false\n", false),
        ("tls = true\n", false),
        ("tls = true\nplain = true\n", true),
        ("certificates = [\"dns:a.example\"]\n", false),
    ] {
        let config = with_tls(&format!("{own}{more}")).unwrap();
        assert_eq!(config.peer("lake").unwrap().plain, plain, "{more}");
    }
}

#[test]
fn an_ae_title_identifies_alone_only_where_its_peer_says_so() {
    let own = "institution = \"own\"\n";
    let faults = |more: &str| with_tls(&format!("{own}{more}")).err().unwrap_or_default();
    assert_eq!(faults("addresses = [\"0.0.0.0/0\"]"), ["peer[0].addresses"]);
    assert_eq!(faults("addresses = [\"::/0\"]"), ["peer[0].addresses"]);
    assert_eq!(faults("any_address = true"), [""; 0]);
    let both = "any_address = true\naddresses = [\"10.0.0.1\"]";
    assert_eq!(faults(both), ["peer[0].any_address"]);
    let twins = "any_address = true\n[[peer]]\nname = \"twin\"\nae_title = \"LAKE\"\n\
                 institution = \"own\"\naddresses = [\"10.0.0.1\"]\n";
    assert_eq!(faults(twins), ["peer[0].any_address"]);
}

#[test]
fn lists_of_revoked_certificates_that_are_required_are_named() {
    let of = |more: &str| {
        let tls = TLS.replace("[tls]\n", &format!("[tls]\n{more}"));
        keys(&[BASE, &tls, OWN])
    };
    assert_eq!(of("crl_required = true\n"), ["tls.crls"]);
    assert_eq!(of("crl_required = true\ncrls = []\n"), ["tls.crls"]);
    assert_eq!(of("crl_required = true\ncrls = [\"a.crl\"]\n"), [""; 0]);
    assert_eq!(of("crls = []\n"), [""; 0]);
}

#[test]
fn tls_needs_a_certificate_its_key_and_authorities() {
    let listener = "[[listener]]\naddress = \"127.0.0.1:2762\"\ntls = true\n";
    let of = |tls: &str| keys(&[BASE, OWN, listener, tls]);
    assert_eq!(of(""), ["tls.certificate", "tls.authorities"]);
    let half = "[tls]\nauthorities = [\"ca.pem\"]\ncertificate = \"gw.pem\"\n";
    assert_eq!(of(half), ["tls.key"]);
    let peer = PACS.replace("connect", "tls = true\nconnect");
    assert!(keys(&[BASE, OWN, PLAIN_LISTENER, &peer]).contains(&"tls.certificate".to_owned()));
    let optional = "client_certificate = \"optional\"\n";
    let faults = keys(&[BASE, OWN, PLAIN_LISTENER, optional]);
    assert_eq!(faults, ["listener[0].client_certificate"]);
    let name = PACS.replace("connect", "tls_name = \"pacs\"\nconnect");
    assert_eq!(
        keys(&[BASE, OWN, PLAIN_LISTENER, &name]),
        ["peer[0].tls_name"]
    );
}

#[test]
fn a_certificate_is_of_one_institution() {
    let own = "institution = \"own\"\naddresses = [\"10.0.0.7\"]\n\
               certificates = [\"dns:gw.example\"]\n";
    let other = "[[peer]]\nname = \"other\"\nae_title = \"OTHER\"\n\
                 addresses = [\"10.0.0.8\"]\ncertificates = [\"dns:GW.example\"]\n";
    let same = format!("{own}{other}institution = \"own\"\n");
    assert!(with_tls(&same).is_ok());
    let foreign = format!("{own}{other}institution = \"lakeside\"\n");
    assert_eq!(with_tls(&foreign).unwrap_err(), ["peer[1].certificates[0]"]);
}
