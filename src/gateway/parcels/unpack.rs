//! The recipient's side: a parcel is checked, opened, and written as DICOM files.
//!
//! Blocking.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::association::IMPLEMENTATION_CLASS_UID;
use crate::config::Config;
use crate::config::GatewayPeer;
use crate::contract::InstitutionSlug;
use crate::depot::Place;
use crate::dicom::part10_head;
use crate::digest::Hasher;
use crate::digest::Sha256;
use crate::ledger::LogSigner;
use crate::ledger::NOTE_BYTES_MAX;
use crate::parcel::ContentKey;
use crate::parcel::Contents;
use crate::parcel::ContentsError;
use crate::parcel::Instance;
use crate::parcel::KeyRelease;
use crate::parcel::Listed;
use crate::parcel::MANIFEST;
use crate::parcel::Manifest;
use crate::parcel::ManifestError;
use crate::parcel::OpenRequest;
use crate::parcel::ParcelSecret;
use crate::parcel::ReleaseError;
use crate::parcel::WrapError;
use crate::storage::StreamError;
use crate::storage::open_stream;
use crate::time::UtcMicros;

/// What a parcel is, on the word of who sealed it.
#[derive(Debug)]
pub struct Checked<'c> {
    /// Its manifest.
    pub manifest: Manifest,
    /// [`Manifest::digest`].
    pub manifest_sha256: Sha256,
    /// Who sealed it.
    pub sender: &'c Arc<GatewayPeer>,
}

/// A parcel that was opened.
#[derive(Debug)]
pub struct Unpacked {
    /// The files, in the order of the objects.
    pub files: Vec<PathBuf>,
    /// Bytes of their data sets.
    pub bytes: u64,
    /// The entry of the decision that released it online, in the sender's ledger.
    pub decision: Option<u64>,
}

/// Who opens a parcel.
#[derive(Debug)]
pub struct Asking<'k> {
    /// Our institution.
    pub own: &'k InstitutionSlug,
    /// Opens what was sealed for us.
    pub secret: &'k ParcelSecret,
    /// Signs our request.
    pub signer: &'k LogSigner,
    /// Now.
    pub at: UtcMicros,
}

/// Why a parcel is not opened.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// A part of it is not there, or cannot be read.
    #[error("{name} of the parcel cannot be read: {source}")]
    Unread {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Its manifest is not believed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Sealed by nobody that we know.
    #[error("the parcel says that {0} sealed it, and no [[gateway_peer]] is of {0}")]
    Stranger(InstitutionSlug),
    /// For somebody else.
    #[error("the parcel was sealed by {from} for {to}, and this gateway is {own}'s")]
    Others {
        /// Who sealed it.
        from: InstitutionSlug,
        /// For whom.
        to: InstitutionSlug,
        /// Who we are.
        own: InstitutionSlug,
    },
    /// To another key.
    #[error(
        "{from} sealed the parcel to key {sealed}, and parcel.key here is {own}: tell {from} the \
         parcel_key that credence link show prints"
    )]
    OtherKey {
        /// Who sealed it.
        from: InstitutionSlug,
        /// The key that it was sealed to.
        sealed: Sha256,
        /// Ours.
        own: Sha256,
    },
    /// The sender does not release its key.
    #[error("{from} does not release the key: {words}")]
    Refused {
        /// Who.
        from: InstitutionSlug,
        /// Its words.
        words: String,
    },
    /// What the sender answered is no release of this parcel.
    #[error("what {from} answered is not believed: {error}")]
    Release {
        /// Who.
        from: InstitutionSlug,
        /// Why.
        error: ReleaseError,
    },
    /// The key in its manifest does not unwrap.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// A sealed file is not what the manifest says.
    #[error("{name} of the parcel has {found} bytes, and its manifest says {listed}")]
    Length {
        /// Which.
        name: String,
        /// Bytes that are there.
        found: u64,
        /// Bytes that should be.
        listed: u64,
    },
    /// A sealed file does not open.
    #[error("{name} of the parcel: {error}")]
    Sealed {
        /// Which.
        name: String,
        /// Why.
        error: StreamError,
    },
    /// A digest is another.
    #[error("{what} of {name} is another than {who} signed: it was changed or exchanged")]
    Digest {
        /// Of which file.
        name: String,
        /// Which digest.
        what: &'static str,
        /// Who signed what it should be.
        who: InstitutionSlug,
    },
    /// The sealed list is not believed.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// A file cannot be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads the manifest of the parcel at `place`, and verifies it by the key of the `[[gateway_peer]]` that
