//! Sessions.

use super::{
    schema::{sessions, tenants, user_profiles, users},
    tx::Tx,
};
use crate::model::{
    Result,
    clock::Instant,
    id::{SessionId, TenantId, UserId},
    profile::ProfileState,
    role::Role,
    session::{EndReason, Session, Standing},
    tenant::TenantState,
    user::UserState,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct SessionRow {
    id: SessionId,
    tenant_id: TenantId,
    user_id: UserId,
    counter: i64,
    kid: String,
    rotated_time: Instant,
    idle_expire_time: Instant,
    expire_time: Instant,
    user_agent: String,
    ip: String,
    end_time: Option<Instant>,
    create_time: Instant,
    last_used_time: Instant,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            tenant_id: row.tenant_id,
            user_id: row.user_id,
            counter: row.counter,
            kid: row.kid,
            rotated_time: row.rotated_time,
            idle_expire_time: row.idle_expire_time,
            expire_time: row.expire_time,
            user_agent: row.user_agent,
            ip: row.ip,
            end_time: row.end_time,
            create_time: row.create_time,
            last_used_time: row.last_used_time,
        }
    }
}

/// Sessions of the scope.
macro_rules! reachable {
    ($scope:expr, $query:expr) => {
        in_scope!($scope, $query, tenant sessions::tenant_id, own sessions::user_id)
    };
}

pub async fn insert(tx: &mut Tx, session: &Session) -> Result<()> {
    tx.check_member(session.tenant_id, session.user_id)?;
    on!(tx, |c| diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id),
            sessions::tenant_id.eq(session.tenant_id),
            sessions::user_id.eq(session.user_id),
            sessions::counter.eq(session.counter),
            sessions::kid.eq(&session.kid),
            sessions::rotated_time.eq(session.rotated_time),
            sessions::idle_expire_time.eq(session.idle_expire_time),
            sessions::expire_time.eq(session.expire_time),
            sessions::user_agent.eq(&session.user_agent),
            sessions::ip.eq(&session.ip),
            sessions::end_time.eq(session.end_time),
            sessions::create_time.eq(session.create_time),
            sessions::last_used_time.eq(session.last_used_time),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// The session, locked until the transaction ends.
pub async fn find_for_update(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    let scope = tx.scope();
    macro_rules! query {
        () => {
            reachable!(scope, sessions::table).filter(sessions::id.eq(id))
        };
    }
    let row: Option<SessionRow> = on!(
        tx,
        pg | c
            | sessions::table
                .filter(sessions::id.eq_any(query!().select(sessions::id)))
                .select(SessionRow::as_select())
                .for_update()
                .first(c)
                .await
                .optional(),
        // The one writer of SQLite holds the lock of the whole database.
        sqlite | c | query!().select(SessionRow::as_select()).first(c).await.optional(),
    )?;
    Ok(row.map(Session::from))
}

/// Moves the refresh counter on.
pub async fn rotate(
    tx: &mut Tx,
    id: SessionId,
    counter: i64,
    kid: &str,
    idle_expire_time: Instant,
    now: Instant,
) -> Result<()> {
    let scope = tx.scope();
    on!(tx, |c| reachable!(scope, diesel::update(sessions::table.find(id)))
        .set((
            sessions::counter.eq(counter),
            sessions::kid.eq(kid),
            sessions::rotated_time.eq(now),
            sessions::last_used_time.eq(now),
            sessions::idle_expire_time.eq(idle_expire_time),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// Ends one session; `false` when it had ended before.
pub async fn end(tx: &mut Tx, id: SessionId, reason: EndReason, now: Instant) -> Result<bool> {
    let scope = tx.scope();
    let ended = on!(tx, |c| reachable!(scope, diesel::update(sessions::table.find(id)))
        .filter(sessions::end_time.is_null())
        .set((sessions::end_time.eq(now), sessions::end_reason.eq(reason)))
        .execute(c)
        .await)?;
    Ok(ended == 1)
}

/// The user's open sessions, and the tenant that each is for.
pub async fn open_ids(tx: &mut Tx, user: UserId) -> Result<Vec<(SessionId, TenantId)>> {
    let scope = tx.scope();
    Ok(on!(tx, |c| {
        reachable!(scope, sessions::table)
            .filter(sessions::user_id.eq(user))
            .filter(sessions::end_time.is_null())
            .order(sessions::id.asc())
            .select((sessions::id, sessions::tenant_id))
            .load(c)
            .await
    })?)
}

/// Deletes sessions whose absolute end was by `until`, about `limit` of them; answers how many.
/// Until then a spent refresh token is recognised, ended session or not.
pub async fn delete_expired(tx: &mut Tx, until: Instant, limit: i64) -> Result<usize> {
    delete_expired!(tx, sessions, until, limit)
}

type StandingRow = (Option<Instant>, Instant, UserState, ProfileState, Role, i64, TenantState);

/// What stands behind a session now; `None` when session or membership are gone.
pub async fn standing(
    tx: &mut Tx,
    id: SessionId,
    user: UserId,
    tenant: TenantId,
) -> Result<Option<Standing>> {
    let scope = tx.scope();
    let query = sessions::table.inner_join(users::table).inner_join(tenants::table).inner_join(
        user_profiles::table.on(user_profiles::tenant_id
            .eq(sessions::tenant_id)
            .and(user_profiles::user_id.eq(sessions::user_id))),
    );
    let row: Option<StandingRow> = on!(tx, |c| reachable!(scope, query)
        .filter(sessions::id.eq(id))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::tenant_id.eq(tenant))
        .select((
            sessions::end_time,
            sessions::expire_time,
            users::state,
            user_profiles::state,
            user_profiles::role,
            user_profiles::mver,
            tenants::state,
        ))
        .first(c)
        .await
        .optional())?;
    let Some((end, expire, user_state, profile_state, role, mver, tenant_state)) = row else {
        return Ok(None);
    };
    let now = tx.now().await?;
    Ok(Some(Standing {
        role,
        mver,
        live: end.is_none()
            && now < expire
            && user_state == UserState::Active
            && profile_state == ProfileState::Active
            && tenant_state == TenantState::Active,
    }))
}
