//! `ListMyInvitations`: what the caller's own, proven address is invited to.

use super::{BOB, World};
use crate::support::{Backend, assert_refused, invite::returned, server::Metadata};
use prost::Message as _;
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::{Code, Status};

async fn mine(
    it: &World,
    by: &Metadata,
    page_size: i32,
    page_token: &str,
) -> Result<pb::ListMyInvitationsResponse, Status> {
    let request = pb::ListMyInvitationsRequest { page_size, page_token: page_token.to_owned() };
    Ok(it.server.invitations_as(by.clone()).list_my_invitations(request).await?.into_inner())
}

on_both! {
    async fn pending_ones_of_any_tenant_are_listed(backend: Backend) {
        let it = World::new(backend).await;
        let third = it.server.create_tenant("third", &[]).await;
        let (own, token) = it.server.invite(&it.owner, BOB, Role::Admin).await;
        it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        let operator = it.server.operator();
        let other = pb::CreateInvitationRequest { tenant_id: third, ..returned(BOB, Role::Member) };
        it.server.try_invite(&operator, other).await.unwrap();
        let found = mine(&it, &it.bob, 0, "").await.unwrap();
        let names: Vec<_> = found
            .invitations
            .iter()
            .map(|it| (it.tenant_display_name.as_str(), it.role()))
            .collect();
        assert_eq!(names, [("acme", Role::Admin), ("third", Role::Member)]);
        assert_eq!(found.invitations[0].id, own);
        let bytes = found.encode_to_vec();
        for hidden in [&token, &it.owner_id] {
            assert!(!bytes.windows(hidden.len()).any(|part| part == hidden.as_bytes()));
        }
        // Pages, which are the caller's own.
        let first = mine(&it, &it.bob, 1, "").await.unwrap();
        let second = mine(&it, &it.bob, 1, &first.next_page_token).await.unwrap();
        assert_eq!(second.invitations, found.invitations[1..]);
        assert_eq!(second.next_page_token, "");
        let refused = mine(&it, &it.owner, 1, &first.next_page_token).await;
        assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");

        assert_eq!(mine(&it, &it.owner, 0, "").await.unwrap().invitations, []);
        it.server.revoke_invitation(&it.owner, &own).await.unwrap();
        assert_eq!(mine(&it, &it.bob, 0, "").await.unwrap().invitations.len(), 1);
        it.server.age_invitations(8 * 86_400).await;
        assert_eq!(mine(&it, &it.bob, 0, "").await.unwrap().invitations, []);
    }

    // G-02, IN-28: an address that was never proven could be anybody's.
    async fn an_unproven_address_is_shown_nothing(backend: Backend) {
        let it = World::new(backend).await;
        it.server.invite(&it.owner, BOB, Role::Member).await;
        it.set("users", &it.bob_id, "verified_time = NULL").await;
        let refused = mine(&it, &it.bob, 0, "").await;
        assert_refused(refused, Code::PermissionDenied, "EMAIL_UNVERIFIED");
        let operator = mine(&it, &it.server.operator(), 0, "").await;
        assert_refused(operator, Code::PermissionDenied, "PERMISSION_DENIED");
    }
}
