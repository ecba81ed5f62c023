//! How long `credence audit export` takes, and how much memory: the program itself, beside a gateway that runs.
//!
//! ```text
//! cargo bench --bench audit                    a ledger of 100,000 entries, and one of a tenth of that
//! cargo bench --bench audit -- 1000000         a million: three minutes to write, and 12 GB of disk meanwhile
//! cargo bench --bench audit -- 1000000 --check the same; exits 1 when a bar is missed
//! cargo bench --bench audit -- 1000000 --write FOLDER   writes such a ledger, up to now, beside the rules of FOLDER
//! ```
//!
//! The bars: for a million entries, 30 s as CSV and 90 s as DICOM audit messages (a part of that for a part of them), and
//! constant memory: 64 MiB at most, and, from half a million entries on, no more than a fourth more than for a tenth of
//! them. Memory is the most that the process held (Linux: VmHWM). On a machine that is busy or slow, CREDENCE_SLACK=4 gives four times as long.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, prints, and has failed where it cannot go on"
)]

use std::fs;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use credence::time::UtcMicros;

mod ledger;

const CREDENCE: &str = env!("CARGO_BIN_EXE_credence");
const MILLION: u64 = 1_000_000;
const ENTRIES: u64 = 100_000;

/// What an export may hold, whatever the ledger.
const HELD_KIB_MAX: u64 = 64 * 1024;
/// Entries after which an export remembers as many decisions as it ever does.
const REMEMBERING: u64 = 50_000;

/// What is exported, and how long a million entries may take.
const EXPORTS: [(&str, &[&str], Option<Duration>); 6] = [
    ("csv", &["--format", "csv"], Some(Duration::from_secs(30))),
    (
        "dicom",
        &["--format", "dicom"],
        Some(Duration::from_secs(90)),
    ),
    ("fhir", &["--format", "fhir"], None),
    ("jsonl", &["--format", "jsonl"], None),
    ("html", &["--format", "html"], None),
    (
        "csv, identified",
        &["--format", "csv", "--identified"],
        None,
    ),
];

/// What an export took.
struct Took {
    time: Duration,
    held_kib: u64,
    verified: Duration,
    bytes: u64,
}

/// A folder with a configuration, rules and a ledger, and the gateway that serves it.
struct Site {
    folder: tempfile::TempDir,
    gateway: Option<Child>,
}

impl Site {
    fn of(entries: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let delivered = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway-config");
        fs::create_dir(folder.path().join("policy")).unwrap();
        for file in fs::read_dir(delivered.join("policy")).unwrap() {
            let file = file.unwrap();
            let to = folder.path().join("policy").join(file.file_name());
            fs::copy(file.path(), to).unwrap();
        }
        fs::copy(
            delivered.join("credit.toml"),
            folder.path().join("credit.toml"),
        )
        .unwrap();
        ledger::write(folder.path(), entries, ledger::BEGIN);
        let mut site = Self {
            folder,
            gateway: None,
        };
        site.serve();
        site
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("credence.toml")
    }

