//! Limits of attempts: per account, per source, and across replicas.

use crate::support::{
    Backend, Options, Server, assert_refused,
    invite::mailed,
    limits::{assert_limited, behind_a_proxy, counted, end_windows, set_counts},
    race::race,
    reason,
    server::{Metadata, PASSWORD},
};
use reeve::{
    ops::throttle,
    pb::{auth::v1 as pb, common::v1::Role, invitation::v1::CreateInvitationRequest},
};
use std::{collections::BTreeMap, future::Future};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const WRONG: &str = "wrong harbour 71";

/// A sign-in that says it comes from there.
fn sign_in(
    server: &Server,
    from: &str,
    email: &str,
    password: &str,
) -> impl Future<Output = Result<pb::SignInResponse, Status>> + Send + 'static {
    let mut client = server.auth_as(Metadata::default().with("x-forwarded-for", from));
    let (email, password) = (email.to_owned(), password.to_owned());
    let request = pb::SignInRequest { email, password, tenant_id: String::new() };
    async move { Ok(client.sign_in(request).await?.into_inner()) }
}

async fn fail_to_sign_in(server: &Server, from: &str, email: &str, times: usize) {
    for _ in 0..times {
        let refused = sign_in(server, from, email, WRONG).await;
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
    }
}

async fn sign_up(server: &Server, from: &str, token: &str) -> Result<pb::SignUpResponse, Status> {
    let request = pb::SignUpRequest {
        token: token.to_owned(),
        email: "ann@acme.com".to_owned(),
        password: PASSWORD.to_owned(),
        display_name: String::new(),
    };
    let mut client = server.auth_as(Metadata::default().with("x-forwarded-for", from));
    Ok(client.sign_up(request).await?.into_inner())
}

async fn start_sign_up(
    server: &Server,
    from: &str,
    email: &str,
) -> Result<pb::StartSignUpResponse, Status> {
    let request = pb::StartSignUpRequest { email: email.to_owned(), ..Default::default() };
    let mut client = server.auth_as(Metadata::default().with("x-forwarded-for", from));
    Ok(client.start_sign_up(request).await?.into_inner())
}

