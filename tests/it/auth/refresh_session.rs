//! `RefreshSession`: rotation, the grace for a lost answer, and what ends the session.

use crate::support::{Backend, Options, Server, assert_refused, claims, seen, server::PASSWORD};
use reeve::{
    model::id::{Id as _, SessionId},
    pb::auth::v1::Session,
};
use tonic::Code;

const REUSED: &str = "events WHERE kind = 'session.refresh_token_reused'";

async fn signed_up(backend: Backend) -> (Server, Session) {
    let server = Server::start(backend).await;
    server.create_tenant("acme", &["acme.com"]).await;
    let session = server.sign_up("ann@acme.com").await;
    (server, session)
}

fn session_id(session: &Session) -> SessionId {
    SessionId::parse("sid", claims(&session.access_token)["sid"].as_str().unwrap()).unwrap()
}

/// A refresh token that the service could make itself.
fn forged(server: &Server, session: &Session, counter: i64) -> String {
    server.app.ring().unwrap().refresh_token(session_id(session), counter, None).0
}

/// Fails unless the session has ended for all of its tokens.
async fn assert_ended(server: &Server, tokens: &[&str], access: &[&str]) {
    for token in tokens {
        assert_refused(server.refresh(token).await, Code::Unauthenticated, "SESSION_ENDED");
    }
    for token in access {
        assert_refused(server.who_am_i(token).await, Code::Unauthenticated, "SESSION_ENDED");
    }
}

