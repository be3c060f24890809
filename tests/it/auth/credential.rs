//! The credential of a call: its form in the metadata, its kind, and its age.

use crate::support::{
    Backend, Options, Server, assert_refused, reason, seen,
    server::{Metadata, PASSWORD},
};
use reeve::pb::{
    auth::v1 as pb,
    common::v1::Role,
    tenant::v1::{ListTenantsRequest, ListUsersRequest},
};
use std::time::Duration;
use tonic::{Code, Status};

async fn who_am_i(server: &Server, metadata: Metadata) -> Result<pb::WhoAmIResponse, Status> {
    Ok(server.auth_as(metadata).who_am_i(pb::WhoAmIRequest {}).await?.into_inner())
}

on_both! {
    // TK-35 to TK-40, R-TOK-7, G-70
    async fn exactly_one_bearer_credential_is_taken(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.sign_up("ann@acme.com").await.access_token;
        let with = |text: &str| Metadata::default().with("authorization", text);

        let missing = who_am_i(&server, Metadata::default()).await;
        assert_refused(missing, Code::Unauthenticated, "CREDENTIAL_MISSING");
        for (case, metadata) in [
            ("TK-36 Basic", with(&format!("Basic {token}"))),
            ("TK-36 Basic with a password", with("Basic YW5uOnBhc3N3b3Jk")),
            ("TK-37 double", Metadata::bearer(&token).with("authorization", &format!("Bearer {token}"))),
            ("TK-37 a second, empty one", Metadata::bearer(&token).with("authorization", "")),
            ("TK-37 list", with(&format!("Bearer {token}, Bearer {token}"))),
            ("TK-38 empty", with("")),
            ("TK-38 scheme alone", with("Bearer")),
            ("TK-38 scheme and a blank", with("Bearer ")),
            ("TK-38 no scheme", with(&token)),
            ("TK-38 two blanks", with(&format!("Bearer  {token}"))),
            ("TK-39 non-ASCII", with("Bearer \u{e9}")),
            ("TK-39 non-ASCII at the end", with(&format!("Bearer {token}\u{e9}"))),
            ("TK-34 over 4 KiB", with(&format!("Bearer {}", "a".repeat(4_097)))),
            ("not a token", with("Bearer nonsense")),
            ("G-61 many dots", with(&format!("Bearer {}", ".".repeat(4_000)))),
            ("a key that is none", with("Bearer rk_x")),
        ] {
            let refused = who_am_i(&server, metadata).await.expect_err(case);
            assert_eq!(
                (refused.code(), reason(&refused).as_str()),
                (Code::Unauthenticated, "CREDENTIAL_INVALID"),
                "{case}"
            );
        }
        // TK-40: the scheme's case does not matter.
        for scheme in ["bearer", "BEARER", "Bearer"] {
            who_am_i(&server, with(&format!("{scheme} {token}"))).await.unwrap();
        }
    }

    // TK-41 to TK-46: no other secret of the service is an access token or a key.
    async fn other_kinds_are_no_credential(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        server.create_tenant("beta", &[]).await;
        let session = server.sign_up_as("ann@acme.com", Role::Owner).await;
        let sign_up = server.start_sign_up("bob@acme.com").await;
        let request = ListTenantsRequest { page_size: 1, page_token: String::new() };
        let page = server.tenant_as(server.operator()).list_tenants(request).await.unwrap();
        let page = page.into_inner().next_page_token;
        assert!(!page.is_empty());
        for kind in [&session.refresh_token, &sign_up, &page, &acme] {
            let refused = server.who_am_i(kind).await;
            assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        }
        for kind in [&session.refresh_token, &sign_up, &session.access_token, &server.operator_key] {
            let request = ListTenantsRequest { page_size: 1, page_token: kind.clone() };
            let refused = server.tenant_as(server.operator()).list_tenants(request).await;
            assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        }
    }

    // TK-13, R-TOK-7: no leeway after the expiry, none before it.
    async fn an_expired_access_token_is_told_so(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up("ann@acme.com").await;
        server.clock.advance(Duration::from_mins(9));
        server.who_am_i(&session.access_token).await.unwrap();
        server.clock.advance(Duration::from_secs(61));
        let expired = server.who_am_i(&session.access_token).await;
        assert_refused(expired, Code::Unauthenticated, "CREDENTIAL_EXPIRED");
        let next = server.refresh(&session.refresh_token).await.unwrap();
        server.who_am_i(&next.access_token).await.unwrap();
    }

    // TK-19: a token that was issued in the future is not taken, though its session is alive.
    async fn a_token_of_the_future_is_refused(backend: Backend) {
        let mut server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.clock.advance(Duration::from_hours(1));
        let ahead = server.sign_up("ann@acme.com").await;
        server.who_am_i(&ahead.access_token).await.unwrap();
        server.stop().await.unwrap();
        // Its clock is right again, and its keys are the same.
        let Server { database, data_dir, .. } = server;
        let back = Server::start_on(backend, database, data_dir, Options::default()).await;
        let refused = back.who_am_i(&ahead.access_token).await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        let next = back.refresh(&ahead.refresh_token).await.unwrap();
        back.who_am_i(&next.access_token).await.unwrap();
    }

    // G-67: a key is looked at on every call.
    async fn a_revoked_or_expired_key_is_refused_at_once(backend: Backend) {
        let server = Server::start(backend).await;
        let list = async || {
            let request = ListTenantsRequest::default();
            server.tenant_as(server.operator()).list_tenants(request).await
        };
        list().await.unwrap();
        let (past, ahead) = (server.time_ahead(-1), server.time_ahead(60));
        for column in ["revoke_time", "expire_time"] {
            server.execute(&format!("UPDATE api_keys SET {column} = {past}")).await;
            assert_refused(list().await, Code::Unauthenticated, "CREDENTIAL_INVALID");
            server.execute(&format!("UPDATE api_keys SET {column} = NULL")).await;
        }
        server.execute(&format!("UPDATE api_keys SET expire_time = {ahead}")).await;
        list().await.unwrap();
        // TK-63: only a hash is stored.
        let mut other = server.operator_key.clone();
        other.replace_range(10..11, if &other[10..11] == "A" { "B" } else { "A" });
        let refused = server.who_am_i(&other).await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
    }

    // A public method does not look at a credential, so a bad one does no harm.
    async fn public_methods_ignore_a_bad_credential(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up("ann@acme.com").await;
        for metadata in [
            Metadata::bearer("nonsense"),
            Metadata::default().with("authorization", "Basic x").with("authorization", "y"),
            Metadata::bearer(&session.refresh_token).with("x-tenant-id", "a,b"),
        ] {
            let mut client = server.auth_as(metadata);
            let (email, password) = ("ann@acme.com".to_owned(), PASSWORD.to_owned());
            let request = pb::SignInRequest { email, password, tenant_id: String::new() };
            client.sign_in(request).await.unwrap();
            client.get_jwks(pb::GetJwksRequest {}).await.unwrap();
            let email = "bob@acme.com".to_owned();
            let request = pb::StartSignUpRequest { email, ..Default::default() };
            client.start_sign_up(request).await.unwrap();
        }
    }

    // The credential comes first: without one, nothing about the message is told.
    async fn the_credential_is_checked_before_the_message(backend: Backend) {
        let server = Server::start(backend).await;
        let request =
            ListUsersRequest { tenant_id: "x".to_owned(), page_size: -1, ..Default::default() };
        let mut answers = Vec::new();
        for request in [request, ListUsersRequest::default()] {
            let refused = server.tenant_as(Metadata::default()).list_users(request).await;
            let status = assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_MISSING");
            answers.push(seen(&status));
        }
        assert_eq!(answers[0], answers[1]);
    }
}