    /// Starts the gateway and waits until it accepts.
    fn serve(&mut self) {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let text = format!(
            "gateway = {{ institution = \"st-anna\" }}\n\
             ae = [{{ title = \"CREDENCE\", purpose = \"TREATMENT\" }}]\n\
             [[listener]]\naddress = \"{address}\"\n\
             [[institution]]\nslug = \"st-anna\"\nname = \"St. Anna\"\n\
             [[institution]]\nslug = \"lakeside\"\nname = \"Lakeside Clinic\"\n"
        );
        fs::write(self.config(), text).unwrap();
        let mut command = Command::new(CREDENCE);
        command.arg("serve").arg("--config").arg(self.config());
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        self.gateway = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(600), "no gateway");
            sleep(Duration::from_millis(50));
        }
    }

    fn export(&self, words: &[&str]) -> Took {
        let out = self.folder.path().join("out");
        let mut command = Command::new(CREDENCE);
        command
            .args(["audit", "export", "--by", "bench"])
            .args(words);
        command
            .arg("--out")
            .arg(&out)
            .arg("--config")
            .arg(self.config());
        let began = Instant::now();
        let mut export = command.stdout(Stdio::null()).spawn().unwrap();
        let mut held = 0;
        let done = loop {
            held = held_kib(&export).unwrap_or(held);
            if let Some(done) = export.try_wait().unwrap() {
                break done;
            }
            sleep(Duration::from_millis(5));
        };
        let time = began.elapsed();
        assert!(done.success());
        let mut verify = Command::new(CREDENCE);
        let began = Instant::now();
        let verified = verify.args(["audit", "verify"]).arg(&out).output().unwrap();
        assert!(verified.status.success());
        let verified = began.elapsed();
        let sizes = fs::read_dir(&out).unwrap();
        let sizes = sizes.map(|file| file.unwrap().metadata().unwrap().len());
        let bytes = sizes.sum();
        fs::remove_dir_all(&out).unwrap();
        Took {
            time,
            held_kib: held,
            verified,
            bytes,
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut gateway) = self.gateway.take() {
            let _ = gateway.kill();
            let _ = gateway.wait();
        }
    }
}

/// The most that a process has held so far; `None` when it has ended.
fn held_kib(process: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn now() -> UtcMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UtcMicros(i64::try_from(since.as_micros()).unwrap())
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let entries = arguments.iter().find_map(|word| word.parse().ok());
    let entries: u64 = entries.unwrap_or(ENTRIES);
    if let Some(at) = arguments.iter().position(|word| word == "--write") {
        let folder = Path::new(arguments.get(at + 1).unwrap());
        let begin = ledger::begin_before(now(), entries);
        ledger::write(folder, entries, begin);
        return ExitCode::SUCCESS;
    }
    let slack = std::env::var("CREDENCE_SLACK");
    let slack: u32 = slack.map_or(1, |slack| slack.parse().unwrap());
    let began = Instant::now();
    let (few, many) = (Site::of(entries / 10), Site::of(entries));
    println!(
        "ledgers of {} and {entries} entries, written and served after {} s; load {}",
        entries / 10,
        began.elapsed().as_secs(),
        load()
    );
    let mut good = true;
    println!(
        "format            entries   seconds      bar    MiB held  verified in     MB written"
    );
    for (name, words, bar) in EXPORTS {
        let base = few.export(words);
        let took = many.export(words);
        for (took, entries) in [(&base, entries / 10), (&took, entries)] {
            let bar = bar.map(|bar| bar.mul_f64(entries as f64 / MILLION as f64) * slack);
            // Below ten thousand entries, starting the program is most of it.
            let is_late = entries >= 10_000 && bar.is_some_and(|bar| took.time > bar);
            good &= !is_late;
            let bar = bar.map_or_else(String::new, |bar| format!("{:.1}", bar.as_secs_f64()));
            println!(
                "{name:<16} {entries:>8} {:>9.1} {bar:>8} {:>11.1} {:>11.1} s {:>12.1}{}",
                took.time.as_secs_f64(),
                took.held_kib as f64 / 1024.0,
                took.verified.as_secs_f64(),
                took.bytes as f64 / 1e6,
                if is_late { "  TOO SLOW" } else { "" }
            );
        }
        // A part of the memory is for decisions that are remembered, up to a number that few entries do not reach.
        let may_grow = entries / 10 < REMEMBERING;
        let grows = !may_grow && took.held_kib > base.held_kib + base.held_kib / 4;
        if grows || took.held_kib > HELD_KIB_MAX {
            println!("{name:<16} memory grows with the ledger");
            good = false;
        }
    }
    println!(
        "load {}; {}",
        load(),
        if good {
            "all bars met"
        } else {
            "a bar is missed"
        }
    );
    if !good && arguments.iter().any(|word| word == "--check") {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