on_both! {
    // TK-47, G-72: new tokens for the same person in the same tenant and session.
    async fn a_refresh_rotates(backend: Backend) {
        let (server, first) = signed_up(backend).await;
        let second = server.refresh(&first.refresh_token).await.unwrap();
        let third = server.refresh(&second.refresh_token).await.unwrap();
        assert_ne!(first.refresh_token, second.refresh_token);
        assert_ne!(second.refresh_token, third.refresh_token);
        let (one, three) = (claims(&first.access_token), claims(&third.access_token));
        for claim in ["sub", "sid", "tenant_id", "role"] {
            assert_eq!(one[claim], three[claim], "{claim}");
        }
        assert_ne!(one["jti"], three["jti"]);
        assert_eq!((third.user, third.tenant), (first.user, first.tenant));
        server.who_am_i(&third.access_token).await.unwrap();
        assert_eq!(server.count("sessions WHERE counter = 2 AND end_time IS NULL").await, 1);
    }

    // R-TOK-9: who lost the answer gets the same successor again, unchanged.
    async fn the_spent_token_gets_the_same_successor_within_the_grace(backend: Backend) {
        let (server, first) = signed_up(backend).await;
        let second = server.refresh(&first.refresh_token).await.unwrap();
        server.execute(&shift_rotation(&server, -8)).await;
        for _ in 0..3 {
            let again = server.refresh(&first.refresh_token).await.unwrap();
            assert_eq!(again.refresh_token, second.refresh_token);
        }
        assert_eq!(server.count("sessions WHERE counter = 1").await, 1);
        assert_eq!(server.count(REUSED).await, 0);
        server.refresh(&second.refresh_token).await.unwrap();
        // Two behind is reuse, grace or not.
        let reused = server.refresh(&first.refresh_token).await;
        assert_refused(reused, Code::Unauthenticated, "REFRESH_TOKEN_REUSED");
    }

    // TK-48: reuse after the grace ends the session, for the thief and for the owner.
    async fn a_spent_token_after_the_grace_ends_the_session(backend: Backend) {
        let (server, first) = signed_up(backend).await;
        let other = server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
        let second = server.refresh(&first.refresh_token).await.unwrap();
        server.execute(&shift_rotation(&server, -11)).await;
        let reused = server.refresh(&first.refresh_token).await;
        assert_refused(reused, Code::Unauthenticated, "REFRESH_TOKEN_REUSED");
        let tokens = [second.refresh_token.as_str(), &first.refresh_token];
        assert_ended(&server, &tokens, &[&second.access_token, &first.access_token]).await;
        assert_eq!(server.count(REUSED).await, 1);
        let ended = "sessions WHERE end_reason = 'refresh_token_reused' AND end_time IS NOT NULL";
        assert_eq!(server.count(ended).await, 1);
        // Other sessions of the person are not touched.
        server.refresh(&other.refresh_token).await.unwrap();
    }

    // R-TOK-9: a counter that was never given out was forged with the service's own keys.
    async fn a_token_from_the_future_ends_the_session(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        for (number, counter) in [1, 2, 1_000, i64::MAX].into_iter().enumerate() {
            let session = server.sign_up(&format!("u{number}@acme.com")).await;
            let refused = server.refresh(&forged(&server, &session, counter)).await;
            assert_refused(refused, Code::Unauthenticated, "REFRESH_TOKEN_REUSED");
            assert_ended(&server, &[&session.refresh_token], &[&session.access_token]).await;
        }
        assert_eq!(server.count(REUSED).await, 4);
    }

    // TK-48, G-70: what is no refresh token ends nothing.
    async fn malformed_tokens_are_refused_alike(backend: Backend) {
        let (server, session) = signed_up(backend).await;
        let token = &session.refresh_token;
        let fields: Vec<&str> = token.split('.').collect();
        let ghost = server.app.ring().unwrap().refresh_token(server.app.new_id(), 0, None).0;
        let mut answers = Vec::new();
        for text in [
            "x".to_owned(),
            "rt_".to_owned(),
            "rt_...".to_owned(),
            "\0".to_owned(),
            format!("{token}A"),
            format!("{token}="),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{token}.{}", fields[3]),
            token[..token.len() - 1].to_owned(),
            token.to_uppercase(),
            token.replacen("rt_", "", 1),
            [fields[0], "1", fields[2], fields[3]].join("."),
            [fields[0], "00", fields[2], fields[3]].join("."),
            [fields[0], "+0", fields[2], fields[3]].join("."),
            [fields[0], "-1", fields[2], fields[3]].join("."),
            [fields[0], "9223372036854775808", fields[2], fields[3]].join("."),
            [fields[0], fields[1], "nokey", fields[3]].join("."),
            [fields[0], fields[1], fields[2], &"A".repeat(43)].join("."),
            format!("rt_{}", "9".repeat(60_000)),
            ghost,
        ] {
            let refused = server.refresh(&text).await;
            let status = assert_refused(refused, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
            answers.push(seen(&status));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let missing = server.refresh("").await;
        assert_refused(missing, Code::InvalidArgument, "FIELD_INVALID");
        server.refresh(token).await.unwrap();
    }

    // TK-41 to TK-46
    async fn tokens_of_other_kinds_refresh_nothing(backend: Backend) {
        let (server, session) = signed_up(backend).await;
        let sign_up = server.start_sign_up("bob@acme.com").await;
        for token in [&session.access_token, &sign_up, &server.operator_key] {
            let refused = server.refresh(token).await;
            assert_refused(refused, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        }
    }

    // TK-50: a session that nobody uses, and one that is used for ever.
    async fn sessions_expire_idle_and_absolutely(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        for (number, column) in ["idle_expire_time", "expire_time"].into_iter().enumerate() {
            let session = server.sign_up(&format!("u{number}@acme.com")).await;
            let (id, past) = (session_id(&session).to_string(), server.time_ahead(-1));
            let (id, ahead) = (server.literal(&id), server.time_ahead(60));
            let set = async |time: &str| {
                server.execute(&format!("UPDATE sessions SET {column} = {time} WHERE id = {id}")).await;
            };
            set(&past).await;
            assert_ended(&server, &[&session.refresh_token], &[]).await;
            set(&ahead).await;
            let next = server.refresh(&session.refresh_token).await.unwrap();
            let seconds = |s: &Session| s.refresh_token_expire_time.unwrap().seconds;
            if column == "expire_time" {
                // Never extended: the idle time is cut to it.
                assert!(seconds(&next) < seconds(&session) - 3_600);
                set(&past).await;
                assert_ended(&server, &[&next.refresh_token], &[&next.access_token]).await;
            } else {
                assert!(seconds(&next) >= seconds(&session), "a use moves the idle time");
            }
        }
    }

    // TK-52, G-65, G-67, R-TOK-10, R-TOK-11: everything that stops a sign-in stops a refresh.
    async fn suspension_ends_the_refresh_and_the_access_token(backend: Backend) {
        let (server, session) = signed_up(backend).await;
        for (table, state) in [
            ("users", "suspended"),
            ("user_profiles", "suspended"),
            ("tenants", "suspended"),
            ("tenants", "deleted"),
        ] {
            server.execute(&format!("UPDATE {table} SET state = '{state}'")).await;
            assert_ended(&server, &[&session.refresh_token], &[&session.access_token]).await;
            server.execute(&format!("UPDATE {table} SET state = 'active'")).await;
        }
        assert_eq!(server.count("sessions WHERE counter = 0").await, 1);
        server.refresh(&session.refresh_token).await.unwrap();
    }

    // TK-53: a new role is in the next token.
    async fn a_changed_role_is_in_the_next_token(backend: Backend) {
        let (server, session) = signed_up(backend).await;
        let user = session.user.unwrap();
        server.set_role(&user.id, &user.tenant_id, reeve::pb::common::v1::Role::Admin).await;
        let next = server.refresh(&session.refresh_token).await.unwrap();
        let (old, new) = (claims(&session.access_token), claims(&next.access_token));
        assert_eq!((old["role"].as_str(), new["role"].as_str()), (Some("member"), Some("admin")));
        assert!(new["mver"].as_i64() > old["mver"].as_i64());
    }

    // G-63: what was spent stays spent over a restart.
    async fn a_restart_forgets_no_spent_token(backend: Backend) {
        let (mut server, first) = signed_up(backend).await;
        let second = server.refresh(&first.refresh_token).await.unwrap();
        let late = shift_rotation(&server, -11);
        server.execute(&late).await;
        server.stop().await.unwrap();
        let Server { database, data_dir, .. } = server;
        let again = Server::start_on(backend, database, data_dir, Options::default()).await;
        again.who_am_i(&second.access_token).await.unwrap();
        let reused = again.refresh(&first.refresh_token).await;
        assert_refused(reused, Code::Unauthenticated, "REFRESH_TOKEN_REUSED");
        assert_ended(&again, &[&second.refresh_token], &[&second.access_token]).await;
    }
}

fn shift_rotation(server: &Server, seconds: i64) -> String {
    format!("UPDATE sessions SET rotated_time = {}", server.shifted("rotated_time", seconds))
}
