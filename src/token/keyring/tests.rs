use super::*;
use crate::token::{
    fixture::{NOW, SECRET, SystemRng, ring, rows, secret_ring, settings, subject},
    issue, new_key, verify,
};

fn open_error(master: &MasterKey, rows: &[SealedKey], secret: Option<&str>) -> OpenError {
    let secret = secret.map(SecretString::from);
    Keyring::open(master, rows, secret.as_ref()).err().unwrap()
}

#[test]
fn another_master_key_opens_nothing() {
    let master = MasterKey::generate(&SystemRng);
    let other = MasterKey::generate(&SystemRng);
    let mut rows = rows(&master, KeyState::Active);
    assert_eq!(open_error(&other, &rows, None), OpenError::WrongMasterKey);
    assert_eq!(open_error(&other, &rows, Some(SECRET)), OpenError::WrongMasterKey);
    // One foreign row among good ones is enough, of the signing keys too.
    let id = rows[0].id;
    rows[0] = new_key(&other, KeyPurpose::Signing, KeyState::Retired, id, NOW, &SystemRng).unwrap();
    assert_eq!(open_error(&master, &rows, Some(SECRET)), OpenError::WrongMasterKey);
}

#[test]
fn a_sealed_key_is_bound_to_its_row() {
    let master = MasterKey::generate(&SystemRng);
    let rows = rows(&master, KeyState::Active);
    let edits: [fn(&mut [SealedKey]); 6] = [
        |rows| rows[1].id = rows[2].id,
        |rows| rows[1].purpose = KeyPurpose::SignUp,
        |rows| rows[1].algorithm = AES_256_GCM.into(),
        |rows| rows[1].sealed = rows[2].sealed.clone(),
        |rows| rows[1].sealed[12] ^= 1,
        |rows| rows[1].sealed.truncate(5),
    ];
    for (i, edit) in edits.iter().enumerate() {
        let mut changed = rows.clone();
        edit(&mut changed);
        assert_eq!(open_error(&master, &changed, None), OpenError::WrongMasterKey, "{i}");
    }
}

#[test]
fn every_purpose_needs_an_active_key() {
    let master = MasterKey::generate(&SystemRng);
    let all = rows(&master, KeyState::Active);
    for (i, purpose) in KeyPurpose::ALL.iter().enumerate() {
        let mut missing = all.clone();
        missing[i].state = KeyState::Next;
        assert_eq!(open_error(&master, &missing, None), OpenError::MissingPurpose(*purpose));
        missing.remove(i);
        assert_eq!(open_error(&master, &missing, None), OpenError::MissingPurpose(*purpose));
    }
}

#[test]
fn the_newest_active_key_is_used_whatever_the_order_of_rows() {
    let master = MasterKey::generate(&SystemRng);
    let mut all = rows(&master, KeyState::Active);
    let mut newer = rows(&master, KeyState::Active);
    for row in &mut newer {
        row.create_time = NOW + std::time::Duration::from_secs(1);
    }
    all.extend(newer.clone());
    let one = Keyring::open(&master, &all, None).unwrap();
    all.reverse();
    let two = Keyring::open(&master, &all, None).unwrap();
    assert_eq!(one.signing.active.kid, newer[0].id.as_uuid().simple().to_string());
    assert_eq!(one.signing.active.kid, two.signing.active.kid);
    assert_eq!(one.jwks(), two.jwks());
}

#[test]
fn a_secret_replaces_the_signing_keys_alone() {
    let master = MasterKey::generate(&SystemRng);
    let rows = rows(&master, KeyState::Active);
    let plain = Keyring::open(&master, &rows, None).unwrap();
    let ring = Keyring::open(&master, &rows, Some(&SECRET.into())).unwrap();
    let kid = &ring.signing.active.kid;
    assert!(kid.len() == 16 && kid.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(*kid, secret_ring().signing.active.kid);
    assert_eq!(ring.refresh.active.kid, plain.refresh.active.kid);
    let (token, _) = issue(&ring, &settings(), &subject(), NOW, &SystemRng).unwrap();
    assert!(verify(&ring, &settings(), NOW, &token).is_ok());
    assert!(verify(&plain, &settings(), NOW, &token).is_err());
    let (token, _) = issue(&plain, &settings(), &subject(), NOW, &SystemRng).unwrap();
    assert!(verify(&ring, &settings(), NOW, &token).is_err());
    let without_signing = &rows[1..];
    assert!(Keyring::open(&master, without_signing, Some(&SECRET.into())).is_ok());
}

// TK-64
#[test]
fn a_short_secret_is_refused() {
    let master = MasterKey::generate(&SystemRng);
    let rows = rows(&master, KeyState::Active);
    for secret in ["", "your-jwt-secret", &SECRET[1..]] {
        assert_eq!(open_error(&master, &rows, Some(secret)), OpenError::WeakSecret);
    }
}

#[test]
fn the_stored_public_key_is_the_published_one() {
    let master = MasterKey::generate(&SystemRng);
    let rows = rows(&master, KeyState::Active);
    let ring = Keyring::open(&master, &rows, None).unwrap();
    assert_eq!(ring.signing.active.key.public, rows[0].public);
    assert!(rows[1..].iter().all(|row| row.public.is_none()));
}

#[test]
fn a_ring_is_shared_between_threads() {
    let ring = std::sync::Arc::new(ring());
    let shared = ring.clone();
    std::thread::spawn(move || shared.jwks()).join().unwrap();
}

#[test]
fn keys_of_another_form_are_unusable() {
    assert!(SigningKey::ed25519(&[0; 32]).is_none());
    assert!(cipher(&[0; 16]).is_err());
}
