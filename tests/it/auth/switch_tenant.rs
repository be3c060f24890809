//! `SwitchTenant`: a session in another tenant, on the strength of the one that asks.

use crate::support::{
    Backend, Server, assert_refused, claims, ghost,
    race::{lock_row, race},
    seen,
    server::{Metadata, PASSWORD},
    violated_fields,
};
use reeve::{
    model::clock::Clock as _,
    pb::{
        auth::v1::{Session, SignOutRequest, SignOutScope, SwitchTenantRequest},
        common::v1::Role,
    },
};
use std::{future::Future, pin::Pin};
use tonic::{Code, Status};

/// Ann, at home in one tenant and an admin of the other.
async fn world(backend: Backend) -> (Server, [String; 2], Session) {
    let server = Server::start(backend).await;
    let home = server.create_tenant("home", &["home.com"]).await;
    let other = server.create_tenant("other", &["other.com"]).await;
    let ann = server.sign_up("ann@home.com").await;
    server.set_role(&ann.user.as_ref().unwrap().id, &other, Role::Admin).await;
    (server, [home, other], ann)
}

type Call = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

fn switch(server: &Server, by: &Session, tenant: &str) -> Call {
    let mut client = server.auth_as(Metadata::bearer(&by.access_token));
    let request = SwitchTenantRequest { tenant_id: tenant.to_owned() };
    Box::pin(async move { client.switch_tenant(request).await.map(drop) })
}

fn sign_out(server: &Server, by: &Session) -> Call {
    let mut client = server.auth_as(Metadata::bearer(&by.access_token));
    let request = SignOutRequest { scope: SignOutScope::All.into() };
    Box::pin(async move { client.sign_out(request).await.map(drop) })
}

