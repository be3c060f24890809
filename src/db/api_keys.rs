//! API keys, by their hash.

use super::{
    schema::{api_keys, user_profiles},
    tx::Tx,
};
use crate::model::{
    Result, api_key::NewOperatorKey, clock::Instant, id::ApiKeyId, profile::ProfileState,
    role::Role,
};
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

/// What stands behind a key now.
pub struct KeyStanding {
    /// The lesser of the key's and its creator's role; `None` for a key of the platform, or when
    /// the creator is no active member any more.
    pub role: Option<Role>,
    /// Neither revoked nor expired, and its creator still an active member.
    pub live: bool,
}

type StandingRow =
    (Option<Role>, Option<Instant>, Option<Instant>, Option<Role>, Option<ProfileState>);

pub async fn standing(tx: &mut Tx, id: ApiKeyId) -> Result<Option<KeyStanding>> {
    let scope = tx.scope();
    let creator = user_profiles::tenant_id
        .nullable()
        .eq(api_keys::tenant_id)
        .and(user_profiles::user_id.nullable().eq(api_keys::created_by));
    let row: Option<StandingRow> = on!(tx, |c| {
        let query = api_keys::table.left_join(user_profiles::table.on(creator));
        in_scope!(scope, query, tenant api_keys::tenant_id, own none)
            .filter(api_keys::id.eq(id))
            .select((
                api_keys::role,
                api_keys::expire_time,
                api_keys::revoke_time,
                user_profiles::role.nullable(),
                user_profiles::state.nullable(),
            ))
            .first(c)
            .await
            .optional()
    })?;
    let Some((role, expire, revoked, creator_role, creator_state)) = row else { return Ok(None) };
    let now = tx.now().await?;
    let creator_role = creator_role.filter(|_| creator_state == Some(ProfileState::Active));
    let alive = revoked.is_none() && expire.is_none_or(|end| now < end);
    Ok(Some(KeyStanding {
        role: role.and_then(|own| creator_role.map(|creator| own.min(creator))),
        live: alive && (role.is_none() || creator_role.is_some()),
    }))
}
