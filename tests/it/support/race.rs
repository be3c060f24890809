//! Calls that are made to overlap: a lock is held until they are all under way.

use super::{Backend, Server, postgres, sql::SETUP};
use diesel::connection::SimpleConnection as _;
use reeve::pb::auth::v1::GetJwksRequest;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// So many of the calls, if there are as many, must wait for the lock on PostgreSQL.
const WAITERS: usize = 8;

const WAITING: &str = "SELECT count(DISTINCT l.pid) AS value FROM pg_locks l \
     JOIN pg_stat_activity a ON a.pid = l.pid \
     WHERE NOT l.granted AND a.datname = current_database()";

enum Held {
    Postgres(tokio_postgres::Client),
    Sqlite(diesel::SqliteConnection),
}

impl Held {
    async fn take(server: &Server, lock: &str) -> Self {
        let Some(database) = &server.database else {
            let mut conn = server.lite();
            conn.batch_execute("BEGIN IMMEDIATE").unwrap();
            return Self::Sqlite(conn);
        };
        let (client, _task) = postgres::connect(&database.url(postgres::OWNER)).await;
        client.batch_execute(&format!("{SETUP}; BEGIN; {lock}")).await.unwrap();
        Self::Postgres(client)
    }

    async fn release(self, meanwhile: &str) {
        let end = format!("{meanwhile}; COMMIT");
        match self {
            Self::Postgres(client) => client.batch_execute(&end).await.unwrap(),
            Self::Sqlite(mut conn) => conn.batch_execute(&end).unwrap(),
        }
    }
}

/// Runs the calls while a lock is held that they all need, and lets go once they overlap: on
/// PostgreSQL, where `lock` takes it, when they wait for it; on SQLite, whose one writer is held,
/// when all were sent and the server has answered a call that was sent after them. Fails when a
/// call ended before.
pub async fn race<T, F>(server: &Server, lock: &str, calls: Vec<F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    race_while(server, lock, "", calls).await
}

/// [`race`], in which the holder of the lock does something before it lets go.
pub async fn race_while<T, F>(server: &Server, lock: &str, meanwhile: &str, calls: Vec<F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let held = Held::take(server, lock).await;
    let (count, ended) = (calls.len(), Arc::new(AtomicUsize::new(0)));
    let start = Arc::new(tokio::sync::Barrier::new(count + 1));
    let tasks: Vec<_> = calls
        .into_iter()
        .map(|call| {
            let (start, ended) = (Arc::clone(&start), Arc::clone(&ended));
            tokio::spawn(async move {
                start.wait().await;
                let answer = call.await;
                ended.fetch_add(1, Ordering::SeqCst);
                answer
            })
        })
        .collect();
    start.wait().await;
    match server.backend {
        Backend::Postgres => wait_for_waiters(server, count.min(WAITERS)).await,
        Backend::Sqlite => {
            for _ in 0..count {
                server.auth().get_jwks(GetJwksRequest {}).await.unwrap();
            }
        }
    }
    assert_eq!(ended.load(Ordering::SeqCst), 0, "a call ended while the lock was held");
    held.release(meanwhile).await;
    let mut answers = Vec::with_capacity(count);
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

async fn wait_for_waiters(server: &Server, least: usize) {
    let url = server.database.as_ref().unwrap().url(postgres::OWNER);
    let (client, _task) = postgres::connect(&url).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let row = client.query_one(WAITING, &[]).await.unwrap();
        let waiting = usize::try_from(row.get::<_, i64>(0)).unwrap();
        if waiting >= least {
            return;
        }
        assert!(Instant::now() < deadline, "only {waiting} of {least} calls wait for the lock");
    }
}

/// A statement that locks a row on PostgreSQL.
pub fn lock_row(server: &Server, table: &str, id: &str) -> String {
    format!("SELECT 1 FROM {table} WHERE id = {} FOR UPDATE", server.literal(id))
}
