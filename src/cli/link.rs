//! `credence link`

use std::fmt::Write as _;
use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;

use crate::certificate::Certificate;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::refuse;
use crate::config::CertificateName;
use crate::config::Config;
use crate::storage::FolderLock;
use crate::storage::Keys;
use crate::storage::has_ledger;
use crate::transport::Security;

/// Links to the gateways of other hospitals
#[derive(Debug, Subcommand)]
pub enum Link {
    /// Print what another hospital puts into its configuration to link its gateway with this one
    ///
    /// An institution row and a gateway_peer row of this gateway, out of its certificate, keys
    /// and addresses. The other hospital chooses `ae`. All of it is public, and is to be brought there
    /// by a way that both trust, with the file of the authority that issued our certificate. Makes the
    /// keys where there are none yet, as a first start does.
    Show(Show),
}

/// Arguments of `credence link show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
}

/// Does what `command` says.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(command: &Link, out: &mut dyn Write) -> io::Result<Exit> {
    match command {
        Link::Show(show) => show.run(out),
    }
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
enum NothingToShow {
    #[error("[tls] has no certificate, and a gateway is known by none else")]
    NoCertificate,
    #[error(
        "no [[listener]] has tls = true, and [exchange] has no `dicom`: no gateway reaches this one"
    )]
    NoListener,
    #[error(transparent)]
    Tls(#[from] crate::transport::TlsError),
    #[error(transparent)]
    Keys(#[from] crate::storage::KeysError),
    #[error(transparent)]
    Lock(#[from] crate::storage::LockError),
}

impl Show {
    fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        match told(&config) {
            Ok(text) => {
                write!(out, "{text}")?;
                Ok(Exit::Success)
            }
            Err(error) => refuse(&error),
        }
    }
}

/// The rows of this gateway, out of its certificate and its keys.
fn told(config: &Config) -> Result<String, NothingToShow> {
    let security = Security::load(config)?.ok_or(NothingToShow::NoCertificate)?;
    let trust = security.now();
    let certificate = trust.own().first().ok_or(NothingToShow::NoCertificate)?;
    let listeners = config.listeners.iter();
    let listens = listeners
        .filter(|listener| listener.tls)
        .map(|one| one.address);
    let dicom = config.exchange.dicom.or_else(|| listens.clone().next());
    let dicom = dicom.ok_or(NothingToShow::NoListener)?;
    let keys = keys(config)?;
    let mut text = String::new();
    // A String takes whatever is written to it.
    let _ = rows(&mut text, config, certificate, dicom, &keys);
    Ok(text)
}

/// The keys; made as at a first start where there are none.
fn keys(config: &Config) -> Result<Keys, NothingToShow> {
    let gateway = &config.gateway;
    let open = || Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution);
    if has_ledger(&gateway.data_dir) {
        return Ok(open()?);
    }
    let _lock = FolderLock::take(&gateway.data_dir)?;
    Ok(open()?)
}

