//! Limits of attempts: what has been counted, and what a refusal by them looks like.

use super::{Backend, Options, Server, assert_refused};
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const MINUTE: Duration = Duration::from_mins(1);

/// The window of a limit.
fn window(limit: &str) -> Duration {
    if limit.starts_with("create-invitation") { 60 * MINUTE } else { MINUTE }
}

/// Fails unless this limit refused, with a delay in both places that ends with the window.
#[track_caller]
pub fn assert_limited<T: std::fmt::Debug>(answer: Result<T, Status>, limit: &str) -> Status {
    let status = assert_refused(answer, Code::ResourceExhausted, "RATE_LIMITED");
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.metadata.get("limit").map(String::as_str), Some(limit));
    let delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
    let window = window(limit);
    assert!(!delay.is_zero() && delay <= window, "{delay:?}");
    // The window begins with the first attempt, which no test is a minute after.
    assert!(delay + MINUTE > window, "{delay:?}");
    let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap().to_str().unwrap();
    assert_eq!(pushback.parse(), Ok(delay.as_millis()));
    status
}

/// A server that believes what a caller says of where it comes from.
pub async fn behind_a_proxy(backend: Backend) -> Server {
    Server::start_with(backend, trusting()).await
}

pub fn trusting() -> Options {
    Options(vec![("REEVE_TRUSTED_PROXIES", "127.0.0.1".to_owned())])
}

pub async fn end_windows(server: &Server) {
    let shifted = server.shifted("expire_time", -60);
    server.execute(&format!("UPDATE throttle SET expire_time = {shifted}")).await;
}

pub async fn set_counts(server: &Server, count: i32) {
    server.execute(&format!("UPDATE throttle SET count = {count}")).await;
}

/// All attempts that are counted now.
pub async fn counted(server: &Server) -> i64 {
    server.number("SELECT coalesce(sum(count), 0) AS value FROM throttle").await
}
