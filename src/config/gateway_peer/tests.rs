//! What a row of `[[gateway_peer]]` becomes, and what is wrong with one.

use std::path::Path;

use super::*;
use crate::config::Called;
use crate::config::CertificateName;
use crate::config::Fault;
use crate::config::Mode;
use crate::config::ParcelStore;
use crate::config::Shown;
use crate::config::Stranger;
use crate::ledger::fixtures;
use crate::parcel::Release;

const BASE: &str = r#"
gateway = { institution = "lakeside", mode = "observe" }
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
listener = [{ address = "10.0.0.2:11112", tls = true }]
tls = { certificate = "gw.pem", key = "gw.key", authorities = ["ca.pem"] }
institution = [
  { slug = "lakeside", name = "Lakeside" },
  { slug = "st-anna", name = "St. Anna" },
  { slug = "hill", name = "Hill" },
]
"#;

const PEERS: &str = r#"
[[peer]]
name = "ws1"
ae_title = "WS1"
institution = "lakeside"
addresses = ["10.0.0.11"]
may = ["find", "move"]

[[peer]]
name = "hill-ws"
ae_title = "HILL"
institution = "hill"
addresses = ["10.0.0.12"]
certificates = ["dns:ws.hill.example"]
may = ["find", "move"]
"#;

const CLASSES: [&str; 3] = [
    "1.2.840.10008.1.1",
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.2.2.1",
];

fn log_key(name: &str) -> LogKey {
    LogKey::new(name, [1; 32]).unwrap()
}

/// A row for this institution, and what else it says.
fn row(institution: &str, more: &str) -> String {
    let log = log_key(&format!("{institution}/credence"));
    let statement = LogKey::new(&format!("{institution}/statements"), [2; 32]).unwrap();
    let witness = WitnessKey::new(&format!("{institution}/witness"), [3; 32]).unwrap();
    let last = institution.len();
    format!(
        "[[gateway_peer]]\nname = \"{institution}-gateway\"\ninstitution = \"{institution}\"\n\
         ae = \"{ae}\"\nae_title = \"GW\"\naddresses = [\"10.0.1.{last}\"]\n\
         connect = \"10.0.1.{last}:11112\"\ncertificates = [\"dns:gw.{institution}.example\"]\n\
         log_key = \"{log}\"\nstatement_key = \"{statement}\"\nwitness_key = \"{witness}\"\n{more}\n",
        ae = institution.to_uppercase(),
    )
}

const MORE: &str = "emergency_ae = \"ST_ANNA_ER\"\nhttps = \"https://10.0.1.7:11443\"\n";

fn parse(parts: &[&str]) -> Result<Config, Vec<Fault>> {
    Config::parse(&parts.concat(), Path::new("/etc/credence")).map_err(|faults| faults.faults)
}

fn keys(parts: &[&str]) -> Vec<String> {
    let faults = parse(parts).unwrap_err();
    faults.into_iter().map(|fault| fault.key).collect()
}

fn title(text: &str) -> AeTitle {
    text.parse().unwrap()
}

fn slug(text: &str) -> crate::contract::InstitutionSlug {
    text.parse().unwrap()
}

#[test]
fn a_gateway_is_a_peer_that_is_met_by_tls_alone_and_fetched_from_by_c_get() {
    let config = parse(&[BASE, &row("st-anna", MORE)]).unwrap();
    let peer = config.peer("st-anna-gateway").unwrap();
    assert!(peer.tls && !peer.plain && peer.retrieve == Retrieve::Get);
    assert_eq!(peer.calling, Calling::Own(Some(title("CREDENCE"))));
    let gateway = config.gateway_peer_of(peer).unwrap();
    assert_eq!(&gateway.peer, peer);
    assert_eq!(config.gateway_of(&slug("st-anna")), Some(gateway));
    assert_eq!(config.gateway_of(&slug("hill")), None);
    assert_eq!(
        (gateway.resume.as_secs(), gateway.link_silence.as_secs()),
        (300, 20)
    );
    assert_eq!((gateway.parcel_key, &gateway.parcels), (None, &None));
}

