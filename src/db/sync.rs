//! How accounts and profiles stand to each other.

use super::{
    schema::{user_profiles, users},
    tx::Tx,
};
use crate::model::{
    Error, Result,
    id::{TenantId, UserId},
};
use diesel::{
    dsl::{exists, not},
    prelude::*,
    sql_types::BigInt,
};
use diesel_async::RunQueryDsl;

/// Plain counts, taken in one statement so that they belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub users: u32,
    pub users_with_profile: u32,
    pub profiles_without_user: u32,
}

#[derive(QueryableByName)]
struct CountsRow {
    #[diesel(sql_type = BigInt)]
    users: i64,
    #[diesel(sql_type = BigInt)]
    users_with_profile: i64,
    #[diesel(sql_type = BigInt)]
    profiles_without_user: i64,
}

const COUNTS: &str = "SELECT \
    (SELECT count(*) FROM users) AS users, \
    (SELECT count(*) FROM users u JOIN user_profiles p \
        ON p.tenant_id = u.tenant_id AND p.user_id = u.id) AS users_with_profile, \
    (SELECT count(*) FROM user_profiles p \
        WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = p.user_id)) AS profiles_without_user";

pub async fn counts(tx: &mut Tx) -> Result<Counts> {
    let row: CountsRow = on!(tx, |c| diesel::sql_query(COUNTS).get_result(c).await)?;
    let narrow = |count: i64| u32::try_from(count).map_err(Error::internal);
    Ok(Counts {
        users: narrow(row.users)?,
        users_with_profile: narrow(row.users_with_profile)?,
        profiles_without_user: narrow(row.profiles_without_user)?,
    })
}

/// Users without their home profile, after `after` in the order of their ids.
pub async fn users_without_profile(
    tx: &mut Tx,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<(TenantId, UserId)>> {
    Ok(on!(tx, |c| {
        let mut query = users::table
            .filter(not(exists(
                user_profiles::table
                    .filter(user_profiles::tenant_id.eq(users::tenant_id))
                    .filter(user_profiles::user_id.eq(users::id)),
            )))
            .order(users::id.asc())
            .limit(limit)
            .select((users::tenant_id, users::id))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(users::id.gt(after));
        }
        query.load(c).await
    })?)
}

/// Profiles whose user is gone, after `after` in the order of user and tenant.
pub async fn profiles_without_user(
    tx: &mut Tx,
    after: Option<(UserId, TenantId)>,
    limit: i64,
) -> Result<Vec<(TenantId, UserId)>> {
    Ok(on!(tx, |c| {
        let mut query = user_profiles::table
            .filter(not(exists(users::table.filter(users::id.eq(user_profiles::user_id)))))
            .order((user_profiles::user_id.asc(), user_profiles::tenant_id.asc()))
            .limit(limit)
            .select((user_profiles::tenant_id, user_profiles::user_id))
            .into_boxed();
        if let Some((user, tenant)) = after {
            query = query.filter(
                user_profiles::user_id
                    .gt(user)
                    .or(user_profiles::user_id.eq(user).and(user_profiles::tenant_id.gt(tenant))),
            );
        }
        query.load(c).await
    })?)
}
