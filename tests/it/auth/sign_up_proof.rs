//! The proof of a mailbox: for one address, one domain, one use, and a time.

use crate::support::{Backend, Server, assert_refused, seen, server::PASSWORD};
use reeve::pb::tenant::v1::CreateTenantRequest;
use tonic::Code;

const INVALID: &str = "MAILBOX_PROOF_INVALID";

on_both! {
    // SU-40, R-EM-4: single use, of its own address, unforged; one answer for all of it.
    async fn a_proof_works_once_and_for_its_address(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let ann = server.start_sign_up("ann@acme.com").await;
        let bob = server.start_sign_up("bob@acme.com").await;
        let mut answers = Vec::new();
        for (token, email) in [
            (&bob, "ann@acme.com"),
            (&ann, "bob@acme.com"),
            (&ann, "ann+tag@acme.com"),
            (&ann.replacen("su_", "su_0", 1), "ann@acme.com"),
            (&flipped(&ann), "ann@acme.com"),
            (&ann[..ann.len() - 1].to_owned(), "ann@acme.com"),
            (&format!("{ann}="), "ann@acme.com"),
            (&format!(" {ann}"), "ann@acme.com"),
            (&ann.to_uppercase(), "ann@acme.com"),
            (&format!("su_{}", "a".repeat(60_000)), "ann@acme.com"),
            (&"\0".to_owned(), "ann@acme.com"),
        ] {
            let refused = server.try_sign_up(token, email, PASSWORD).await;
            answers.push(seen(&assert_refused(refused, Code::FailedPrecondition, INVALID)));
        }
        server.try_sign_up(&ann, "ANN@acme.com", PASSWORD).await.unwrap();
        let spent = server.try_sign_up(&ann, "ann@acme.com", PASSWORD).await;
        answers.push(seen(&assert_refused(spent, Code::FailedPrecondition, INVALID)));
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(server.count("users").await, 1);
    }

    // SU-40: expiry, by the database's clock.
    async fn an_expired_proof_is_refused(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        let (day, back) =
            (24 * 3_600, |seconds: i64| server.shifted("expire_time", -seconds));
        let expire = |to: String| format!("UPDATE pending_sign_ups SET expire_time = {to}");
        server.execute(&expire(back(day))).await;
        let refused = server.try_sign_up(&token, "ann@acme.com", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, INVALID);
        server.execute(&expire(back(-60))).await;
        server.try_sign_up(&token, "ann@acme.com", PASSWORD).await.unwrap();
    }

    // SU-40, TK-41 to TK-46: other secrets of the service are no proof.
    async fn tokens_of_other_kinds_prove_nothing(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up("eve@acme.com").await;
        server.start_sign_up("ann@acme.com").await;
        for token in [&session.access_token, &session.refresh_token, &server.operator_key] {
            let refused = server.try_sign_up(token, "ann@acme.com", PASSWORD).await;
            assert_refused(refused, Code::FailedPrecondition, INVALID);
        }
        assert_eq!(server.count("users").await, 1);
    }

    // R-DOM-3, R-DOM-4: the domain goes, or goes and comes back, while the mail is under way.
    async fn a_proof_dies_with_its_domain(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let domain = server.add_domain(&acme, "acme.com", false).await;
        let token = server.start_sign_up("ann@acme.com").await;
        server.remove_domain(&acme, &domain).await;
        let refused = server.try_sign_up(&token, "ann@acme.com", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");

        server.add_domain(&acme, "acme.com", false).await;
        let refused = server.try_sign_up(&token, "ann@acme.com", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        nothing_was_made(&server).await;

        server.try_start("ann@acme.com").await.unwrap();
        server.mails_sent(2).await;
        let fresh = server.mailed_token("ann@acme.com").await;
        assert_ne!(token, fresh);
        server.try_sign_up(&fresh, "ann@acme.com", PASSWORD).await.unwrap();
    }

    // G-18, R-DOM-3: the domain moves to another tenant.
    async fn a_proof_does_not_follow_its_domain(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let other = server.create_tenant("other", &[]).await;
        let domain = server.add_domain(&acme, "acme.com", false).await;
        let token = server.start_sign_up("ann@acme.com").await;
        server.remove_domain(&acme, &domain).await;
        server.add_domain(&other, "acme.com", false).await;
        let refused = server.try_sign_up(&token, "ann@acme.com", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        nothing_was_made(&server).await;

        // Even when the row itself is given to another tenant, behind the service's back.
        let second = server.start_sign_up("bob@acme.com").await;
        let (from, to) = (server.literal(&other), server.literal(&acme));
        let sql = format!("UPDATE tenant_domains SET tenant_id = {to} WHERE tenant_id = {from}");
        server.execute(&sql).await;
        let refused = server.try_sign_up(&second, "bob@acme.com", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        nothing_was_made(&server).await;
    }

    // R-DOM-4: the tenant closes meanwhile.
    async fn a_proof_does_not_open_a_closed_tenant(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        for (closed, open) in [
            ("state = 'suspended'", "state = 'active'"),
            ("state = 'deleted'", "state = 'active'"),
            ("enrollment = 'invite_only'", "enrollment = 'domain'"),
            ("enrollment = 'closed'", "enrollment = 'domain'"),
        ] {
            server.execute(&format!("UPDATE tenants SET {closed}")).await;
            let refused = server.try_sign_up(&token, "ann@acme.com", PASSWORD).await;
            assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
            server.execute(&format!("UPDATE tenants SET {open}")).await;
        }
        nothing_was_made(&server).await;
        server.try_sign_up(&token, "ann@acme.com", PASSWORD).await.unwrap();
    }

    // R-TEN-10: the last seat, and a proof that outlives the refusal.
    async fn a_full_tenant_takes_nobody(backend: Backend) {
        let server = Server::start(backend).await;
        let request = CreateTenantRequest {
            slug: "acme".to_owned(),
            seat_limit: Some(1),
            domains: vec!["acme.com".to_owned()],
            ..Default::default()
        };
        server.tenant_as(server.operator()).create_tenant(request).await.unwrap();
        server.sign_up("ann@acme.com").await;
        let token = server.start_sign_up("bob@acme.com").await;
        let refused = server.try_sign_up(&token, "bob@acme.com", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "SEAT_LIMIT_REACHED");
        assert_eq!(server.count("users").await, 1);
        // A suspended member takes no seat.
        server.execute("UPDATE user_profiles SET state = 'suspended'").await;
        server.try_sign_up(&token, "bob@acme.com", PASSWORD).await.unwrap();
    }
}

async fn nothing_was_made(server: &Server) {
    for table in ["users", "user_profiles", "sessions"] {
        assert_eq!(server.count(table).await, 0, "{table}");
    }
}

/// The token with another character in the middle of its MAC.
fn flipped(token: &str) -> String {
    let at = token.len() - 20;
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}
