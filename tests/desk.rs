//! What people do at the desk, by the command as they call it.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test that cannot run the command has failed"
)]

use std::path::Path;
use std::process::Command;
use std::process::Output;

#[path = "desk/accounts.rs"]
mod accounts;
#[path = "books/rules.rs"]
mod rules;

use rules::DELIVERED;
use rules::copy_rules;

fn credence(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credence"));
    command.args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A folder with the delivered configuration, and no gateway.
struct Desk {
    folder: tempfile::TempDir,
    config: String,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_rules(&folder.path().join("policy"));
        let delivered = Path::new(DELIVERED).join("credence.toml");
        std::fs::copy(delivered, folder.path().join("credence.toml")).unwrap();
        let config = folder.path().join("credence.toml");
        let config = config.to_str().unwrap().to_owned();
        let site = Self { folder, config };
        // The first change begins the ledger, also one that is refused.
        let done = site.say("consent revoke 0", &["--by", "desk"]);
        assert_eq!(done.status.code(), Some(1));
        site
    }

    fn consent(&self, verb: &str, more: &[&str]) -> Output {
        self.say(&format!("consent {verb}"), more)
    }

    /// `credence` with these words and the configuration.
    fn say(&self, words: &str, more: &[&str]) -> Output {
        let words: Vec<&str> = words.split(' ').collect();
        credence(&[&words, &["--config", &self.config][..], more].concat())
    }

    fn json(&self, words: &str, more: &[&str]) -> serde_json::Value {
        let done = self.say(words, &[more, &["--json"]].concat());
        serde_json::from_str(printed(&done)).unwrap()
    }

    /// The lines after the heading that begins so.
    fn rows(&self, words: &str, heading: &str) -> Vec<String> {
        let done = self.say(words, &[]);
        let lines = printed(&done).lines();
        let rows = lines.skip_while(|line| !line.starts_with(heading)).skip(1);
        let rows = rows.take_while(|line| !line.is_empty());
        rows.map(ToOwned::to_owned).collect()
    }
}

/// What a command printed, that ended with 0.
fn printed(done: &Output) -> &str {
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    text(&done.stdout)
}

/// Why a command was refused.
fn refused(done: &Output) -> &str {
    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stdout));
    assert!(done.stdout.is_empty());
    text(&done.stderr)
}

/// The number after `recorded as entry`.
fn entry(done: &Output) -> u64 {
    let first = printed(done).lines().next().unwrap();
    let number = first.strip_prefix("recorded as entry ").unwrap();
    number.parse().unwrap()
}

const PULL: &str = "decide --requester lakeside --recipient lakeside --purpose TREATMENT";

