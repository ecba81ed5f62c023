//! The keys of parcels: the recipient's, the parcel's own, and how the one wraps the other.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpke::Deserializable as _;
use hpke::Kem as _;
use hpke::OpModeR;
use hpke::OpModeS;
use hpke::Serializable as _;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::CryptoRng;
use hpke::rand_core::RngCore;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use zeroize::Zeroizing;

use crate::contract::InstitutionSlug;
use crate::digest::Sha256;
use crate::digest::canonical_json;
use crate::parcel::ParcelId;

/// HPKE's suite (RFC 9180 §7): KEM 0x0020, KDF 0x0001, AEAD 0x0002.
type Kem = X25519HkdfSha256;
type Public = <Kem as hpke::Kem>::PublicKey;
type Private = <Kem as hpke::Kem>::PrivateKey;
type Encapped = <Kem as hpke::Kem>::EncappedKey;

/// Begins HPKE's info: what is wrapped is a parcel's key, of this version.
const LABEL: &str = "credence-parcel-key/v1";

/// Bytes of a key on Curve25519 (RFC 7748), and of a parcel's own key.
const KEY_BYTES: usize = 32;

/// Bytes of a wrapped key: the key and the tag.
const WRAPPED_BYTES: usize = KEY_BYTES + 16;

/// The key to which parcels for one gateway are sealed: an X25519 public key (RFC 7748), base64 as
/// text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParcelKey([u8; KEY_BYTES]);

/// A text that is no parcel key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a parcel key is the base64 of the 32 bytes of an X25519 public key")]
pub struct NotAParcelKey;

impl ParcelKey {
    /// What names the key in a manifest: SHA-256 of its bytes.
    pub fn id(&self) -> Sha256 {
        Sha256::of(&[&self.0])
    }
}

impl FromStr for ParcelKey {
    type Err = NotAParcelKey;

    fn from_str(text: &str) -> Result<Self, NotAParcelKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| NotAParcelKey)?;
        let bytes = bytes.try_into().map_err(|_| NotAParcelKey)?;
        // All zeroes come of a file that was never written: whatever is agreed with it is known to all.
        if bytes == [0; KEY_BYTES] {
            return Err(NotAParcelKey);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for ParcelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for ParcelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParcelKey({self})")
    }
}

/// Its private half.
#[derive(Clone)]
pub struct ParcelSecret {
    private: Private,
    public: ParcelKey,
}

impl ParcelSecret {
    /// The key of 32 random bytes; `None` when they are none of X25519's.
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Option<Self> {
        let private = Private::from_bytes(bytes).ok()?;
        let public = Kem::sk_to_pk(&private).to_bytes();
        Some(Self {
            private,
            public: ParcelKey(public.into()),
        })
    }

    /// What others seal to.
    pub const fn public(&self) -> &ParcelKey {
        &self.public
    }
}

impl fmt::Debug for ParcelSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParcelSecret({})", self.public)
    }
}

/// The key of one parcel, from which those of its objects are derived.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentKey(Zeroizing<[u8; KEY_BYTES]>);

impl ContentKey {
    /// The key of these random bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey")
    }
}

/// What a wrapped key is bound to: it opens for nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Binding {
    /// The parcel.
    pub id: ParcelId,
    /// The entry of the decision under which it was sealed, in the sender's ledger.
    pub decision: u64,
    /// Salted digest of its study.
    pub study: Sha256,
    /// Who sealed it.
    pub from: InstitutionSlug,
    /// For whom.
    pub to: InstitutionSlug,
    /// [`ParcelKey::id`] of the key that it is wrapped to.
    pub recipient_key: Sha256,
}

impl Binding {
    /// HPKE's info: a label, a newline, canonical JSON.
    fn info(&self) -> Result<Vec<u8>, WrapError> {
        let text = canonical_json(self).map_err(|_| WrapError)?;
        Ok(format!("{LABEL}\n{text}").into_bytes())
    }
}

/// A content key, wrapped: base64 as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapped {
    /// HPKE's encapsulated key.
    #[serde(with = "as_base64")]
    enc: [u8; KEY_BYTES],
    /// Ciphertext and tag.
    #[serde(with = "as_base64")]
    wrapped: [u8; WRAPPED_BYTES],
}

