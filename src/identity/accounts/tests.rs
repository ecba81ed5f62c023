//! What changes of accounts do, and which files are believed.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use super::store::FILE_BYTES_MAX;
use super::*;
use crate::config::SecretError;

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn roles(all: &[Role]) -> BTreeSet<Role> {
    all.iter().copied().collect()
}

fn passcode(text: &str) -> Passcode {
    Passcode::from_bytes(text.as_bytes().to_vec())
}

fn token(label: &str, number: u8, of: &[Role]) -> (TokenSecret, ApiToken) {
    let secret = TokenSecret::of(&[number; TOKEN_BYTES]);
    let token = ApiToken {
        id: TokenId::of([number; TOKEN_ID_BYTES]),
        name: name(label),
        sha256: secret.digest(),
        roles: roles(of),
        made: UtcMicros(5),
        until: Some(UtcMicros(100)),
    };
    (secret, token)
}

/// Ada manages accounts, Ben sits at the desk.
fn two() -> Accounts {
    let mut accounts = Accounts::default();
    let admin = roles(&[Role::PacsAdmin]);
    accounts.add(name("ada"), admin, None).unwrap();
    let desk = roles(&[Role::PatientDesk, Role::Auditor]);
    accounts.add(name("ben"), desk, None).unwrap();
    accounts
}

#[test]
fn an_account_has_a_name_of_its_own_and_a_role() {
    let mut accounts = two();
    let again = accounts.add(name("ben"), roles(&Role::ALL), None);
    assert_eq!(again, Err(AccountFault::Known(name("ben"))));
    let idle = accounts.add(name("cleo"), BTreeSet::new(), None);
    assert_eq!(idle, Err(AccountFault::NoRole));
    let idle = accounts.set_roles(&name("ben"), BTreeSet::new());
    assert_eq!(idle, Err(AccountFault::NoRole));
    let unknown = || Err(AccountFault::Unknown(name("cleo")));
    assert_eq!(
        accounts.set_roles(&name("cleo"), roles(&Role::ALL)),
        unknown()
    );
    assert_eq!(accounts.disable(&name("cleo")), unknown());
    assert_eq!(accounts.enable(&name("cleo")), unknown());
    assert_eq!(accounts.remove(&name("cleo")), unknown());
    assert_eq!(accounts, two());
}

#[test]
fn there_are_only_so_many_accounts() {
    let mut accounts = Accounts::default();
    for number in 0..ACCOUNTS_MAX {
        let name = name(&format!("user-{number}"));
        accounts.add(name, roles(&[Role::Auditor]), None).unwrap();
    }
    let full = accounts.add(name("one more"), roles(&[Role::Auditor]), None);
    assert_eq!(full, Err(AccountFault::Full));
}

#[test]
fn the_last_who_can_manage_accounts_stays() {
    let mut accounts = two();
    let ada = name("ada");
    let refused = Err(AccountFault::LastAdmin);
    assert_eq!(accounts.remove(&ada), refused);
    assert_eq!(accounts.disable(&ada), refused);
    assert_eq!(accounts.set_roles(&ada, roles(&[Role::Auditor])), refused);
    assert_eq!(accounts, two());
    // One who is disabled cannot, either.
    accounts
        .set_roles(&name("ben"), roles(&[Role::PacsAdmin]))
        .unwrap();
    accounts.disable(&name("ben")).unwrap();
    assert_eq!(accounts.remove(&ada), refused);
    accounts.enable(&name("ben")).unwrap();
    accounts.remove(&ada).unwrap();
    assert!(accounts.get(&ada).is_none());
}

#[test]
fn a_passcode_lets_in_whom_it_is_of_while_they_are_enabled() {
    let mut accounts = two();
    let ben = name("ben");
    let right = passcode("correct horse");
    let lets_in = |accounts: &Accounts, who: &str, passcode: &Passcode| {
        let who = name(who);
        accounts.verify(Some(&who), passcode).is_some()
    };
    // Who has no passcode gets in by none.
    assert!(!lets_in(&accounts, "ben", &right));
    accounts
        .set_passcode(&ben, right.digest().unwrap())
        .unwrap();
    assert!(lets_in(&accounts, "ben", &right));
    assert!(!lets_in(&accounts, "ben", &passcode("another horse")));
    for other in ["ada", "cleo"] {
        assert!(!lets_in(&accounts, other, &right), "{other}");
    }
    assert!(accounts.verify(None, &right).is_none());
    accounts.disable(&ben).unwrap();
    assert!(!lets_in(&accounts, "ben", &right));
}

