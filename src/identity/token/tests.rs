use std::path::Path;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::Header;
use serde_json::json;

use super::*;
use crate::config::Config;
use crate::identity::TokenKeysError;

/// RFC 8037 Appendix A.1: an Ed25519 key, and its public half.
const ED25519_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const ED25519_PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// RFC 7515 Appendix A.2: an RSA key's modulus, and a token that it signed.
const RSA_MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// RFC 7515 Appendix A.3: the same by ECDSA on P-256.
const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const EC_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const NOW_S: i64 = 1_800_000_000;

fn settings() -> TokenClaims {
    let text = r#"
gateway = { institution = "own" }
listener = [{ address = "127.0.0.1:104" }]
institution = [{ slug = "own", name = "Own" }]
ae = [{ title = "CREDENCE", purpose = "TREATMENT" }]
identity = { jwks = "keys.json", issuer = "https://login.example.org", audience = "credence" }
"#;
    let config = Config::parse(text, Path::new("/")).unwrap();
    config.identity.tokens.unwrap().claims
}

fn keys() -> TokenKeys {
    let set = json!({ "keys": [
        { "kty": "RSA", "kid": "rsa", "n": RSA_MODULUS, "e": "AQAB" },
        { "kty": "EC", "crv": "P-256", "kid": "ec", "x": EC_X, "y": EC_Y, "use": "sig" },
        { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": ED25519_PUBLIC, "alg": "EdDSA" },
        { "kty": "from-the-future", "kid": "new" },
    ]});
    TokenKeys::parse(set.to_string().as_bytes(), Path::new("keys.json")).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "https://login.example.org",
        "aud": "credence",
        "sub": "weber",
        "exp": NOW_S + 300,
    })
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut claims = claims();
    for (name, value) in changes {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(*name);
        } else {
            claims[*name] = value.clone();
        }
    }
    claims
}

fn signing_key() -> EncodingKey {
    // PKCS#8 (RFC 8410 §7) around the seed.
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend(URL_SAFE_NO_PAD.decode(ED25519_SEED).unwrap());
    EncodingKey::from_ed_der(&der)
}

fn signed(id: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = id.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, &signing_key()).unwrap()
}

/// A token with any header, and a signature that is none.
fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

fn verdict(token: &str) -> Result<String, TokenFault> {
    let now = UtcMicros(NOW_S * 1_000_000);
    let user = verify(token.as_bytes(), &settings(), &keys(), now);
    user.map(|name| name.to_string())
}

fn fault(token: &str) -> TokenFault {
    verdict(token).unwrap_err()
}

#[test]
fn a_sound_token_names_its_user() {
    for id in [None, Some("ed")] {
        assert_eq!(verdict(&signed(id, &claims())).as_deref(), Ok("weber"));
    }
    let padded = signed(None, &claims()) + " ";
    assert_eq!(verdict(&padded).as_deref(), Ok("weber"));
    let several = with(&[("aud", json!(["pacs", "credence"]))]);
    assert_eq!(verdict(&signed(None, &several)).as_deref(), Ok("weber"));
}

#[test]
fn the_signature_is_by_a_key_of_the_set() {
    let token = signed(None, &claims());
    let (start, signature) = token.rsplit_once('.').unwrap();
    let other = with(&[("sub", json!("chief"))]);
    let payload = URL_SAFE_NO_PAD.encode(other.to_string());
    let header = start.split_once('.').unwrap().0;
    assert_eq!(
        fault(&format!("{header}.{payload}.{signature}")),
        TokenFault::Signature
    );
    assert_eq!(fault(&format!("{start}.")), TokenFault::Signature);
    assert_eq!(fault(&signed(Some("rsa"), &claims())), TokenFault::Key);
    assert_eq!(fault(&signed(Some("who"), &claims())), TokenFault::Key);
}

#[test]
fn examples_of_the_standard_verify_and_are_for_somebody_else() {
    for token in [RSA_TOKEN, EC_TOKEN] {
        assert_eq!(fault(token), TokenFault::Issuer);
        let spoiled = format!("{token}A");
        assert_eq!(fault(&spoiled), TokenFault::Signature);
    }
}

