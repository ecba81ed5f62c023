//! `credence check-config`

use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::Exit;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Fault;
use crate::config::Faults;
use crate::config::GatewayPeer;
use crate::config::PeerName;
use crate::config::Route;
use crate::config::Text16;
use crate::dicom::AeTitle;
use crate::time::DAY_MICROS;
use crate::transport::Security;
use crate::transport::Term;

/// Read a configuration file and list every fault in it
///
/// Exits with 0 when there is none, and with 2 when there are. Nothing is started or changed. Of a
/// sound file, tells where each route leads, its mode, and how it answers a denied C-STORE; by which AE
/// titles other hospitals' gateways are reached; and which certificates, authorities and lists of revoked
/// ones end soon.
#[derive(Args, Debug)]
pub struct CheckConfig {
    /// The configuration file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print one JSON object: file, valid, faults (each with line, key, problem, allowed), routes,
    /// gateway_peers (each with name, institution, aes, connect, https), ends (each with what, until,
    /// days_left)
    #[arg(long)]
    pub json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    file: String,
    valid: bool,
    faults: &'a [Fault],
    routes: Vec<Line<'a>>,
    gateway_peers: Vec<Reached<'a>>,
    ends: Vec<Ending>,
}

/// A certificate, authority or list that ends within the time of warning, or has ended.
#[derive(Serialize)]
struct Ending {
    what: String,
    until: String,
    days_left: i64,
}

/// A route as it counts: its own mode, else the gateway's.
#[derive(Serialize)]
struct Line<'a> {
    called: Vec<&'a str>,
    calling: Vec<&'a str>,
    sop_classes: Vec<String>,
    modalities: Vec<&'a str>,
    stations: Vec<&'a str>,
    to: Vec<&'a str>,
    copies: Vec<&'a str>,
    delivery: &'a str,
    mode: &'a str,
    denied_store: &'a str,
}

/// The gateway of another hospital.
#[derive(Serialize)]
struct Reached<'a> {
    name: &'a str,
    institution: &'a str,
    aes: Vec<&'a str>,
    connect: Option<SocketAddr>,
    https: Option<String>,
}

impl<'a> Reached<'a> {
    fn of(gateway: &'a GatewayPeer) -> Self {
        let peer = &gateway.peer;
        let aes = std::iter::once(&gateway.ae).chain(&gateway.emergency_ae);
        Self {
            name: peer.name.as_str(),
            institution: peer.institution.as_str(),
            aes: aes.map(AeTitle::as_str).collect(),
            connect: peer.connect,
            https: gateway.https.as_ref().map(ToString::to_string),
        }
    }
}

/// The gateways of other hospitals, in the order of the file.
fn reached(config: &Config) -> Vec<Reached<'_>> {
    let gateways = config.gateway_peers.iter();
    gateways.map(|gateway| Reached::of(gateway)).collect()
}

impl<'a> Line<'a> {
    fn of(route: &'a Route) -> Self {
        Self {
            called: route.called.iter().map(AeTitle::as_str).collect(),
            calling: route.calling.iter().map(PeerName::as_str).collect(),
            sop_classes: route.sop_classes.iter().map(ToString::to_string).collect(),
            modalities: route.modalities.iter().map(Text16::as_str).collect(),
            stations: route.stations.iter().map(Text16::as_str).collect(),
            to: route.to.iter().map(PeerName::as_str).collect(),
            copies: route.copies.iter().map(PeerName::as_str).collect(),
            delivery: route.delivery.as_str(),
            mode: route.mode.as_str(),
            denied_store: route.denied_store.as_str(),
        }
    }
}

/// The routes of `config`, in the order of the file.
fn lines(config: &Config) -> Vec<Line<'_>> {
    config.routes.iter().map(Line::of).collect()
}

