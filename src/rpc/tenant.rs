//! `reeve.tenant.v1.TenantService`.

use super::{call::call, convert::tenant as convert};
use crate::{
    access::Action,
    app::App,
    ops::tenant,
    pb::tenant::v1::{self as pb, tenant_service_server},
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub struct TenantService(pub Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl tenant_service_server::TenantService for TenantService {
    async fn create_tenant(
        &self,
        request: Request<pb::CreateTenantRequest>,
    ) -> Answer<pb::CreateTenantResponse> {
        call(
            &self.0,
            Action::CreateTenant,
            request,
            convert::create_tenant,
            tenant::create_tenant,
            convert::create_tenant_response,
        )
        .await
    }

    async fn get_tenant(
        &self,
        request: Request<pb::GetTenantRequest>,
    ) -> Answer<pb::GetTenantResponse> {
        call(
            &self.0,
            Action::GetTenant,
            request,
            convert::get_tenant,
            tenant::get_tenant,
            convert::get_tenant_response,
        )
        .await
    }

    async fn list_tenants(
        &self,
        request: Request<pb::ListTenantsRequest>,
    ) -> Answer<pb::ListTenantsResponse> {
        call(
            &self.0,
            Action::ListTenants,
            request,
            convert::list_tenants,
            tenant::list_tenants,
            convert::list_tenants_response,
        )
        .await
    }

    async fn add_domain(
        &self,
        request: Request<pb::AddDomainRequest>,
    ) -> Answer<pb::AddDomainResponse> {
        call(
            &self.0,
            Action::AddDomain,
            request,
            convert::add_domain,
            tenant::add_domain,
            convert::add_domain_response,
        )
        .await
    }

    async fn remove_domain(
        &self,
        request: Request<pb::RemoveDomainRequest>,
    ) -> Answer<pb::RemoveDomainResponse> {
        call(
            &self.0,
            Action::RemoveDomain,
            request,
            convert::remove_domain,
            tenant::remove_domain,
            convert::remove_domain_response,
        )
        .await
    }

    async fn list_domains(
        &self,
        request: Request<pb::ListDomainsRequest>,
    ) -> Answer<pb::ListDomainsResponse> {
        call(
            &self.0,
            Action::ListDomains,
            request,
            convert::list_domains,
            tenant::list_domains,
            convert::list_domains_response,
        )
        .await
    }

    async fn explain_placement(
        &self,
        request: Request<pb::ExplainPlacementRequest>,
    ) -> Answer<pb::ExplainPlacementResponse> {
        call(
            &self.0,
            Action::ExplainPlacement,
            request,
            convert::explain_placement,
            tenant::explain_placement,
            convert::explain_placement_response,
        )
        .await
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Answer<pb::ListUsersResponse> {
        call(
            &self.0,
            Action::ListUsers,
            request,
            convert::list_users,
            tenant::list_users,
            convert::list_users_response,
        )
        .await
    }

    async fn get_user(&self, request: Request<pb::GetUserRequest>) -> Answer<pb::GetUserResponse> {
        call(
            &self.0,
            Action::GetUser,
            request,
            convert::get_user,
            tenant::get_user,
            convert::get_user_response,
        )
        .await
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Answer<pb::UpdateUserResponse> {
        call(
            &self.0,
            Action::UpdateUser,
            request,
            convert::update_user,
            tenant::update_user,
            convert::update_user_response,
        )
        .await
    }

    async fn remove_user(
        &self,
        request: Request<pb::RemoveUserRequest>,
    ) -> Answer<pb::RemoveUserResponse> {
        call(
            &self.0,
            Action::RemoveUser,
            request,
            convert::remove_user,
            tenant::remove_user,
            convert::remove_user_response,
        )
        .await
    }
}
