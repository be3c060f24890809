//! Revokes a tenant's key, for good.

use crate::{
    access::Scope,
    db::{api_keys, events},
    model::{
        Error, Result,
        api_key::ApiKey,
        event::{EventKind, NewEvent},
        id::ApiKeyId,
        role::Role,
    },
    ops::{Cx, authority},
};

/// Idempotent: a key that is revoked already is answered as it is.
pub async fn revoke_api_key(cx: &Cx, scope: Scope, id: ApiKeyId) -> Result<ApiKey> {
    cx.write(scope, async |tx| {
        let tenant = authority::lock(cx, tx, scope).await?;
        let key = api_keys::find(tx, id).await?.ok_or_else(|| Error::not_found("api_key"))?;
        authority::require_rank(&cx.caller, key.tenant.map_or(Role::Owner, |(_, role)| role))?;
        let now = tx.now().await?;
        if !api_keys::revoke(tx, id, now).await? {
            return Ok(key);
        }
        let event = NewEvent::new(EventKind::ApiKeyRevoked, Some(tenant.id), id);
        events::append(tx, &cx.actor(), &event).await?;
        Ok(ApiKey { revoke_time: Some(now), ..key })
    })
    .await
}
