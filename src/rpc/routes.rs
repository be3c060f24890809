//! Every service of the port, behind authentication.

use super::{
    MAX_MESSAGE,
    auth::AuthService,
    authn::Authn,
    health::HealthState,
    invitation::InvitationService,
    layers::{Rpc, Step as _},
    reflection,
    sync::SyncService,
    tenant::TenantService,
};
use crate::{
    app::App,
    pb::{
        self, auth::v1::auth_service_server::AuthServiceServer,
        invitation::v1::invitation_service_server::InvitationServiceServer,
        sync::v1::sync_service_server::SyncServiceServer,
        tenant::v1::tenant_service_server::TenantServiceServer,
    },
};
use std::sync::Arc;
use tonic::service::RoutesBuilder;

/// Full names of the services, as health and reflection know them.
pub const SERVICES: &[&str] = &[
    "reeve.auth.v1.AuthService",
    "reeve.tenant.v1.TenantService",
    "reeve.invitation.v1.InvitationService",
    "reeve.sync.v1.SyncService",
];

/// The services, health, and reflection if wanted.
pub fn routes(
    app: &Arc<App>,
    health: &HealthState,
    with_reflection: bool,
) -> Result<impl Rpc + use<>, tonic_reflection::server::Error> {
    let mut routes = RoutesBuilder::default();
    let auth = AuthServiceServer::new(AuthService(Arc::clone(app)));
    let tenant = TenantServiceServer::new(TenantService(Arc::clone(app)));
    let invitation = InvitationServiceServer::new(InvitationService(Arc::clone(app)));
    let sync = SyncServiceServer::new(SyncService(Arc::clone(app)));
    routes
        .add_service(auth.max_decoding_message_size(MAX_MESSAGE))
        .add_service(tenant.max_decoding_message_size(MAX_MESSAGE))
        .add_service(invitation.max_decoding_message_size(MAX_MESSAGE))
        .add_service(sync.max_decoding_message_size(MAX_MESSAGE))
        .add_service(health.service());
    if with_reflection {
        reflection::add(&mut routes, &[pb::DESCRIPTOR_SET])?;
    }
    Ok(Authn(Arc::clone(app)).around(routes.routes().prepare()))
}
