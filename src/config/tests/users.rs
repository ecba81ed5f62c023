//! Users: for what they ask, and what proof that needs.

use super::*;
use crate::contract;
use crate::contract::UserProof;

#[test]
fn a_purpose_is_the_called_titles_else_the_users_else_the_peers() {
    let base = BASE.replace("ae = [{", "ae = [{ title = \"CREDENCE_ANY\" }, {");
    let pacs = [PACS, "purpose = \"OPERATIONS\"\n"].concat();
    let other = PACS
        .replace("\"pacs\"", "\"ws1\"")
        .replace("\"PACS\"", "\"WS1\"");
    let other = [&other, "purpose = \"TREATMENT\"\n"].concat();
    let user = "[[user]]\nname = \"er-console\"\npurpose = \"EMERGENCY\"\npeers = [\"ws1\"]\n\
                proof = \"none\"\n";
    let config = parse(&[&base, &pacs, &other, user]).unwrap();
    let purpose = |called: &str, user: &str, peer: &str| {
        let user = UserName::from_bytes(user.as_bytes());
        let user = user.map(|name| contract::User {
            name: name.to_string(),
            proof: UserProof::None,
        });
        config.purpose(
            &called.parse().unwrap(),
            user.as_ref(),
            config.peer(peer).unwrap(),
        )
    };
    assert_eq!(
        purpose("CREDENCE_ANY", "er-console", "ws1"),
        Some(Purpose::Emergency)
    );
    assert_eq!(
        purpose("CREDENCE_ANY", "er-console", "pacs"),
        Some(Purpose::Operations)
    );
    assert_eq!(
        purpose("CREDENCE_ANY", "ER-CONSOLE", "ws1"),
        Some(Purpose::Treatment)
    );
    assert_eq!(purpose("CREDENCE_ANY", "", "ws1"), Some(Purpose::Treatment));
    assert_eq!(
        purpose("CREDENCE", "er-console", "ws1"),
        Some(Purpose::Treatment)
    );
    let twice = [&*base, &pacs, &other, user, user];
    assert_eq!(keys(&twice), ["user[1].peers[0]"]);
    let unknown = user.replace("ws1", "ws7");
    assert_eq!(
        keys(&[&base, &pacs, &other, &unknown]),
        ["user[0].peers[0]"]
    );
    let unnamed = user.replace("er-console", "er\\tconsole");
    assert_eq!(keys(&[&base, &pacs, &other, &unnamed]), ["user[0].name"]);
}

#[test]
fn a_purpose_by_a_user_needs_proof_unless_the_row_says_otherwise() {
    let base = BASE.replace("ae = [{", "ae = [{ title = \"CREDENCE_ANY\" }, {");
    let pacs = [PACS, "purpose = \"TREATMENT\"\n"].concat();
    let identity = "[identity]\npasscodes = \"passcodes\"\n";
    let user = "[[user]]\nname = \"er\"\npurpose = \"EMERGENCY\"\npeers = [\"pacs\"]\n";
    let config = parse(&[&base, identity, &pacs, user]).unwrap();
    for (proof, expected) in [
        (UserProof::None, Purpose::Treatment),
        (UserProof::Passcode, Purpose::Emergency),
        (UserProof::Token, Purpose::Emergency),
    ] {
        let name = "er".to_owned();
        let purpose = config.purpose(
            &"CREDENCE_ANY".parse().unwrap(),
            Some(&contract::User { name, proof }),
            config.peer("pacs").unwrap(),
        );
        assert_eq!(purpose, Some(expected), "{proof:?}");
    }
    // Without anything to prove it by, the row could never count.
    assert_eq!(keys(&[&base, &pacs, user]), ["user[0].proof"]);
}

#[test]
fn what_needs_proof_needs_something_to_prove_it_by() {
    let proven = [PACS, "user = \"proven\"\n"].concat();
    assert_eq!(keys(&[BASE, &proven]), ["peer[0].user"]);
    let named = [PACS, "user = \"name\"\n"].concat();
    let config = parse(&[BASE, &named]).unwrap();
    assert_eq!(config.peers[0].user, UserNeed::Name);
    let tokens = "[identity]\njwks = \"k\"\nissuer = \"https://i\"\naudience = \"a\"\n";
    assert!(parse(&[BASE, tokens, &proven]).unwrap().identity.proves());
    let unbound = "[identity]\njwks = \"k\"\n";
    assert_eq!(
        keys(&[BASE, unbound, &proven]),
        ["identity.issuer", "identity.audience"]
    );
    let alone = "[identity]\naudience = \"a\"\n";
    assert_eq!(keys(&[BASE, alone]), ["identity.audience"]);
}
