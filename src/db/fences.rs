//! The fences that let no user be committed without a home profile: are they up, do they hold.

use super::tx::Tx;
use crate::model::{
    Error, Result,
    id::{TenantId, UserId},
    sync::TriggerState,
};
use diesel::{
    OptionalExtension as _,
    sql_types::{BigInt, Text},
};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};

#[derive(diesel::QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(diesel::QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// The state of the trigger that writes the profile.
pub async fn trigger_state(tx: &mut Tx) -> Result<TriggerState> {
    let row: Option<TextRow> = on!(tx,
        pg |c| diesel::sql_query(
            "SELECT CASE WHEN t.tgenabled IN ('O', 'A') THEN 'active' ELSE 'disabled' END AS value \
             FROM pg_trigger t WHERE t.tgname = 'on_auth_user_created' \
             AND t.tgrelid = to_regclass('users')",
        ).get_result(c).await.optional(),
        sqlite |c| diesel::sql_query(
            "SELECT 'active' AS value FROM sqlite_schema \
             WHERE type = 'trigger' AND name = 'on_auth_user_created' AND tbl_name = 'users'",
        ).get_result(c).await.optional(),
    )?;
    row.map_or(Ok(TriggerState::Missing), |row| row.value.parse().map_err(Error::internal))
}

/// Inserts a tenant and a user by plain SQL, as a foreign writer would, and says what failed.
/// The caller rolls the transaction back.
pub async fn exercise(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<(), Error> {
    // Names of its own, so that nobody's tenant or account can be in the way.
    let name = user.to_string();
    let failed = |what: &str| Error::internal(what.to_owned());
    on!(
        tx,
        pg | c
            | c.batch_execute(&insert_by_hand(
                &name,
                &format!("'{tenant}'"),
                &format!("'{user}'"),
                "now()"
            ))
            .await,
        sqlite
            | c
            | c.batch_execute(&insert_by_hand(&name, &blob(&tenant), &blob(&user), "0")).await,
    )?;
    let count = "SELECT count(*) AS value FROM user_profiles p JOIN events e \
                 ON e.subject_id = p.user_id AND e.kind = 'user.created' WHERE p.user_id = ";
    let written: CountRow = on!(
        tx,
        pg | c | diesel::sql_query(format!("{count}'{user}'")).get_result(c).await,
        sqlite | c | diesel::sql_query(format!("{count}{}", blob(&user))).get_result(c).await,
    )?;
    if written.value != 1 {
        return Err(failed("a user inserted by plain SQL got no profile and event"));
    }
    let delete = "DELETE FROM user_profiles WHERE user_id = ";
    let refused = on!(
        tx,
        pg | c
            | c.batch_execute(&format!(
                "SAVEPOINT fence; {delete}'{user}'; SET CONSTRAINTS ALL IMMEDIATE"
            ))
            .await
            .is_err(),
        sqlite
            | c
            | c.batch_execute(&format!("SAVEPOINT fence; {delete}{}", blob(&user))).await.is_err(),
    );
    on!(tx, |c| c.batch_execute("ROLLBACK TO SAVEPOINT fence").await)?;
    if refused { Ok(()) } else { Err(failed("deleting only the home profile was not refused")) }
}

fn insert_by_hand(name: &str, tenant: &str, user: &str, now: &str) -> String {
    format!(
        "INSERT INTO tenants (id, slug, display_name, state, enrollment, default_role, mfa_required, \
         version, create_time, update_time) VALUES ({tenant}, 'test-' || {name}, 'migrate test', \
         'active', 'closed', 'member', {no}, 0, {now}, {now}); \
         INSERT INTO users (id, email, email_key, tenant_id) \
         VALUES ({user}, {name} || '@reeve.invalid', {name} || '@reeve.invalid', {tenant})",
        name = format_args!("'{name}'"),
        no = if now == "0" { "0" } else { "false" },
    )
}

fn blob(id: &impl crate::model::id::Id) -> String {
    format!("X'{}'", id.as_uuid().simple())
}
