//! A backup of a running gateway's ledger, and what is restored from it, by the commands.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use credence::contract::Body;
use credence::storage::JournalReader;
use serde_json::Value;

/// A site with the rules as delivered; no gateway runs.
struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let delivered = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway-config");
        for name in ["policy", "credit.toml"] {
            std::os::unix::fs::symlink(delivered.join(name), dir.path().join(name)).unwrap();
        }
        let config = r#"
gateway = { institution = "st-anna" }
listener = [{ address = "127.0.0.1:104" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
institution = [{ slug = "st-anna", name = "St. Anna" }, { slug = "lakeside", name = "Lakeside" }]
"#;
        fs::write(dir.path().join("credence.toml"), config).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_credence"))
            .args(line.split(' '))
            .current_dir(self.dir.path())
            .output()
            .unwrap()
    }

    fn good(&self, line: &str) -> String {
        let output = self.run(line);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn consent(&self, patient: &str) {
        self.good(&format!("consent grant --patient {patient} --to lakeside"));
    }

    /// The disaster: what the gateway had is gone, but for the keys.
    fn lose(&self) {
        fs::rename(self.path("data"), self.path("lost")).unwrap();
    }
}

fn kinds(dir: &Path) -> Vec<&'static str> {
    let entries = JournalReader::new(dir).entries(0);
    entries
        .map(|stored| stored.unwrap().entry.event.body.kind())
        .collect()
}

#[test]
fn a_backup_holds_no_secret_and_verifies_and_a_restored_ledger_is_another_log() {
    let site = Site::new();
    site.consent("4711");
    site.good("backup copy");
    for secret in ["wrapping.key", "log.pk8", "lookup.key"] {
        let secret = fs::read(site.path("keys").join(secret)).unwrap();
        for file in fs::read_dir(site.path("copy")).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                let bytes = fs::read(&path).unwrap();
                assert!(!bytes.windows(secret.len()).any(|part| part == secret));
            }
        }
    }
    site.good("ledger verify copy --replay");
    // What comes after the backup is lost.
    site.consent("4712");
    let before = fs::read_to_string(site.path("data/ledger.vkey")).unwrap();
    site.lose();

    let told: Value = serde_json::from_str(&site.good("restore copy --json --by admin")).unwrap();
    let key = told["key"].as_str().unwrap();
    assert_eq!(told["before"].as_str().unwrap(), before.trim());
    assert_ne!(key, before.trim());
    site.good(&format!("ledger verify data --replay --key {key}"));
    let entry = usize::try_from(told["entry"].as_u64().unwrap()).unwrap();
    let (backup, restored) = (kinds(&site.path("copy")), kinds(&site.path("data")));
    assert_eq!(restored[..entry], backup[..]);
    assert_eq!(restored[entry..], ["restored"]);
    let entries = JournalReader::new(&site.path("data")).entries(entry as u64);
    let Body::Restored { checkpoint, .. } = entries.last().unwrap().unwrap().entry.event.body
    else {
        panic!("not the entry that it is said to be");
    };
    let origin = before.split('+').next().unwrap();
    assert!(checkpoint.unwrap().starts_with(&format!("{origin}\n")));
    // And it goes on, knowing whom it knew.
    let consents: Value =
        serde_json::from_str(&site.good("consent list --patient 4711 --json")).unwrap();
    assert_eq!(consents.as_array().unwrap().len(), 1);
    site.consent("4712");
    site.good(&format!("ledger verify data --replay --key {key}"));
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let site = Site::new();
    site.consent("4711");
    site.good("backup copy");
    site.lose();
    let segment = site.path("copy/journal/00000001.segment");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let told = site.refused("restore copy --by admin");
    assert!(told.contains("does not verify"), "{told}");
    assert!(!site.path("data").exists());
}

#[test]
fn nothing_is_restored_over_a_ledger_or_without_the_keys() {
    let site = Site::new();
    site.consent("4711");
    site.good("backup copy");
    let told = site.refused("restore copy --by admin");
    assert!(told.contains("not empty"), "{told}");
    site.lose();
    fs::rename(site.path("keys"), site.path("keys-elsewhere")).unwrap();
    site.refused("restore copy --by admin");
    assert!(!site.path("data").exists());
}

#[test]
fn after_an_erasure_only_the_newest_keyring_restores() {
    let site = Site::new();
    site.consent("4711");
    site.consent("4712");
    site.good("backup older");
    site.good("erase --patient 4711 --reason objection --by officer");
    fs::copy(site.path("data/keyring"), site.path("newest")).unwrap();
    site.lose();
    let told = site.refused("restore older --by admin");
    assert!(told.contains("--keyring"), "{told}");
    // What was tried left nothing that a gateway could take for its ledger.
    assert!(!site.path("data/journal").exists());
    // The older ledger does not know of the erasure; the newest keyring does.
    let told = site.refused("restore older --keyring newest --by admin");
    assert!(told.contains("--forgotten 1"), "{told}");
    site.good("restore older --keyring newest --forgotten 1 --by admin");
    site.good("ledger verify data --replay");
}

#[test]
fn a_backup_made_after_an_erasure_restores_and_what_was_forgotten_stays_so() {
    let site = Site::new();
    site.consent("4711");
    site.consent("4712");
    site.good("erase --patient 4711 --reason objection --by officer");
    site.good("backup copy");
    site.lose();
    site.good("restore copy --by admin");
    let listed = |patient: &str| -> usize {
        let list = site.good(&format!("consent list --patient {patient} --json"));
        let list: Value = serde_json::from_str(&list).unwrap();
        list.as_array().unwrap().len()
    };
    assert_eq!((listed("4711"), listed("4712")), (0, 1));
    site.good("ledger verify data --replay");
}

#[test]
fn a_restore_that_was_cut_off_is_not_gone_on_with() {
    let site = Site::new();
    site.consent("4711");
    site.good("backup copy");
    site.lose();
    fs::create_dir(site.path("data")).unwrap();
    fs::rename(site.path("copy/journal"), site.path("data/journal")).unwrap();
    fs::rename(site.path("copy/keyring"), site.path("data/keyring")).unwrap();
    let told = site.refused("consent list");
    assert!(told.contains("cut off"), "{told}");
    assert!(!site.path("data/ledger.vkey").exists());
}
