//! Authenticated encryption: mail that waits in the outbox, and the keyring's rows.

use super::keyring::Keyring;
use crate::model::{Error, Result, clock::Rng};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

const TAG_LEN: usize = 16;

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealPurpose {
    /// Mail until it is sent.
    Mail,
}

crate::closed_set!(SealPurpose { Mail = "mail" });

impl Keyring {
    /// Seals under the active key. The same `aad` (such as the row's id) must be given to open.
    pub fn seal(
        &self,
        purpose: SealPurpose,
        aad: &[u8],
        plaintext: &[u8],
        rng: &dyn Rng,
    ) -> Result<(String, Vec<u8>)> {
        let SealPurpose::Mail = purpose;
        let active = &self.mail.active;
        let sealed = seal_bytes(&active.key, &bind(purpose, aad), plaintext, rng)?;
        Ok((active.kid.clone(), sealed))
    }

    /// Opens what `seal` made under the key `kid`.
    pub fn open_sealed(
        &self,
        purpose: SealPurpose,
        kid: &str,
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let SealPurpose::Mail = purpose;
        let named = self.mail.find(kid).ok_or_else(|| {
            Error::internal("sealed data names a key that the keyring does not hold")
        })?;
        open_bytes(&named.key, &bind(purpose, aad), sealed)
            .ok_or_else(|| Error::internal("sealed data does not open"))
    }
}

fn bind(purpose: SealPurpose, aad: &[u8]) -> Vec<u8> {
    let mut bound = format!("reeve seal v1\0{purpose}\0").into_bytes();
    bound.extend_from_slice(aad);
    bound
}

/// The AES-256-GCM cipher of a 32-byte key.
pub(super) fn cipher(key: &[u8]) -> std::result::Result<LessSafeKey, &'static str> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| "a sealing key must have 32 bytes")
}

/// Random nonce, ciphertext, tag.
pub(super) fn seal_bytes(
    key: &LessSafeKey,
    aad: &[u8],
    plaintext: &[u8],
    rng: &dyn Rng,
) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill(&mut nonce);
    // Room for everything at once: growing would leave a copy of the plaintext behind.
    let mut sealed = Vec::with_capacity(NONCE_LEN + plaintext.len() + TAG_LEN);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut sealed[NONCE_LEN..],
        )
        .map_err(|_| Error::internal("data could not be sealed"))?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// The plaintext, or nothing when key, binding or bytes differ from what was sealed.
pub(super) fn open_bytes(
    key: &LessSafeKey,
    aad: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = key.open_in_place(nonce, Aad::from(aad), &mut body).ok()?.len();
    body.truncate(length);
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::fixture::{SystemRng, ring};

    #[test]
    fn sealed_mail_opens_only_as_it_was_sealed() {
        let ring = ring();
        let (kid, sealed) = ring.seal(SealPurpose::Mail, b"row 1", b"hello", &SystemRng).unwrap();
        let open = |kid: &str, aad: &[u8], sealed: &[u8]| {
            ring.open_sealed(SealPurpose::Mail, kid, aad, sealed).ok().map(|plain| plain.to_vec())
        };
        assert_eq!(open(&kid, b"row 1", &sealed).unwrap(), b"hello");
        assert!(open(&kid, b"row 2", &sealed).is_none());
        assert!(open("0", b"row 1", &sealed).is_none());
        for i in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[i] ^= 1;
            assert!(open(&kid, b"row 1", &broken).is_none());
            assert!(open(&kid, b"row 1", &sealed[..i]).is_none());
        }
    }

    #[test]
    fn a_retired_key_still_opens() {
        let (old, new) = crate::token::fixture::rotated_rings();
        let (kid, sealed) = old.seal(SealPurpose::Mail, b"", b"hello", &SystemRng).unwrap();
        let plain = new.open_sealed(SealPurpose::Mail, &kid, b"", &sealed).unwrap();
        assert_eq!(plain.as_slice(), b"hello");
        assert_ne!(new.seal(SealPurpose::Mail, b"", b"x", &SystemRng).unwrap().0, kid);
    }
}
