//! Revokes a platform key, for good.

use crate::{
    access::Scope,
    db::{api_keys, events},
    model::{
        Error, Result,
        api_key::ApiKey,
        event::{EventKind, NewEvent},
        id::ApiKeyId,
    },
    ops::Cx,
};

/// Idempotent: a key that is revoked already is answered as it is.
pub async fn revoke_operator_key(cx: &Cx, scope: Scope, id: ApiKeyId) -> Result<ApiKey> {
    cx.write(scope, async |tx| {
        let key = api_keys::find(tx, id).await?.ok_or_else(|| Error::not_found("api_key"))?;
        let now = tx.now().await?;
        if !api_keys::revoke(tx, id, now).await? {
            return Ok(key);
        }
        let event = NewEvent::new(EventKind::OperatorKeyRevoked, None, id);
        events::append(tx, &cx.actor(), &event).await?;
        Ok(ApiKey { revoke_time: Some(now), ..key })
    })
    .await
}
