//! The sample file, and every kind of fault.

use std::path::Path;
use std::path::PathBuf;

use super::*;
use crate::contract::Purpose;

const SAMPLE: &str = include_str!("../../gateway-config/credence.toml");

/// The least that is a configuration, but for its peers and routes.
const BASE: &str = r#"
gateway = { institution = "own" }
listener = [{ address = "127.0.0.1:104" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
institution = [{ slug = "own", name = "Own" }]
"#;

const PACS: &str = r#"
[[peer]]
name = "pacs"
ae_title = "PACS"
institution = "own"
addresses = ["10.0.0.1"]
connect = "10.0.0.1:104"
"#;

fn parse(parts: &[&str]) -> Result<Config, Faults> {
    Config::parse(&parts.concat(), Path::new("/etc/credence"))
}

/// Key and line of every fault.
fn faults(parts: &[&str]) -> Vec<(String, Option<usize>)> {
    let faults = parse(parts).unwrap_err().faults;
    assert!(!faults.is_empty());
    faults
        .into_iter()
        .map(|fault| {
            assert!(!fault.allowed.is_empty(), "{fault:?}");
            (fault.key, fault.line)
        })
        .collect()
}

fn keys(parts: &[&str]) -> Vec<String> {
    faults(parts).into_iter().map(|(key, _)| key).collect()
}

#[test]
fn a_route_leads_to_so_many_peers_as_an_instance_can_wait_for() {
    let route = |peers: usize| {
        let copies = vec!["\"pacs\""; peers - 1].join(", ");
        format!(
            "[[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"storage\"]\nto = \"pacs\"\n\
             copies = [{copies}]\n"
        )
    };
    let is_too_long = |peers| {
        let read = parse(&[BASE, PACS, &route(peers)]);
        let faults = read.map_or_else(|faults| faults.faults, |_| Vec::new());
        faults.iter().any(|fault| fault.key == "route[0].to")
    };
    assert!(is_too_long(65) && !is_too_long(64));
}

/// The sample with every line that shows a default no longer a comment; no other line changes, and none
/// of a row that is a comment as a whole.
fn sample_with_defaults_spelled_out() -> String {
    let mut text = String::new();
    let mut in_a_row = false;
    for line in SAMPLE.lines() {
        in_a_row = line.starts_with("# [[") || (in_a_row && line.starts_with('#'));
        let key = line
            .strip_prefix("# ")
            .filter(|_| !in_a_row)
            .filter(|rest| !rest.contains("no default"))
            .filter(|rest| rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)));
        text.push_str(key.unwrap_or(line));
        text.push('\n');
    }
    text
}

