//! `migrations/postgres/catalogue.txt` is what the migrations make.

use crate::support::postgres::{Database, OWNER};
use reeve::db::{Target, migrate};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres/catalogue.txt");

/// With `REEVE_WRITE_CATALOGUE` set the file is written anew instead.
#[tokio::test(flavor = "multi_thread")]
async fn catalogue_is_up_to_date() {
    let database = Database::migrated().await;
    let target = Target::Postgres { url: database.url(OWNER).into(), schema: "reeve".to_owned() };
    let real = migrate::dump(&target).await.unwrap();
    if std::env::var_os("REEVE_WRITE_CATALOGUE").is_some() {
        std::fs::write(FILE, &real).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap();
    assert!(kept == real, "run the tests once with REEVE_WRITE_CATALOGUE=1 and look at the change");
}
