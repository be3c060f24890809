//! Rows put in by plain SQL, fences taken down by hand, and scopes for the storage layer.

use super::{
    Backend, Server,
    postgres::{OWNER, SERVICE},
};
use reeve::{
    access::{Action, Caller, NamedTenant, Operator, Scope, SystemUse, UserCaller, authorize},
    db::Target,
    model::{
        budget::Budget,
        id::{Id as _, SessionId, TenantId, UserId},
        role::Role,
    },
};
use std::{sync::Arc, time::Duration};

/// The scope of an operator who named a tenant.
pub fn tenant_scope(tenant: TenantId) -> Scope {
    let caller = Caller::Operator(Operator::CommandLine);
    authorize(&caller, Action::GetTenant, NamedTenant::Argument(tenant), None).unwrap()
}

/// The scope of a person on their own rows.
pub fn own_scope(user_id: UserId) -> Scope {
    let id = || uuid::Uuid::from_u128(1);
    let caller = Caller::User(UserCaller {
        user_id,
        session_id: SessionId::from_uuid(id()),
        tenant_id: TenantId::from_uuid(id()),
        role: Role::Member,
        mver: 1,
    });
    authorize(&caller, Action::WhoAmI, NamedTenant::None, None).unwrap()
}

pub fn system_scope() -> Scope {
    Scope::system(SystemUse::Operator)
}

pub fn budget() -> Arc<Budget> {
    Arc::new(Budget::lasting(Duration::from_secs(30)))
}

pub fn tenant_id(text: &str) -> TenantId {
    TenantId::parse("id", text).unwrap()
}

impl Server {
    /// An account inserted as a foreign writer would, which leaves the profile to the fence.
    pub async fn insert_user(&self, tenant: &str, email: &str) -> String {
        let id = self.app.new_id::<UserId>().to_string();
        self.execute(&self.user_insert(tenant, &id, email)).await;
        id
    }

    pub fn user_insert(&self, tenant: &str, id: &str, email: &str) -> String {
        let (tenant, id) = (self.literal(tenant), self.literal(id));
        format!(
            "INSERT INTO users (id, email, email_key, tenant_id) \
             VALUES ({id}, '{email}', '{email}', {tenant});"
        )
    }

    /// Takes down what keeps a home profile, and leaves the trigger that writes it.
    pub async fn drop_fences(&self) {
        let sql = match self.backend {
            Backend::Postgres => "ALTER TABLE users DROP CONSTRAINT users_home_profile",
            Backend::Sqlite => {
                "DROP TRIGGER user_profiles_keep_home; DROP TRIGGER user_profiles_keep_home_key"
            }
        };
        self.execute(sql).await;
    }

    /// Deletes profiles once [`Self::drop_fences`] was called.
    pub async fn delete_profiles(&self, users: &[String]) {
        let ids: Vec<String> = users.iter().map(|id| self.literal(id)).collect();
        let delete = format!("DELETE FROM user_profiles WHERE user_id IN ({})", ids.join(", "));
        self.execute(&self.unfenced(&delete)).await;
    }

    /// A statement as a program that enforces no foreign keys runs it.
    pub fn unfenced(&self, sql: &str) -> String {
        match self.backend {
            Backend::Postgres => sql.to_owned(),
            Backend::Sqlite => format!("PRAGMA foreign_keys = OFF; {sql}"),
        }
    }

    /// How many rows of a table fulfil a condition.
    pub async fn count_where(&self, table: &str, condition: &str) -> i64 {
        self.number(&format!("SELECT count(*) AS value FROM {table} WHERE {condition}")).await
    }

    /// The database as whoever migrates it reaches it.
    pub fn owner_target(&self) -> Target {
        self.target(OWNER)
    }
    /// The database as whoever serves reaches it.
    pub fn service_target(&self) -> Target {
        self.target(SERVICE)
    }

    fn target(&self, role: &str) -> Target {
        match &self.database {
            Some(database) => {
                Target::Postgres { url: database.url(role).into(), schema: "reeve".to_owned() }
            }
            None => Target::Sqlite(self.data_dir.path().join("reeve.db")),
        }
    }
}
