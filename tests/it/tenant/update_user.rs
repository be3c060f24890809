//! `UpdateUser`: the role in one tenant and the name shown there, and nothing else.

use crate::support::{
    Backend, Server, assert_refused, ghost, role_change, seen,
    server::{Metadata, PASSWORD},
    violated_fields,
};
use prost_types::FieldMask;
use reeve::pb::{
    auth::v1::Session,
    common::v1::{Profile, Role},
    tenant::v1::{ListUsersRequest, UpdateUserRequest},
};
use tonic::{Code, Status};

async fn update(
    server: &Server,
    caller: &Metadata,
    request: UpdateUserRequest,
) -> Result<Profile, Status> {
    let answer = server.tenant_as(caller.clone()).update_user(request).await?;
    Ok(answer.into_inner().profile.unwrap())
}

fn masked(user_id: &str, paths: &[&str]) -> UpdateUserRequest {
    UpdateUserRequest {
        user_id: user_id.to_owned(),
        role: Role::Admin.into(),
        display_name: "Bobby Tables".to_owned(),
        update_mask: Some(FieldMask { paths: paths.iter().map(|it| (*it).to_owned()).collect() }),
        ..Default::default()
    }
}

/// A tenant with an owner, whose credential it gives, and a member.
async fn world(backend: Backend) -> (Server, String, Metadata, Session) {
    let server = Server::start(backend).await;
    let acme = server.create_tenant("acme", &["acme.com"]).await;
    let ann = server.sign_up_as("ann@acme.com", Role::Owner).await;
    let bob = server.sign_up("bob@acme.com").await;
    (server, acme, Metadata::bearer(&ann.access_token), bob)
}

async fn mver(server: &Server, user: &str, tenant: &str) -> i64 {
    let (user, tenant) = (server.literal(user), server.literal(tenant));
    let sql = "SELECT mver AS value FROM user_profiles WHERE";
    server.number(&format!("{sql} user_id = {user} AND tenant_id = {tenant}")).await
}

const CHANGES: &str = "events WHERE kind IN ('profile.updated', 'profile.role_changed')";

