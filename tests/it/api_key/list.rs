//! `ListApiKeys`: the keys of one tenant, and never what opens anything.

use super::World;
use crate::support::{
    Backend, assert_refused, ghost, invite::of, keys::key_request, server::Metadata,
};
use reeve::pb::{auth::v1 as pb, common::v1::Role};
use tonic::Code;

fn request(tenant_id: &str, page_size: i32, page_token: &str) -> pb::ListApiKeysRequest {
    let (tenant_id, page_token) = (tenant_id.to_owned(), page_token.to_owned());
    pb::ListApiKeysRequest { tenant_id, page_size, page_token }
}

on_both! {
    // TI-06: of this tenant alone, in the order of their making, each once.
    async fn a_tenants_keys_come_in_pages(backend: Backend) {
        let it = World::new(backend).await;
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(it.key(Role::Member, &["users:read"]).await.id);
            it.server.create_key(&it.bob, Role::Member, &["users:read"]).await;
        }
        let (mut listed, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = it.server.try_list_keys(&it.owner, request("", 2, &token)).await.unwrap();
            listed.extend(page.api_keys.into_iter().map(|key| key.id));
            (token, pages) = (page.next_page_token, pages + 1);
            if token.is_empty() {
                break;
            }
        }
        assert_eq!((listed, pages), (made, 2));
        let operator = it.server.operator();
        let page = it.server.try_list_keys(&operator, request(&it.acme, 0, "")).await.unwrap();
        assert_eq!(page.api_keys, it.server.list_keys(&it.owner).await);
    }

    // TK-63, G-07: what is listed opens nothing, and holds no secret in any form.
    async fn a_list_shows_nothing_that_opens_anything(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Owner, &["users:read"]).await;
        let listed = it.server.list_keys(&it.owner).await;
        let (shown, secret) = (format!("{listed:?}"), key.text.trim_start_matches("rk_"));
        assert!(shown.contains(&key.id) && !shown.contains(secret) && !shown.contains("rk_"));
        for id in [key.id.clone(), format!("rk_{}", key.id), format!("rk_{}", "A".repeat(43))] {
            let refused = it.list_users(&Metadata::bearer(&id), "").await;
            assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        }
    }

    async fn ended_keys_stay_listed_and_use_is_noted(backend: Backend) {
        let it = World::new(backend).await;
        let [revoked, expired, used] = [
            it.key(Role::Member, &["users:read"]).await,
            it.key(Role::Member, &["users:read"]).await,
            it.key(Role::Member, &["users:read"]).await,
        ];
        it.server.revoke_key(&it.owner, &revoked.id, "").await.unwrap();
        it.set("api_keys", &expired.id, &format!("expire_time = {}", it.server.time_ahead(-1))).await;
        it.list_users(&used.credential(), "").await.unwrap();
        let listed = it.server.list_keys(&it.owner).await;
        let state = |key: &pb::ApiKey| {
            let used = key.last_used_time.is_some();
            (key.id.clone(), key.revoke_time.is_some(), key.expire_time.is_some(), used)
        };
        assert_eq!(
            listed.iter().map(state).collect::<Vec<_>>(),
            [
                (revoked.id, true, false, false),
                (expired.id, false, true, false),
                (used.id.clone(), false, false, true),
            ]
        );
        // At most once a minute.
        it.list_users(&used.credential(), "").await.unwrap();
        assert_eq!(it.server.list_keys(&it.owner).await, listed);
        let past = it.server.shifted("last_used_time", -61);
        it.set("api_keys", &used.id, &format!("last_used_time = {past}")).await;
        it.list_users(&used.credential(), "").await.unwrap();
        let again = it.server.list_keys(&it.owner).await;
        let seconds = |keys: &[pb::ApiKey]| keys[2].last_used_time.unwrap().seconds;
        assert!((0..60).contains(&(seconds(&again) - seconds(&listed))));
    }

    async fn administrators_and_operators_list_keys(backend: Backend) {
        let it = World::new(backend).await;
        let member = of(&it.server.sign_up("mia@acme.com").await);
        let admin = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        let key = it.key(Role::Owner, &crate::support::keys::SCOPES).await;
        for by in [&member, &key.credential()] {
            let refused = it.server.try_list_keys(by, request("", 0, "")).await;
            assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        assert_eq!(it.server.list_keys(&admin).await.len(), 1);
        for by in [&admin, &it.owner] {
            for tenant in [&it.globex, &ghost()] {
                let refused = it.server.try_list_keys(by, request(tenant, 0, "")).await;
                assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
            }
        }
        let operator = it.server.operator();
        let nowhere = it.server.try_list_keys(&operator, request("", 0, "")).await;
        assert_refused(nowhere, Code::InvalidArgument, "TENANT_REQUIRED");
        let ghost = it.server.try_list_keys(&operator, request(&ghost(), 0, "")).await;
        assert_refused(ghost, Code::NotFound, "NOT_FOUND");
    }

    // TI-19, R-TEN-9: a page token is good for this list and this tenant.
    async fn a_page_token_leads_nowhere_else(backend: Backend) {
        let it = World::new(backend).await;
        for by in [&it.owner, &it.bob] {
            for _ in 0..2 {
                let request = key_request(Role::Member, &["users:read"]);
                it.server.try_create_key(by, request).await.unwrap();
            }
        }
        let page = it.server.try_list_keys(&it.owner, request("", 1, "")).await.unwrap();
        let token = page.next_page_token;
        assert!(!token.is_empty());
        let elsewhere = it.server.try_list_keys(&it.bob, request("", 1, &token)).await;
        assert_refused(elsewhere, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        let operator = it.server.operator();
        let elsewhere = it.server.try_list_keys(&operator, request(&it.globex, 1, &token)).await;
        assert_refused(elsewhere, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        let size = it.server.try_list_keys(&it.owner, request("", -1, "")).await;
        assert_refused(size, Code::InvalidArgument, "FIELD_INVALID");
        let rest = it.server.try_list_keys(&it.owner, request("", 9, &token)).await.unwrap();
        assert_eq!((rest.api_keys.len(), rest.next_page_token.as_str()), (1, ""));
    }
}
