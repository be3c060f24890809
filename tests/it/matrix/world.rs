//! Two tenants with everything in them twice, a suspended one, and everybody who may call.

use super::oracle::Target;
use crate::support::{
    Backend, Options, Server,
    seed::{OPERATOR, budget, system_scope, tenant_id},
    server::{Metadata, PASSWORD, operator_key},
};
use reeve::{
    access::Action,
    app::SystemRng,
    db::{Tx, sessions, tenants, user_profiles, users},
    model::{
        api_key::KeyScope,
        clock::Clock as _,
        id::{Id as _, UserId},
        invitation::Delivery,
        role::Role,
        session::Session,
    },
    pb::{
        auth::v1::{CreateApiKeyRequest, ListApiKeysRequest},
        common::v1 as pb,
        invitation::v1::ListInvitationsRequest,
        tenant::v1::{ListDomainsRequest, ListUsersRequest},
    },
    token::{self, Subject},
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
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

    async fn add_people(&mut self) {
        let home = Side::Alderney;
        let nobody = [("anonymous", None), ("garbage", Some("garbage"))];
        for (name, credential) in nobody {
            let missing = credential.is_none();
            let kind =
                Kind::Nobody(if missing { "CREDENTIAL_MISSING" } else { "CREDENTIAL_INVALID" });
            let credential = credential.map(str::to_owned);
            self.callers.push(Who { name, kind, home, credential, user: String::new() });
        }
        let unverified = Person { verified: false, ..Person::of(Role::Member) };
        let both = Person { both: true, ..Person::of(Role::Admin) };
        for (name, side, person) in [
            ("member", home, Person::of(Role::Member)),
            ("admin", home, Person::of(Role::Admin)),
            ("owner", home, Person::of(Role::Owner)),
            ("unverified", home, unverified),
            ("both", home, both),
            ("expired", home, Person::of(Role::Owner)),
            ("suspended", home, Person::of(Role::Owner)),
            ("other owner", Side::Bornholm, Person::of(Role::Owner)),
            ("owner of a suspended tenant", Side::Corvo, Person::of(Role::Owner)),
        ] {
            let user = self.person(side, person).await;
            let who = self.signed_in(name, side, person, user).await;
            self.callers.push(who);
        }
        self.spoil("expired", "CREDENTIAL_EXPIRED", |it, who| {
            let now = it.server.clock.now();
            who.credential = Some(it.access_token_as_of(who, now.as_micros() - 3_600_000_000));
        });
        let suspended = self.spoil("suspended", "SESSION_ENDED", |_, _| {});
        self.spoil("owner of a suspended tenant", "SESSION_ENDED", |_, _| {});
        let user = self.server.literal(&suspended);
        let set = "UPDATE user_profiles SET state = 'suspended' WHERE user_id =";
        self.server.execute(&format!("{set} {user}")).await;
    }

    /// Makes a caller one whom nothing stands behind; the account.
    fn spoil(
        &mut self,
        name: &str,
        reason: &'static str,
        change: impl Fn(&Self, &mut Who),
    ) -> String {
        let at = self.callers.iter().position(|who| who.name == name).unwrap();
        let mut who = self.callers[at].clone();
        change(self, &mut who);
        who.kind = Kind::Nobody(reason);
        self.callers[at] = who;
        self.callers[at].user.clone()
    }

    async fn add_keys(&mut self) {
        let all = KeyScope::ALL.to_vec();
        for (name, home, role, scopes) in [
            ("key", Side::Alderney, Role::Admin, all.clone()),
            ("key of a member", Side::Alderney, Role::Member, all.clone()),
            ("key to validate", Side::Alderney, Role::Owner, vec![KeyScope::TokensValidate]),
            ("key of a suspended tenant", Side::Corvo, Role::Owner, all),
        ] {
            let key = self.api_key(home, role, &scopes).await.1;
            let kind = if home == Side::Corvo {
                Kind::Nobody("CREDENTIAL_INVALID")
            } else {
                Kind::Key(role, scopes)
            };
            let user = String::new();
            self.callers.push(Who { name, kind, home, credential: Some(key), user });
        }
        for (name, scopes) in [("operator", vec![]), ("reader", vec![KeyScope::UsersRead])] {
            let credential = Some(operator_key(&self.server.app, &scopes).await);
            let (kind, user) = (Kind::Operator(scopes), String::new());
            self.callers.push(Who { name, kind, home: Side::Alderney, credential, user });
        }
    }

    /// A number that was not given before.
    pub fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn keep_secret(&mut self, side: Side, id: &str) {
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

    /// A new account.
    pub async fn person(&mut self, side: Side, person: Person) -> String {
        // Who is in two tenants is seen in both.
        let email = if person.both { self.neutral_address() } else { self.address(side) };
        self.person_at(side, person, &email).await
    }

    pub async fn person_at(&mut self, side: Side, person: Person, email: &str) -> String {
        let tenant = self.tenants[&side].id.clone();
        let user = self.server.insert_user(&tenant, email).await;
        let (id, slug) = (self.server.literal(&user), side.slug());
        let role = person.role;
        let verified = if person.verified { self.server.time_ahead(0) } else { "NULL".to_owned() };
        self.server
            .execute(&format!(
                "UPDATE users SET verified_time = {verified} WHERE id = {id}; \
                 UPDATE user_profiles SET role = '{role}', display_name = 'Of {slug}' \
                 WHERE user_id = {id}"
            ))
            .await;
        if person.both {
            let there = self.tenants[&side.other()].id.clone();
            self.server.set_role(&user, &there, pb::Role::Member).await;
        } else {
            self.keep_secret(side, &user);
        }
        user
    }

    pub async fn signed_in(
        &mut self,
        name: &'static str,
        home: Side,
        person: Person,
        user: String,
    ) -> Who {
        let credential = Some(self.session(&user, home).await.0);
        Who { name, kind: Kind::Person(person), home, credential, user }
    }

    /// The like of a caller, whom the calls of others have not changed.
    pub async fn another(&mut self, who: &Who) -> Who {
        let Kind::Person(person) = who.kind else { return who.clone() };
        let user = self.person(who.home, person).await;
        self.signed_in(who.name, who.home, person, user).await
    }

    /// A new session: its access token and its refresh token.
    pub async fn session(&mut self, user: &str, side: Side) -> (String, String) {
        let app = self.server.app.clone();
        let user: UserId = UserId::parse("user", user).unwrap();
        let tenant = tenant_id(&self.tenants[&side].id);
        let ring = app.ring().unwrap();
        let id = app.new_id();
        let (refresh, kid) = ring.refresh_token(id, 0, None);
        let kid = &kid;
        let write = async |tx: &mut Tx| {
            let now = tx.now().await?;
            let session = Session {
                id,
                tenant_id: tenant,
                user_id: user,
                counter: 0,
                kid: kid.clone(),
                rotated_time: now,
                idle_expire_time: now + Duration::from_hours(1),
                expire_time: now + Duration::from_hours(1),
                user_agent: String::new(),
                ip: String::new(),
                end_time: None,
                create_time: now,
                last_used_time: now,
            };
            sessions::insert(tx, &session).await?;
            let profile = user_profiles::find(tx, tenant, user).await?.unwrap();
            let account = users::find(tx, user).await?.unwrap();
            let tenant = tenants::find(tx, tenant).await?.unwrap();
            Ok(Subject {
                user,
                session: id,
                tenant: tenant.id,
                tenant_slug: tenant.slug.as_str().to_owned(),
                role: profile.role,
                email_verified: account.verified_time.is_some(),
                mver: profile.mver,
            })
        };
        let subject = app.db.write(system_scope(), &budget(), write).await.unwrap();
        let now = app.clock.now();
        let made = token::issue(&ring, &app.tokens, &subject, now, &SystemRng).unwrap();
        self.keep_secret(side, &id.to_string());
        (made.0, refresh)
    }

    /// A genuine token of a caller, made at another time.
    fn access_token_as_of(&self, who: &Who, micros: i64) -> String {
        let app = &self.server.app;
        let claims = crate::support::claims(who.credential.as_ref().unwrap());
        let subject = Subject {
            user: UserId::parse("sub", &who.user).unwrap(),
            session: reeve::model::id::SessionId::parse("sid", claims["sid"].as_str().unwrap())
                .unwrap(),
            tenant: tenant_id(&self.tenants[&who.home].id),
            tenant_slug: who.home.slug().to_owned(),
            role: Role::Owner,
            email_verified: true,
            mver: claims["mver"].as_i64().unwrap(),
        };
        let then = reeve::model::clock::Instant::from_micros(micros);
        let ring = app.ring().unwrap();
        token::issue(&ring, &app.tokens, &subject, then, &SystemRng).unwrap().0
    }

    async fn api_key(&mut self, side: Side, role: Role, scopes: &[KeyScope]) -> (String, String) {
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