/// Checks the file and writes what was found to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &CheckConfig, out: &mut dyn Write) -> io::Result<Exit> {
    let checked = Config::load(&arguments.file).and_then(|config| {
        let ends = endings(&config, &arguments.file)?;
        Ok((config, ends))
    });
    let (checked, ends) = match checked {
        Ok((config, ends)) => (Ok(config), ends),
        Err(faults) => (Err(faults), Vec::new()),
    };
    let file = arguments.file.display();
    if arguments.json {
        let report = Report {
            file: file.to_string(),
            valid: checked.is_ok(),
            faults: checked
                .as_ref()
                .map_or_else(|faults| faults.faults.as_slice(), |_| &[]),
            routes: checked.as_ref().map(lines).unwrap_or_default(),
            gateway_peers: checked.as_ref().map(reached).unwrap_or_default(),
            ends,
        };
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        match &checked {
            Ok(config) => {
                print(out, &file.to_string(), config)?;
                for end in &ends {
                    let (what, until, left) = (&end.what, &end.until, end.days_left);
                    writeln!(out, "  {what} ends {until}, in {left} days")?;
                }
            }
            Err(faults) => writeln!(out, "{faults}")?,
        }
    }
    out.flush()?;
    Ok(match checked {
        Ok(_) => Exit::Success,
        Err(_) => Exit::Usage,
    })
}

/// Reads what `[tls]` names, and tells what of it ends soon.
fn endings(config: &Config, file: &Path) -> Result<Vec<Ending>, Faults> {
    let security = Security::load(config).map_err(|error| Faults {
        file: file.to_owned(),
        faults: vec![Fault {
            line: None,
            key: "tls".to_owned(),
            problem: error.to_string(),
            allowed: "files that can be used".to_owned(),
        }],
    })?;
    let now = Clock::new().now();
    let trust = security.map(|security| security.now());
    let terms = trust.iter().flat_map(|trust| trust.terms());
    let soon = terms.filter(|term| term.is_due(now, config.tls.expiry_warning));
    let ending = |term: &Term| Ending {
        what: term.what.clone(),
        until: term.ends.to_string(),
        days_left: term.ends.0.saturating_sub(now.0).div_euclid(DAY_MICROS),
    };
    Ok(soon.map(ending).collect())
}

