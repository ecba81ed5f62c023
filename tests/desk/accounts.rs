//! Accounts of the console.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::*;

const PASSCODE: &str = "correct horse battery";

impl Desk {
    /// `credence user` with these words, told a passcode.
    fn user(&self, words: &str, passcode: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_credence"));
        command.arg("user").args(words.split(' '));
        command.args(["--config", &self.config]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // Who asks for none may have ended before.
        let _ = writeln!(input, "{passcode}");
        drop(input);
        child.wait_with_output().unwrap()
    }

    fn accounts_file(&self) -> std::path::PathBuf {
        self.folder.path().join("keys/accounts.json")
    }
}

#[test]
fn accounts_are_added_changed_and_deleted_and_the_ledger_says_by_whom() {
    let desk = Desk::new();
    let told = desk.say("user accounts", &[]);
    assert!(printed(&told).starts_with("no accounts; "));
    let first = entry(&desk.user("add ada --role pacs-admin --by root", PASSCODE));
    entry(&desk.user("add weber --role patient-desk --without-passcode", ""));
    entry(&desk.user("reset weber", PASSCODE));
    for words in [
        "roles weber --role auditor --role compliance",
        "disable weber",
    ] {
        entry(&desk.user(words, ""));
    }
    let told = desk.say("user accounts", &[]);
    let expected = "ada: pacs-admin\nweber: compliance, auditor, disabled\n";
    assert_eq!(printed(&told), expected);
    let shown = desk.folder.path().join("data");
    let shown = credence(&[
        "ledger",
        "show",
        shown.to_str().unwrap(),
        "--entry",
        &first.to_string(),
    ]);
    let shown = printed(&shown);
    assert!(
        shown.contains("account-changed") && shown.contains("root"),
        "{shown}"
    );
    entry(&desk.user("enable weber", ""));
    entry(&desk.user("delete weber", ""));
    assert_eq!(
        printed(&desk.say("user accounts", &[])),
        "ada: pacs-admin\n"
    );
    let file = desk.accounts_file();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(kept.contains("$argon2id$") && !kept.contains(PASSCODE));
}

#[test]
fn what_cannot_be_done_with_an_account_is_told() {
    let desk = Desk::new();
    entry(&desk.user("add ada --role pacs-admin", PASSCODE));
    for (words, passcode, why) in [
        (
            "add ada --role auditor",
            PASSCODE,
            "there is an account ada",
        ),
        (
            "add ben --role auditor",
            "too short",
            "at least 12 characters",
        ),
        ("disable ada", "", "nobody could manage accounts"),
        ("delete ada", "", "nobody could manage accounts"),
        (
            "roles ada --role auditor",
            "",
            "nobody could manage accounts",
        ),
        ("enable ben", "", "there is no account ben"),
        (
            "token make ada --machine m --role auditor",
            "",
            "ada is not auditor",
        ),
        ("token revoke ada 00112233445566ff", "", "ada has no token"),
    ] {
        let done = desk.user(words, passcode);
        assert!(refused(&done).contains(why), "{words}: {}", refused(&done));
    }
    let file = desk.accounts_file();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let done = desk.user("add ben --role auditor", PASSCODE);
    assert!(refused(&done).contains("accessible to others"));
}

#[test]
fn a_token_is_printed_once() {
    let desk = Desk::new();
    entry(&desk.user("add ada --role pacs-admin --role auditor", PASSCODE));
    let made = desk.user("token make ada --machine nightly --role auditor", "");
    let token = printed(&made).lines().last().unwrap().to_owned();
    assert!(token.starts_with("credence_"));
    let listed = desk.json("user accounts", &[]);
    let id = listed[0]["tokens"][0]["id"].as_str().unwrap();
    let told = desk.say("user accounts", &[]);
    assert!(printed(&told).contains(&format!("    token {id} nightly: auditor, made ")));
    assert!(!printed(&told).contains(&token));
    entry(&desk.user(&format!("token revoke ada {id}"), ""));
    assert!(!printed(&desk.say("user accounts", &[])).contains("nightly"));
}
