//! What tests are made with: both databases, a server in this process, clients, and the mail.

pub mod calls;
pub mod invite;
pub mod keys;
pub mod limits;
pub mod own_cluster;
pub mod postgres;
pub mod program;
pub mod race;
pub mod raw;
pub mod seed;
pub mod server;
pub mod sql;

pub use calls::{claims, ghost, role_change, seen};
pub use server::{Options, Server};

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Makes two tests of one body: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($backend:ident: Backend) $body:block)+) => { $(
        $(#[$meta])*
        mod $name {
            use super::*;
            async fn body($backend: Backend) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() { body($crate::support::Backend::Sqlite).await; }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() { body($crate::support::Backend::Postgres).await; }
        }
    )+ };
}

/// The reason of a refused call, from its `ErrorInfo`.
pub fn reason(status: &tonic::Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_error_details().error_info().map_or_else(String::new, |info| {
        assert_eq!(info.domain, "reeve");
        info.reason.clone()
    })
}

/// Fields of the `BadRequest` of a refused call, with their reasons in the message's order.
pub fn violated_fields(status: &tonic::Status) -> Vec<String> {
    use tonic_types::StatusExt as _;
    status.get_error_details().bad_request().map_or_else(Vec::new, |bad| {
        bad.field_violations.iter().map(|violation| violation.field.clone()).collect()
    })
}

/// Fails unless the call was refused with this code and reason.
#[track_caller]
pub fn assert_refused<T: std::fmt::Debug>(
    answer: Result<T, tonic::Status>,
    code: tonic::Code,
    expected: &str,
) -> tonic::Status {
    let status = answer.expect_err("the call should have been refused");
    assert_eq!((status.code(), reason(&status).as_str()), (code, expected), "{status:?}");
    status
}

/// Lower-case hexadecimal digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
