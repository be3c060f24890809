//! `reeve operator`: platform keys by the command line.

use crate::support::{
    Backend, Server, assert_refused, ghost, invite::user_id, keys::SCOPES, server::Metadata,
};
use reeve::pb::{common::v1::Role, sync::v1::GetSyncStatusRequest};
use tonic::Code;

on_both! {
    async fn operators_make_list_and_revoke_keys(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let ann = server.sign_up("ann@acme.com").await;
        let begin = ["operator", "create-key", "--name", "gateway", "--json"];
        let scopes = ["--scope", "tokens:validate", "--scope", "users:read", "--expires", "90d"];
        let made = server.cli(&[&begin[..], &scopes].concat()).await;
        assert_eq!(made.code, 0, "{made:?}");
        let shown = made.json();
        let (id, key) = (shown["id"].as_str().unwrap(), shown["key"].as_str().unwrap());
        assert!(key.starts_with("rk_") && key.len() == 46);
        assert!(shown["expire_time"].is_string(), "{shown}");
        assert!(made.stderr.contains("shown this once") && !made.stderr.contains(key), "{made:?}");
        let by = Metadata::bearer(key);
        assert!(server.validate_token(&by, &ann.access_token).await.unwrap().active);
        let status = server.sync_as(by.clone()).get_sync_status(GetSyncStatusRequest {}).await;
        assert_refused(status, Code::PermissionDenied, "PERMISSION_DENIED");

        let list = server.cli(&["operator", "list-keys", "--json"]).await;
        assert_eq!(list.code, 0, "{list:?}");
        assert!(!list.stdout.contains("rk_") && !list.stdout.contains(&key[3..]), "{list:?}");
        let listed = list.json();
        let found = listed.as_array().unwrap().iter().find(|it| it["id"] == id).unwrap();
        assert_eq!(found["scopes"], serde_json::json!(["tokens:validate", "users:read"]));
        assert_eq!((&found["name"], found["revoke_time"].is_null()), (&"gateway".into(), true));
        assert!(found["last_used_time"].is_string() && found["expire_time"].is_string());
        let harness = listed.as_array().unwrap().iter().find(|it| it["name"] == "test").unwrap();
        assert_eq!(harness["scopes"], serde_json::json!([]));
        let table = server.cli(&["operator", "list-keys"]).await;
        assert!(table.stdout.contains("tokens:validate,users:read"), "{table:?}");
        assert!(table.stdout.contains(" all "), "{table:?}");

        let revoked = server.cli(&["operator", "revoke-key", id, "--json"]).await;
        assert_eq!(revoked.code, 0, "{revoked:?}");
        let time = revoked.json()["revoke_time"].clone();
        assert!(time.is_string());
        let refused = server.validate_token(&by, &ann.access_token).await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        let again = server.cli(&["operator", "revoke-key", id, "--json"]).await;
        assert_eq!((again.code, &again.json()["revoke_time"]), (0, &time), "{again:?}");
        let literal = server.literal(id);
        for kind in ["operator_key.created", "operator_key.revoked"] {
            let told = format!(
                "kind = '{kind}' AND subject_id = {literal} AND actor_kind = 'operator' \
                 AND actor_id IS NULL AND tenant_id IS NULL"
            );
            assert_eq!(server.count_where("events", &told).await, 1, "{kind}");
        }
    }

    // A tenant's key is not the platform's to list or to end by this way.
    async fn keys_of_tenants_are_no_platform_keys(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let ann = server.sign_up_as("ann@acme.com", Role::Owner).await;
        let owner = Metadata::bearer(&ann.access_token);
        let key = server.create_key(&owner, Role::Owner, &["users:read"]).await;
        let list = server.cli(&["operator", "list-keys", "--json"]).await;
        assert!(!list.stdout.contains(&key.id), "{list:?}");
        for id in [&key.id, &ghost(), user_id(&ann)] {
            let refused = server.cli(&["operator", "revoke-key", id]).await;
            assert_eq!(refused.code, 1);
            assert!(refused.stderr.contains("NOT_FOUND"), "{refused:?}");
            assert!(refused.stderr.contains("reeve operator list-keys"), "{refused:?}");
        }
        assert!(server.list_keys(&owner).await[0].revoke_time.is_none());
    }

    async fn what_is_no_key_is_told(backend: Backend) {
        let server = Server::start(backend).await;
        let keys = server.count("api_keys").await;
        for (args, code, told) in [
            (&["create-key", "--scope", "users"][..], 2, "invalid value 'users' for '--scope"),
            (&["create-key", "--scope", ""], 2, "--scope"),
            (&["create-key", "--scope"], 2, "--scope"),
            (&["create-key", "--expires", "soon"], 2, "--expires"),
            (&["create-key", "--name", "two\nlines"], 2, "--name"),
            (&["revoke-key"], 2, "<ID>"),
            (&["revoke-key", "x"], 2, "ID"),
        ] {
            let refused = server.cli(&[&["operator"], args].concat()).await;
            assert_eq!(refused.code, code, "{refused:?}");
            assert!(refused.stderr.contains(told), "{told}: {refused:?}");
        }
        let unknown = server.cli(&["operator", "create-key", "--scope", "users"]).await;
        for scope in SCOPES {
            assert!(unknown.stderr.contains(scope), "{scope}: {unknown:?}");
        }
        assert_eq!(server.count("api_keys").await, keys);
    }
}
