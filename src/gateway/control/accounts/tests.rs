//! Accounts on a ledger of their own.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::recorder::For;
use crate::gateway::recorder::WriterThread;
use crate::gateway::recorder::start;
use crate::ledger::Entry;

const TEXT: &str = r#"
gateway = { institution = "own" }
listener = [{ address = "127.0.0.1:104" }]
institution = [{ slug = "own", name = "Own" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]

[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "own"
addresses = ["10.0.0.1"]
connect = "10.0.0.1:104"
"#;

struct Site {
    dir: TempDir,
    book: Arc<AccountBook>,
    recorder: Recorder,
    writer: WriterThread,
}

impl Site {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let delivered = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway-config");
        for name in ["policy", "credit.toml"] {
            std::os::unix::fs::symlink(delivered.join(name), dir.path().join(name)).unwrap();
        }
        let config = Config::parse(TEXT, dir.path()).unwrap();
        let (recorder, writer) = start(&config, Clock::new(), For::Editing).unwrap();
        let book = Arc::new(AccountBook::new(&config));
        Self {
            dir,
            book,
            recorder,
            writer,
        }
    }

    fn path(&self) -> PathBuf {
        Accounts::path(&self.dir.path().join("keys"))
    }

    async fn change(&self, change: AccountChange) -> Result<Answer, RecordError> {
        let by = "officer".to_owned();
        self.book.change(&self.recorder, change, by).await
    }

    fn told(&self) -> Vec<Entry> {
        let entries = self.recorder.journal();
        let entries = entries.entries(0).map(|stored| stored.unwrap().entry);
        entries
            .filter(|entry| entry.event.body.kind() == "account-changed")
            .collect()
    }
}

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn add(account: &str, roles: &[Role]) -> AccountChange {
    AccountChange::Add {
        account: name(account),
        roles: roles.iter().copied().collect(),
        passcode: None,
    }
}

#[tokio::test]
async fn a_change_is_recorded_and_then_in_the_file() {
    let mut site = Site::new();
    let Answer::Recorded { entry } = site.change(add("ada", &[Role::PacsAdmin])).await.unwrap()
    else {
        panic!("not recorded");
    };
    let accounts = Accounts::read(&site.path()).unwrap();
    assert_eq!(accounts.get(&name("ada")).unwrap().changed(), entry);
    let expected = Body::AccountChanged {
        account: "ada".to_owned(),
        act: AccountAct::Added,
        roles: [Role::PacsAdmin].into(),
        token: None,
        by: "officer".to_owned(),
    };
    let told = site.told();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].seq, &told[0].event.body), (entry, &expected));
    // What cannot be done leaves no trace.
    let last = AccountChange::Disable {
        account: name("ada"),
    };
    let refused = site.change(last).await.unwrap_err().to_string();
    assert!(
        refused.contains("nobody could manage accounts"),
        "{refused}"
    );
    assert_eq!(site.told().len(), 1);
    assert_eq!(Accounts::read(&site.path()).unwrap(), accounts);
    site.recorder.stop().await;
    site.writer.join().await.unwrap();
}

#[tokio::test]
async fn nobody_has_the_name_of_a_machine() {
    let mut site = Site::new();
    let book = Arc::get_mut(&mut site.book).unwrap();
    book.machines.insert("collector".to_owned());
    let refused = site.change(add("collector", &[Role::Auditor])).await;
    assert!(
        matches!(refused, Err(RecordError::Refused(_))),
        "{refused:?}"
    );
    site.change(add("ada", &[Role::Auditor])).await.unwrap();
}

#[tokio::test]
async fn a_token_is_told_once_and_stands_nowhere() {
    let site = Site::new();
    site.change(add("ada", &[Role::PacsAdmin])).await.unwrap();
    let make = AccountChange::MakeToken {
        account: name("ada"),
        name: name("nightly"),
        roles: [Role::PacsAdmin].into(),
        until: None,
    };
    let made = site.change(make).await.unwrap();
    let shown = format!("{made:?}");
    let Answer::TokenMade { token, .. } = made else {
        panic!("no token");
    };
    let accounts = Accounts::read(&site.path()).unwrap();
    let bearer = accounts.bearer(&token, UtcMicros(0)).unwrap();
    assert_eq!(bearer.account, &name("ada"));
    let listed = serde_json::to_string(&site.book.list().await.unwrap()).unwrap();
    let line = serde_json::to_string(&site.told()[1].event).unwrap();
    assert!(listed.contains("nightly") && line.contains("nightly"));
    let file = fs::read_to_string(site.path()).unwrap();
    for text in [shown, listed, line, file] {
        assert!(!text.contains(token.as_str()));
    }
    let revoke = AccountChange::RevokeToken {
        account: name("ada"),
        token: bearer.token.id.clone(),
    };
    site.change(revoke).await.unwrap();
    let accounts = Accounts::read(&site.path()).unwrap();
    assert!(accounts.bearer(&token, UtcMicros(0)).is_none());
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_there_at_the_end() {
    let site = Site::new();
    let mut together = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (book, recorder) = (Arc::clone(&site.book), site.recorder.clone());
        let change = add(&format!("user-{number}"), &[Role::Auditor]);
        together.spawn(async move { book.change(&recorder, change, "officer".to_owned()).await });
    }
    for done in together.join_all().await {
        done.unwrap();
    }
    assert_eq!(Accounts::read(&site.path()).unwrap().iter().count(), 20);
}

#[tokio::test]
async fn what_cannot_be_written_is_told_with_its_entry() {
    let site = Site::new();
    site.change(add("ada", &[Role::PacsAdmin])).await.unwrap();
    let path = site.path();
    fs::remove_file(&path).unwrap();
    // A folder in its place can be neither read nor replaced.
    fs::create_dir(&path).unwrap();
    let refused = site.change(add("ben", &[Role::Auditor])).await.unwrap_err();
    assert!(
        refused.to_string().contains("not a regular file"),
        "{refused}"
    );
    assert_eq!(site.told().len(), 1);
    let refused = site.book.write(Accounts::default(), 7).await.unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("recorded as entry 7, but not done"),
        "{refused}"
    );
}
