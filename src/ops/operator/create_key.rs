//! Makes a platform key. It is shown once; only its hash is stored.

use crate::{
    access::Scope,
    db::{Tx, api_keys, events},
    model::{
        Result,
        api_key::NewOperatorKey,
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
) -> Result<NewOperatorKey> {
    let now = tx.now().await?;
    let row = NewOperatorKey {
        id: cx.new_id(),
        name: input.name.as_str().to_owned(),
        hash: hash.to_vec(),
        expire_time: input.ttl.map(|ttl| now + ttl),
    };
    api_keys::insert_operator(tx, &row, now).await?;
    let event = NewEvent::new(EventKind::OperatorKeyCreated, None, row.id);
    events::append(tx, &cx.actor(), &event).await?;
    Ok(row)
}