fn rows(
    text: &mut String,
    config: &Config,
    certificate: &Certificate,
    dicom: SocketAddr,
    keys: &Keys,
) -> std::fmt::Result {
    let slug = &config.gateway.institution;
    let house = config.institutions.get(slug);
    let name = quoted(house.map_or(slug.as_str(), |house| &house.name));
    let title = config.aes.first().map_or("", |own| own.title.as_str());
    writeln!(text, "[[institution]]\nslug = \"{slug}\"\nname = {name}")?;
    writeln!(
        text,
        "# authorities = [\"{slug}-authority.pem\"]  # what issued our certificate: get the file with this"
    )?;
    writeln!(
        text,
        "\n[[gateway_peer]]\nname = \"{slug}-gateway\"\ninstitution = \"{slug}\""
    )?;
    writeln!(
        text,
        "# ae = \"...\"  # choose: the AE title by which your workstations call us"
    )?;
    writeln!(text, "ae_title = {}", quoted(title))?;
    let (ip, port) = (dicom.ip().to_canonical(), dicom.port());
    if ip.is_unspecified() {
        writeln!(
            text,
            "# addresses = [\"...\"]  # fill in: where our gateway calls from"
        )?;
        writeln!(
            text,
            "# connect = \"...:{port}\"  # fill in: where you reach it"
        )?;
    } else {
        writeln!(
            text,
            "addresses = [\"{ip}\"]\nconnect = \"{}\"",
            SocketAddr::new(ip, port)
        )?;
        if let Some(name) = name_of(certificate, ip) {
            writeln!(text, "tls_name = {}", quoted(&name))?;
        }
    }
    if let Some(url) = &config.exchange.url {
        writeln!(text, "https = \"{url}\"")?;
    } else if let Some(listen) = config.exchange.listen {
        match listen.ip().is_unspecified() {
            true => writeln!(
                text,
                "# https = \"https://...:{}\"  # fill in: where you reach it",
                listen.port()
            )?,
            false => writeln!(text, "https = \"https://{listen}\"")?,
        }
    }
    let key = CertificateName::Key(certificate.key);
    writeln!(text, "certificates = [\"{key}\"]")?;
    writeln!(text, "log_key = \"{}\"", keys.log.key())?;
    writeln!(text, "statement_key = \"{}\"", keys.statement.key())?;
    writeln!(text, "witness_key = \"{}\"", keys.witness.key())?;
    writeln!(text, "parcel_key = \"{}\"", keys.parcel.public())
}

/// The name that whoever connects to `ip` finds in our certificate, where that is not the address.
fn name_of(certificate: &Certificate, ip: std::net::IpAddr) -> Option<String> {
    if certificate.names.contains(&CertificateName::Ip(ip)) {
        return None;
    }
    certificate.names.iter().find_map(|name| match name {
        CertificateName::Dns(name) if name != "localhost" => Some(name.clone()),
        CertificateName::Ip(ip) if !ip.is_loopback() => Some(ip.to_string()),
        _ => None,
    })
}

