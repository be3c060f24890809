//! PostgreSQL goes away, hangs, and comes back.

use crate::support::{
    Backend, Options, Server,
    own_cluster::{OwnCluster, within},
    reason,
    server::master_key,
};
use reeve::pb::tenant::v1::ListTenantsRequest;
use std::time::{Duration, Instant};
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

async fn start(cluster: &OwnCluster) -> Server {
    let options = Options(vec![
        ("DATABASE_URL", cluster.url()),
        ("DATABASE_MIGRATION_URL", cluster.url()),
        ("REEVE_MASTER_KEY", master_key()),
    ]);
    let data_dir = tempfile::tempdir().unwrap();
    Server::start_on(Backend::Postgres, None, data_dir, options).await
}

/// Asks for health; the answer must come at once, whatever the database does.
async fn health(server: &Server, name: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: name.to_owned() };
    let mut client = server.health();
    let answer = tokio::time::timeout(Duration::from_secs(1), client.check(request)).await;
    answer.expect("health did not answer within a second").unwrap().into_inner().status()
}

/// A call that needs the database, with a deadline of two seconds.
async fn list(server: &Server) -> Result<(), Status> {
    let mut request = Request::new(ListTenantsRequest::default());
    request.set_timeout(Duration::from_secs(2));
    let begun = Instant::now();
    let answer = server.tenant_as(server.operator()).list_tenants(request).await;
    assert!(begun.elapsed() < Duration::from_millis(2500), "it took {:?}", begun.elapsed());
    answer.map(drop)
}

async fn watch_until(server: &Server, wanted: ServingStatus, limit: Duration) {
    let request = HealthCheckRequest { service: "readiness".to_owned() };
    let mut states = server.health().watch(request).await.unwrap().into_inner();
    let seen = async { while states.message().await.unwrap().unwrap().status() != wanted {} };
    let outcome = tokio::time::timeout(limit, seen).await;
    assert!(outcome.is_ok(), "readiness is not {wanted:?} within {limit:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_stops_and_starts_again() {
    let mut cluster = OwnCluster::start();
    let server = start(&cluster).await;
    list(&server).await.unwrap();

    cluster.stop();
    for _ in 0..3 {
        let status = list(&server).await.unwrap_err();
        let told = (status.code(), reason(&status));
        assert_eq!(told, (Code::Unavailable, "DATABASE_UNAVAILABLE".to_owned()), "{status:?}");
    }
    watch_until(&server, ServingStatus::NotServing, Duration::from_secs(10)).await;
    assert_eq!(health(&server, "database").await, ServingStatus::NotServing);
    assert_eq!(health(&server, "liveness").await, ServingStatus::Serving);

    cluster.resume();
    watch_until(&server, ServingStatus::Serving, Duration::from_secs(5)).await;
    list(&server).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_hangs() {
    let cluster = OwnCluster::start();
    let server = start(&cluster).await;
    list(&server).await.unwrap();

    cluster.signal("STOP");
    let status = list(&server).await.unwrap_err();
    assert!(
        matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded),
        "{status:?} while the database hangs"
    );
    watch_until(&server, ServingStatus::NotServing, Duration::from_secs(10)).await;
    for name in ["liveness", ""] {
        let expected = if name.is_empty() { "NOT_SERVING" } else { "SERVING" };
        assert_eq!(health(&server, name).await.as_str_name(), expected);
    }

    cluster.signal("CONT");
    watch_until(&server, ServingStatus::Serving, Duration::from_secs(10)).await;
    let server = &server;
    within(Duration::from_secs(5), || async move { list(server).await.is_ok() }).await;
}
