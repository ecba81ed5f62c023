//! The house of the demo: who is there, the gateway's configuration, and what the story needs of
//! the gateway itself.

use std::hash::BuildHasher as _;
use std::hash::RandomState;
use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::demo::DemoError;

/// AE title of the stand-in PACS.
pub(crate) const PACS: &str = "PACS";
/// AE title of the stand-in scanner.
pub(crate) const SCANNER: &str = "CT1";
/// AE title of the radiologist's workstation.
pub(crate) const WORKSTATION: &str = "WS1";
/// AE title of the second institution's workstation.
pub(crate) const LAKESIDE: &str = "LAKESIDE";
/// AE titles of the gateway that stand for the two workstations as Move Destinations.
pub(crate) const FOR_WORKSTATION: &str = "CRED_WS1";
/// See [`FOR_WORKSTATION`].
pub(crate) const FOR_LAKESIDE: &str = "CRED_LAKE";
/// AE title of the gateway for treatment.
pub(crate) const GATEWAY: &str = "CREDENCE";
/// AE title of the gateway for emergencies.
pub(crate) const EMERGENCY: &str = "CREDENCE_ER";

/// The policies that Credence is delivered with.
const POLICIES: [(&str, &str); 5] = [
    (
        "10-permits.cedar",
        include_str!("../../gateway-config/policy/10-permits.cedar"),
    ),
    (
        "20-patient.cedar",
        include_str!("../../gateway-config/policy/20-patient.cedar"),
    ),
    (
        "30-score.cedar",
        include_str!("../../gateway-config/policy/30-score.cedar"),
    ),
    (
        "40-site.cedar",
        include_str!("../../gateway-config/policy/40-site.cedar"),
    ),
    (
        "schema.cedarschema",
        include_str!("../../gateway-config/policy/schema.cedarschema"),
    ),
];

/// The numbers of the contract that Credence is delivered with.
const CREDIT: &str = include_str!("../../gateway-config/credit.toml");

/// What the gateway says when something went wrong with it.
pub type SiteResult<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The gateway under demonstration, as the story needs it. Whoever runs the demo brings one.
pub trait Site {
    /// Starts the gateway with this configuration file.
    fn start(&mut self, config: &Path) -> impl Future<Output = SiteResult<()>>;

    /// Records a consent; the number of its ledger entry names it from then on.
    fn grant(&mut self, grant: &Grant) -> impl Future<Output = SiteResult<u64>>;

    /// Ends that consent; the number is that of the entry that ends it.
    fn revoke(&mut self, consent: u64) -> impl Future<Output = SiteResult<u64>>;

    /// The decisions of the ledger, in order.
    fn judged(&mut self) -> impl Future<Output = SiteResult<Vec<Judged>>>;

    /// Stops the gateway in order.
    fn stop(&mut self) -> impl Future<Output = SiteResult<()>>;

    /// Writes the ledger to `folder`, which is not there yet, as strangers get it.
    fn export(&mut self, folder: &Path) -> SiteResult<()>;

    /// Verifies an exported ledger with no more than what lies beside it.
    ///
    /// Damage is an answer; an error is only that it could not be looked at.
    fn verify(&mut self, folder: &Path) -> SiteResult<Verification>;
}

/// A consent, as the patient desk takes it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Patient ID.
    pub patient: &'static str,
    /// Issuer of Patient ID.
    pub issuer: &'static str,
    /// The institution that may receive.
    pub to: &'static str,
    /// Purpose of use.
    pub purpose: &'static str,
}

/// A decision of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Number of its entry.
    pub entry: u64,
    /// `store`, `query` or `retrieve`.
    pub verb: String,
    /// The verdict.
    pub permitted: bool,
    /// Why: the policies' names of a permit, the words for the peer of a denial.
    pub reason: String,
}

/// What verifying found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// All in order.
    Whole {
        /// How many entries there are.
        entries: u64,
    },
    /// Something is not as it was written.
    Damaged {
        /// The first such entry.
        entry: u64,
        /// What is wrong, in words.
        harm: String,
    },
}

/// Addresses of the demo's peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) gateway: SocketAddr,
    pub(crate) pacs: SocketAddr,
    pub(crate) workstation: SocketAddr,
    pub(crate) lakeside: SocketAddr,
}

