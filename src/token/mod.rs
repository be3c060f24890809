//! Everything that carries a signature, a MAC or a seal. Pure: no I/O, no async, no database.

mod claims;
mod issue;
mod jwks;
mod keyring;
mod mac;
mod master;
mod opaque;
mod page;
mod seal;
mod verify;

#[cfg(test)]
mod fixture;

pub use claims::AccessClaims;
pub use issue::{MAX_TTL, Subject, TokenSettings, issue};
pub use jwks::Jwk;
pub use keyring::{Keyring, MIN_SECRET_BYTES, OpenError};
pub use mac::MacPurpose;
pub use master::{MasterKey, new_key};
pub use opaque::{
    RefreshToken, SignUpToken, hash_api_key, hash_invitation_token, new_api_key,
    new_invitation_token,
};
pub use page::PageBinding;
pub use seal::SealPurpose;
pub use verify::{Refusal, read, verify};
