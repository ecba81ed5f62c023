//! The identity provider of the console.

use super::*;

const CONSOLE: &str = "[console]\nlisten = \"127.0.0.1:8104\"\n";
const OIDC: &str = "[oidc]\nissuer = \"https://login.example/a/\"\nclient_id = \"credence\"\nauthorities = [\"ca.pem\"]\n";

#[test]
fn without_an_issuer_there_is_none_and_no_word_of_it() {
    assert_eq!(parse(&[BASE, CONSOLE]).unwrap().console.oidc, None);
    let oidc = parse(&[BASE, CONSOLE, OIDC]).unwrap().console.oidc.unwrap();
    assert_eq!(oidc.issuer.as_str(), "https://login.example/a/");
    assert_eq!(oidc.user_claim.as_str(), "sub");
    let without = OIDC.replace("issuer", "# issuer");
    let faults = keys(&[BASE, CONSOLE, &without]);
    assert_eq!(faults, ["oidc.client_id", "oidc.authorities"]);
}

#[test]
fn a_provider_is_met_by_tls_and_knows_us() {
    let without = |key: &str| OIDC.replace(key, &format!("# {key}"));
    for key in ["client_id", "authorities"] {
        assert_eq!(
            keys(&[BASE, CONSOLE, &without(key)]),
            [format!("oidc.{key}")]
        );
    }
    let plain = |host: &str| without("authorities").replace("https://login.example", host);
    assert!(parse(&[BASE, CONSOLE, &plain("http://127.0.0.1:9")]).is_ok());
    assert_eq!(
        keys(&[BASE, CONSOLE, &plain("http://login.example")]),
        ["oidc.issuer"]
    );
    assert_eq!(
        keys(&[BASE, CONSOLE, OIDC, "scopes = [\"email\"]\n"]),
        ["oidc.scopes"]
    );
}

#[test]
fn browsers_are_sent_back_to_a_place_that_is_known() {
    assert_eq!(keys(&[BASE, OIDC]), ["oidc.issuer"]);
    let open = "[console]\nlisten = \"0.0.0.0:443\"\ncertificate = \"c\"\nkey = \"k\"\n";
    assert_eq!(keys(&[BASE, open, OIDC]), ["console.url"]);
    let url = "url = \"https://credence.example:443\"\n";
    assert!(parse(&[BASE, open, url, OIDC]).is_ok());
}
