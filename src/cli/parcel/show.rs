//! `credence parcel show`

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::parcel::examined;
use crate::cli::refuse;
use crate::parcel::Release;

/// Arguments of `credence parcel show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The parcel: a folder, or s3://bucket/prefix/id in a store of a gateway_peer row
    #[arg(value_name = "PARCEL")]
    pub parcel: String,
    /// The gateway's configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print one JSON object: the manifest, and its digest as manifest_sha256
    #[arg(long)]
    pub json: bool,
}

impl Show {
    pub(super) fn run(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let config = match configured(&self.config) {
            Ok(config) => config,
            Err(exit) => return Ok(exit),
        };
        let runtime = tokio::runtime::Runtime::new()?;
        let _here = runtime.enter();
        let (_, checked) = match examined(&self.parcel, &config) {
            Ok(examined) => examined,
            Err(error) => return refuse(&error),
        };
        let manifest = &checked.manifest;
        if self.json {
            let mut value = serde_json::to_value(manifest)?;
            if let Some(object) = value.as_object_mut() {
                let digest = checked.manifest_sha256.to_string();
                object.insert("manifest_sha256".to_owned(), json!(digest));
            }
            serde_json::to_writer_pretty(&mut *out, &value)?;
            writeln!(out)?;
            return Ok(Exit::Success);
        }
        let (id, from, to) = (&manifest.id, &manifest.from, &manifest.to);
        let instances = manifest.objects.len().saturating_sub(1);
        let release = match manifest.release {
            Release::Online => {
                "online: the sender is asked for the key, and asks its contract again"
            }
            Release::Offline => {
                "offline: the key lies in the parcel; a revocation cannot bite any more"
            }
        };
        writeln!(out, "parcel     {id}")?;
        writeln!(out, "from       {from}, whose signature is good")?;
        writeln!(out, "to         {to}")?;
        writeln!(
            out,
            "sealed     {}, decision {}",
            manifest.created, manifest.decision
        )?;
        writeln!(
            out,
            "instances  {instances}, {} bytes sealed",
            manifest.bytes()
        )?;
        writeln!(out, "release    {release}")?;
        writeln!(out, "manifest   {}", checked.manifest_sha256)?;
        Ok(Exit::Success)
    }
}