/// A basic string of TOML. What has it has no control characters.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;
    use crate::certificate::Authority;

    /// A house with a certificate of these names, and what else its file says.
    fn house(folder: &Path, names: &[CertificateName], more: &str) -> PathBuf {
        let today = crate::clock::Clock::new().now().day();
        let authority = Authority::new("st-anna", today, 30).unwrap();
        let own = authority.issue("gateway", names, today, 30).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        write("authority.pem", &authority.certificate().pem);
        write("gateway.pem", &own.pem);
        write("gateway.key", &own.key_pem);
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(folder.join("gateway.key"), private).unwrap();
        fs::create_dir_all(folder.join("policy")).unwrap();
        write("credit.toml", "");
        let text = format!(
            "gateway = {{ institution = \"st-anna\" }}\n\
             ae = [{{ title = \"CREDENCE\", purpose = \"TREATMENT\" }}]\n\
             institution = [{{ slug = \"st-anna\", name = 'St. \"Anna\"' }}]\n\
             [tls]\ncertificate = \"gateway.pem\"\nkey = \"gateway.key\"\n\
             authorities = [\"authority.pem\"]\n{more}"
        );
        write("credence.toml", &text);
        folder.join("credence.toml")
    }

    fn shown(config: PathBuf) -> (String, Exit) {
        let mut out = Vec::new();
        let exit = Show { config }.run(&mut out).unwrap();
        (String::from_utf8(out).unwrap(), exit)
    }

    const LISTENER: &str = "[[listener]]\naddress = \"10.0.0.1:11112\"\ntls = true\n";

    /// The other hospital's file with what we print in it, and `fill` for what it has to fill in.
    fn at_the_other(text: &str, fill: &[(&str, &str)]) -> Config {
        let mut text = text.to_owned();
        for (from, to) in [("# ae = \"...\"", "ae = \"HOSPITAL_A\"")]
            .iter()
            .chain(fill)
        {
            assert!(text.contains(from), "{text}");
            text = text.replace(from, to);
        }
        let other = "gateway = { institution = \"lakeside\" }\n\
            tls = { certificate = \"a\", key = \"b\", authorities = [\"c\"] }\n\
            ae = [{ title = \"CRED_B\", purpose = \"TREATMENT\" }]\n\
            [[listener]]\naddress = \"10.0.0.2:11112\"\n\
            [[institution]]\nslug = \"lakeside\"\nname = \"Lakeside\"\n";
        Config::parse(&format!("{other}{text}"), Path::new("")).unwrap()
    }

    #[test]
    fn what_is_shown_is_a_row_for_the_other_hospital() {
        let folder = tempfile::tempdir().unwrap();
        let names = [CertificateName::Ip([10, 0, 0, 1].into())];
        let more = format!("{LISTENER}[exchange]\nlisten = \"10.0.0.1:11443\"\n");
        let file = house(folder.path(), &names, &more);
        let (text, exit) = shown(file.clone());
        assert_eq!(exit, Exit::Success);
        let config = at_the_other(&text, &[]);
        let gateway = config.gateway_peers.first().unwrap();
        assert_eq!(gateway.peer.name.as_str(), "st-anna-gateway");
        assert_eq!(
            gateway.peer.connect,
            Some("10.0.0.1:11112".parse().unwrap())
        );
        assert_eq!(gateway.peer.tls_name, None);
        assert_eq!(
            gateway.https.as_ref().unwrap().to_string(),
            "https://10.0.0.1:11443"
        );
        let keys = keys(&Config::load(&file).unwrap()).unwrap();
        assert_eq!(&gateway.log_key, keys.log.key());
        assert_eq!(&gateway.statement_key, keys.statement.key());
        assert_eq!(&gateway.witness_key, keys.witness.key());
        let house = config.institutions.get(&gateway.peer.institution).unwrap();
        assert_eq!(house.name, "St. \"Anna\"");
        // The keys that were made are those that stay.
        assert_eq!(shown(file).0, text);
    }

    #[test]
    fn an_address_that_says_nothing_is_left_to_fill_in() {
        let folder = tempfile::tempdir().unwrap();
        let more = "[[listener]]\naddress = \"0.0.0.0:11112\"\ntls = true\n\
            [exchange]\nlisten = \"0.0.0.0:11443\"\n";
        let (text, _) = shown(house(folder.path(), &[], more));
        let fill = [
            ("# addresses = [\"...\"]", "addresses = [\"10.0.0.1\"]"),
            ("# connect = \"...", "connect = \"10.0.0.1"),
            ("# https = \"https://...", "https = \"https://10.0.0.1"),
        ];
        let config = at_the_other(&text, &fill);
        assert!(config.peer("st-anna-gateway").is_some());
    }

    #[test]
    fn what_others_reach_may_be_elsewhere_and_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let names =
            ["localhost", "gw.st-anna.example"].map(|name| CertificateName::Dns(name.into()));
        let more = "[[listener]]\naddress = \"127.0.0.1:104\"\n\
            [exchange]\ndicom = \"10.9.0.1:2762\"\nurl = \"https://gw.st-anna.example:443\"\n";
        let (text, _) = shown(house(folder.path(), &names, more));
        let config = at_the_other(&text, &[]);
        let peer = config.peer("st-anna-gateway").unwrap();
        assert_eq!(peer.connect, Some("10.9.0.1:2762".parse().unwrap()));
        let name = peer.tls_name.as_ref().unwrap();
        assert_eq!(name.as_str(), "gw.st-anna.example");
        let gateway = config.gateway_peer_of(peer).unwrap();
        let url = gateway.https.as_ref().unwrap().to_string();
        assert_eq!(url, "https://gw.st-anna.example:443");
    }

    #[test]
    fn a_gateway_that_others_cannot_reach_by_tls_shows_nothing_and_makes_no_keys() {
        let folder = tempfile::tempdir().unwrap();
        let plain = "[[listener]]\naddress = \"10.0.0.1:104\"\n";
        let file = house(folder.path(), &[], plain);
        let (text, exit) = shown(file.clone());
        assert_eq!((text.as_str(), exit), ("", Exit::Failure));
        let bare = fs::read_to_string(&file).unwrap();
        let (before, _) = bare.split_once("[tls]").unwrap();
        fs::write(&file, format!("{before}{plain}")).unwrap();
        let (text, exit) = shown(file);
        assert_eq!((text.as_str(), exit), ("", Exit::Failure));
        assert!(!folder.path().join("keys").exists());
    }
}
