//! Two tenants with everything in them twice, a suspended one, and everybody who may call.

use super::oracle::Target;
use crate::support::{
    Backend, Options, Server,
    seed::OPERATOR,
    server::{Metadata, PASSWORD},
};
use reeve::{
    access::Action,
    model::{api_key::KeyScope, invitation::Delivery, role::Role},
    pb::{
        auth::v1::{CreateApiKeyRequest, ListApiKeysRequest},
        common::v1 as pb,
        invitation::v1::ListInvitationsRequest,
        tenant::v1::{ListDomainsRequest, ListUsersRequest},
    },
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

/// A tenant by its slug, which stands in the names and addresses of all that it has: whoever may
/// not see the tenant may not see the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Alderney,
    Bornholm,
    /// Suspended.
    Corvo,
    /// Invites whoever comes; nobody is at home there.
    Disko,
}

impl Side {
    pub const ALL: [Self; 4] = [Self::Alderney, Self::Bornholm, Self::Corvo, Self::Disko];

    pub const fn slug(self) -> &'static str {
        match self {
            Self::Alderney => "alderney",
            Self::Bornholm => "bornholm",
            Self::Corvo => "corvo",
            Self::Disko => "disko",
        }
    }

    /// The one to reach for that is not one's own.
    pub const fn other(self) -> Self {
        match self {
            Self::Alderney => Self::Bornholm,
            Self::Bornholm | Self::Corvo | Self::Disko => Self::Alderney,
        }
    }
}

/// What a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub role: Role,
    pub verified: bool,
    /// A member of the other tenant, too.
    pub both: bool,
}

impl Person {
    pub const fn of(role: Role) -> Self {
        Self { role, verified: true, both: false }
    }
}

/// What stands behind a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nothing does, for this reason.
    Nobody(&'static str),
    Person(Person),
    Key(Role, Vec<KeyScope>),
    /// A platform key; without scopes it has no limit.
    Operator(Vec<KeyScope>),
}

/// One who calls.
#[derive(Debug, Clone)]
pub struct Who {
    pub name: &'static str,
    pub kind: Kind,
    pub home: Side,
    pub credential: Option<String>,
    /// The account, of a person.
    pub user: String,
}

/// What a tenant has.
pub struct Tenant {
    pub id: String,
    pub owner: Metadata,
    pub objects: BTreeMap<&'static str, String>,
}

pub struct World {
    pub server: Server,
    pub tenants: BTreeMap<Side, Tenant>,
    pub callers: Vec<Who>,
    /// Identifiers that only those in the tenant may see.
    pub secrets: BTreeMap<Side, Vec<String>>,
    next: AtomicU32,
}

impl World {
    pub async fn new(backend: Backend) -> Self {
        let options = Options(vec![("REEVE_TRUSTED_PROXIES", "127.0.0.1".to_owned())]);
        let server = Server::start_with(backend, options).await;
        let (tenants, callers) = (BTreeMap::new(), Vec::new());
        let next = AtomicU32::new(0);
        let mut it = Self { server, tenants, callers, secrets: BTreeMap::new(), next };
        for side in Side::ALL {
            it.add_tenant(side).await;
        }
        for side in Side::ALL {
            it.add_objects(side).await;
            it.add_page_tokens(side).await;
        }
        it.add_people().await;
        it.add_keys().await;
        let corvo = it.server.literal(&it.tenants[&Side::Corvo].id);
        it.server
            .execute(&format!("UPDATE tenants SET state = 'suspended' WHERE id = {corvo}"))
            .await;
        it
    }

    async fn add_tenant(&mut self, side: Side) {
        let slug = side.slug();
        let id = self.server.create_tenant(slug, &[&format!("{slug}.com")]).await;
        self.secrets.insert(side, vec![slug.to_owned(), id.clone()]);
        let empty = Tenant { id, owner: Metadata::default(), objects: BTreeMap::new() };
        self.tenants.insert(side, empty);
        let owner = self.person(side, Person::of(Role::Owner)).await;
        let owner = self.session(&owner, side).await.0;
        self.tenants.get_mut(&side).unwrap().owner = Metadata::bearer(&owner);
    }

    /// What stays for as long as nobody is allowed to change it.
    async fn add_objects(&mut self, side: Side) {
        for field in ["user_id", "invitation_id", "domain_id", "api_key_id"] {
            let id = self.object(field, side).await;
            self.keep(side, field, id);
        }
        let user = self.tenants[&side].objects["user_id"].clone();
        let access_token = self.session(&user, side).await.0;
        self.keep(side, "access_token", access_token);
        let (id, token) = self.invitation(side, &self.address(side)).await;
        self.keep_secret(side, &id);
        self.keep(side, "token", token);
        let email = self.address(side);
        let proof = self.server.start_sign_up(&email).await;
        let made = self.server.try_sign_up(&proof, &email, PASSWORD).await.unwrap();
        self.keep_secret(side, &made.user.unwrap().id);
        self.keep(side, "email", email);
    }

