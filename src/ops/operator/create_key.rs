//! Makes a platform key. It is shown once; only its hash is stored.

use crate::{
    access::Scope,
    db::{Tx, api_keys, events},
    model::{
        Result,
        api_key::{ApiKey, KeyScopes},
        clock::Instant,
        event::{EventKind, NewEvent},
        id::ApiKeyId,
        text::DisplayName,
    },
    ops::Cx,
    token,
};
use secrecy::SecretString;
use std::time::Duration;

pub struct CreateOperatorKey {
    pub name: DisplayName,
    /// How long the key lives; for ever when left out.
    pub ttl: Option<Duration>,
    /// What the key may be used for; none are no limit.
    pub scopes: KeyScopes,
}

pub struct CreatedOperatorKey {
    pub id: ApiKeyId,
    pub key: SecretString,
    pub expire_time: Option<Instant>,
}

pub async fn create_operator_key(
    cx: &Cx,
    scope: Scope,
    input: CreateOperatorKey,
) -> Result<CreatedOperatorKey> {
    let (key, hash) = token::new_api_key(cx.app.rng.as_ref());
    let (input, hash) = (&input, &hash);
    let row = cx.write(scope, async |tx| insert(cx, tx, input, hash).await).await?;
    Ok(CreatedOperatorKey { id: row.id, key, expire_time: row.expire_time })
}

pub(super) async fn insert(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateOperatorKey,
    hash: &[u8],
) -> Result<ApiKey> {
    let now = tx.now().await?;
    let key = ApiKey {
        id: cx.new_id(),
        tenant: None,
        name: input.name.clone(),
        scopes: input.scopes,
        created_by: None,
        create_time: now,
        expire_time: input.ttl.map(|ttl| now + ttl),
        last_used_time: None,
        revoke_time: None,
    };
    api_keys::insert(tx, &key, hash).await?;
    let event = NewEvent::new(EventKind::OperatorKeyCreated, None, key.id);
    events::append(tx, &cx.actor(), &event).await?;
    Ok(key)
}