#[test]
fn a_decision_is_told_in_one_line_or_explained() {
    let desk = Desk::new();
    let done = desk.say(PULL, &["--patient", "4711"]);
    assert_eq!(printed(&done), "deny: no consent\n");
    let done = desk.consent("grant", &["--patient", "4711", "--to", "lakeside"]);
    assert_eq!(printed(&done), "consent 3 recorded\n");
    let done = desk.say(PULL, &["--patient", "4711"]);
    assert_eq!(printed(&done), "permit\n");

    let done = desk.say(PULL, &["--patient", "4711", "--explain"]);
    let told = printed(&done);
    for line in [
        "permit\n",
        "  who asks              Lakeside Clinic (lakeside), AE title LAKESIDE\n",
        "  exchange-with-consent\n    Other institutions take part when the patient agreed: ",
        "  credit scores         500 counts (requester 500, recipient 500)\n",
        "  consent               3, naming the institution, not the study\n",
        "  3  grants lakeside for TREATMENT; from ",
        "      speaks for this request\n",
        "  obligations           none\n",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert!(!told.contains("4711"));
    let research = "decide --requester lakeside --recipient lakeside --purpose RESEARCH --explain";
    let done = desk.say(research, &["--patient", "4711", "--modality", "CT"]);
    let told = printed(&done);
    for line in [
        "deny: no consent\n",
        "  study                 CT, day not known\n",
        "  none: whatever no rule permits is refused\n",
        "      does not speak of this request: other purpose\n",
        "What would make it a permit, all else being equal\n  - a consent for this purpose, be \
         it for any institution, and a credit score of 700\n",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn a_script_reads_the_verdict_and_what_was_decided_at_another_time() {
    let desk = Desk::new();
    let before = desk.json(PULL, &["--patient", "4711"]);
    let at = |answer: &serde_json::Value, pointer: &str| answer.pointer(pointer).unwrap().clone();
    assert_eq!(at(&before, "/decision/verdict"), "deny");
    assert_eq!(
        at(&before, "/remedies/0/changes/0"),
        "consent-naming-institution"
    );
    let received = at(&before, "/request/received_at").as_i64().unwrap();
    printed(&desk.consent("grant", &["--patient", "4711", "--to", "lakeside"]));
    let after = desk.json(PULL, &["--patient", "4711"]);
    assert_eq!(at(&after, "/decision/verdict"), "permit");
    assert_eq!(at(&after, "/decision/consents/0"), 3);
    let then = jiff::Timestamp::from_microsecond(received)
        .unwrap()
        .to_string();
    let then = desk.json(PULL, &["--patient", "4711", "--at", &then]);
    assert_eq!(at(&then, "/decision/verdict"), "deny");
    assert_eq!(at(&then, "/consents"), serde_json::json!([]));
    // Before the ledger began there was nobody to ask.
    let done = desk.say(PULL, &["--patient", "4711", "--at", "2020-01-01"]);
    assert!(refused(&done).contains("had not begun"));
}

#[test]
fn an_institution_without_a_peer_needs_an_ae_title() {
    let desk = Desk::new();
    let done = desk.say(
        "decide --requester hill --recipient lakeside --purpose TREATMENT --patient 1",
        &[],
    );
    assert_eq!(done.status.code(), Some(2));
    let why = "the configuration has no peer of hill: correct the name, or give --requester-ae";
    assert!(text(&done.stderr).contains(why));
    let done = desk.say(
        "decide --requester hill --recipient lakeside --purpose TREATMENT --patient 1",
        &["--requester-ae", "HILL"],
    );
    assert_eq!(printed(&done), "deny: no consent\n");
}

#[test]
fn who_sends_images_is_their_custodian() {
    let desk = Desk::new();
    let store = "decide --verb store --requester lakeside --recipient st-anna --purpose TREATMENT";
    let asked = desk.json(store, &["--patient", "4711"]);
    let request = |key: &str| asked.get("request").unwrap().get(key).unwrap().clone();
    assert_eq!(request("custodian"), "lakeside");
    assert_eq!(request("requester_ae"), "LAKESIDE");
    assert_eq!(request("recipient_ae"), "ORTHANC");
    let pulled = desk.json(PULL, &["--patient", "4711"]);
    assert_eq!(pulled.pointer("/request/custodian").unwrap(), "st-anna");
}

#[test]
fn an_emergency_is_permitted_with_its_obligations() {
    let desk = Desk::new();
    let done = desk.say(
        "decide --requester lakeside --recipient lakeside --purpose EMERGENCY --patient 1 --explain",
        &[],
    );
    let told = printed(&done);
    assert!(told.starts_with("permit, with obligations: review, notify\n"));
    assert!(
        told.contains("  patient               not known to this gateway by this ID and issuer\n")
    );
    let count = "  emergency patients    1 within the hour, this one included; at most 10\n";
    assert!(told.contains(count));
    // A question opens no review.
    let done = desk.say("review list", &[]);
    assert_eq!(printed(&done), "no review waits\n");
    let reason = desk.say("review reason 3 --text Polytrauma --by weber", &[]);
    assert_eq!(
        refused(&reason),
        "credence: there is no such review, report or charge\n"
    );
}

#[test]
fn an_incident_is_reported_decided_and_reversed() {
    let desk = Desk::new();
    let report = "incident report lakeside --kind onward-disclosure --proof 0 1 --by Weber";
    let report = entry(&desk.say(report, &["--reference", "2026-114"])).to_string();
    let waiting = desk.rows("incident list", "report  ");
    assert_eq!(waiting.len(), 1);
    let words: Vec<&str> = waiting[0].split_whitespace().collect();
    assert_eq!(words[..3], [&report, "lakeside", "onward-disclosure"]);
    assert_eq!(words[4..], ["Weber", "0,", "1", "2026-114"]);

    let decide = ["incident decide", &report, "--upheld"].join(" ");
    let same = desk.say(&decide, &["--by", " WEBER"]);
    assert_eq!(refused(&same), "credence: this needs a second person\n");
    let charge = entry(&desk.say(&decide, &["--by", "Arbiter"])).to_string();
    let charged = desk.rows("incident list", "entry  ");
    let words: Vec<&str> = charged[0].split_whitespace().collect();
    assert_eq!((words[0], words[1]), (&*charge, "lakeside"));
    assert_eq!(words[3..], ["200.000", "200.000"]);
    printed(&desk.consent("grant", &["--patient", "4711", "--to", "lakeside"]));
    let done = desk.say(PULL, &["--patient", "4711"]);
    assert_eq!(printed(&done), "deny: score 166 below 300\n");

    entry(&desk.say(&format!("incident lift {charge} --by Arbiter"), &[]));
    entry(&desk.say(&format!("incident reverse {charge} --by Arbiter"), &[]));
    let done = desk.say("incident list", &[]);
    let expected = "no report waits for an arbiter\n\nno charge can be reversed\n";
    assert_eq!(printed(&done), expected);
    let done = desk.say(PULL, &["--patient", "4711"]);
    assert_eq!(printed(&done), "permit\n");
    let own = desk.say(
        "incident report st-anna --kind purpose-misuse --proof 0",
        &["--by", "weber"],
    );
    let why = "credence: nobody keeps a score of their own institution\n";
    assert_eq!(refused(&own), why);
}

#[test]
fn patients_are_merged_and_told_apart_again() {
    let desk = Desk::new();
    printed(&desk.consent("grant", &["--patient", "A", "--to", "lakeside"]));
    let of_b = |expected: &str| {
        let done = desk.say(PULL, &["--patient", "B", "--issuer", "HILL"]);
        assert_eq!(printed(&done), expected);
    };
    of_b("deny: no consent\n");
    entry(&desk.say("patient merge --patient A --into B --into-issuer HILL", &[]));
    of_b("permit\n");
    let again = desk.say("patient merge --patient A --into B --into-issuer HILL", &[]);
    assert!(refused(&again).contains("is merged already"));
    entry(&desk.say(
        "patient unlink --patient A --from B --from-issuer HILL",
        &[],
    ));
    of_b("deny: no consent\n");
}

#[test]
fn a_guardian_consents_while_one_is_named_and_stays_sealed() {
    let desk = Desk::new();
    let grant = ["--patient", "A", "--to", "lakeside", "--by-guardian"];
    assert!(refused(&desk.consent("grant", &grant)).contains("has no guardian"));
    let name = ["--name", "Berta Betreuerin, court order 12/26"];
    entry(&desk.say("patient guardian --patient A --until 2099-12-31", &name));
    printed(&desk.consent("grant", &grant));
    entry(&desk.say("patient guardian --patient A --end", &[]));
    assert!(refused(&desk.consent("grant", &grant)).contains("has no guardian"));
    let done = desk.consent("list", &[]);
    assert!(printed(&done).contains("by a guardian grants lakeside"));
    let data = desk.folder.path().join("data");
    let shown = credence(&["ledger", "show", data.to_str().unwrap(), "--json"]);
    assert!(printed(&shown).contains("guardian-named"));
    assert!(!text(&shown.stdout).contains("Berta"));
    let past = desk.say("patient guardian --patient A --until 1999-12-31", &name);
    entry(&past);
    assert!(refused(&desk.consent("grant", &grant)).contains("has no guardian"));
}

#[test]
fn standing_is_noted_with_proof() {
    let desk = Desk::new();
    let note = "patient standing note --patient A --evidence link-abused";
    entry(&desk.say(note, &["--proof", "0"]));
    assert!(
        refused(&desk.say(note, &["--proof", "99"]))
            .contains("entries of the ledger must prove this")
    );
}

#[test]
fn policies_are_changed_by_two_persons() {
    let desk = Desk::new();
    let done = desk.say("policy list", &[]);
    let told = printed(&done);
    assert!(told.contains("  in force\n") && told.ends_with("\nnothing is proposed\n"));
    let same = desk.say("policy propose --by Ada", &[]);
    assert!(refused(&same).contains("are proposed or in force already"));

    let credit = desk.folder.path().join("credit.toml");
    let numbers = std::fs::read_to_string(&credit).unwrap();
    let stricter = numbers.replace("patients_per_hour = 10", "patients_per_hour = 5");
    std::fs::write(&credit, stricter).unwrap();
    let told = desk.say("policy list", &[]);
    assert!(printed(&told).contains("  neither in force nor proposed\n"));
    let proposed = desk.say("policy propose --by Ada", &[]);
    let digest = printed(&proposed).lines().nth(1).unwrap();
    let digest = digest.strip_prefix("proposed ").unwrap();
    let short = &digest[..8];
    let rows = desk.rows("policy list", "digest  ");
    assert_eq!(rows, [format!("{digest}  Ada          nobody yet")]);

    let early = desk.say("policy activate --by Ada", &[short]);
    assert!(refused(&early).contains("are not approved"));
    let alone = desk.say("policy approve --by ada", &[short]);
    assert_eq!(refused(&alone), "credence: this needs a second person\n");
    entry(&desk.say("policy approve --by Bob", &[short]));
    let rows = desk.rows("policy list", "digest  ");
    assert_eq!(rows, [format!("{digest}  Ada          Bob")]);
    entry(&desk.say("policy activate --by Ada", &[digest]));
    let listed = desk.json("policy list", &[]);
    assert_eq!(listed.pointer("/in_force").unwrap(), digest);
    assert_eq!(
        listed.pointer("/proposals").unwrap(),
        &serde_json::json!([])
    );
    let gone = desk.say("policy withdraw --by Ada", &[short]);
    let why = format!("credence: no proposal begins with {short}\n");
    assert_eq!(refused(&gone), why);
}

#[test]
fn faulty_policies_are_not_proposed_and_withdrawn_ones_not_activated() {
    let desk = Desk::new();
    printed(&desk.say("policy list", &[]));
    let folder = desk.folder.path().join("policy");
    let sum = r#"@id("sum") forbid (principal, action, resource)
        when { context.score * 9223372036854775807 > 0 };"#;
    std::fs::write(folder.join("50-test.cedar"), sum).unwrap();
    let done = desk.say("policy propose --by Ada", &[]);
    let told = refused(&done);
    assert!(
        told.starts_with("fault: sum: ") && told.ends_with("nothing was proposed\n"),
        "{told}"
    );
    std::fs::write(folder.join("50-test.cedar"), "permit (").unwrap();
    assert!(refused(&desk.say("policy propose --by Ada", &[])).contains("50-test.cedar"));
    let listed = desk.say("policy list", &[]);
    assert!(printed(&listed).contains("configured  cannot be used: "));
    std::fs::remove_file(folder.join("50-test.cedar")).unwrap();

    let other = desk.folder.path().join("other.toml");
    let numbers = std::fs::read_to_string(desk.folder.path().join("credit.toml")).unwrap();
    std::fs::write(&other, numbers + "# another\n").unwrap();
    let proposed = desk.json(
        "policy propose --by Ada",
        &["--credit", other.to_str().unwrap()],
    );
    let digest = proposed.get("sha256").unwrap().as_str().unwrap();
    entry(&desk.say("policy approve --by Bob", &[digest]));
    entry(&desk.say("policy withdraw --by Bob", &[digest]));
    let late = desk.say("policy activate --by Ada", &[digest]);
    assert!(refused(&late).contains("no proposal begins with"));
}

#[test]
fn disclosures_of_a_patient_whom_nobody_met_are_none() {
    let desk = Desk::new();
    let done = desk.say("disclosures", &["--patient", "4711"]);
    assert_eq!(printed(&done), "nothing left for another institution\n");
    let found = desk.json("disclosures", &["--patient", "4711"]);
    let none = serde_json::json!({ "images": [], "told": [], "more": 0 });
    assert_eq!(found, none);
}
