//! Publishes the keys that access tokens are verified with.

use crate::{access::Scope, model::Result, ops::Cx, token::Jwk};

pub struct Jwks {
    pub keys: Vec<Jwk>,
    /// The same as an RFC 7517 JWK set.
    pub json: String,
}

/// Active, next and retired signing keys, public halves only; empty with a shared secret.
#[allow(clippy::unused_async, reason = "every operation has the same shape")]
pub async fn get_jwks(cx: &Cx, _: Scope, (): ()) -> Result<Jwks> {
    let ring = cx.app.ring()?;
    Ok(Jwks { keys: ring.jwks(), json: ring.jwks_json() })
}
