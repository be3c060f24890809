//! Sign-ups that overlap.

use crate::support::{
    Backend, Options, Server,
    race::{lock_row, race},
    reason,
    server::PASSWORD,
};
use reeve::pb::{
    auth::v1::{Session, SignUpRequest, auth_service_client::AuthServiceClient},
    tenant::v1::CreateTenantRequest,
};
use std::{collections::BTreeMap, future::Future};
use tonic::Status;

const CALLS: usize = 8;

pub fn call(
    server: &Server,
    token: String,
    email: String,
) -> impl Future<Output = Result<Session, Status>> + Send + 'static {
    let mut client = AuthServiceClient::new(server.channel.clone());
    let display_name = "Test Person".to_owned();
    let request = SignUpRequest { token, email, password: PASSWORD.to_owned(), display_name };
    async move { Ok(client.sign_up(request).await?.into_inner().session.unwrap()) }
}

/// How often each outcome came: `OK`, or the reason of the refusal.
pub fn tally(answers: &[Result<Session, Status>]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let outcome = answer.as_ref().map_or_else(reason, |_| "OK".to_owned());
        *tally.entry(outcome).or_default() += 1;
    }
    tally
}

on_both! {
    // R-TEN-10, G-62: 8 at once for 3 seats.
    async fn seats_hold_in_a_race(backend: Backend) {
        let server = Server::start(backend).await;
        let request = CreateTenantRequest {
            slug: "acme".to_owned(),
            seat_limit: Some(3),
            domains: vec!["acme.com".to_owned()],
            ..Default::default()
        };
        let made = server.tenant_as(server.operator()).create_tenant(request).await.unwrap();
        let tenant = made.into_inner().tenant.unwrap().id;
        let mut calls = Vec::new();
        for number in 0..CALLS {
            let email = format!("u{number}@acme.com");
            let token = server.start_sign_up(&email).await;
            calls.push(call(&server, token, email));
        }
        let answers = race(&server, &lock_row(&server, "tenants", &tenant), calls).await;
        let expected = [("OK".to_owned(), 3), ("SEAT_LIMIT_REACHED".to_owned(), CALLS - 3)];
        assert_eq!(tally(&answers), expected.into());
        assert_eq!(server.count("user_profiles WHERE state = 'active'").await, 3);
        assert_eq!(server.count("users").await, 3);
        assert_eq!(server.count("events WHERE kind = 'user.created'").await, 3);
    }

    // SU-40, G-62: one token, one account.
    async fn one_token_makes_one_account(backend: Backend) {
        let server = Server::start(backend).await;
        let tenant = server.create_tenant("acme", &["acme.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        let calls = (0..CALLS).map(|_| call(&server, token.clone(), "ann@acme.com".to_owned()));
        let lock = lock_row(&server, "tenants", &tenant);
        let answers = race(&server, &lock, calls.collect()).await;
        let expected = [("MAILBOX_PROOF_INVALID".to_owned(), CALLS - 1), ("OK".to_owned(), 1)];
        assert_eq!(tally(&answers), expected.into());
        one_account(&server).await;
    }

    // SU-29: one address, whichever way it comes in; here without proofs, so in different cases.
    async fn one_address_makes_one_account(backend: Backend) {
        let relaxed = Options(vec![("REEVE_REQUIRE_VERIFIED_EMAIL", "false".to_owned())]);
        let server = Server::start_with(backend, relaxed).await;
        let tenant = server.create_tenant("acme", &["acme.com"]).await;
        let emails = ["ann@acme.com", "ANN@acme.com", "Ann@Acme.com", "ann@ACME.COM"];
        let calls = emails.iter().map(|email| call(&server, String::new(), (*email).to_owned()));
        let lock = lock_row(&server, "tenants", &tenant);
        let answers = race(&server, &lock, calls.collect()).await;
        let expected = [("ACCOUNT_EXISTS".to_owned(), emails.len() - 1), ("OK".to_owned(), 1)];
        assert_eq!(tally(&answers), expected.into());
        one_account(&server).await;
    }

    // SU-29: the same across two tenants, where no tenant's lock orders the two.
    async fn two_tenants_do_not_make_two_accounts(backend: Backend) {
        let server = Server::start(backend).await;
        let parent = server.create_tenant("parent", &[]).await;
        let child = server.create_tenant("child", &[]).await;
        server.add_domain(&parent, "group.net", true).await;
        let by_parent = server.start_sign_up("ann@lab.group.net").await;
        let domain = server.add_domain(&child, "lab.group.net", false).await;
        server.try_start("ann@lab.group.net").await.unwrap();
        server.mails_sent(2).await;
        let by_child = server.mailed_token("ann@lab.group.net").await;
        let email = "ann@lab.group.net";
        server.try_sign_up(&by_child, email, PASSWORD).await.unwrap();
        server.remove_domain(&child, &domain).await;
        let second = server.try_sign_up(&by_parent, email, PASSWORD).await.unwrap_err();
        assert_eq!(reason(&second), "ACCOUNT_EXISTS");
        one_account(&server).await;
    }
}

async fn one_account(server: &Server) {
    for from in ["users", "user_profiles", "sessions", "events WHERE kind = 'user.created'"] {
        assert_eq!(server.count(from).await, 1, "{from}");
    }
}
