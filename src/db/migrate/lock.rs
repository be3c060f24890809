//! One migration at a time; the lock dies with the process that holds it.

use super::{
    super::connect::{PgConn, connect_pg},
    runner,
};
use crate::model::{Error, Reason, Result};
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl as _;
use secrecy::{ExposeSecret as _, SecretString};
use std::{fs::File, path::Path, time::Duration};

/// ASCII "reevemig".
const KEY: i64 = 0x7265_6576_656d_6967;
const POLL: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_mins(5);

#[derive(diesel::QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Waits for PostgreSQL's advisory lock by asking again and again: a session that waits inside
/// the lock call would deadlock with an index built concurrently. The lock is held until the
/// returned connection is dropped.
pub(super) async fn postgres(url: &SecretString) -> Result<PgConn> {
    let mut conn = connect_pg(url.expose_secret()).await.map_err(runner::unreachable)?;
    let mut waited = Duration::ZERO;
    loop {
        let row: Locked = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS locked")
            .bind::<BigInt, _>(KEY)
            .get_result(&mut conn)
            .await?;
        if row.locked {
            return Ok(conn);
        }
        if waited >= PATIENCE {
            return Err(busy());
        }
        tokio::time::sleep(POLL).await;
        waited += POLL;
    }
}

/// Locks the file beside the database until the returned handle is dropped.
pub(super) async fn sqlite(database: &Path) -> Result<File> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let task = tokio::task::spawn_blocking(move || -> std::io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = File::options().create(true).append(true).mode(0o600).open(name)?;
        file.lock()?;
        Ok(file)
    });
    match tokio::time::timeout(PATIENCE, task).await {
        Ok(joined) => joined.map_err(Error::internal)?.map_err(Error::internal),
        Err(_) => Err(busy()),
    }
}

fn busy() -> Error {
    Error::new(Reason::DatabaseUnavailable, "Another process has been migrating for five minutes.")
}
