//! Sealed parcels for another gateway: where they are left, and how their keys are released.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::SecretFile;
use crate::config::WebUrl;
use crate::config::reading::Readable;
use crate::config::reading::Section;
use crate::config::url::Http;
use crate::config::url::Https;
use crate::parcel::ParcelKey;
use crate::parcel::Release;

/// `parcels_to` of a `[[gateway_peer]]`, and what belongs to it: what is stored to that hospital is
/// sealed and left somewhere, in place of an association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcels {
    /// Where they are left.
    pub to: ParcelStore,
    /// How their keys come to the recipient.
    pub release: Release,
    /// Without another instance for so long, what waits of a study is sealed.
    pub after: Duration,
    /// Released online: after so long the key of a parcel is destroyed.
    pub keep: Duration,
}

/// Where parcels are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParcelStore {
    /// A folder.
    Folder(PathBuf),
    /// A store that speaks S3.
    S3(Box<S3Store>),
}

/// A store that speaks S3, and who we are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Store {
    /// Bucket and prefix.
    pub place: S3Place,
    /// Where it answers.
    pub endpoint: WebUrl,
    /// Its region.
    pub region: String,
    /// The file of the access key's id.
    pub access_key: SecretFile,
    /// The file of the secret key.
    pub secret_key: SecretFile,
    /// PEM: the authorities that are believed about its certificate.
    pub authorities: Vec<PathBuf>,
}

/// `s3://bucket/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Place {
    /// The bucket.
    pub bucket: String,
    /// What the names of all objects begin with; empty, or parts joined by `/`.
    pub prefix: String,
}

/// A folder or a place in a store.
enum To {
    Folder(PathBuf),
    S3(S3Place),
}

/// Of `s3://`.
const BUCKET_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=63;

/// Characters of the longest prefix.
const PREFIX_CHARACTERS_MAX: usize = 255;

/// A day, in seconds.
const DAY_S: u64 = 86_400;

impl Parcels {
    /// `None` where `parcels_to` is absent, or a fault was noted.
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Option<Self> {
        let to: Option<To> = section.optional("parcels_to");
        let release = section.optional("parcels_release").unwrap_or_default();
        let after = section.seconds("parcels_after_s", Duration::from_secs(10), 1..=86_400);
        let days: u64 = section.number("parcels_keep_days", 30, 1..=3_650);
        let s3 = Access::read(section, base_dir);
        let to = match to {
            Some(To::S3(place)) => ParcelStore::S3(Box::new(s3.store(section, place)?)),
            Some(To::Folder(path)) => {
                s3.refuse(section);
                ParcelStore::Folder(base_dir.join(path))
            }
            None => {
                s3.refuse(section);
                return None;
            }
        };
        Some(Self {
            to,
            release,
            after,
            keep: Duration::from_secs(days.saturating_mul(DAY_S)),
        })
    }
}

/// The keys of a row that are about a store that speaks S3.
struct Access {
    endpoint: Option<WebUrl>,
    region: Option<String>,
    access_key: Option<SecretFile>,
    secret_key: Option<SecretFile>,
    authorities: Vec<PathBuf>,
}

/// Those without a default.
const ACCESS: [&str; 4] = [
    "parcels_endpoint",
    "parcels_access_key",
    "parcels_secret_key",
    "parcels_authorities",
];

impl Access {
    fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Self {
        let endpoint: Option<Endpoint> = section.optional("parcels_endpoint");
        let region: Option<Region> = section.optional("parcels_region");
        let access_key: Option<SecretFile> = section.optional("parcels_access_key");
        let secret_key: Option<SecretFile> = section.optional("parcels_secret_key");
        let authorities: Option<Vec<PathBuf>> = section.optional_list("parcels_authorities");
        let authorities = authorities.unwrap_or_default().into_iter();
        Self {
            endpoint: endpoint.map(|Endpoint(url)| url),
            region: region.map(|Region(name)| name),
            access_key: access_key.map(|file| file.within(base_dir)),
            secret_key: secret_key.map(|file| file.within(base_dir)),
            authorities: authorities.map(|path| base_dir.join(path)).collect(),
        }
    }