on_both! {
    // TI-17: exactly what the mask names.
    async fn what_the_mask_names_is_changed(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let before = bob.profile.unwrap();
        let (user, version) = (before.user_id.clone(), mver(&server, &before.user_id, &acme).await);
        let made = server.count(CHANGES).await;

        let named = update(&server, &ann, masked(&user, &["display_name"])).await.unwrap();
        let expected = Profile {
            display_name: "Bobby Tables".to_owned(),
            update_time: named.update_time,
            etag: named.etag.clone(),
            ..before.clone()
        };
        assert_eq!(named, expected);
        assert_eq!(mver(&server, &user, &acme).await, version, "a name makes no token stale");
        server.who_am_i(&bob.access_token).await.unwrap();

        let request = UpdateUserRequest { display_name: String::new(), ..masked(&user, &["role"]) };
        let raised = update(&server, &ann, request).await.unwrap();
        assert_eq!((raised.role(), raised.display_name.as_str()), (Role::Admin, "Bobby Tables"));
        assert_eq!(mver(&server, &user, &acme).await, version + 1);
        assert!(named.etag != before.etag && raised.etag != named.etag);
        let stale = server.who_am_i(&bob.access_token).await;
        assert_refused(stale, Code::Unauthenticated, "CREDENTIAL_STALE");

        let mut both = masked(&user, &["display_name", "role", "role"]);
        (both.role, both.display_name) = (Role::Member.into(), "  Bob  ".to_owned());
        let both = UpdateUserRequest { tenant_id: acme.clone(), ..both };
        let both = update(&server, &server.operator(), both).await.unwrap();
        assert_eq!((both.role(), both.display_name.as_str()), (Role::Member, "Bob"));
        let next = server.refresh(&bob.refresh_token).await.unwrap();
        assert_eq!(server.who_am_i(&next.access_token).await.unwrap().profile, Some(both));
        assert_eq!(server.count(CHANGES).await - made, 4);
        let by_operator = "events WHERE kind = 'profile.updated' AND actor_kind = 'operator'";
        assert_eq!(server.count(by_operator).await, 1);
    }

    // R-TEN-8, G-19: nothing that the server owns can be set, by whatever spelling.
    async fn nothing_else_can_be_set(backend: Backend) {
        let (server, _, ann, bob) = world(backend).await;
        let user = bob.user.clone().unwrap().id;
        let made = server.count("events").await;
        for path in [
            "id", "user_id", "tenant_id", "email", "state", "status", "mver", "etag", "create_time",
            "update_time", "email_verified", "password_hash", "*", "", "Role", "role ", "role.x",
            "displayName", "profile.role", "display_name,role",
        ] {
            for paths in [vec![path], vec!["role", path], vec![path, "display_name"]] {
                let refused = update(&server, &ann, masked(&user, &paths)).await;
                let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
                assert_eq!(violated_fields(&status), ["update_mask"], "{paths:?}");
            }
        }
        for update_mask in [None, Some(FieldMask::default())] {
            let request = UpdateUserRequest { update_mask, ..masked(&user, &[]) };
            let refused = update(&server, &ann, request).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["update_mask"]);
        }
        // R-TEN-7: no number that is not a role.
        for role in [0, 4, 99, -1] {
            let request = UpdateUserRequest { role, ..masked(&user, &["role", "display_name"]) };
            let refused = update(&server, &ann, request).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["role"]);
        }
        for display_name in ["x".repeat(101), "a\nb".to_owned(), "\u{202e}x".to_owned()] {
            let request = UpdateUserRequest { display_name, ..masked(&user, &["display_name"]) };
            let refused = update(&server, &ann, request).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["display_name"]);
        }
        // TI-13: people are named by their id, never by address or name.
        for user in ["", "bob@acme.com", "nobody@acme.com", "Test Person", &user.replace('-', "")] {
            let refused = update(&server, &ann, masked(user, &["state"])).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["user_id", "update_mask"]);
        }
        assert_eq!(server.count("events").await, made);
        assert_eq!(server.who_am_i(&bob.access_token).await.unwrap().profile, bob.profile);
    }

    async fn what_is_so_already_changes_nothing(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let user = bob.user.unwrap().id;
        let (made, version) = (server.count("events").await, mver(&server, &user, &acme).await);
        let mut same = masked(&user, &["role", "display_name"]);
        (same.role, same.display_name) = (Role::Member.into(), "Test Person".to_owned());
        for _ in 0..2 {
            let answer = update(&server, &ann, same.clone()).await.unwrap();
            assert_eq!(Some(answer), bob.profile);
        }
        assert_eq!(server.count("events").await, made);
        assert_eq!(mver(&server, &user, &acme).await, version);
        server.who_am_i(&bob.access_token).await.unwrap();
    }

    // A change is for the version that was read; every change makes another, however fast.
    async fn an_old_etag_is_refused(backend: Backend) {
        let (server, _, ann, bob) = world(backend).await;
        let profile = bob.profile.unwrap();
        let mut etags = vec![profile.etag];
        for number in 0..20 {
            let mut request = masked(&profile.user_id, &["display_name"]);
            (request.display_name, request.etag) =
                (format!("Bob {number}"), etags.last().unwrap().clone());
            let changed = update(&server, &ann, request.clone()).await.unwrap();
            assert!(!etags.contains(&changed.etag));
            let refused = update(&server, &ann, request).await;
            assert_refused(refused, Code::Aborted, "CONFLICT");
            etags.push(changed.etag);
        }
        for etag in ["0", "nonsense", &etags[0]] {
            let mut request = masked(&profile.user_id, &["role"]);
            request.etag = etag.to_owned();
            let refused = update(&server, &ann, request).await;
            assert_refused(refused, Code::Aborted, "CONFLICT");
        }
        assert_eq!(server.count("user_profiles WHERE role = 'admin'").await, 0);
    }

    // TI-02, TI-05, G-33, R-TEN-3: an id of another tenant is as none, for a person of both too.
    async fn a_foreign_user_does_not_exist(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let cyd = server.sign_up("cyd@other.com").await.user.unwrap().id;
        let both = server.sign_up("dee@other.com").await.user.unwrap().id;
        server.set_role(&both, &acme, Role::Admin).await;
        let unknown = update(&server, &ann, role_change(&ghost(), "", Role::Admin)).await;
        let unknown = seen(&assert_refused(unknown, Code::NotFound, "NOT_FOUND"));
        let dee = server.sign_in("dee@other.com", PASSWORD).await.unwrap();
        let in_acme = server.switch_tenant(&dee.access_token, &acme).await.unwrap();
        let in_acme = Metadata::bearer(&in_acme.access_token);
        for caller in [&ann, &in_acme] {
            for user in [&cyd, &other, &acme] {
                let hidden = update(&server, caller, role_change(user, "", Role::Admin)).await;
                assert_eq!(seen(&hidden.unwrap_err()), unknown);
            }
            // G-39: the tenant of the check is the tenant of the action.
            let refused = update(&server, caller, role_change(&both, &other, Role::Admin)).await;
            assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
        }
        let bob = bob.user.unwrap().id;
        let hidden = update(&server, &server.operator(), role_change(&bob, &other, Role::Admin)).await;
        assert_eq!(seen(&hidden.unwrap_err()), unknown);
        let required = update(&server, &server.operator(), role_change(&bob, "", Role::Admin)).await;
        assert_refused(required, Code::InvalidArgument, "TENANT_REQUIRED");
        let absent = update(&server, &server.operator(), role_change(&bob, &ghost(), Role::Admin)).await;
        assert_refused(absent, Code::NotFound, "NOT_FOUND");
        assert_eq!(server.count("user_profiles WHERE role = 'member'").await, 3);
    }

    // G-36: an owner changes what people are in the own tenant, and nowhere else.
    async fn a_role_is_of_one_tenant(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let other = server.create_tenant("other", &[]).await;
        let user = bob.user.clone().unwrap().id;
        server.set_role(&user, &other, Role::Owner).await;
        let there = server.switch_tenant(&bob.access_token, &other).await.unwrap();
        let before = mver(&server, &user, &other).await;
        server.update_role(&ann, &user, "", Role::Admin).await.unwrap();
        server.update_role(&ann, &user, &acme, Role::Member).await.unwrap();
        assert_eq!(mver(&server, &user, &other).await, before);
        let me = server.who_am_i(&there.access_token).await.unwrap();
        assert_eq!(me.profile.unwrap().role(), Role::Owner);
        // Nor does an owner act on the platform.
        let request = reeve::pb::sync::v1::CreateProfileRequest {
            user_id: user,
            role: Role::Member.into(),
            tenant_id: acme,
            ..Default::default()
        };
        let refused = server.sync_as(ann).create_profile(request).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
    }

    // R-TEN-7: an owner counts whose profile and account are both active.
    async fn the_last_active_owner_stays_one(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let (operator, user) = (server.operator(), bob.user.unwrap().id);
        let request = ListUsersRequest { role: Role::Owner.into(), ..Default::default() };
        let owners = server.tenant_as(ann.clone()).list_users(request).await.unwrap();
        let me = owners.into_inner().profiles.remove(0).user_id;
        let last = async |caller: &Metadata| {
            for role in [Role::Admin, Role::Member] {
                let refused = server.update_role(caller, &me, &acme, role).await;
                assert_refused(refused, Code::FailedPrecondition, "LAST_OWNER");
            }
        };
        last(&ann).await;
        server.update_role(&ann, &user, "", Role::Owner).await.unwrap();
        let of_bob = format!("WHERE user_id = {}", server.literal(&user));
        let suspended = format!("UPDATE user_profiles SET state = 'suspended' {of_bob}");
        server.execute(&suspended).await;
        last(&ann).await;
        server.execute(&suspended.replace("'suspended'", "'active'")).await;
        let suspended = format!("UPDATE users SET state = 'suspended' {}", of_bob.replace("user_id", "id"));
        server.execute(&suspended).await;
        last(&operator).await;
        // Who does not count can be demoted.
        server.update_role(&ann, &user, "", Role::Member).await.unwrap();
        server.update_role(&ann, &user, "", Role::Owner).await.unwrap();
        server.execute(&suspended.replace("'suspended'", "'active'")).await;
        server.update_role(&ann, &me, "", Role::Member).await.unwrap();
        let refused = server.update_role(&operator, &user, &acme, Role::Admin).await;
        assert_refused(refused, Code::FailedPrecondition, "LAST_OWNER");
    }

    // TI-09, TI-10, G-53: nobody acts in a tenant that is not active, whatever their role.
    async fn a_tenant_that_is_not_active_changes_nobody(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let user = bob.user.unwrap().id;
        for state in ["suspended", "deleted"] {
            server.execute(&format!("UPDATE tenants SET state = '{state}'")).await;
            let refused = server.update_role(&ann, &user, "", Role::Admin).await;
            assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
            let refused = server.remove_user(&ann, &user, "").await;
            assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
            let refused = server.leave_tenant(&bob.access_token, &acme).await;
            assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
            let refused = server.switch_tenant(&bob.access_token, &acme).await;
            assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
        }
        server.execute("UPDATE tenants SET state = 'active'").await;
        server.update_role(&ann, &user, "", Role::Admin).await.unwrap();
    }
}
