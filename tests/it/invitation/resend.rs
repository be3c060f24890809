//! `ResendInvitation`: a new token, and the old one is dead.

use super::{BOB, World};
use crate::support::{
    Backend, assert_refused,
    invite::{mailed, of},
};
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::Code;
use tonic_types::StatusExt as _;

const KEEP: pb::Delivery = pb::Delivery::Unspecified;

on_both! {
    // IN-17, R-INV-7: the old token dies, the invitation begins anew.
    async fn a_resend_kills_the_old_token(backend: Backend) {
        let it = World::new(backend).await;
        let (id, old) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let before = it.server.get_invitation(&it.owner, &id).await.unwrap();
        it.server.age_invitations(3 * 86_400).await;
        let resent = it.server.resend_invitation(&it.owner, &id, KEEP).await.unwrap();
        assert_eq!(resent.token.len(), 43);
        assert!(resent.invite_url.contains(&resent.token), "{}", resent.invite_url);
        let after = resent.invitation.unwrap();
        assert_eq!((&after.id, after.delivery()), (&id, pb::Delivery::ReturnToken));
        let (was, is) = (before.expire_time.unwrap().seconds, after.expire_time.unwrap().seconds);
        assert!((was..was + 60).contains(&is), "seven days from now, not from then: {was} {is}");
        for gone in [
            it.server.preview_invitation(&old).await.map(drop),
            it.server.decline_invitation(&old).await,
            it.server.accept_by_token(&it.bob, &old).await.map(drop),
        ] {
            assert_refused(gone, Code::NotFound, "NOT_FOUND");
        }
        it.server.accept_by_token(&it.bob, &resent.token).await.unwrap();
        assert_eq!(it.server.count("events WHERE kind = 'invitation.resent'").await, 1);
    }

    // A mailed invitation is mailed again; a returned token shows up in no mail.
    async fn the_new_token_leaves_as_it_is_told(backend: Backend) {
        let it = World::new(backend).await;
        let (id, first) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        it.server.age_invitations(120).await;
        let again = it.server.resend_invitation(&it.owner, &id, KEEP).await.unwrap();
        assert_eq!((again.token.as_str(), again.invite_url.as_str()), ("", ""));
        it.server.mails_sent(4).await;
        let second = it.server.mailed_token(BOB).await;
        assert_ne!(first, second);
        it.server.preview_invitation(&second).await.unwrap();

        it.server.age_invitations(120).await;
        let returned = pb::Delivery::ReturnToken;
        let third = it.server.resend_invitation(&it.owner, &id, returned).await.unwrap();
        assert_eq!(third.invitation.unwrap().delivery(), returned);
        assert_eq!(it.server.count("mail_outbox WHERE template = 'invitation'").await, 2);
        assert_ne!(third.token, second);
        it.server.preview_invitation(&third.token).await.unwrap();
    }

    async fn resends_cool_down_and_end(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let soon = it.server.resend_invitation(&it.owner, &id, KEEP).await;
        let status = assert_refused(soon, Code::ResourceExhausted, "RATE_LIMITED");
        let details = status.get_error_details();
        let wait = details.retry_info().unwrap().retry_delay.unwrap().as_secs();
        assert!((50..=60).contains(&wait), "{wait}");
        for _ in 0..5 {
            it.server.age_invitations(61).await;
            it.server.resend_invitation(&it.owner, &id, KEEP).await.unwrap();
        }
        it.server.age_invitations(61).await;
        let sixth = it.server.resend_invitation(&it.owner, &id, KEEP).await;
        let status = assert_refused(sixth, Code::FailedPrecondition, "RESEND_LIMIT_REACHED");
        assert_eq!(status.get_error_details().error_info().unwrap().metadata["limit"], "5");
        it.server.revoke_invitation(&it.owner, &id).await.unwrap();
        it.server.invite(&it.owner, BOB, Role::Member).await;
    }

    async fn what_has_ended_is_not_resent(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        it.server.age_invitations(120).await;
        for (state, accepted, reason) in [
            ("revoked", "NULL", "INVITATION_REVOKED"),
            ("declined", "NULL", "INVITATION_DECLINED"),
            ("expired", "NULL", "INVITATION_EXPIRED"),
            ("accepted", "id", "INVITATION_ACCEPTED"),
        ] {
            let columns =
                format!("state = '{state}', accepted_by = {accepted}, end_time = create_time");
            it.set("invitation_tokens", &id, &columns).await;
            let refused = it.server.resend_invitation(&it.owner, &id, KEEP).await;
            assert_refused(refused, Code::FailedPrecondition, reason);
        }
        let pending = "state = 'pending', accepted_by = NULL, end_time = NULL";
        it.set("invitation_tokens", &id, pending).await;
        it.server.age_invitations(7 * 86_400).await;
        let refused = it.server.resend_invitation(&it.owner, &id, KEEP).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_EXPIRED");
        let operator = it.server.operator();
        it.server.age_invitations(-86_400).await;
        it.set("tenants", &it.acme, "enrollment = 'closed'").await;
        let request = pb::ResendInvitationRequest {
            invitation_id: id.clone(),
            tenant_id: it.acme.clone(),
            ..Default::default()
        };
        let refused = it.server.invitations_as(operator).resend_invitation(request).await;
        assert_refused(refused, Code::FailedPrecondition, "ENROLLMENT_CLOSED");
        assert_eq!(it.server.count("invitation_tokens WHERE resend_count = 0").await, 1);
    }

    // R-INV-6, G-14: whoever resends vouches for it, so nobody resends above their own role.
    async fn a_resend_rests_on_whoever_resends(backend: Backend) {
        let it = World::new(backend).await;
        let adam = it.server.sign_up_as("adam@acme.com", Role::Admin).await;
        let adam_id = crate::support::invite::user_id(&adam).to_owned();
        let adam = of(&adam);
        let high = it.server.try_invite(&it.owner, mailed("o@else.org", Role::Owner)).await;
        let high = high.unwrap().invitation.unwrap().id;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        it.server.age_invitations(120).await;
        let refused = it.server.resend_invitation(&adam, &high, KEEP).await;
        assert_refused(refused, Code::PermissionDenied, "ROLE_TOO_HIGH");
        // Ann is not what she was; what she made is void until Adam vouches for it.
        it.set_profile(&it.owner_id, "role = 'member'").await;
        let void = it.server.accept_by_id(&it.bob, &id).await;
        assert_refused(void, Code::FailedPrecondition, "INVITATION_VOID");
        let resent = it.server.resend_invitation(&adam, &id, KEEP).await.unwrap();
        assert_eq!(resent.invitation.unwrap().invited_by, adam_id);
        it.server.accept_by_id(&it.bob, &id).await.unwrap();
    }
}