    fn store(self, section: &mut Section<'_, '_>, place: S3Place) -> Option<S3Store> {
        for key in [
            "parcels_endpoint",
            "parcels_access_key",
            "parcels_secret_key",
        ] {
            if !section.has(key) {
                let why = "where the store answers, and the files of the key that it knows us by";
                section.fault(key, "is missing beside s3://", why);
            }
        }
        let endpoint = self.endpoint?;
        if endpoint.is_https() && !section.has("parcels_authorities") {
            let why = "PEM files: who is believed about the store's certificate";
            section.fault("parcels_authorities", "is missing beside https://", why);
        }
        Some(S3Store {
            place,
            endpoint,
            region: self.region.unwrap_or_else(|| "us-east-1".to_owned()),
            access_key: self.access_key?,
            secret_key: self.secret_key?,
            authorities: self.authorities,
        })
    }

    /// Of no use to a folder.
    fn refuse(&self, section: &mut Section<'_, '_>) {
        for key in ACCESS {
            if section.has(key) {
                section.fault(
                    key,
                    "is there without parcels_to = \"s3://…\"",
                    "no such key",
                );
            }
        }
    }
}

/// `http://` or `https://`.
struct Endpoint(WebUrl);

struct Region(String);

impl S3Place {
    /// Reads `s3://bucket/prefix`; `None` for anything else.
    pub fn from_url(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_end_matches('/');
        let in_bucket = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        let in_prefix = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(in_prefix);
        let is_sound = BUCKET_CHARACTERS.contains(&bucket.len())
            && bucket.bytes().all(in_bucket)
            && prefix.len() <= PREFIX_CHARACTERS_MAX
            && (prefix.is_empty() || prefix.split('/').all(part));
        is_sound.then(|| Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl Readable for To {
    const ALLOWED: &'static str = "a folder, or s3://bucket/prefix";

    fn read(text: &str) -> Result<Self, String> {
        if text.starts_with("s3:") {
            let place = S3Place::from_url(text);
            return place.map(Self::S3).ok_or_else(|| {
                format!(
                    "{text:?} names no bucket (3 to 63 of a-z, 0-9, '-' and '.') and prefix (of \
                     letters, digits, '-', '_', '.' and '/')"
                )
            });
        }
        PathBuf::read(text).map(Self::Folder)
    }
}

impl Readable for Endpoint {
    const ALLOWED: &'static str = "http://host:port or https://host:port, without a path";

    fn read(text: &str) -> Result<Self, String> {
        let url = match Https::read(text) {
            Ok(Https(url)) => url,
            Err(_) => Http::read(text).map(|Http(url)| url)?,
        };
        if url.path("") != "/" {
            return Err(format!("{text:?} has a path"));
        }
        Ok(Self(url))
    }
}

impl Readable for Region {
    const ALLOWED: &'static str = "the name of a region: 1 to 40 of a-z, 0-9 and '-'";

    fn read(text: &str) -> Result<Self, String> {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=40).contains(&text.len()) && text.bytes().all(good) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("{text:?} is none"))
    }
}

impl Readable for Release {
    const ALLOWED: &'static str = "online or offline";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "online" => Ok(Self::Online),
            "offline" => Ok(Self::Offline),
            _ => Err(format!("{text:?} is neither")),
        }
    }
}

impl Readable for ParcelKey {
    const ALLOWED: &'static str = "an X25519 public key: 32 bytes in base64";

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error| format!("{text:?} is not such a key: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_store_is_a_bucket_and_a_prefix() {
        let place = S3Place::from_url("s3://parcels/st-anna/to.b_1/").unwrap();
        assert_eq!(
            (&*place.bucket, &*place.prefix),
            ("parcels", "st-anna/to.b_1")
        );
        let place = S3Place::from_url("s3://parcels").unwrap();
        assert_eq!(place.prefix, "");
        for text in [
            "s3://",
            "s3://ab",
            "s3://Parcels",
            "s3://parcels/a//b",
            "s3://parcels/../b",
            "s3://parcels/a b",
            "s3://parcels/a?b",
            "https://parcels",
        ] {
            assert_eq!(S3Place::from_url(text), None, "{text}");
        }
    }
}
