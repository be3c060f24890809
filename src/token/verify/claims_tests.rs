//! Correctly signed tokens with wrong claims, and broken encodings.

use super::*;

// TK-13 exp past, TK-14 absent, TK-15 string, TK-16 float, TK-17 huge.
#[test]
fn expiry_is_a_near_future_integer() {
    let past = set(set(payload(), "iat", json!(NOW_SECONDS - 600)), "exp", json!(NOW_SECONDS));
    assert_eq!(with_payload(&past.to_string()), Err(Refusal::Expired));
    assert_eq!(with_claim("exp", json!(NOW_SECONDS - 1)), Err(Refusal::Lifetime));
    assert_eq!(with_claim("exp", json!(NOW_SECONDS)), Err(Refusal::Lifetime));
    let text = payload().to_string();
    for exp in [
        "\"1800000600\"",
        "1800000600.5",
        "1800000600.0",
        "1.8e9",
        "-1",
        "null",
        "[]",
        "true",
        "18446744073709551616",
        "01800000600",
        "0x6b49d4d8",
        "NaN",
    ] {
        let changed = text.replace("1800000600", exp);
        assert_eq!(with_payload(&changed), Err(Refusal::Claims), "{exp}");
    }
    for exp in [u64::MAX, 9_000_000_000_000_000_000, NOW_SECONDS + 601, 0] {
        assert_eq!(with_claim("exp", json!(exp)), Err(Refusal::Lifetime), "{exp}");
    }
    let double = format!(r#"{{"exp":1,{}"#, &text[1..]);
    assert_eq!(with_payload(&double), Err(Refusal::Claims));
}

#[test]
fn the_cap_holds_whatever_is_configured() {
    let ring = ring();
    let long = TokenSettings { ttl: Duration::from_hours(24), ..settings() };
    for (seconds, outcome) in [(900, None), (901, Some(Refusal::Lifetime))] {
        let claims = set(payload(), "exp", json!(NOW_SECONDS + seconds)).to_string();
        let token = forge(&ring, &header(&ring).to_string(), &claims);
        assert_eq!(verify(&ring, &long, NOW, &token).err(), outcome);
    }
}

// TK-18 nbf future, TK-19 iat future.
#[test]
fn a_token_of_the_future_is_refused() {
    for nbf in [NOW_SECONDS + 31, u64::MAX] {
        assert_eq!(with_claim("nbf", json!(nbf)), Err(Refusal::NotYet));
    }
    for nbf in [json!("1"), json!(1.5), json!(-1), Value::Null, json!({})] {
        assert_eq!(with_claim("nbf", nbf), Err(Refusal::Claims));
    }
    for (ahead, outcome) in
        [(30, None), (31, Some(Refusal::NotYet)), (8_000, Some(Refusal::NotYet))]
    {
        let claims = set(payload(), "iat", json!(NOW_SECONDS + ahead));
        let claims = set(claims, "exp", json!(NOW_SECONDS + ahead + 600));
        assert_eq!(with_payload(&claims.to_string()).err(), outcome);
    }
    assert_eq!(with_claim("iat", json!("1800000000")), Err(Refusal::Claims));
}

// TK-20 iss absent, TK-21 other, TK-22 array.
#[test]
fn the_issuer_is_exact() {
    for iss in [
        "",
        "https://id.example.co",
        "https://id.example.com/",
        "https://ID.example.com",
        "https://id.example.com.evil.example",
        "https://id.example.com\0",
    ] {
        assert_eq!(with_claim("iss", json!(iss)), Err(Refusal::Issuer), "{iss}");
    }
    for iss in [
        json!(["https://id.example.com", "https://evil.example"]),
        json!(["https://id.example.com"]),
        json!({}),
        Value::Null,
        json!(1),
    ] {
        assert_eq!(with_claim("iss", iss), Err(Refusal::Claims));
    }
}

// TK-23 aud absent, TK-24 other, TK-25 array without ours, and object.
#[test]
fn the_audience_is_exact() {
    for aud in ["", "reev", "reeve2", "Reeve", "sync"] {
        assert_eq!(with_claim("aud", json!(aud)), Err(Refusal::Audience), "{aud}");
    }
    for aud in [json!(["other"]), json!(["reeve"]), json!([]), json!({ "reeve": 1 }), Value::Null] {
        assert_eq!(with_claim("aud", aud), Err(Refusal::Claims));
    }
}

// TK-14, TK-20, TK-23: each claim is required.
#[test]
fn no_claim_may_be_absent_null_or_unknown() {
    for name in payload().as_object().unwrap().keys() {
        assert_eq!(with_claim(name, None), Err(Refusal::Claims), "{name}");
        assert_eq!(with_claim(name, Value::Null), Err(Refusal::Claims), "{name}");
    }
    assert_eq!(with_claim("scope", json!("admin")), Err(Refusal::Claims));
    assert_eq!(with_claim("jti", json!("")), Err(Refusal::Claims));
}

// TK-26 sub not uuid, TK-27 tenant not uuid.
#[test]
fn identifiers_are_canonical_uuids() {
    let uuid = "a0000000-0000-0000-0000-00000000000b";
    for name in ["sub", "sid", "tenant_id"] {
        assert!(with_claim(name, json!(uuid)).is_ok());
        for wrong in [
            "",
            "A",
            "A\0",
            &uuid.to_uppercase(),
            &uuid.replace('-', ""),
            &format!("{uuid} "),
            &format!("{{{uuid}}}"),
            &format!("urn:uuid:{uuid}"),
            "' OR 1=1 --",
        ] {
            assert_eq!(with_claim(name, json!(wrong)), Err(Refusal::Claims), "{name} {wrong}");
        }
        assert_eq!(with_claim(name, json!([uuid])), Err(Refusal::Claims));
        assert_eq!(with_claim(name, json!(1)), Err(Refusal::Claims));
    }
}

// TK-28 duplicate tenant.
#[test]
fn duplicate_claims_are_refused() {
    let text = payload().to_string();
    let other = uuid::Uuid::from_u128(9);
    for name in ["tenant_id", r"tenant\u005fid"] {
        let first = format!(r#"{{"{name}":"{other}",{}"#, &text[1..]);
        let last = format!(r#"{},"{name}":"{other}"}}"#, &text[..text.len() - 1]);
        assert_eq!(with_payload(&first), Err(Refusal::Claims));
        assert_eq!(with_payload(&last), Err(Refusal::Claims));
    }
}

#[test]
fn wrong_types_and_roles_are_refused() {
    for (name, value) in [
        ("role", json!("Admin")),
        ("role", json!("root")),
        ("role", json!(2)),
        ("role", json!("")),
        ("email_verified", json!("true")),
        ("email_verified", json!(1)),
        ("mver", json!("7")),
        ("mver", json!(7.5)),
        ("tenant_slug", json!(["acme"])),
    ] {
        assert_eq!(with_claim(name, value), Err(Refusal::Claims), "{name}");
    }
    let values = payload().as_object().unwrap().values().cloned().collect::<Vec<_>>();
    for text in [
        json!(values).to_string(),
        "null".into(),
        "\"x\"".into(),
        String::new(),
        format!("\u{feff}{}", payload()),
        format!("{}{{}}", payload()),
        format!(" {}", payload()),
    ] {
        assert_eq!(with_payload(&text), Err(Refusal::Claims), "{text}");
    }
}

// TK-29 padding, TK-30 white space, TK-32 truncated signature.
#[test]
fn only_canonical_base64url_is_read() {
    for ring in [ring(), secret_ring()] {
        let token = forge(&ring, &header(&ring).to_string(), &payload().to_string());
        assert!(check(&ring, &token).is_ok());
        let end = token.len();
        let dots: Vec<usize> = token.match_indices('.').map(|(at, _)| at).collect();
        for at in [0, dots[0], dots[1], end] {
            for extra in ["=", "==", " ", "\n", "\t", "\0", "A", "\u{feff}", "+", "/"] {
                let text = format!("{}{extra}{}", &token[..at], &token[at..]);
                assert!(check(&ring, &text).is_err(), "{at} {extra:?}");
            }
        }
        for cut in dots[1]..end {
            assert!(check(&ring, &token[..cut]).is_err());
        }
        let standard = token.replace('-', "+").replace('_', "/");
        assert!(standard == token || check(&ring, &standard).is_err());
    }
}

// TK-33 bit flip in each part, the last symbols' unused bits included.
#[test]
fn every_changed_byte_is_refused() {
    for ring in [ring(), secret_ring()] {
        let token = forge(&ring, &header(&ring).to_string(), &payload().to_string());
        for i in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[i] ^= 1 << bit;
                let text = String::from_utf8(bytes).unwrap();
                assert!(check(&ring, &text).is_err(), "{i} {bit}");
            }
        }
    }
}
