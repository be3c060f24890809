//! API keys, by their hash.

use super::{
    schema::{api_keys, tenants, user_profiles, users},
    tx::Tx,
    types::Json,
};
use crate::{
    access::Reach,
    model::{
        Result,
        api_key::{ApiKey, KeyScope, KeyScopes, KeyStanding},
        clock::Instant,
        id::{ApiKeyId, TenantId, UserId},
        profile::ProfileState,
        role::Role,
        tenant::TenantState,
        text::DisplayName,
        user::UserState,
    },
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::time::Duration;

/// How stale the last-used time may be.
const LAST_USED_STEP: Duration = Duration::from_mins(1);

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct KeyRow {
    id: ApiKeyId,
    tenant_id: Option<TenantId>,
    name: String,
    role: Option<Role>,
    scopes: Json,
    created_by: Option<UserId>,
    expire_time: Option<Instant>,
    last_used_time: Option<Instant>,
    revoke_time: Option<Instant>,
    create_time: Instant,
}

impl From<KeyRow> for ApiKey {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant_id.zip(row.role),
            name: DisplayName::from_stored(row.name),
            scopes: known_scopes(&row.scopes),
            created_by: row.created_by,
            create_time: row.create_time,
            expire_time: row.expire_time,
            last_used_time: row.last_used_time,
            revoke_time: row.revoke_time,
        }
    }
}

/// The scopes that this release knows; a newer one may have granted others.
fn known_scopes(stored: &Json) -> KeyScopes {
    let names = stored.0.as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str()?.parse().ok()).collect()
}

