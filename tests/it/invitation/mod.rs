//! Invitations: who may make, see and take back one, what its token is good for, and who gets in.

mod accept;
mod authority;
mod command;
mod create;
mod create_bounds;
mod end;
mod link;
mod list;
mod mine;
mod preview;
mod proof;
mod race;
mod repeat;
mod repeat_accept;
mod resend;
mod throttle;

use crate::support::{
    Backend, Server,
    invite::{of, user_id},
    server::Metadata,
};
use reeve::pb::common::v1::Role;

/// Acme, which invites, with its owner; and Bob, a member of globex and of nothing else.
struct World {
    server: Server,
    acme: String,
    globex: String,
    /// Ann, of acme.
    owner: Metadata,
    owner_id: String,
    bob: Metadata,
    bob_id: String,
}

const BOB: &str = "bob@globex.com";

impl World {
    async fn new(backend: Backend) -> Self {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let globex = server.create_tenant("globex", &["globex.com"]).await;
        let owner = server.sign_up_as("ann@acme.com", Role::Owner).await;
        let bob = server.sign_up(BOB).await;
        let (owner_id, bob_id) = (user_id(&owner).to_owned(), user_id(&bob).to_owned());
        Self { acme, globex, owner: of(&owner), owner_id, bob: of(&bob), bob_id, server }
    }

    /// Bob's role in acme; nothing while he is no member.
    async fn role_of_bob(&self) -> Option<String> {
        let (user, tenant) = (self.server.literal(&self.bob_id), self.server.literal(&self.acme));
        let sql = format!(
            "SELECT role AS value FROM user_profiles WHERE user_id = {user} \
             AND tenant_id = {tenant}"
        );
        self.server.texts(&sql).await.pop()
    }

    /// Sets columns of a row of a table.
    async fn set(&self, table: &str, id: &str, columns: &str) {
        let id = self.server.literal(id);
        self.server.execute(&format!("UPDATE {table} SET {columns} WHERE id = {id}")).await;
    }

    /// Sets columns of somebody's membership of acme.
    async fn set_profile(&self, user: &str, columns: &str) {
        let (user, tenant) = (self.server.literal(user), self.server.literal(&self.acme));
        let sql = format!(
            "UPDATE user_profiles SET {columns} WHERE user_id = {user} AND tenant_id = {tenant}"
        );
        self.server.execute(&sql).await;
    }
}
