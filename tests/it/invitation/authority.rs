//! An invitation lives and dies with the authority it rests on.

use super::{BOB, World};
use crate::support::{
    Backend, assert_refused,
    invite::{of, returned, user_id},
    race::race,
    server::PASSWORD,
};
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::Code;

/// Bob is refused by this reason and is no member.
async fn assert_void(it: &World, id: &str, reason: &str) {
    let refused = it.server.accept_by_id(&it.bob, id).await;
    assert_refused(refused, Code::FailedPrecondition, reason);
    assert_eq!(it.role_of_bob().await, None);
}

on_both! {
    // IN-16, IN-38, R-INV-6: removed, suspended, demoted.
    async fn an_invitation_dies_with_its_inviter(backend: Backend) {
        let it = World::new(backend).await;
        let adam = it.server.sign_up_as("adam@acme.com", Role::Owner).await;
        let adam_id = user_id(&adam).to_owned();
        let (id, _) = it.server.invite(&of(&adam), BOB, Role::Owner).await;
        for (columns, back) in [
            ("role = 'admin'", "role = 'owner'"),
            ("role = 'member'", "role = 'owner'"),
            ("state = 'suspended'", "state = 'active'"),
        ] {
            it.set_profile(&adam_id, columns).await;
            assert_void(&it, &id, "INVITATION_VOID").await;
            it.set_profile(&adam_id, back).await;
        }
        it.set("users", &adam_id, "state = 'suspended'").await;
        assert_void(&it, &id, "INVITATION_VOID").await;
        it.set("users", &adam_id, "state = 'active'").await;
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
    }

    // IN-16: an administrator may invite members; a member may invite nobody.
    async fn the_inviter_needs_the_right_and_not_only_the_rank(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        it.set_profile(&it.owner_id, "role = 'member'").await;
        assert_void(&it, &id, "INVITATION_VOID").await;
        it.set_profile(&it.owner_id, "role = 'admin'").await;
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
    }

    // IN-16: of a key, and of who made the key.
    async fn an_invitation_dies_with_its_key(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let key = crate::support::ghost();
        let (literal, tenant) = (it.server.literal(&key), it.server.literal(&it.acme));
        let (by, now) = (it.server.literal(&it.owner_id), it.server.time_ahead(0));
        let hash = if backend == Backend::Postgres { "'\\x00'::bytea" } else { "X'00'" };
        it.server
            .execute(&format!(
                "INSERT INTO api_keys (id, tenant_id, name, role, hash, created_by, create_time) \
                 VALUES ({literal}, {tenant}, 'key', 'admin', {hash}, {by}, {now})"
            ))
            .await;
        let columns = format!("inviter_kind = 'api_key', invited_by = {literal}");
        it.set("invitation_tokens", &id, &columns).await;
        let shown = it.server.get_invitation(&it.owner, &id).await.unwrap();
        assert_eq!(shown.invited_by, key);
        it.set("api_keys", &key, &format!("revoke_time = {now}")).await;
        assert_void(&it, &id, "INVITATION_VOID").await;
        it.set("api_keys", &key, "revoke_time = NULL, role = 'member'").await;
        assert_void(&it, &id, "INVITATION_VOID").await;
        it.set("api_keys", &key, "role = 'admin'").await;
        it.set_profile(&it.owner_id, "role = 'member'").await;
        assert_void(&it, &id, "INVITATION_VOID").await;
        it.set_profile(&it.owner_id, "role = 'owner'").await;
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
    }

    // IN-15, R-INV-6: the tenant, too, must still take people in.
    async fn an_invitation_waits_for_its_tenant(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        for (columns, reason) in [
            ("state = 'suspended'", "TENANT_INACTIVE"),
            ("state = 'deleted'", "TENANT_INACTIVE"),
            ("state = 'active', enrollment = 'closed'", "ENROLLMENT_CLOSED"),
        ] {
            it.set("tenants", &it.acme, columns).await;
            assert_void(&it, &id, reason).await;
            let refused = it.server.accept_by_token(&it.bob, &token).await;
            assert_refused(refused, Code::FailedPrecondition, reason);
        }
        it.set("tenants", &it.acme, "enrollment = 'invite_only'").await;
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
    }

    // IN-18, R-INV-8: seats are counted when they are taken.
    async fn a_full_tenant_admits_nobody(backend: Backend) {
        let it = World::new(backend).await;
        it.set("tenants", &it.acme, "seat_limit = 1").await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        assert_void(&it, &id, "SEAT_LIMIT_REACHED").await;
        it.set("tenants", &it.acme, "seat_limit = 2").await;
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
        // A member of a full tenant is told so, rather than that it is full.
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
    }

    // The account itself: a session that ended accepts nothing.
    async fn an_ended_session_accepts_nothing(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        it.set("users", &it.bob_id, "state = 'suspended'").await;
        let refused = it.server.accept_by_id(&it.bob, &id).await;
        assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
        it.set("users", &it.bob_id, "state = 'active'").await;
        let bob = of(&it.server.sign_in(BOB, PASSWORD).await.unwrap());
        it.server.accept_by_id(&bob, &id).await.unwrap();
    }
}

// R-INV-6, G-14: while a call waits for the tenant, its caller's authority is taken away. SQLite
// has one writer and nobody to wait for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn authority_is_checked_under_the_lock() {
    let it = World::new(Backend::Postgres).await;
    let adam = it.server.sign_up_as("adam@acme.com", Role::Admin).await;
    let demotion = format!(
        "UPDATE tenants SET version = version + 1 WHERE id = '{}'; \
         UPDATE user_profiles SET role = 'member' WHERE user_id = '{}'",
        it.acme,
        user_id(&adam)
    );
    let call = {
        let mut client = it.server.invitations_as(of(&adam));
        async move { client.create_invitation(returned(BOB, Role::Admin)).await }
    };
    let answer = race(&it.server, &demotion, vec![call]).await.remove(0);
    assert_refused(answer, Code::Unauthenticated, "CREDENTIAL_STALE");
    assert_eq!(it.server.count("invitation_tokens").await, 0);
}

// IN-16: the acceptance waits for the tenant while its inviter is demoted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_inviter_is_checked_under_the_lock() {
    let it = World::new(Backend::Postgres).await;
    let (id, _) = it.server.invite(&it.owner, BOB, Role::Owner).await;
    let demotion = format!(
        "UPDATE tenants SET version = version + 1 WHERE id = '{}'; \
         UPDATE user_profiles SET role = 'admin' WHERE user_id = '{}'",
        it.acme, it.owner_id
    );
    let call = {
        let mut client = it.server.invitations_as(it.bob.clone());
        let request = pb::AcceptInvitationRequest { invitation_id: id, ..Default::default() };
        async move { client.accept_invitation(request).await }
    };
    let answer = race(&it.server, &demotion, vec![call]).await.remove(0);
    assert_refused(answer, Code::FailedPrecondition, "INVITATION_VOID");
    assert_eq!(it.role_of_bob().await, None);
}