/// Which gateway calls with a certificate of these names, by an authority that is believed about everybody.
fn calling(config: &Config, names: &[&str]) -> Result<String, Stranger> {
    let names = names
        .iter()
        .map(|name| CertificateName::Dns((*name).to_owned()));
    let caller = config.gateway_caller(Shown {
        names: &names.collect(),
        believed: &|_| true,
    });
    caller.map(|gateway| gateway.peer.name.to_string())
}

#[test]
fn a_gateway_that_calls_is_known_by_its_own_certificate_and_by_no_other_house_s() {
    let config = parse(&[BASE, PEERS, &row("st-anna", MORE)]).unwrap();
    let [gateway, hill] = ["gw.st-anna.example", "ws.hill.example"];
    assert_eq!(calling(&config, &[gateway]).unwrap(), "st-anna-gateway");
    assert_eq!(calling(&config, &[hill]), Err(Stranger::NoGateway));
    assert_eq!(calling(&config, &["else"]), Err(Stranger::NoGateway));
    // A certificate that names two institutions is nobody's.
    let two = Stranger::TwoInstitutions(slug("hill"), slug("st-anna"));
    assert_eq!(calling(&config, &[gateway, hill]), Err(two));
    let believed_elsewhere = config.gateway_caller(Shown {
        names: &[CertificateName::Dns(gateway.to_owned())].into(),
        believed: &|institution| *institution == slug("hill"),
    });
    assert_eq!(believed_elsewhere, Err(Stranger::NoGateway));
}

#[test]
fn its_ae_titles_stand_for_it_as_service_and_as_move_destination() {
    let config = parse(&[BASE, &row("st-anna", MORE)]).unwrap();
    for (called, purpose) in [
        ("ST-ANNA", Purpose::Treatment),
        ("ST_ANNA_ER", Purpose::Emergency),
    ] {
        let purpose = Some(purpose);
        let service = Called::Service { purpose };
        assert_eq!(config.own_ae(&title(called)), Some(service));
        let meant = config.move_destination(&title(called)).unwrap();
        assert_eq!(meant.name.as_str(), "st-anna-gateway");
    }
    // By its own AE title, as any peer.
    assert!(config.move_destination(&title("GW")).is_some());
    assert_eq!(config.aes.first().unwrap().title, title("CREDENCE"));
}

#[test]
fn an_ae_title_that_stands_for_it_comes_before_the_same_one_of_a_peer() {
    let same = PEERS.replace("\"WS1\"", "\"ST-ANNA\"");
    let same = same.replace("may =", "connect = \"10.0.0.11:104\"\nmay =");
    let same = same.split("[[peer]]\nname = \"hill").next().unwrap();
    let config = parse(&[BASE, same, &row("st-anna", "")]).unwrap();
    let meant = config.move_destination(&title("ST-ANNA")).unwrap();
    assert_eq!(meant.name.as_str(), "st-anna-gateway");
}

#[test]
fn only_our_own_house_is_routed_to_another_hospital() {
    let config = parse(&[BASE, PEERS, &row("st-anna", MORE), &row("hill", "")]).unwrap();
    let served = |who: &str, called: &str, class: &str| {
        let calling = config.peer(who).unwrap();
        let routed = config.route(&title(called), calling, &class.parse().unwrap())?;
        assert_eq!(routed.mode, Mode::Observe);
        Some(routed.peer.name.to_string())
    };
    for class in CLASSES {
        for called in ["ST-ANNA", "ST_ANNA_ER"] {
            let to = served("ws1", called, class);
            assert_eq!(to.as_deref(), Some("st-anna-gateway"), "{called} {class}");
            for foreign in ["hill-ws", "hill-gateway", "st-anna-gateway"] {
                assert_eq!(served(foreign, called, class), None, "{foreign} {class}");
            }
        }
    }
    let ws1 = config.peer("ws1").unwrap();
    let ct = "1.2.840.10008.5.1.4.1.1.2".parse().unwrap();
    let routes = config.store_routes(&title("ST-ANNA"), ws1, &ct).unwrap();
    assert!(!routes.may_spool());
    let spooled = row("st-anna", "delivery = \"spool\"");
    let config = parse(&[BASE, PEERS, &spooled]).unwrap();
    let ws1 = config.peer("ws1").unwrap();
    let routes = config.store_routes(&title("ST-ANNA"), ws1, &ct).unwrap();
    assert!(routes.may_spool());
}