/// As much is computed for a name that is not there. The least of several, as others are at work on the machine, too.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is what is tested"
)]
fn an_unknown_name_costs_as_much_as_a_known_one() {
    let mut accounts = two();
    let digest = passcode("correct horse").digest().unwrap();
    accounts.set_passcode(&name("ben"), digest).unwrap();
    let wrong = passcode("another horse");
    let cost = |who: Option<&UserName>| {
        let each = (0..3).map(|_| {
            let begun = Instant::now();
            assert!(accounts.verify(who, &wrong).is_none());
            begun.elapsed()
        });
        each.min().unwrap()
    };
    let (ben, ada, cleo) = (name("ben"), name("ada"), name("cleo"));
    let known = cost(Some(&ben));
    for other in [Some(&ada), Some(&cleo), None] {
        assert!(cost(other) > known / 4, "{other:?}");
    }
}

#[test]
fn a_token_speaks_for_its_account_as_far_as_both_may() {
    let mut accounts = two();
    let ben = name("ben");
    let (secret, kept) = token("nightly", 1, &[Role::Auditor]);
    accounts.add_token(&ben, kept).unwrap();
    let now = UtcMicros(50);
    let bearer = accounts.bearer(&secret, now).unwrap();
    assert_eq!(bearer.account, &ben);
    assert_eq!(bearer.roles, roles(&[Role::Auditor]));
    assert!(accounts.bearer(&secret, UtcMicros(100)).is_none(), "over");
    let (other, _) = token("nightly", 2, &[Role::Auditor]);
    assert!(accounts.bearer(&other, now).is_none());
    accounts.disable(&ben).unwrap();
    assert!(accounts.bearer(&secret, now).is_none(), "disabled");
    accounts.enable(&ben).unwrap();
    // What its account loses, the token loses for good.
    accounts
        .set_roles(&ben, roles(&[Role::PatientDesk]))
        .unwrap();
    accounts.set_roles(&ben, roles(&Role::ALL)).unwrap();
    assert!(accounts.bearer(&secret, now).is_none());
}

#[test]
fn a_token_that_is_revoked_counts_no_more() {
    let mut accounts = two();
    let ben = name("ben");
    let (secret, kept) = token("nightly", 1, &[Role::Auditor]);
    accounts.add_token(&ben, kept.clone()).unwrap();
    let of_another = accounts.revoke_token(&name("ada"), &kept.id);
    assert!(matches!(of_another, Err(AccountFault::TokenUnknown { .. })));
    assert_eq!(accounts.revoke_token(&ben, &kept.id), Ok(kept.clone()));
    assert!(accounts.bearer(&secret, UtcMicros(50)).is_none());
    let twice = accounts.revoke_token(&ben, &kept.id);
    assert!(matches!(twice, Err(AccountFault::TokenUnknown { .. })));
}

#[test]
fn what_no_token_can_be_is_refused() {
    let mut accounts = two();
    let ben = name("ben");
    let mut add = |token: ApiToken| accounts.add_token(&ben, token);
    let (_, kept) = token("nightly", 1, &[Role::PacsAdmin]);
    assert!(matches!(add(kept), Err(AccountFault::RoleNotHeld { .. })));
    let (_, kept) = token("nightly", 1, &[]);
    assert_eq!(add(kept), Err(AccountFault::NoRole));
    let (_, mut kept) = token("nightly", 1, &[Role::Auditor]);
    kept.until = Some(kept.made);
    assert_eq!(add(kept), Err(AccountFault::TokenOver));
    for number in 0..TOKENS_PER_ACCOUNT_MAX {
        let number = u8::try_from(number).unwrap();
        let (_, kept) = token(&format!("token-{number}"), number, &[Role::Auditor]);
        add(kept.clone()).unwrap();
        let again = add(kept);
        let full = matches!(again, Err(AccountFault::TokensFull(_)));
        let known = matches!(again, Err(AccountFault::TokenKnown { .. }));
        assert!(full || known);
    }
    let (_, kept) = token("one more", 99, &[Role::Auditor]);
    assert_eq!(add(kept), Err(AccountFault::TokensFull(name("ben"))));
}

