//! What a key may do follows what its creator is now, never more than what the key is.

use super::World;
use crate::support::{
    Backend, Server, assert_refused, ghost,
    invite::{of, returned, user_id},
    keys::SCOPES,
    race::{lock_row, race_while},
    seen,
    server::Metadata,
};
use reeve::pb::{auth::v1::Session, common::v1::Role, tenant::v1 as tenant};
use tonic::{Code, Status};

/// Invites somebody new, as an administrator may; `Ok`, or the reason against it.
async fn invite(server: &Server, by: &Metadata, name: &str) -> Result<(), Status> {
    let request = returned(&format!("{name}@else.org"), Role::Member);
    server.try_invite(by, request).await.map(drop)
}

async fn demote(it: &World, user: &Session, role: Role) {
    it.server.update_role(&it.owner, user_id(user), "", role).await.unwrap();
}

on_both! {
    // R-TEN-6, G-53: the lesser of the two roles, at the next call, and back again.
    async fn a_key_is_no_more_than_its_creator_now(backend: Backend) {
        let it = World::new(backend).await;
        let adam = it.server.sign_up_as("adam@acme.com", Role::Owner).await;
        let key = it.server.create_key(&of(&adam), Role::Owner, &SCOPES).await;
        let by = key.credential();
        let denied = |answer: Result<(), Status>| {
            assert_refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        };
        let raise = async || it.server.update_role(&by, user_id(&it.ann), "", Role::Owner).await;
        raise().await.unwrap();
        invite(&it.server, &by, "one").await.unwrap();

        demote(&it, &adam, Role::Admin).await;
        invite(&it.server, &by, "two").await.unwrap();
        assert_refused(raise().await, Code::PermissionDenied, "ROLE_TOO_HIGH");
        let request = returned("three@else.org", Role::Owner);
        let high = it.server.try_invite(&by, request).await;
        assert_refused(high, Code::PermissionDenied, "ROLE_TOO_HIGH");
        let request = tenant::RemoveDomainRequest { domain_id: ghost(), ..Default::default() };
        denied(it.server.tenant_as(by.clone()).remove_domain(request).await.map(drop));

        demote(&it, &adam, Role::Member).await;
        denied(invite(&it.server, &by, "four").await);
        let seen = it.list_users(&by, "").await.unwrap().profiles;
        assert!(seen.len() == 2 && seen.iter().all(|it| it.email.is_empty()), "{seen:?}");
        // The key itself is as it was.
        assert_eq!(it.server.list_keys(&it.owner).await[0].role(), Role::Owner);
        demote(&it, &adam, Role::Owner).await;
        raise().await.unwrap();
    }

    // A key's own role is a limit, too, whatever its creator is.
    async fn a_key_is_no_more_than_its_own_role(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Member, &SCOPES).await.credential();
        let denied = invite(&it.server, &key, "one").await;
        assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let seen = it.list_users(&key, "").await.unwrap().profiles;
        assert!(seen.iter().all(|it| it.email.is_empty()), "{seen:?}");
        let admin = it.key(Role::Admin, &SCOPES).await.credential();
        let removal = it.server.remove_user(&admin, &it.ann_id, "").await;
        assert_refused(removal, Code::PermissionDenied, "ROLE_TOO_HIGH");
        let seen = it.list_users(&admin, "").await.unwrap().profiles;
        assert!(seen.iter().all(|it| !it.email.is_empty()), "{seen:?}");
    }

    // R-TEN-2, TI-03, TI-04, TI-05: the tenant of a key is the key's, as a person's is the token's.
    async fn a_key_names_no_other_tenant(backend: Backend) {
        let it = World::new(backend).await;
        // Even where its creator is an owner.
        it.server.set_role(&it.ann_id, &it.globex, Role::Owner).await;
        let key = it.key(Role::Owner, &SCOPES).await.credential();
        let mut answers = Vec::new();
        for by in [&key, &it.owner] {
            for tenant in [it.globex.clone(), it.globex.to_uppercase(), ghost()] {
                answers.push(it.list_users(by, &tenant).await.unwrap_err());
                let header = by.clone().with("x-tenant-id", &tenant);
                answers.push(it.list_users(&header, "").await.unwrap_err());
                answers.push(it.list_users(&header, &it.acme).await.unwrap_err());
                let header = by.clone().with("x-tenant-id", &it.acme);
                answers.push(it.list_users(&header, &tenant).await.unwrap_err());
                answers.push(it.server.remove_user(by, &it.bob_id, &tenant).await.unwrap_err());
            }
        }
        for answer in &answers {
            assert_eq!(seen(answer), seen(&answers[0]));
        }
        assert_refused::<()>(Err(answers.remove(0)), Code::PermissionDenied, "TENANT_MISMATCH");
        let header = key.clone().with("x-tenant-id", &it.acme.to_uppercase());
        assert_eq!(it.list_users(&header, &it.acme).await.unwrap().profiles.len(), 1);
    }

    // R-TEN-3, G-33, TI-02: ids of another tenant are as ids of nothing.
    async fn a_key_finds_nothing_of_another_tenant(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Owner, &SCOPES).await.credential();
        let (theirs, _) = it.server.invite(&it.bob, "carl@else.org", Role::Member).await;
        let domain = it.server.add_domain(&it.globex, "globex.org", false).await;
        let get = async |user_id: String| {
            let request = tenant::GetUserRequest { user_id, ..Default::default() };
            it.server.tenant_as(key.clone()).get_user(request).await.map(drop)
        };
        let remove = async |domain_id: String| {
            let request = tenant::RemoveDomainRequest { domain_id, ..Default::default() };
            it.server.tenant_as(key.clone()).remove_domain(request).await.map(drop)
        };
        let read = async |tenant_id: String| {
            let request = tenant::GetTenantRequest { tenant_id };
            it.server.tenant_as(key.clone()).get_tenant(request).await.map(drop)
        };
        let (server, returned) = (&it.server, reeve::pb::invitation::v1::Delivery::ReturnToken);
        for (there, nowhere) in [
            (get(it.bob_id.clone()).await, get(ghost()).await),
            (remove(domain).await, remove(ghost()).await),
            (read(it.globex.clone()).await, read(ghost()).await),
            (
                server.update_role(&key, &it.bob_id, "", Role::Member).await.map(drop),
                server.update_role(&key, &ghost(), "", Role::Member).await.map(drop),
            ),
            (
                server.remove_user(&key, &it.bob_id, "").await,
                server.remove_user(&key, &ghost(), "").await,
            ),
            (
                server.get_invitation(&key, &theirs).await.map(drop),
                server.get_invitation(&key, &ghost()).await.map(drop),
            ),
            (
                server.revoke_invitation(&key, &theirs).await.map(drop),
                server.revoke_invitation(&key, &ghost()).await.map(drop),
            ),
            (
                server.resend_invitation(&key, &theirs, returned).await.map(drop),
                server.resend_invitation(&key, &ghost(), returned).await.map(drop),
            ),
        ] {
            let there = assert_refused(there, Code::NotFound, "NOT_FOUND");
            assert_eq!(seen(&there), seen(&nowhere.unwrap_err()));
        }
        let request = tenant::ListTenantsRequest::default();
        let all = it.server.tenant_as(key).list_tenants(request).await.unwrap().into_inner();
        assert_eq!(all.tenants.into_iter().map(|it| it.id).collect::<Vec<_>>(), [it.acme]);
    }

    // R-TEN-6: while a call of a key waits for the tenant, the ground goes from under it.
    async fn a_keys_authority_is_checked_under_the_lock(backend: Backend) {
        let it = World::new(backend).await;
        let adam = it.server.sign_up_as("adam@acme.com", Role::Owner).await;
        let now = it.server.time_ahead(0);
        for (name, table, columns, code, reason) in [
            ("weak", "user_profiles", "role = 'admin'".to_owned(), Code::Aborted, "CONFLICT"),
            ("gone", "user_profiles", "state = 'suspended'".to_owned(), Code::Unauthenticated, "CREDENTIAL_INVALID"),
            ("dead", "api_keys", format!("revoke_time = {now}"), Code::Unauthenticated, "CREDENTIAL_INVALID"),
            ("late", "api_keys", format!("expire_time = {now}"), Code::Unauthenticated, "CREDENTIAL_INVALID"),
        ] {
            it.set_profile(user_id(&adam), "role = 'owner', state = 'active'").await;
            let adam = of(&it.server.sign_in("adam@acme.com", crate::support::server::PASSWORD).await.unwrap());
            let key = it.server.create_key(&adam, Role::Owner, &SCOPES).await;
            // Its use is noted now, so that the next call need not.
            it.list_users(&key.credential(), "").await.unwrap();
            let row = if table == "api_keys" { key.id.clone() } else { user_id_of(&it, &adam).await };
            let column = if table == "api_keys" { "id" } else { "user_id" };
            let row = it.server.literal(&row);
            let change = format!("UPDATE {table} SET {columns} WHERE {column} = {row}");
            let call = {
                let mut client = it.server.invitations_as(key.credential());
                let request = returned(&format!("{name}@else.org"), Role::Member);
                async move { client.create_invitation(request).await }
            };
            let lock = lock_row(&it.server, "tenants", &it.acme);
            let answer = race_while(&it.server, &lock, &change, vec![call]).await.remove(0);
            assert_refused(answer, code, reason);
        }
        assert_eq!(it.server.count("invitation_tokens").await, 0);
    }
}

async fn user_id_of(it: &World, by: &Metadata) -> String {
    let request = reeve::pb::auth::v1::WhoAmIRequest {};
    let me = it.server.auth_as(by.clone()).who_am_i(request).await.unwrap().into_inner();
    me.user.unwrap().id
}
