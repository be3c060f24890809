//! What an operator and an administrator do in a tenant.

use crate::{Outcome, Tour, explain, refused, with_credential};
use reeve::pb::{
    auth::v1::{
        CreateApiKeyRequest, RefreshSessionRequest, Session, TokenInactiveReason,
        ValidateTokenRequest, ValidateTokenResponse, auth_service_client::AuthServiceClient,
    },
    common::v1::Role,
    tenant::v1::{
        CreateTenantRequest, GetTenantRequest, ListUsersRequest, UpdateUserRequest,
        tenant_service_client::TenantServiceClient,
    },
};
use tonic::Code;

impl Tour {
    /// Answers its id.
    pub async fn create_tenant(&self, slug: &str, name: &str, domain: &str) -> Outcome<String> {
        let request = CreateTenantRequest {
            slug: slug.to_owned(),
            display_name: name.to_owned(),
            domains: vec![domain.to_owned()],
            ..CreateTenantRequest::default()
        };
        let created = TenantServiceClient::new(self.channel.clone())
            .create_tenant(with_credential(&self.operator, request)?)
            .await
            .map_err(explain)?
            .into_inner();
        let tenant = created.tenant.ok_or("no tenant in the answer")?;
        println!("tenant {} is {}", tenant.slug, tenant.id);
        Ok(tenant.id)
    }

    /// The operator's word. The token of before ends with the role of before.
    pub async fn make_admin(&self, session: &Session) -> Outcome<Session> {
        self.set_role(&self.operator, session, Role::Admin).await?;
        let request = RefreshSessionRequest { refresh_token: session.refresh_token.clone() };
        let refreshed = AuthServiceClient::new(self.channel.clone())
            .refresh_session(request)
            .await
            .map_err(explain)?
            .into_inner();
        refreshed.session.ok_or_else(|| "no session in the answer".into())
    }

    async fn set_role(&self, credential: &str, of: &Session, role: Role) -> Outcome<()> {
        let of = of.profile.as_ref().ok_or("no profile in the session")?;
        let request = UpdateUserRequest {
            user_id: of.user_id.clone(),
            tenant_id: of.tenant_id.clone(),
            role: role.into(),
            update_mask: Some(prost_types::FieldMask { paths: vec!["role".to_owned()] }),
            ..UpdateUserRequest::default()
        };
        TenantServiceClient::new(self.channel.clone())
            .update_user(with_credential(credential, request)?)
            .await
            .map_err(explain)?;
        println!("{} is {role:?} now", of.email);
        Ok(())
    }

    /// Naming another tenant is refused, and asking for it is as asking for none that exists.
    pub async fn see_nothing_of_globex(&self, bob: &Session) -> Outcome<()> {
        let globex = self.create_tenant("globex", "Globex", "globex.com").await?;
        let mut tenants = TenantServiceClient::new(self.channel.clone());
        let list = ListUsersRequest { tenant_id: globex.clone(), ..Default::default() };
        let answer = tenants.list_users(with_credential(&bob.access_token, list)?).await;
        refused("Bob in globex", answer, Code::PermissionDenied, "TENANT_MISMATCH")?;
        let get = GetTenantRequest { tenant_id: globex };
        let answer = tenants.get_tenant(with_credential(&bob.access_token, get)?).await;
        refused("Bob about globex", answer, Code::NotFound, "NOT_FOUND")
    }

    /// Another service asks about Bob's token, before and after his role changes.
    pub async fn validate_tokens(&self, ann: &Session, bob: &Session) -> Outcome<()> {
        let request = CreateApiKeyRequest {
            name: "billing".to_owned(),
            role: Role::Member.into(),
            scopes: vec!["tokens:validate".to_owned()],
            ..CreateApiKeyRequest::default()
        };
        let key = AuthServiceClient::new(self.channel.clone())
            .create_api_key(with_credential(&ann.access_token, request)?)
            .await
            .map_err(explain)?
            .into_inner()
            .key;
        if !self.validate(&key, bob).await?.active {
            return Err("Bob's token is not active".into());
        }
        self.set_role(&ann.access_token, bob, Role::Admin).await?;
        let stale = self.validate(&key, bob).await?;
        if stale.active || stale.inactive_reason() != TokenInactiveReason::Stale {
            return Err("Bob's token has outlived his role".into());
        }
        println!("Bob's token was good and is stale");
        Ok(())
    }

    async fn validate(&self, key: &str, of: &Session) -> Outcome<ValidateTokenResponse> {
        let request = ValidateTokenRequest { access_token: of.access_token.clone() };
        let answer = AuthServiceClient::new(self.channel.clone())
            .validate_token(with_credential(key, request)?)
            .await
            .map_err(explain)?;
        Ok(answer.into_inner())
    }
}