#[test]
fn a_token_without_signature_or_by_a_shared_secret_is_none() {
    for none in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": none, "typ": "JWT" });
        assert_eq!(
            fault(&unsigned(&header, &claims(), "")),
            TokenFault::Algorithm
        );
    }
    let header = json!({ "typ": "JWT" });
    assert_eq!(
        fault(&unsigned(&header, &claims(), "")),
        TokenFault::Algorithm
    );
    // The public key, taken for the secret of a symmetric algorithm.
    let public = URL_SAFE_NO_PAD.decode(RSA_MODULUS).unwrap();
    for (algorithm, id) in [
        (Algorithm::HS256, None),
        (Algorithm::HS256, Some("rsa")),
        (Algorithm::HS512, Some("ed")),
    ] {
        let mut header = Header::new(algorithm);
        header.kid = id.map(str::to_owned);
        let secret = EncodingKey::from_secret(&public);
        let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
        assert_eq!(fault(&token), TokenFault::Algorithm);
    }
}

#[test]
fn a_key_within_the_token_is_not_believed() {
    let mut header = Header::new(Algorithm::EdDSA);
    let own = json!({ "kty": "OKP", "crv": "Ed25519", "x": ED25519_PUBLIC });
    header.jwk = serde_json::from_value(own).unwrap();
    let token = jsonwebtoken::encode(&header, &claims(), &signing_key()).unwrap();
    let set = json!({ "keys": [{ "kty": "RSA", "n": RSA_MODULUS, "e": "AQAB" }] });
    let keys = TokenKeys::parse(set.to_string().as_bytes(), Path::new("keys.json")).unwrap();
    let now = UtcMicros(NOW_S * 1_000_000);
    let verdict = verify(token.as_bytes(), &settings(), &keys, now);
    assert_eq!(verdict, Err(TokenFault::Key));
}

#[test]
fn critical_extensions_are_not_passed_over() {
    let header = json!({ "alg": "EdDSA", "crit": ["exp"] });
    assert_eq!(
        fault(&unsigned(&header, &claims(), "AAAA")),
        TokenFault::Critical
    );
}

#[test]
fn issuer_audience_and_time_are_what_the_site_says() {
    for (changes, expected) in [
        (
            ("iss", json!("https://evil.example.org")),
            TokenFault::Issuer,
        ),
        (("iss", Value::Null), TokenFault::Issuer),
        (("aud", json!("pacs")), TokenFault::Audience),
        (("aud", json!(["pacs"])), TokenFault::Audience),
        (("aud", json!([])), TokenFault::Audience),
        (("aud", Value::Null), TokenFault::Audience),
        (("exp", Value::Null), TokenFault::NoExpiry),
        (("exp", json!("tomorrow")), TokenFault::NoExpiry),
        (("exp", json!(1e300)), TokenFault::NoExpiry),
        (("exp", json!(NOW_S - 30)), TokenFault::Expired),
        (("exp", json!(0)), TokenFault::Expired),
        (("nbf", json!(NOW_S + 31)), TokenFault::NotYet),
        (("nbf", json!("now")), TokenFault::NotYet),
        (("sub", Value::Null), TokenFault::NoUser),
        (("sub", json!("")), TokenFault::NoUser),
        (("sub", json!(7)), TokenFault::NoUser),
        (("sub", json!("a\nb")), TokenFault::NoUser),
    ] {
        let token = signed(None, &with(std::slice::from_ref(&changes)));
        assert_eq!(fault(&token), expected, "{changes:?}");
    }
    for changes in [
        ("exp", json!(NOW_S - 29)),
        ("exp", json!(1_800_000_000.5)),
        ("nbf", json!(NOW_S + 30)),
    ] {
        let token = signed(None, &with(std::slice::from_ref(&changes)));
        assert_eq!(verdict(&token).as_deref(), Ok("weber"), "{changes:?}");
    }
    assert_eq!(settings().leeway, Duration::from_secs(30));
}

