//! Profiles: users in tenants.

use super::{
    schema::{tenants, user_profiles, users},
    tenants::TenantRow,
    tx::Tx,
};
use crate::model::{
    Error, Result,
    clock::Instant,
    email::EmailAddress,
    id::{TenantId, UserId},
    profile::{Profile, ProfileFilter, ProfileState},
    role::Role,
    tenant::Tenant,
    text::DisplayName,
    user::UserState,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = user_profiles, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct ProfileRow {
    tenant_id: TenantId,
    user_id: UserId,
    role: Role,
    display_name: String,
    state: ProfileState,
    mver: i64,
    create_time: Instant,
    update_time: Instant,
}

/// Columns of the account that a profile shows.
type EmailColumns = (String, String);
const EMAIL: (users::email, users::email_key) = (users::email, users::email_key);

fn profile((row, (email, key)): (ProfileRow, EmailColumns)) -> Profile {
    Profile {
        tenant_id: row.tenant_id,
        user_id: row.user_id,
        email: EmailAddress::from_stored(email, key),
        display_name: DisplayName::from_stored(row.display_name),
        role: row.role,
        state: row.state,
        mver: row.mver,
        create_time: row.create_time,
        update_time: row.update_time,
    }
}

/// Profiles with their accounts, narrowed to the scope.
macro_rules! reachable {
    ($scope:expr) => {{
        let query = user_profiles::table.inner_join(users::table);
        in_scope!($scope, query, tenant user_profiles::tenant_id, own user_profiles::user_id)
    }};
}

/// Inserts a profile of somebody who was seen to have none in the tenant.
pub async fn insert(tx: &mut Tx, profile: &Profile) -> Result<()> {
    tx.check_tenant(profile.tenant_id)?;
    let inserted = on!(tx, |c| diesel::insert_into(user_profiles::table)
        .values((
            user_profiles::tenant_id.eq(profile.tenant_id),
            user_profiles::user_id.eq(profile.user_id),
            user_profiles::role.eq(profile.role),
            user_profiles::display_name.eq(profile.display_name.as_str()),
            user_profiles::state.eq(profile.state),
            user_profiles::mver.eq(profile.mver),
            user_profiles::create_time.eq(profile.create_time),
            user_profiles::update_time.eq(profile.update_time),
        ))
        .on_conflict((user_profiles::tenant_id, user_profiles::user_id))
        .do_nothing()
        .execute(c)
        .await)?;
    if inserted == 1 { Ok(()) } else { Err(Error::lost_race()) }
}

pub async fn find(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<Option<Profile>> {
    let scope = tx.scope();
    let row: Option<(ProfileRow, EmailColumns)> = on!(tx, |c| reachable!(scope)
        .filter(user_profiles::tenant_id.eq(tenant))
        .filter(user_profiles::user_id.eq(user))
        .select((ProfileRow::as_select(), EMAIL))
        .first(c)
        .await
        .optional())?;
    Ok(row.map(profile))
}

/// Profiles of the scope after `after` in the order of their users' ids.
pub async fn list(
    tx: &mut Tx,
    filter: &ProfileFilter,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Profile>> {
    let scope = tx.scope();
    let prefix = filter.email_prefix.as_deref().map(literal_prefix);
    let rows: Vec<(ProfileRow, EmailColumns)> = on!(tx, |c| {
        let mut query = reachable!(scope)
            .order(user_profiles::user_id.asc())
            .limit(limit)
            .select((ProfileRow::as_select(), EMAIL));
        if let Some(role) = filter.role {
            query = query.filter(user_profiles::role.eq(role));
        }
        if let Some(state) = filter.state {
            query = query.filter(user_profiles::state.eq(state));
        }
        if let Some(prefix) = &prefix {
            query = query.filter(users::email_key.like(prefix).escape('\\'));
        }
        if let Some(after) = after {
            query = query.filter(user_profiles::user_id.gt(after));
        }
        query.load(c).await
    })?;
    Ok(rows.into_iter().map(profile).collect())
}

/// A `LIKE` pattern that matches what begins with `text`, every character of it literal.
fn literal_prefix(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Memberships of a user with their tenants, the oldest first.
pub async fn memberships(tx: &mut Tx, user: UserId) -> Result<Vec<(Profile, Tenant)>> {
    let scope = tx.scope();
    let rows: Vec<(ProfileRow, EmailColumns, TenantRow)> = on!(tx, |c| {
        let query = user_profiles::table.inner_join(users::table).inner_join(tenants::table);
        in_scope!(scope, query, tenant user_profiles::tenant_id, own user_profiles::user_id)
            .filter(user_profiles::user_id.eq(user))
            .order((user_profiles::create_time.asc(), user_profiles::tenant_id.asc()))
            .select((ProfileRow::as_select(), EMAIL, TenantRow::as_select()))
            .load(c)
            .await
    })?;
    Ok(rows
        .into_iter()
        .map(|(row, email, tenant)| (profile((row, email)), tenant.into()))
        .collect())
}

/// Sets a role and moves the membership's version, which tokens carry.
pub async fn set_role(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    role: Role,
    now: Instant,
) -> Result<bool> {
    tx.check_tenant(tenant)?;
    let updated = on!(tx, |c| diesel::update(user_profiles::table.find((tenant, user)))
        .set((
            user_profiles::role.eq(role),
            user_profiles::mver.eq(user_profiles::mver + 1),
            user_profiles::update_time.eq(now),
        ))
        .execute(c)
        .await)?;
    Ok(updated == 1)
}

/// Sets the name to show.
pub async fn set_display_name(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    name: &DisplayName,
    now: Instant,
) -> Result<bool> {
    tx.check_tenant(tenant)?;
    let updated = on!(tx, |c| diesel::update(user_profiles::table.find((tenant, user)))
        .set((user_profiles::display_name.eq(name.as_str()), user_profiles::update_time.eq(now)))
        .execute(c)
        .await)?;
    Ok(updated == 1)
}

/// Ends a membership, and its sessions with it; a home moves before. `false` when there is none.
pub async fn delete(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<bool> {
    tx.check_tenant(tenant)?;
    let deleted =
        on!(tx, |c| diesel::delete(user_profiles::table.find((tenant, user))).execute(c).await)?;
    Ok(deleted == 1)
}

/// How many active members the tenant has.
pub async fn count_active(tx: &mut Tx, tenant: TenantId) -> Result<u32> {
    let scope = tx.scope();
    let count: i64 = on!(tx, |c| in_scope!(scope, user_profiles, user_profiles::table)
        .filter(user_profiles::tenant_id.eq(tenant))
        .filter(user_profiles::state.eq(ProfileState::Active))
        .count()
        .get_result(c)
        .await)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Owners of the tenant whose profile and account are both active, so many at most.
pub async fn active_owners(tx: &mut Tx, tenant: TenantId, most: i64) -> Result<Vec<UserId>> {
    let scope = tx.scope();
    Ok(on!(tx, |c| reachable!(scope)
        .filter(user_profiles::tenant_id.eq(tenant))
        .filter(user_profiles::role.eq(Role::Owner))
        .filter(user_profiles::state.eq(ProfileState::Active))
        .filter(users::state.eq(UserState::Active))
        .order(user_profiles::user_id.asc())
        .limit(most)
        .select(user_profiles::user_id)
        .load(c)
        .await)?)
}