/// A key that does not wrap or unwrap: of another recipient or parcel, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its key does not unwrap: it was wrapped to another key, for another parcel, decision, study, \
     sender or recipient, or was changed"
)]
pub struct WrapError;

impl Wrapped {
    /// Wraps `key` to `recipient`; `ephemeral` are random bytes that are used for nothing else.
    ///
    /// # Errors
    /// When the recipient's key is none that can be agreed with.
    pub fn new(
        key: &ContentKey,
        recipient: &ParcelKey,
        binding: &Binding,
        ephemeral: &[u8; KEY_BYTES],
    ) -> Result<Self, WrapError> {
        let mut random = Once(Some(Zeroizing::new(*ephemeral)));
        let (enc, wrapped) = seal(
            key.as_bytes(),
            recipient,
            &binding.info()?,
            &[],
            &mut random,
        )?;
        Ok(Self {
            enc,
            wrapped: wrapped.try_into().map_err(|_| WrapError)?,
        })
    }

    /// Unwraps it.
    ///
    /// # Errors
    /// When it was wrapped to another key or bound to something else, or was changed.
    pub fn open(&self, secret: &ParcelSecret, binding: &Binding) -> Result<ContentKey, WrapError> {
        let enc = Encapped::from_bytes(&self.enc).map_err(|_| WrapError)?;
        let opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, Kem>(
            &OpModeR::Base,
            &secret.private,
            &enc,
            &binding.info()?,
            &self.wrapped,
            &[],
        );
        let opened = Zeroizing::new(opened.map_err(|_| WrapError)?);
        let bytes = opened.as_slice().try_into().map_err(|_| WrapError)?;
        Ok(ContentKey::from_bytes(bytes))
    }
}

/// HPKE's single-shot encryption in base mode (RFC 9180 §6.1).
fn seal(
    text: &[u8],
    recipient: &ParcelKey,
    info: &[u8],
    associated: &[u8],
    random: &mut Once,
) -> Result<([u8; KEY_BYTES], Vec<u8>), WrapError> {
    let public = Public::from_bytes(&recipient.0).map_err(|_| WrapError)?;
    let sealed = hpke::single_shot_seal::<AesGcm256, HkdfSha256, Kem, _>(
        &OpModeS::Base,
        &public,
        info,
        text,
        associated,
        random,
    );
    let (enc, sealed) = sealed.map_err(|_| WrapError)?;
    // HPKE asks for the material of one key pair. Had it asked for more, it would have got zeroes.
    if random.0.is_some() {
        return Err(WrapError);
    }
    Ok((enc.to_bytes().into(), sealed))
}

/// Random bytes that were passed in, as a source of them: gives them once, as a whole.
struct Once(Option<Zeroizing<[u8; KEY_BYTES]>>);

