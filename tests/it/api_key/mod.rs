//! API keys: who makes and ends them, what they open, and on whose authority.

mod actor;
mod authority;
mod bounds;
mod command;
mod create;
mod endings;
mod leaked;
mod list;
mod repeat;
mod revoke;
mod scopes;
mod validate;
mod validate_callers;

use crate::support::{
    Backend, Server,
    invite::{of, user_id},
    keys::MadeKey,
    server::Metadata,
};
use reeve::pb::{
    auth::v1::Session,
    common::v1::Role,
    tenant::v1::{ListUsersRequest, ListUsersResponse},
};
use tonic::Status;

/// Acme with its owner Ann, and globex with its owner Bob.
struct World {
    server: Server,
    acme: String,
    globex: String,
    ann: Session,
    ann_id: String,
    owner: Metadata,
    bob: Metadata,
    bob_id: String,
}

impl World {
    async fn new(backend: Backend) -> Self {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let globex = server.create_tenant("globex", &["globex.com"]).await;
        let ann = server.sign_up_as("ann@acme.com", Role::Owner).await;
        let bob = server.sign_up_as("bob@globex.com", Role::Owner).await;
        let (ann_id, bob_id) = (user_id(&ann).to_owned(), user_id(&bob).to_owned());
        Self { acme, globex, owner: of(&ann), ann, ann_id, bob: of(&bob), bob_id, server }
    }

    /// Ann's key.
    async fn key(&self, role: Role, scopes: &[&str]) -> MadeKey {
        self.server.create_key(&self.owner, role, scopes).await
    }

    /// Sets columns of a row of a table.
    async fn set(&self, table: &str, id: &str, columns: &str) {
        let id = self.server.literal(id);
        self.server.execute(&format!("UPDATE {table} SET {columns} WHERE id = {id}")).await;
    }

    /// Sets columns of somebody's membership of acme, without a trace in the tokens.
    async fn set_profile(&self, user: &str, columns: &str) {
        let (user, tenant) = (self.server.literal(user), self.server.literal(&self.acme));
        let sql = format!(
            "UPDATE user_profiles SET {columns} WHERE user_id = {user} AND tenant_id = {tenant}"
        );
        self.server.execute(&sql).await;
    }

    /// How many keys there are, but for those of the platform.
    async fn keys(&self) -> i64 {
        self.server.count_where("api_keys", "tenant_id IS NOT NULL").await
    }

    async fn list_users(
        &self,
        by: &Metadata,
        tenant_id: &str,
    ) -> Result<ListUsersResponse, Status> {
        let request = ListUsersRequest { tenant_id: tenant_id.to_owned(), ..Default::default() };
        Ok(self.server.tenant_as(by.clone()).list_users(request).await?.into_inner())
    }
}