#[test]
fn what_is_written_is_read_again_by_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = Accounts::path(dir.path());
    assert!(Accounts::read(&path).unwrap().is_empty());
    let mut accounts = two();
    let digest = passcode("correct horse").digest().unwrap();
    accounts.set_passcode(&name("ada"), digest).unwrap();
    let (secret, kept) = token("nightly", 1, &[Role::Auditor]);
    accounts.add_token(&name("ben"), kept).unwrap();
    accounts.mark(&name("ben"), 17);
    accounts.write(&path).unwrap();
    assert_eq!(Accounts::read(&path).unwrap(), accounts);
    assert_eq!(accounts.get(&name("ben")).unwrap().changed(), 17);
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(secret.as_str()) && !text.contains("correct horse"));
    let mode = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    for exposed in [0o640, 0o604, 0o660] {
        mode(exposed);
        let refused = Accounts::read(&path).unwrap_err();
        let is_exposed = matches!(refused, AccountsError::File(SecretError::Exposed { .. }));
        assert!(is_exposed, "{exposed:o}: {refused}");
    }
    mode(0o600);
    assert!(Accounts::read(&path).is_ok());
}

fn read(text: &str) -> Result<Accounts, AccountsError> {
    let dir = tempfile::tempdir().unwrap();
    let path = Accounts::path(dir.path());
    crate::identity::file::replace(&path, text.as_bytes()).unwrap();
    Accounts::read(&path)
}

#[test]
fn of_a_file_that_is_wrong_somewhere_nothing_is_believed() {
    let row = r#"{"name":"ada","passcode":null,"roles":["pacs-admin"],"disabled":false,"changed":0,"tokens":[]}"#;
    let whole = |rows: &[&str]| format!(r#"{{"accounts":[{}]}}"#, rows.join(","));
    assert_eq!(read(&whole(&[row])).unwrap().iter().count(), 1);
    for (from, to) in [
        ("pacs-admin", "root"),
        ("\"ada\"", "\"a\\nda\""),
        ("null", "\"CANARY\""),
        ("\"tokens\":[]", "\"tokens\":[],\"more\":1"),
        ("\"changed\":0,", ""),
    ] {
        let refused = read(&whole(&[&row.replacen(from, to, 1)])).unwrap_err();
        assert!(matches!(refused, AccountsError::Corrupt { .. }), "{to}");
        assert!(!refused.to_string().contains("CANARY"));
    }
    let half: String = whole(&[row]).chars().take(60).collect();
    assert!(matches!(read(&half), Err(AccountsError::Corrupt { .. })));
    let twice = read(&whole(&[row, row]));
    assert!(matches!(twice, Err(AccountsError::Twice { number: 2, .. })));
    let many: Vec<String> = (0..=ACCOUNTS_MAX)
        .map(|number| row.replacen("ada", &format!("ada-{number}"), 1))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches!(
        read(&whole(&many)),
        Err(AccountsError::TooMany(_))
    ));
}

#[test]
fn a_file_that_is_too_long_is_not_read_and_the_longest_that_can_be_is() {
    let long = " ".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
    let refused = read(&long).unwrap_err();
    let is_long = matches!(refused, AccountsError::File(SecretError::TooLong { .. }));
    assert!(is_long, "{refused}");
    let mut accounts = Accounts::default();
    let digest = passcode("correct horse").digest().unwrap();
    for number in 0..ACCOUNTS_MAX {
        let owner = name(&format!("{number:\u{e4}>64}"));
        let digest = Some(digest.clone());
        accounts
            .add(owner.clone(), roles(&Role::ALL), digest)
            .unwrap();
        for number in 0..TOKENS_PER_ACCOUNT_MAX {
            let number = u8::try_from(number).unwrap();
            let (_, kept) = token(&format!("{number:\u{e4}>64}"), number, &Role::ALL);
            accounts.add_token(&owner, kept).unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let path = Accounts::path(dir.path());
    accounts.write(&path).unwrap();
    assert_eq!(Accounts::read(&path).unwrap(), accounts);
}