fn is_key(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[test]
fn the_sample_shows_the_defaults() {
    let sample = parse(&[SAMPLE]).unwrap();
    let spelled_out = sample_with_defaults_spelled_out();
    let commented = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    assert!(commented(SAMPLE) - commented(&spelled_out) >= 30);
    assert_eq!(parse(&[&spelled_out]).unwrap(), sample);
    assert_eq!(sample.limits, Limits::default());
    assert_eq!(sample.timeouts, Timeouts::default());
}

#[test]
fn the_sample_shows_every_key_of_every_table() {
    for table in [
        "gateway",
        "limits",
        "timeouts",
        "identity",
        "log",
        "fhir",
        "retention",
        "tls",
        "witness",
        "exchange",
    ] {
        let text = SAMPLE.replace(
            &format!("\n[{table}]\n"),
            &format!("\n[{table}]\nzzz = 1\n"),
        );
        assert_sample_shows(&parse(&[&text]).unwrap_err().faults);
    }
    for table in [
        "listener",
        "ae",
        "institution",
        "issuer",
        "retention_class",
        "peer",
        "user",
        "route",
        "witness.peer",
        "gateway_peer",
    ] {
        let text = format!("{SAMPLE}\n[[{table}]]\nzzz = 1");
        assert_sample_shows(&parse(&[&text]).unwrap_err().faults);
    }
}

fn assert_sample_shows(faults: &[Fault]) {
    let unknown = faults
        .iter()
        .find(|fault| fault.key.ends_with(".zzz"))
        .unwrap();
    for key in unknown.allowed.split(", ") {
        let rows = unknown.key.replace(".zzz", &format!(".{key}]]"));
        let shown = SAMPLE.lines().any(|line| {
            let line = line.trim_start_matches("# ");
            line.starts_with(&format!("{key} = ")) || line == format!("[[{rows}")
        });
        assert!(shown, "{key} of {}", unknown.key);
    }
}

const PARTNER: &str = r#"
[[witness.peer]]
institution = "own"
log_key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"#;

#[test]
fn a_partner_is_a_log_a_witness_or_both() {
    let witness_key = crate::ledger::fixtures::witness("own/witness", 1)
        .key()
        .to_string();
    let asked = format!("witness_key = \"{witness_key}\"\nurl = \"http://own:7380/w\"\n");
    let config = parse(&[BASE, PARTNER, &asked]).unwrap();
    let peer = config.witness.peers.first().unwrap();
    assert_eq!(peer.log_key.as_ref().unwrap().name(), "PeterNeumann");
    let (url, key) = peer.witness.as_ref().unwrap();
    assert_eq!(url.to_string(), "http://own:7380/w");
    assert_eq!(key.to_string(), witness_key);
    assert_eq!(config.witness.interval.as_secs(), 10);
    assert!(parse(&[BASE, PARTNER]).is_ok());
}

#[test]
fn a_partner_that_is_neither_or_half_a_witness_is_a_fault() {
    let row = "[[witness.peer]]\ninstitution = \"own\"\n";
    let key = |text: &str| keys(&[BASE, row, text]);
    assert_eq!(key(""), ["witness.peer[0].log_key"]);
    let url = "url = \"http://own:7380\"\n";
    assert_eq!(keys(&[BASE, PARTNER, url]), ["witness.peer[0].witness_key"]);
    let witness = crate::ledger::fixtures::witness("own/witness", 1);
    let cosigns = format!("witness_key = \"{}\"\n", witness.key());
    assert_eq!(key(&cosigns), ["witness.peer[0].url"]);
    // The same 32 bytes as a log's key.
    let log = crate::ledger::fixtures::signer().key().to_string();
    let same = crate::ledger::fixtures::witness("own/witness", 7);
    let both = format!(
        "log_key = \"{log}\"\nwitness_key = \"{}\"\n{url}",
        same.key()
    );
    assert_eq!(key(&both), ["witness.peer[0].witness_key"]);
    // A log's key is none of a witness, and the other way round.
    let mixed = format!("log_key = \"{}\"\n", witness.key());
    assert_eq!(key(&mixed), ["witness.peer[0].log_key"]);
    let twice = keys(&[BASE, PARTNER, PARTNER]);
    assert_eq!(twice, ["witness.peer[1].log_key"]);
    let foreign = PARTNER.replace("\"own\"", "\"nobody\"");
    assert_eq!(keys(&[BASE, &foreign]), ["witness.peer[0].institution"]);
    assert_eq!(keys(&[BASE, "witness = { peer = 1 }"]), ["witness.peer"]);
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let gateway = parse(&[BASE]).unwrap().gateway;
    assert_eq!(gateway.data_dir, PathBuf::from("/etc/credence/data"));
    assert_eq!(gateway.policy_dir, PathBuf::from("/etc/credence/policy"));
    assert_eq!(
        gateway.credit_file,
        PathBuf::from("/etc/credence/credit.toml")
    );
    let absolute = BASE.replace("own\" }", "own\", keys_dir = \"/run/keys\" }");
    let gateway = parse(&[&absolute]).unwrap().gateway;
    assert_eq!(gateway.keys_dir, PathBuf::from("/run/keys"));
}

#[test]
fn keys_never_lie_within_the_data_folder() {
    let within = BASE.replace("own\" }", "own\", keys_dir = \"data/keys\" }");
    assert_eq!(keys(&[&within]), ["gateway.keys_dir"]);
    let same = BASE.replace("own\" }", "own\", keys_dir = \"./data\" }");
    assert_eq!(keys(&[&same]), ["gateway.keys_dir", "gateway.data_dir"]);
}

#[test]
fn every_fault_of_a_file_is_listed_with_its_line() {
    let text = r#"
[gateway]
institution = "Own"
mode = "audit"
[limits]
matches_max = 0
pdu_bytes_max = "big"
mathces_max = 5
[timeouts]
connect_s = 5
[[listener]]
address = "localhost:104"
[[ae]]
title = "A\\B"
purpose = "CARE"
[[peer]]
name = "pacs"
addresses = ["10.0.0.1", "10.0.0.1/8", "pacs"]
may = ["echo", "print"]
[colour]
"#;
    let expected = [
        ("institution", None),
        ("gateway.institution", Some(3)),
        ("gateway.mode", Some(4)),
        ("limits.matches_max", Some(6)),
        ("limits.pdu_bytes_max", Some(7)),
        ("limits.mathces_max", Some(8)),
        ("timeouts.connect_s", Some(10)),
        ("listener[0].address", Some(12)),
        ("ae[0].title", Some(14)),
        ("ae[0].purpose", Some(15)),
        ("peer[0].ae_title", Some(16)),
        ("peer[0].institution", Some(16)),
        ("peer[0].addresses[1]", Some(18)),
        ("peer[0].addresses[2]", Some(18)),
        ("peer[0].may[1]", Some(19)),
        ("colour", Some(20)),
    ];
    let expected = expected.map(|(key, line)| (key.to_owned(), line));
    assert_eq!(faults(&[text]), expected);
}

#[test]
fn an_empty_file_names_what_is_missing() {
    let expected = ["gateway.institution", "listener", "ae", "institution"];
    assert_eq!(keys(&[""]), expected);
}

#[test]
fn what_is_not_toml_is_reported_with_its_lines() {
    let faults = faults(&["[gateway\ninstitution = \"own\"\nmode = = 1\n"]);
    assert_eq!(faults.first().unwrap().1, Some(1));
    assert!(faults.iter().any(|(_, line)| *line == Some(3)));
}

#[test]
fn a_table_in_place_of_rows_is_a_fault_and_the_reverse() {
    assert_eq!(keys(&[BASE, "[peer]\nname = \"pacs\""]), ["peer"]);
    assert_eq!(keys(&[BASE, "[[limits]]\nmatches_max = 1"]), ["limits"]);
    assert_eq!(keys(&["route = [5]\n", BASE]), ["route[0]"]);
}

#[test]
fn a_route_leads_to_a_peer_that_we_connect_to() {
    let route = |called: &str, to: &str| {
        format!("[[route]]\ncalled = [\"{called}\"]\nsop_classes = [\"storage\"]\nto = \"{to}\"\n")
    };
    assert!(parse(&[BASE, PACS, &route("CREDENCE", "pacs")]).is_ok());
    assert_eq!(
        keys(&[BASE, PACS, &route("CREDENCE", "archive")]),
        ["route[0].to"]
    );
    assert_eq!(
        keys(&[BASE, PACS, &route("PACS", "pacs")]),
        ["route[0].called[0]"]
    );
    let silent = PACS.replace("connect = ", "# ");
    assert_eq!(
        keys(&[BASE, &silent, &route("CREDENCE", "pacs")]),
        ["route[0].to"]
    );
}

#[test]
fn a_peer_that_cannot_be_read_is_not_also_reported_as_absent() {
    let broken = PACS.replace("10.0.0.1:104", "pacs:104");
    let route = "[[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"storage\"]\nto = \"pacs\"";
    assert_eq!(keys(&[BASE, &broken, route]), ["peer[0].connect"]);
}

#[test]
fn one_called_ae_title_and_sop_class_has_one_peer() {
    let other = PACS
        .replace("\"pacs\"", "\"other\"")
        .replace("PACS", "OTHER");
    let route = |class: &str, to: &str| {
        format!("[[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"{class}\"]\nto = \"{to}\"\n")
    };
    let ct = "1.2.840.10008.5.1.4.1.1.2";
    let both = |one: &str, two: &str| {
        parse(&[
            BASE,
            PACS,
            &other,
            &route(one, "pacs"),
            &route(two, "other"),
        ])
        .map_err(|faults| faults.faults.first().unwrap().key.clone())
        .map(|_| ())
    };
    let fault = Err("route[1].sop_classes[0]".to_owned());
    assert_eq!(both("storage", "storage"), fault);
    assert_eq!(both(ct, ct), fault);
    assert_eq!(both("storage", ct), Ok(()));
    assert_eq!(both("storage", "worklist"), Ok(()));
}

#[test]
fn a_sop_class_that_is_not_judged_has_no_route() {
    let route = "[[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"1.2.3\"]\nto = \"pacs\"\n";
    assert_eq!(keys(&[BASE, PACS, route]), ["route[0].sop_classes[0]"]);
    let private = "[[private_sop_class]]\nuid = \"1.2.3\"\n";
    assert!(parse(&[BASE, PACS, route, private]).is_ok());
}

#[test]
fn private_uids_are_not_those_of_the_standard() {
    let class = "[[private_sop_class]]\nuid = \"1.2.840.10008.1.20.1\"\n";
    let syntax = "[[private_transfer_syntax]]\nuid = \"1.2.840.10008.1.2\"\n\
                  encoding = \"explicit-big\"\n";
    assert_eq!(
        keys(&[BASE, class, syntax]),
        ["private_sop_class[0].uid", "private_transfer_syntax[0].uid"]
    );
}

#[test]
fn an_ae_title_of_ours_stands_for_one_thing() {
    let destination = "destination_ae = \"CREDENCE\"\n";
    assert_eq!(keys(&[BASE, PACS, destination]), ["peer[0].destination_ae"]);
    let twice = "[[peer]]\nname = \"a\"\nae_title = \"A\"\ninstitution = \"own\"\n\
                 addresses = [\"::1\"]\nconnect = \"[::1]:1\"\ndestination_ae = \"D\"\n";
    let again = twice.replace("\"a\"", "\"b\"").replace("\"A\"", "\"B\"");
    assert_eq!(keys(&[BASE, twice, &again]), ["peer[1].destination_ae"]);
    let own = "[[ae]]\ntitle = \"CREDENCE\"\npurpose = \"RESEARCH\"\n";
    let base = BASE.replace(
        "ae = [{ title = \"CREDENCE\", purpose = \"TREATMENT\" }]\n",
        own,
    );
    let (rest, rows) = base.split_once("[[ae]]").unwrap();
    let (row, tail) = rows.split_once("institution = [").unwrap();
    let text = format!("{rest}institution = [{tail}[[ae]]{row}[[ae]]{row}");
    assert_eq!(keys(&[&text]), ["ae[1].title"]);
}

#[test]
fn a_destination_that_we_never_connect_to_is_a_fault() {
    let silent = PACS.replace("connect = ", "# ");
    let destination = "destination_ae = \"CRED_X\"\n";
    assert_eq!(
        keys(&[BASE, &silent, destination]),
        ["peer[0].destination_ae"]
    );
}

#[test]
fn peers_that_share_an_ae_title_are_told_apart_by_their_addresses() {
    let cart = |name: &str, net: &str| {
        format!(
            "[[peer]]\nname = \"{name}\"\nae_title = \"CART\"\ninstitution = \"own\"\n\
             addresses = [\"{net}\"]\n"
        )
    };
    assert!(parse(&[BASE, &cart("a", "10.1.0.0/16"), &cart("b", "10.2.0.0/16")]).is_ok());
    assert_eq!(
        keys(&[BASE, &cart("a", "10.1.0.0/16"), &cart("b", "10.1.2.3")]),
        ["peer[1].addresses[0]"]
    );
}

#[test]
fn a_peer_names_an_institution_that_is_declared() {
    let foreign = PACS.replace("\"own\"", "\"lakeside\"");
    assert_eq!(keys(&[BASE, &foreign]), ["peer[0].institution"]);
    let gateway = BASE.replace("institution = \"own\"", "institution = \"lakeside\"");
    assert_eq!(keys(&[&gateway]), ["gateway.institution"]);
}

#[test]
fn every_request_has_a_purpose() {
    let silent = BASE.replace(", purpose = \"TREATMENT\"", "");
    assert!(parse(&[&silent, PACS]).is_ok(), "echo needs no purpose");
    let finds = [PACS, "may = [\"find\"]\n"].concat();
    assert_eq!(keys(&[&silent, &finds]), ["peer[0].purpose"]);
    let finds = [&finds, "purpose = \"RESEARCH\"\n"].concat();
    let config = parse(&[&silent, &finds]).unwrap();
    let called = "CREDENCE".parse().unwrap();
    let peer = config.peer("pacs").unwrap();
    assert_eq!(config.purpose(&called, None, peer), Some(Purpose::Research));
    let config = parse(&[BASE, &finds]).unwrap();
    assert_eq!(
        config.purpose(&called, None, peer),
        Some(Purpose::Treatment)
    );
}

#[test]
fn a_peer_has_its_own_waits_or_those_of_all() {
    let text = [BASE, "[timeouts]\nidle_s = 7\n", PACS, "connect_s = 1\n"];
    let waits = parse(&text).unwrap().peers.remove(0).timeouts.clone();
    assert_eq!(waits.connect.as_secs(), 1);
    assert_eq!(waits.idle.as_secs(), 7);
    assert_eq!(waits.dimse_response, Timeouts::default().dimse_response);
    assert_eq!(waits.idle_close, None);
}

#[test]
fn a_peer_takes_no_longer_pdus_than_the_limit() {
    let limits = "[limits]\npdu_bytes_max = 16384\n";
    let config = parse(&[BASE, limits, PACS]).unwrap();
    assert_eq!(config.peer("pacs").unwrap().pdu_bytes_max, 16_384);
    let longer = "pdu_bytes_max = 32768\n";
    assert_eq!(
        keys(&[BASE, limits, PACS, longer]),
        ["peer[0].pdu_bytes_max"]
    );
}

#[test]
fn a_calling_ae_title_is_ours_or_the_senders() {
    let calling =
        |text: &str| parse(&[BASE, PACS, text]).map(|mut c| c.peers.remove(0).calling.clone());
    assert_eq!(calling(""), Ok(Calling::Own(None)));
    assert_eq!(calling("calling = \"sender\"\n"), Ok(Calling::Sender));
    assert_eq!(
        calling("calling_ae = \"GW\"\n"),
        Ok(Calling::Own(Some("GW".parse().unwrap())))
    );
    assert!(calling("calling = \"sender\"\ncalling_ae = \"GW\"\n").is_err());
}

#[test]
fn a_loaded_file_is_named_in_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credence.toml");
    assert_eq!(Config::load(&file).unwrap_err().faults.len(), 1);
    std::fs::write(&file, BASE).unwrap();
    let faults = Config::load(&file).unwrap_err();
    assert_eq!(faults.file, file);
    assert_eq!(faults.faults.first().unwrap().key, "gateway.policy_dir");
    std::fs::create_dir(folder.path().join("policy")).unwrap();
    let faults = Config::load(&file).unwrap_err();
    assert_eq!(faults.faults.first().unwrap().key, "gateway.credit_file");
    std::fs::write(folder.path().join("credit.toml"), "").unwrap();
    assert!(Config::load(&file).is_ok());
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(Config::load(&file).is_err());
    std::fs::write(&file, "#".repeat(1_048_577)).unwrap();
    assert!(
        Config::load(&file)
            .unwrap_err()
            .to_string()
            .contains("longer")
    );
}

