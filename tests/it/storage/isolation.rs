//! A scope of one tenant reaches no row of another, through any function of the storage layer
//! and on either database.

#![allow(clippy::redundant_pattern_matching, reason = "the patterns come through a macro")]

use super::transactions::new_tenant;
use crate::support::{
    Backend, Server,
    invite::returned,
    seed::{budget, own_scope, system_scope, tenant_id, tenant_scope},
};
use reeve::{
    access::Scope,
    db::{
        Tx, TxBody, departures, invitation_tokens, pending_sign_ups, sessions, tenant_domains,
        tenants, user_profiles, users,
    },
    model::{
        Result,
        clock::{Clock as _, Instant},
        domain::{DomainName, DomainState, TenantDomain},
        email::EmailAddress,
        id::{DomainId, Id as _, InvitationId, PendingSignUpId, SessionId, TenantId, UserId},
        invitation::{Invitation, InvitationState},
        profile::{Profile, ProfileFilter, ProfileState},
        role::Role,
        session::{EndReason, Session},
        sign_up::{Basis, PendingSignUp},
        text::DisplayName,
        user::{User, UserState},
    },
    pb::{common::v1 as pb, invitation::v1::CreateInvitationRequest},
};

/// What tenant B holds, and the scope of tenant A.
struct Two {
    server: Server,
    scope: Scope,
    tenant: TenantId,
    user: UserId,
    /// Of the tenant in scope, and of no other.
    ann: UserId,
    session: SessionId,
    pending: PendingSignUpId,
    domain: DomainId,
    now: Instant,
}

impl Two {
    async fn new(backend: Backend) -> Self {
        let server = Server::start(backend).await;
        let ours = tenant_id(&server.create_tenant("acme", &["acme.com"]).await);
        let tenant = server.create_tenant("other", &["other.org"]).await;
        let ann = server.sign_up("ann@acme.com").await;
        let session = server.sign_up("bob@other.org").await;
        server.start_sign_up("cid@other.org").await;
        let [ann, user] = [ann, session]
            .map(|session| UserId::parse("id", &session.profile.unwrap().user_id).unwrap());
        let id = async |table: &str| -> uuid::Uuid {
            let text = match backend {
                Backend::Postgres => "id::text",
                Backend::Sqlite => "hex(id)",
            };
            let of = server.literal(&tenant);
            let sql = format!("SELECT {text} AS value FROM {table} WHERE tenant_id = {of}");
            server.texts(&sql).await.pop().unwrap().parse().unwrap()
        };
        Self {
            scope: tenant_scope(ours),
            tenant: tenant_id(&tenant),
            user,
            ann,
            session: SessionId::from_uuid(id("sessions").await),
            pending: PendingSignUpId::from_uuid(id("pending_sign_ups").await),
            domain: DomainId::from_uuid(id("tenant_domains").await),
            now: server.clock.now(),
            server,
        }
    }

    /// Runs in the scope of tenant A.
    async fn ours<R, F>(&self, body: F) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        self.server.app.db.write(self.scope, &budget(), body).await
    }
    /// The same where every row is reached, to show that there is something to find.
    async fn all<R, F>(&self, body: F) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        self.server.app.db.dry_run(system_scope(), &budget(), body).await
    }

    fn session_row(&self) -> Session {
        Session {
            id: self.server.app.new_id(),
            tenant_id: self.tenant,
            user_id: self.user,
            counter: 0,
            kid: "kid".to_owned(),
            rotated_time: self.now,
            idle_expire_time: self.now,
            expire_time: self.now,
            user_agent: String::new(),
            ip: String::new(),
            end_time: None,
            create_time: self.now,
            last_used_time: self.now,
        }
    }

    fn email(text: &str) -> EmailAddress {
        EmailAddress::parse("email", text).unwrap()
    }
    fn profile(&self) -> Profile {
        Profile {
            tenant_id: self.tenant,
            user_id: self.ann,
            email: Self::email("ann@acme.com"),
            display_name: DisplayName::default(),
            role: Role::Owner,
            state: ProfileState::Active,
            mver: 1,
            create_time: self.now,
            update_time: self.now,
        }
    }
}

