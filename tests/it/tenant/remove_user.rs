//! `RemoveUser`: out at once, everywhere in the tenant, and what becomes of the account.

use crate::support::{
    Backend, Server, assert_refused, claims, ghost,
    invite::of,
    seen,
    server::{Metadata, PASSWORD},
};
use reeve::pb::{
    auth::v1::{Session, SignOutScope},
    common::v1::Role,
    tenant::v1::{GetUserRequest, ListUsersRequest},
};
use tonic::Code;

/// Ann owns acme; Bob is a member of it, which is his home.
async fn world(backend: Backend) -> (Server, String, Metadata, Session) {
    let server = Server::start(backend).await;
    let acme = server.create_tenant("acme", &["acme.com"]).await;
    let ann = server.sign_up_as("ann@acme.com", Role::Owner).await;
    let bob = server.sign_up("bob@acme.com").await;
    (server, acme, Metadata::bearer(&ann.access_token), bob)
}

/// Fails unless the session is dead, for reads, for writes and for a refresh.
async fn assert_dead(server: &Server, session: &Session) {
    let token = Metadata::bearer(&session.access_token);
    let own = session.user.clone().unwrap().id;
    let read = server.who_am_i(&session.access_token).await;
    assert_refused(read, Code::Unauthenticated, "SESSION_ENDED");
    let read = server.tenant_as(token.clone()).list_users(ListUsersRequest::default()).await;
    assert_refused(read, Code::Unauthenticated, "SESSION_ENDED");
    let write = server.sign_out(&session.access_token, SignOutScope::All).await;
    assert_refused(write, Code::Unauthenticated, "SESSION_ENDED");
    let write = server.update_role(&token, &own, "", Role::Member).await;
    assert_refused(write, Code::Unauthenticated, "SESSION_ENDED");
    let next = server.refresh(&session.refresh_token).await;
    assert_refused(next, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
}

async fn home_of(server: &Server, email: &str) -> String {
    let id = match server.backend {
        Backend::Postgres => "tenant_id::text",
        Backend::Sqlite => "lower(hex(tenant_id))",
    };
    let sql = format!("SELECT {id} AS value FROM users WHERE email_key = '{email}'");
    let text = server.texts(&sql).await.pop().unwrap_or_default();
    uuid::Uuid::try_parse(&text).map(|id| id.to_string()).unwrap_or_default()
}

/// Kind and data of the account's own events, which are of no tenant.
async fn account_events(server: &Server) -> Vec<String> {
    let data = match server.backend {
        Backend::Postgres => "data::text",
        Backend::Sqlite => "data",
    };
    let of = "kind IN ('user.home_moved', 'user.deleted') AND tenant_id IS NULL";
    let sql = format!("SELECT kind || ' ' || {data} AS value FROM events WHERE {of}");
    server.texts(&sql).await.iter().map(|line| line.replace(": ", ":").replace(", ", ",")).collect()
}

on_both! {
    // R-TEN-6, R-TOK-11: both tokens are dead with the answer of the removal.
    async fn a_removed_member_is_out_at_once(backend: Backend) {
        let (server, _, ann, bob) = world(backend).await;
        let second = server.sign_in("bob@acme.com", PASSWORD).await.unwrap();
        let user = bob.user.clone().unwrap().id;
        server.remove_user(&ann, &user, "").await.unwrap();
        for session in [&bob, &second] {
            assert_dead(&server, session).await;
        }
        let refused = server.sign_in("bob@acme.com", PASSWORD).await;
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
        let request = GetUserRequest { user_id: user.clone(), ..Default::default() };
        let gone = server.tenant_as(ann.clone()).get_user(request).await;
        let gone = seen(&assert_refused(gone, Code::NotFound, "NOT_FOUND"));
        // A repeat, like an id that nobody has.
        for id in [&user, &ghost()] {
            let again = server.remove_user(&ann, id, "").await.unwrap_err();
            assert_eq!(seen(&again), gone);
        }
        let id = server.literal(&user);
        let told = format!("events WHERE kind = 'profile.removed' AND actor_kind = 'user' \
                            AND tenant_id IS NOT NULL AND subject_id = {id}");
        assert_eq!(server.count(&told).await, 1);
        assert_eq!(server.count("departures WHERE email_key = 'bob@acme.com'").await, 1);
    }

    // The last membership takes the account with it; the record of what was done stays.
    async fn the_account_goes_with_its_last_membership(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let user = bob.user.unwrap().id;
        server.remove_user(&ann, &user, &acme).await.unwrap();
        for (table, column) in [("users", "id"), ("user_profiles", "user_id"), ("sessions", "user_id")] {
            let rows = format!("{table} WHERE {column} = {}", server.literal(&user));
            assert_eq!(server.count(&rows).await, 0, "{table}");
        }
        assert_eq!(account_events(&server).await, [format!(r#"user.deleted {{"from":"{acme}"}}"#)]);
        let id = server.literal(&user);
        let kept = format!("events WHERE subject_id = {id} AND kind = 'user.created'");
        assert_eq!(server.count(&kept).await, 1);
        // The address is free for another account.
        let beta = server.create_tenant("beta", &[]).await;
        let again = server.insert_user(&beta, "bob@acme.com").await;
        assert_ne!(again, user);
    }

    // Moving home comes before removing its profile: to the oldest live membership.
    async fn home_moves_to_the_oldest_live_membership(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let user = bob.user.unwrap().id;
        let mut others = Vec::new();
        for slug in ["asleep", "muted", "oldest", "newest"] {
            let tenant = server.create_tenant(slug, &[]).await;
            server.set_role(&user, &tenant, Role::Member).await;
            others.push(tenant);
        }
        let of = |index: usize| server.literal(&others[index]);
        server.execute(&format!("UPDATE tenants SET state = 'suspended' WHERE id = {}", of(0))).await;
        let mute = format!("UPDATE user_profiles SET state = 'suspended' WHERE tenant_id = {}", of(1));
        server.execute(&mute).await;
        let there = server.switch_tenant(&bob.access_token, &others[3]).await.unwrap();

        server.remove_user(&ann, &user, "").await.unwrap();
        assert_eq!(home_of(&server, "bob@acme.com").await, others[2]);
        let data = format!(r#"{{"to":"{}","from":"{acme}"}}"#, others[2]);
        let other = format!(r#"{{"from":"{acme}","to":"{}"}}"#, others[2]);
        let events = account_events(&server).await;
        assert!(events == [format!("user.home_moved {data}")] || events == [format!("user.home_moved {other}")], "{events:?}");
        // Where else somebody belongs is not told to the tenant that was left.
        let id = server.literal(&acme);
        let told = format!("events WHERE tenant_id = {id} AND kind LIKE 'user.%' AND kind <> 'user.created'");
        assert_eq!(server.count(&told).await, 0);
        let next = server.sign_in("bob@acme.com", PASSWORD).await.unwrap();
        assert_eq!(claims(&next.access_token)["tenant_id"], others[2].as_str());
        assert_eq!(next.user.unwrap().tenant_id, others[2]);
        // The sessions of the other memberships go on.
        server.who_am_i(&there.access_token).await.unwrap();
        server.refresh(&there.refresh_token).await.unwrap();
        assert_eq!(server.count("departures").await, 1);
    }

    // A suspension elsewhere is not lifted by losing the account, and no tenant loses its owner.
    async fn what_another_tenant_holds_is_not_deleted(backend: Backend) {
        let (server, _, ann, bob) = world(backend).await;
        let user = bob.user.unwrap().id;
        let other = server.create_tenant("other", &[]).await;
        server.set_role(&user, &other, Role::Owner).await;
        let mute = format!("UPDATE tenants SET state = 'suspended' WHERE id = {}", server.literal(&other));
        server.execute(&mute).await;
        server.remove_user(&ann, &user, "").await.unwrap();
        assert_eq!(home_of(&server, "bob@acme.com").await, other);
        let owners = format!("user_profiles WHERE role = 'owner' AND tenant_id = {}", server.literal(&other));
        assert_eq!(server.count(&owners).await, 1);
        let refused = server.sign_in("bob@acme.com", PASSWORD).await;
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
        server.execute(&mute.replace("'suspended'", "'active'")).await;
        let back = server.sign_in("bob@acme.com", PASSWORD).await.unwrap();
        assert_eq!(back.profile.unwrap().role(), Role::Owner);
    }

    // A guest goes, and the home with its sessions stays.
    async fn a_guest_keeps_the_home(backend: Backend) {
        let (server, acme, ann, _) = world(backend).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let guest = server.sign_up("gus@other.com").await;
        let user = guest.user.clone().unwrap().id;
        server.set_role(&user, &acme, Role::Admin).await;
        let here = server.switch_tenant(&guest.access_token, &acme).await.unwrap();
        server.remove_user(&ann, &user, "").await.unwrap();
        assert_dead(&server, &here).await;
        server.who_am_i(&guest.access_token).await.unwrap();
        assert_eq!(home_of(&server, "gus@other.com").await, other);
        assert_eq!(account_events(&server).await, Vec::<String>::new());
        // G-41: the way back is closed.
        let refused = server.switch_tenant(&guest.access_token, &acme).await;
        let refused = assert_refused(refused, Code::NotFound, "NOT_FOUND");
        let absent = server.switch_tenant(&guest.access_token, &ghost()).await.unwrap_err();
        assert_eq!(seen(&refused), seen(&absent));
    }

    // R-INV-6: what was sent before somebody was removed does not bring them back, and what they
    // sent brings in nobody, not even once they are back themselves.
    async fn no_older_invitation_outlives_a_removal(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let ann = of(&server.sign_up_as("ann@acme.com", Role::Owner).await);
        let (_, mailed) = server.invite_by_mail(&ann, "bob@acme.com", Role::Admin).await;
        let bob = server.sign_up("bob@acme.com").await;
        let id = bob.user.clone().unwrap().id;
        server.update_role(&ann, &id, "", Role::Admin).await.unwrap();
        let bob = of(&server.refresh(&bob.refresh_token).await.unwrap());
        let (_, sent) = server.invite_by_mail(&bob, "dan@else.org", Role::Member).await;
        let key = server.create_key(&bob, Role::Admin, &["invitations:write"]).await;
        let (_, by_key) =
            server.invite_by_mail(&key.credential(), "eve@else.org", Role::Member).await;
        let (_, tagged) = server.invite_by_mail(&ann, "bob+x@acme.com", Role::Member).await;
        let (_, another) = server.invite_by_mail(&ann, "bobby@acme.com", Role::Member).await;
        server.remove_user(&ann, &id, "").await.unwrap();
        let revoked = "INVITATION_REVOKED";
        let back = server.try_sign_up(&tagged, "bob+x@acme.com", PASSWORD).await;
        assert_refused(back, Code::FailedPrecondition, revoked);
        server.try_sign_up(&another, "bobby@acme.com", PASSWORD).await.unwrap();
        let back = server.try_sign_up(&mailed, "bob@acme.com", PASSWORD).await;
        assert_refused(back, Code::FailedPrecondition, revoked);
        assert_eq!(server.count("departures").await, 1);
        let (_, anew) = server.invite_by_mail(&ann, "bob@acme.com", Role::Admin).await;
        server.try_sign_up(&anew, "bob@acme.com", PASSWORD).await.unwrap();
        for (token, email) in [(&sent, "dan@else.org"), (&by_key, "eve@else.org")] {
            let in_his_name = server.try_sign_up(token, email, PASSWORD).await;
            assert_refused(in_his_name, Code::FailedPrecondition, revoked);
        }
        assert_eq!(server.count("events WHERE kind = 'invitation.revoked'").await, 4);
    }

    // A tag leads to the same mailbox, so it leads around no removal.
    async fn a_removed_member_does_not_come_back_with_a_tag(backend: Backend) {
        let (server, _, ann, bob) = world(backend).await;
        server.remove_user(&ann, &bob.user.unwrap().id, "").await.unwrap();
        for email in ["bob+again@acme.com", "BOB+@acme.com", "bob@acme.com"] {
            let refused = server.try_start(email).await;
            assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        }
        server.try_start("bobby@acme.com").await.unwrap();
    }

    // A membership that is made again revives no token of the one before.
    async fn old_tokens_stay_dead_when_the_person_comes_back(backend: Backend) {
        let (server, acme, ann, _) = world(backend).await;
        server.create_tenant("other", &["other.com"]).await;
        let guest = server.sign_up("gus@other.com").await;
        let user = guest.user.clone().unwrap().id;
        server.set_role(&user, &acme, Role::Member).await;
        let old = server.switch_tenant(&guest.access_token, &acme).await.unwrap();
        server.execute("CREATE TABLE kept AS SELECT * FROM sessions").await;
        server.remove_user(&ann, &user, "").await.unwrap();
        server.set_role(&user, &acme, Role::Member).await;
        assert_dead(&server, &old).await;
        // Not even with its session: the version of the membership is another.
        let id = server.literal(claims(&old.access_token)["sid"].as_str().unwrap());
        let restore = format!("INSERT INTO sessions SELECT * FROM kept WHERE id = {id}");
        server.execute(&restore).await;
        let stale = server.who_am_i(&old.access_token).await;
        assert_refused(stale, Code::Unauthenticated, "CREDENTIAL_STALE");
        let new = server.switch_tenant(&guest.access_token, &acme).await.unwrap();
        let (before, after) = (claims(&old.access_token), claims(&new.access_token));
        assert!(after["mver"].as_i64() > before["mver"].as_i64());
        server.who_am_i(&new.access_token).await.unwrap();
    }

    // TI-02, TI-05, G-33, G-39, G-40: nobody of another tenant, and nobody elsewhere.
    async fn a_foreign_user_does_not_exist(backend: Backend) {
        let (server, acme, ann, bob) = world(backend).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let foreign = server.sign_up("cyd@other.com").await.user.unwrap().id;
        let (operator, bob) = (server.operator(), bob.user.unwrap().id);
        let unknown = server.remove_user(&ann, &ghost(), "").await;
        let unknown = seen(&assert_refused(unknown, Code::NotFound, "NOT_FOUND"));
        for (caller, user, tenant) in [
            (&ann, &foreign, ""),
            (&ann, &foreign, acme.as_str()),
            (&ann, &acme, ""),
            (&operator, &foreign, &acme),
            (&operator, &bob, &other),
            (&operator, &bob, &ghost()),
        ] {
            let hidden = server.remove_user(caller, user, tenant).await.unwrap_err();
            assert_eq!(seen(&hidden), unknown);
        }
        let refused = server.remove_user(&ann, &bob, &other).await;
        assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
        let refused = server.remove_user(&operator, &bob, "").await;
        assert_refused(refused, Code::InvalidArgument, "TENANT_REQUIRED");
        for malformed in ["", "bob@acme.com", &bob.replace('-', "")] {
            let refused = server.remove_user(&ann, malformed, "").await;
            assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        }
        assert_eq!(server.count("user_profiles").await, 3);
        assert_eq!(server.count("departures").await, 0);
        server.remove_user(&operator, &bob, &acme).await.unwrap();
        assert_eq!(server.count("events WHERE kind = 'profile.removed' AND actor_kind = 'operator'").await, 1);
    }

    async fn an_admin_may_remove_themselves(backend: Backend) {
        let (server, _, _, bob) = world(backend).await;
        let bob = server.with_role(&bob, Role::Admin).await;
        let user = bob.user.clone().unwrap().id;
        server.remove_user(&Metadata::bearer(&bob.access_token), &user, "").await.unwrap();
        assert_dead(&server, &bob).await;
        assert_eq!(server.count("departures").await, 1);
    }
}
