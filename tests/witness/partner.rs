//! A hospital's gateway with a folder of its own, as log and as witness.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use credence::clock::Clock;
use credence::config::Config;
use credence::contract::Body;
use credence::demo::free_addresses;
use credence::gateway;
use credence::gateway::Running;
use credence::ledger::Checkpoint;
use credence::ledger::Cosignature;
use credence::ledger::Entry;
use credence::ledger::LogKey;
use credence::ledger::WitnessKey;
use credence::ledger::cosignatures;
use credence::storage::JournalReader;
use credence::storage::Keys;
use credence::witness;
use credence::witness::Witnessing;
use tempfile::TempDir;

use crate::rules::copy_rules;

/// Longer than anything here takes when it works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` gives something.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(found) => found,
        Err(_) => panic!("never: {what}"),
    }
}

/// A hospital: its folder, its keys, and where it answers as a witness.
pub(crate) struct Partner {
    folder: TempDir,
    name: &'static str,
    pub(crate) port: u16,
    pub(crate) log: LogKey,
    pub(crate) witness: WitnessKey,
}

/// Its gateway.
pub(crate) struct Up {
    pub(crate) running: Running,
    witnessing: Witnessing,
}

impl Up {
    /// Makes the ledger longer by so many entries.
    pub(crate) async fn grow(&self, entries: u64, why: &str) {
        for number in 0..entries {
            let text = format!("{why} {number}");
            self.running.recorder().alert("test", text).await;
        }
    }

    pub(crate) async fn stop(self) {
        self.witnessing.stop().await;
        self.running.drain().await.unwrap();
    }
}

impl Partner {
    /// A hospital whose gateway has not run yet, but has its keys.
    pub(crate) fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_rules(&folder.path().join("policy"));
        let (keys, data) = (folder.path().join("keys"), folder.path().join("data"));
        let keys = Keys::open(&keys, &data, &name.parse().unwrap()).unwrap();
        let [address] = free_addresses().unwrap();
        Self {
            name,
            port: address.port(),
            log: keys.log.key().clone(),
            witness: keys.witness.key().clone(),
            folder,
        }
    }

    /// The row that others have of it; as a witness at `port`.
    pub(crate) fn row(&self, port: u16) -> String {
        format!(
            "[[witness.peer]]\ninstitution = \"{}\"\nlog_key = \"{}\"\n\
             witness_key = \"{}\"\nurl = \"http://127.0.0.1:{port}\"\n",
            self.name, self.log, self.witness
        )
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where its configuration is.
    pub(crate) fn config_file(&self, more: &str, rows: &str) -> PathBuf {
        let mut text = format!(
            "[gateway]\ninstitution = \"{}\"\n\
             [[listener]]\naddress = \"127.0.0.1:0\"\n\
             [[ae]]\ntitle = \"CREDENCE\"\npurpose = \"TREATMENT\"\n",
            self.name
        );
        for name in ["st-anna", "lakeside", "mercy"] {
            text.push_str(&format!(
                "[[institution]]\nslug = \"{name}\"\nname = \"{name}\"\n"
            ));
        }
        text.push_str(&format!(
            "[witness]\nlisten = \"127.0.0.1:{}\"\ninterval_s = 1\n{more}\n{rows}",
            self.port
        ));
        let path = self.folder.path().join("credence.toml");
        fs::write(&path, text).unwrap();
        path
    }

    /// Starts its gateway; `rows` are its partners.
    pub(crate) async fn start(&self, rows: &str) -> Up {
        self.start_with("", rows).await
    }

    /// The same, with more lines of `[witness]`.
    pub(crate) async fn start_with(&self, more: &str, rows: &str) -> Up {
        let config = Config::load(&self.config_file(more, rows)).unwrap();
        let running = gateway::start(config.clone()).await.unwrap();
        let witnessing = witness::start(&config, Clock::new(), &running.recorder(), None).unwrap();
        Up {
            running,
            witnessing,
        }
    }

    /// Size and cosignatures of the newest cosigned checkpoint, both verified.
    pub(crate) fn cosigned(&self, witnesses: &[&Self]) -> Option<(u64, Vec<Cosignature>)> {
        let note = fs::read_to_string(self.data().join("checkpoint.cosigned")).ok()?;
        let keys: Vec<_> = witnesses
            .iter()
            .map(|other| other.witness.clone())
            .collect();
        let found = cosignatures(&note, &keys).unwrap();
        Some((Checkpoint::open(&note, &self.log).unwrap().size, found))
    }

    /// Waits until a checkpoint of at least this size is cosigned; its size.
    pub(crate) async fn cosigned_from(&self, size: u64, witness: &Self) -> u64 {
        let found = || {
            let (found, by) = self.cosigned(&[witness])?;
            (found >= size && by.len() == 1).then_some(found)
        };
        until("a cosignature", found).await
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let stored = JournalReader::new(&self.data()).entries(0);
        stored.map(|stored| stored.unwrap().entry).collect()
    }

    /// Texts of the alerts with this code.
    pub(crate) fn alerts(&self, wanted: &str) -> Vec<String> {
        let text = |entry: Entry| match entry.event.body {
            Body::Alert { code, text, .. } if code == wanted => Some(text),
            _ => None,
        };
        self.entries().into_iter().filter_map(text).collect()
    }

    /// Waits for the first alert with this code.
    pub(crate) async fn alerted(&self, code: &str) -> String {
        until(code, || self.alerts(code).into_iter().next()).await
    }

    /// Copies the data folder, as a backup or a thief would; no gateway runs on it.
    pub(crate) fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.data(), copy.path());
        copy
    }

    /// Puts a copy in the place of the data folder.
    pub(crate) fn put_back(&self, copy: &TempDir) {
        fs::remove_dir_all(self.data()).unwrap();
        copy_folder(copy.path(), &self.data());
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_folder(&path, &to);
        } else if kind.is_file() {
            fs::copy(path, to).unwrap();
        }
    }
}
