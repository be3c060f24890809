//! `AcceptInvitation`: who was invited comes in, once, as invited.

use super::{BOB, World};
use crate::support::{
    Backend, Options, Server, assert_refused, claims, ghost, invite::of, seen, server::PASSWORD,
};
use reeve::pb::{
    common::v1::{ProfileState, Role},
    invitation::v1 as pb,
};
use tonic::Code;

on_both! {
    // IN-02, IN-35: somebody with an account accepts, by id.
    async fn an_account_gets_its_second_tenant(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Admin).await;
        let accepted = it.server.accept_by_id(&it.bob, &id).await.unwrap();
        let (profile, tenant) = (accepted.profile.unwrap(), accepted.tenant.unwrap());
        assert_eq!((tenant.id.as_str(), tenant.slug.as_str()), (it.acme.as_str(), "acme"));
        assert_eq!((&profile.tenant_id, &profile.user_id), (&it.acme, &it.bob_id));
        assert_eq!((profile.email.as_str(), profile.display_name.as_str()), (BOB, "Test Person"));
        assert_eq!((profile.role(), profile.state()), (Role::Admin, ProfileState::Active));
        let read = it.server.get_invitation(&it.owner, &id).await.unwrap();
        assert_eq!(read.state(), pb::InvitationState::Accepted);
        assert_eq!(read.accepted_by, it.bob_id);
        assert!(read.accept_time.is_some());
        // The membership's version is its event's position.
        let position = "SELECT position AS value FROM events WHERE kind = 'profile.created' AND actor_kind = 'user'";
        let user = it.server.literal(&it.bob_id);
        let mver = format!("SELECT max(mver) AS value FROM user_profiles WHERE user_id = {user}");
        assert_eq!(it.server.number(&mver).await, it.server.number(position).await);
        let accepted = "SELECT CAST(data AS TEXT) AS value FROM events \
                        WHERE kind = 'invitation.accepted'";
        let accepted = it.server.texts(accepted).await;
        assert!(accepted.len() == 1 && accepted[0].contains(&it.bob_id), "{accepted:?}");
    }

    // R-INV-5, IN-26, G-09: no session, no other active tenant, no other password.
    async fn accepting_changes_nothing_but_the_membership(backend: Backend) {
        let it = World::new(backend).await;
        let (_, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        let hash = "SELECT password_hash AS value FROM users WHERE email = 'bob@globex.com'";
        let (before, sessions) = (it.server.texts(hash).await, it.server.count("sessions").await);
        it.server.accept_by_token(&it.bob, &token).await.unwrap();
        assert_eq!(it.server.texts(hash).await, before);
        assert_eq!(it.server.count("sessions").await, sessions);
        let session = it.server.sign_in(BOB, PASSWORD).await.unwrap();
        assert_eq!(claims(&session.access_token)["tenant_id"], it.globex.as_str());
        assert_eq!(session.user.unwrap().tenant_id, it.globex);
        let who = it.server.who_am_i(&session.access_token).await.unwrap();
        let memberships: Vec<_> =
            who.memberships.into_iter().map(|it| it.tenant.unwrap().slug).collect();
        assert_eq!(memberships, ["globex", "acme"]);
    }

    // IN-08, IN-37: the same person again gets the same answer, and nothing changes.
    async fn a_repeat_answers_the_membership(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let first = it.server.accept_by_id(&it.bob, &id).await.unwrap();
        let events = it.server.count("events").await;
        for again in [
            it.server.accept_by_id(&it.bob, &id).await,
            it.server.accept_by_token(&it.bob, &token).await,
        ] {
            assert_eq!(again.unwrap(), first);
        }
        assert_eq!(it.server.count("events").await, events);
        // IN-38: a role that was changed since stays.
        it.server.set_role(&it.bob_id, &it.acme, Role::Admin).await;
        let again = it.server.accept_by_id(&it.bob, &id).await.unwrap();
        assert_eq!(again.profile.unwrap().role(), Role::Admin);
        // The door does not open a second time for who was suspended or removed.
        it.set_profile(&it.bob_id, "state = 'suspended'").await;
        let refused = it.server.accept_by_id(&it.bob, &id).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_ACCEPTED");
        let (user, tenant) = (it.server.literal(&it.bob_id), it.server.literal(&it.acme));
        let sql = format!("DELETE FROM user_profiles WHERE user_id = {user} AND tenant_id = {tenant}");
        it.server.execute(&sql).await;
        let refused = it.server.accept_by_id(&it.bob, &id).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_ACCEPTED");
        assert_eq!(it.role_of_bob().await, None);
    }

    // An invitation never changes a role that is there.
    async fn a_member_stays_what_they_are(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Owner).await;
        it.server.set_role(&it.bob_id, &it.acme, Role::Member).await;
        for refused in [
            it.server.accept_by_id(&it.bob, &id).await,
            it.server.accept_by_token(&it.bob, &token).await,
        ] {
            assert_refused(refused, Code::AlreadyExists, "ALREADY_MEMBER");
        }
        assert_eq!(it.role_of_bob().await.as_deref(), Some("member"));
        let state = it.server.get_invitation(&it.owner, &id).await.unwrap().state();
        assert_eq!(state, pb::InvitationState::Pending);
    }

    // IN-10, IN-11, G-13, R-INV-4: only who was invited gets in.
    async fn somebody_else_does_not_get_in(backend: Backend) {
        let it = World::new(backend).await;
        let eve = of(&it.server.sign_up("eve@globex.com").await);
        let (id, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Owner).await;
        let refused = it.server.accept_by_token(&eve, &token).await;
        assert_refused(refused, Code::PermissionDenied, "EMAIL_MISMATCH");
        let foreign = it.server.accept_by_id(&eve, &id).await;
        let foreign = assert_refused(foreign, Code::NotFound, "NOT_FOUND");
        let absent = it.server.accept_by_id(&eve, &ghost()).await.unwrap_err();
        assert_eq!(seen(&foreign), seen(&absent));
        // Not even how it ended is told to others.
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
        let refused = it.server.accept_by_token(&eve, &token).await;
        assert_refused(refused, Code::PermissionDenied, "EMAIL_MISMATCH");
        let anonymous = pb::AcceptInvitationRequest { token, ..Default::default() };
        let refused = it.server.invitations().accept_invitation(anonymous.clone()).await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_MISSING");
        let operator = it.server.invitations_as(it.server.operator()).accept_invitation(anonymous).await;
        assert_refused(operator, Code::PermissionDenied, "PERMISSION_DENIED");
        assert_eq!(it.server.count("user_profiles WHERE role = 'owner'").await, 2);
    }

    async fn either_an_id_or_a_token(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        for (invitation_id, token) in
            [(String::new(), String::new()), (id.clone(), token.clone()), ("x".into(), String::new())]
        {
            let request = pb::AcceptInvitationRequest { invitation_id, token, ..Default::default() };
            let refused = it.server.invitations_as(it.bob.clone()).accept_invitation(request).await;
            assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        }
        assert_eq!(it.role_of_bob().await, None);
    }

    // G-05, IN-06, R-INV-3: expiry is checked at use; no cleaner has to run first.
    async fn an_expired_invitation_admits_nobody(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let past = match backend {
            Backend::Postgres => "clock_timestamp() - interval '50 milliseconds'".to_owned(),
            Backend::Sqlite => "CAST(unixepoch('subsec') * 1000000 AS INTEGER) - 50000".to_owned(),
        };
        it.set("invitation_tokens", &id, &format!("expire_time = {past}")).await;
        for refused in [
            it.server.accept_by_id(&it.bob, &id).await,
            it.server.accept_by_token(&it.bob, &token).await,
        ] {
            assert_refused(refused, Code::FailedPrecondition, "INVITATION_EXPIRED");
        }
        assert_eq!(it.server.count("invitation_tokens WHERE state = 'pending'").await, 1);
        assert_eq!(it.role_of_bob().await, None);
    }

    // IN-40: what was promised before a restart holds after it.
    async fn an_invitation_outlives_a_restart(backend: Backend) {
        let mut it = World::new(backend).await;
        let (_, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        it.server.stop().await.unwrap();
        let database = it.server.database.take();
        let data_dir = std::mem::replace(&mut it.server.data_dir, tempfile::tempdir().unwrap());
        let again = Server::start_on(backend, database, data_dir, Options::default()).await;
        again.preview_invitation(&token).await.unwrap();
        let bob = of(&again.sign_in(BOB, PASSWORD).await.unwrap());
        again.accept_by_token(&bob, &token).await.unwrap();
        assert_eq!(again.count("user_profiles").await, 3);
    }

    // A departure is forgotten with the invitation that follows it.
    async fn who_is_invited_back_has_not_departed(backend: Backend) {
        let it = World::new(backend).await;
        let (tenant, now) = (it.server.literal(&it.acme), it.server.time_ahead(0));
        it.server
            .execute(&format!(
                "INSERT INTO departures (tenant_id, email_key, create_time) \
                 VALUES ({tenant}, '{BOB}', {now})"
            ))
            .await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        assert_eq!(it.server.count("departures").await, 1);
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
        assert_eq!(it.server.count("departures").await, 0);
    }
}