on_both! {
    // SU-45, G-78, R-RL-1: whether there is such an account makes no difference (R-ENU-1).
    async fn a_hundred_wrong_passwords_at_once_are_checked_ten_times(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("ann@acme.com").await;
        server.execute("DELETE FROM throttle").await;
        let mut seen = Vec::new();
        for email in ["ann@acme.com", "nobody@acme.com"] {
            fail_to_sign_in(&server, "", email, 1).await;
            let calls = (0..100).map(|_| sign_in(&server, "", email, WRONG)).collect();
            let lock = "SELECT 1 FROM throttle FOR UPDATE";
            let mut tally = BTreeMap::new();
            for answer in race(&server, lock, calls).await {
                *tally.entry(reason(&answer.unwrap_err())).or_insert(0) += 1;
            }
            let expected = [("RATE_LIMITED".to_owned(), 91), ("SIGN_IN_FAILED".to_owned(), 9)];
            assert_eq!(tally, expected.into());
            let status = assert_limited(server.sign_in(email, PASSWORD).await, "sign-in-account");
            seen.push((status.message().to_owned(), status.get_details_error_info().unwrap().metadata));
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(counted(&server).await, 40, "ten and ten, by account and by source");
        end_windows(&server).await;
        server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
    }

    // R-RL-1: nobody locks somebody else out.
    async fn each_source_has_its_own_count_for_an_account(backend: Backend) {
        let server = behind_a_proxy(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("ann@acme.com").await;
        server.sign_up("bob@acme.com").await;
        let (theirs, hers) = ("203.0.113.7", "203.0.113.8");
        fail_to_sign_in(&server, theirs, "ann@acme.com", 9).await;
        fail_to_sign_in(&server, theirs, "ANN@acme.com", 1).await;
        let limited = sign_in(&server, theirs, "ann@acme.com", PASSWORD).await;
        assert_limited(limited, "sign-in-account");
        sign_in(&server, hers, "ann@acme.com", PASSWORD).await.unwrap();
        sign_in(&server, theirs, "bob@acme.com", PASSWORD).await.unwrap();
        let limited = sign_in(&server, theirs, "ann@acme.com", PASSWORD).await;
        assert_limited(limited, "sign-in-account");
        let spoofed = format!("{hers}, {theirs}");
        let limited = sign_in(&server, &spoofed, "ann@acme.com", PASSWORD).await;
        assert_limited(limited, "sign-in-account");
        fail_to_sign_in(&server, "2001:db8::1", "ann@acme.com", 5).await;
        fail_to_sign_in(&server, "2001:db8::2", "ann@acme.com", 5).await;
        let limited = sign_in(&server, "2001:db8::3", "ann@acme.com", PASSWORD).await;
        assert_limited(limited, "sign-in-account");
        let ips = "SELECT DISTINCT ip AS value FROM sessions ORDER BY ip";
        assert_eq!(server.texts(ips).await, ["127.0.0.1", theirs, hers]);
    }

    // G-90
    async fn a_caller_that_is_no_trusted_proxy_cannot_choose_its_address(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("ann@acme.com").await;
        for last in 1..=10 {
            fail_to_sign_in(&server, &format!("203.0.113.{last}"), "ann@acme.com", 1).await;
        }
        let limited = sign_in(&server, "203.0.113.11", "ann@acme.com", PASSWORD).await;
        assert_limited(limited, "sign-in-account");
        end_windows(&server).await;
        sign_in(&server, "203.0.113.12", "ann@acme.com", PASSWORD).await.unwrap();
        assert_eq!(server.texts("SELECT DISTINCT ip AS value FROM sessions").await, ["127.0.0.1"]);
    }

    async fn a_success_is_not_counted_and_clears_the_account(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("ann@acme.com").await;
        server.execute("DELETE FROM throttle").await;
        for _ in 0..12 {
            server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
        }
        assert_eq!(counted(&server).await, 0);
        fail_to_sign_in(&server, "", "ann@acme.com", 9).await;
        assert_eq!(counted(&server).await, 18);
        server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
        assert_eq!(counted(&server).await, 9, "those of the source are left");
        fail_to_sign_in(&server, "", "ann@acme.com", 10).await;
        assert_limited(server.sign_in("ann@acme.com", PASSWORD).await, "sign-in-account");
    }

    // R-RL-1
    async fn a_source_is_limited_over_all_accounts(backend: Backend) {
        let server = behind_a_proxy(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("ann@acme.com").await;
        fail_to_sign_in(&server, "203.0.113.7", "a@acme.com", 1).await;
        set_counts(&server, 299).await;
        fail_to_sign_in(&server, "203.0.113.7", "b@acme.com", 1).await;
        let before = counted(&server).await;
        let limited = sign_in(&server, "203.0.113.7", "ann@acme.com", PASSWORD).await;
        assert_limited(limited, "sign-in-source");
        assert_eq!(counted(&server).await, before, "a refusal changes nothing");
        sign_in(&server, "203.0.113.8", "ann@acme.com", PASSWORD).await.unwrap();
        end_windows(&server).await;
        sign_in(&server, "203.0.113.7", "ann@acme.com", PASSWORD).await.unwrap();
    }

    // R-INV-7, R-RL-1
    async fn wrong_tokens_are_limited_by_source(backend: Backend) {
        let server = behind_a_proxy(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        let others = server.start_sign_up("bob@acme.com").await;
        server.execute("DELETE FROM throttle").await;
        let forged = token.replace('.', ".x");
        for wrong in ["nonsense", forged.as_str(), others.as_str()] {
            let refused = sign_up(&server, "203.0.113.7", wrong).await;
            assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        }
        assert_eq!(counted(&server).await, 6, "by source, and from everywhere");
        set_counts(&server, 299).await;
        let refused = sign_up(&server, "203.0.113.7", "nonsense").await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        for any in ["nonsense", token.as_str()] {
            assert_limited(sign_up(&server, "203.0.113.7", any).await, "wrong-token-source");
        }
        assert_eq!(counted(&server).await, 600);
        let refused = sign_up(&server, "203.0.113.8", "nonsense").await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        end_windows(&server).await;
        sign_up(&server, "203.0.113.7", &token).await.unwrap();
        assert_eq!(server.count("users").await, 1);
    }

    // R-INV-7: a flood of wrong tokens keeps nobody with a right one out.
    async fn wrong_tokens_are_limited_everywhere_and_right_ones_are_not(backend: Backend) {
        let server = behind_a_proxy(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        sign_up(&server, "203.0.113.7", "nonsense").await.unwrap_err();
        set_counts(&server, 9_999).await;
        let refused = sign_up(&server, "203.0.113.8", "nonsense").await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        assert_limited(sign_up(&server, "203.0.113.8", "nonsense").await, "wrong-token");
        let own = server.count("throttle WHERE count = 2").await;
        assert_eq!(own, 1, "the source's own count goes on");
        sign_up(&server, "203.0.113.8", &token).await.unwrap();
    }

    // R-RL-1: whatever the addresses; who comes from elsewhere is not hindered.
    async fn started_sign_ups_are_limited_by_source(backend: Backend) {
        let server = behind_a_proxy(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        start_sign_up(&server, "203.0.113.7", "ann@acme.com").await.unwrap();
        set_counts(&server, 299).await;
        start_sign_up(&server, "203.0.113.7", "bob@acme.com").await.unwrap();
        server.execute("DELETE FROM throttle WHERE count < 300").await;
        for email in ["bob@acme.com", "carl@acme.com", "dora@nowhere.org"] {
            let refused = start_sign_up(&server, "203.0.113.7", email).await;
            assert_limited(refused, "start-sign-up-source");
        }
        assert_eq!(server.count("pending_sign_ups").await, 2);
        start_sign_up(&server, "203.0.113.8", "carl@acme.com").await.unwrap();
        end_windows(&server).await;
        start_sign_up(&server, "203.0.113.7", "dora@acme.com").await.unwrap();
    }

    // R-RL-1: tags lead to one mailbox, which nobody fills, and whose owner nobody locks out.
    async fn started_sign_ups_are_limited_by_mailbox(backend: Backend) {
        let server = behind_a_proxy(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        for tag in 0..10 {
            let email = format!("Ann+{tag}@acme.com");
            start_sign_up(&server, "203.0.113.7", &email).await.unwrap();
        }
        for email in ["ann+10@acme.com", "ANN@acme.com"] {
            let refused = start_sign_up(&server, "203.0.113.7", email).await;
            assert_limited(refused, "start-sign-up-mailbox");
        }
        assert_eq!(server.count("pending_sign_ups").await, 10);
        start_sign_up(&server, "203.0.113.7", "bob@acme.com").await.unwrap();
        start_sign_up(&server, "203.0.113.8", "ann@acme.com").await.unwrap();
        end_windows(&server).await;
        start_sign_up(&server, "203.0.113.7", "ann+10@acme.com").await.unwrap();
    }

    async fn counters_are_deleted_once_their_window_has_ended(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        fail_to_sign_in(&server, "", "ann@acme.com", 1).await;
        let invited =
            CreateInvitationRequest { tenant_id: acme, ..mailed("bob@else.org", Role::Member) };
        server.try_invite(&server.operator(), invited).await.unwrap();
        assert!(!throttle::purge(&server.app).await.unwrap());
        assert_eq!(server.count("throttle").await, 4);
        end_windows(&server).await;
        assert!(!throttle::purge(&server.app).await.unwrap());
        assert_eq!(server.count("throttle").await, 2, "those of an hour are left");
    }
}

// R-RL-1
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_count_together() {
    let one = Server::start(Backend::Postgres).await;
    one.create_tenant("acme", &["acme.com"]).await;
    one.sign_up("ann@acme.com").await;
    let (database, data_dir) = (one.database.clone(), tempfile::tempdir().unwrap());
    let other = Server::start_on(Backend::Postgres, database, data_dir, Options::default()).await;
    fail_to_sign_in(&one, "", "ann@acme.com", 5).await;
    fail_to_sign_in(&other, "", "ann@acme.com", 5).await;
    for server in [&one, &other] {
        assert_limited(server.sign_in("ann@acme.com", PASSWORD).await, "sign-in-account");
    }
    end_windows(&one).await;
    other.sign_in("ann@acme.com", PASSWORD).await.unwrap();
    one.execute("DELETE FROM throttle").await;
    one.try_start("bob@acme.com").await.unwrap();
    set_counts(&one, 299).await;
    other.try_start("carl@acme.com").await.unwrap();
    for server in [&one, &other] {
        assert_limited(server.try_start("dora@acme.com").await, "start-sign-up-source");
    }
}
