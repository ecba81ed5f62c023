//! `credence keys init`

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use crate::certificate::Authority;
use crate::certificate::Certificate;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::ledger::refuse;
use crate::clock::Clock;
use crate::config::CertificateName;
use crate::config::Config;
use crate::config::Peer;
use crate::config::SecretFile;
use crate::time::Day;

/// Arguments of `credence keys init`.
#[derive(Args, Debug)]
pub struct Init {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = "tls")]
    pub out: PathBuf,
    /// A peer of the configuration that gets a certificate; may be given several times
    #[arg(long = "peer", value_name = "NAME")]
    pub peers: Vec<String>,
    /// A DNS name of the gateway, beside the addresses of its listeners and localhost; may be given
    /// several times
    #[arg(long = "name", value_name = "DNS")]
    pub names: Vec<String>,
    /// Days that the certificates count
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
}

/// A folder with certificates, and the authority that makes more of them.
struct Workshop<'a> {
    folder: &'a Path,
    authority: Authority,
    today: Day,
    days: u16,
}

impl Init {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        match self.make(&config, out) {
            Ok(()) => Ok(Exit::Success),
            Err(problem) => refuse(&problem),
        }
    }

    fn make(&self, config: &Config, out: &mut dyn Write) -> io::Result<()> {
        let peers = self.peers.iter().map(|name| {
            let unknown = || io::Error::other(format!("no peer is named {name}"));
            config.peer(name).ok_or_else(unknown)
        });
        let peers: Vec<_> = peers.collect::<io::Result<_>>()?;
        if !self.out.is_dir() {
            let mut folder = fs::DirBuilder::new();
            folder.recursive(true).mode(0o700).create(&self.out)?;
        }
        let today = Clock::new().now().day();
        let institution = config.gateway.institution.as_str();
        let workshop = Workshop {
            authority: authority(&self.out, institution, today, self.days)?,
            folder: &self.out,
            today,
            days: self.days,
        };
        let folder = self.out.display();
        writeln!(out, "authority  {folder}/authority.pem")?;
        let mut names = vec![CertificateName::Dns("localhost".to_owned())];
        names.extend(self.names.iter().cloned().map(CertificateName::Dns));
        let addresses = config
            .listeners
            .iter()
            .map(|listener| listener.address.ip());
        let addresses = addresses.filter(|address| !address.is_unspecified());
        names.extend(addresses.map(CertificateName::Ip));
        names.dedup();
        workshop.certify("gateway", &names, out)?;
        for peer in &peers {
            workshop.certify(peer.name.as_str(), &names_of(peer), out)?;
        }
        writeln!(
            out,
            "\nIn the configuration:\n\n[tls]\ncertificate = \"{folder}/gateway.pem\"\n\
             key = \"{folder}/gateway.key\"\nauthorities = [\"{folder}/authority.pem\"]"
        )?;
        for peer in &peers {
            let certificate = read(&self.out.join(format!("{}.pem", peer.name)))?;
            let key = CertificateName::Key(certificate.key);
            let name = &peer.name;
            writeln!(
                out,
                "\n[[peer]]\nname = \"{name}\"\ncertificates = [\"{key}\"]"
            )?;
        }
        Ok(())
    }
}

/// What a peer's certificate has: the peer's name, and the addresses that it alone has.
fn names_of(peer: &Peer) -> Vec<CertificateName> {
    let single = peer
        .addresses
        .iter()
        .filter(|net| net.prefix_len() == net.max_prefix_len());
    let connect = peer.connect.map(|connect| connect.ip().to_canonical());
    let addresses = single.map(|net| net.addr()).chain(connect);
    let mut names: Vec<CertificateName> = addresses.map(CertificateName::Ip).collect();
    names.sort();
    names.dedup();
    names.insert(0, CertificateName::Dns(peer.name.to_string()));
    names
}

impl Workshop<'_> {
    /// Makes a certificate and its key, unless they are there.
    fn certify(
        &self,
        stem: &str,
        names: &[CertificateName],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (certificate, key) = (format!("{stem}.pem"), format!("{stem}.key"));
        let path = self.folder.join(&certificate);
        let is_new = !path.exists();
        if is_new {
            let issued = self.authority.issue(stem, names, self.today, self.days);
            let issued = issued.map_err(io::Error::other)?;
            create(&self.folder.join(&key), &issued.key_pem, 0o600)?;
            create(&path, &issued.pem, 0o644)?;
        }
        let state = if is_new { "" } else { "  (was there)" };
        let fingerprint = CertificateName::Key(read(&path)?.key);
        let folder = self.folder.display();
        writeln!(
            out,
            "{stem}  {folder}/{certificate}, {folder}/{key}  {fingerprint}{state}"
        )
    }
}

/// The authority of `folder`, made if there is none.
fn authority(folder: &Path, institution: &str, today: Day, days: u16) -> io::Result<Authority> {
    let key = folder.join("authority.key");
    // It outlives what it issues today, and what it issues later in the trial.
    let days = days.saturating_mul(2);
    if key.exists() {
        let secret = SecretFile::Path(key).read().map_err(io::Error::other)?;
        let pem = String::from_utf8_lossy(secret.bytes());
        return Authority::open(institution, &pem, today, days).map_err(io::Error::other);
    }
    let authority = Authority::new(institution, today, days).map_err(io::Error::other)?;
    create(&key, authority.key_pem(), 0o600)?;
    let certificate = folder.join("authority.pem");
    create(&certificate, &authority.certificate().pem, 0o644)?;
    Ok(authority)
}

/// Writes a new file; one that is there stays as it is.
fn create(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(mode);
    let named = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
    let mut file = options.open(path).map_err(named)?;
    file.write_all(text.as_bytes()).map_err(named)?;
    file.sync_all().map_err(named)
}

/// The first certificate of a file of ours.
fn read(path: &Path) -> io::Result<Certificate> {
    let found = crate::transport::read_certificates(path).map_err(io::Error::other)?;
    let first = found.into_iter().next();
    first.ok_or_else(|| io::Error::other(format!("{} holds no certificate", path.display())))
}
