//! Applies and undoes migrations.

use super::{
    super::connect::{Exec, LiteConn, PgConn, Target, connect_pg, connect_sqlite, create_private},
    TABLES, lock,
};
use crate::model::{Error, Result};
use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource},
    sql_types::{BigInt, Bool, Text},
};
use diesel_async::{AsyncMigrationHarness, RunQueryDsl as _, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::ExposeSecret as _;
use std::fmt::Write as _;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

const POSTGRES_HAS_VERSIONS: &str =
    "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS there";
const SQLITE_HAS_VERSIONS: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema \
     WHERE name = '__diesel_schema_migrations') AS there";

/// How far a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Names of applied migrations that this binary knows.
    pub applied: Vec<String>,
    pub pending: Vec<String>,
    /// Versions that a newer binary applied.
    pub newer: Vec<String>,
}

impl Status {
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && self.newer.is_empty()
    }
    /// The latest version of this binary.
    pub fn expected(&self) -> &str {
        self.pending.last().or_else(|| self.applied.last()).map_or("none", String::as_str)
    }
}

/// The versions that were applied, on either connection.
macro_rules! versions {
    ($conn:expr, $there:expr) => {{
        let conn = $conn;
        let row: Exists = diesel::sql_query($there).get_result(conn).await?;
        if row.there {
            let versions = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
            diesel::sql_query(versions).load::<Version>(conn).await?
        } else {
            vec![]
        }
    }};
}

/// Only reads, so that the serving role, which may make no table, can ask too.
pub async fn status(target: &Target) -> Result<Status> {
    match target {
        Target::Postgres { url, schema } => {
            let mut conn = connect_pg(url.expose_secret()).await.map_err(unreachable)?;
            prepare(&mut conn, schema).await?;
            let done = versions!(&mut conn, POSTGRES_HAS_VERSIONS);
            Ok(compare(names::<diesel::pg::Pg>(&POSTGRES)?, &done))
        }
        Target::Sqlite(path) => {
            let done = if path.exists() {
                versions!(&mut sqlite(path).await?, SQLITE_HAS_VERSIONS)
            } else {
                vec![]
            };
            Ok(compare(names::<diesel::sqlite::Sqlite>(&SQLITE)?, &done))
        }
    }
}

/// Applies what is pending, up to version `to` if given, and answers the names. On PostgreSQL it
/// makes the schema when it is missing and grants `service_role` what serving needs.
pub async fn up(
    target: &Target,
    to: Option<&str>,
    service_role: Option<&str>,
) -> Result<Vec<String>> {
    let to = to.map(str::to_owned);
    match target {
        Target::Postgres { url, schema } => {
            // On a connection of its own: the lock is held until the rights are granted, too.
            let _lock = lock::postgres(url).await?;
            let mut conn = connect_pg(url.expose_secret()).await.map_err(unreachable)?;
            if !schema_exists(&mut conn, schema).await? {
                conn.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
            }
            prepare(&mut conn, schema).await?;
            let (applied, harness) = run(AsyncMigrationHarness::new(conn), move |harness| {
                apply(harness, POSTGRES, to.as_deref())
            })
            .await?;
            if let Some(role) = service_role {
                // Under the lock: grants that meet on a table fail.
                grant(&mut harness.into_inner(), schema, role).await?;
            }
            Ok(applied)
        }
        Target::Sqlite(path) => {
            create_private(path)?;
            let _lock = lock::sqlite(path).await?;
            let conn = sqlite(path).await?;
            run(AsyncMigrationHarness::new(conn), move |harness| {
                apply(harness, SQLITE, to.as_deref())
            })
            .await
            .map(|(applied, _)| applied)
        }
    }
}

/// Undoes the latest migration, or all after version `to`, and answers the names.
pub async fn down(target: &Target, to: Option<&str>) -> Result<Vec<String>> {
    let to = to.map(str::to_owned);
    match target {
        Target::Postgres { url, schema } => {
            let _lock = lock::postgres(url).await?;
            let mut conn = connect_pg(url.expose_secret()).await.map_err(unreachable)?;
            prepare(&mut conn, schema).await?;
            run(AsyncMigrationHarness::new(conn), move |harness| {
                revert(harness, &POSTGRES, to.as_deref())
            })
            .await
            .map(|(undone, _)| undone)
        }
        Target::Sqlite(path) => {
            create_private(path)?;
            let _lock = lock::sqlite(path).await?;
            let conn = sqlite(path).await?;
            run(AsyncMigrationHarness::new(conn), move |harness| {
                revert(harness, &SQLITE, to.as_deref())
            })
            .await
            .map(|(undone, _)| undone)
        }
    }
}

