//! Compares the real catalogue with the expected one, so that drift made by hand is seen too.

use super::{
    super::connect::{Exec, LiteConn, PgConn, Target, connect_pg, connect_sqlite},
    runner,
};
use crate::model::Result;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl as _;
use secrecy::ExposeSecret as _;
use std::collections::{BTreeMap, BTreeSet};

/// The catalogue of a freshly migrated PostgreSQL schema; a test keeps it up to date.
const POSTGRES: &str = include_str!("../../../migrations/postgres/catalogue.txt");

/// One way in which the database is not as the migrations made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub what: String,
    /// What an operator does about it.
    pub mend: String,
}

/// Every difference between the database and what the migrations make.
pub async fn verify(target: &Target) -> Result<Vec<Difference>> {
    let status = runner::status(target).await?;
    if !status.newer.is_empty() {
        return Ok(vec![Difference {
            what: format!("schema is newer than this binary: {}", status.newer.join(", ")),
            mend: "run the newer binary".to_owned(),
        }]);
    }
    if !status.pending.is_empty() {
        let pending = |name: &String| Difference {
            what: format!("migration {name} is not applied"),
            mend: "reeve migrate up".to_owned(),
        };
        return Ok(status.pending.iter().map(pending).collect());
    }
    let (expected, actual) = match target {
        Target::Postgres { url, schema } => {
            let mut conn = connect_pg(url.expose_secret()).await.map_err(runner::unreachable)?;
            runner::prepare(&mut conn, schema).await?;
            (parse(POSTGRES), postgres(&mut conn, schema).await?)
        }
        Target::Sqlite(path) => {
            (expected_sqlite().await?, sqlite(&mut runner::sqlite(path).await?).await?)
        }
    };
    Ok(compare(&expected, &actual))
}

/// What the catalogue holds: an object's name and its definition.
type Catalogue = BTreeMap<String, String>;

fn compare(expected: &Catalogue, actual: &Catalogue) -> Vec<Difference> {
    let names: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        let what = match (expected.get(name), actual.get(name)) {
            (Some(want), Some(have)) if want == have => continue,
            (Some(want), Some(have)) => format!("{name} differs: expected {want}, found {have}"),
            (Some(want), None) => format!("{name} is missing: {want}"),
            (None, _) => format!("{name} is not ours"),
        };
        let mend = match expected.get(name) {
            Some(_) => format!("make {name} again as in migrations/, or restore the schema"),
            None => format!("drop {name}, or move it to another schema"),
        };
        differences.push(Difference { what, mend });
    }
    differences
}

fn parse(text: &str) -> Catalogue {
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, definition)| (name.to_owned(), definition.to_owned()))
        .collect()
}

#[derive(diesel::QueryableByName)]
struct Object {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

fn collect(objects: Vec<Object>) -> Catalogue {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    objects.into_iter().map(|object| (object.name, one_line(&object.definition))).collect()
}

/// Everything in `schema`, in one query of PostgreSQL's catalogue.
async fn postgres(conn: &mut PgConn, schema: &str) -> Result<Catalogue> {
    let objects: Vec<Object> =
        diesel::sql_query(include_str!("catalogue.sql")).bind::<Text, _>(schema).load(conn).await?;
    Ok(collect(objects))
}

async fn sqlite(conn: &mut LiteConn) -> Result<Catalogue> {
    let objects: Vec<Object> = diesel::sql_query(
        "SELECT type || ' ' || name AS name, coalesce(sql, 'automatic') AS definition \
         FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'",
    )
    .load(conn)
    .await?;
    Ok(collect(objects))
}

/// What the migrations make of an empty database.
async fn expected_sqlite() -> Result<Catalogue> {
    let mut conn = connect_sqlite(":memory:", Exec::InPlace).await.map_err(runner::unreachable)?;
    conn = runner::apply_all(conn).await?;
    sqlite(&mut conn).await
}

/// The lines of `migrations/postgres/catalogue.txt` as this database has them.
pub async fn dump(target: &Target) -> Result<String> {
    let Target::Postgres { url, schema } = target else { return Ok(String::new()) };
    let mut conn = connect_pg(url.expose_secret()).await.map_err(runner::unreachable)?;
    runner::prepare(&mut conn, schema).await?;
    let lines = postgres(&mut conn, schema).await?;
    let lines: Vec<String> =
        lines.iter().map(|(name, definition)| format!("{name}\t{definition}")).collect();
    Ok(lines.join("\n") + "\n")
}
