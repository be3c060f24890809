//! `SignIn`: one answer for every refusal, the tenant that becomes active, and old hashes.

use crate::support::{Backend, Server, assert_refused, claims, ghost, seen, server::PASSWORD};
use reeve::pb::{auth::v1 as pb, common::v1::Role};
use tonic::{Code, Status};

async fn sign_in_at(server: &Server, email: &str, tenant: &str) -> Result<pb::Session, Status> {
    let request = pb::SignInRequest {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        tenant_id: tenant.to_owned(),
    };
    match server.auth().sign_in(request).await?.into_inner().outcome.unwrap() {
        pb::sign_in_response::Outcome::Session(session) => Ok(session),
        pb::sign_in_response::Outcome::MfaChallenge(_) => panic!("nobody has a factor"),
    }
}

async fn stored_hash(server: &Server) -> String {
    server.text("SELECT password_hash AS value FROM users", "id").await
}

on_both! {
    async fn every_sign_in_opens_a_session(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let first = server.sign_up("ann@acme.com").await;
        let second = server.sign_in("ANN@acme.com", PASSWORD).await.unwrap();
        let (one, two) = (claims(&first.access_token), claims(&second.access_token));
        assert_eq!((&one["sub"], &one["tenant_id"]), (&two["sub"], &two["tenant_id"]));
        assert_ne!(one["sid"], two["sid"]);
        // TK-61
        assert_ne!(one["jti"], two["jti"]);
        assert_ne!(first.refresh_token, second.refresh_token);
        assert_eq!(second.tenant.unwrap().id, acme);
        assert_eq!(server.count("sessions WHERE end_time IS NULL").await, 2);
    }

    // SU-43, R-ENU-1: code, message and details are the same to the byte.
    async fn every_refusal_is_the_same(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        for email in ["ann@acme.com", "gone@acme.com", "mute@acme.com", "cyd@other.com"] {
            server.sign_up(email).await;
        }
        server.start_sign_up("pending@acme.com").await;
        let suspend = "UPDATE users SET state = 'suspended' WHERE email_key = 'gone@acme.com'";
        server.execute(suspend).await;
        server
            .execute(
                "UPDATE user_profiles SET state = 'suspended' WHERE user_id IN \
                 (SELECT id FROM users WHERE email_key = 'mute@acme.com')",
            )
            .await;
        let id = server.literal(&other);
        server.execute(&format!("UPDATE tenants SET state = 'suspended' WHERE id = {id}")).await;
        let too_long = "x".repeat(257);
        let mut answers = Vec::new();
        for (case, refused) in [
            ("wrong password", server.sign_in("ann@acme.com", "wrong harbour 71").await),
            ("short password", server.sign_in("ann@acme.com", "x").await),
            ("R-PW-1 password too long", server.sign_in("ann@acme.com", &too_long).await),
            ("unknown address", server.sign_in("nobody@acme.com", PASSWORD).await),
            ("unknown domain", server.sign_in("ann@else.org", PASSWORD).await),
            ("unverified", server.sign_in("pending@acme.com", PASSWORD).await),
            ("suspended user", server.sign_in("gone@acme.com", PASSWORD).await),
            ("suspended membership", server.sign_in("mute@acme.com", PASSWORD).await),
            ("suspended tenant", server.sign_in("cyd@other.com", PASSWORD).await),
            ("asked: foreign tenant", sign_in_at(&server, "ann@acme.com", &other).await),
            ("asked: no such tenant", sign_in_at(&server, "ann@acme.com", &ghost()).await),
            ("asked: suspended tenant", sign_in_at(&server, "cyd@other.com", &other).await),
        ] {
            let status = assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
            answers.push((case, seen(&status)));
        }
        for (case, answer) in &answers {
            assert_eq!(answer, &answers[0].1, "{case}");
        }
        sign_in_at(&server, "ann@acme.com", &acme).await.unwrap();
        let malformed = sign_in_at(&server, "ann@acme.com", "acme").await;
        assert_refused(malformed, Code::InvalidArgument, "FIELD_INVALID");
    }

    // The asked tenant; else home; else the oldest live membership.
    async fn the_active_tenant_is_chosen_by_the_documented_order(backend: Backend) {
        let server = Server::start(backend).await;
        let home = server.create_tenant("home", &["home.com"]).await;
        let second = server.create_tenant("second", &[]).await;
        let third = server.create_tenant("third", &[]).await;
        let user = server.sign_up("ann@home.com").await.user.unwrap().id;
        server.set_role(&user, &third, Role::Admin).await;
        server.set_role(&user, &second, Role::Member).await;
        let active = async |asked: &str| {
            let session = sign_in_at(&server, "ann@home.com", asked).await.unwrap();
            let tenant = claims(&session.access_token)["tenant_id"].as_str().unwrap().to_owned();
            assert_eq!(session.profile.unwrap().tenant_id, tenant);
            tenant
        };
        assert_eq!(active("").await, home);
        for asked in [&home, &second, &third] {
            assert_eq!(active(asked).await, *asked);
            assert_eq!(active(&asked.to_uppercase()).await, *asked);
        }
        let id = server.literal(&home);
        server.execute(&format!("UPDATE tenants SET state = 'suspended' WHERE id = {id}")).await;
        assert_eq!(active("").await, third, "the membership in the third is older");
        let id = server.literal(&third);
        server
            .execute(&format!(
                "UPDATE user_profiles SET state = 'suspended' WHERE tenant_id = {id}"
            ))
            .await;
        assert_eq!(active("").await, second);
    }

    // R-PW-4: weaker argon2id and imported bcrypt hashes work once and are replaced.
    async fn old_hashes_are_replaced_by_the_right_password(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("ann@acme.com").await;
        let weaker = {
            use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
            let params = Params::new(8 * 1_024, 1, 1, None).unwrap();
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon2.hash_password_with_salt(PASSWORD.as_bytes(), &[3; 16]).unwrap().to_string()
        };
        let imported = bcrypt::hash(PASSWORD, 4).unwrap();
        for old in [weaker, imported] {
            server.execute(&format!("UPDATE users SET password_hash = '{old}'")).await;
            let refused = server.sign_in("ann@acme.com", "wrong harbour 71").await;
            assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
            assert_eq!(stored_hash(&server).await, old);
            server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
            let new = stored_hash(&server).await;
            assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{new}");
            server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
            assert_eq!(stored_hash(&server).await, new, "a hash of today is kept");
        }
    }

    // R-PW-4: a hash that cannot be read, or that costs too much, is as a wrong password.
    async fn unusable_hashes_let_nobody_in(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("ann@acme.com").await;
        let wrong = server.sign_in("ann@acme.com", "wrong harbour 71").await.unwrap_err();
        for hash in ["NULL", "''", "'plain'", "'$2b$31$N9qo8uLOickgx2ZMRZoMye'"] {
            server.execute(&format!("UPDATE users SET password_hash = {hash}")).await;
            let refused = server.sign_in("ann@acme.com", PASSWORD).await.unwrap_err();
            assert_eq!(seen(&refused), seen(&wrong), "{hash}");
        }
    }

    async fn missing_fields_are_named(backend: Backend) {
        let server = Server::start(backend).await;
        let refused = server.auth().sign_in(pb::SignInRequest::default()).await;
        let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(crate::support::violated_fields(&status), ["email", "password"]);
    }
}