/// Writes configuration and policies below `folder`, and returns the configuration's path.
pub(crate) fn write(folder: &Path, addresses: &Addresses) -> Result<PathBuf, DemoError> {
    write_contract(folder)?;
    let path = folder.join("credence.toml");
    let create = DemoError::io(format!("create {}", path.display()));
    std::fs::write(&path, config(addresses)).map_err(create)?;
    Ok(path)
}

/// Writes below `folder` the policies and numbers that Credence is delivered with.
pub(crate) fn write_contract(folder: &Path) -> Result<(), DemoError> {
    let policies = folder.join("policy");
    let create = |path: &Path| DemoError::io(format!("create {}", path.display()));
    std::fs::create_dir_all(&policies).map_err(create(&policies))?;
    for (name, text) in POLICIES {
        let path = policies.join(name);
        std::fs::write(&path, text).map_err(create(&path))?;
    }
    let path = folder.join("credit.toml");
    std::fs::write(&path, CREDIT).map_err(create(&path))
}

/// The configuration: two institutions, four peers, one route.
fn config(addresses: &Addresses) -> String {
    let Addresses {
        gateway,
        pacs,
        workstation,
        lakeside,
    } = addresses;
    let head = head(*gateway);
    let peers = [
        peer(
            ("pacs", PACS, "st-anna", "\"echo\", \"store\""),
            &format!("connect = \"{pacs}\"\nretrieve = \"move\"\ncalling_ae = \"{GATEWAY}\"\n"),
        ),
        peer(("ct1", SCANNER, "st-anna", "\"echo\", \"store\""), ""),
        peer(
            (
                "ws1",
                WORKSTATION,
                "st-anna",
                "\"echo\", \"find\", \"move\"",
            ),
            &format!("connect = \"{workstation}\"\ndestination_ae = \"{FOR_WORKSTATION}\"\n"),
        ),
        peer(
            (
                "lakeside",
                LAKESIDE,
                "lakeside",
                "\"echo\", \"find\", \"move\"",
            ),
            &format!(
                "plain = true\nconnect = \"{lakeside}\"\ndestination_ae = \"{FOR_LAKESIDE}\"\n"
            ),
        ),
    ];
    format!("{head}{}", peers.concat())
}

/// Everything but the peers.
fn head(gateway: SocketAddr) -> String {
    format!(
        r#"# Made by `credence demo`; gateway-config/credence.toml explains every key.
[gateway]
institution = "st-anna"

[[listener]]
address = "{gateway}"

[[ae]]
title = "{GATEWAY}"
purpose = "TREATMENT"

[[ae]]
title = "{EMERGENCY}"
purpose = "EMERGENCY"

[[institution]]
slug = "st-anna"
name = "St. Anna Hospital"

[[institution]]
slug = "lakeside"
name = "Lakeside Clinic"

[[route]]
called = ["{GATEWAY}", "{EMERGENCY}"]
sop_classes = ["storage", "query-retrieve"]
to = "pacs"
"#
    )
}

/// One peer: its name, AE title, institution and operations, and whatever `more` it has.
fn peer((name, title, institution, may): (&str, &str, &str, &str), more: &str) -> String {
    format!(
        r#"
[[peer]]
name = "{name}"
ae_title = "{title}"
institution = "{institution}"
addresses = ["127.0.0.1"]
may = [{may}]
{more}"#
    )
}

/// Where ports are looked for: below those that systems hand out by themselves (Linux from 32,768),
/// so that no connection gets one before the gateway listens there.
const PORTS: Range<u16> = 12_000..16_000;

/// The place in [`PORTS`] to look at next. From anywhere, as other processes look there too, and then
/// one after the other, so that none is given twice while its first owner has yet to listen.
static NEXT: LazyLock<AtomicU64> =
    LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(()) >> 1));

/// Ports of the loopback interface that are free at this moment, each another one.
///
/// # Errors
/// When there are not so many.
pub fn free_addresses<const N: usize>() -> Result<[SocketAddr; N], DemoError> {
    let addresses: Vec<SocketAddr> = PORTS
        .filter_map(|_| {
            let place = NEXT.fetch_add(1, Ordering::Relaxed) % PORTS.len() as u64;
            let port = PORTS.start + u16::try_from(place).ok()?;
            let address = (Ipv4Addr::LOCALHOST, port);
            TcpListener::bind(address).ok().map(|_| address.into())
        })
        .take(N)
        .collect();
    let too_few = |_| DemoError::io("find a free port")(io::ErrorKind::AddrInUse.into());
    addresses.try_into().map_err(too_few)
}
