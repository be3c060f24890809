//! What people who do not read a mailbox try with its address.

use crate::support::{
    Backend, Options, Server, assert_refused, seen,
    server::{Metadata, PASSWORD},
};
use tonic::Code;

const ANN: &str = "ann@acme.com";
/// What an attacker would like Ann's password to be.
const OTHER: &str = "marble 44 quiet trombones";

/// Every mail went to this address.
fn all_to(server: &Server, email: &str) -> bool {
    server.mails().iter().all(|mail| mail.contains(&format!("To: {email}")))
}

async fn refuse_sign_in(server: &Server, email: &str, password: &str) {
    let refused = server.sign_in(email, password).await;
    assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
}

on_both! {
    // R-INV-4, R-ENR-2, G-13: an admin, or whoever has a leaked tenant key, holds the returned
    // token of an address whose mail he does not read.
    async fn a_returned_token_gets_nobody_an_account(backend: Backend) {
        let server = Server::start(backend).await;
        let evil = server.create_tenant("evil", &[]).await;
        let token = server.returned_invitation(&evil, ANN).await;
        server.insert_user(&evil, "eve@evil.test").await;
        // One answer, decided before account, password, seat, tenant or state are looked at.
        let mut answers = Vec::new();
        let ask = async |email: &str, password: &str| {
            let refused = server.try_sign_up(&token, email, password).await;
            seen(&assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED"))
        };
        for email in [ANN, "ANN@acme.com", "eve@evil.test"] {
            answers.extend([ask(email, OTHER).await, ask(email, "short").await]);
        }
        for (change, back) in [
            ("tenants SET state = 'suspended'", "tenants SET state = 'active'"),
            ("tenants SET enrollment = 'closed'", "tenants SET enrollment = 'domain'"),
            ("tenants SET seat_limit = 1", "tenants SET seat_limit = NULL"),
        ] {
            server.execute(&format!("UPDATE {change}")).await;
            answers.push(ask(ANN, OTHER).await);
            server.execute(&format!("UPDATE {back}")).await;
        }
        for state in ["revoked", "accepted", "expired", "pending"] {
            server.execute(&server.invitations_into(state)).await;
            answers.push(ask(ANN, OTHER).await);
        }
        let user = server.insert_user(&evil, ANN).await;
        answers.push(ask(ANN, OTHER).await);
        server.execute(&format!("DELETE FROM users WHERE id = {}", server.literal(&user))).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]));

        // Starting with it mails Ann, and Ann alone; the answer has no token.
        server.try_start_invited(ANN, &token).await.unwrap();
        for own in ["eve@evil.test", "ann+eve@acme.com"] {
            let refused = server.try_start_invited(own, &token).await;
            assert_refused(refused, Code::PermissionDenied, "EMAIL_MISMATCH");
        }
        let proof = server.mailed_token(ANN).await;
        assert!(all_to(&server, ANN));
        assert_eq!(server.count("users").await, 1);
        refuse_sign_in(&server, ANN, OTHER).await;
        // G-32: when Ann comes, nothing of what was tried is hers.
        server.try_sign_up(&proof, ANN, PASSWORD).await.unwrap();
        refuse_sign_in(&server, ANN, OTHER).await;
        server.sign_in(ANN, PASSWORD).await.unwrap();
        assert_eq!(server.count("sessions").await, 2);
    }

    // R-EM-4, R-ENR-2, G-22: others start sign-ups for the same address, by other invitations and by domain.
    async fn nobody_voids_or_redirects_a_sign_up_by_domain(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let proof = server.start_sign_up(ANN).await;
        let mut foreign = Vec::new();
        for (count, slug) in ["evil", "worse"].into_iter().enumerate() {
            let tenant = server.create_tenant(slug, &[]).await;
            let token = server.returned_invitation(&tenant, ANN).await;
            server.try_start_invited(ANN, &token).await.unwrap();
            server.mails_sent(count + 2).await;
            foreign.push(server.mailed_token(ANN).await);
            server.try_start(ANN).await.unwrap();
        }
        assert_eq!(server.count("pending_sign_ups").await, 3);
        assert_eq!(server.count("mail_outbox").await, 3, "each sign-up keeps its own cool-down");
        assert!(foreign[0] != foreign[1] && !foreign.contains(&proof));
        // Each mail says where its link leads.
        for (name, token) in [("acme", &proof), ("evil", &foreign[0]), ("worse", &foreign[1])] {
            let mail = server.mail_to(ANN, token).await;
            assert!(mail.contains(&format!("Subject: Finish signing up to {name}")), "{mail}");
        }
        let session = server.try_sign_up(&proof, ANN, PASSWORD).await.unwrap();
        assert_eq!(session.tenant.unwrap().id, acme);
        for token in &foreign {
            let refused = server.try_sign_up(token, ANN, OTHER).await;
            assert_refused(refused, Code::AlreadyExists, "ACCOUNT_EXISTS");
        }
        assert_eq!(server.count("user_profiles").await, 1);
        refuse_sign_in(&server, ANN, OTHER).await;
    }

    // The same with the sign-up by invitation as the one that is attacked.
    async fn nobody_voids_or_redirects_a_sign_up_by_invitation(backend: Backend) {
        let server = Server::start(backend).await;
        let inviting = server.create_tenant("inviting", &[]).await;
        let evil = server.create_tenant("evil", &[]).await;
        server.create_tenant("domain", &["acme.com"]).await;
        let token = server.returned_invitation(&inviting, ANN).await;
        server.try_start_invited(ANN, &token).await.unwrap();
        let proof = server.mailed_token(ANN).await;
        let evil_token = server.returned_invitation(&evil, ANN).await;
        server.try_start_invited(ANN, &evil_token).await.unwrap();
        server.try_start(ANN).await.unwrap();
        server.try_start_invited(ANN, &token).await.unwrap();
        server.mails_sent(3).await;
        // Ending the other invitation ends nothing of this one.
        let foreign = server.literal(&evil);
        let revoke = server.invitations_into("revoked");
        server.execute(&format!("{revoke} WHERE tenant_id = {foreign}")).await;
        let session = server.try_sign_up(&proof, ANN, PASSWORD).await.unwrap();
        assert_eq!(session.tenant.unwrap().id, inviting);
        assert_eq!(server.count("user_profiles").await, 1);
    }

    // IN-27, G-09, R-INV-5: an invitation does nothing to an account that exists.
    async fn an_account_that_exists_stays_as_it_is(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let mailed = server.mailed_invitation(&other, ANN).await;
        server.try_start_invited(ANN, &mailed).await.unwrap();
        let proof = server.mailed_token(ANN).await;
        server.try_start(ANN).await.unwrap();
        server.mails_sent(2).await;
        let by_domain = server.mailed_token(ANN).await;
        let before = server.try_sign_up(&by_domain, ANN, PASSWORD).await.unwrap();
        server.seed_departure(&other, ANN).await;
        for token in [&mailed, &proof, &mailed] {
            let refused = server.try_sign_up(token, ANN, OTHER).await;
            assert_refused(refused, Code::AlreadyExists, "ACCOUNT_EXISTS");
        }
        refuse_sign_in(&server, ANN, OTHER).await;
        for (from, rows) in [
            ("users", 1),
            ("user_profiles", 1),
            ("sessions", 1),
            ("invitation_tokens WHERE state = 'pending' AND accepted_by IS NULL", 1),
            ("departures", 1),
            ("pending_sign_ups WHERE basis = 'invitation'", 1),
            ("events WHERE kind = 'invitation.accepted'", 0),
        ] {
            assert_eq!(server.count(from).await, rows, "{from}");
        }
        let after = server.sign_in(ANN, PASSWORD).await.unwrap();
        assert_eq!((after.user, after.profile), (before.user, before.profile));
        assert_eq!(after.tenant.unwrap().id, acme);
    }

    // R-ENU-1: a known address gets the same answer, and its owner the way to accept.
    async fn a_known_address_is_not_told_apart(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        server.sign_up("Ann@acme.com").await;
        let known = server.returned_invitation(&other, ANN).await;
        let unknown = server.returned_invitation(&other, "bob@acme.com").await;
        let known = server.try_start_invited(ANN, &known).await.unwrap();
        let unknown = server.try_start_invited("bob@acme.com", &unknown).await.unwrap();
        let seconds = |time: Option<prost_types::Timestamp>| time.unwrap().seconds;
        let apart = seconds(unknown.expire_time) - seconds(known.expire_time);
        assert!((0..60).contains(&apart), "the answers differ by {apart} s");
        assert_eq!(server.count("pending_sign_ups").await, 2);
        let mail = server.mail_to("Ann@acme.com", "already have an account").await;
        assert!(mail.contains("To accept the invitation to \"other\""), "{mail}");
        assert!(!mail.contains("token="), "{mail}");
        server.mail_to("bob@acme.com", "token=").await;
    }

    // R-ENR-2, G-32: where operators ask for no proof, an account made ahead of its owner gains
    // nothing by the owner's invitation.
    async fn an_unproven_account_gains_nothing_by_an_invitation(backend: Backend) {
        let relaxed = Options(vec![("REEVE_REQUIRE_VERIFIED_EMAIL", "false".to_owned())]);
        let server = Server::start_with(backend, relaxed).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let squatter = server.try_sign_up("", ANN, OTHER).await.unwrap();
        let mailed = server.mailed_invitation(&other, ANN).await;
        let refused = server.try_sign_up(&mailed, ANN, PASSWORD).await;
        assert_refused(refused, Code::AlreadyExists, "ACCOUNT_EXISTS");
        let me = server.who_am_i(&squatter.access_token).await.unwrap();
        assert!(!me.user.unwrap().email_verified);
        let held: Vec<_> = me.memberships.into_iter().map(|it| it.tenant.unwrap().id).collect();
        assert_eq!(held, [acme]);
        // Nor does leaving out the proof stand in for a returned token's.
        let returned = server.returned_invitation(&other, "bob@acme.com").await;
        let refused = server.try_sign_up(&returned, "bob@acme.com", OTHER).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED");
    }

    // G-31, R-TEN-1: neither a credential nor a tenant header changes where an invitation leads.
    async fn metadata_does_not_place_the_invited(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let token = server.mailed_invitation(&other, ANN).await;
        for metadata in [
            server.operator().with("x-tenant-id", &acme),
            Metadata::bearer("nonsense").with("x-tenant-id", "nonsense"),
        ] {
            let request = reeve::pb::auth::v1::StartSignUpRequest {
                email: ANN.to_owned(),
                invitation_token: token.clone(),
            };
            server.auth_as(metadata).start_sign_up(request).await.unwrap();
        }
        let proof = server.mailed_token(ANN).await;
        let session = server.try_sign_up(&proof, ANN, PASSWORD).await.unwrap();
        assert_eq!(session.tenant.unwrap().id, other);
    }
}
