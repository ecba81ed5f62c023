//! The gateway as a process of its own: to be killed, to be starved, and to be measured.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Resource;
use rustix::process::Rlimit;
use tokio::time::Instant;

use crate::house::House;
use crate::house::PATIENCE;

/// `credence serve`. Dropping it kills it.
pub(crate) struct Serving {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl House {
    /// Starts `credence serve` and waits until it is ready.
    pub(crate) async fn serve(&self) -> Serving {
        let (mut serving, started) = (self.spawn(), Instant::now());
        // The whole word of the gateway itself: a library that traces "already" is not it.
        while !serving.log().contains("credence::cli::serve: ready") {
            let ended = serving.child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < PATIENCE,
                "{}",
                serving.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        serving
    }

    /// Starts `credence serve`. A write past the limit on the size of files fails there, as one
    /// on a broken disk does, and does not kill.
    pub(crate) fn spawn(&self) -> Serving {
        let mut child = Command::new("sh")
            .args(["-c", r#"trap "" XFSZ; exec "$0" serve --config "$1""#])
            .arg(env!("CARGO_BIN_EXE_credence"))
            .arg(self.config_file())
            .env("RUST_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let into = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = into.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Serving { child, log }
    }
}

impl Serving {
    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// From now on no file of it can grow or be changed beyond its first byte.
    pub(crate) fn break_disk(&self) {
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        rustix::process::prlimit(Some(self.pid()), Resource::Fsize, none).unwrap();
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it goes on:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Its largest resident size so far, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