/// The function answers `there` with every row in reach, and `nothing` in the other's scope.
macro_rules! hidden {
    ($two:ident, $there:pat, $nothing:pat, |$tx:ident| $body:expr) => {
        let all = $two.all(async |$tx| $body.await).await.unwrap();
        assert!(matches!(all, $there), "{}: nothing to hide: {all:?}", stringify!($body));
        let ours = $two.ours(async |$tx| $body.await).await.unwrap();
        assert!(matches!(ours, $nothing), "{}: {ours:?}", stringify!($body));
    };
}

/// The function works with every row in reach, and fails in the other's scope.
macro_rules! refused {
    ($two:ident, |$tx:ident| $body:expr) => {
        $two.all(async |$tx| $body.await.map(|_| ())).await.unwrap();
        let ours = $two.ours(async |$tx| $body.await.map(|_| ())).await;
        assert!(ours.is_err(), "{}", stringify!($body));
    };
}

on_both! {
    async fn reads_find_nothing_of_another_tenant(backend: Backend) {
        let two = &Two::new(backend).await;
        let name = &DomainName::parse("domain", "other.org").unwrap();
        let slug = &reeve::model::tenant::Slug::parse("slug", "other").unwrap();
        let bob = &Two::email("bob@other.org");
        let cid = &Two::email("cid@other.org");
        let everyone = &ProfileFilter::default();
        let basis = reeve::model::id::SubjectId::from(two.domain);

        hidden!(two, Some(_), None, |tx| tenants::find(tx, two.tenant));
        hidden!(two, Some(_), None, |tx| tenants::find_by_slug(tx, slug));
        hidden!(two, Some(_), None, |tx| tenant_domains::find_by_name(tx, name));
        hidden!(two, Some(_), None, |tx| users::find(tx, two.user));
        hidden!(two, Some(_), None, |tx| users::find_by_email(tx, bob.key()));
        hidden!(two, Some(_), None, |tx| user_profiles::find(tx, two.tenant, two.user));
        hidden!(two, 1, 0, |tx| user_profiles::count_active(tx, two.tenant));
        hidden!(two, Some(_), None, |tx| sessions::find_for_update(tx, two.session));
        hidden!(two, Some(_), None, |tx| sessions::standing(tx, two.session, two.user, two.tenant));
        hidden!(two, Some(_), None, |tx| pending_sign_ups::find(tx, two.pending));
        hidden!(two, Some(_), None, |tx| pending_sign_ups::find_by_basis(
            tx, cid.key(), Basis::Domain, basis
        ));

        let names = ["other.org"];
        let claims = two.all(async |tx| tenant_domains::find_verified(tx, &names).await).await;
        assert_eq!(claims.unwrap().len(), 1);
        let claims = two.ours(async |tx| tenant_domains::find_verified(tx, &names).await).await;
        assert_eq!(claims.unwrap().len(), 0);
        let open = two.all(async |tx| sessions::open_ids(tx, two.user).await).await.unwrap();
        assert_eq!(open, [(two.session, two.tenant)]);
        let open = two.ours(async |tx| sessions::open_ids(tx, two.user).await).await.unwrap();
        assert_eq!(open, []);
        let member = two.all(async |tx| user_profiles::memberships(tx, two.user).await).await;
        assert_eq!(member.unwrap().len(), 1);
        let member = two.ours(async |tx| user_profiles::memberships(tx, two.user).await).await;
        assert_eq!(member.unwrap().len(), 0);

        let listed = two.ours(async |tx| tenants::list(tx, None, 10).await).await.unwrap();
        assert_eq!(listed.iter().map(|tenant| tenant.slug.as_str()).collect::<Vec<_>>(), ["acme"]);
        let listed = two.ours(async |tx| tenant_domains::list(tx, None, 10).await).await.unwrap();
        assert!(listed.len() == 1 && listed[0].domain.as_str() == "acme.com");
        let listed = two.ours(async |tx| user_profiles::list(tx, everyone, None, 10).await).await;
        let listed = listed.unwrap();
        assert!(listed.len() == 1 && listed[0].email.as_typed() == "ann@acme.com");
    }

    async fn owners_of_another_tenant_are_not_found(backend: Backend) {
        let two = &Two::new(backend).await;
        two.server.execute("UPDATE user_profiles SET role = 'owner'").await;
        let owners = two.all(async |tx| user_profiles::active_owners(tx, two.tenant, 2).await).await;
        assert_eq!(owners.unwrap(), [two.user]);
        let owners = two.ours(async |tx| user_profiles::active_owners(tx, two.tenant, 2).await).await;
        assert_eq!(owners.unwrap(), []);
    }

    async fn rows_of_another_tenant_are_not_inserted(backend: Backend) {
        let two = &Two::new(backend).await;
        let tenant = &new_tenant(&two.server, "third");
        let domain = &TenantDomain {
            id: two.server.app.new_id(),
            tenant_id: two.tenant,
            domain: DomainName::parse("domain", "more.org").unwrap(),
            include_subdomains: false,
            state: DomainState::Verified,
            verified_time: Some(two.now),
            create_time: two.now,
        };
        let user = &User {
            id: two.server.app.new_id(),
            email: Two::email("dan@other.org"),
            tenant_id: two.tenant,
            state: UserState::Active,
            verified_time: None,
            create_time: two.now,
        };
        let session = &two.session_row();
        let pending = &PendingSignUp {
            id: two.server.app.new_id(),
            email: Two::email("eve@other.org"),
            basis: Basis::Domain,
            basis_id: two.domain.into(),
            tenant_id: two.tenant,
            kid: "kid".to_owned(),
            expire_time: two.now,
            mail_time: None,
        };
        let profile = &two.profile();
        refused!(two, |tx| tenants::insert(tx, tenant));
        refused!(two, |tx| tenant_domains::insert(tx, domain));
        refused!(two, |tx| users::insert(tx, user, "hash"));
        refused!(two, |tx| user_profiles::insert(tx, profile));
        refused!(two, |tx| sessions::insert(tx, session));
        refused!(two, |tx| pending_sign_ups::insert(tx, pending, two.now));
    }

    // A shared person is in reach of both tenants; the account and the other membership are not
    // for either of them to change.
    async fn one_tenant_changes_no_account_and_no_other_membership(backend: Backend) {
        let two = &Two::new(backend).await;
        let (server, user, now) = (&two.server, two.user, two.now);
        hidden!(two, true, false, |tx| users::lock(tx, user));
        let ours = two.scope.tenant_id().unwrap();
        server.set_role(&user.to_string(), &ours.to_string(), pb::Role::Admin).await;
        hidden!(two, true, true, |tx| users::lock(tx, user));
        refused!(two, |tx| users::move_home(tx, user, two.tenant, ours, now));
        refused!(two, |tx| users::delete(tx, user));
        let home = server.literal(&ours.to_string());
        server.execute(&format!("UPDATE users SET tenant_id = {home} WHERE email = 'bob@other.org'")).await;
        refused!(two, |tx| user_profiles::delete(tx, two.tenant, user));
        assert_eq!(server.count("user_profiles").await, 3);
    }

    // People open sessions for themselves alone, in whichever of their tenants.
    async fn a_session_is_inserted_by_its_own_person(backend: Backend) {
        let two = &Two::new(backend).await;
        let (db, session) = (&two.server.app.db, &two.session_row());
        let insert = async |tx: &mut Tx| sessions::insert(tx, session).await;
        db.dry_run(own_scope(two.user), &budget(), insert).await.unwrap();
        assert!(db.dry_run(own_scope(two.server.app.new_id()), &budget(), insert).await.is_err());
    }

    async fn rows_of_another_tenant_are_not_changed(backend: Backend) {
        let two = &Two::new(backend).await;
        let (db, now, late) = (&two.server, two.now, two.now + std::time::Duration::from_hours(1));
        refused!(two, |tx| tenants::lock(tx, two.tenant));
        refused!(two, |tx| user_profiles::set_role(tx, two.tenant, two.user, Role::Owner, now));
        let name = &DisplayName::parse("display_name", "Mallory").unwrap();
        refused!(two, |tx| user_profiles::set_display_name(tx, two.tenant, two.user, name, now));
        hidden!(two, Some(_), None, |tx| tenant_domains::delete(tx, two.domain));
        hidden!(two, true, false, |tx| sessions::end(tx, two.session, EndReason::SignedOut, now));
        hidden!(two, true, false, |tx| pending_sign_ups::claim_mailing(tx, two.pending, late, now));
        hidden!(two, true, false, |tx| pending_sign_ups::delete(tx, two.pending));
        let hash = "SELECT password_hash AS value FROM users WHERE email = 'bob@other.org'";
        let old = &db.texts(hash).await.pop().unwrap();
        hidden!(two, true, false, |tx| users::replace_password_hash(tx, two.user, old, "new", now));
        two.ours(async |tx| sessions::rotate(tx, two.session, 9, "kid", now, now).await)
            .await
            .unwrap();
        assert_eq!(db.count_where("sessions", "counter = 9").await, 0);
        assert_eq!(db.count_where("sessions", "end_time IS NOT NULL").await, 0);
        assert_eq!(db.count_where("tenant_domains", "1 = 1").await, 2);
    }

    async fn invitations_of_another_tenant_are_out_of_reach(backend: Backend) {
        let two = &Two::new(backend).await;
        let other = two.tenant.to_string();
        let request = CreateInvitationRequest {
            tenant_id: other.clone(),
            ..returned("dan@else.org", pb::Role::Member)
        };
        let made = two.server.try_invite(&two.server.operator(), request).await.unwrap();
        let id = InvitationId::parse("id", &made.invitation.unwrap().id).unwrap();
        let (hash, now) = (&reeve::token::hash_invitation_token(&made.token).unwrap(), two.now);
        let dan = &Two::email("dan@else.org");
        hidden!(two, Some(_), None, |tx| invitation_tokens::find(tx, id));
        hidden!(two, Some(_), None, |tx| invitation_tokens::find_by_hash(tx, hash));
        hidden!(two, Some(_), None, |tx| invitation_tokens::find_pending(tx, dan.key()));
        hidden!(two, 1, 0, |tx| invitation_tokens::count_pending(tx, now));
        let all = two.all(async |tx| invitation_tokens::list(tx, None, None, 10, now).await).await;
        assert_eq!(all.unwrap().len(), 1);
        let ours = two.ours(async |tx| invitation_tokens::list(tx, None, None, 10, now).await).await;
        assert_eq!(ours.unwrap().len(), 0);

        let found = two.all(async |tx| invitation_tokens::find(tx, id).await).await.unwrap();
        let found = found.unwrap();
        let next = &Invitation { resend_count: found.resend_count + 1, ..found.clone() };
        hidden!(two, true, false, |tx| invitation_tokens::replace_token(tx, next, b"other"));
        let revoked = InvitationState::Revoked;
        hidden!(two, true, false, |tx| invitation_tokens::end(tx, id, revoked, None, now));
        let another = &Invitation {
            id: two.server.app.new_id(),
            email: Two::email("eve@else.org"),
            ..found
        };
        refused!(two, |tx| invitation_tokens::insert(tx, another, b"new"));
        let untouched = "state = 'pending' AND resend_count = 0";
        assert_eq!(two.server.count_where("invitation_tokens", untouched).await, 1);
    }

    async fn departures_of_another_tenant_are_out_of_reach(backend: Backend) {
        let two = &Two::new(backend).await;
        let (bob, now) = (&Two::email("bob@other.org"), two.now);
        refused!(two, |tx| departures::insert(tx, two.tenant, bob.key(), now));
        let system = system_scope();
        let db = &two.server.app.db;
        let insert = async |tx: &mut Tx| departures::insert(tx, two.tenant, bob.key(), now).await;
        db.write(system, &budget(), insert).await.unwrap();
        hidden!(two, true, false, |tx| departures::exists(tx, two.tenant, bob.key()));
        let delete = async |tx: &mut Tx| departures::delete(tx, two.tenant, bob.key()).await;
        two.ours(delete).await.unwrap();
        assert_eq!(two.server.count("departures").await, 1);
        db.write(system, &budget(), delete).await.unwrap();
        assert_eq!(two.server.count("departures").await, 0);
    }
}