#[test]
fn what_is_no_token_is_none() {
    for text in ["", "a", "a.b", "a.b.c", "a.b.c.d", "....", "\u{1f980}.b.c"] {
        assert_eq!(fault(text), TokenFault::NotAToken, "{text:?}");
    }
    let long = "x".repeat(16_385);
    assert_eq!(fault(&long), TokenFault::TooLong(16_384));
}

#[test]
fn a_key_set_of_use_is_public() {
    let read = |set: Value| TokenKeys::parse(set.to_string().as_bytes(), Path::new("keys.json"));
    let symmetric = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] });
    let refused = read(symmetric).unwrap_err();
    assert!(matches!(refused, TokenKeysError::Private(_)));
    let private = json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "x": ED25519_PUBLIC, "d": ED25519_SEED },
    ]});
    assert!(matches!(
        read(private).unwrap_err(),
        TokenKeysError::Private(_)
    ));
    let encrypting = json!({ "keys": [
        { "kty": "RSA", "n": RSA_MODULUS, "e": "AQAB", "use": "enc" },
        { "kty": "RSA", "n": RSA_MODULUS, "e": "AQAB", "alg": "RSA-OAEP" },
        { "kty": "RSA", "n": RSA_MODULUS, "e": "AQAB", "key_ops": ["encrypt"] },
    ]});
    assert!(matches!(
        read(encrypting).unwrap_err(),
        TokenKeysError::Empty(_)
    ));
    let refused = TokenKeys::parse(b"[]", Path::new("keys.json")).unwrap_err();
    assert!(matches!(refused, TokenKeysError::NotAKeySet(_)));
    let two = json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "kid": "1", "x": ED25519_PUBLIC },
        { "kty": "OKP", "crv": "Ed25519", "kid": "2", "x": ED25519_PUBLIC },
    ]});
    let two = read(two).unwrap();
    assert!(two.find(None, Algorithm::EdDSA).is_none(), "which one?");
    assert!(two.find(Some("2"), Algorithm::EdDSA).is_some());
}

#[test]
fn an_id_token_answers_one_request_of_ours() {
    let verdict = |changes: &[(&str, Value)], nonce: &str| {
        let mut all = vec![("nonce", json!("n-1"))];
        all.extend_from_slice(changes);
        let token = signed(None, &with(&all));
        let now = UtcMicros(NOW_S * 1_000_000);
        let user = verify_id_token(token.as_bytes(), &settings(), &keys(), now, nonce);
        user.map(|name| name.to_string())
    };
    assert_eq!(verdict(&[], "n-1").as_deref(), Ok("weber"));
    assert_eq!(verdict(&[], "n-2"), Err(TokenFault::Nonce));
    let without = [("nonce", Value::Null)];
    assert_eq!(verdict(&without, ""), Err(TokenFault::Nonce));
    let both = ("aud", json!(["credence", "pacs"]));
    let alone = std::slice::from_ref(&both);
    assert_eq!(verdict(alone, "n-1"), Err(TokenFault::Audience));
    let ours = [both.clone(), ("azp", json!("credence"))];
    assert_eq!(verdict(&ours, "n-1").as_deref(), Ok("weber"));
    for azp in [json!("pacs"), json!(7)] {
        assert_eq!(verdict(&[("azp", azp)], "n-1"), Err(TokenFault::Audience));
    }
    let over = [("exp", json!(0))];
    assert_eq!(verdict(&over, "n-1"), Err(TokenFault::Expired));
}

#[test]
fn an_address_names_nobody_until_it_is_verified() {
    let mut wanted = settings();
    wanted.user_claim = crate::config::ClaimText::of("email").unwrap();
    let verdict = |verified: Value| {
        let more = [
            ("nonce", json!("n")),
            ("email", json!("weber@own.example")),
            ("email_verified", verified),
        ];
        let token = signed(None, &with(&more));
        let now = UtcMicros(NOW_S * 1_000_000);
        let user = verify_id_token(token.as_bytes(), &wanted, &keys(), now, "n");
        user.map(|name| name.to_string())
    };
    assert_eq!(verdict(json!(true)).as_deref(), Ok("weber@own.example"));
    for unsure in [json!(false), json!("true"), Value::Null] {
        assert_eq!(verdict(unsure), Err(TokenFault::NoUser));
    }
}
