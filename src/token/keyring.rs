//! The opened keyring: immutable, shared by every request.

use super::master::{AES_256_GCM, EDDSA, HMAC_SHA256, MasterKey};
use super::seal::cipher;
use crate::model::{
    id::{Id as _, KeyId},
    key::{KeyPurpose, KeyState, SealedKey},
};
use aws_lc_rs::{
    aead::LessSafeKey,
    digest, hmac,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::{ExposeSecret as _, SecretString};
use std::{cmp::Reverse, fmt};
use zeroize::Zeroizing;

/// The shortest secret that HS256 may use (RFC 7518 §3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// Why a keyring does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// A row was not sealed with this master key, or was changed since.
    WrongMasterKey,
    /// No active key of this purpose.
    MissingPurpose(KeyPurpose),
    /// A row opens, but holds a key that this release cannot use.
    UnusableKey(KeyId),
    /// The HS256 secret is shorter than `MIN_SECRET_BYTES`.
    WeakSecret,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongMasterKey => f.write_str("the master key does not open the keyring"),
            Self::MissingPurpose(purpose) => write!(f, "the keyring has no active {purpose} key"),
            Self::UnusableKey(id) => write!(f, "this release cannot use the key {id}"),
            Self::WeakSecret => {
                write!(f, "the token secret must have at least {MIN_SECRET_BYTES} bytes")
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// All keys, by purpose. Deliberately without `Debug`.
pub struct Keyring {
    pub(super) signing: Family<SigningKey>,
    pub(super) page_token: Family<hmac::Key>,
    pub(super) refresh: Family<hmac::Key>,
    pub(super) sign_up: Family<hmac::Key>,
    pub(super) mail: Family<LessSafeKey>,
    pub(super) idempotency: Family<hmac::Key>,
}

/// A key with the identifier that whatever it makes carries.
pub(super) struct Named<K> {
    pub kid: String,
    pub key: K,
}

/// The keys of one purpose: one makes new things, all of them check old ones.
pub(super) struct Family<K> {
    pub active: Named<K>,
    /// Published and retired keys, in that order.
    others: Vec<Named<K>>,
}

impl<K> Family<K> {
    pub fn iter(&self) -> impl Iterator<Item = &Named<K>> {
        std::iter::once(&self.active).chain(&self.others)
    }
    pub fn find(&self, kid: &str) -> Option<&Named<K>> {
        self.iter().find(|named| named.kid == kid)
    }
}

/// A signing key, pinned to its algorithm.
pub(super) struct SigningKey {
    pub algorithm: Algorithm,
    pub encoding: EncodingKey,
    pub decoding: DecodingKey,
    /// Public half; `None` for HS256.
    pub public: Option<Vec<u8>>,
}

impl SigningKey {
    fn ed25519(pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
        let public = pair.public_key().as_ref().to_vec();
        Some(Self {
            algorithm: Algorithm::EdDSA,
            encoding: EncodingKey::from_ed_der(pkcs8),
            decoding: DecodingKey::from_ed_der(&public),
            public: Some(public),
        })
    }

    fn hs256(secret: &[u8]) -> Self {
        Self {
            algorithm: Algorithm::HS256,
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            public: None,
        }
    }

    /// The only `alg` that a token under this key may name.
    pub fn algorithm_name(&self) -> &'static str {
        if self.public.is_some() { EDDSA } else { "HS256" }
    }
}

impl Keyring {
    /// Opens every row. A secret for HS256 takes the place of the signing keys and of no other.
    pub fn open(
        master: &MasterKey,
        rows: &[SealedKey],
        hs256: Option<&SecretString>,
    ) -> Result<Self, OpenError> {
        let opened = open_rows(master, rows)?;
        let mac = |purpose| {
            family(&opened, purpose, HMAC_SHA256, |key| {
                (key.len() == 32).then(|| hmac::Key::new(hmac::HMAC_SHA256, key))
            })
        };
        Ok(Self {
            signing: match hs256 {
                Some(secret) => secret_family(secret.expose_secret().as_bytes())?,
                None => family(&opened, KeyPurpose::Signing, EDDSA, SigningKey::ed25519)?,
            },
            page_token: mac(KeyPurpose::PageToken)?,
            refresh: mac(KeyPurpose::Refresh)?,
            sign_up: mac(KeyPurpose::SignUp)?,
            idempotency: mac(KeyPurpose::Idempotency)?,
            mail: family(&opened, KeyPurpose::Mail, AES_256_GCM, |key| cipher(key).ok())?,
        })
    }
}

type Opened<'a> = (&'a SealedKey, Zeroizing<Vec<u8>>);

fn open_rows<'a>(master: &MasterKey, rows: &'a [SealedKey]) -> Result<Vec<Opened<'a>>, OpenError> {
    let mut opened = rows
        .iter()
        .map(|row| Ok((row, master.open_row(row).ok_or(OpenError::WrongMasterKey)?)))
        .collect::<Result<Vec<_>, _>>()?;
    // The newest first within a state, so that every replica picks the same active key.
    opened.sort_by_key(|(row, _)| (rank(row.state), Reverse(row.create_time), row.id));
    Ok(opened)
}

fn rank(state: KeyState) -> u8 {
    match state {
        KeyState::Active => 0,
        KeyState::Next => 1,
        KeyState::Retired => 2,
    }
}

fn family<K>(
    opened: &[Opened<'_>],
    purpose: KeyPurpose,
    algorithm: &str,
    parse: impl Fn(&[u8]) -> Option<K>,
) -> Result<Family<K>, OpenError> {
    let mut rows = opened.iter().filter(|(row, _)| row.purpose == purpose);
    let name = |(row, secret): &Opened<'_>| {
        let key = parse(secret).filter(|_| row.algorithm == algorithm);
        let kid = row.id.as_uuid().simple().to_string();
        key.map(|key| Named { kid, key }).ok_or(OpenError::UnusableKey(row.id))
    };
    let first = rows.next().filter(|(row, _)| row.state == KeyState::Active);
    let active = name(first.ok_or(OpenError::MissingPurpose(purpose))?)?;
    Ok(Family { active, others: rows.map(name).collect::<Result<_, _>>()? })
}

/// The one signing key of HS256; its identifier follows from the secret, so replicas agree.
fn secret_family(secret: &[u8]) -> Result<Family<SigningKey>, OpenError> {
    if secret.len() < MIN_SECRET_BYTES {
        return Err(OpenError::WeakSecret);
    }
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(b"reeve token secret kid v1\0");
    hash.update(secret);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finish().as_ref()[..8]);
    let kid = format!("{:016x}", u64::from_be_bytes(first));
    Ok(Family { active: Named { kid, key: SigningKey::hs256(secret) }, others: Vec::new() })
}

#[cfg(test)]
mod tests;
