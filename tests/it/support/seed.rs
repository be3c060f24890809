//! Rows put in by plain SQL, fences taken down by hand, and scopes for the storage layer.

use super::{
    Backend, Server,
    postgres::{OWNER, SERVICE},
};
use reeve::{
    access::{Action, Caller, NamedTenant, Operator, Scope, SystemUse, UserCaller, authorize},
    app::SystemRng,
    db::Target,
    db::invitation_tokens,
    model::{
        budget::Budget,
        email::EmailAddress,
        id::{Id as _, SessionId, SubjectId, TenantId, UserId},
        invitation::{Delivery, Invitation, InvitationState, Inviter, InviterKind},
        role::Role,
    },
    token::new_invitation_token,
};
use secrecy::ExposeSecret as _;
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

/// An operator on the command line, whose authority never ends.
pub const OPERATOR: Inviter = Inviter { kind: InviterKind::Operator, id: None };

/// A member as the one who invites.
pub fn member(user_id: &str) -> Inviter {
    let id = SubjectId::parse("id", user_id).unwrap();
    Inviter { kind: InviterKind::User, id: Some(id) }
}

impl Server {
    /// An invitation that waits for a day, without its mail: its id and its token.
    pub async fn seed_invitation(
        &self,
        tenant: &str,
        email: &str,
        delivery: Delivery,
        role: Role,
        inviter: Inviter,
    ) -> (String, String) {
        let (token, hash) = new_invitation_token(&SystemRng);
        let (hash, tenant_id, id) = (&hash, tenant_id(tenant), self.app.new_id());
        let email = &EmailAddress::parse("email", email).unwrap();
        let (scope, budget) = (tenant_scope(tenant_id), budget());
        let write = self.app.db.write(scope, &budget, async |tx| {
            let now = tx.now().await?;
            let invitation = Invitation {
                id,
                tenant_id,
                email: email.clone(),
                role,
                state: InvitationState::Pending,
                delivery,
                inviter,
                token_time: now,
                resend_count: 0,
                create_time: now,
                expire_time: now + Duration::from_hours(24),
                end_time: None,
                accepted_by: None,
            };
            invitation_tokens::insert(tx, &invitation, hash).await
        });
        assert!(write.await.unwrap(), "the address has a pending invitation");
        (id.to_string(), token.expose_secret().to_owned())
    }

    /// An operator's invitation as a member, whose token was mailed; the token.
    pub async fn mailed_invitation(&self, tenant: &str, email: &str) -> String {
        self.seed_invitation(tenant, email, Delivery::Outbox, Role::Member, OPERATOR).await.1
    }

    /// An operator's invitation as a member, whose token was handed to whoever invited; the token.
    pub async fn returned_invitation(&self, tenant: &str, email: &str) -> String {
        self.seed_invitation(tenant, email, Delivery::ReturnToken, Role::Member, OPERATOR).await.1
    }

    /// What puts every invitation into a state.
    pub fn invitations_into(&self, state: &str) -> String {
        let end = if state == "pending" { "NULL".to_owned() } else { self.time_ahead(0) };
        let by = if state == "accepted" { self.literal(&super::ghost()) } else { "NULL".into() };
        format!(
            "UPDATE invitation_tokens SET state = '{state}', end_time = {end}, accepted_by = {by}"
        )
    }

    /// Records that a tenant removed whoever has the address.
    pub async fn seed_departure(&self, tenant: &str, email: &str) {
        let (tenant, now) = (self.literal(tenant), self.time_ahead(0));
        self.execute(&format!(
            "INSERT INTO departures (tenant_id, email_key, create_time) \
             VALUES ({tenant}, '{email}', {now})"
        ))
        .await;
    }

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
