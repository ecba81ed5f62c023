//! A JSON Web Token (RFC 7519) in compact serialisation, verified as RFC 8725 advises: the algorithm
//! is one of a list, the key's own kind decides whether it fits, issuer, audience and expiry must be
//! there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Validation;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Map;
use serde_json::Value;

use crate::config::TokenClaims;
use crate::config::UserName;
use crate::identity::token_keys::TokenKeys;
use crate::time::UtcMicros;

const SECOND_MICROS: f64 = 1_000_000.0;

/// Why a token proves nothing. Nothing of the token is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Longer than `token_bytes_max`.
    #[error("a token of more than {0} bytes")]
    TooLong(usize),
    /// Not header, claims and signature.
    #[error("not a JSON Web Token")]
    NotAToken,
    /// Not signed, signed with a shared secret, or by an algorithm that is not allowed.
    #[error("a token that is signed by no algorithm of the list")]
    Algorithm,
    /// It demands an extension (RFC 7515 §4.1.11).
    #[error("a token with critical extensions, of which none is known")]
    Critical,
    /// No key of the set, or several, fit name and algorithm.
    #[error("a token by a key that the key set does not have")]
    Key,
    /// The signature is not by that key.
    #[error("a token whose signature is wrong")]
    Signature,
    /// By somebody else.
    #[error("a token of another issuer")]
    Issuer,
    /// For somebody else.
    #[error("a token for another audience")]
    Audience,
    /// The answer to another request, or to none.
    #[error("a token with another nonce")]
    Nonce,
    /// It never expires.
    #[error("a token without an expiry")]
    NoExpiry,
    /// Its time is over.
    #[error("an expired token")]
    Expired,
    /// Its time has not come.
    #[error("a token that is not valid yet")]
    NotYet,
    /// Nobody is named, or by what is no name.
    #[error("a token that names no user")]
    NoUser,
}

/// What is read of a header here; algorithm and key id are read by the verifier.
#[derive(Deserialize)]
struct Critical {
    crit: Option<IgnoredAny>,
}

/// The user that `token` proves at `now`.
///
/// # Errors
/// When it proves nobody.
pub fn verify(
    token: &[u8],
    wanted: &TokenClaims,
    keys: &TokenKeys,
    now: UtcMicros,
) -> Result<UserName, TokenFault> {
    let claims = believed(token, wanted, keys, now)?;
    user(&claims, wanted)
}

/// The user that an ID token (OpenID Connect Core 1.0 §3.1.3.7) proves at `now`, in answer to the request that said
/// `nonce`. The audience is the client that asked.
///
/// # Errors
/// When it proves nobody, or answers another request.
pub fn verify_id_token(
    token: &[u8],
    wanted: &TokenClaims,
    keys: &TokenKeys,
    now: UtcMicros,
    nonce: &str,
) -> Result<UserName, TokenFault> {
    let claims = believed(token, wanted, keys, now)?;
    let says = |name: &str| claims.get(name).and_then(Value::as_str);
    if says("nonce") != Some(nonce) {
        return Err(TokenFault::Nonce);
    }
    // Of several audiences, one asked for the token, and that has to be us.
    let several = matches!(claims.get("aud"), Some(Value::Array(all)) if all.len() > 1);
    let is_ours = match claims.get("azp") {
        None => !several,
        Some(_) => says("azp") == Some(wanted.audience.as_str()),
    };
    if !is_ours {
        return Err(TokenFault::Audience);
    }
    // Anybody may say that any address is theirs, until the provider has seen to it.
    let by_email = wanted.user_claim.as_str() == "email";
    if by_email && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return Err(TokenFault::NoUser);
    }
    user(&claims, wanted)
}

