//! `ValidateToken`: who may ask.

use super::World;
use crate::support::{
    Backend, assert_refused,
    invite::of,
    keys::SCOPES,
    seen,
    server::{Metadata, operator_key},
};
use reeve::{
    model::api_key::KeyScope,
    pb::{auth::v1::ValidateTokenRequest, common::v1::Role},
};
use tonic::Code;

on_both! {
    // People are refused, whatever their role: for them there is WhoAmI.
    async fn only_keys_with_the_scope_ask(backend: Backend) {
        let it = World::new(backend).await;
        let mia = it.server.sign_up("mia@acme.com").await;
        let others: Vec<&str> =
            SCOPES.iter().copied().filter(|scope| *scope != "tokens:validate").collect();
        let without = it.key(Role::Owner, &others).await.credential();
        let platform = operator_key(&it.server.app, &[KeyScope::UsersRead]).await;
        let mut answers = Vec::new();
        for by in [&it.owner, &of(&mia), &without, &Metadata::bearer(&platform)] {
            for token in [mia.access_token.as_str(), "nonsense", ""] {
                let refused = it.server.validate_token(by, token).await;
                let denied = assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
                answers.push(seen(&denied));
            }
        }
        // The refusal tells nothing of the token.
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let request = ValidateTokenRequest { access_token: mia.access_token.clone() };
        let anonymous = it.server.auth().validate_token(request).await;
        assert_refused(anonymous, Code::Unauthenticated, "CREDENTIAL_MISSING");

        let key = it.key(Role::Member, &["tokens:validate"]).await.credential();
        let limited = operator_key(&it.server.app, &[KeyScope::TokensValidate]).await;
        for by in [&key, &Metadata::bearer(&limited), &it.server.operator()] {
            let answer = it.server.validate_token(by, &mia.access_token).await.unwrap();
            assert!(answer.active);
        }
    }

    // R-TEN-2: the header is compared here, too.
    async fn the_header_is_compared(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Member, &["tokens:validate"]).await.credential();
        let token = &it.ann.access_token;
        let foreign = key.clone().with("x-tenant-id", &it.globex);
        let refused = it.server.validate_token(&foreign, token).await;
        assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
        let own = key.with("x-tenant-id", &it.acme);
        assert!(it.server.validate_token(&own, token).await.unwrap().active);
    }
}