impl RngCore for Once {
    fn next_u32(&mut self) -> u32 {
        hpke::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        hpke::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
        if bytes.len() == KEY_BYTES
            && let Some(given) = self.0.take()
        {
            bytes.copy_from_slice(&*given);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), hpke::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Once {}

/// Bytes of a fixed number as base64.
mod as_base64 {
    use super::Deserialize;
    use super::Deserializer;
    use super::STANDARD;
    use super::Serializer;
    use base64::Engine as _;

    pub(super) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        let found = bytes.len();
        bytes
            .try_into()
            .map_err(|_| serde::de::Error::custom(format!("{found} bytes in base64, not {N}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::fixtures::binding;
    use crate::parcel::fixtures::secret;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
        digits.map(byte).collect()
    }

    /// The vector of the suite (mode 0, KEM 0x0020, KDF 0x0001, AEAD 0x0002) among those that belong
    /// to RFC 9180 (github.com/cfrg/draft-irtf-cfrg-hpke, test-vectors.json), its first encryption.
    #[test]
    fn keys_are_wrapped_as_rfc_9180_says() {
        let ikm = bytes("2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9");
        let private = bytes("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d");
        let public = bytes("430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c");
        let enc = bytes("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256");
        let text = bytes("4265617574792069732074727574682c20747275746820626561757479");
        let sealed = bytes(
            "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a",
        );
        let secret = ParcelSecret::from_bytes(&private.try_into().unwrap()).unwrap();
        assert_eq!(secret.public().0[..], public);
        let mut random = Once(Some(Zeroizing::new(ikm.try_into().unwrap())));
        let info = bytes("4f6465206f6e2061204772656369616e2055726e");
        let found = seal(&text, secret.public(), &info, b"Count-0", &mut random);
        assert_eq!(found, Ok((enc.try_into().unwrap(), sealed)));
    }

    #[test]
    fn a_wrapped_key_opens_for_its_recipient() {
        let (secret, key) = (secret(7), ContentKey::from_bytes([9; 32]));
        let wrapped = Wrapped::new(&key, secret.public(), &binding(), &[3; 32]).unwrap();
        assert_eq!(wrapped.open(&secret, &binding()), Ok(key.clone()));
        let other = Wrapped::new(&key, secret.public(), &binding(), &[4; 32]).unwrap();
        assert_ne!(wrapped.enc, other.enc);
        let text = serde_json::to_string(&wrapped).unwrap();
        assert_eq!(serde_json::from_str::<Wrapped>(&text).unwrap(), wrapped);
    }

    #[test]
    fn a_wrapped_key_opens_for_nobody_else() {
        let key = ContentKey::from_bytes([9; 32]);
        let wrapped = Wrapped::new(&key, secret(7).public(), &binding(), &[3; 32]).unwrap();
        assert_eq!(wrapped.open(&secret(8), &binding()), Err(WrapError));
    }

    #[test]
    fn a_wrapped_key_opens_for_nothing_else() {
        let (secret, key) = (secret(7), ContentKey::from_bytes([9; 32]));
        let wrapped = Wrapped::new(&key, secret.public(), &binding(), &[3; 32]).unwrap();
        let good = binding();
        let id = ParcelId::from_bytes([1; 16]);
        let (from, to) = (good.to.clone(), good.from.clone());
        for other in [
            Binding { id, ..binding() },
            Binding {
                decision: good.decision + 1,
                ..binding()
            },
            Binding {
                study: Sha256::ZERO,
                ..binding()
            },
            Binding { from, ..binding() },
            Binding { to, ..binding() },
            Binding {
                recipient_key: Sha256::ZERO,
                ..binding()
            },
        ] {
            assert_eq!(wrapped.open(&secret, &other), Err(WrapError), "{other:?}");
        }
    }

    #[test]
    fn every_changed_bit_of_a_wrapped_key_is_found() {
        let (secret, key) = (secret(7), ContentKey::from_bytes([9; 32]));
        let wrapped = Wrapped::new(&key, secret.public(), &binding(), &[3; 32]).unwrap();
        for place in 0..WRAPPED_BYTES * 8 {
            let mut bad = wrapped.clone();
            bad.wrapped[place / 8] ^= 1 << (place % 8);
            assert_eq!(bad.open(&secret, &binding()), Err(WrapError));
        }
        for place in 0..KEY_BYTES * 8 {
            let mut bad = wrapped.clone();
            bad.enc[place / 8] ^= 1 << (place % 8);
            assert_eq!(bad.open(&secret, &binding()), Err(WrapError), "bit {place}");
        }
    }

    #[test]
    fn a_key_with_which_nothing_is_agreed_is_refused() {
        let zero = STANDARD.encode([0; 32]);
        assert_eq!(zero.parse::<ParcelKey>(), Err(NotAParcelKey));
        // Of order 8 (RFC 7748 §6.1): what comes of it is zero, whatever the private key.
        let small = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        let small = ParcelKey(bytes(small).try_into().unwrap());
        let key = ContentKey::from_bytes([9; 32]);
        let wrapped = Wrapped::new(&key, &small, &binding(), &[3; 32]);
        assert_eq!(wrapped, Err(WrapError));
    }

    #[test]
    fn a_parcel_key_reads_back_and_shows_no_secret() {
        let secret = secret(7);
        let text = secret.public().to_string();
        assert_eq!(text.parse(), Ok(*secret.public()));
        assert_eq!(format!("{secret:?}"), format!("ParcelSecret({text})"));
        for text in ["", "AAAA", "no key", text.trim_end_matches('=')] {
            assert_eq!(text.parse::<ParcelKey>(), Err(NotAParcelKey));
        }
    }
}