#[test]
fn what_fhir_calls_an_institution_or_an_issuer_means_one() {
    let names = r#"
[fhir]
policies = ["https://example.org/policy"]

[[institution]]
slug = "lakeside"
name = "Lakeside"
fhir = ["Organization/lakeside", "urn:oid:2.999.1|LAKE"]

[[issuer]]
system = "urn:oid:2.999.1.1"
issuer = "ST-ANNA"

[[issuer]]
system = "urn:oid:2.999.1.2"
"#;
    let own = "[[institution]]\nslug = \"own\"\nname = \"Own\"\n";
    let base = BASE.replace("institution = [{ slug = \"own\", name = \"Own\" }]", "");
    let config = parse(&[&base, own, names]).unwrap();
    let lakeside = &config.institutions[&"lakeside".parse().unwrap()];
    let names_of: Vec<&str> = lakeside.fhir.iter().map(FhirName::as_str).collect();
    assert_eq!(names_of, ["Organization/lakeside", "urn:oid:2.999.1|LAKE"]);
    assert_eq!(config.fhir.policies.len(), 1);
    assert_eq!(config.issuers[0].issuer.as_deref(), Some("ST-ANNA"));
    assert_eq!(config.issuers[1].issuer, None);
    let twice = names.replace("2.999.1.2", "2.999.1.1");
    assert_eq!(keys(&[&base, own, &twice]), ["issuer[1].system"]);
    let twice = [own, "fhir = [\"Organization/lakeside\"]\n"].concat();
    assert_eq!(keys(&[&base, &twice, names]), ["institution[1].fhir[0]"]);
    let space = names.replace("|LAKE", "| LAKE");
    assert_eq!(keys(&[&base, own, &space]), ["institution[1].fhir[1]"]);
}

