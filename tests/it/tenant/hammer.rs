//! Two tenants at once, on one pool of connections.

use crate::support::{Backend, Server, server::Metadata};
use reeve::pb::{
    common::v1::Role,
    tenant::v1::{ListUsersRequest, tenant_service_client::TenantServiceClient},
};
use std::time::Duration;
use tonic::transport::Endpoint;

const CALLERS: usize = 64;
const ROUNDS: u64 = 24;

/// Lists the people of the caller's tenant again and again, every other time without waiting for
/// the answer; how many answers came, and how many were not waited for. On a connection of its
/// own: one with many cancelled calls is cut.
async fn hammer(server: &Server, token: &str, domain: &str) -> (usize, usize) {
    let channel = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let credential = Metadata::bearer(token);
    let mut client = TenantServiceClient::with_interceptor(channel.connect_lazy(), credential);
    let (mut answered, mut cancelled) = (0, 0);
    for round in 0..ROUNDS {
        let call = client.list_users(ListUsersRequest::default());
        let patience = match round % 2 {
            0 => Duration::from_mins(1),
            _ => Duration::from_micros(100 * round),
        };
        let Ok(answer) = tokio::time::timeout(patience, call).await else {
            cancelled += 1;
            continue;
        };
        answered += 1;
        let people = answer.unwrap().into_inner().profiles;
        assert!(people.len() == 1 && people[0].email.ends_with(domain), "{people:?}");
    }
    (answered, cancelled)
}

on_both! {
    // TI-20, TI-21: whoever had the connection before, and however that call ended.
    async fn tenants_that_share_connections_share_nothing_else(backend: Backend) {
        let server = Server::start(backend).await;
        let mut tokens = Vec::new();
        for name in ["acme.com", "other.com"] {
            server.create_tenant(name.split('.').next().unwrap(), &[name]).await;
            let admin = server.sign_up_as(&format!("ann@{name}"), Role::Admin).await;
            tokens.push((admin.access_token, format!("@{name}")));
        }
        let calls = tokens.iter().cycle().take(CALLERS);
        let calls = calls.map(|(token, domain)| hammer(&server, token, domain));
        let outcomes = futures_util::future::join_all(calls).await;
        let answered: usize = outcomes.iter().map(|(answered, _)| answered).sum();
        let cancelled: usize = outcomes.iter().map(|(_, cancelled)| cancelled).sum();
        assert!(answered >= CALLERS * 12 && cancelled > CALLERS, "{answered}, {cancelled}");
    }
}