on_both! {
    async fn a_second_session_opens_beside_the_first(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        let there = server.switch_tenant(&ann.access_token, &other.to_uppercase()).await.unwrap();
        let (one, two) = (claims(&ann.access_token), claims(&there.access_token));
        assert_eq!((one["tenant_id"].as_str(), two["tenant_id"].as_str()), (Some(&*home), Some(&*other)));
        assert_eq!((two["role"].as_str(), two["tenant_slug"].as_str()), (Some("admin"), Some("other")));
        assert_eq!(one["sub"], two["sub"]);
        assert_ne!(one["sid"], two["sid"]);
        assert_eq!(there.tenant.as_ref().unwrap().id, other);
        assert_eq!(there.user, ann.user);
        let profile = there.profile.as_ref().unwrap();
        assert_eq!((&profile.tenant_id, profile.role()), (&other, Role::Admin));
        // Each acts where it is active, and both can be refreshed there.
        for (session, tenant) in [(&ann, &home), (&there, &other)] {
            let next = server.refresh(&session.refresh_token).await.unwrap();
            let me = server.who_am_i(&next.access_token).await.unwrap();
            assert_eq!(&me.tenant.unwrap().id, tenant);
            assert_eq!(me.memberships.len(), 2);
        }
        let back = server.switch_tenant(&there.access_token, &home).await.unwrap();
        assert_eq!(claims(&back.access_token)["role"], "member");
        assert_eq!(server.count("sessions WHERE end_time IS NULL").await, 3);
        server.sign_out(&ann.access_token, SignOutScope::All).await.unwrap();
        assert_eq!(server.count("sessions WHERE end_time IS NULL").await, 0);
    }

    // G-41, R-TEN-3: without a live membership, the same answer as for no tenant.
    async fn only_a_live_membership_opens(backend: Backend) {
        let (server, [_, other], ann) = world(backend).await;
        let foreign = server.create_tenant("foreign", &["foreign.com"]).await;
        server.sign_up("eve@foreign.com").await;
        let absent = server.switch_tenant(&ann.access_token, &ghost()).await;
        let absent = seen(&assert_refused(absent, Code::NotFound, "NOT_FOUND"));
        let hidden = server.switch_tenant(&ann.access_token, &foreign).await.unwrap_err();
        assert_eq!(seen(&hidden), absent);
        let id = server.literal(&other);
        // TI-09, TI-10, G-53
        for (table, column, state) in [
            ("tenants", "id", "suspended"),
            ("tenants", "id", "deleted"),
            ("user_profiles", "tenant_id", "suspended"),
        ] {
            let set = |state: &str| format!("UPDATE {table} SET state = '{state}' WHERE {column} = {id}");
            server.execute(&set(state)).await;
            let refused = server.switch_tenant(&ann.access_token, &other).await.unwrap_err();
            assert_eq!(seen(&refused), absent, "{table} {state}");
            server.execute(&set("active")).await;
        }
        for malformed in ["", "other", &other.replace('-', "")] {
            let refused = server.switch_tenant(&ann.access_token, malformed).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["tenant_id"]);
        }
        assert_eq!(server.count("sessions").await, 2);
        server.switch_tenant(&ann.access_token, &other).await.unwrap();
    }

    // G-41, R-TOK-11: what does not open a door any more does not open another one.
    async fn a_dead_session_switches_nowhere(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        let refused = server.switch_tenant(&server.operator_key, &other).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        let refused = server.switch_tenant(&ann.refresh_token, &other).await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        // R-TEN-2: the header is compared with the credential, not with the argument.
        let with_header = Metadata::bearer(&ann.access_token).with("x-tenant-id", &other);
        let request = SwitchTenantRequest { tenant_id: other.clone() };
        let refused = server.auth_as(with_header).switch_tenant(request).await;
        assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");

        let user = ann.user.clone().unwrap().id;
        server.set_role(&user, &home, Role::Admin).await;
        let stale = server.switch_tenant(&ann.access_token, &other).await;
        assert_refused(stale, Code::Unauthenticated, "CREDENTIAL_STALE");
        let ann = server.refresh(&ann.refresh_token).await.unwrap();
        server.sign_out(&ann.access_token, SignOutScope::Current).await.unwrap();
        let ended = server.switch_tenant(&ann.access_token, &other).await;
        assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
        let ann = server.sign_in("ann@home.com", PASSWORD).await.unwrap();
        server.execute("UPDATE users SET state = 'suspended' WHERE email_key = 'ann@home.com'").await;
        let ended = server.switch_tenant(&ann.access_token, &other).await;
        assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
        assert_eq!(server.count("sessions WHERE end_time IS NULL").await, 1);
    }

    // TK-53: a token is as old as the membership of its own tenant.
    async fn a_role_makes_the_tokens_of_its_tenant_stale(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        let user = ann.user.clone().unwrap().id;
        let there = server.switch_tenant(&ann.access_token, &other).await.unwrap();
        server.set_role(&user, &other, Role::Member).await;
        let stale = server.who_am_i(&there.access_token).await;
        assert_refused(stale, Code::Unauthenticated, "CREDENTIAL_STALE");
        server.who_am_i(&ann.access_token).await.unwrap();
        let there = server.refresh(&there.refresh_token).await.unwrap();
        server.set_role(&user, &home, Role::Admin).await;
        server.who_am_i(&there.access_token).await.unwrap();
        let stale = server.who_am_i(&ann.access_token).await;
        assert_refused(stale, Code::Unauthenticated, "CREDENTIAL_STALE");
        // A role set by plain SQL, which moves no version, is not granted by an older token.
        let id = server.literal(&other);
        server.execute(&format!("UPDATE user_profiles SET role = 'admin' WHERE tenant_id = {id}")).await;
        let me = server.who_am_i(&there.access_token).await.unwrap();
        assert_eq!(me.profile.unwrap().role(), Role::Admin);
    }

    // TK-50: switching does not stretch what the sign-in gave.
    async fn the_new_session_ends_no_later(backend: Backend) {
        let (server, [home, other], ann) = world(backend).await;
        let ahead = server.time_ahead(600);
        server.execute(&format!("UPDATE sessions SET expire_time = {ahead}")).await;
        let there = server.switch_tenant(&ann.access_token, &other).await.unwrap();
        let back = server.switch_tenant(&there.access_token, &home).await.unwrap();
        let late = format!("sessions WHERE expire_time > {}", server.time_ahead(601));
        assert_eq!(server.count("sessions").await, 3);
        assert_eq!(server.count(&late).await, 0);
        let late = format!("sessions WHERE idle_expire_time > {}", server.time_ahead(601));
        assert_eq!(server.count(&late).await, 1, "that of the sign-in alone");
        let next = server.refresh(&back.refresh_token).await.unwrap();
        let (told, now) = (next.refresh_token_expire_time.unwrap(), server.clock.now());
        assert!(told.seconds <= now.as_seconds() + 601);
    }

    // TK-55: a session that opens while all are ended is ended too, or never opens.
    async fn no_switch_outruns_a_sign_out(backend: Backend) {
        let (server, [_, other], _) = world(backend).await;
        for _ in 0..4 {
            let [one, two] = [
                server.sign_in("ann@home.com", PASSWORD).await.unwrap(),
                server.sign_in("ann@home.com", PASSWORD).await.unwrap(),
            ];
            let mut calls: Vec<Call> = (0..15).map(|_| switch(&server, &one, &other)).collect();
            calls.insert(7, sign_out(&server, &two));
            let sid = claims(&one.access_token)["sid"].as_str().unwrap().to_owned();
            let lock = lock_row(&server, "sessions", &sid);
            let mut answers = race(&server, &lock, calls).await;
            answers.remove(7).unwrap();
            for refused in answers.into_iter().filter(Result::is_err) {
                assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
            }
            assert_eq!(server.count("sessions WHERE end_time IS NULL").await, 0);
        }
    }
}