#[test]
fn a_route_has_its_own_mode_or_the_gateways() {
    let route = |class: &str, more: &str| {
        format!(
            "[[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"{class}\"]\nto = \"pacs\"\n{more}\n"
        )
    };
    let observing = BASE.replace("\"own\" }\nl", "\"own\", mode = \"observe\" }\nl");
    let (silent, enforcing) = (
        route("storage", ""),
        route("worklist", "mode = \"enforce\""),
    );
    let config = parse(&[&observing, PACS, &silent, &enforcing]).unwrap();
    let modes = config.routes.iter().map(|route| route.mode);
    assert_eq!(modes.collect::<Vec<_>>(), [Mode::Observe, Mode::Enforce]);
    let called = "CREDENCE".parse().unwrap();
    let mode = |uid: &str| {
        config
            .route(&called, &config.peers[0], &uid.parse().unwrap())
            .unwrap()
            .mode
    };
    assert_eq!(mode("1.2.840.10008.5.1.4.1.1.2"), Mode::Observe);
    assert_eq!(mode("1.2.840.10008.5.1.4.31"), Mode::Enforce);
    let abort = route("worklist", "denied_store = \"abort\"");
    let config = parse(&[BASE, PACS, &silent, &abort]).unwrap();
    let answers = config
        .routes
        .iter()
        .map(|route| (route.mode, route.denied_store));
    let expected = [
        (Mode::Enforce, DeniedStore::NotAuthorised),
        (Mode::Enforce, DeniedStore::Abort),
    ];
    assert_eq!(answers.collect::<Vec<_>>(), expected);
    for wrong in ["mode = \"ask\"", "denied_store = \"success\""] {
        assert_eq!(faults(&[BASE, PACS, &route("storage", wrong)]).len(), 1);
    }
    let twice = [BASE, PACS, &silent, &route("storage", "mode = \"observe\"")];
    assert_eq!(keys(&twice), ["route[1].sop_classes[0]"]);
}

mod alarm;
mod oidc;
mod users;
