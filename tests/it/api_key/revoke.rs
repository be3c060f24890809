//! `RevokeApiKey`: for good, from the next call on.

use super::World;
use crate::support::{
    Backend, assert_refused, ghost,
    invite::{of, returned},
    keys::SCOPES,
    race::race,
    seen, violated_fields,
};
use reeve::pb::{auth::v1 as pb, common::v1::Role};
use tonic::Code;

const REVOKED: &str = "kind = 'api_key.revoked'";

on_both! {
    // G-53, G-67: from the next call on, and a repeat answers the same.
    async fn a_key_is_revoked_once_and_for_good(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Owner, &["users:read"]).await;
        let other = it.key(Role::Owner, &["users:read"]).await;
        it.list_users(&key.credential(), "").await.unwrap();
        let first = it.server.revoke_key(&it.owner, &key.id, "").await.unwrap();
        assert!(first.revoke_time.is_some());
        let refused = it.list_users(&key.credential(), "").await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        for _ in 0..2 {
            let again = it.server.revoke_key(&it.owner, &key.id, &it.acme).await.unwrap();
            assert_eq!(again.revoke_time, first.revoke_time);
        }
        let (subject, by) = (it.server.literal(&key.id), it.server.literal(&it.ann_id));
        let tenant = it.server.literal(&it.acme);
        let told = format!(
            "{REVOKED} AND subject_id = {subject} AND actor_kind = 'user' AND actor_id = {by} \
             AND tenant_id = {tenant}"
        );
        assert_eq!(it.server.count_where("events", &told).await, 1);
        assert_eq!(it.server.count_where("events", REVOKED).await, 1);
        it.list_users(&other.credential(), "").await.unwrap();
    }

    // R-TEN-3, G-33, G-37, G-40, TI-02: another tenant's key is as one that does not exist.
    async fn another_tenants_key_does_not_exist(backend: Backend) {
        let it = World::new(backend).await;
        let theirs = it.server.create_key(&it.bob, Role::Member, &["users:read"]).await;
        let foreign = it.server.revoke_key(&it.owner, &theirs.id, "").await;
        let foreign = assert_refused(foreign, Code::NotFound, "NOT_FOUND");
        let platform = "SELECT {id} AS value FROM api_keys WHERE tenant_id IS NULL LIMIT 1";
        let platform = uuid::Uuid::parse_str(&it.server.text(platform, "id").await).unwrap();
        for id in [ghost(), it.ann_id.clone(), it.acme.clone(), platform.to_string()] {
            let missing = it.server.revoke_key(&it.owner, &id, "").await;
            assert_eq!(seen(&missing.unwrap_err()), seen(&foreign));
        }
        let operator = it.server.operator();
        let elsewhere = it.server.revoke_key(&operator, &theirs.id, &it.acme).await;
        assert_eq!(seen(&elsewhere.unwrap_err()), seen(&foreign));
        let named = it.server.revoke_key(&it.owner, &theirs.id, &it.globex).await;
        assert_refused(named, Code::PermissionDenied, "TENANT_MISMATCH");
        it.list_users(&theirs.credential(), "").await.unwrap();
        assert_eq!(it.server.count_where("events", REVOKED).await, 0);
    }

    // G-48: caller's role × key's role; whose key it is does not matter.
    async fn nobody_revokes_a_key_above_their_own_role(backend: Backend) {
        let it = World::new(backend).await;
        let member = of(&it.server.sign_up("mia@acme.com").await);
        let admin = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        let operator = it.server.operator();
        let owners = it.key(Role::Owner, &SCOPES).await;
        let admins = it.key(Role::Admin, &SCOPES).await;
        for key in [&owners, &admins] {
            for by in [&member, &owners.credential(), &key.credential()] {
                let refused = it.server.revoke_key(by, &key.id, "").await;
                assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
            }
        }
        let high = it.server.revoke_key(&admin, &owners.id, "").await;
        assert_refused(high, Code::PermissionDenied, "ROLE_TOO_HIGH");
        assert_eq!(it.server.count_where("api_keys", "revoke_time IS NOT NULL").await, 0);
        it.server.revoke_key(&admin, &admins.id, "").await.unwrap();
        let nowhere = it.server.revoke_key(&operator, &owners.id, "").await;
        assert_refused(nowhere, Code::InvalidArgument, "TENANT_REQUIRED");
        let ghost = it.server.revoke_key(&operator, &owners.id, &ghost()).await;
        assert_refused(ghost, Code::NotFound, "NOT_FOUND");
        it.server.revoke_key(&operator, &owners.id, &it.acme).await.unwrap();
        assert_eq!(it.server.list_keys(&it.owner).await.len(), 2);
        let malformed = it.server.revoke_key(&it.owner, "x", "").await;
        let status = assert_refused(malformed, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(violated_fields(&status), ["api_key_id"]);
    }

    // IN-16, R-INV-6: what a key has invited ends with the key.
    async fn what_a_revoked_key_invited_is_void(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Admin, &["invitations:write"]).await;
        let request = returned("bob@globex.com", Role::Member);
        let made = it.server.try_invite(&key.credential(), request).await.unwrap();
        let invitation = made.invitation.unwrap();
        assert_eq!(invitation.invited_by, key.id);
        it.server.revoke_key(&it.owner, &key.id, "").await.unwrap();
        let void = it.server.accept_by_id(&it.bob, &invitation.id).await;
        assert_refused(void, Code::FailedPrecondition, "INVITATION_VOID");
        let void = it.server.accept_by_token(&it.bob, &made.token).await;
        assert_refused(void, Code::FailedPrecondition, "INVITATION_VOID");
    }

    async fn revocations_at_once_are_one(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Owner, &["users:read"]).await;
        let calls = (0..8).map(|_| {
            let (mut client, api_key_id) = (it.server.auth_as(it.owner.clone()), key.id.clone());
            let request = pb::RevokeApiKeyRequest { api_key_id, tenant_id: String::new() };
            async move { client.revoke_api_key(request).await.unwrap().into_inner() }
        });
        let lock = "SELECT 1 FROM event_head FOR UPDATE";
        let answers = race(&it.server, lock, calls.collect()).await;
        assert!(answers.iter().all(|answer| answer == &answers[0]));
        assert_eq!(it.server.count_where("events", REVOKED).await, 1);
    }
}