    /// Where the second pages of the tenant's lists begin.
    async fn add_page_tokens(&mut self, side: Side) {
        for field in ["invitation_id", "api_key_id"] {
            self.object(field, side).await;
        }
        let owner = self.tenants[&side].owner.clone();
        let mut tenants = self.server.tenant_as(owner.clone());
        let request = ListUsersRequest { page_size: 1, ..Default::default() };
        let users = tenants.list_users(request).await.unwrap().into_inner().next_page_token;
        let request = ListDomainsRequest { page_size: 1, ..Default::default() };
        let domains = tenants.list_domains(request).await.unwrap().into_inner().next_page_token;
        let request = ListApiKeysRequest { page_size: 1, ..Default::default() };
        let mut auth = self.server.auth_as(owner.clone());
        let keys = auth.list_api_keys(request).await.unwrap().into_inner().next_page_token;
        let request = ListInvitationsRequest { page_size: 1, ..Default::default() };
        let mut invitations = self.server.invitations_as(owner);
        let invited = invitations.list_invitations(request).await.unwrap().into_inner();
        for (action, token) in [
            (Action::ListUsers, users),
            (Action::ListDomains, domains),
            (Action::ListApiKeys, keys),
            (Action::ListInvitations, invited.next_page_token),
        ] {
            assert!(!token.is_empty(), "{action:?} has one page");
            self.keep(side, action.as_str(), token);
        }
    }

    pub fn has_page_token(&self, side: Side, action: Action) -> bool {
        self.tenants[&side].objects.contains_key(action.as_str())
    }

    /// The tenant's second page of a list; of a list that it has none of, that of another one.
    pub fn page_token(&self, side: Side, action: Action) -> &str {
        let objects = &self.tenants[&side].objects;
        objects.get(action.as_str()).unwrap_or_else(|| &objects[Action::ListUsers.as_str()])
    }

    fn keep(&mut self, side: Side, name: &'static str, value: String) {
        self.tenants.get_mut(&side).unwrap().objects.insert(name, value);
    }

    /// A number that was not given before.
    pub fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn keep_secret(&mut self, side: Side, id: &str) {
        self.secrets.get_mut(&side).unwrap().push(id.to_owned());
    }

    /// An address that nobody has, with the tenant's name in it.
    pub fn address(&self, side: Side) -> String {
        format!("p{}@{}.com", self.number(), side.slug())
    }

    /// An address that nobody has and that tells of no tenant.
    pub fn neutral_address(&self) -> String {
        format!("p{}@nowhere.org", self.number())
    }

    pub(super) async fn api_key(
        &mut self,
        side: Side,
        role: Role,
        scopes: &[KeyScope],
    ) -> (String, String) {
        let role = match role {
            Role::Owner => pb::Role::Owner,
            Role::Admin => pb::Role::Admin,
            Role::Member => pb::Role::Member,
        };
        let request = CreateApiKeyRequest {
            name: format!("Key of {}", side.slug()),
            role: role.into(),
            scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            ..Default::default()
        };
        let mut client = self.server.auth_as(self.tenants[&side].owner.clone());
        let made = client.create_api_key(request).await.unwrap().into_inner();
        let id = made.api_key.unwrap().id;
        self.keep_secret(side, &id);
        (id, made.key)
    }

    /// A new object of a tenant, by the field that names it.
    pub async fn object(&mut self, field: &str, side: Side) -> String {
        let tenant = self.tenants[&side].id.clone();
        match field {
            "user_id" => return self.person(side, Person::of(Role::Member)).await,
            "api_key_id" => {
                return self.api_key(side, Role::Member, &[KeyScope::UsersRead]).await.0;
            }
            _ => {}
        }
        let id = match field {
            "domain_id" => {
                let name = format!("d{}.{}.com", self.number(), side.slug());
                self.server.add_domain(&tenant, &name, false).await
            }
            "invitation_id" => self.invitation(side, &self.address(side)).await.0,
            other => panic!("no object has the field {other}"),
        };
        self.keep_secret(side, &id);
        id
    }

    /// An invitation that may be sent again: its id and its token.
    pub async fn invitation(&self, side: Side, email: &str) -> (String, String) {
        let tenant = &self.tenants[&side].id;
        let made = self
            .server
            .seed_invitation(tenant, email, Delivery::Outbox, Role::Member, OPERATOR)
            .await;
        let (id, before) = (self.server.literal(&made.0), self.server.shifted("token_time", -120));
        let set = format!("UPDATE invitation_tokens SET token_time = {before} WHERE id = {id}");
        self.server.execute(&set).await;
        made
    }

    /// A caller's own address, or one that nobody has.
    pub async fn address_of(&self, who: &Who, target: Target) -> String {
        if target != Target::Own || who.user.is_empty() {
            return self.address(who.home);
        }
        let user = self.server.literal(&who.user);
        let sql = format!("SELECT email AS value FROM users WHERE id = {user}");
        self.server.texts(&sql).await.remove(0)
    }
}