#[test]
fn a_house_without_peers_has_no_route_that_would_be_for_all() {
    let config = parse(&[BASE, &row("st-anna", MORE)]).unwrap();
    assert_eq!(config.routes, []);
}

#[test]
fn a_row_of_a_route_serves_a_gateway_and_leads_to_none() {
    let route = |calling: &str, to: &str| {
        format!(
            "[[route]]\ncalled = [\"CREDENCE\"]\nsop_classes = [\"storage\"]\n\
             calling = [\"{calling}\"]\nto = \"{to}\"\n"
        )
    };
    let peers = PEERS.replace("may =", "connect = \"10.0.0.11:104\"\nmay =");
    let peers = peers.split("[[peer]]\nname = \"hill").next().unwrap();
    let anna = row("st-anna", "");
    assert!(parse(&[BASE, peers, &anna, &route("st-anna-gateway", "ws1")]).is_ok());
    let through = route("ws1", "st-anna-gateway");
    assert_eq!(keys(&[BASE, peers, &anna, &through]), ["route[0].to"]);
    let copies = format!("{}copies = [\"st-anna-gateway\"]\n", route("ws1", "ws1"));
    assert_eq!(keys(&[BASE, peers, &anna, &copies]), ["route[0].copies[0]"]);
    let called = route("ws1", "ws1").replace("CREDENCE", "ST-ANNA");
    assert_eq!(keys(&[BASE, peers, &anna, &called]), ["route[0].called[0]"]);
}

#[test]
fn it_is_a_log_and_where_it_exchanges_a_witness() {
    let config = parse(&[BASE, &row("st-anna", MORE), &row("hill", "")]).unwrap();
    let [anna, hill] = config.witness.peers.as_slice() else {
        panic!("{:?}", config.witness.peers);
    };
    let (url, key) = anna.witness.as_ref().unwrap();
    assert_eq!(url.to_string(), "https://10.0.1.7:11443");
    assert_eq!(key.name(), "st-anna/witness");
    assert_eq!(anna.log_key.as_ref().unwrap().name(), "st-anna/credence");
    assert!(hill.log_key.is_some() && hill.witness.is_none());
}

#[test]
fn a_row_of_witness_peer_counts_before_it() {
    let key = log_key("st-anna/credence");
    let witness = format!("[[witness.peer]]\ninstitution = \"st-anna\"\nlog_key = \"{key}\"\n");
    let config = parse(&[BASE, &witness, &row("st-anna", MORE)]).unwrap();
    assert_eq!(config.witness.peers.len(), 1);
    assert_eq!(config.witness.peers.first().unwrap().witness, None);
    // The same log under another institution is one log too many.
    let other = witness.replace("st-anna\"\n", "hill\"\n");
    let found = keys(&[BASE, &other, &row("st-anna", MORE)]);
    assert_eq!(found, ["gateway_peer[0].log_key"]);
}

