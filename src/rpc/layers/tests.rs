//! The layers, through a real connection.

use super::TrustedProxies;
use crate::server::testing::{Client, Reply, post, start, start_with};
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const HOLD: &str = "/test.Svc/Hold";
const GENERATED: &str = "07070707070707070707070707070707";

/// The code and the reason; checks that there is exactly one `ErrorInfo` of this service.
fn error(reply: &Reply) -> (Code, String) {
    let status = reply.status.as_ref().unwrap();
    let all = status.get_error_details_vec();
    let infos = all.iter().filter(|it| matches!(it, tonic_types::ErrorDetail::ErrorInfo(_)));
    assert_eq!(infos.count(), 1, "{status:?}");
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.domain, "reeve");
    (status.code(), info.reason)
}

fn is(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

fn request_id(reply: &Reply) -> &str {
    reply.headers.get("x-request-id").unwrap().to_str().unwrap()
}

fn succeeded(status: Option<Status>) -> bool {
    status.is_some_and(|status| status.code() == Code::Ok)
}

#[tokio::test]
async fn only_grpc_is_let_in() {
    let server = start().await;
    let client = server.client().await;
    let json = http::Request::post(format!("http://localhost{CHECK}"))
        .header("content-type", "application/json");
    let reply = client.send(json, &[0; 5]).await;
    assert_eq!((reply.http, error(&reply)), (415, is(Code::InvalidArgument, "METADATA_INVALID")));
    let none = http::Request::post(format!("http://localhost{CHECK}"));
    assert_eq!(client.send(none, &[0; 5]).await.http, 415);
    for path in ["/", CHECK] {
        let reply = client.send(post(path).method("GET"), &[]).await;
        assert_eq!(reply.http, 405);
        assert_eq!(reply.headers.get("allow").unwrap(), "POST");
        assert_eq!(request_id(&reply), GENERATED);
    }
}

#[tokio::test]
async fn only_the_exact_path_is_a_method() {
    let server = start().await;
    let client = server.client().await;
    assert!(succeeded(client.call(CHECK).await.status));
    let paths = ["/test.Svc/Other", "/other.Svc/Ok", "/test.Svc/Ok?", "/test.Svc/Ok?x=1"];
    for path in paths.iter().chain(&["//test.Svc/Ok", "/test.Svc/Ok/", "/test.Svc/%4fk", "/"]) {
        let reply = client.call_with(path, "x-request-id", "mine").await;
        assert_eq!(reply.http, 200);
        assert_eq!(error(&reply), is(Code::Unimplemented, "UNIMPLEMENTED"), "{path}");
        assert_eq!(request_id(&reply), "mine");
    }
}

#[tokio::test]
async fn a_request_id_is_echoed_if_well_formed_and_else_replaced() {
    let server = start().await;
    let client = server.client().await;
    for (sent, echoed) in [("a.b-C_1", "a.b-C_1"), ("a b", GENERATED)] {
        let reply = client.call_with("/test.Svc/Ok", "x-request-id", sent).await;
        assert!(succeeded(reply.status.clone()));
        assert_eq!(request_id(&reply), echoed);
    }
}

#[tokio::test]
async fn a_deadline_ends_the_call() {
    let mut server = start().await;
    let client = server.client().await;
    for past in ["0m", "0n", "1m", "999u"] {
        let reply = client.call_with(HOLD, "grpc-timeout", past).await;
        assert_eq!(error(&reply), is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"), "{past}");
    }
    for wrong in ["", "1", "S", "-1S", "123456789S", "1x"] {
        let reply = client.call_with(HOLD, "grpc-timeout", wrong).await;
        assert_eq!(error(&reply), is(Code::InvalidArgument, "METADATA_INVALID"), "{wrong}");
    }
    assert!(server.entered.try_recv().is_err(), "nothing was called");
    let reply = client.call_with(HOLD, "grpc-timeout", "50m").await;
    assert_eq!(error(&reply), is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    // The call was dropped: nobody takes the permit.
    server.gate.add_permits(1);
    assert_eq!(server.gate.available_permits(), 1);
}

#[tokio::test]
async fn without_a_deadline_the_servers_own_holds_but_for_the_body_of_a_stream() {
    let server = start_with(|settings| settings.request_timeout = Duration::from_millis(200)).await;
    let client = server.client().await;
    for asked in ["x-none: 1", "grpc-timeout: 1H"] {
        let (key, value) = asked.split_once(": ").unwrap();
        let reply = client.call_with(HOLD, key, value).await;
        assert_eq!(error(&reply), is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    }
    let start = std::time::Instant::now();
    let reply = client.call_with(WATCH, "grpc-timeout", "500m").await;
    assert_eq!(error(&reply), is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    assert!(start.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn a_panic_is_internal_and_tells_nothing() {
    let server = start().await;
    let client = server.client().await;
    for path in ["/test.Svc/Panic", "/test.Svc/PanicLater"] {
        let reply = client.call_with(path, "x-request-id", "r1").await;
        assert_eq!(error(&reply), is(Code::Internal, "INTERNAL"), "{path}");
        let status = reply.status.unwrap();
        assert!(!format!("{status:?}").contains("secret"));
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata.get("request_id").map(String::as_str), Some("r1"));
    }
    assert!(succeeded(client.call("/test.Svc/Ok").await.status));
}

#[tokio::test]
async fn what_tonic_refuses_has_our_codes_and_details() {
    let server = start().await;
    let client = server.client().await;
    let large = [&[0, 0, 4, 0, 1][..], &vec![0; 0x4_0001]].concat();
    let reply = client.send(post(CHECK), &large).await;
    assert_eq!(error(&reply), is(Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
    for malformed in [&[0, 0, 0, 0, 1, 0xff][..], &[0, 0, 0, 0, 9, 1], &[7, 0, 0, 0, 0], &[]] {
        let reply = client.send(post(CHECK), malformed).await;
        assert_eq!(error(&reply), is(Code::InvalidArgument, "MESSAGE_MALFORMED"), "{malformed:?}");
    }
    let reply = client.send(post(CHECK), &[0; 10]).await;
    assert_eq!(error(&reply), is(Code::Unimplemented, "UNIMPLEMENTED"));
    let zipped = post(CHECK).header("grpc-encoding", "gzip");
    let reply = client.send(zipped, &[1, 0, 0, 0, 0]).await;
    assert_eq!(error(&reply), is(Code::Unimplemented, "UNIMPLEMENTED"));
}

#[tokio::test]
async fn too_many_calls_are_shed_but_health_is_not() {
    let mut server = start_with(|settings| settings.concurrency_limit = 1).await;
    let client = server.client().await;
    let refused = async {
        server.entered.recv().await.unwrap();
        let reply = client.call("/test.Svc/Ok").await;
        assert!(succeeded(client.call(CHECK).await.status));
        server.gate.add_permits(1);
        reply
    };
    let (held, refused) = tokio::join!(client.call(HOLD), refused);
    assert!(succeeded(held.status));
    assert_eq!(error(&refused), is(Code::ResourceExhausted, "OVERLOADED"));
    let status = refused.status.unwrap();
    assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "1000");
    let delay = status.get_details_retry_info().unwrap().retry_delay;
    assert_eq!(delay, Some(Duration::from_secs(1)));
    assert!(succeeded(client.call("/test.Svc/Ok").await.status));
}

/// Calls as often as one source may at once, and how the next call ends.
async fn exhaust(client: &Client, path: &str) -> Reply {
    for _ in 0..300 {
        assert_ne!(error_reason(&client.call(path).await), "RATE_LIMITED", "{path}");
    }
    client.call(path).await
}

fn error_reason(reply: &Reply) -> String {
    let info = reply.status.as_ref().and_then(Status::get_details_error_info);
    info.map(|info| info.reason).unwrap_or_default()
}

// R-RL-1
#[tokio::test]
async fn calls_of_one_source_to_one_public_method_are_limited() {
    let server = start().await;
    let client = server.client().await;
    for path in ["/test.Svc/Ok", "/reeve.auth.v1.AuthService/SignIn"] {
        let refused = exhaust(&client, path).await;
        assert_eq!(error(&refused), is(Code::ResourceExhausted, "RATE_LIMITED"));
        let status = refused.status.unwrap();
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata.get("limit").map(String::as_str), Some("calls"));
        assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "10");
        let delay = status.get_details_retry_info().unwrap().retry_delay;
        assert_eq!(delay, Some(Duration::from_millis(10)));
    }
    for path in [CHECK, "/reeve.auth.v1.AuthService/WhoAmI"] {
        assert_ne!(error_reason(&exhaust(&client, path).await), "RATE_LIMITED", "{path}");
    }
}

// R-RL-1, G-90
#[tokio::test]
async fn a_source_is_whom_a_trusted_proxy_names_and_else_the_peer() {
    let name = "x-forwarded-for";
    let proxies = ["127.0.0.0/8".parse().unwrap()];
    for (trusted, answer) in [(&proxies[..], ""), (&[], "RATE_LIMITED")] {
        let server =
            start_with(|settings| settings.trusted_proxies = TrustedProxies::new(trusted)).await;
        let client = server.client().await;
        let refused = exhaust(&client, "/test.Svc/Ok").await;
        assert_eq!(error_reason(&refused), "RATE_LIMITED");
        let other = client.call_with("/test.Svc/Ok", name, "127.0.0.1, 203.0.113.7").await;
        assert_eq!(error_reason(&other), answer);
    }
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_call_leaves_one_line() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut server = start().await;
    let client = server.client().await;
    // Another test may be the first to reach the log, and find that nobody listens.
    client.call_with("/test.Svc/Ok", "x-request-id", "first").await;
    tracing::callsite::rebuild_interest_cache();
    client.call("/test.Svc/Ok").await;
    client.call("/test.Svc/Unknown-secret?secret").await;
    client.call(CHECK).await;
    client.call_with("/test.Svc/Ok", "grpc-timeout", "0S").await;
    tokio::select! {
        _ = client.call(HOLD) => unreachable!(),
        _ = server.entered.recv() => {} // and the call is abandoned
    }
    drop(client);
    server.shut_down().await.unwrap().unwrap();
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("secret"));
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines = lines.filter(|line| line["target"] == "reeve::access");
    let lines = lines.filter(|line| line["fields"]["request_id"] == GENERATED).map(|line| {
        let fields = &line["fields"];
        assert_eq!(fields["queries"], 0);
        assert!(fields["duration_ms"].is_u64());
        ["method", "code", "reason"].map(|key| fields[key].as_str().unwrap_or("-").to_owned())
    });
    let expected = [
        ["test.Svc/Ok", "OK", "-"],
        ["_OTHER", "UNIMPLEMENTED", "UNIMPLEMENTED"],
        ["test.Svc/Ok", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"],
        ["test.Svc/Hold", "CANCELLED", "-"],
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}
