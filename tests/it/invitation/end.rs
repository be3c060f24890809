//! `RevokeInvitation` and `DeclineInvitation`: how an invitation ends without a member.

use super::{BOB, World};
use crate::support::{Backend, assert_refused, ghost, invite::of, seen};
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::Code;

on_both! {
    // IN-07, IN-35, R-INV-7: a revoked token is dead, and a repeat changes nothing.
    async fn a_revoked_invitation_is_dead(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let revoked = it.server.revoke_invitation(&it.owner, &id).await.unwrap();
        assert_eq!(revoked.state(), pb::InvitationState::Revoked);
        for _ in 0..2 {
            let again = it.server.revoke_invitation(&it.owner, &id).await.unwrap();
            assert_eq!(again, revoked);
        }
        for refused in [
            it.server.preview_invitation(&token).await.map(drop),
            it.server.decline_invitation(&token).await,
            it.server.accept_by_token(&it.bob, &token).await.map(drop),
            it.server.accept_by_id(&it.bob, &id).await.map(drop),
        ] {
            assert_refused(refused, Code::FailedPrecondition, "INVITATION_REVOKED");
        }
        assert_eq!(it.role_of_bob().await, None);
        assert_eq!(it.server.count("events WHERE kind = 'invitation.revoked'").await, 1);
    }

    // IN-34, IN-35: who holds the token may turn it down, without an account.
    async fn a_declined_invitation_is_dead(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        for _ in 0..2 {
            it.server.decline_invitation(&token).await.unwrap();
        }
        let read = it.server.get_invitation(&it.owner, &id).await.unwrap();
        assert_eq!(read.state(), pb::InvitationState::Declined);
        assert_eq!((read.accept_time, read.accepted_by.as_str()), (None, ""));
        for refused in [
            it.server.preview_invitation(&token).await.map(drop),
            it.server.accept_by_token(&it.bob, &token).await.map(drop),
            it.server.accept_by_id(&it.bob, &id).await.map(drop),
            it.server.revoke_invitation(&it.owner, &id).await.map(drop),
        ] {
            assert_refused(refused, Code::FailedPrecondition, "INVITATION_DECLINED");
        }
        assert_eq!(it.role_of_bob().await, None);
        assert_eq!(it.server.count("events WHERE kind = 'invitation.declined'").await, 1);
        // It makes place for another one.
        it.server.invite(&it.owner, BOB, Role::Member).await;
    }

    async fn what_has_ended_otherwise_says_how(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
        let refused = it.server.revoke_invitation(&it.owner, &id).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_ACCEPTED");
        let refused = it.server.decline_invitation(&token).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_ACCEPTED");
        assert_eq!(it.role_of_bob().await.as_deref(), Some("member"));

        let (id, token) = it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        it.server.age_invitations(8 * 86_400).await;
        let refused = it.server.revoke_invitation(&it.owner, &id).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_EXPIRED");
        let refused = it.server.decline_invitation(&token).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_EXPIRED");
    }

    // G-14, G-48: nobody takes back what stands above them.
    async fn nobody_revokes_above_their_own_role(backend: Backend) {
        let it = World::new(backend).await;
        let admin = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        let (high, _) = it.server.invite(&it.owner, "o@else.org", Role::Owner).await;
        let (low, _) = it.server.invite(&it.owner, BOB, Role::Admin).await;
        let refused = it.server.revoke_invitation(&admin, &high).await;
        assert_refused(refused, Code::PermissionDenied, "ROLE_TOO_HIGH");
        it.server.revoke_invitation(&admin, &low).await.unwrap();
        let absent = it.server.revoke_invitation(&admin, &ghost()).await;
        assert_refused(absent, Code::NotFound, "NOT_FOUND");
        let state = it.server.get_invitation(&it.owner, &high).await.unwrap().state();
        assert_eq!(state, pb::InvitationState::Pending);
    }

    // R-INV-7: no text that is no token is told from another.
    async fn wrong_tokens_are_one_answer(backend: Backend) {
        let it = World::new(backend).await;
        let (_, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let long = "A".repeat(100_000);
        let mut answers = Vec::new();
        for wrong in ["x", &token[..42], &format!("{token}A"), &"A".repeat(43), &long, "\0", &ghost()] {
            for refused in [
                it.server.preview_invitation(wrong).await.map(drop),
                it.server.decline_invitation(wrong).await,
                it.server.accept_by_token(&it.bob, wrong).await.map(drop),
            ] {
                answers.push(seen(&assert_refused(refused, Code::NotFound, "NOT_FOUND")));
            }
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        for refused in [
            it.server.preview_invitation("").await.map(drop),
            it.server.decline_invitation("").await,
        ] {
            assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        }
        // They are counted: by source, and from everywhere.
        it.server.execute("UPDATE throttle SET count = 300").await;
        let limited = it.server.preview_invitation(&token).await;
        assert_refused(limited, Code::ResourceExhausted, "RATE_LIMITED");
    }
}
