//! `reeve.auth.v1.AuthService`.

use super::{
    call::call,
    convert::{api_key as convert_key, auth as convert},
};
use crate::{
    access::Action,
    app::App,
    ops::auth,
    pb::auth::v1::{self as pb, auth_service_server},
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub struct AuthService(pub Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl auth_service_server::AuthService for AuthService {
    async fn start_sign_up(
        &self,
        request: Request<pb::StartSignUpRequest>,
    ) -> Answer<pb::StartSignUpResponse> {
        call(
            &self.0,
            Action::StartSignUp,
            request,
            convert::start_sign_up,
            auth::start_sign_up,
            convert::start_sign_up_response,
        )
        .await
    }

    async fn sign_up(&self, request: Request<pb::SignUpRequest>) -> Answer<pb::SignUpResponse> {
        call(
            &self.0,
            Action::SignUp,
            request,
            convert::sign_up,
            auth::sign_up,
            convert::sign_up_response,
        )
        .await
    }

    async fn sign_in(&self, request: Request<pb::SignInRequest>) -> Answer<pb::SignInResponse> {
        call(
            &self.0,
            Action::SignIn,
            request,
            convert::sign_in,
            auth::sign_in,
            convert::sign_in_response,
        )
        .await
    }

    async fn refresh_session(
        &self,
        request: Request<pb::RefreshSessionRequest>,
    ) -> Answer<pb::RefreshSessionResponse> {
        call(
            &self.0,
            Action::RefreshSession,
            request,
            convert::refresh_session,
            auth::refresh_session,
            convert::refresh_session_response,
        )
        .await
    }

    async fn sign_out(&self, request: Request<pb::SignOutRequest>) -> Answer<pb::SignOutResponse> {
        call(
            &self.0,
            Action::SignOut,
            request,
            convert::sign_out,
            auth::sign_out,
            convert::sign_out_response,
        )
        .await
    }

    async fn who_am_i(&self, request: Request<pb::WhoAmIRequest>) -> Answer<pb::WhoAmIResponse> {
        call(
            &self.0,
            Action::WhoAmI,
            request,
            convert::who_am_i,
            auth::who_am_i,
            convert::who_am_i_response,
        )
        .await
    }

    async fn switch_tenant(
        &self,
        request: Request<pb::SwitchTenantRequest>,
    ) -> Answer<pb::SwitchTenantResponse> {
        call(
            &self.0,
            Action::SwitchTenant,
            request,
            convert::switch_tenant,
            auth::switch_tenant,
            convert::switch_tenant_response,
        )
        .await
    }

    async fn leave_tenant(
        &self,
        request: Request<pb::LeaveTenantRequest>,
    ) -> Answer<pb::LeaveTenantResponse> {
        call(
            &self.0,
            Action::LeaveTenant,
            request,
            convert::leave_tenant,
            auth::leave_tenant,
            convert::leave_tenant_response,
        )
        .await
    }

    async fn get_jwks(&self, request: Request<pb::GetJwksRequest>) -> Answer<pb::GetJwksResponse> {
        call(
            &self.0,
            Action::GetJwks,
            request,
            convert::get_jwks,
            auth::get_jwks,
            convert::get_jwks_response,
        )
        .await
    }

    async fn create_api_key(
        &self,
        request: Request<pb::CreateApiKeyRequest>,
    ) -> Answer<pb::CreateApiKeyResponse> {
        call(
            &self.0,
            Action::CreateApiKey,
            request,
            convert_key::create_api_key,
            auth::create_api_key,
            convert_key::create_api_key_response,
        )
        .await
    }

    async fn list_api_keys(
        &self,
        request: Request<pb::ListApiKeysRequest>,
    ) -> Answer<pb::ListApiKeysResponse> {
        call(
            &self.0,
            Action::ListApiKeys,
            request,
            convert_key::list_api_keys,
            auth::list_api_keys,
            convert_key::list_api_keys_response,
        )
        .await
    }

    async fn revoke_api_key(
        &self,
        request: Request<pb::RevokeApiKeyRequest>,
    ) -> Answer<pb::RevokeApiKeyResponse> {
        call(
            &self.0,
            Action::RevokeApiKey,
            request,
            convert_key::revoke_api_key,
            auth::revoke_api_key,
            convert_key::revoke_api_key_response,
        )
        .await
    }

    async fn validate_token(
        &self,
        request: Request<pb::ValidateTokenRequest>,
    ) -> Answer<pb::ValidateTokenResponse> {
        call(
            &self.0,
            Action::ValidateToken,
            request,
            convert_key::validate_token,
            auth::validate_token,
            convert_key::validate_token_response,
        )
        .await
    }
}
