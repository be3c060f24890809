//! `ValidateToken`: what it says of a token, now.

use super::World;
use crate::support::{
    Backend, Server, assert_refused, claims,
    invite::user_id,
    seen,
    server::{Metadata, Options},
    violated_fields,
};
use reeve::pb::{
    auth::v1::{
        SignOutScope, TokenClaims,
        TokenInactiveReason::{self, Ended, Expired, Invalid, Stale},
        ValidateTokenResponse,
    },
    common::v1::Role,
};
use std::time::Duration;
use tonic::Code;

/// Why a token is not active; nothing when it is.
async fn told(server: &Server, by: &Metadata, token: &str) -> Option<TokenInactiveReason> {
    let answer = server.validate_token(by, token).await.unwrap();
    assert_eq!(answer.active, answer.claims.is_some());
    assert_eq!(answer.active, answer.inactive_reason() == TokenInactiveReason::Unspecified);
    (!answer.active).then(|| answer.inactive_reason())
}

/// A tenant's key and a platform key; Carl of acme, whose token is asked about.
async fn world(backend: Backend) -> (World, [Metadata; 2], reeve::pb::auth::v1::Session) {
    let it = World::new(backend).await;
    let key = it.key(Role::Member, &["tokens:validate"]).await.credential();
    let carl = it.server.sign_up("carl@acme.com").await;
    let by = [key, it.server.operator()];
    (it, by, carl)
}