#[derive(diesel::QueryableByName)]
struct RowCount {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Tables that [`down`] would drop, with the rows in each.
pub async fn rows_at_risk(target: &Target, to: Option<&str>) -> Result<Vec<(&'static str, i64)>> {
    let applied = status(target).await?.applied;
    let latest = applied.last().map_or("", |name| version_of(name)).to_owned();
    let undone = |version: &str| match to {
        Some(to) => version > padded(to).as_str() && version <= latest.as_str(),
        None => version == latest,
    };
    let doomed = TABLES.iter().filter(|(version, _)| undone(version));
    let mut counts = Vec::new();
    for table in
        doomed.flat_map(|(_, tables)| tables.iter()).filter(|table| **table != "event_head")
    {
        let sql = format!("SELECT count(*) AS rows FROM {table}");
        let row: RowCount = match target {
            Target::Postgres { url, schema } => {
                let mut conn = connect_pg(url.expose_secret()).await.map_err(unreachable)?;
                prepare(&mut conn, schema).await?;
                diesel::sql_query(sql).get_result(&mut conn).await?
            }
            Target::Sqlite(path) => {
                diesel::sql_query(sql).get_result(&mut sqlite(path).await?).await?
            }
        };
        if row.rows > 0 {
            counts.push((*table, row.rows));
        }
    }
    Ok(counts)
}

/// Applies every migration to a SQLite connection and hands it back.
pub(super) async fn apply_all(conn: LiteConn) -> Result<LiteConn> {
    let mut harness = AsyncMigrationHarness::new(conn);
    tokio::task::spawn_blocking(move || {
        harness.run_pending_migrations(SQLITE).map(|_| ())?;
        Ok(harness.into_inner())
    })
    .await
    .map_err(Error::internal)?
    .map_err(|error: Box<dyn std::error::Error + Send + Sync>| Error::internal(error))
}

type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The harness blocks, so it runs on a thread that may.
async fn run<H, T, F>(mut harness: H, work: F) -> Result<(T, H)>
where
    H: Send + 'static,
    T: Send + 'static,
    F: FnOnce(&mut H) -> Outcome<T> + Send + 'static,
{
    tokio::task::spawn_blocking(move || work(&mut harness).map(|done| (done, harness)))
        .await
        .map_err(Error::internal)?
        .map_err(|error| Error::internal(format!("migration failed: {error}")))
}

fn names<DB>(source: &EmbeddedMigrations) -> Result<Vec<String>>
where
    DB: Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(Error::internal)?;
    let mut names: Vec<String> =
        migrations.iter().map(|migration| migration.name().to_string()).collect();
    names.sort_unstable();
    Ok(names)
}

fn compare(known: Vec<String>, done: &[Version]) -> Status {
    let newer = done.iter().filter(|done| !known.iter().any(|name| done.is_of(name)));
    let newer = newer.map(|done| done.version.clone()).collect();
    let (applied, pending) =
        known.into_iter().partition(|name| done.iter().any(|done| done.is_of(name)));
    Status { applied, pending, newer }
}

#[allow(clippy::needless_pass_by_value, reason = "the harness takes the source by value")]
fn apply<DB, H>(
    harness: &mut H,
    source: EmbeddedMigrations,
    to: Option<&str>,
) -> Outcome<Vec<String>>
where
    DB: Backend,
    H: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let mut applied = Vec::new();
    for migration in harness.pending_migrations(source)? {
        let name = migration.name().to_string();
        if to.is_some_and(|to| version_of(&name) > padded(to).as_str()) {
            break;
        }
        harness.run_migration(&migration)?;
        applied.push(name);
    }
    Ok(applied)
}

fn revert<DB, H>(
    harness: &mut H,
    source: &EmbeddedMigrations,
    to: Option<&str>,
) -> Outcome<Vec<String>>
where
    DB: Backend,
    H: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let mut known: Vec<Box<dyn Migration<DB>>> = source.migrations()?;
    known.sort_by_key(|migration| migration.name().to_string());
    let done = harness.applied_migrations()?;
    let mut undone = Vec::new();
    for migration in known.iter().rev() {
        let name = migration.name().to_string();
        if !done.contains(&migration.name().version().as_owned()) {
            continue;
        }
        if to.is_some_and(|to| version_of(&name) <= padded(to).as_str()) {
            break;
        }
        harness.revert_migration(migration)?;
        undone.push(name);
        if to.is_none() {
            break;
        }
    }
    Ok(undone)
}

fn version_of(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
}

/// `3` and `0003` name the same version.
fn padded(version: &str) -> String {
    format!("{version:0>4}")
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

impl Version {
    fn is_of(&self, name: &str) -> bool {
        self.version == version_of(name)
    }
}

#[derive(diesel::QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    there: bool,
}

async fn schema_exists(conn: &mut PgConn, schema: &str) -> Result<bool> {
    let row: Exists =
        diesel::sql_query("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1) AS there")
            .bind::<Text, _>(schema)
            .get_result(conn)
            .await?;
    Ok(row.there)
}

/// Row-level security binds the owner too; without the setting a migration sees no rows.
pub(super) async fn prepare(conn: &mut PgConn, schema: &str) -> Result<()> {
    let setup = format!("SET search_path = {schema}; SET reeve.system = 'on'");
    Ok(conn.batch_execute(&setup).await?)
}

async fn grant(conn: &mut PgConn, schema: &str, role: &str) -> Result<()> {
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    let done = versions!(&mut *conn, POSTGRES_HAS_VERSIONS);
    // `up` may have stopped half-way, so only the tables that there are.
    let there = TABLES.iter().filter(|(version, _)| done.iter().any(|done| done.is_of(version)));
    let mut sql = format!(
        "GRANT USAGE ON SCHEMA {schema} TO {role}; \
         GRANT SELECT ON __diesel_schema_migrations TO {role}"
    );
    for table in there.flat_map(|(_, tables)| tables.iter()) {
        let rights = match *table {
            "events" => "SELECT, INSERT",
            "event_head" => "SELECT, UPDATE",
            _ => "SELECT, INSERT, UPDATE, DELETE",
        };
        let _ = write!(sql, "; GRANT {rights} ON {table} TO {role}");
    }
    Ok(conn.batch_execute(&sql).await?)
}

pub(super) async fn sqlite(path: &std::path::Path) -> Result<LiteConn> {
    create_private(path)?;
    let path = path.to_str().ok_or_else(|| Error::internal("the database path is not UTF-8"))?;
    connect_sqlite(path, Exec::InPlace).await.map_err(unreachable)
}

pub(super) fn unreachable(error: diesel::ConnectionError) -> Error {
    Error::new(
        crate::model::Reason::DatabaseUnavailable,
        "The database does not answer. Try again.",
    )
    .with_detail(error)
}
