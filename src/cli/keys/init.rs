//! `credence keys init`

use std::fs;
use std::fs::File;
use std::fs::Permissions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use tempfile::NamedTempFile;

use crate::certificate::Authority;
use crate::certificate::Certificate;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::refuse;
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

/// What the gateway's own files are called, and the authority's.
const GATEWAY: &str = "gateway";
const AUTHORITY: &str = "authority";
const OURS: [&str; 2] = [GATEWAY, AUTHORITY];

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
        if let Some(peer) = peers.iter().find(|peer| OURS.contains(&peer.name.as_str())) {
            return Err(io::Error::other(format!(
                "peer {0} would get the key of our own {0}: give it another name",
                peer.name
            )));
        }
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
        workshop.certify(GATEWAY, &names, out)?;
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
    /// Makes a certificate and its key, unless they are there. The key comes first, so a key without a
    /// certificate is of a run that was broken off, and gets one now.
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
            let key = self.folder.join(&key);
            let (authority, today, days) = (&self.authority, self.today, self.days);
            let issued = if key.exists() {
                authority.issue_for(&read_key(&key)?, stem, names, today, days)
            } else {
                authority.issue(stem, names, today, days)
            };
            let issued = issued.map_err(io::Error::other)?;
            if !key.exists() {
                create(&key, &issued.key_pem, 0o600)?;
            }
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
    let key = folder.join(format!("{AUTHORITY}.key"));
    let certificate = folder.join(format!("{AUTHORITY}.pem"));
    // It outlives what it issues today, and what it issues later in the trial.
    let days = days.saturating_mul(2);
    let authority = if key.exists() {
        Authority::open(institution, &read_key(&key)?, today, days)
    } else if certificate.exists() {
        return Err(io::Error::other(format!(
            "{} is there, and not its key {}: put that back, or name another folder",
            certificate.display(),
            key.display()
        )));
    } else {
        Authority::new(institution, today, days)
    };
    let authority = authority.map_err(io::Error::other)?;
    if !key.exists() {
        create(&key, authority.key_pem(), 0o600)?;
    }
    if !certificate.exists() {
        create(&certificate, &authority.certificate().pem, 0o644)?;
    }
    Ok(authority)
}

/// A private key of ours as PEM.
fn read_key(path: &Path) -> io::Result<String> {
    let secret = SecretFile::Path(path.to_owned()).read();
    let secret = secret.map_err(io::Error::other)?;
    Ok(String::from_utf8_lossy(secret.bytes()).into_owned())
}

/// Writes a new file, whole or not at all; one that is there stays as it is.
fn create(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let named = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut draft = NamedTempFile::new_in(folder).map_err(named)?;
    let permissions = Permissions::from_mode(mode);
    draft
        .as_file()
        .set_permissions(permissions)
        .map_err(named)?;
    draft.write_all(text.as_bytes()).map_err(named)?;
    draft.as_file().sync_all().map_err(named)?;
    let placed = draft.persist_noclobber(path);
    placed.map_err(|error| named(error.error))?;
    let folder = File::open(folder).map_err(named)?;
    folder.sync_all().map_err(named)
}

/// The first certificate of a file of ours.
fn read(path: &Path) -> io::Result<Certificate> {
    let found = crate::transport::read_certificates(path).map_err(io::Error::other)?;
    let first = found.into_iter().next();
    first.ok_or_else(|| io::Error::other(format!("{} holds no certificate", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"
gateway = { institution = "own" }
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
listener = [{ address = "127.0.0.1:104" }]
institution = [{ slug = "own", name = "Own" }]
[[peer]]
name = "NAME"
ae_title = "CT1"
institution = "own"
addresses = ["10.0.0.1"]
"#;

    /// What `credence keys init --peer NAME` says in `folder`.
    fn init(folder: &Path, peer: &str) -> Result<String, String> {
        let init = Init {
            config: PathBuf::new(),
            out: folder.to_owned(),
            peers: vec![peer.to_owned()],
            names: Vec::new(),
            days: 10,
        };
        let text = CONFIG.replace("NAME", peer);
        let config = Config::parse(&text, Path::new("")).unwrap();
        let mut out = Vec::new();
        match init.make(&config, &mut out) {
            Ok(()) => Ok(String::from_utf8(out).unwrap()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn files(folder: &Path) -> Vec<String> {
        let found = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = found
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_that_was_broken_off_is_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let told = init(dir.path(), "ct1").unwrap();
        let all = files(dir.path());
        assert_eq!(
            all,
            [
                "authority.key",
                "authority.pem",
                "ct1.key",
                "ct1.pem",
                "gateway.key",
                "gateway.pem"
            ]
        );
        for name in &all {
            let mode = fs::metadata(dir.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            let wanted = if name.ends_with(".key") { 0o600 } else { 0o644 };
            assert_eq!(mode & 0o7777, wanted, "{name}");
        }
        let fingerprints = |told: &str| {
            let words = told.split_whitespace();
            let found = words.filter(|word| word.starts_with("sha256:"));
            found.map(str::to_owned).collect::<Vec<_>>()
        };
        for lost in ["authority.pem", "gateway.pem", "ct1.pem"] {
            fs::remove_file(dir.path().join(lost)).unwrap();
            let again = init(dir.path(), "ct1").unwrap();
            assert_eq!(fingerprints(&again), fingerprints(&told), "{lost}");
            assert_eq!(files(dir.path()), all);
        }
        let key = dir.path().join("authority.key");
        fs::remove_file(&key).unwrap();
        let refused = init(dir.path(), "ct1").unwrap_err();
        assert!(refused.contains("authority.pem is there"), "{refused}");
        assert!(
            !key.exists(),
            "another authority would be believed by nobody"
        );
    }

    #[test]
    fn our_own_keys_are_no_peers() {
        for name in OURS {
            let dir = tempfile::tempdir().unwrap();
            let refused = init(dir.path(), name).unwrap_err();
            assert!(refused.contains("another name"), "{refused}");
            assert_eq!(files(dir.path()), [""; 0]);
        }
    }
}
