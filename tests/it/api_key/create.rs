//! `CreateApiKey`: what is made, by whom, and what is kept of it.

use super::World;
use crate::support::{
    Backend, assert_refused, hex,
    invite::of,
    keys::{SCOPES, key_request},
    server::{Metadata, operator_key},
};
use reeve::{
    model::api_key::KeyScope,
    pb::{auth::v1 as pb, common::v1::Role},
};
use tonic::Code;

on_both! {
    // TK-63, R-TOK-13: shown once; of what opens anything only the hash is kept.
    async fn a_key_is_shown_once_and_kept_as_its_hash(backend: Backend) {
        let it = World::new(backend).await;
        let request = pb::CreateApiKeyRequest {
            name: "  HR import ".to_owned(),
            ..key_request(Role::Admin, &["users:write", "users:read", "users:write"])
        };
        let made = it.server.try_create_key(&it.owner, request).await.unwrap();
        let (key, text) = (made.api_key.unwrap(), made.key);
        assert!(text.starts_with("rk_") && text.len() == 46 && !made.replayed, "{}", text.len());
        assert_eq!((key.name.as_str(), key.tenant_id.as_str()), ("HR import", it.acme.as_str()));
        assert_eq!((key.role(), key.created_by.as_str()), (Role::Admin, it.ann_id.as_str()));
        assert_eq!(key.scopes, ["users:read", "users:write"]);
        assert!(key.create_time.is_some());
        assert_eq!((key.expire_time, key.last_used_time, key.revoke_time), (None, None, None));
        assert_eq!(it.server.list_keys(&it.owner).await, [key]);

        let column = match backend {
            Backend::Postgres => "encode(hash, 'hex')",
            Backend::Sqlite => "lower(hex(hash))",
        };
        let kept = format!("SELECT {column} AS value FROM api_keys WHERE tenant_id IS NOT NULL");
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        assert_eq!(it.server.texts(&kept).await, [hex(hash.as_ref())]);
        let second = it.key(Role::Admin, &["users:read"]).await;
        assert_ne!(second.text, text);
        it.list_users(&Metadata::bearer(&text), "").await.unwrap();
        it.list_users(&second.credential(), "").await.unwrap();
    }

    // Only people make keys, from administrators up: no key of any kind mints another.
    async fn only_people_make_keys(backend: Backend) {
        let it = World::new(backend).await;
        let member = of(&it.server.sign_up("mia@acme.com").await);
        let admin = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        let key = it.key(Role::Owner, &SCOPES).await.credential();
        let limited = Metadata::bearer(&operator_key(&it.server.app, KeyScope::ALL).await);
        let request = |tenant_id: &str| pb::CreateApiKeyRequest {
            tenant_id: tenant_id.to_owned(),
            ..key_request(Role::Member, &["users:read"])
        };
        for by in [&member, &key, &it.server.operator(), &limited] {
            for tenant in ["", &it.acme] {
                let refused = it.server.try_create_key(by, request(tenant)).await;
                assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
            }
        }
        let anonymous = it.server.auth().create_api_key(request("")).await;
        assert_refused(anonymous, Code::Unauthenticated, "CREDENTIAL_MISSING");
        // R-TEN-2, TI-04: nobody makes one elsewhere.
        let elsewhere = it.server.try_create_key(&it.owner, request(&it.globex)).await;
        assert_refused(elsewhere, Code::PermissionDenied, "TENANT_MISMATCH");
        assert_eq!(it.keys().await, 1);
        it.server.try_create_key(&admin, request(&it.acme)).await.unwrap();
        assert_eq!(it.keys().await, 2);
    }

    // G-14, R-TEN-7: creator's role × key's role.
    async fn a_key_stands_no_higher_than_its_creator(backend: Backend) {
        let it = World::new(backend).await;
        let admin = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        for (by, role, may) in [
            (&admin, Role::Owner, false),
            (&admin, Role::Admin, true),
            (&admin, Role::Member, true),
            (&it.owner, Role::Owner, true),
            (&it.owner, Role::Admin, true),
            (&it.owner, Role::Member, true),
        ] {
            let answer = it.server.try_create_key(by, key_request(role, &["users:read"])).await;
            if may {
                assert_eq!(answer.unwrap().api_key.unwrap().role(), role);
            } else {
                assert_refused(answer, Code::PermissionDenied, "ROLE_TOO_HIGH");
            }
        }
        assert_eq!(it.keys().await, 5);
    }

    async fn an_event_tells_who_made_which_key(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Admin, &["users:write", "users:read"]).await;
        let (id, by) = (it.server.literal(&key.id), it.server.literal(&it.ann_id));
        let tenant = it.server.literal(&it.acme);
        let found = format!(
            "kind = 'api_key.created' AND subject_id = {id} AND actor_kind = 'user' \
             AND actor_id = {by} AND tenant_id = {tenant}"
        );
        assert_eq!(it.server.count_where("events", &found).await, 1);
        let data = if backend == Backend::Postgres { "data::text" } else { "data" };
        let sql = format!("SELECT {data} AS value FROM events WHERE {found}");
        let told: serde_json::Value =
            serde_json::from_str(&it.server.texts(&sql).await.remove(0)).unwrap();
        let expected = serde_json::json!({"role": "admin", "scopes": ["users:read", "users:write"]});
        assert_eq!(told, expected);
    }

    async fn trying_makes_nothing(backend: Backend) {
        let it = World::new(backend).await;
        let events = it.server.count("events").await;
        let tried = pb::CreateApiKeyRequest {
            validate_only: true,
            request_id: crate::support::ghost(),
            ..key_request(Role::Admin, &["users:read"])
        };
        let made = it.server.try_create_key(&it.owner, tried.clone()).await.unwrap();
        assert_eq!((made.key.as_str(), made.replayed), ("", false));
        assert_eq!(made.api_key.unwrap().scopes, ["users:read"]);
        assert_eq!(it.server.count("events").await, events);
        let tried = pb::CreateApiKeyRequest { role: Role::Owner.into(), ..tried };
        let admin = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        let refused = it.server.try_create_key(&admin, tried).await;
        assert_refused(refused, Code::PermissionDenied, "ROLE_TOO_HIGH");
        assert_eq!((it.keys().await, it.server.count("idempotency").await), (0, 0));
        let about_keys = "kind = 'api_key.created'";
        assert_eq!(it.server.count_where("events", about_keys).await, 0);
    }
}
