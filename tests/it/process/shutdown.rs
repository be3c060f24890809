//! SIGTERM with a call and a watch under way.

use crate::support::{
    program::{Program, environment},
    server::PASSWORD,
};
use reeve::pb::auth::v1::{SignInRequest, auth_service_client::AuthServiceClient};
use std::time::Duration;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_term_lets_calls_finish_and_ends_watches() {
    let data_dir = tempfile::tempdir().unwrap();
    let mut told = environment(None, data_dir.path());
    told.push(("REEVE_DRAIN_DELAY", "0s".to_owned()));
    let mut program = Program::serve(&told).await;
    let request = HealthCheckRequest { service: "readiness".to_owned() };
    let mut health = HealthClient::new(program.channel.clone());
    let mut watch = health.watch(request).await.unwrap().into_inner();
    while watch.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}

    // An address each: no account is tried so often that its limit would answer.
    let request = |index: u32| SignInRequest {
        email: format!("ann{index}@acme.com"),
        password: PASSWORD.to_owned(),
        tenant_id: String::new(),
    };
    let mut calls = tokio::task::JoinSet::new();
    for index in 0..16 {
        let mut client = AuthServiceClient::new(program.channel.clone());
        let request = request(index);
        calls.spawn(async move { client.sign_in(request).await.unwrap_err().code() });
    }
    // Hashes take their turns: when the first call has its answer, the others are under way.
    let mut answers = vec![calls.join_next().await.unwrap().unwrap()];
    program.signal("TERM");
    answers.extend(calls.join_all().await);
    // Each call gets the answer that it would have got at any other time.
    assert_eq!(answers, [Code::Unauthenticated; 16]);
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    let end = tokio::time::timeout(Duration::from_secs(5), watch.message()).await.unwrap();
    assert!(end.unwrap().is_none());
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
}
