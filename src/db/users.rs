//! Accounts. Not tenant-owned: a tenant reaches those that have a profile in it.

use super::{
    schema::{user_profiles, users},
    tx::Tx,
};
use crate::model::{
    Result,
    clock::Instant,
    email::{EmailAddress, EmailKey},
    id::{TenantId, UserId},
    user::{User, UserState},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct UserRow {
    id: UserId,
    email: String,
    email_key: String,
    tenant_id: TenantId,
    state: UserState,
    verified_time: Option<Instant>,
    create_time: Instant,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            email: EmailAddress::from_stored(row.email, row.email_key),
            tenant_id: row.tenant_id,
            state: row.state,
            verified_time: row.verified_time,
            create_time: row.create_time,
        }
    }
}

/// Users that the scope reaches.
macro_rules! reachable {
    ($scope:expr, $query:expr) => {
        in_scope!(
            $scope,
            $query,
            tenant
                | id
                | diesel::dsl::exists(
                    user_profiles::table
                        .filter(user_profiles::user_id.eq(users::id))
                        .filter(user_profiles::tenant_id.eq(id)),
                ),
            own | id | users::id.eq(id)
        )
    };
}

/// Inserts an account; `false` when the address has one. Its home profile goes in first.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: &str) -> Result<bool> {
    tx.check_tenant(user.tenant_id)?;
    let inserted = on!(tx, |c| diesel::insert_into(users::table)
        .values((
            users::id.eq(user.id),
            users::email.eq(user.email.as_typed()),
            users::email_key.eq(user.email.key().as_str()),
            users::password_hash.eq(password_hash),
            users::tenant_id.eq(user.tenant_id),
            users::state.eq(user.state),
            users::verified_time.eq(user.verified_time),
            users::create_time.eq(user.create_time),
            users::update_time.eq(user.create_time),
        ))
        .on_conflict(users::email_key)
        .do_nothing()
        .execute(c)
        .await)?;
    Ok(inserted == 1)
}

pub async fn find(tx: &mut Tx, id: UserId) -> Result<Option<User>> {
    let scope = tx.scope();
    let row: Option<UserRow> = on!(tx, |c| reachable!(scope, users::table)
        .filter(users::id.eq(id))
        .select(UserRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(User::from))
}

/// Locks an account until the transaction ends; whatever adds or ends one of its memberships
/// begins with it. `false` when there is no such account.
pub async fn lock(tx: &mut Tx, id: UserId) -> Result<bool> {
    let scope = tx.scope();
    macro_rules! query {
        () => {
            reachable!(scope, users::table).filter(users::id.eq(id)).select(users::id)
        };
    }
    let found: Option<UserId> = on!(
        tx,
        // A boxed query takes no lock, so the condition stands in a subquery.
        pg | c
            | users::table
                .filter(users::id.eq_any(query!()))
                .select(users::id)
                .for_update()
                .first(c)
                .await
                .optional(),
        // The one writer of SQLite holds the lock of the whole database.
        sqlite | c | query!().first(c).await.optional(),
    )?;
    Ok(found.is_some())
}

/// The account of an address with its password hash.
pub async fn find_by_email(tx: &mut Tx, key: &EmailKey) -> Result<Option<(User, Option<String>)>> {
    let scope = tx.scope();
    let row: Option<(UserRow, Option<String>)> = on!(tx, |c| reachable!(scope, users::table)
        .filter(users::email_key.eq(key.as_str()))
        .select((UserRow::as_select(), users::password_hash))
        .first(c)
        .await
        .optional())?;
    Ok(row.map(|(user, hash)| (user.into(), hash)))
}

/// Notes that the address of an account is proven; an earlier proof stands.
pub async fn set_verified(tx: &mut Tx, id: UserId, now: Instant) -> Result<bool> {
    let scope = tx.scope();
    let updated = on!(tx, |c| reachable!(scope, diesel::update(users::table.find(id)))
        .filter(users::verified_time.is_null())
        .set((users::verified_time.eq(now), users::update_time.eq(now)))
        .execute(c)
        .await)?;
    Ok(updated == 1)
}

/// Replaces the password hash unless it changed meanwhile.
pub async fn replace_password_hash(
    tx: &mut Tx,
    id: UserId,
    old: &str,
    new: &str,
    now: Instant,
) -> Result<bool> {
    let scope = tx.scope();
    let updated = on!(tx, |c| reachable!(scope, diesel::update(users::table.find(id)))
        .filter(users::password_hash.eq(old))
        .set((users::password_hash.eq(new), users::update_time.eq(now)))
        .execute(c)
        .await)?;
    Ok(updated == 1)
}

/// Moves an account to another home, where it has a profile; `false` when its home is not `from`.
pub async fn move_home(
    tx: &mut Tx,
    id: UserId,
    from: TenantId,
    to: TenantId,
    now: Instant,
) -> Result<bool> {
    tx.check_everywhere()?;
    let updated = on!(tx, |c| diesel::update(users::table.find(id))
        .filter(users::tenant_id.eq(from))
        .set((users::tenant_id.eq(to), users::update_time.eq(now)))
        .execute(c)
        .await)?;
    Ok(updated == 1)
}

/// Deletes an account with every profile and session; `false` when there is none.
pub async fn delete(tx: &mut Tx, id: UserId) -> Result<bool> {
    tx.check_everywhere()?;
    let deleted = on!(tx, |c| diesel::delete(users::table.find(id)).execute(c).await)?;
    Ok(deleted == 1)
}
