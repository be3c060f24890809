//! The transport through the whole server: what is let in, limits, metadata, health.

use crate::support::{
    Backend, Server, assert_refused,
    raw::{framed, post},
    seen,
    server::{Metadata, PASSWORD},
};
use prost::Message as _;
use reeve::{
    pb::{
        auth::v1::{GetJwksRequest, SignInRequest, StartSignUpRequest},
        tenant::v1::ListTenantsRequest,
    },
    rpc::health::{HealthListRequest, HealthListResponse},
};
use std::{collections::BTreeSet, time::Duration};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

const JWKS: &str = "/reeve.auth.v1.AuthService/GetJwks";
const START: &str = "/reeve.auth.v1.AuthService/StartSignUp";
const TOO_LARGE: usize = 256 * 1024 + 1;

fn refusal(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

on_both! {
    // G-51
    async fn a_path_with_a_query_is_not_the_method(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let raw = server.raw().await;
        let request = StartSignUpRequest { email: "ann@acme.com".to_owned(), ..Default::default() };
        let pending = "SELECT count(*) AS value FROM pending_sign_ups";
        for path in [format!("{START}?"), format!("{START}?x=1"), format!("/{START}"), format!("{START}/")] {
            let reply = raw.call(&path, &request).await;
            assert_eq!(reply.refusal(), refusal(Code::Unimplemented, "UNIMPLEMENTED"), "{path}");
        }
        assert_eq!(server.number(pending).await, 0);
        assert_eq!(raw.call(START, &request).await.status.unwrap().code(), Code::Ok);
        assert_eq!(server.number(pending).await, 1);
    }

    // G-45: however many are refused at once, no answer carries anything of another's.
    async fn refusals_at_once_are_not_mixed_up(backend: Backend) {
        let server = Server::start(backend).await;
        let raw = server.raw().await;
        // The last kind has another address each time: there is a limit for each mailbox.
        let bodies: Vec<_> = (0..64)
            .map(|n| match n % 4 {
                0 => String::new(),
                1 => "ann".to_owned(),
                2 => "ann@[127.0.0.1]".to_owned(),
                _ => format!("ann{n}@else.org"),
            })
            .map(|email| framed(&StartSignUpRequest { email, ..Default::default() }.encode_to_vec()))
            .collect();
        let ask = async |id: &str, body: &[u8]| {
            let reply = raw.send(post(START).header("x-request-id", id), body).await;
            assert_eq!(reply.request_id(), id);
            seen(&reply.status.unwrap())
        };
        let mut alone = Vec::new();
        for body in &bodies[..4] {
            alone.push(ask("alone", body).await);
        }
        let kinds: BTreeSet<_> = alone.iter().map(|(_, message, _)| message).collect();
        assert_eq!(kinds.len(), 4, "{kinds:?}");
        let ids: Vec<_> = (0..bodies.len()).map(|n| format!("together-{n}")).collect();
        let calls = ids.iter().zip(&bodies).map(|(id, body)| ask(id, body));
        let together = futures_util::future::join_all(calls).await;
        assert!(together.iter().eq(alone.iter().cycle().take(ids.len())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_grpc_posts_are_let_in() {
    let server = Server::start(Backend::Sqlite).await;
    let raw = server.raw().await;
    let json = http::Request::post(format!("http://localhost{JWKS}"));
    let json = json.header("content-type", "application/json");
    let reply = raw.send(json, &framed(&[])).await;
    assert_eq!(reply.http, 415);
    assert_eq!(reply.refusal(), refusal(Code::InvalidArgument, "METADATA_INVALID"));
    let untyped = http::Request::post(format!("http://localhost{JWKS}"));
    assert_eq!(raw.send(untyped, &framed(&[])).await.http, 415);
    for path in [JWKS, "/"] {
        assert_eq!(raw.send(post(path).method("GET"), &[]).await.http, 405);
    }
    assert_eq!(raw.call(JWKS, &GetJwksRequest {}).await.http, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_and_unreadable_messages_are_refused_with_details() {
    let server = Server::start(Backend::Sqlite).await;
    let raw = server.raw().await;
    for path in ["/reeve.auth.v1.AuthService/Nothing", "/reeve.Nothing/GetJwks"] {
        let reply = raw.call(path, &GetJwksRequest {}).await;
        assert_eq!(reply.refusal(), refusal(Code::Unimplemented, "UNIMPLEMENTED"));
    }
    let malformed = refusal(Code::InvalidArgument, "MESSAGE_MALFORMED");
    // A field that ends before its length, and text that is not UTF-8.
    for message in [&[0x0a, 9, b'x'][..], &[0x0a, 1, 0xff]] {
        assert_eq!(raw.send(post(START), &framed(message)).await.refusal(), malformed);
    }
    assert_eq!(raw.send(post(START), &[]).await.refusal(), malformed);
    let two = [framed(&[]), framed(&[])].concat();
    let reply = raw.send(post(JWKS), &two).await;
    assert_eq!(reply.refusal(), refusal(Code::Unimplemented, "UNIMPLEMENTED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_limit_is_refused() {
    let server = Server::start(Backend::Sqlite).await;
    let request = StartSignUpRequest { email: "x".repeat(TOO_LARGE), ..Default::default() };
    let answer = server.auth().start_sign_up(request).await;
    assert_refused(answer, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    let under = StartSignUpRequest { email: "x".repeat(TOO_LARGE - 100), ..Default::default() };
    assert!(under.encoded_len() < TOO_LARGE);
    let answer = server.auth().start_sign_up(under).await;
    assert_refused(answer, Code::InvalidArgument, "FIELD_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_echoed_or_made() {
    let server = Server::start(Backend::Sqlite).await;
    let raw = server.raw().await;
    let ask = async |path: &str, id: &str| {
        let reply = raw.send(post(path).header("x-request-id", id), &framed(&[])).await;
        reply.request_id().to_owned()
    };
    // Also on errors.
    for path in [JWKS, START, "/nothing"] {
        assert_eq!(ask(path, "Az09._-").await, "Az09._-", "{path}");
        for refused in ["with space", "semi;colon", &"x".repeat(65)] {
            let made = ask(path, refused).await;
            assert!(made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{made}");
        }
    }
    let mut made = BTreeSet::new();
    for _ in 0..3 {
        made.insert(raw.call(JWKS, &GetJwksRequest {}).await.request_id().to_owned());
    }
    assert_eq!(made.len(), 3, "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_has_passed_is_told() {
    let server = Server::start(Backend::Sqlite).await;
    let raw = server.raw().await;
    let request = SignInRequest {
        email: "ann@acme.com".to_owned(),
        password: PASSWORD.to_owned(),
        tenant_id: String::new(),
    };
    let message = framed(&request.encode_to_vec());
    let sign_in = "/reeve.auth.v1.AuthService/SignIn";
    // Two are over before they begin, and hashing takes longer than the third allows.
    for timeout in ["1n", "0S", "4m"] {
        let reply = raw.send(post(sign_in).header("grpc-timeout", timeout), &message).await;
        let expected = refusal(Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
        assert_eq!(reply.refusal(), expected, "{timeout}");
    }
    for unreadable in ["soon", "1", "123456789S"] {
        let reply = raw.send(post(sign_in).header("grpc-timeout", unreadable), &message).await;
        assert_eq!(reply.refusal(), refusal(Code::InvalidArgument, "METADATA_INVALID"));
    }
    let reply = raw.send(post(sign_in).header("grpc-timeout", "30S"), &message).await;
    assert_eq!(reply.refusal(), refusal(Code::Unauthenticated, "SIGN_IN_FAILED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_credentials_are_none() {
    let server = Server::start(Backend::Sqlite).await;
    let bearer = format!("Bearer {}", server.operator_key);
    let both = server.operator().with("authorization", &bearer);
    let answer = server.tenant_as(both).list_tenants(ListTenantsRequest::default()).await;
    assert_refused(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
    let one = Metadata::bearer(&server.operator_key);
    server.tenant_as(one).list_tenants(ListTenantsRequest::default()).await.unwrap();
}

/// The first frame of the server says how many streams it takes.
#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_streams_is_advertised() {
    const MAX_CONCURRENT_STREAMS: u16 = 3;
    let server = Server::start(Backend::Sqlite).await;
    let mut socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut head = [0; 9];
    tokio::time::timeout(Duration::from_secs(5), socket.read_exact(&mut head))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head[3], 4, "not a SETTINGS frame");
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut settings = vec![0; usize::try_from(length).unwrap()];
    socket.read_exact(&mut settings).await.unwrap();
    let found = settings.chunks(6).find_map(|setting| {
        let id = u16::from_be_bytes([setting[0], setting[1]]);
        let value = u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
        (id == MAX_CONCURRENT_STREAMS).then_some(value)
    });
    assert!(found.is_some_and(|streams| (1..=1000).contains(&streams)), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_knows_its_names() {
    let server = Server::start(Backend::Sqlite).await;
    let asking = |name: &str| HealthCheckRequest { service: name.to_owned() };
    let services = reeve::rpc::SERVICES.iter().copied();
    let names = ["", "readiness", "liveness", "database"].into_iter().chain(services);
    let names: Vec<&str> = names.collect();
    for name in &names {
        let answer = server.health().check(asking(name)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{name}");
    }
    let answer = server.health().check(asking("nothing")).await;
    assert_refused(answer, Code::NotFound, "NOT_FOUND");
    let mut watch = server.health().watch(asking("nothing")).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::ServiceUnknown);

    let mut grpc = tonic::client::Grpc::new(server.channel.clone());
    grpc.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/List");
    let codec = tonic_prost::ProstCodec::<HealthListRequest, HealthListResponse>::default();
    let request = tonic::Request::new(HealthListRequest {});
    let list = grpc.unary(request, path, codec).await.unwrap().into_inner().statuses;
    let listed: BTreeSet<&str> = list.keys().map(String::as_str).collect();
    assert_eq!(listed, names.into_iter().chain(["user-sync"]).collect());
    assert_eq!(list["readiness"].status(), ServingStatus::Serving);
}
