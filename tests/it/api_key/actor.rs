//! Events name the key that did it, whatever it did.

use super::World;
use crate::support::{
    Backend, Server,
    invite::{returned, user_id},
    keys::SCOPES,
    role_change,
    server::Metadata,
};
use prost_types::FieldMask;
use reeve::pb::{
    common::v1::Role,
    invitation::v1::{self as invitation, Delivery},
    tenant::v1::{AddDomainRequest, RemoveDomainRequest, UpdateUserRequest},
};

/// Kind, actor's kind and actor's id of the events after a position.
async fn events_after(server: &Server, position: i64) -> Vec<String> {
    let id = match server.backend {
        Backend::Postgres => "coalesce(actor_id::text, '')",
        Backend::Sqlite => "coalesce(lower(hex(actor_id)), '')",
    };
    let sql = format!(
        "SELECT kind || ' ' || actor_kind || ' ' || {id} AS value FROM events \
         WHERE position > {position} AND actor_kind <> 'trigger' ORDER BY position"
    );
    server.texts(&sql).await.into_iter().map(|line| line.replace('-', "")).collect()
}

async fn position(server: &Server) -> i64 {
    server.number("SELECT position AS value FROM event_head").await
}

/// Runs every write that a key may do in acme: the kinds of the events that follow.
async fn writes(it: &World, by: &Metadata, tenant_id: &str) -> Vec<&'static str> {
    let server = &it.server;
    let carl = server.sign_up("carl@acme.com").await;
    let dora = server.sign_up("dora@acme.com").await;
    server.set_role(user_id(&dora), &it.globex, Role::Member).await;
    let domain_id = server.add_domain(&it.acme, "acme.org", false).await;
    let begun = position(server).await;

    let (tenant_id, carl) = (tenant_id.to_owned(), user_id(&carl).to_owned());
    let request = invitation::CreateInvitationRequest {
        tenant_id: tenant_id.clone(),
        ..returned("else@else.org", Role::Member)
    };
    let made = server.try_invite(by, request).await.unwrap();
    let invitation_id = made.invitation.unwrap().id;
    server.age_invitations(61).await;
    let mut client = server.invitations_as(by.clone());
    let request = invitation::ResendInvitationRequest {
        invitation_id: invitation_id.clone(),
        tenant_id: tenant_id.clone(),
        delivery: Delivery::ReturnToken.into(),
    };
    client.resend_invitation(request).await.unwrap();
    let request =
        invitation::RevokeInvitationRequest { invitation_id, tenant_id: tenant_id.clone() };
    client.revoke_invitation(request).await.unwrap();
    let mut client = server.tenant_as(by.clone());
    client.update_user(role_change(&carl, &tenant_id, Role::Admin)).await.unwrap();
    let request = UpdateUserRequest {
        user_id: carl.clone(),
        tenant_id: tenant_id.clone(),
        display_name: "Carl".to_owned(),
        update_mask: Some(FieldMask { paths: vec!["display_name".to_owned()] }),
        ..Default::default()
    };
    client.update_user(request).await.unwrap();
    server.remove_user(by, &carl, &tenant_id).await.unwrap();
    server.remove_user(by, user_id(&dora), &tenant_id).await.unwrap();
    client.remove_domain(RemoveDomainRequest { domain_id, tenant_id }).await.unwrap();

    // Reads leave no events.
    it.list_users(by, &it.acme).await.unwrap();
    let kinds = vec![
        "invitation.created",
        "invitation.resent",
        "invitation.revoked",
        "profile.role_changed",
        "profile.updated",
        "profile.removed",
        "user.deleted",
        "profile.removed",
        "user.home_moved",
        "domain.removed",
    ];
    assert_eq!(position(server).await, begun + i64::try_from(kinds.len()).unwrap());
    kinds
}

fn named(kinds: &[&str], actor: &str, id: &str) -> Vec<String> {
    kinds.iter().map(|kind| format!("{kind} {actor} {}", id.replace('-', ""))).collect()
}

on_both! {
    async fn a_tenants_key_is_named_by_its_id(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Owner, &SCOPES).await;
        let kinds = writes(&it, &key.credential(), "").await;
        let all = events_after(&it.server, 0).await;
        let tail = &all[all.len() - kinds.len()..];
        assert_eq!(tail, named(&kinds, "api_key", &key.id));
    }

    // TI-11: what an operator does in a tenant is told there.
    async fn a_platform_key_is_an_operator_named_by_its_id(backend: Backend) {
        let it = World::new(backend).await;
        let sql = "SELECT {id} AS value FROM api_keys WHERE tenant_id IS NULL AND name = 'test'";
        let id = it.server.text(sql, "id").await;
        let mut kinds = writes(&it, &it.server.operator(), &it.acme).await;
        let request = AddDomainRequest {
            tenant_id: it.acme.clone(),
            domain: "acme.net".to_owned(),
            ..Default::default()
        };
        it.server.tenant_as(it.server.operator()).add_domain(request).await.unwrap();
        kinds.push("domain.added");
        let all = events_after(&it.server, 0).await;
        let tail = &all[all.len() - kinds.len()..];
        assert_eq!(tail, named(&kinds, "operator", &id));
        let acme = it.server.literal(&it.acme);
        let told = format!("kind = 'domain.removed' AND tenant_id = {acme}");
        assert_eq!(it.server.count_where("events", &told).await, 1);
    }
}
