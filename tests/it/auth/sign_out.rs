//! `SignOut`: which sessions end, at once, for both of their tokens.

use crate::support::{Backend, Server, assert_refused, server::PASSWORD, violated_fields};
use reeve::pb::{
    auth::v1::{Session, SignOutRequest, SignOutScope},
    common::v1::Role,
};
use tonic::Code;

/// Two sessions of Ann and one of Bob.
async fn world(backend: Backend) -> (Server, [Session; 3]) {
    let server = Server::start(backend).await;
    server.create_tenant("acme", &["acme.com"]).await;
    let one = server.sign_up("ann@acme.com").await;
    let two = server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
    let bob = server.sign_up("bob@acme.com").await;
    (server, [one, two, bob])
}

/// Fails unless exactly these of the sessions are alive, in both of their tokens.
async fn assert_alive(server: &Server, sessions: &[Session; 3], expected: [bool; 3]) {
    for (session, alive) in sessions.iter().zip(expected) {
        let (who, next) = (
            server.who_am_i(&session.access_token).await,
            server.refresh(&session.refresh_token).await,
        );
        if alive {
            assert!(who.is_ok() && next.is_ok());
        } else {
            assert_refused(who, Code::Unauthenticated, "SESSION_ENDED");
            assert_refused(next, Code::Unauthenticated, "SESSION_ENDED");
        }
    }
}

on_both! {
    // TK-54, R-TOK-11
    async fn current_ends_the_callers_session(backend: Backend) {
        let (server, sessions) = world(backend).await;
        server.sign_out(&sessions[0].access_token, SignOutScope::Current).await.unwrap();
        assert_alive(&server, &sessions, [false, true, true]).await;
        server.sign_out(&sessions[1].access_token, SignOutScope::Unspecified).await.unwrap();
        assert_alive(&server, &sessions, [false, false, true]).await;
        assert_eq!(server.count("sessions WHERE end_reason = 'signed_out'").await, 2);
        assert_eq!(server.count("events WHERE kind = 'session.ended'").await, 2);
        // A repeat is told that the session has ended, and changes nothing.
        let again = server.sign_out(&sessions[0].access_token, SignOutScope::Current).await;
        assert_refused(again, Code::Unauthenticated, "SESSION_ENDED");
        assert_eq!(server.count("events WHERE kind = 'session.ended'").await, 2);
    }

    // TK-55
    async fn others_keeps_the_callers_session(backend: Backend) {
        let (server, sessions) = world(backend).await;
        for _ in 0..2 {
            server.sign_out(&sessions[1].access_token, SignOutScope::Others).await.unwrap();
            assert_eq!(server.count("events WHERE kind = 'session.ended'").await, 1);
        }
        assert_alive(&server, &sessions, [false, true, true]).await;
    }

    // TK-55
    async fn all_ends_every_session_of_the_user_alone(backend: Backend) {
        let (server, sessions) = world(backend).await;
        server.sign_out(&sessions[0].access_token, SignOutScope::All).await.unwrap();
        assert_alive(&server, &sessions, [false, false, true]).await;
        server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
    }

    // What happens to a person is told in each tenant of theirs alone.
    async fn each_end_is_told_in_the_tenant_of_its_session(backend: Backend) {
        let (server, [ann, ..]) = world(backend).await;
        let other = server.create_tenant("other", &[]).await;
        server.set_role(&ann.user.clone().unwrap().id, &other, Role::Member).await;
        server.switch_tenant(&ann.access_token, &other).await.unwrap();
        server.sign_out(&ann.access_token, SignOutScope::All).await.unwrap();
        let other = server.literal(&other);
        let ended = "events WHERE kind = 'session.ended' AND tenant_id";
        assert_eq!(server.count(&format!("{ended} = {other}")).await, 1);
        assert_eq!(server.count(&format!("{ended} <> {other}")).await, 2);
    }

    // R-TEN-7
    async fn an_unknown_scope_is_refused(backend: Backend) {
        let (server, sessions) = world(backend).await;
        for scope in [4, 99, -1] {
            let metadata = crate::support::server::Metadata::bearer(&sessions[0].access_token);
            let refused = server.auth_as(metadata).sign_out(SignOutRequest { scope }).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["scope"]);
        }
        assert_alive(&server, &sessions, [true, true, true]).await;
    }

    async fn a_key_has_no_session_to_end(backend: Backend) {
        let (server, sessions) = world(backend).await;
        let key = server.operator_key.clone();
        let refused = server.sign_out(&key, SignOutScope::All).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        assert_alive(&server, &sessions, [true, true, true]).await;
    }
}
