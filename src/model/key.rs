//! The keyring's rows: keys sealed with the master key.

use super::{clock::Instant, id::KeyId};

/// What a key is for; each purpose has its own keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Signs access tokens.
    Signing,
    /// Authenticates page tokens.
    PageToken,
    /// Authenticates refresh tokens.
    Refresh,
    /// Authenticates sign-up tokens.
    SignUp,
    /// Seals mail until it is sent.
    Mail,
    /// Recognises a request that is repeated.
    Idempotency,
}

crate::closed_set!(KeyPurpose {
    Signing = "signing",
    PageToken = "page_token",
    Refresh = "refresh",
    SignUp = "sign_up",
    Mail = "mail",
    Idempotency = "idempotency",
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    Active,
    /// Published, not used yet.
    Next,
    Retired,
}

crate::closed_set!(KeyState { Active = "active", Next = "next", Retired = "retired" });

/// A key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    pub id: KeyId,
    pub purpose: KeyPurpose,
    pub state: KeyState,
    /// `EdDSA`, `HMAC-SHA256` or `AES-256-GCM`.
    pub algorithm: String,
    pub sealed: Vec<u8>,
    /// Public half of a signing key.
    pub public: Option<Vec<u8>>,
    pub create_time: Instant,
}
