//! API keys. Only the hash is stored; the key itself is shown once.

use super::{clock::Instant, id::ApiKeyId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOperatorKey {
    pub id: ApiKeyId,
    pub name: String,
    /// SHA-256 of the key's text.
    pub hash: Vec<u8>,
    pub expire_time: Option<Instant>,
}
