//! Calls that many tests make, and what they look at in the answers.

use super::{Server, server::Metadata};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reeve::pb::{
    auth::v1 as auth,
    common::v1::{Profile, Role},
    sync::v1::CreateProfileRequest,
    tenant::v1::{AddDomainRequest, RemoveDomainRequest, RemoveUserRequest, UpdateUserRequest},
};
use tonic::{Code, Status};

impl Server {
    pub async fn try_start(&self, email: &str) -> Result<auth::StartSignUpResponse, Status> {
        self.try_start_invited(email, "").await
    }

    /// Starts a sign-up with the token of an invitation.
    pub async fn try_start_invited(
        &self,
        email: &str,
        invitation_token: &str,
    ) -> Result<auth::StartSignUpResponse, Status> {
        let (email, invitation_token) = (email.to_owned(), invitation_token.to_owned());
        let request = auth::StartSignUpRequest { email, invitation_token };
        Ok(self.auth().start_sign_up(request).await?.into_inner())
    }

    pub async fn try_sign_up(
        &self,
        token: &str,
        email: &str,
        password: &str,
    ) -> Result<auth::Session, Status> {
        let request = auth::SignUpRequest {
            token: token.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
            display_name: "Test Person".to_owned(),
        };
        Ok(self.auth().sign_up(request).await?.into_inner().session.unwrap())
    }

    pub async fn refresh(&self, token: &str) -> Result<auth::Session, Status> {
        let request = auth::RefreshSessionRequest { refresh_token: token.to_owned() };
        Ok(self.auth().refresh_session(request).await?.into_inner().session.unwrap())
    }

    pub async fn who_am_i(&self, access_token: &str) -> Result<auth::WhoAmIResponse, Status> {
        let mut client = self.auth_as(Metadata::bearer(access_token));
        Ok(client.who_am_i(auth::WhoAmIRequest {}).await?.into_inner())
    }

    pub async fn sign_out(
        &self,
        access_token: &str,
        scope: auth::SignOutScope,
    ) -> Result<(), Status> {
        let request = auth::SignOutRequest { scope: scope.into() };
        self.auth_as(Metadata::bearer(access_token)).sign_out(request).await.map(drop)
    }

    /// Gives a user a role in a tenant, and the membership if there is none, by the operator.
    pub async fn set_role(&self, user_id: &str, tenant_id: &str, role: Role) {
        let request = CreateProfileRequest {
            user_id: user_id.to_owned(),
            tenant_id: tenant_id.to_owned(),
            role: role.into(),
            ..Default::default()
        };
        self.sync_as(self.operator()).create_profile(request).await.unwrap();
    }

    /// Gives a role in the session's tenant, and a token that fits it.
    pub async fn with_role(&self, session: &auth::Session, role: Role) -> auth::Session {
        let profile = session.profile.as_ref().unwrap();
        self.set_role(&profile.user_id, &profile.tenant_id, role).await;
        self.refresh(&session.refresh_token).await.unwrap()
    }

    /// Signs somebody up and gives them a role in their home tenant.
    pub async fn sign_up_as(&self, email: &str, role: Role) -> auth::Session {
        let session = self.sign_up(email).await;
        self.with_role(&session, role).await
    }

    pub async fn switch_tenant(
        &self,
        access_token: &str,
        tenant_id: &str,
    ) -> Result<auth::Session, Status> {
        let request = auth::SwitchTenantRequest { tenant_id: tenant_id.to_owned() };
        let answer = self.auth_as(Metadata::bearer(access_token)).switch_tenant(request).await?;
        Ok(answer.into_inner().session.unwrap())
    }

    pub async fn leave_tenant(&self, access_token: &str, tenant_id: &str) -> Result<(), Status> {
        let request = auth::LeaveTenantRequest { tenant_id: tenant_id.to_owned() };
        self.auth_as(Metadata::bearer(access_token)).leave_tenant(request).await.map(drop)
    }

    /// Sets a role in the caller's tenant, or in the one that an operator names.
    pub async fn update_role(
        &self,
        caller: &Metadata,
        user_id: &str,
        tenant_id: &str,
        role: Role,
    ) -> Result<Profile, Status> {
        let request = role_change(user_id, tenant_id, role);
        let answer = self.tenant_as(caller.clone()).update_user(request).await?;
        Ok(answer.into_inner().profile.unwrap())
    }

    pub async fn remove_user(
        &self,
        caller: &Metadata,
        user_id: &str,
        tenant_id: &str,
    ) -> Result<(), Status> {
        let (user_id, tenant_id) = (user_id.to_owned(), tenant_id.to_owned());
        let request = RemoveUserRequest { user_id, tenant_id };
        self.tenant_as(caller.clone()).remove_user(request).await.map(drop)
    }

    /// Gives a domain to a tenant and answers the domain's id.
    pub async fn add_domain(&self, tenant_id: &str, domain: &str, subdomains: bool) -> String {
        let request = AddDomainRequest {
            tenant_id: tenant_id.to_owned(),
            domain: domain.to_owned(),
            include_subdomains: subdomains,
            validate_only: false,
        };
        let added = self.tenant_as(self.operator()).add_domain(request).await.unwrap();
        added.into_inner().domain.unwrap().id
    }

    pub async fn remove_domain(&self, tenant_id: &str, domain_id: &str) {
        let (tenant_id, domain_id) = (tenant_id.to_owned(), domain_id.to_owned());
        let request = RemoveDomainRequest { domain_id, tenant_id };
        self.tenant_as(self.operator()).remove_domain(request).await.unwrap();
    }

    /// Waits, for ten seconds at most, until so many mails were sent.
    pub async fn mails_sent(&self, count: usize) {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
        while self.mails().len() < count {
            assert!(tokio::time::Instant::now() < deadline, "{count} mails did not come");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// How many rows `from` names: a table, with conditions if any.
    pub async fn count(&self, from: &str) -> i64 {
        self.number(&format!("SELECT count(*) AS value FROM {from}")).await
    }
}

/// The request that sets a role and nothing else.
pub fn role_change(user_id: &str, tenant_id: &str, role: Role) -> UpdateUserRequest {
    UpdateUserRequest {
        user_id: user_id.to_owned(),
        tenant_id: tenant_id.to_owned(),
        role: role.into(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["role".to_owned()] }),
        ..Default::default()
    }
}

/// The claims of an access token, unverified.
pub fn claims(token: &str) -> serde_json::Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// All that a caller can tell two refusals apart by.
pub fn seen(status: &Status) -> (Code, String, Vec<u8>) {
    (status.code(), status.message().to_owned(), status.details().to_vec())
}

/// An id that nothing has.
pub fn ghost() -> String {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    uuid::Builder::from_random_bytes(random).into_uuid().to_string()
}
