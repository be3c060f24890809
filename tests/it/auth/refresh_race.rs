//! Refreshes that overlap, and replicas that share one database.

use crate::support::{
    Backend, Options, Server, assert_refused, claims,
    race::{lock_row, race},
    server::PASSWORD,
};
use reeve::pb::auth::v1::{RefreshSessionRequest, auth_service_client::AuthServiceClient};
use std::collections::HashSet;
use tonic::Code;

const CALLS: usize = 32;

on_both! {
    // TK-49, G-62, R-TOK-9: many answers, one live successor.
    async fn one_token_has_one_successor(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up("ann@acme.com").await;
        let sid = claims(&session.access_token)["sid"].as_str().unwrap().to_owned();
        let calls = (0..CALLS).map(|_| {
            let mut client = AuthServiceClient::new(server.channel.clone());
            let refresh_token = session.refresh_token.clone();
            async move { client.refresh_session(RefreshSessionRequest { refresh_token }).await }
        });
        let lock = lock_row(&server, "sessions", &sid);
        let answers = race(&server, &lock, calls.collect()).await;
        let mut successors = HashSet::new();
        for answer in answers {
            successors.insert(answer.unwrap().into_inner().session.unwrap().refresh_token);
        }
        assert_eq!(successors.len(), 1);
        assert!(!successors.contains(&session.refresh_token));
        assert_eq!(server.count("sessions WHERE counter = 1 AND end_time IS NULL").await, 1);
        for successor in successors {
            server.refresh(&successor).await.unwrap();
        }
    }
}

// R-TOK-11, G-67, G-68: two replicas are one service. SQLite has no second process.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_share_sessions() {
    let one = Server::start(Backend::Postgres).await;
    one.create_tenant("acme", &["acme.com"]).await;
    let session = one.sign_up("ann@acme.com").await;
    let directory = tempfile::tempdir().unwrap();
    let database = one.database.clone();
    let two = Server::start_on(Backend::Postgres, database, directory, Options::default()).await;
    two.who_am_i(&session.access_token).await.unwrap();
    let next = two.refresh(&session.refresh_token).await.unwrap();
    let again = one.refresh(&session.refresh_token).await.unwrap();
    assert_eq!(again.refresh_token, next.refresh_token);
    one.who_am_i(&next.access_token).await.unwrap();

    let all = reeve::pb::auth::v1::SignOutScope::All;
    one.sign_out(&next.access_token, all).await.unwrap();
    let ended = two.who_am_i(&next.access_token).await;
    assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
    let ended = two.refresh(&next.refresh_token).await;
    assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
    let fresh = two.sign_in("ann@acme.com", PASSWORD).await.unwrap();
    one.who_am_i(&fresh.access_token).await.unwrap();
}
