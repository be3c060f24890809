//! `LeaveTenant`: out of one tenant by one's own will.

use crate::support::{
    Backend, Server, assert_refused, claims, ghost, seen,
    server::{Metadata, PASSWORD},
    violated_fields,
};
use reeve::pb::{
    auth::v1::{LeaveTenantRequest, Session},
    common::v1::Role,
};
use tonic::Code;

/// Ann, at home in one tenant and an admin of the other, which has an owner of its own.
async fn world(backend: Backend) -> (Server, [String; 2], Session) {
    let server = Server::start(backend).await;
    let home = server.create_tenant("home", &["home.com"]).await;
    let other = server.create_tenant("other", &["other.com"]).await;
    server.sign_up_as("owner@other.com", Role::Owner).await;
    let ann = server.sign_up("ann@home.com").await;
    server.set_role(&ann.user.as_ref().unwrap().id, &other, Role::Admin).await;
    (server, [home, other], ann)
}

on_both! {
    // Whichever tenant is active; nothing else ends.
    async fn a_tenant_is_left_from_another(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        let there = server.switch_tenant(&ann.access_token, &other).await.unwrap();
        server.leave_tenant(&ann.access_token, &other).await.unwrap();
        let ended = server.who_am_i(&there.access_token).await;
        assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
        let ended = server.refresh(&there.refresh_token).await;
        assert_refused(ended, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        let me = server.who_am_i(&ann.access_token).await.unwrap();
        assert_eq!(me.memberships.len(), 1);
        assert_eq!(me.user.unwrap().tenant_id, home);
        assert_eq!(server.count("events WHERE kind = 'profile.left' AND actor_kind = 'user'").await, 1);
        assert_eq!(server.count("events WHERE kind LIKE 'user.%' AND tenant_id IS NULL").await, 0);
        // Who leaves by will may come back by domain.
        assert_eq!(server.count("departures").await, 0);
        let again = server.leave_tenant(&ann.access_token, &other).await;
        let again = assert_refused(again, Code::NotFound, "NOT_FOUND");
        let absent = server.leave_tenant(&ann.access_token, &ghost()).await.unwrap_err();
        assert_eq!(seen(&again), seen(&absent));
    }

    async fn the_active_home_is_left(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        server.leave_tenant(&ann.access_token, &home).await.unwrap();
        let ended = server.leave_tenant(&ann.access_token, &home).await;
        assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
        let next = server.sign_in("ann@home.com", PASSWORD).await.unwrap();
        assert_eq!(claims(&next.access_token)["tenant_id"], other.as_str());
        assert_eq!(next.user.unwrap().tenant_id, other);
        assert_eq!(server.count("events WHERE kind = 'user.home_moved'").await, 1);
        // The last one takes the account with it.
        server.leave_tenant(&next.access_token, &other).await.unwrap();
        assert_eq!(server.count("users WHERE email_key = 'ann@home.com'").await, 0);
        assert_eq!(server.count("events WHERE kind = 'user.deleted'").await, 1);
        let refused = server.sign_in("ann@home.com", PASSWORD).await;
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
        assert_eq!(server.count("departures").await, 0);
        server.sign_up("ann@home.com").await;
    }

    // R-TEN-7: not the last owner, by whatever door.
    async fn the_last_owner_does_not_leave(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        let ann = server.with_role(&ann, Role::Owner).await;
        let refused = server.leave_tenant(&ann.access_token, &home).await;
        assert_refused(refused, Code::FailedPrecondition, "LAST_OWNER");
        let there = server.switch_tenant(&ann.access_token, &other).await.unwrap();
        let refused = server.leave_tenant(&there.access_token, &home).await;
        assert_refused(refused, Code::FailedPrecondition, "LAST_OWNER");
        server.who_am_i(&ann.access_token).await.unwrap();
        server.sign_up_as("bob@home.com", Role::Owner).await;
        server.leave_tenant(&there.access_token, &home).await.unwrap();
    }

    // A suspension is not shaken off by leaving and coming back by domain.
    async fn a_suspended_member_who_leaves_has_departed(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        let there = server.switch_tenant(&ann.access_token, &other).await.unwrap();
        let id = server.literal(&home);
        let suspend = format!("UPDATE user_profiles SET state = 'suspended' WHERE tenant_id = {id}");
        server.execute(&suspend).await;
        server.leave_tenant(&there.access_token, &home).await.unwrap();
        let departed = format!("departures WHERE email_key = 'ann@home.com' AND tenant_id = {id}");
        assert_eq!(server.count(&departed).await, 1);
        assert_eq!(server.count("users WHERE email_key = 'ann@home.com'").await, 1);
    }

    // G-33, TI-09: only what the caller has; a tenant that is not active can be left.
    async fn only_an_own_membership_is_left(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        let foreign = server.create_tenant("foreign", &["foreign.com"]).await;
        server.sign_up("eve@foreign.com").await;
        let absent = server.leave_tenant(&ann.access_token, &ghost()).await;
        let absent = assert_refused(absent, Code::NotFound, "NOT_FOUND");
        let hidden = server.leave_tenant(&ann.access_token, &foreign).await.unwrap_err();
        assert_eq!(seen(&hidden), seen(&absent));
        for malformed in ["", "home", &home.replace('-', "")] {
            let refused = server.leave_tenant(&ann.access_token, malformed).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["tenant_id"]);
        }
        let refused = server.leave_tenant(&server.operator_key, &home).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        // R-TEN-2: the header is compared with the credential, not with the argument.
        let request = LeaveTenantRequest { tenant_id: other.clone() };
        let with_header = Metadata::bearer(&ann.access_token).with("x-tenant-id", &other);
        let refused = server.auth_as(with_header).leave_tenant(request).await;
        assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
        assert_eq!(server.count("user_profiles").await, 4);
        let suspend = format!("UPDATE tenants SET state = 'suspended' WHERE id = {}", server.literal(&other));
        server.execute(&suspend).await;
        server.leave_tenant(&ann.access_token, &other).await.unwrap();
        assert_eq!(server.count("user_profiles").await, 3);
    }
}
