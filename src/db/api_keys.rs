//! API keys, by their hash.

use super::{schema::api_keys, tx::Tx};
use crate::model::{Result, api_key::NewOperatorKey, clock::Instant, id::ApiKeyId};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::time::Duration;

/// How stale the last-used time may be.
const LAST_USED_STEP: Duration = Duration::from_mins(1);

/// Inserts a platform key.
pub async fn insert_operator(tx: &mut Tx, key: &NewOperatorKey, now: Instant) -> Result<()> {
    on!(tx, |c| diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(key.id),
            api_keys::name.eq(&key.name),
            api_keys::hash.eq(&key.hash),
            api_keys::expire_time.eq(key.expire_time),
            api_keys::create_time.eq(now),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// Whether any platform key was ever made.
pub async fn any_operator(tx: &mut Tx) -> Result<bool> {
    let count: i64 = on!(tx, |c| api_keys::table
        .filter(api_keys::tenant_id.is_null())
        .count()
        .get_result(c)
        .await)?;
    Ok(count > 0)
}

/// A live platform key; `stale` tells whether its last-used time wants writing.
pub struct LiveKey {
    pub id: ApiKeyId,
    pub stale: bool,
}

pub async fn find_live_operator(tx: &mut Tx, hash: &[u8]) -> Result<Option<LiveKey>> {
    let now = tx.now().await?;
    let row: Option<(ApiKeyId, Option<Instant>)> = on!(tx, |c| api_keys::table
        .filter(api_keys::hash.eq(hash))
        .filter(api_keys::tenant_id.is_null())
        .filter(api_keys::revoke_time.is_null())
        .filter(api_keys::expire_time.is_null().or(api_keys::expire_time.gt(now)))
        .select((api_keys::id, api_keys::last_used_time))
        .first(c)
        .await
        .optional())?;
    Ok(row.map(|(id, last_used)| LiveKey {
        id,
        stale: last_used.is_none_or(|last| now.since(last) > LAST_USED_STEP),
    }))
}

pub async fn touch(tx: &mut Tx, id: ApiKeyId) -> Result<()> {
    let now = tx.now().await?;
    on!(tx, |c| diesel::update(api_keys::table.find(id))
        .set(api_keys::last_used_time.eq(now))
        .execute(c)
        .await)?;
    Ok(())
}
