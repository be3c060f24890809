//! What a probe asks the database.

use super::tx::Tx;
use crate::model::Result;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl as _;

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The latest migration that was applied; a round trip that proves that queries are answered.
pub async fn schema_version(tx: &mut Tx) -> Result<String> {
    let row: Version = on!(tx, |c| diesel::sql_query(
        "SELECT coalesce(max(version), '') AS version FROM __diesel_schema_migrations",
    )
    .get_result(c)
    .await)?;
    Ok(row.version)
}

/// What makes the role of the connection unfit to serve: row-level security would not bind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::QueryableByName)]
pub struct RoleRights {
    #[diesel(sql_type = Bool)]
    pub superuser: bool,
    #[diesel(sql_type = Bool)]
    pub bypasses_rls: bool,
    #[diesel(sql_type = Bool)]
    pub owns_tables: bool,
}

/// The rights of the connection's role; `None` on SQLite, which has no roles.
pub async fn role_rights(tx: &mut Tx) -> Result<Option<RoleRights>> {
    Ok(on!(
        tx,
        pg | c
            | diesel::sql_query(
                "SELECT r.rolsuper AS superuser, r.rolbypassrls AS bypasses_rls, \
             EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = to_regclass('user_profiles') \
                     AND pg_has_role(current_user, c.relowner, 'USAGE')) AS owns_tables \
             FROM pg_roles r WHERE r.rolname = current_user",
            )
            .get_result(c)
            .await
            .map(Some)?,
        sqlite | _c | None,
    ))
}