#[test]
fn each_key_signs_for_one_purpose_and_one_gateway() {
    let statement = fixtures::signer().key().to_string();
    let with = |key: &str, value: &str| {
        let text = row("st-anna", MORE);
        let lines = text.lines().map(|line| match line.split_once(" = ") {
            Some((found, _)) if found == key => format!("{key} = \"{value}\""),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let same = |key: &str, value: &str| keys(&[BASE, &with(key, value)]);
    let log = LogKey::new("st-anna/statements", [1; 32]).unwrap();
    assert_eq!(
        same("statement_key", &log.to_string()),
        ["gateway_peer[0].statement_key"]
    );
    for public in [[1; 32], [2; 32]] {
        let witness = WitnessKey::new("st-anna/witness", public).unwrap();
        let found = same("witness_key", &witness.to_string());
        assert_eq!(found, ["gateway_peer[0].witness_key"]);
    }
    assert_eq!(
        same("witness_key", &statement),
        ["gateway_peer[0].witness_key"]
    );
    let hill = row("hill", "").replace("\nstatement_key", "\n# ");
    let borrowed = LogKey::new("st-anna/statements", [4; 32]).unwrap();
    let hill = format!("{hill}statement_key = \"{borrowed}\"\n");
    let found = keys(&[BASE, &row("st-anna", ""), &hill]);
    assert_eq!(found, ["gateway_peer[1].statement_key"]);
}

#[test]
fn what_must_be_unique_between_the_tables_is() {
    let anna = row("st-anna", MORE);
    let taken = |from: &str, to: &str| keys(&[BASE, PEERS, &anna.replace(from, to)]);
    assert_eq!(
        taken("ae = \"ST-ANNA\"", "ae = \"CREDENCE\""),
        ["gateway_peer[0].ae"]
    );
    let same = taken("\"ST_ANNA_ER\"", "\"ST-ANNA\"");
    assert_eq!(same, ["gateway_peer[0].emergency_ae"]);
    assert_eq!(
        taken("\"st-anna-gateway\"", "\"ws1\""),
        ["gateway_peer[0].name"]
    );
    let address = anna
        .replace("\"GW\"", "\"WS1\"")
        .replace("[\"10.0.1.7\"]", "[\"10.0.0.0/24\"]");
    assert_eq!(
        keys(&[BASE, PEERS, &address]),
        ["gateway_peer[0].addresses[0]"]
    );
    let twice = row("st-anna", "")
        .replace("-gateway", "-2")
        .replace("\"ST-ANNA\"", "\"TWO\"");
    let twice = twice.replace("10.0.1.7", "10.0.1.8");
    let found = keys(&[BASE, &anna, &twice]);
    assert!(
        found.contains(&"gateway_peer[1].institution".to_owned()),
        "{found:?}"
    );
}

#[test]
fn it_is_of_another_institution_that_is_declared_and_by_tls() {
    let own = row("st-anna", "").replace("institution = \"st-anna\"", "institution = \"lakeside\"");
    assert_eq!(keys(&[BASE, &own]), ["gateway_peer[0].institution"]);
    let unknown = own.replace("\"lakeside\"", "\"valley\"");
    assert_eq!(keys(&[BASE, &unknown]), ["gateway_peer[0].institution"]);
    let plain = BASE.replace(", tls = true", "");
    let bare = |tls: &str| {
        let lines = plain
            .lines()
            .map(|line| if line.starts_with("tls") { tls } else { line });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    let anna = row("st-anna", "");
    let without = bare("tls = { authorities = [\"ca.pem\"] }");
    assert_eq!(keys(&[&without, &anna]), ["gateway_peer[0].connect"]);
    let exchange = "[exchange]\nlisten = \"10.0.0.2:11443\"\n";
    assert_eq!(keys(&[&without, exchange]), ["exchange.listen"]);
    let nobody = bare("tls = { certificate = \"gw.pem\", key = \"gw.key\" }");
    assert_eq!(keys(&[&nobody, &anna]), ["gateway_peer[0].connect"]);
}

#[test]
fn what_a_row_lacks_or_has_wrong_is_named() {
    let found = keys(&[BASE, "[[gateway_peer]]\n"]);
    let expected = [
        "name",
        "institution",
        "ae_title",
        "addresses",
        "connect",
        "certificates",
        "ae",
        "log_key",
        "statement_key",
        "witness_key",
    ];
    assert_eq!(found, expected.map(|key| format!("gateway_peer[0].{key}")));
    let wrong = |more: &str| keys(&[BASE, &row("st-anna", more)]);
    for (more, key) in [
        ("https = \"http://10.0.1.7:80\"", "https"),
        ("parcel_key = \"AAAA\"", "parcel_key"),
        ("link_silence_s = 0", "link_silence_s"),
        ("delivery = \"pigeon\"", "delivery"),
        ("tls = true", "tls"),
        ("may = [\"echo\"]", "may"),
    ] {
        assert_eq!(wrong(more), [format!("gateway_peer[0].{key}")]);
    }
}

const PARCEL_KEY: &str = "parcel_key = \"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\"\n";
const OFFLINE: &str = "parcels_release = \"offline\"\n";

#[test]
fn parcels_for_it_are_left_in_a_folder() {
    let more = format!("{PARCEL_KEY}{OFFLINE}parcels_to = \"out\"");
    let config = parse(&[BASE, &row("st-anna", &more)]).unwrap();
    let gateway = config.gateway_of(&slug("st-anna")).unwrap();
    let parcels = gateway.parcels.as_ref().unwrap();
    assert_eq!(gateway.delivery, Delivery::Spool);
    assert_eq!(parcels.release, Release::Offline);
    assert_eq!(
        (parcels.after.as_secs(), parcels.keep.as_secs()),
        (10, 2_592_000)
    );
    let ParcelStore::Folder(folder) = &parcels.to else {
        panic!("{parcels:?}");
    };
    assert!(folder.ends_with("out"));
}

#[test]
fn parcels_for_it_are_left_in_a_store() {
    let more = format!(
        "{PARCEL_KEY}parcels_to = \"s3://parcels/st-anna\"\n\
         parcels_endpoint = \"http://10.0.0.9:9000\"\nparcels_access_key = \"id\"\n\
         parcels_secret_key = \"$CREDENTIALS_DIRECTORY/s3\"\n[exchange]\nlisten = \"10.0.0.2:443\"",
    );
    let config = parse(&[BASE, &row("st-anna", &more)]).unwrap();
    let parcels = config
        .gateway_of(&slug("st-anna"))
        .unwrap()
        .parcels
        .as_ref();
    let parcels = parcels.unwrap();
    assert_eq!(parcels.release, Release::Online);
    let ParcelStore::S3(store) = &parcels.to else {
        panic!("{parcels:?}");
    };
    assert_eq!(
        (&*store.place.bucket, &*store.region),
        ("parcels", "us-east-1")
    );
}

#[test]
fn parcels_that_could_not_be_left_or_opened_are_faults() {
    let wrong = |more: &str| keys(&[BASE, &row("st-anna", more)]);
    let offline = format!("{PARCEL_KEY}{OFFLINE}");
    let s3 =
        "parcels_to = \"s3://parcels/a\"\nparcels_access_key = \"a\"\nparcels_secret_key = \"b\"";
    for (more, key) in [
        (format!("{OFFLINE}parcels_to = \"out\""), "parcel_key"),
        (format!("{PARCEL_KEY}parcels_to = \"out\""), "parcels_to"),
        (format!("{offline}parcels_to = \"s3://a b\""), "parcels_to"),
        (format!("{offline}{s3}"), "parcels_endpoint"),
        (
            format!("{offline}{s3}\nparcels_endpoint = \"https://a:1\""),
            "parcels_authorities",
        ),
        (
            format!("{offline}{s3}\nparcels_endpoint = \"http://a:1/b\""),
            "parcels_endpoint",
        ),
        (
            format!("{offline}parcels_to = \"out\"\nparcels_access_key = \"a\""),
            "parcels_access_key",
        ),
        (
            format!("{offline}parcels_to = \"out\"\ndelivery = \"direct\""),
            "delivery",
        ),
    ] {
        assert_eq!(wrong(&more), [format!("gateway_peer[0].{key}")], "{more}");
    }
}

#[test]
fn the_exchange_is_where_it_says_and_answers_nobody_by_default() {
    let config = parse(&[BASE]).unwrap();
    assert_eq!(config.exchange.listen, None);
    let text = "[exchange]\nlisten = \"0.0.0.0:11443\"\nurl = \"https://gw.lakeside.example:443\"\n\
                dicom = \"10.0.0.2:2762\"\nrequest_s = 5\nconnections_max = 8\nretry_max_s = 9\n";
    let exchange = parse(&[BASE, text]).unwrap().exchange;
    assert_eq!(exchange.url.unwrap().host(), "gw.lakeside.example");
    assert_eq!(exchange.request.as_secs(), 5);
    assert_eq!(
        (exchange.retry_first.as_secs(), exchange.retry_max.as_secs()),
        (1, 9)
    );
}
