//! Calls of the invitation service.

use super::{Server, server::Metadata};
use reeve::pb::{auth::v1::Session, common::v1::Role, invitation::v1 as pb};
use tonic::Status;

/// A request for an invitation whose token is returned.
pub fn returned(email: &str, role: Role) -> pb::CreateInvitationRequest {
    pb::CreateInvitationRequest {
        email: email.to_owned(),
        role: role.into(),
        delivery: pb::Delivery::ReturnToken.into(),
        ..Default::default()
    }
}

/// A request for an invitation that is mailed.
pub fn mailed(email: &str, role: Role) -> pb::CreateInvitationRequest {
    pb::CreateInvitationRequest {
        delivery: pb::Delivery::Unspecified.into(),
        ..returned(email, role)
    }
}

/// The credential of a session.
pub fn of(session: &Session) -> Metadata {
    Metadata::bearer(&session.access_token)
}

pub fn user_id(session: &Session) -> &str {
    &session.user.as_ref().unwrap().id
}

impl Server {
    pub async fn try_invite(
        &self,
        by: &Metadata,
        request: pb::CreateInvitationRequest,
    ) -> Result<pb::CreateInvitationResponse, Status> {
        let mut client = self.invitations_as(by.clone());
        Ok(client.create_invitation(request).await?.into_inner())
    }

    /// Invites and answers the id and the returned token.
    pub async fn invite(&self, by: &Metadata, email: &str, role: Role) -> (String, String) {
        let made = self.try_invite(by, returned(email, role)).await.unwrap();
        (made.invitation.unwrap().id, made.token)
    }

    /// Invites by mail and answers the id and the token of the mail.
    pub async fn invite_by_mail(&self, by: &Metadata, email: &str, role: Role) -> (String, String) {
        let before = self.tokens_mailed(email);
        let made = self.try_invite(by, mailed(email, role)).await.unwrap();
        (made.invitation.unwrap().id, self.token_mailed_after(email, before).await)
    }

    pub async fn get_invitation(&self, by: &Metadata, id: &str) -> Result<pb::Invitation, Status> {
        let request =
            pb::GetInvitationRequest { invitation_id: id.to_owned(), ..Default::default() };
        let found = self.invitations_as(by.clone()).get_invitation(request).await?;
        Ok(found.into_inner().invitation.unwrap())
    }

    pub async fn revoke_invitation(
        &self,
        by: &Metadata,
        id: &str,
    ) -> Result<pb::Invitation, Status> {
        let request =
            pb::RevokeInvitationRequest { invitation_id: id.to_owned(), ..Default::default() };
        let revoked = self.invitations_as(by.clone()).revoke_invitation(request).await?;
        Ok(revoked.into_inner().invitation.unwrap())
    }

    pub async fn resend_invitation(
        &self,
        by: &Metadata,
        id: &str,
        delivery: pb::Delivery,
    ) -> Result<pb::ResendInvitationResponse, Status> {
        let request = pb::ResendInvitationRequest {
            invitation_id: id.to_owned(),
            delivery: delivery.into(),
            ..Default::default()
        };
        Ok(self.invitations_as(by.clone()).resend_invitation(request).await?.into_inner())
    }

    pub async fn preview_invitation(
        &self,
        token: &str,
    ) -> Result<pb::PreviewInvitationResponse, Status> {
        let request = pb::PreviewInvitationRequest { token: token.to_owned() };
        Ok(self.invitations().preview_invitation(request).await?.into_inner())
    }

    pub async fn decline_invitation(&self, token: &str) -> Result<(), Status> {
        let request = pb::DeclineInvitationRequest { token: token.to_owned() };
        self.invitations().decline_invitation(request).await.map(drop)
    }

    pub async fn accept_by_id(
        &self,
        by: &Metadata,
        id: &str,
    ) -> Result<pb::AcceptInvitationResponse, Status> {
        let request =
            pb::AcceptInvitationRequest { invitation_id: id.to_owned(), token: String::new() };
        Ok(self.invitations_as(by.clone()).accept_invitation(request).await?.into_inner())
    }

    pub async fn accept_by_token(
        &self,
        by: &Metadata,
        token: &str,
    ) -> Result<pb::AcceptInvitationResponse, Status> {
        let request =
            pb::AcceptInvitationRequest { invitation_id: String::new(), token: token.to_owned() };
        Ok(self.invitations_as(by.clone()).accept_invitation(request).await?.into_inner())
    }

    /// Moves every invitation into the past.
    pub async fn age_invitations(&self, seconds: i64) {
        let moved = ["create_time", "token_time", "expire_time"]
            .map(|column| format!("{column} = {}", self.shifted(column, -seconds)));
        self.execute(&format!("UPDATE invitation_tokens SET {}", moved.join(", "))).await;
    }
}