on_both! {
    // TK-62: the documented claims, as the token has them, and no others.
    async fn an_active_token_is_told_with_its_claims(backend: Backend) {
        let (it, by, carl) = world(backend).await;
        let said = claims(&carl.access_token);
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        let number = |name: &str| said[name].as_i64().unwrap();
        let expected = TokenClaims {
            sub: user_id(&carl).to_owned(),
            sid: text("sid"),
            tenant_id: it.acme.clone(),
            tenant_slug: "acme".to_owned(),
            role: Role::Member.into(),
            email_verified: true,
            mver: number("mver"),
            iat: number("iat"),
            exp: number("exp"),
            iss: text("iss"),
            aud: text("aud"),
            jti: text("jti"),
        };
        let names = ["aud", "email_verified", "exp", "iat", "iss", "jti", "mver", "role", "sid"];
        let names = names.into_iter().chain(["sub", "tenant_id", "tenant_slug"]);
        assert!(said.as_object().unwrap().keys().map(String::as_str).eq(names), "{said}");
        for by in &by {
            let answer = it.server.validate_token(by, &carl.access_token).await.unwrap();
            assert!(answer.active);
            assert_eq!(answer.claims, Some(expected.clone()));
        }
        assert_eq!(it.server.count_where("events", "kind = 'session.ended'").await, 0);
    }

    async fn what_is_no_token_is_invalid(backend: Backend) {
        let (it, by, carl) = world(backend).await;
        let token = &carl.access_token;
        let cut = token.len() - 1;
        let (signed, _) = token.rsplit_once('.').unwrap();
        let last = if token.ends_with('A') { "B" } else { "A" };
        let long = "a".repeat(5_000);
        let key = it.server.operator_key.clone();
        for by in &by {
            for text in [
                "nonsense", "..", &token[..cut], &format!("{token}."), &format!("{token} "),
                &format!("Bearer {token}"), signed, &format!("{signed}."),
                &format!("{signed}.{}{last}", "A".repeat(85)), &carl.refresh_token, &key, &long,
            ] {
                let answer = it.server.validate_token(by, text).await.unwrap();
                let inactive_reason = Invalid.into();
                let expected = ValidateTokenResponse { inactive_reason, ..Default::default() };
                assert_eq!(answer, expected, "{text}");
            }
            let empty = it.server.validate_token(by, "").await;
            let status = assert_refused(empty, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["access_token"]);
        }
    }

    // G-59, G-60: of another service, though under the same keys.
    async fn a_token_of_another_issuer_is_invalid(backend: Backend) {
        let (it, _, carl) = world(backend).await;
        let operator = it.server.operator_key.clone();
        let World { mut server, .. } = it;
        server.stop().await.unwrap();
        let Server { database, data_dir, .. } = server;
        let other = Options(vec![("REEVE_ISSUER", "https://else.example".to_owned())]);
        let server = Server::start_on(backend, database, data_dir, other).await;
        let by = Metadata::bearer(&operator);
        assert_eq!(told(&server, &by, &carl.access_token).await, Some(Invalid));
        let carl = server.refresh(&carl.refresh_token).await.unwrap();
        assert_eq!(told(&server, &by, &carl.access_token).await, None);
    }

    // R-TEN-3: to a tenant's key a foreign token is garbage, however it stands.
    async fn another_tenants_token_is_garbage(backend: Backend) {
        let (it, [key, operator], carl) = world(backend).await;
        let dora = it.server.sign_up("dora@globex.com").await;
        let garbage = it.server.validate_token(&key, "nonsense").await.unwrap();
        let same = async |token: &str| {
            let answer = it.server.validate_token(&key, token).await.unwrap();
            assert_eq!(answer, garbage);
        };
        same(&dora.access_token).await;
        assert_eq!(told(&it.server, &operator, &dora.access_token).await, None);
        // Not even of a person of this tenant who is elsewhere with that token.
        it.server.set_role(user_id(&carl), &it.globex, Role::Member).await;
        let there = it.server.switch_tenant(&carl.access_token, &it.globex).await.unwrap();
        same(&there.access_token).await;
        assert_eq!(told(&it.server, &key, &carl.access_token).await, None);

        it.server.set_role(user_id(&dora), &it.globex, Role::Admin).await;
        assert_eq!(told(&it.server, &operator, &dora.access_token).await, Some(Stale));
        same(&dora.access_token).await;
        it.server.sign_out(&there.access_token, SignOutScope::Current).await.unwrap();
        assert_eq!(told(&it.server, &operator, &there.access_token).await, Some(Ended));
        same(&there.access_token).await;
        it.server.clock.advance(Duration::from_mins(11));
        for token in [&dora.access_token, &there.access_token] {
            assert_eq!(told(&it.server, &operator, token).await, Some(Expired));
            same(token).await;
        }
    }

    // R-TOK-11, TK-52, TK-54, TK-55, G-67: the live status, each way that a token ends.
    async fn what_ended_is_told_at_once(backend: Backend) {
        let (it, by, carl) = world(backend).await;
        let all = async |token: &str, expected: Option<TokenInactiveReason>| {
            for by in &by {
                assert_eq!(told(&it.server, by, token).await, expected);
            }
        };
        let (token, id) = (&carl.access_token, user_id(&carl).to_owned());
        all(token, None).await;
        it.set("users", &id, "state = 'suspended'").await;
        all(token, Some(Ended)).await;
        it.set("users", &id, "state = 'active'").await;
        it.set_profile(&id, "state = 'suspended'").await;
        all(token, Some(Ended)).await;
        it.set_profile(&id, "state = 'active'").await;
        all(token, None).await;
        it.set("tenants", &it.acme, "state = 'suspended'").await;
        assert_eq!(told(&it.server, &by[1], token).await, Some(Ended));
        // The tenant's own key has ended with the tenant.
        let refused = it.server.validate_token(&by[0], token).await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        it.set("tenants", &it.acme, "state = 'active'").await;

        it.server.update_role(&it.owner, &id, "", Role::Admin).await.unwrap();
        all(token, Some(Stale)).await;
        let fresh = it.server.refresh(&carl.refresh_token).await.unwrap();
        all(&fresh.access_token, None).await;
        it.server.sign_out(&fresh.access_token, SignOutScope::Current).await.unwrap();
        all(&fresh.access_token, Some(Ended)).await;
        // Ended comes before stale.
        all(token, Some(Ended)).await;

        let again = it.server.sign_in("carl@acme.com", crate::support::server::PASSWORD).await;
        let again = again.unwrap().access_token;
        all(&again, None).await;
        it.server.remove_user(&it.owner, &id, "").await.unwrap();
        all(&again, Some(Ended)).await;
        // Expired comes before all of them.
        it.server.clock.advance(Duration::from_mins(11));
        all(&again, Some(Expired)).await;
    }

    // Two answers that differ in nothing that may tell more than the reason.
    async fn an_inactive_token_shows_no_claims(backend: Backend) {
        let (it, by, carl) = world(backend).await;
        let dora = it.server.sign_up("dora@acme.com").await;
        for session in [&carl, &dora] {
            let token = &session.access_token;
            it.server.sign_out(token, SignOutScope::All).await.unwrap();
        }
        for by in &by {
            let one = it.server.validate_token(by, &carl.access_token).await.unwrap();
            let other = it.server.validate_token(by, &dora.access_token).await.unwrap();
            assert_eq!(one, other);
            assert_eq!((one.inactive_reason(), one.claims), (Ended, None));
        }
        let nobody = it.server.validate_token(&it.owner, &carl.access_token).await.unwrap_err();
        let garbage = it.server.validate_token(&it.owner, "nonsense").await.unwrap_err();
        assert_eq!(seen(&nobody), seen(&garbage));
    }
}
