//! `PreviewInvitation`: tells a little, and spends nothing.

use super::{BOB, World};
use crate::support::{Backend, assert_refused, reason, seen, server::Metadata};
use prost::Message as _;
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::Code;

on_both! {
    // IN-24, IN-25, G-11: mail scanners open links, a hundred times if they like.
    async fn a_preview_spends_nothing_and_tells_little(backend: Backend) {
        let it = World::new(backend).await;
        it.set("tenants", &it.acme, "display_name = 'Acme Ltd'").await;
        let (id, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Admin).await;
        let before = it.server.get_invitation(&it.owner, &id).await.unwrap();
        let events = it.server.count("events").await;
        let expected = pb::PreviewInvitationResponse {
            tenant_display_name: "Acme Ltd".to_owned(),
            masked_email: "b***@globex.com".to_owned(),
            role: Role::Admin.into(),
            expire_time: before.expire_time,
        };
        for _ in 0..100 {
            assert_eq!(it.server.preview_invitation(&token).await.unwrap(), expected);
        }
        let bytes = expected.encode_to_vec();
        for hidden in [BOB, &it.owner_id, &it.acme, &id] {
            assert!(!bytes.windows(hidden.len()).any(|part| part == hidden.as_bytes()));
        }
        assert_eq!(it.server.get_invitation(&it.owner, &id).await.unwrap(), before);
        assert_eq!(it.server.count("events").await, events);
        it.server.accept_by_token(&it.bob, &token).await.unwrap();
    }

    async fn a_suspended_tenant_is_not_shown(backend: Backend) {
        let it = World::new(backend).await;
        let (_, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        it.set("tenants", &it.acme, "state = 'suspended'").await;
        let refused = it.server.preview_invitation(&token).await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_INACTIVE");
    }

    // G-01, R-INV-1: a token with any byte changed is as good as a random one.
    async fn a_changed_token_is_no_token(backend: Backend) {
        let it = World::new(backend).await;
        let (_, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let random = it.server.preview_invitation(&"A".repeat(43)).await.unwrap_err();
        for at in 0..token.len() {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            let refused = it.server.preview_invitation(&changed).await.unwrap_err();
            assert_eq!(seen(&refused), seen(&random), "{at}");
            if at % 8 == 0 {
                let refused = it.server.accept_by_token(&it.bob, &changed).await.unwrap_err();
                assert_eq!(seen(&refused), seen(&random), "{at}");
            }
        }
        assert_eq!(it.role_of_bob().await, None);
    }

    // IN-26, G-15: it opens nothing but the invitation.
    async fn an_invitation_token_is_no_credential(backend: Backend) {
        let it = World::new(backend).await;
        let (_, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Owner).await;
        for bearer in [token.clone(), format!("rk_{token}")] {
            let refused = it.server.who_am_i(&bearer).await;
            assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
            let by = Metadata::bearer(&bearer);
            let refused = it.server.accept_by_token(&by, &token).await;
            assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        }
        for refresh in [token.clone(), format!("rt_{token}")] {
            let refused = it.server.refresh(&refresh).await.unwrap_err();
            assert_eq!(reason(&refused), "REFRESH_TOKEN_INVALID");
        }
        // Nor is another secret of the service an invitation's token.
        let session = it.server.sign_in(BOB, crate::support::server::PASSWORD).await.unwrap();
        for other in [&session.access_token, &session.refresh_token, &it.server.operator_key] {
            let refused = it.server.preview_invitation(other).await;
            assert_refused(refused, Code::NotFound, "NOT_FOUND");
        }
    }
}
