//! Messages of `reeve.auth.v1` about API keys, and about tokens that others ask for.

use super::{
    super::call::{NamesTenant, Parsed, scope_tenant},
    fields::{Fields, optional_time, page, request_key, required, required_role},
    resources::{role, timestamp},
};
use crate::{
    access::{Action, NamedTenant},
    model::{
        api_key::{ApiKey, KeyScope, KeyScopes},
        error::FieldViolation,
        id::{ApiKeyId, Id as _},
        page::{Page, PageRequest},
        text::DisplayName,
    },
    ops::auth::{CreateApiKey, CreatedApiKey, Inactive, Validated},
    pb::auth::v1 as pb,
    token::AccessClaims,
};
use secrecy::{ExposeSecret as _, SecretString};
use std::mem::take;

macro_rules! names_scope {
    ($($message:ident),+ $(,)?) => { $(
        impl NamesTenant for pb::$message {
            fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
                scope_tenant(&self.tenant_id)
            }
        }
    )+ };
}
names_scope!(CreateApiKeyRequest, ListApiKeysRequest, RevokeApiKeyRequest);

impl NamesTenant for pb::ValidateTokenRequest {
    fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
        Ok(NamedTenant::None)
    }
}

pub(in crate::rpc) fn create_api_key(mut message: pb::CreateApiKeyRequest) -> Parsed<CreateApiKey> {
    let request_id = take(&mut message.request_id);
    let validate_only = take(&mut message.validate_only);
    let mut fields = Fields::default();
    let request = fields.take(request_key(Action::CreateApiKey, &request_id, &message));
    let name = fields.take(name(&message.name));
    let role = fields.take(required_role("role", message.role));
    let scopes = fields.take(scopes(&message.scopes));
    let expire_time = fields.take(optional_time("expire_time", message.expire_time));
    let input = (|| {
        Some(CreateApiKey {
            name: name?,
            role: role?,
            scopes: scopes?,
            expire_time: expire_time?,
            request: request?,
            validate_only,
        })
    })();
    fields.finish(input)
}

fn name(text: &str) -> Result<DisplayName, FieldViolation> {
    required("name", text.trim().to_owned()).and_then(|text| DisplayName::parse("name", &text))
}

fn scopes(names: &[String]) -> Result<KeyScopes, FieldViolation> {
    let refuse = |reason| {
        let all: Vec<&str> = KeyScope::ALL.iter().map(|scope| scope.as_str()).collect();
        FieldViolation::new("scopes", reason, format!("must be at least one of {}", all.join(", ")))
    };
    if names.is_empty() {
        return Err(refuse("REQUIRED"));
    }
    let scopes = names.iter().map(|name| name.parse::<KeyScope>());
    scopes.collect::<Result<_, _>>().map_err(|_| refuse("SCOPE_UNKNOWN"))
}

pub(in crate::rpc) fn create_api_key_response(created: CreatedApiKey) -> pb::CreateApiKeyResponse {
    let key = created.key.as_ref().map(|key| key.expose_secret().to_owned());
    pb::CreateApiKeyResponse {
        api_key: Some(api_key(created.api_key)),
        key: key.unwrap_or_default(),
        replayed: created.replayed,
    }
}

pub(in crate::rpc) fn list_api_keys(message: pb::ListApiKeysRequest) -> Parsed<PageRequest> {
    let mut fields = Fields::default();
    let request = fields.take(page(message.page_size, message.page_token));
    fields.finish(request)
}

pub(in crate::rpc) fn list_api_keys_response(page: Page<ApiKey>) -> pb::ListApiKeysResponse {
    pb::ListApiKeysResponse {
        api_keys: page.items.into_iter().map(api_key).collect(),
        next_page_token: page.next_token,
    }
}

pub(in crate::rpc) fn revoke_api_key(message: pb::RevokeApiKeyRequest) -> Parsed<ApiKeyId> {
    let mut fields = Fields::default();
    let id = fields.take(ApiKeyId::parse("api_key_id", &message.api_key_id));
    fields.finish(id)
}

pub(in crate::rpc) fn revoke_api_key_response(revoked: ApiKey) -> pb::RevokeApiKeyResponse {
    pb::RevokeApiKeyResponse { api_key: Some(api_key(revoked)) }
}

fn api_key(key: ApiKey) -> pb::ApiKey {
    let scopes = key.scopes.iter().map(|scope| scope.as_str().to_owned());
    pb::ApiKey {
        id: key.id.to_string(),
        tenant_id: key.tenant.map(|(tenant, _)| tenant.to_string()).unwrap_or_default(),
        name: key.name.as_str().to_owned(),
        role: key.tenant.map(|(_, held)| role(held).into()).unwrap_or_default(),
        scopes: scopes.collect(),
        created_by: key.created_by.map(|id| id.to_string()).unwrap_or_default(),
        create_time: timestamp(key.create_time),
        expire_time: key.expire_time.and_then(timestamp),
        last_used_time: key.last_used_time.and_then(timestamp),
        revoke_time: key.revoke_time.and_then(timestamp),
    }
}

pub(in crate::rpc) fn validate_token(message: pb::ValidateTokenRequest) -> Parsed<SecretString> {
    let mut fields = Fields::default();
    let token = fields.take(required("access_token", message.access_token));
    fields.finish(token.map(SecretString::from))
}

pub(in crate::rpc) fn validate_token_response(validated: Validated) -> pb::ValidateTokenResponse {
    let why = match validated {
        Ok(said) => {
            let claims = Some(claims(*said));
            return pb::ValidateTokenResponse { active: true, claims, ..Default::default() };
        }
        Err(Inactive::Invalid) => pb::TokenInactiveReason::Invalid,
        Err(Inactive::Expired) => pb::TokenInactiveReason::Expired,
        Err(Inactive::Ended) => pb::TokenInactiveReason::Ended,
        Err(Inactive::Stale) => pb::TokenInactiveReason::Stale,
    };
    pb::ValidateTokenResponse { inactive_reason: why.into(), ..Default::default() }
}

fn claims(claims: AccessClaims) -> pb::TokenClaims {
    let seconds = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
    pb::TokenClaims {
        sub: claims.sub.to_string(),
        sid: claims.sid.to_string(),
        tenant_id: claims.tenant_id.to_string(),
        tenant_slug: claims.tenant_slug,
        role: role(claims.role).into(),
        email_verified: claims.email_verified,
        mver: claims.mver,
        iat: seconds(claims.iat),
        exp: seconds(claims.exp),
        iss: claims.iss,
        aud: claims.aud,
        jti: claims.jti,
    }
}
