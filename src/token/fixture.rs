//! Keyrings and tokens for the tests of this module.

use super::{Keyring, MasterKey, Subject, TokenSettings, new_key};
use crate::model::{
    clock::{Instant, Rng},
    id::{Id, KeyId},
    key::{KeyPurpose, KeyState, SealedKey},
    role::Role,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::time::Duration;
use uuid::Uuid;

pub const NOW: Instant = Instant::from_micros(1_800_000_000_500_000);
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

/// One key of each purpose.
pub fn rows(master: &MasterKey, state: KeyState) -> Vec<SealedKey> {
    let row = |purpose: &KeyPurpose| {
        let mut random = [0; 10];
        SystemRng.fill(&mut random);
        let id = KeyId::new_v7(NOW, &random);
        new_key(master, *purpose, state, id, NOW, &SystemRng).unwrap()
    };
    KeyPurpose::ALL.iter().map(row).collect()
}

pub fn ring() -> Keyring {
    let master = MasterKey::generate(&SystemRng);
    Keyring::open(&master, &rows(&master, KeyState::Active), None).unwrap()
}

/// A ring before and after all its keys were rotated.
pub fn rotated_rings() -> (Keyring, Keyring) {
    let master = MasterKey::generate(&SystemRng);
    let mut all = rows(&master, KeyState::Active);
    let old = Keyring::open(&master, &all, None).unwrap();
    for row in &mut all {
        row.state = KeyState::Retired;
    }
    all.extend(rows(&master, KeyState::Active));
    (old, Keyring::open(&master, &all, None).unwrap())
}

/// A ring that signs with `SECRET`.
pub fn secret_ring() -> Keyring {
    let master = MasterKey::generate(&SystemRng);
    Keyring::open(&master, &rows(&master, KeyState::Active), Some(&SECRET.into())).unwrap()
}

pub fn settings() -> TokenSettings {
    TokenSettings {
        issuer: "https://id.example.com".into(),
        audience: "reeve".into(),
        ttl: Duration::from_mins(10),
    }
}

pub fn subject() -> Subject {
    Subject {
        user: Id::from_uuid(Uuid::from_u128(1)),
        session: Id::from_uuid(Uuid::from_u128(2)),
        tenant: Id::from_uuid(Uuid::from_u128(3)),
        tenant_slug: "acme".into(),
        role: Role::Admin,
        email_verified: true,
        mver: 7,
    }
}

/// A token of any header and payload, signed correctly with the ring's active key.
pub fn forge(ring: &Keyring, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = &ring.signing.active.key;
    let signature =
        jsonwebtoken::crypto::sign(signed.as_bytes(), &key.encoding, key.algorithm).unwrap();
    format!("{signed}.{signature}")
}
