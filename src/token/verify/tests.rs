use super::*;
use crate::token::{
    fixture::{NOW, SECRET, SystemRng, forge, ring, rotated_rings, secret_ring, settings, subject},
    issue,
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use serde_json::{Value, json};
use std::time::Duration;

const NOW_SECONDS: u64 = 1_800_000_000;

fn header(ring: &Keyring) -> Value {
    let active = &ring.signing.active;
    json!({ "typ": "at+jwt", "alg": active.key.algorithm_name(), "kid": active.kid })
}

fn payload() -> Value {
    let id = |n: u128| uuid::Uuid::from_u128(n).to_string();
    json!({
        "iss": "https://id.example.com", "sub": id(1), "aud": "reeve", "iat": NOW_SECONDS,
        "exp": NOW_SECONDS + 600, "jti": "AAAAAAAAAAAAAAAAAAAAAA", "sid": id(2),
        "tenant_id": id(3), "tenant_slug": "acme", "role": "admin", "email_verified": true,
        "mver": 7,
    })
}

/// The value with one member set, or removed when `Null` stands for absence.
fn set(mut object: Value, name: &str, value: impl Into<Option<Value>>) -> Value {
    match (object.as_object_mut().unwrap(), value.into()) {
        (members, Some(value)) => drop(members.insert(name.into(), value)),
        (members, None) => drop(members.remove(name)),
    }
    object
}

fn check(ring: &Keyring, token: &str) -> Result<AccessClaims, Refusal> {
    verify(ring, &settings(), NOW, token)
}

/// The outcome for a header with one member changed, correctly signed.
fn with_header(name: &str, value: impl Into<Option<Value>>) -> Result<AccessClaims, Refusal> {
    let ring = ring();
    let header = set(header(&ring), name, value).to_string();
    check(&ring, &forge(&ring, &header, &payload().to_string()))
}

/// The outcome for a payload given as text, correctly signed.
fn with_payload(payload: &str) -> Result<AccessClaims, Refusal> {
    let ring = ring();
    check(&ring, &forge(&ring, &header(&ring).to_string(), payload))
}

fn with_claim(name: &str, value: impl Into<Option<Value>>) -> Result<AccessClaims, Refusal> {
    with_payload(&set(payload(), name, value).to_string())
}

#[test]
fn a_genuine_token_says_what_was_issued() {
    for ring in [ring(), secret_ring()] {
        let (token, expire) = issue(&ring, &settings(), &subject(), NOW, &SystemRng).unwrap();
        let claims = check(&ring, &token).unwrap();
        let subject = subject();
        assert_eq!((claims.sub, claims.sid), (subject.user, subject.session));
        assert_eq!((claims.tenant_id, claims.tenant_slug), (subject.tenant, subject.tenant_slug));
        assert_eq!((claims.role, claims.mver), (subject.role, subject.mver));
        assert!(claims.email_verified && claims.nbf.is_none());
        let at = |now| verify(&ring, &settings(), now, &token).err();
        assert_eq!(at(expire - Duration::from_micros(1)), None);
        assert_eq!(at(expire), Some(Refusal::Expired));
        assert_eq!(at(NOW - Duration::from_secs(31)), Some(Refusal::NotYet));
        assert_eq!(at(NOW - Duration::from_secs(30)), None);
        assert_eq!(at(Instant::from_micros(-1)), Some(Refusal::NotYet));
    }
    // The forged tokens below differ from an accepted one in exactly one thing.
    assert!(with_payload(&payload().to_string()).is_ok());
    assert!(with_claim("nbf", json!(NOW_SECONDS + 30)).is_ok());
}

// TK-59
#[test]
fn a_retired_key_still_verifies_and_a_foreign_one_does_not() {
    let (old, new) = rotated_rings();
    let (token, _) = issue(&old, &settings(), &subject(), NOW, &SystemRng).unwrap();
    assert!(check(&new, &token).is_ok());
    assert_eq!(check(&ring(), &token), Err(Refusal::UnknownKey));
}

// TK-01, TK-02: alg none and other algorithms.
#[test]
fn the_algorithm_is_the_keys() {
    for alg in ["none", "None", "nOnE", "NONE", "", "eddsa", "EDDSA", "HS256", "ES256", "RS256"] {
        assert_eq!(with_header("alg", json!(alg)), Err(Refusal::Algorithm), "{alg}");
    }
    assert_eq!(with_header("alg", None), Err(Refusal::Algorithm));
    assert_eq!(with_header("alg", json!(["EdDSA"])), Err(Refusal::Header));
    let ring = ring();
    let none = set(header(&ring), "alg", json!("none")).to_string();
    let forged = forge(&ring, &none, &payload().to_string());
    let unsigned = &forged[..=forged.rfind('.').unwrap()];
    assert_eq!(check(&ring, unsigned), Err(Refusal::Algorithm));
    let genuine = forge(&ring, &header(&ring).to_string(), &payload().to_string());
    let stripped = &genuine[..=genuine.rfind('.').unwrap()];
    assert_eq!(check(&ring, stripped), Err(Refusal::Signature));
}

// TK-02: the public key in any encoding is no HMAC secret.
#[test]
fn the_public_key_is_no_secret() {
    let ring = ring();
    let public = ring.signing.active.key.public.clone().unwrap();
    let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    der.extend(&public);
    let base64 = base64::engine::general_purpose::STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----");
    let jwk = serde_json::to_vec(&ring.jwks()[0]).unwrap();
    let secrets = [
        public.clone(),
        URL_SAFE_NO_PAD.encode(&public).into_bytes(),
        der,
        format!("{pem}\n").into_bytes(),
        format!(" {pem}").into_bytes(),
        pem.into_bytes(),
        jwk,
        ring.jwks_json().into_bytes(),
    ];
    for secret in secrets {
        for (alg, refusal) in [("HS256", Refusal::Algorithm), ("EdDSA", Refusal::Signature)] {
            let header = set(header(&ring), "alg", json!(alg)).to_string();
            let forged = forge(&ring, &header, &payload().to_string());
            let signed = &forged[..forged.rfind('.').unwrap()];
            let key = EncodingKey::from_secret(&secret);
            let tag = sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
            assert_eq!(check(&ring, &format!("{signed}.{tag}")), Err(refusal));
        }
    }
    let secret_ring = secret_ring();
    let eddsa = set(header(&secret_ring), "alg", json!("EdDSA")).to_string();
    let forged = forge(&secret_ring, &eddsa, &payload().to_string());
    assert_eq!(check(&secret_ring, &forged), Err(Refusal::Algorithm));
    assert!(!secret_ring.jwks_json().contains(SECRET));
}

// TK-03 jwk, TK-04 jku, TK-07 crit, TK-10 zip, and every other member.
#[test]
fn unknown_header_members_are_refused() {
    let jwk = serde_json::to_value(&ring().jwks()[0]).unwrap();
    let members = [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/x.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AA")),
        ("crit", json!(["bork"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", Value::Null),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A256GCM")),
        ("bork", json!(1)),
    ];
    for (name, value) in members {
        assert_eq!(with_header(name, value), Err(Refusal::Header), "{name}");
    }
}

// TK-05 kid unknown, TK-06 kid path.
#[test]
fn only_own_keys_are_found() {
    let ring = ring();
    let kid = ring.signing.active.kid.clone();
    let mac_kid = ring.refresh.active.kid.clone();
    let odd = ["", "../../dev/null", "' OR 1=1 --", "00000000000000000000000000000000", &mac_kid];
    let changed = [kid.to_uppercase(), format!("{kid} "), kid[1..].to_owned()];
    for kid in odd.into_iter().chain(changed.iter().map(String::as_str)) {
        let header = set(header(&ring), "kid", json!(kid)).to_string();
        let token = forge(&ring, &header, &payload().to_string());
        assert_eq!(check(&ring, &token), Err(Refusal::UnknownKey), "{kid}");
    }
    assert_eq!(with_header("kid", None), Err(Refusal::UnknownKey));
    assert_eq!(with_header("kid", json!(1)), Err(Refusal::Header));
}

// TK-08 typ missing, TK-09 typ wrong.
#[test]
fn the_type_is_exact() {
    for typ in ["JWT", "refresh+jwt", "AT+JWT", "application/at+jwt", "at+jwt ", "at", ""] {
        assert_eq!(with_header("typ", json!(typ)), Err(Refusal::Type), "{typ}");
    }
    assert_eq!(with_header("typ", None), Err(Refusal::Type));
    assert_eq!(with_header("typ", Value::Null), Err(Refusal::Type));
}

#[test]
fn duplicate_members_and_lists_are_no_header() {
    let ring = ring();
    let kid = &ring.signing.active.kid;
    for header in [
        format!(r#"{{"typ":"at+jwt","alg":"none","alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"x","\u006bid":"{kid}"}}"#),
        format!(r#"["at+jwt","EdDSA","{kid}"]"#),
        format!(r#" {{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}x"#),
        format!("\u{feff}{}", header(&ring)),
        String::new(),
    ] {
        let token = forge(&ring, &header, &payload().to_string());
        assert_eq!(check(&ring, &token), Err(Refusal::Header), "{header}");
    }
}

// TK-11 JSON serialisation, TK-12 five parts, TK-31 extra dot, TK-34 oversize.
#[test]
fn only_three_parts_of_bounded_size_are_a_token() {
    let ring = ring();
    let token = forge(&ring, &header(&ring).to_string(), &payload().to_string());
    let parts: Vec<&str> = token.split('.').collect();
    let flattened =
        json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] }).to_string();
    let texts = [
        String::new(),
        ".".into(),
        "..".into(),
        flattened,
        format!("{token}.."),
        format!("{token}.x.y"),
        format!("{token}."),
        format!(".{token}"),
        token.replacen('.', "..", 1),
        parts[..2].join("."),
        ".".repeat(MAX_TOKEN_BYTES),
    ];
    for text in texts {
        let refusal = check(&ring, &text).unwrap_err();
        assert!(matches!(refusal, Refusal::Malformed | Refusal::Header), "{text} {refusal}");
    }
    for size in [MAX_TOKEN_BYTES + 1, 8 * 1024, 1024 * 1024] {
        assert_eq!(check(&ring, &".".repeat(size)), Err(Refusal::Oversize));
    }
    let slug = set(payload(), "tenant_slug", json!("a".repeat(8 * 1024))).to_string();
    let big = forge(&ring, &header(&ring).to_string(), &slug);
    assert_eq!(check(&ring, &big), Err(Refusal::Oversize));
}

#[path = "claims_tests.rs"]
mod claims_tests;