/// The claims, if they are signed, meant for us, and count now.
fn believed(
    token: &[u8],
    wanted: &TokenClaims,
    keys: &TokenKeys,
    now: UtcMicros,
) -> Result<Map<String, Value>, TokenFault> {
    if token.len() > wanted.bytes_max {
        return Err(TokenFault::TooLong(wanted.bytes_max));
    }
    let token = std::str::from_utf8(token).map_err(|_| TokenFault::NotAToken)?;
    // Some senders pad the field to an even length, as values of data sets are.
    let token = token.trim_matches([' ', '\0']);
    let claims = signed_claims(token, keys)?;
    check(&claims, wanted, now)?;
    Ok(claims)
}

fn user(claims: &Map<String, Value>, wanted: &TokenClaims) -> Result<UserName, TokenFault> {
    let name = claims.get(wanted.user_claim.as_str());
    let name = name.and_then(Value::as_str).ok_or(TokenFault::NoUser)?;
    name.parse().map_err(|_| TokenFault::NoUser)
}

/// The claims, if a key of the set signed them.
fn signed_claims(token: &str, keys: &TokenKeys) -> Result<Map<String, Value>, TokenFault> {
    let (header, rest) = token.split_once('.').ok_or(TokenFault::NotAToken)?;
    if rest.matches('.').count() != 1 {
        return Err(TokenFault::NotAToken);
    }
    let bytes = URL_SAFE_NO_PAD.decode(header);
    let bytes = bytes.map_err(|_| TokenFault::NotAToken)?;
    let critical: Critical = serde_json::from_slice(&bytes).map_err(|_| TokenFault::NotAToken)?;
    if critical.crit.is_some() {
        return Err(TokenFault::Critical);
    }
    // An algorithm that the verifier does not know, `none` among them, fails here.
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Algorithm)?;
    let found = keys.find(header.kid.as_deref(), header.alg);
    let Some(found) = found else {
        return Err(match header.alg {
            jsonwebtoken::Algorithm::HS256
            | jsonwebtoken::Algorithm::HS384
            | jsonwebtoken::Algorithm::HS512 => TokenFault::Algorithm,
            _ => TokenFault::Key,
        });
    };
    let mut validation = Validation::new(header.alg);
    // Times and names are checked below, by the gateway's own clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode(token, &found.key, &validation);
    decoded
        .map(|decoded| decoded.claims)
        .map_err(|_| TokenFault::Signature)
}

fn check(
    claims: &Map<String, Value>,
    tokens: &TokenClaims,
    now: UtcMicros,
) -> Result<(), TokenFault> {
    if claims.get("iss").and_then(Value::as_str) != Some(tokens.issuer.as_str()) {
        return Err(TokenFault::Issuer);
    }
    let audience = tokens.audience.as_str();
    let is_for_us = match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(audience)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    };
    if !is_for_us {
        return Err(TokenFault::Audience);
    }
    let leeway = i64::try_from(tokens.leeway.as_micros()).unwrap_or(0);
    let expiry = claims.get("exp").ok_or(TokenFault::NoExpiry)?;
    let expiry = moment(expiry).ok_or(TokenFault::NoExpiry)?;
    if now.0 >= expiry.saturating_add(leeway) {
        return Err(TokenFault::Expired);
    }
    if let Some(begin) = claims.get("nbf") {
        let begin = moment(begin).ok_or(TokenFault::NotYet)?;
        if now.0 < begin.saturating_sub(leeway) {
            return Err(TokenFault::NotYet);
        }
    }
    Ok(())
}

/// A NumericDate (RFC 7519 §2): seconds since 1970, perhaps with a fraction.
fn moment(value: &Value) -> Option<i64> {
    if let Some(seconds) = value.as_i64() {
        return seconds.checked_mul(1_000_000);
    }
    let micros = value.as_f64()? * SECOND_MICROS;
    // i64::MAX has no exact f64; whatever is near it is no date.
    let sound = micros.is_finite() && micros.abs() < 9.0e18;
    #[expect(clippy::cast_possible_truncation, reason = "checked on the line above")]
    sound.then_some(micros as i64)
}

#[cfg(test)]
mod tests;
