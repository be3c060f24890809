mod create_profile;
mod drift;
mod health_report;
mod status;

use crate::support::Server;
use reeve::pb::sync::v1 as pb;

async fn status_of(server: &Server) -> pb::GetSyncStatusResponse {
    let request = pb::GetSyncStatusRequest {};
    server.sync_as(server.operator()).get_sync_status(request).await.unwrap().into_inner()
}

/// A tenant with `count` accounts of a foreign writer; the tenant's id and theirs.
async fn seeded(server: &Server, count: usize) -> (String, Vec<String>) {
    let tenant = server.create_tenant("acme", &["acme.com"]).await;
    let mut users = Vec::with_capacity(count);
    for number in 0..count {
        users.push(server.insert_user(&tenant, &format!("user{number}@acme.com")).await);
    }
    (tenant, users)
}
