//! Missing profiles are made, and roles set in an emergency, by operators alone.

use super::{pb, seeded, status_of};
use crate::support::{Backend, Server, assert_refused, server::Metadata, violated_fields};
use reeve::pb::common::v1::Role;
use tonic::Code;

type Answer = Result<pb::CreateProfileResponse, tonic::Status>;

async fn create(server: &Server, user: &str, role: Role, tenant: &str) -> Answer {
    let request = pb::CreateProfileRequest {
        user_id: user.to_owned(),
        role: role.into(),
        tenant_id: tenant.to_owned(),
        ..Default::default()
    };
    let answer = server.sync_as(server.operator()).create_profile(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn mver(server: &Server, user: &str) -> i64 {
    let user = server.literal(user);
    server.number(&format!("SELECT mver AS value FROM user_profiles WHERE user_id = {user}")).await
}

on_both! {
    async fn a_missing_profile_is_made_once(backend: Backend) {
        let server = Server::start(backend).await;
        let (tenant, users) = seeded(&server, 2).await;
        let before = mver(&server, &users[0]).await;
        server.drop_fences().await;
        server.delete_profiles(&users[..1]).await;

        let made = create(&server, &users[0], Role::Unspecified, "").await.unwrap();
        assert!(made.created);
        let profile = made.profile.unwrap();
        assert_eq!((&profile.user_id, &profile.tenant_id), (&users[0], &tenant));
        assert_eq!((profile.role(), profile.email.as_str()), (Role::Member, "user0@acme.com"));
        assert_eq!(status_of(&server).await.missing_profiles, Some(0));
        // Tokens of the profile that was lost stay dead.
        assert!(mver(&server, &users[0]).await > before);

        let again = create(&server, &users[0], Role::Unspecified, "").await.unwrap();
        assert!(!again.created);
        assert_eq!(again.profile.unwrap().etag, profile.etag);
        let about = format!(
            "kind = 'profile.created' AND actor_kind = 'operator' AND actor_id IS NOT NULL \
             AND request_id <> '' AND subject_id = {}",
            server.literal(&users[0])
        );
        assert_eq!(server.count_where("events", &about).await, 1);
    }

    async fn another_tenant_can_be_joined(backend: Backend) {
        let server = Server::start(backend).await;
        let (_, users) = seeded(&server, 1).await;
        let other = server.create_tenant("other", &[]).await;
        let made = create(&server, &users[0], Role::Admin, &other).await.unwrap();
        assert!(made.created);
        let profile = made.profile.unwrap();
        assert_eq!((profile.tenant_id.as_str(), profile.role()), (other.as_str(), Role::Admin));
        let of_user = format!("user_id = {}", server.literal(&users[0]));
        assert_eq!(server.count_where("user_profiles", &of_user).await, 2);
    }

    async fn a_role_is_set_as_break_glass(backend: Backend) {
        let server = Server::start(backend).await;
        let (_, users) = seeded(&server, 1).await;
        let before = mver(&server, &users[0]).await;
        let set = create(&server, &users[0], Role::Admin, "").await.unwrap();
        assert!(!set.created);
        assert_eq!(set.profile.unwrap().role(), Role::Admin);
        assert_eq!(mver(&server, &users[0]).await, before + 1);

        // The same role again changes nothing.
        create(&server, &users[0], Role::Admin, "").await.unwrap();
        assert_eq!(mver(&server, &users[0]).await, before + 1);

        let data = match backend {
            Backend::Postgres => "data::text",
            Backend::Sqlite => "data",
        };
        let events = server
            .texts(&format!("SELECT {data} AS value FROM events WHERE kind = 'profile.role_changed'"))
            .await;
        assert_eq!(events.len(), 1, "{events:?}");
        let data: serde_json::Value = serde_json::from_str(&events[0]).unwrap();
        let expected = serde_json::json!({"from": "member", "to": "admin", "break_glass": true});
        assert_eq!(data, expected);
    }

    async fn the_last_owner_stays(backend: Backend) {
        let server = Server::start(backend).await;
        let (_, users) = seeded(&server, 2).await;
        create(&server, &users[0], Role::Owner, "").await.unwrap();
        let refused = create(&server, &users[0], Role::Member, "").await;
        assert_refused(refused, Code::FailedPrecondition, "LAST_OWNER");

        create(&server, &users[1], Role::Owner, "").await.unwrap();
        let demoted = create(&server, &users[0], Role::Member, "").await.unwrap();
        assert_eq!(demoted.profile.unwrap().role(), Role::Member);
        let refused = create(&server, &users[1], Role::Admin, "").await;
        assert_refused(refused, Code::FailedPrecondition, "LAST_OWNER");
    }

    async fn what_is_not_there_is_not_found(backend: Backend) {
        let server = Server::start(backend).await;
        let (tenant, users) = seeded(&server, 1).await;
        let refused = create(&server, &tenant, Role::Unspecified, "").await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        let refused = create(&server, &users[0], Role::Unspecified, &users[0]).await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        let refused = create(&server, "user-1", Role::Unspecified, "").await;
        let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(violated_fields(&status), ["user_id"]);
    }

    async fn members_and_owners_may_not(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up("ann@acme.com").await;
        let user_id = session.profile.unwrap().user_id;
        create(&server, &user_id, Role::Owner, "").await.unwrap();
        let token = server.sign_in("ann@acme.com", crate::support::server::PASSWORD).await.unwrap();
        let request = pb::CreateProfileRequest { user_id, ..Default::default() };
        let mut client = server.sync_as(Metadata::bearer(&token.access_token));
        let refused = client.create_profile(request).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
    }

    /// As the contract says of a profile that would be new.
    async fn full_and_closed_tenants_refuse(backend: Backend) {
        let server = Server::start(backend).await;
        let (_, users) = seeded(&server, 1).await;
        let other = server.create_tenant("other", &[]).await;
        server.insert_user(&other, "bob@other.org").await;
        let of_other = server.literal(&other);
        let set = |what: &str| format!("UPDATE tenants SET {what} WHERE id = {of_other}");
        server.execute(&set("seat_limit = 1")).await;
        let refused = create(&server, &users[0], Role::Unspecified, &other).await;
        assert_refused(refused, Code::FailedPrecondition, "SEAT_LIMIT_REACHED");
        server.execute(&set("seat_limit = NULL, state = 'suspended'")).await;
        let refused = create(&server, &users[0], Role::Unspecified, &other).await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_INACTIVE");
        server.execute(&set("state = 'active'")).await;
        assert!(create(&server, &users[0], Role::Unspecified, &other).await.unwrap().created);
    }
}