pub async fn insert(tx: &mut Tx, key: &ApiKey, hash: &[u8]) -> Result<()> {
    match key.tenant {
        Some((tenant, _)) => tx.check_tenant(tenant)?,
        None => tx.check_everywhere()?,
    }
    let scopes: Vec<&str> = key.scopes.iter().map(KeyScope::as_str).collect();
    on!(tx, |c| diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(key.id),
            api_keys::tenant_id.eq(key.tenant.map(|(tenant, _)| tenant)),
            api_keys::name.eq(key.name.as_str()),
            api_keys::role.eq(key.tenant.map(|(_, role)| role)),
            api_keys::scopes.eq(Json(scopes.clone().into())),
            api_keys::hash.eq(hash),
            api_keys::created_by.eq(key.created_by),
            api_keys::expire_time.eq(key.expire_time),
            api_keys::create_time.eq(key.create_time),
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

/// The keys of the scope: of its tenant, or, in `System`, of the platform.
macro_rules! own_keys {
    ($scope:expr, $query:expr) => {{
        let query = in_scope!($scope, api_keys, $query);
        match $scope.reach() {
            Reach::System(_) => query.filter(api_keys::tenant_id.is_null()),
            Reach::Tenant(_) | Reach::Own(_) => query,
        }
    }};
}

pub async fn find(tx: &mut Tx, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let scope = tx.scope();
    let row: Option<KeyRow> = on!(tx, |c| own_keys!(scope, api_keys::table)
        .filter(api_keys::id.eq(id))
        .select(KeyRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(ApiKey::from))
}

/// Keys after `after` in the order of their ids.
pub async fn list(tx: &mut Tx, after: Option<ApiKeyId>, limit: i64) -> Result<Vec<ApiKey>> {
    let scope = tx.scope();
    let rows: Vec<KeyRow> = on!(tx, |c| {
        let mut query = own_keys!(scope, api_keys::table)
            .order(api_keys::id.asc())
            .limit(limit)
            .select(KeyRow::as_select());
        if let Some(after) = after {
            query = query.filter(api_keys::id.gt(after));
        }
        query.load(c).await
    })?;
    Ok(rows.into_iter().map(ApiKey::from).collect())
}

/// Keys of the scope that are neither revoked nor expired.
pub async fn count_live(tx: &mut Tx, now: Instant) -> Result<u32> {
    let scope = tx.scope();
    let count: i64 = on!(tx, |c| own_keys!(scope, api_keys::table)
        .filter(api_keys::revoke_time.is_null())
        .filter(api_keys::expire_time.is_null().or(api_keys::expire_time.gt(now)))
        .count()
        .get_result(c)
        .await)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Revokes a key of the scope; `false` when it was revoked before.
pub async fn revoke(tx: &mut Tx, id: ApiKeyId, now: Instant) -> Result<bool> {
    let scope = tx.scope();
    let revoked = on!(tx, |c| own_keys!(scope, diesel::update(api_keys::table.find(id)))
        .filter(api_keys::revoke_time.is_null())
        .set(api_keys::revoke_time.eq(now))
        .execute(c)
        .await)?;
    Ok(revoked == 1)
}

/// Notes that a key was used; not more than once a minute, however many replicas see it.
pub async fn touch(tx: &mut Tx, id: ApiKeyId) -> Result<()> {
    let now = tx.now().await?;
    on!(tx, |c| diesel::update(api_keys::table.find(id))
        .filter(
            api_keys::last_used_time
                .is_null()
                .or(api_keys::last_used_time.lt(now - LAST_USED_STEP)),
        )
        .set(api_keys::last_used_time.eq(now))
        .execute(c)
        .await)?;
    Ok(())
}

/// A key with what it depends on: its creator's membership and account, and its tenant.
macro_rules! with_creator {
    ($scope:expr) => {{
        let member = user_profiles::tenant_id
            .nullable()
            .eq(api_keys::tenant_id)
            .and(user_profiles::user_id.nullable().eq(api_keys::created_by));
        let query = api_keys::table
            .left_join(user_profiles::table.on(member))
            .left_join(users::table.on(users::id.nullable().eq(api_keys::created_by)))
            .left_join(tenants::table.on(tenants::id.nullable().eq(api_keys::tenant_id)));
        in_scope!($scope, query, tenant api_keys::tenant_id, own none).select((
            KeyRow::as_select(),
            user_profiles::role.nullable(),
            user_profiles::state.nullable(),
            users::state.nullable(),
            tenants::state.nullable(),
        ))
    }};
}

type StandingRow =
    (KeyRow, Option<Role>, Option<ProfileState>, Option<UserState>, Option<TenantState>);

/// The standing of a key that somebody presents, by its hash.
pub async fn find_standing(tx: &mut Tx, hash: &[u8]) -> Result<Option<KeyStanding>> {
    let scope = tx.scope();
    let row: Option<StandingRow> = on!(tx, |c| with_creator!(scope)
        .filter(api_keys::hash.eq(hash))
        .first(c)
        .await
        .optional())?;
    let now = tx.now().await?;
    Ok(row.map(|row| judge(row, now)))
}

pub async fn standing(tx: &mut Tx, id: ApiKeyId) -> Result<Option<KeyStanding>> {
    let scope = tx.scope();
    let row: Option<StandingRow> =
        on!(tx, |c| with_creator!(scope).filter(api_keys::id.eq(id)).first(c).await.optional())?;
    let now = tx.now().await?;
    Ok(row.map(|row| judge(row, now)))
}

fn judge(row: StandingRow, now: Instant) -> KeyStanding {
    let (key, creator_role, membership, account, tenant) = row;
    let creator = creator_role
        .filter(|_| membership == Some(ProfileState::Active) && account == Some(UserState::Active));
    let scopes = known_scopes(&key.scopes);
    // No scopes leave a platform key without limit, so those that are not known must not vanish.
    let readable = !scopes.is_empty() || key.scopes.0.as_array().is_some_and(Vec::is_empty);
    let in_time = key.revoke_time.is_none() && key.expire_time.is_none_or(|end| now < end);
    KeyStanding {
        id: key.id,
        tenant_id: key.tenant_id,
        role: key.role.and_then(|own| creator.map(|creator| own.min(creator))),
        scopes,
        live: in_time && readable && (key.tenant_id.is_none() || creator.is_some()),
        tenant_active: key.tenant_id.is_none() || tenant == Some(TenantState::Active),
        unnoted: key.last_used_time.is_none_or(|last| now.since(last) > LAST_USED_STEP),
    }
}