/// it says it is from. Whether it is for us is not asked.
///
/// # Errors
/// When it cannot be read, is a stranger's, or is not believed.
pub fn examine<'c>(place: &Place, config: &'c Config) -> Result<Checked<'c>, UnpackError> {
    let unread = |source| UnpackError::Unread {
        name: MANIFEST.to_owned(),
        source,
    };
    let bytes = place.read_small(MANIFEST, NOTE_BYTES_MAX).map_err(unread)?;
    let note = String::from_utf8(bytes).map_err(|error| unread(io::Error::other(error)))?;
    let said = Manifest::said_from(&note)?;
    let sender = config.gateway_of(&said);
    let sender = sender.ok_or_else(|| UnpackError::Stranger(said.clone()))?;
    let manifest = Manifest::open(&note, &said, &sender.statement_key)?;
    Ok(Checked {
        manifest,
        manifest_sha256: Manifest::digest(&note),
        sender,
    })
}

/// Opens the parcel at `place`, and writes its instances into `out`, a folder that is made. Where the
/// key is released online, `exchange` puts a request to the sender: path, and body; it gives the body
/// of the answer, or why there is none.
///
/// # Errors
/// When the parcel is not for us, is not released, or anything in it is not what was signed: nothing
/// is left in `out` then but what was whole.
pub fn unpack(
    place: &Place,
    checked: &Checked<'_>,
    asking: &Asking<'_>,
    out: &Path,
    exchange: impl FnOnce(&str, String) -> Result<String, String>,
) -> Result<Unpacked, UnpackError> {
    let manifest = &checked.manifest;
    let from = &manifest.from;
    if manifest.to != *asking.own {
        return Err(UnpackError::Others {
            from: from.clone(),
            to: manifest.to.clone(),
            own: asking.own.clone(),
        });
    }
    let own = asking.secret.public().id();
    if manifest.recipient_key != own {
        return Err(UnpackError::OtherKey {
            from: from.clone(),
            sealed: manifest.recipient_key,
            own,
        });
    }
    let (key, decision) = match &manifest.key {
        Some(wrapped) => (wrapped.open(asking.secret, &manifest.binding())?, None),
        None => {
            let (release, key) = released(checked, asking, exchange)?;
            (key, Some(release.decision))
        }
    };
    let Some((listed, objects)) = manifest.parts() else {
        return Err(UnpackError::Contents(ContentsError::Unread(
            "there is none".to_owned(),
        )));
    };
    Contents::check_length(listed.bytes)?;
    let mut bytes = Vec::new();
    opened(place, manifest, listed, &key, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    let contents = Contents::read(&bytes, manifest)?;
    let told = |source| UnpackError::Write {
        path: out.to_owned(),
        source,
    };
    fs::create_dir_all(out).map_err(told)?;
    let mut unpacked = Unpacked {
        files: Vec::new(),
        bytes: 0,
        decision,
    };
    for (listed, instance) in objects.iter().zip(&contents.instances) {
        let path = written(place, manifest, listed, instance, &key, out)?;
        unpacked.files.push(path);
        unpacked.bytes = unpacked.bytes.saturating_add(instance.bytes);
    }
    let sync = |dir: &Path| File::open(dir)?.sync_all();
    sync(out).map_err(told)?;
    // The folder may be new.
    if let Some(parent) = out.parent().filter(|parent| *parent != Path::new("")) {
        sync(parent).map_err(told)?;
    }
    Ok(unpacked)
}

/// Asks the sender for the key.
fn released(
    checked: &Checked<'_>,
    asking: &Asking<'_>,
    exchange: impl FnOnce(&str, String) -> Result<String, String>,
) -> Result<(KeyRelease, ContentKey), UnpackError> {
    let manifest = &checked.manifest;
    let from = manifest.from.clone();
    let not_believed = |error| UnpackError::Release {
        from: manifest.from.clone(),
        error,
    };
    let request = OpenRequest {
        id: manifest.id,
        manifest_sha256: checked.manifest_sha256,
        from: asking.own.clone(),
        to: from.clone(),
        at: asking.at,
    };
    let request = request.sign(asking.signer).map_err(not_believed)?;
    let path = format!("parcels/{}/open", manifest.id);
    let answer = exchange(&path, request);
    let answer = answer.map_err(|words| UnpackError::Refused { from, words })?;
    KeyRelease::open(
        &answer,
        manifest,
        &checked.manifest_sha256,
        &checked.sender.statement_key,
        asking.secret,
    )
    .map_err(not_believed)
}

/// Opens one sealed file, and checks its length and digest.
fn opened(
    place: &Place,
    manifest: &Manifest,
    listed: &Listed,
    key: &ContentKey,
    mut give: impl FnMut(&[u8]) -> Result<(), UnpackError>,
) -> Result<(), UnpackError> {
    let name = &listed.name;
    let (source, found) = place.read(name).map_err(|source| UnpackError::Unread {
        name: name.clone(),
        source,
    })?;
    if found != listed.bytes {
        return Err(UnpackError::Length {
            name: name.clone(),
            found,
            listed: listed.bytes,
        });
    }
    let sealed = |error| UnpackError::Sealed {
        name: name.clone(),
        error,
    };
    let opener = open_stream(key, manifest.id, name, source, listed.bytes);
    let mut opener = opener.map_err(sealed)?;
    while let Some(piece) = opener.next().map_err(sealed)? {
        give(&piece)?;
    }
    if opener.sha256() != listed.sha256 {
        return Err(digest(name, "the digest", manifest));
    }
    Ok(())
}

fn digest(name: &str, what: &'static str, manifest: &Manifest) -> UnpackError {
    UnpackError::Digest {
        name: name.to_owned(),
        what,
        who: manifest.from.clone(),
    }
}

/// Writes one instance, which gets its name only when all of it was what the sender signed.
fn written(
    place: &Place,
    manifest: &Manifest,
    listed: &Listed,
    instance: &Instance,
    key: &ContentKey,
    out: &Path,
) -> Result<PathBuf, UnpackError> {
    let mut path = out.join(format!("{}.dcm", instance.sop_instance));
    if path.exists() {
        path = out.join(format!("{}-{}.dcm", instance.sop_instance, listed.name));
    }
    let draft = out.join(format!("{}.draft", listed.name));
    let told = |source| UnpackError::Write {
        path: draft.clone(),
        source,
    };
    let made = OpenOptions::new().write(true).create_new(true).open(&draft);
    let mut file = made.map_err(told)?;
    let head = part10_head(
        &instance.sop_class,
        &instance.sop_instance,
        &instance.transfer_syntax,
        IMPLEMENTATION_CLASS_UID,
    );
    let done = (|| {
        file.write_all(&head).map_err(told)?;
        let (mut hasher, mut bytes) = (Hasher::new(), 0_u64);
        opened(place, manifest, listed, key, |piece| {
            hasher.update(piece);
            bytes = bytes.saturating_add(piece.len() as u64);
            file.write_all(piece).map_err(told)
        })?;
        if hasher.finish() != instance.sha256 || bytes != instance.bytes {
            return Err(digest(&listed.name, "the data set's digest", manifest));
        }
        file.sync_all().map_err(told)?;
        // Another file of that name is not replaced.
        fs::hard_link(&draft, &path).map_err(|source| UnpackError::Write {
            path: path.clone(),
            source,
        })
    })();
    let _gone = fs::remove_file(&draft);
    done.map(|()| path)
}
