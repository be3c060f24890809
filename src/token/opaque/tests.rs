use super::*;
use crate::token::fixture::{NOW, SystemRng, ring, rotated_rings, settings, subject};
use secrecy::ExposeSecret as _;

fn session() -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(0xabcd))
}
fn pending() -> PendingSignUpId {
    PendingSignUpId::from_uuid(Uuid::from_u128(0xabcd))
}

#[test]
fn a_refresh_token_goes_back_and_forth() {
    let ring = ring();
    for counter in [0, 1, 10, i64::MAX] {
        let (text, kid) = ring.refresh_token(session(), counter, None);
        assert!(text.len() <= MAX_TEXT);
        let parsed = ring.parse_refresh(&text).unwrap();
        assert_eq!(parsed, RefreshToken { session: session(), counter, kid });
    }
    let negative = ring.refresh_token(session(), -1, None).0;
    assert!(ring.parse_refresh(&negative).is_none());
}

#[test]
fn the_same_successor_is_made_again_after_a_rotation_of_keys() {
    let (old, new) = rotated_rings();
    let (text, kid) = old.refresh_token(session(), 5, None);
    assert_eq!(new.refresh_token(session(), 5, Some(&kid)), (text.clone(), kid.clone()));
    assert!(new.parse_refresh(&text).is_some());
    assert_ne!(new.refresh_token(session(), 5, None).1, kid);
    assert_eq!(new.refresh_token(session(), 5, Some("gone")).1, new.refresh.active.kid);
}

#[test]
fn every_changed_byte_of_a_refresh_token_is_refused() {
    let ring = ring();
    let text = ring.refresh_token(session(), 15, None).0;
    for i in 0..text.len() {
        assert!(ring.parse_refresh(&text[..i]).is_none());
        for byte in 0x20..0x7f {
            let mut bytes = text.clone().into_bytes();
            if std::mem::replace(&mut bytes[i], byte) != byte {
                let changed = String::from_utf8(bytes).unwrap();
                assert!(ring.parse_refresh(&changed).is_none(), "{i} {changed}");
            }
        }
    }
}

#[test]
fn only_the_canonical_form_is_a_refresh_token() {
    let ring = ring();
    let (text, kid) = ring.refresh_token(session(), 15, None);
    let hex = session().as_uuid().simple().to_string();
    let mac = text.rsplit('.').next().unwrap().to_owned();
    let form = |sid: &str, counter: &str, mac: &str| format!("rt_{sid}.{counter}.{kid}.{mac}");
    assert_eq!(form(&hex, "15", &mac), text);
    for counter in
        ["+15", "015", " 15", "15 ", "-15", "", "15.0", "0xf", "1_5", "99999999999999999999"]
    {
        assert!(ring.parse_refresh(&form(&hex, counter, &mac)).is_none(), "{counter}");
    }
    let hyphenated = session().to_string();
    let braced = format!("{{{hyphenated}}}");
    for sid in [hex.to_uppercase().as_str(), &hyphenated, &braced, &hex[1..], ""] {
        assert!(ring.parse_refresh(&form(sid, "15", &mac)).is_none(), "{sid}");
    }
    for mac in [format!("{mac}="), format!("{mac}A"), format!(" {mac}"), String::new()] {
        assert!(ring.parse_refresh(&form(&hex, "15", &mac)).is_none(), "{mac}");
    }
    for whole in
        [format!("{text}\n"), format!("{text}.x"), format!("{text}{}", ".".repeat(100_000))]
    {
        assert!(ring.parse_refresh(&whole).is_none());
    }
    assert!(super::super::fixture::ring().parse_refresh(&text).is_none());
}

#[test]
fn a_sign_up_token_holds_for_its_address_alone() {
    let (old, new) = rotated_rings();
    let (text, kid) = old.sign_up_token(pending(), "ann@example.com", None);
    assert_eq!(new.sign_up_token(pending(), "ann@example.com", Some(&kid)).0, text);
    let parsed = SignUpToken::parse(&text).unwrap();
    assert_eq!((parsed.id, parsed.kid.as_str()), (pending(), kid.as_str()));
    assert!(new.check_sign_up(&parsed, "ann@example.com"));
    for other in ["bob@example.com", "ann@example.co", "", "Ann@example.com"] {
        assert!(!new.check_sign_up(&parsed, other));
    }
    assert!(!ring().check_sign_up(&parsed, "ann@example.com"));
}

