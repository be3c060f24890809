//! `reeve.invitation.v1.InvitationService`.

use super::{call::call, convert::invitation as convert};
use crate::{
    access::Action,
    app::App,
    ops::invitation,
    pb::invitation::v1::{self as pb, invitation_service_server},
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub struct InvitationService(pub Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl invitation_service_server::InvitationService for InvitationService {
    async fn create_invitation(
        &self,
        request: Request<pb::CreateInvitationRequest>,
    ) -> Answer<pb::CreateInvitationResponse> {
        call(
            &self.0,
            Action::CreateInvitation,
            request,
            convert::create_invitation,
            invitation::create_invitation,
            convert::create_invitation_response,
        )
        .await
    }

    async fn get_invitation(
        &self,
        request: Request<pb::GetInvitationRequest>,
    ) -> Answer<pb::GetInvitationResponse> {
        call(
            &self.0,
            Action::GetInvitation,
            request,
            convert::get_invitation,
            invitation::get_invitation,
            convert::get_invitation_response,
        )
        .await
    }

    async fn list_invitations(
        &self,
        request: Request<pb::ListInvitationsRequest>,
    ) -> Answer<pb::ListInvitationsResponse> {
        call(
            &self.0,
            Action::ListInvitations,
            request,
            convert::list_invitations,
            invitation::list_invitations,
            convert::list_invitations_response,
        )
        .await
    }

    async fn list_my_invitations(
        &self,
        request: Request<pb::ListMyInvitationsRequest>,
    ) -> Answer<pb::ListMyInvitationsResponse> {
        call(
            &self.0,
            Action::ListMyInvitations,
            request,
            convert::list_my_invitations,
            invitation::list_my_invitations,
            convert::list_my_invitations_response,
        )
        .await
    }

    async fn resend_invitation(
        &self,
        request: Request<pb::ResendInvitationRequest>,
    ) -> Answer<pb::ResendInvitationResponse> {
        call(
            &self.0,
            Action::ResendInvitation,
            request,
            convert::resend_invitation,
            invitation::resend_invitation,
            convert::resend_invitation_response,
        )
        .await
    }

    async fn revoke_invitation(
        &self,
        request: Request<pb::RevokeInvitationRequest>,
    ) -> Answer<pb::RevokeInvitationResponse> {
        call(
            &self.0,
            Action::RevokeInvitation,
            request,
            convert::revoke_invitation,
            invitation::revoke_invitation,
            convert::revoke_invitation_response,
        )
        .await
    }

    async fn preview_invitation(
        &self,
        request: Request<pb::PreviewInvitationRequest>,
    ) -> Answer<pb::PreviewInvitationResponse> {
        call(
            &self.0,
            Action::PreviewInvitation,
            request,
            convert::preview_invitation,
            invitation::preview_invitation,
            convert::preview_invitation_response,
        )
        .await
    }

    async fn accept_invitation(
        &self,
        request: Request<pb::AcceptInvitationRequest>,
    ) -> Answer<pb::AcceptInvitationResponse> {
        call(
            &self.0,
            Action::AcceptInvitation,
            request,
            convert::accept_invitation,
            invitation::accept_invitation,
            convert::accept_invitation_response,
        )
        .await
    }

    async fn decline_invitation(
        &self,
        request: Request<pb::DeclineInvitationRequest>,
    ) -> Answer<pb::DeclineInvitationResponse> {
        call(
            &self.0,
            Action::DeclineInvitation,
            request,
            convert::decline_invitation,
            invitation::decline_invitation,
            convert::decline_invitation_response,
        )
        .await
    }
}
