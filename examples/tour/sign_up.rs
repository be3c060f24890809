//! Ann signs up: her domain places her, and the mail proves that the mailbox is hers.

use crate::{Outcome, Tour, explain, refused, with_credential};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reeve::pb::auth::v1::{
    Session, SignUpRequest, StartSignUpRequest, WhoAmIRequest,
    auth_service_client::AuthServiceClient,
};
use tonic::{Code, Status};

const ANN: &str = "ann@acme.com";
const BOB: &str = "bob@else.org";

impl Tour {
    pub async fn sign_up_by_domain(&self) -> Outcome<Session> {
        self.start_sign_up(ANN, "").await.map_err(explain)?;
        let token = self.mailed_to(ANN).await?;
        println!("{ANN} has a proof of the mailbox");
        self.sign_up(ANN, "Ann", &token).await?.map_err(explain)
    }

    /// Nothing places Bob's address.
    pub async fn be_refused(&self) -> Outcome<()> {
        let answer = self.start_sign_up(BOB, "").await;
        refused(BOB, answer, Code::FailedPrecondition, "TENANT_UNRESOLVED")
    }

    pub async fn start_sign_up(&self, email: &str, invitation_token: &str) -> Result<(), Status> {
        let request = StartSignUpRequest {
            email: email.to_owned(),
            invitation_token: invitation_token.to_owned(),
        };
        AuthServiceClient::new(self.channel.clone()).start_sign_up(request).await.map(drop)
    }

    /// The inner result is the server's answer.
    pub async fn sign_up(
        &self,
        email: &str,
        name: &str,
        token: &str,
    ) -> Outcome<Result<Session, Status>> {
        let request = SignUpRequest {
            token: token.to_owned(),
            email: email.to_owned(),
            password: "four quiet herons wade".to_owned(),
            display_name: name.to_owned(),
        };
        let answer = AuthServiceClient::new(self.channel.clone()).sign_up(request).await;
        let session = match answer {
            Ok(answer) => answer.into_inner().session.ok_or("no session in the answer")?,
            Err(status) => return Ok(Err(status)),
        };
        println!("{email} has signed up");
        Ok(Ok(session))
    }

    pub async fn who_am_i(&self, access_token: &str) -> Outcome<()> {
        let me = AuthServiceClient::new(self.channel.clone())
            .who_am_i(with_credential(access_token, WhoAmIRequest {})?)
            .await
            .map_err(explain)?
            .into_inner();
        let profile = me.profile.ok_or("no profile in the answer")?;
        println!("{} is {:?} in {}", profile.display_name, profile.role(), profile.tenant_id);
        Ok(())
    }
}

/// Reads the claims. A service that accepts the token verifies it with the keys of `GetJwks`.
pub fn show_claims(access_token: &str) -> Outcome<()> {
    let payload = access_token.split('.').nth(1).ok_or("the access token is no JWT")?;
    let claims: serde_json::Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload)?)?;
    let tenant = claims["tenant_id"].as_str().ok_or("the access token has no tenant_id")?;
    println!("the access token carries tenant_id {tenant}");
    Ok(())
}