#[test]
fn every_changed_byte_of_a_sign_up_token_is_refused() {
    let ring = ring();
    let text = ring.sign_up_token(pending(), "ann@example.com", None).0;
    for i in 0..text.len() {
        for byte in 0x20..0x7f {
            let mut bytes = text.clone().into_bytes();
            if std::mem::replace(&mut bytes[i], byte) != byte {
                let parsed = SignUpToken::parse(std::str::from_utf8(&bytes).unwrap());
                assert!(!parsed.is_some_and(|t| ring.check_sign_up(&t, "ann@example.com")));
            }
        }
    }
}

// TK-41..46
#[test]
fn no_kind_of_token_passes_for_another() {
    let ring = ring();
    let access = crate::token::issue(&ring, &settings(), &subject(), NOW, &SystemRng).unwrap().0;
    let refresh = ring.refresh_token(session(), 0, None).0;
    let sign_up = ring.sign_up_token(pending(), "", None).0;
    let api_key = new_api_key(&SystemRng).0.expose_secret().to_owned();
    let swapped = refresh.replacen("rt_", "su_", 1);
    for text in [&access, &sign_up, &api_key, &swapped] {
        assert!(ring.parse_refresh(text).is_none());
    }
    for text in [&access, &refresh, &api_key, &swapped] {
        assert!(SignUpToken::parse(text).is_none());
    }
    for text in [&access, &refresh, &sign_up] {
        assert!(hash_api_key(text).is_none());
    }
    for text in [&refresh, &sign_up, &api_key] {
        assert!(crate::token::verify(&ring, &settings(), NOW, text).is_err());
    }
}

#[test]
fn an_operator_key_is_recognised_by_its_form_and_its_hash() {
    let (key, hash) = new_api_key(&SystemRng);
    let text = key.expose_secret();
    assert_eq!((text.len(), hash.len()), (46, 32));
    assert_eq!(hash_api_key(text).unwrap(), hash);
    let body = &text[3..];
    for wrong in [
        body.to_owned(),
        format!("RK_{body}"),
        format!("{text}="),
        format!("{text}A"),
        text[..45].to_owned(),
        format!(" {text}"),
        format!("rk_{}_", &body[..42]),
        "rk_".to_owned(),
        "rk_".repeat(1_000_000),
    ] {
        assert!(hash_api_key(&wrong).is_none_or(|other| other != hash));
    }
    assert!(hash_api_key(&format!("rk_{}", "_".repeat(43))).is_none());
    assert_ne!(new_api_key(&SystemRng).1, hash);
}

// IN-03, IN-05
#[test]
fn invitation_tokens_are_43_random_characters_that_are_stored_as_their_hash() {
    let tokens: Vec<_> = (0..200).map(|_| new_invitation_token(&SystemRng)).collect();
    for (index, (token, hash)) in tokens.iter().enumerate() {
        let text = token.expose_secret();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_eq!((text.len(), hash.len()), (43, 32));
        assert_eq!(&sha256(text), hash);
        assert_eq!(hash_invitation_token(text).as_ref(), Some(hash));
        assert!(tokens[..index].iter().all(|(_, other)| other != hash));
    }
    // Bits that never or always stand would show in 200 tokens: each of the 256 is set in some.
    let decoded: Vec<_> = tokens.iter().filter_map(|it| decode_32(it.0.expose_secret())).collect();
    for bit in 0..256 {
        let set = decoded.iter().filter(|token| token[bit / 8] >> (bit % 8) & 1 == 1).count();
        assert!((40..=160).contains(&set), "bit {bit} is set in {set} of 200");
    }
}

#[test]
fn only_the_canonical_form_is_an_invitation_token() {
    let (token, _) = new_invitation_token(&SystemRng);
    let text = token.expose_secret();
    for wrong in [
        String::new(),
        text[..42].to_owned(),
        format!("{text}="),
        format!("{text}A"),
        format!(" {}", &text[1..]),
        format!("{}+", &text[..42]),
        "_".repeat(43),
        text.repeat(1_000_000),
    ] {
        assert_eq!(hash_invitation_token(&wrong), None);
    }
}
