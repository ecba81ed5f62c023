//! `credence keys show`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::certificate::Certificate;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::refuse;
use crate::clock::Clock;
use crate::config::CertificateName;
use crate::config::Config;
use crate::storage;
use crate::time::DAY_MICROS;
use crate::time::UtcMicros;
use crate::transport;
use crate::transport::Security;

/// Arguments of `credence keys show`.
#[derive(Args, Debug)]
pub struct Show {
    /// Files of certificates in PEM; without them, what the configuration names
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print one JSON object: certificates (each with file, subject, issuer, key, names, from, until,
    /// days_left), ends (what, until, days_left), ledger (log, statement, witness)
    #[arg(long)]
    pub json: bool,
}

impl Show {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let now = Clock::new().now();
        if !self.files.is_empty() {
            let mut found = Vec::new();
            for file in &self.files {
                match transport::read_certificates(file) {
                    Ok(read) => found.extend(read.into_iter().map(|one| (file.clone(), one))),
                    Err(error) => return refuse(&error),
                }
            }
            return self.tell(out, &found, &json!([]), &Value::Null, now);
        }
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let mut found = Vec::new();
        let mut ends = Vec::new();
        match Security::load(&config) {
            Ok(None) => {}
            Ok(Some(security)) => {
                let trust = security.now();
                let path = config
                    .tls
                    .identity
                    .as_ref()
                    .map(|own| own.certificate.clone());
                let own = trust.own().iter().cloned();
                found.extend(own.map(|one| (path.clone().unwrap_or_default(), one)));
                for term in trust.terms() {
                    let left = days_left(term.ends, now);
                    ends.push(json!({ "what": term.what, "until": term.ends.to_string(), "days_left": left }));
                }
            }
            Err(error) => return refuse(&error),
        }
        let ledger = match ledger_keys(&config) {
            Ok(ledger) => ledger,
            Err(error) => return refuse(&error),
        };
        self.tell(out, &found, &Value::Array(ends), &ledger, now)
    }

    fn tell(
        &self,
        out: &mut dyn Write,
        found: &[(PathBuf, Certificate)],
        ends: &Value,
        ledger: &Value,
        now: UtcMicros,
    ) -> io::Result<Exit> {
        let certificates: Vec<Value> = found
            .iter()
            .map(|(file, one)| row(file, one, now))
            .collect();
        let over = |row: &Value| row.get("days_left").and_then(Value::as_i64) < Some(0);
        let has_expired = certificates.iter().any(over)
            || ends.as_array().is_some_and(|ends| ends.iter().any(over));
        if self.json {
            let all = json!({ "certificates": certificates, "ends": ends, "ledger": ledger });
            writeln!(out, "{all}")?;
        } else {
            for (file, one) in found {
                print(out, file, one, now)?;
            }
            for term in ends.as_array().into_iter().flatten() {
                let text = |key: &str| term.get(key).and_then(Value::as_str).unwrap_or_default();
                let left = term
                    .get("days_left")
                    .and_then(Value::as_i64)
                    .unwrap_or_default();
                writeln!(
                    out,
                    "{}\n  until    {} ({})",
                    text("what"),
                    text("until"),
                    in_days(left)
                )?;
            }
            for name in ["log", "statement", "witness"] {
                if let Some(key) = ledger.get(name).and_then(Value::as_str) {
                    writeln!(out, "{name:<9}  {key}")?;
                }
            }
        }
        Ok(if has_expired {
            Exit::Failure
        } else {
            Exit::Success
        })
    }
}

/// The public keys of the ledger; null when there is none yet.
fn ledger_keys(config: &Config) -> Result<Value, storage::KeysError> {
    let gateway = &config.gateway;
    // Opening the keys where there is no ledger would make them.
    if !storage::has_ledger(&gateway.data_dir) {
        return Ok(Value::Null);
    }
    let keys = storage::Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution)?;
    Ok(json!({
        "log": keys.log.key().to_string(),
        "statement": keys.statement.key().to_string(),
        "witness": keys.witness.key().to_string(),
    }))
}

/// Whole days until `ends`; below 0 when it is over.
fn days_left(ends: UtcMicros, now: UtcMicros) -> i64 {
    ends.0.saturating_sub(now.0).div_euclid(DAY_MICROS)
}

fn in_days(left: i64) -> String {
    if left < 0 {
        "expired".to_owned()
    } else {
        format!("{left} days left")
    }
}

/// The names of a certificate but for its key.
fn names(one: &Certificate) -> Vec<String> {
    let names = one.names.iter();
    let names = names.filter(|name| !matches!(name, CertificateName::Key(_)));
    names.map(ToString::to_string).collect()
}

fn row(file: &std::path::Path, one: &Certificate, now: UtcMicros) -> Value {
    json!({
        "file": file.display().to_string(),
        "subject": one.subject,
        "issuer": one.issuer,
        "key": CertificateName::Key(one.key).to_string(),
        "names": names(one),
        "from": one.not_before.to_string(),
        "until": one.not_after.to_string(),
        "days_left": days_left(one.not_after, now),
    })
}

fn print(
    out: &mut dyn Write,
    file: &std::path::Path,
    one: &Certificate,
    now: UtcMicros,
) -> io::Result<()> {
    let left = in_days(days_left(one.not_after, now));
    let key = CertificateName::Key(one.key);
    writeln!(out, "{}", file.display())?;
    writeln!(out, "  subject  {}\n  issuer   {}", one.subject, one.issuer)?;
    writeln!(
        out,
        "  key      {key}\n  names    {}",
        names(one).join(", ")
    )?;
    writeln!(
        out,
        "  from     {}\n  until    {} ({left})",
        one.not_before, one.not_after
    )
}
