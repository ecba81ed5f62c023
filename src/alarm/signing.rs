//! How a post to a webhook is signed: Standard Webhooks, symmetric (<https://www.standardwebhooks.com>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// Bytes of a key.
const KEY_BYTES_MIN: usize = 24;
const KEY_BYTES_MAX: usize = 64;

/// Why a secret signs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secret of a webhook: whsec_ and 24 to 64 bytes in Base64")]
pub struct NotASecret;

/// What signs.
pub(super) struct Key(hmac::Key);

impl Key {
    /// The key in a secret.
    pub(super) fn read(secret: &str) -> Result<Self, NotASecret> {
        let text = secret.trim().strip_prefix(PREFIX).ok_or(NotASecret)?;
        let bytes = STANDARD.decode(text).map_err(|_| NotASecret)?;
        match (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&bytes.len()) {
            true => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes))),
            false => Err(NotASecret),
        }
    }

    /// The header fields of a post of `body` at `second` of 1970: what it is called, when it is posted, and that it
    /// is ours. An id has no dot.
    pub(super) fn headers(&self, id: &str, second: i64, body: &str) -> [(&'static str, String); 3] {
        let signed = format!("{id}.{second}.{body}");
        let tag = hmac::sign(&self.0, signed.as_bytes());
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", second.to_string()),
            (
                "webhook-signature",
                format!("v1,{}", STANDARD.encode(tag.as_ref())),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_signed_as_the_specification_shows() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
        let headers = Key::read(secret).ok().unwrap().headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(headers[1].1, "1614265330");
        assert_eq!(
            headers[2].1,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn what_is_no_secret_signs_nothing() {
        for bad in [
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_",
            "whsec_short",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZI",
            "whsec_!!!!9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert!(Key::read(bad).is_err(), "{bad}");
        }
    }
}
