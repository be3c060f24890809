//! Tells another service whether an access token is good now, and what it says.

use crate::{
    access::Scope,
    db::sessions,
    model::Result,
    ops::Cx,
    token::{self, AccessClaims},
};
use secrecy::{ExposeSecret as _, SecretString};

/// Why a token is not active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inactive {
    /// Not a token of this service, or not one that the caller may see.
    Invalid,
    Expired,
    /// The session, the account, the membership or the tenant behind it is no longer live.
    Ended,
    /// Older than the last change of the membership.
    Stale,
}

/// What the token says, or why it says nothing.
pub type Validated = std::result::Result<Box<AccessClaims>, Inactive>;

/// The live status, not only the signature. In the scope of a tenant, another tenant's token is
/// as garbage is: that is decided before anything of it is told or looked up.
pub async fn validate_token(cx: &Cx, scope: Scope, text: SecretString) -> Result<Validated> {
    let ring = cx.app.ring()?;
    let now = cx.app.clock.now();
    let read = token::read(&ring, &cx.app.tokens, now, text.expose_secret());
    let Ok((claims, in_time)) = read else { return Ok(Err(Inactive::Invalid)) };
    if scope.tenant_id().is_some_and(|own| own != claims.tenant_id) {
        return Ok(Err(Inactive::Invalid));
    }
    if !in_time {
        return Ok(Err(Inactive::Expired));
    }
    let standing = cx
        .read(scope, async |tx| {
            sessions::standing(tx, claims.sid, claims.sub, claims.tenant_id).await
        })
        .await?;
    Ok(match standing.filter(|standing| standing.live) {
        None => Err(Inactive::Ended),
        Some(now) if (now.role, now.mver) != (claims.role, claims.mver) => Err(Inactive::Stale),
        Some(_) => Ok(Box::new(claims)),
    })
}
