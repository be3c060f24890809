//! Calls about API keys, and about tokens that somebody else presents.

use super::{Server, server::Metadata};
use reeve::pb::{auth::v1 as pb, common::v1::Role};
use tonic::Status;

/// Every scope there is.
pub const SCOPES: [&str; 8] = [
    "tokens:validate",
    "tenants:read",
    "domains:read",
    "domains:write",
    "users:read",
    "users:write",
    "invitations:read",
    "invitations:write",
];

/// A request for a key that does not run out.
pub fn key_request(role: Role, scopes: &[&str]) -> pb::CreateApiKeyRequest {
    pb::CreateApiKeyRequest {
        name: "test".to_owned(),
        role: role.into(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..Default::default()
    }
}

/// A key as its maker has it.
pub struct MadeKey {
    pub id: String,
    pub text: String,
}

impl MadeKey {
    pub fn credential(&self) -> Metadata {
        Metadata::bearer(&self.text)
    }
}

impl Server {
    pub async fn try_create_key(
        &self,
        by: &Metadata,
        request: pb::CreateApiKeyRequest,
    ) -> Result<pb::CreateApiKeyResponse, Status> {
        Ok(self.auth_as(by.clone()).create_api_key(request).await?.into_inner())
    }

    pub async fn create_key(&self, by: &Metadata, role: Role, scopes: &[&str]) -> MadeKey {
        let made = self.try_create_key(by, key_request(role, scopes)).await.unwrap();
        MadeKey { id: made.api_key.unwrap().id, text: made.key }
    }

    pub async fn try_list_keys(
        &self,
        by: &Metadata,
        request: pb::ListApiKeysRequest,
    ) -> Result<pb::ListApiKeysResponse, Status> {
        Ok(self.auth_as(by.clone()).list_api_keys(request).await?.into_inner())
    }

    /// The keys of the caller's tenant, on one page.
    pub async fn list_keys(&self, by: &Metadata) -> Vec<pb::ApiKey> {
        self.try_list_keys(by, pb::ListApiKeysRequest::default()).await.unwrap().api_keys
    }

    /// Revokes a key of the caller's tenant, or of the one that an operator names.
    pub async fn revoke_key(
        &self,
        by: &Metadata,
        id: &str,
        tenant_id: &str,
    ) -> Result<pb::ApiKey, Status> {
        let (api_key_id, tenant_id) = (id.to_owned(), tenant_id.to_owned());
        let request = pb::RevokeApiKeyRequest { api_key_id, tenant_id };
        let answer = self.auth_as(by.clone()).revoke_api_key(request).await?;
        Ok(answer.into_inner().api_key.unwrap())
    }

    pub async fn validate_token(
        &self,
        by: &Metadata,
        token: &str,
    ) -> Result<pb::ValidateTokenResponse, Status> {
        let request = pb::ValidateTokenRequest { access_token: token.to_owned() };
        Ok(self.auth_as(by.clone()).validate_token(request).await?.into_inner())
    }
}
