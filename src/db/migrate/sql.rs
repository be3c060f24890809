//! The text of each migration, for operators who want to read before they run.

use super::super::connect::Target;

struct Sql {
    name: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

macro_rules! texts {
    ($($name:literal),+ $(,)?) => {
        const TEXTS: &[Sql] = &[$(Sql {
            name: $name,
            postgres: include_str!(concat!("../../../migrations/postgres/", $name, "/up.sql")),
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, "/up.sql")),
        }),+];
    };
}

texts!(
    "0001_tenants",
    "0002_events",
    "0003_accounts",
    "0004_sign_up_and_sessions",
    "0005_credentials",
    "0006_invitations",
    "0007_throttle",
);

/// What `up` runs for the migration of that name.
pub fn sql_of(target: &Target, name: &str) -> Option<&'static str> {
    let sql = TEXTS.iter().find(|sql| sql.name == name)?;
    Some(match target {
        Target::Postgres { .. } => sql.postgres,
        Target::Sqlite(_) => sql.sqlite,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_migration_has_its_text() {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::Sqlite(dir.path().join("reeve.db"));
        let pending = super::super::status(&target).await.unwrap().pending;
        let texts: Vec<&str> = TEXTS.iter().map(|sql| sql.name).collect();
        assert_eq!(pending, texts);
        assert!(pending.iter().all(|name| sql_of(&target, name).unwrap().contains("-- why:")));
    }
}
