//! The master key, and the keys that it seals into rows.

use super::seal::{cipher, open_bytes, seal_bytes};
use crate::model::{
    Error,
    clock::{Instant, Rng},
    id::{Id as _, KeyId},
    key::{KeyPurpose, KeyState, SealedKey},
};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

pub(super) const EDDSA: &str = "EdDSA";
pub(super) const HMAC_SHA256: &str = "HMAC-SHA256";
pub(super) const AES_256_GCM: &str = "AES-256-GCM";

/// 32 bytes that seal the keyring. Wiped when dropped; never printed by `Debug`.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Parses standard base64; white space around it (the newline of a file) is ignored.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = || {
            "the master key must be 32 random bytes in base64, as `openssl rand -base64 32` prints"
                .to_owned()
        };
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| refuse())?);
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() || bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return Err(refuse());
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    pub fn generate(rng: &dyn Rng) -> Self {
        Self(random_32(rng))
    }

    /// The text that `parse` reads, to be written to the key file.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    fn seal(&self, aad: &[u8], plaintext: &[u8], rng: &dyn Rng) -> Result<Vec<u8>, Error> {
        seal_bytes(&cipher(self.0.as_slice()).map_err(Error::internal)?, aad, plaintext, rng)
    }

    /// The key inside a row; nothing when this master key did not seal it as it stands there.
    pub(super) fn open_row(&self, row: &SealedKey) -> Option<Zeroizing<Vec<u8>>> {
        let aad = row_binding(row.id, row.purpose, &row.algorithm);
        open_bytes(&cipher(self.0.as_slice()).ok()?, &aad, &row.sealed)
    }
}

/// A new random key for `purpose`, sealed as its row stores it.
pub fn new_key(
    master: &MasterKey,
    purpose: KeyPurpose,
    state: KeyState,
    id: KeyId,
    now: Instant,
    rng: &dyn Rng,
) -> Result<SealedKey, Error> {
    let random = random_32(rng);
    let (algorithm, secret, public) = match purpose {
        KeyPurpose::Signing => {
            let pair = Ed25519KeyPair::from_seed_unchecked(random.as_slice())
                .map_err(|_| Error::internal("an Ed25519 key could not be made"))?;
            // Version 1 of PKCS#8 is the only one that jsonwebtoken reads.
            let document = pair
                .to_pkcs8v1()
                .map_err(|_| Error::internal("an Ed25519 key could not be encoded"))?;
            let secret = Zeroizing::new(document.as_ref().to_vec());
            (EDDSA, secret, Some(pair.public_key().as_ref().to_vec()))
        }
        KeyPurpose::PageToken
        | KeyPurpose::Refresh
        | KeyPurpose::SignUp
        | KeyPurpose::Idempotency => (HMAC_SHA256, Zeroizing::new(random.to_vec()), None),
        KeyPurpose::Mail => (AES_256_GCM, Zeroizing::new(random.to_vec()), None),
    };
    let sealed = master.seal(&row_binding(id, purpose, algorithm), &secret, rng)?;
    let algorithm = algorithm.to_owned();
    Ok(SealedKey { id, purpose, state, algorithm, sealed, public, create_time: now })
}

fn random_32(rng: &dyn Rng) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill(bytes.as_mut_slice());
    bytes
}

/// Ties a sealed key to its row, so that rows cannot be swapped or given another purpose.
fn row_binding(id: KeyId, purpose: KeyPurpose, algorithm: &str) -> Vec<u8> {
    let mut aad = b"reeve keyring row v1\0".to_vec();
    aad.extend_from_slice(id.as_uuid().as_bytes());
    aad.extend_from_slice(purpose.as_str().as_bytes());
    aad.push(0);
    aad.extend_from_slice(algorithm.as_bytes());
    aad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::fixture::SystemRng;

    #[test]
    fn master_key_text_goes_back_and_forth() {
        let key = MasterKey::generate(&SystemRng);
        let text = key.to_base64();
        let again = MasterKey::parse(&format!("{}\n", text.as_str())).ok().unwrap();
        assert_eq!(again.0, key.0);
    }

    #[test]
    fn weak_and_malformed_master_keys_are_refused() {
        for bytes in [vec![1; 31], vec![], (0..33).collect(), vec![0; 32], vec![7; 32]] {
            assert!(MasterKey::parse(&STANDARD.encode(&bytes)).is_err());
        }
        assert!(MasterKey::parse("your-super-secret-key-change-this").is_err());
    }
}
