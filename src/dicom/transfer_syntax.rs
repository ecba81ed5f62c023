//! Transfer syntaxes (PS3.5 §10, Annex A; PS3.6 Table A-1), as far as a reader of the first
//! elements must know them: how the data set around the pixel data is encoded.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::dicom::Uid;

/// How a data set, outside encapsulated pixel data, is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Implicit VR Little Endian (PS3.5 §A.1).
    ImplicitLittle,
    /// Explicit VR Little Endian (PS3.5 §A.2), also around encapsulated pixel data (§A.4).
    ExplicitLittle,
    /// Explicit VR Big Endian (retired; PS3.5-2016b §A.3).
    ExplicitBig,
    /// Explicit VR Little Endian, deflated as a whole (PS3.5 §A.5).
    DeflatedLittle,
}

/// UIDs of the transfer syntaxes that are not encapsulated.
pub mod uids {
    /// Implicit VR Little Endian, the default transfer syntax.
    pub const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
    /// Explicit VR Little Endian.
    pub const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
    /// Explicit VR Big Endian (retired).
    pub const EXPLICIT_BIG: &str = "1.2.840.10008.1.2.2";
    /// Deflated Explicit VR Little Endian.
    pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
}

/// JPIP Referenced Deflate and JPIP HTJ2K Referenced Deflate: deflated as a whole.
const JPIP_DEFLATED: [&str; 2] = ["1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"];

/// RLE, encapsulated uncompressed, deflated frames: Explicit VR Little Endian around the pixels.
const ENCAPSULATED: [&str; 3] = [
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.1.98",
    "1.2.840.10008.1.2.8.1",
];

/// The arc of JPEG, JPEG-LS, JPEG 2000, JPIP, MPEG, HEVC, HTJ2K and JPEG XL, and what is assigned
/// in it (PS3.6-2025 Table A-1) with Explicit VR Little Endian around the pixels (PS3.5 §A.4, A.6).
const COMPRESSED_ARC: &str = "1.2.840.10008.1.2.4.";
const COMPRESSED: [&str; 48] = [
    "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63", "64", "65",
    "66", "70", "80", "81", "90", "91", "92", "93", "94", "100", "100.1", "101", "101.1", "102",
    "102.1", "103", "103.1", "104", "104.1", "105", "105.1", "106", "106.1", "107", "108", "110",
    "111", "112", "201", "202", "203", "204",
];

/// The encoding of a transfer syntax. A private one is known only if `private` names it, and
/// `None` means that its data sets cannot be read, hence not judged, hence not accepted.
///
/// Not known on purpose: RFC 2557 and XML encodings (retired, not of data sets), SMPTE ST 2110
/// (real-time video, no associations), Papyrus 3.
pub fn encoding_of(uid: &Uid, private: &BTreeMap<Uid, Encoding>) -> Option<Encoding> {
    match uid.as_str() {
        uids::IMPLICIT_LITTLE => Some(Encoding::ImplicitLittle),
        uids::EXPLICIT_LITTLE => Some(Encoding::ExplicitLittle),
        uids::EXPLICIT_BIG => Some(Encoding::ExplicitBig),
        uids::DEFLATED => Some(Encoding::DeflatedLittle),
        other if JPIP_DEFLATED.contains(&other) => Some(Encoding::DeflatedLittle),
        other if ENCAPSULATED.contains(&other) || is_compressed(other) => {
            Some(Encoding::ExplicitLittle)
        }
        _ => private.get(uid).copied(),
    }
}

fn is_compressed(uid: &str) -> bool {
    uid.strip_prefix(COMPRESSED_ARC)
        .is_some_and(|assigned| COMPRESSED.contains(&assigned))
}

/// Transfer syntaxes that images are fetched in, the plainest first: one presentation context is
/// proposed for each, and an archive sends in the one in which it keeps the image.
pub fn retrieved_syntaxes() -> impl Iterator<Item = Uid> {
    RETRIEVED.iter().filter_map(|uid| uid.parse().ok())
}

/// See [`retrieved_syntaxes`]. PS3.5 §10 and Annex A.
const RETRIEVED: [&str; 18] = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.4.102",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(uid: &str) -> Option<Encoding> {
        encoding_of(&uid.parse().unwrap(), &BTreeMap::new())
    }

    #[test]
    fn encapsulated_syntaxes_are_explicit_little_endian_around_the_pixels() {
        for uid in [
            "1.2.840.10008.1.2.4.50",
            "1.2.840.10008.1.2.4.90",
            "1.2.840.10008.1.2.4.100.1",
            "1.2.840.10008.1.2.4.203",
            "1.2.840.10008.1.2.5",
            "1.2.840.10008.1.2.1.98",
            "1.2.840.10008.1.2.8.1",
        ] {
            assert_eq!(encoding(uid), Some(Encoding::ExplicitLittle), "{uid}");
        }
    }

    #[test]
    fn the_four_plain_encodings_and_the_deflated_jpip_ones_are_told_apart() {
        assert_eq!(
            encoding(uids::IMPLICIT_LITTLE),
            Some(Encoding::ImplicitLittle)
        );
        assert_eq!(
            encoding(uids::EXPLICIT_LITTLE),
            Some(Encoding::ExplicitLittle)
        );
        assert_eq!(encoding(uids::EXPLICIT_BIG), Some(Encoding::ExplicitBig));
        assert_eq!(encoding(uids::DEFLATED), Some(Encoding::DeflatedLittle));
        assert_eq!(
            encoding("1.2.840.10008.1.2.4.95"),
            Some(Encoding::DeflatedLittle)
        );
    }

    #[test]
    fn a_private_syntax_is_known_only_if_configured_and_never_redefines_a_standard_one() {
        let ge: Uid = "1.2.840.113619.5.2".parse().unwrap();
        let rle: Uid = "1.2.840.10008.1.2.5".parse().unwrap();
        let private = BTreeMap::from([
            (ge.clone(), Encoding::ImplicitLittle),
            (rle.clone(), Encoding::ImplicitLittle),
        ]);
        assert_eq!(encoding_of(&ge, &BTreeMap::new()), None);
        assert_eq!(encoding_of(&ge, &private), Some(Encoding::ImplicitLittle));
        assert_eq!(encoding_of(&rle, &private), Some(Encoding::ExplicitLittle));
        assert_eq!(encoding("1.2.840.10008.1.2.6.2"), None);
        assert_eq!(encoding("1.2.840.10008.1.2.7.1"), None);
        assert_eq!(encoding("1.2.840.10008.1.20"), None);
        assert_eq!(encoding("1.2.840.10008.1.2.4.999"), None);
    }
}
