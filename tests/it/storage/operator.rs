//! The first operator key of an embedded database.

use crate::support::{
    Backend, Server, hex,
    server::{Metadata, Options},
};
use reeve::{
    boot,
    ops::{self, Cx},
    pb::sync::v1::GetSyncStatusRequest,
    token,
};
use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc, time::Duration};

async fn works(server: &Server, key: &str) -> bool {
    let mut client = server.sync_as(Metadata::bearer(key));
    client.get_sync_status(GetSyncStatusRequest {}).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_a_key_that_works_and_stays() {
    let server = Server::start(Backend::Sqlite).await;
    let path = server.data_dir.path().join("operator.key");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(works(&server, text.trim()).await);
    assert!(!works(&server, "rk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await);
    assert_eq!(server.count_where("api_keys", "name = 'bootstrap'").await, 1);
    assert_eq!(server.count_where("events", "kind = 'operator_key.created'").await, 2);

    let Server { data_dir, database, .. } = server;
    let again = Server::start_on(Backend::Sqlite, database, data_dir, Options::default()).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(again.count_where("api_keys", "name = 'bootstrap'").await, 1);
    let left: Vec<_> = fs::read_dir(again.data_dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("operator"))
        .collect();
    assert_eq!(left, ["operator.key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_gets_none_by_itself() {
    let server = Server::start(Backend::Postgres).await;
    assert!(!server.data_dir.path().join("operator.key").exists());
    assert_eq!(server.count_where("api_keys", "name = 'bootstrap'").await, 0);
}

/// The file always holds the key whose hash is stored, whoever of two was first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_make_one() {
    let server = Arc::new(Server::start(Backend::Sqlite).await);
    let path = server.data_dir.path().join("operator.key");
    let mut apps = Vec::new();
    for _ in 0..4 {
        apps.push(server.another_app(&Options::default()).await.0);
    }
    for _ in 0..25 {
        server.execute("DELETE FROM api_keys").await;
        fs::remove_file(&path).unwrap();
        let start = Arc::new(tokio::sync::Barrier::new(apps.len()));
        let mut tasks = tokio::task::JoinSet::new();
        for app in &apps {
            let (app, start) = (Arc::clone(app), Arc::clone(&start));
            tasks.spawn(async move {
                let cx = Cx::command_line(&app, Duration::from_secs(10));
                start.wait().await;
                ops::operator::bootstrap(&cx).await.unwrap()
            });
        }
        let made = tasks.join_all().await;
        assert_eq!(made.iter().flatten().collect::<Vec<_>>(), [&path]);
        let text = fs::read_to_string(&path).unwrap();
        let hash = token::hash_api_key(text.trim()).unwrap();
        let hash = hex(&hash).to_uppercase();
        assert_eq!(server.texts("SELECT hex(hash) AS value FROM api_keys").await, [hash]);
    }
}

/// A key that a process left behind when it died has no hash; the next start makes a new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_its_hash_is_replaced() {
    let server = Server::start(Backend::Sqlite).await;
    let path = server.data_dir.path().join("operator.key");
    let lost = fs::read_to_string(&path).unwrap();
    server.execute("DELETE FROM api_keys").await;
    let (app, config) = server.another_app(&Options::default()).await;
    assert!(config.security.bootstrap);
    boot::schema(&config, config.database.migrate).await.unwrap();
    let cx = Cx::command_line(&app, Duration::from_secs(10));
    assert_eq!(ops::operator::bootstrap(&cx).await.unwrap(), Some(path.clone()));
    let made = fs::read_to_string(&path).unwrap();
    assert_ne!(made, lost);
    assert!(works(&server, made.trim()).await);
    assert!(!works(&server, lost.trim()).await);
}
