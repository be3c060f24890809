//! Everybody who may call: people, keys, operators, and those whom nothing stands behind.

use super::world::{Kind, Person, Side, Who, World};
use crate::support::{
    seed::{budget, system_scope, tenant_id},
    server::operator_key,
};
use reeve::{
    app::SystemRng,
    db::{Tx, sessions, tenants, user_profiles, users},
    model::{
        api_key::KeyScope,
        clock::{Clock as _, Instant},
        id::{Id as _, SessionId, UserId},
        role::Role,
        session::Session,
    },
    pb::common::v1 as pb,
    token::{self, Subject},
};
use std::time::Duration;

impl World {
    pub(super) async fn add_people(&mut self) {
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

    pub(super) async fn add_keys(&mut self) {
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
            session: SessionId::parse("sid", claims["sid"].as_str().unwrap()).unwrap(),
            tenant: tenant_id(&self.tenants[&who.home].id),
            tenant_slug: who.home.slug().to_owned(),
            role: Role::Owner,
            email_verified: true,
            mver: claims["mver"].as_i64().unwrap(),
        };
        let then = Instant::from_micros(micros);
        let ring = app.ring().unwrap();
        token::issue(&ring, &app.tokens, &subject, then, &SystemRng).unwrap().0
    }
}
