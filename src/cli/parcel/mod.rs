//! `credence parcel`

mod list;
mod open;
mod show;

use std::io;
use std::io::Write;
use std::path::Path;

use clap::Subcommand;

use crate::cli::Exit;
use crate::config::Config;
use crate::config::ParcelStore;
use crate::config::S3Place;
use crate::config::S3Store;
use crate::depot::Place;
use crate::gateway::parcels;
use crate::gateway::parcels::Checked;

pub use list::List;
pub use open::Open;
pub use show::Show;

/// Open sealed parcels of other hospitals, and see what became of our own
///
/// A parcel is one study, sealed for one other gateway: a folder or a place in a store, whose files nobody
/// on the way can read.
#[derive(Debug, Subcommand)]
pub enum Parcel {
    /// Open a parcel that was sealed for this gateway, and write its instances as DICOM files
    ///
    /// Verifies the manifest by the statement_key of the sender's gateway_peer row, and every digest.
    /// Released online, the sender's gateway is asked for the key, which asks its contract again.
    Open(Open),
    /// List the parcels that this gateway sealed, and what became of them
    List(List),
    /// Show the manifest of a parcel, verified
    Show(Show),
}

/// Runs the command.
///
/// # Errors
/// When the output fails.
pub fn run(arguments: &Parcel, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Parcel::Open(open) => open.run(out),
        Parcel::List(list) => list.run(out),
        Parcel::Show(show) => show.run(out),
    }
}

/// Where a parcel lies, and what its manifest says, verified.
fn examined<'c>(parcel: &str, config: &'c Config) -> io::Result<(Place, Checked<'c>)> {
    let place = place(parcel, config)?;
    let checked = parcels::examine(&place, config).map_err(io::Error::other)?;
    Ok((place, checked))
}

/// Where a parcel lies: a folder, or `s3://bucket/prefix/id` in a store that a [[gateway_peer]] names.
fn place(parcel: &str, config: &Config) -> io::Result<Place> {
    if !parcel.starts_with("s3:") {
        return Ok(Place::folder(Path::new(parcel)));
    }
    let wanted = S3Place::from_url(parcel);
    let wanted =
        wanted.ok_or_else(|| io::Error::other(format!("{parcel} is no place in a store")))?;
    let stores = config.gateway_peers.iter();
    let mut stores = stores.filter_map(|gateway| match &gateway.parcels.as_ref()?.to {
        ParcelStore::S3(store) => Some(store),
        ParcelStore::Folder(_) => None,
    });
    let store = stores.find(|store| store.place.bucket == wanted.bucket);
    let store = store.ok_or_else(|| {
        io::Error::other(format!(
            "no [[gateway_peer]] has parcels_to in bucket {}: fetch the parcel by another client, and \
             name the folder that it lies in",
            wanted.bucket
        ))
    })?;
    Place::s3(&S3Store {
        place: wanted,
        ..S3Store::clone(store)
    })
}