fn print(out: &mut dyn Write, file: &str, config: &Config) -> io::Result<()> {
    writeln!(
        out,
        "{file}: no faults (listeners: {}, AE titles: {}, institutions: {}, peers: {}, gateway peers: {}, \
         routes: {})",
        config.listeners.len(),
        config.aes.len(),
        config.institutions.len(),
        config
            .peers
            .len()
            .saturating_sub(config.gateway_peers.len()),
        config.gateway_peers.len(),
        config.routes.len(),
    )?;
    for line in lines(config) {
        let (called, classes) = (line.called.join(", "), line.sop_classes.join(", "));
        let (to, mode, denied) = (line.to.join(", "), line.mode, line.denied_store);
        write!(out, "  {called}: {classes}")?;
        for (what, names) in [
            ("from", &line.calling),
            ("of", &line.modalities),
            ("at", &line.stations),
        ] {
            if !names.is_empty() {
                write!(out, " {what} {}", names.join(", "))?;
            }
        }
        write!(out, " to {to}")?;
        if !line.copies.is_empty() {
            write!(out, ", copies to {}", line.copies.join(", "))?;
        }
        let delivery = line.delivery;
        writeln!(out, ", {mode}, {delivery}, denied C-STORE: {denied}")?;
    }
    for gateway in reached(config) {
        let (aes, institution) = (gateway.aes.join(", "), gateway.institution);
        write!(
            out,
            "  {aes}: {institution}, by its gateway {}",
            gateway.name
        )?;
        if let Some(connect) = gateway.connect {
            write!(out, " at {connect}")?;
        }
        let https = gateway.https.as_deref();
        writeln!(out, ", exchange: {}", https.unwrap_or("none"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::LogKey;
    use crate::ledger::WitnessKey;

    const SOUND: &str = "gateway = { institution = \"own\" }\n\
        listener = [{ address = \"127.0.0.1:104\" }]\n\
        ae = [{ title = \"CREDENCE\", purpose = \"TREATMENT\" }]\n\
        institution = [{ slug = \"own\", name = \"Own\" }]\n";

    /// What `check-config` says of a file with this text, and how it ends.
    fn check(text: &str, json: bool) -> (String, Exit) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credence.toml");
        std::fs::create_dir(folder.path().join("policy")).unwrap();
        std::fs::write(folder.path().join("credit.toml"), "").unwrap();
        std::fs::write(&file, text).unwrap();
        let mut out = Vec::new();
        let exit = run(&CheckConfig { file, json }, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), exit)
    }

    #[test]
    fn a_sound_file_has_no_faults() {
        let (text, exit) = check(SOUND, false);
        assert!(text.contains("no faults"), "{text}");
        assert_eq!(exit, Exit::Success);
        let (text, exit) = check(SOUND, true);
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["valid"], true);
        assert_eq!(report["faults"], serde_json::json!([]));
        assert_eq!(exit, Exit::Success);
    }

    #[test]
    fn faults_are_printed_with_file_line_key_and_what_is_allowed() {
        let text = [SOUND, "[timeouts]\nconnect_s = 5\nconect_s = 1\n"].concat();
        let (printed, exit) = check(&text, false);
        assert_eq!(exit, Exit::Usage);
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].ends_with(
                "credence.toml:6: timeouts.connect_s: 5 is out of range; \
                 allowed: a whole number, 1 to 4"
            ),
            "{printed}"
        );
        let (printed, exit) = check(&text, true);
        assert_eq!(exit, Exit::Usage);
        let report: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(report["valid"], false);
        assert_eq!(report["faults"][1]["key"], "timeouts.conect_s");
        assert_eq!(report["faults"][1]["line"], 7);
    }

    #[test]
    fn routes_are_told_with_what_counts_for_them() {
        let routes = "[[peer]]\nname = \"pacs\"\nae_title = \"PACS\"\ninstitution = \"own\"\n\
            addresses = [\"10.0.0.1\"]\nconnect = \"10.0.0.1:104\"\n\
            [[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"storage\"]\nto = \"pacs\"\n\
            mode = \"observe\"\n\
            [[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"1.2.840.10008.5.1.4.31\"]\n\
            to = \"pacs\"\ndenied_store = \"abort\"\n";
        let text = [SOUND, routes].concat();
        let (printed, _) = check(&text, false);
        let lines: Vec<&str> = printed.lines().skip(1).collect();
        let expected = [
            "  CREDENCE: storage to pacs, observe, direct-then-spool, denied C-STORE: not-authorised",
            "  CREDENCE: 1.2.840.10008.5.1.4.31 to pacs, enforce, direct-then-spool, denied C-STORE: abort",
        ];
        assert_eq!(lines, expected);
        let (printed, _) = check(&text, true);
        let report: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(report["routes"][0]["mode"], "observe");
        assert_eq!(report["routes"][1]["denied_store"], "abort");
    }

    #[test]
    fn other_hospitals_are_told_with_the_ae_titles_that_stand_for_them() {
        let key = |kind: &str, byte: u8| {
            let key = LogKey::new(&format!("hill/{kind}"), [byte; 32]).unwrap();
            format!("{kind}_key = \"{key}\"\n")
        };
        let witness = WitnessKey::new("hill/witness", [3; 32]).unwrap();
        let row = format!(
            "tls = {{ certificate = \"a\", key = \"b\", authorities = [\"c\"] }}\n\
             [[institution]]\nslug = \"hill\"\nname = \"Hill\"\n\
             [[gateway_peer]]\nname = \"hill-gateway\"\ninstitution = \"hill\"\nae = \"HILL\"\n\
             emergency_ae = \"HILL_ER\"\nae_title = \"GW\"\naddresses = [\"10.0.0.2\"]\n\
             connect = \"10.0.0.2:11112\"\ncertificates = [\"dns:gw.hill.example\"]\n\
             {}{}witness_key = \"{witness}\"\n",
            key("log", 1),
            key("statement", 2)
        );
        let sound = SOUND.replace("institution = [{ slug = \"own\", name = \"Own\" }]", "");
        let own = "[[institution]]\nslug = \"own\"\nname = \"Own\"\n";
        let config = Config::parse(&[&sound, &row, own].concat(), Path::new("")).unwrap();
        let mut out = Vec::new();
        print(&mut out, "f", &config).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("peers: 0, gateway peers: 1, routes: 0"),
            "{text}"
        );
        let line =
            "  HILL, HILL_ER: hill, by its gateway hill-gateway at 10.0.0.2:11112, exchange: none";
        assert_eq!(text.lines().last(), Some(line));
    }
}
