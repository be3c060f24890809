//! Shutdown, the limits of connections, health and reflection, through real connections.

use super::testing::{start, start_with};
use futures_util::StreamExt as _;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt as _;

const HOLD: &str = "/test.Svc/Hold";
/// Far less than the default grace, so that a drain that waits for its end is seen.
const WITHIN_GRACE: Duration = Duration::from_secs(10);

fn named(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

#[tokio::test]
async fn a_drain_ends_the_watches_and_lets_the_calls_finish() {
    let mut server = start().await;
    server.health.set_ready(true);
    let mut health = HealthClient::new(server.channel().await);
    let mut known = health.watch(named("test.Svc")).await.unwrap().into_inner();
    let mut unknown = health.watch(named("other")).await.unwrap().into_inner();
    let status = unknown.message().await.unwrap().unwrap().status();
    assert_eq!(status, ServingStatus::ServiceUnknown);
    assert_eq!(known.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    let client = server.client().await;
    let (gate, address) = (server.gate.clone(), server.address);
    let drained = async {
        server.entered.recv().await.unwrap();
        let ended = server.shut_down();
        assert_eq!(known.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        assert_eq!(known.message().await.unwrap(), None);
        assert_eq!(unknown.message().await.unwrap(), None);
        assert!(!ended.is_finished(), "a call is in flight");
        gate.add_permits(1);
        // Both clients are still there; GOAWAY makes them leave.
        timeout(WITHIN_GRACE, ended).await.unwrap().unwrap().unwrap();
    };
    let (held, ()) = tokio::join!(client.call(HOLD), drained);
    assert_eq!(held.status.unwrap().code(), Code::Ok);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_outlives_the_grace_is_told_so_and_cut() {
    let mut server = start_with(|settings| settings.drain_grace = Duration::from_millis(50)).await;
    let client = server.client().await;
    let started = Instant::now();
    let cut = async {
        server.entered.recv().await.unwrap();
        server.shut_down().await.unwrap().unwrap();
    };
    let (held, ()) = tokio::join!(client.call(HOLD), cut);
    let status = held.status.unwrap();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_error_info().unwrap().reason, "SHUTTING_DOWN");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_second_signal_ends_the_waiting() {
    let mut server = start_with(|settings| settings.drain_delay = WITHIN_GRACE * 2).await;
    let client = server.client().await;
    let hurried = async {
        server.entered.recv().await.unwrap();
        server.now.notify_one();
        timeout(WITHIN_GRACE, server.shut_down()).await.unwrap().unwrap().unwrap();
    };
    let (held, ()) = tokio::join!(client.call(HOLD), hurried);
    assert_eq!(held.status.unwrap().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_connection_that_ignores_goaway_is_cut() {
    let server = start_with(|settings| settings.drain_grace = Duration::from_millis(50)).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    // The server's own preface tells that it has accepted the connection.
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    silent.read_u8().await.unwrap();
    server.shut_down().await.unwrap().unwrap();
    // Either the end of the stream or a reset, but an end.
    silent.read_to_end(&mut Vec::new()).await.ok();
}

#[tokio::test]
async fn a_connection_must_speak_in_time_and_there_are_only_so_many() {
    let server = start_with(|settings| {
        settings.handshake_timeout = Duration::from_millis(50);
        settings.max_connections = 1;
    })
    .await;
    let client = server.client().await;
    assert_eq!(client.call("/test.Svc/Ok").await.status.unwrap().code(), Code::Ok);
    let mut second = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(second.read_to_end(&mut Vec::new()).await.unwrap(), 0);

    let server =
        start_with(|settings| settings.handshake_timeout = Duration::from_millis(50)).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    silent.read_to_end(&mut Vec::new()).await.ok();
    let client = server.client().await;
    assert_eq!(client.call("/test.Svc/Ok").await.status.unwrap().code(), Code::Ok);
}

#[tokio::test]
async fn health_answers_list_and_refuses_to_check_an_unknown_name() {
    let server = start().await;
    let client = server.client().await;
    let reply = client.call("/grpc.health.v1.Health/List").await;
    assert_eq!(reply.status.unwrap().code(), Code::Ok);
    let mut health = HealthClient::new(server.channel().await);
    let refused = health.check(named("other")).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "NOT_FOUND");
    assert!(refused.metadata().contains_key("x-request-id"));
}

#[tokio::test]
async fn reflection_knows_error_details_and_does_not_hold_up_a_drain() {
    let server = start().await;
    let mut client = ServerReflectionClient::new(server.channel().await);
    let ask =
        |message| ServerReflectionRequest { host: String::new(), message_request: Some(message) };
    let asked = [
        MessageRequest::ListServices(String::new()),
        MessageRequest::FileContainingSymbol("google.rpc.ErrorInfo".to_owned()),
        MessageRequest::FileContainingSymbol("grpc.health.v1.Health.List".to_owned()),
    ];
    let requests =
        futures_util::stream::iter(asked.map(ask)).chain(futures_util::stream::pending());
    let mut replies = client.server_reflection_info(requests).await.unwrap().into_inner();
    let list = replies.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = list else { panic!("{list:?}") };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    let expected = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];
    assert_eq!(names[..2], expected);
    assert_eq!(names[2..], ["grpc.reflection.v1alpha.ServerReflection"]);
    for _ in 0..2 {
        let file = replies.message().await.unwrap().unwrap().message_response.unwrap();
        assert!(matches!(file, MessageResponse::FileDescriptorResponse(_)), "{file:?}");
    }
    let ended = server.shut_down();
    assert_eq!(replies.message().await.unwrap(), None);
    timeout(WITHIN_GRACE, ended).await.unwrap().unwrap().unwrap();
}
