//! Ann invites people whom no rule places.

use crate::{Outcome, Tour, explain, refused, with_credential};
use reeve::pb::{
    auth::v1::Session,
    common::v1::Role,
    invitation::v1::{
        CreateInvitationRequest, Delivery, PreviewInvitationRequest,
        invitation_service_client::InvitationServiceClient,
    },
};
use tonic::Code;

const BOB: &str = "bob@else.org";
const CLEO: &str = "cleo@else.org";

impl Tour {
    /// The mail that invites Bob is his proof of the mailbox.
    pub async fn sign_up_by_mailed_invitation(&self, ann: &Session) -> Outcome<Session> {
        self.invite(ann, BOB, Delivery::Outbox).await?;
        let token = self.mailed_to(BOB).await?;
        self.preview(&token).await?;
        let session = self.sign_up(BOB, "Bob", &token).await?.map_err(explain)?;
        let home = |session: &Session| session.tenant.as_ref().map(|tenant| tenant.id.clone());
        if home(&session) == home(ann) { Ok(session) } else { Err("Bob is elsewhere".into()) }
    }

    /// Ann has seen Cleo's link, so Cleo proves her mailbox by another mail.
    pub async fn sign_up_by_returned_invitation(&self, ann: &Session) -> Outcome<()> {
        let invitation = self.invite(ann, CLEO, Delivery::ReturnToken).await?;
        let answer = self.sign_up(CLEO, "Cleo", &invitation).await?;
        refused(CLEO, answer, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED")?;
        self.start_sign_up(CLEO, &invitation).await.map_err(explain)?;
        let proof = self.mailed_to(CLEO).await?;
        self.sign_up(CLEO, "Cleo", &proof).await?.map_err(explain)?;
        Ok(())
    }

    /// Answers the token if it is to be returned.
    async fn invite(&self, by: &Session, email: &str, delivery: Delivery) -> Outcome<String> {
        let request = CreateInvitationRequest {
            email: email.to_owned(),
            role: Role::Member.into(),
            delivery: delivery.into(),
            ..CreateInvitationRequest::default()
        };
        let made = InvitationServiceClient::new(self.channel.clone())
            .create_invitation(with_credential(&by.access_token, request)?)
            .await
            .map_err(explain)?
            .into_inner();
        println!("{email} is invited");
        Ok(made.token)
    }

    /// Uses nothing up.
    async fn preview(&self, token: &str) -> Outcome<()> {
        let request = PreviewInvitationRequest { token: token.to_owned() };
        let preview = InvitationServiceClient::new(self.channel.clone())
            .preview_invitation(request)
            .await
            .map_err(explain)?
            .into_inner();
        let (email, tenant) = (&preview.masked_email, &preview.tenant_display_name);
        println!("{email} may join {tenant} as {:?}", preview.role());
        Ok(())
    }
}
