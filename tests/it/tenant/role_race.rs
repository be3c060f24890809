//! Roles and memberships that change at once: a tenant keeps an owner, a person is at home
//! somewhere or gone, and nothing is done on an authority that has ended.

use crate::support::{
    Backend, Server,
    race::{lock_row, race},
    reason, role_change,
    server::{Metadata, PASSWORD},
};
use reeve::pb::{
    auth::v1::{
        LeaveTenantRequest, RefreshSessionRequest, Session, SignInRequest, SwitchTenantRequest,
    },
    common::v1::Role,
    tenant::v1::RemoveUserRequest,
};
use std::{collections::BTreeMap, future::Future, pin::Pin};
use tonic::{Response, Status};

/// A call that answers `OK` or the reason of its refusal.
type Call = Pin<Box<dyn Future<Output = String> + Send>>;

fn told<T>(answer: Result<Response<T>, Status>) -> String {
    answer.map_or_else(|status| reason(&status), |_| "OK".to_owned())
}

fn set_role(server: &Server, caller: &Metadata, user: &str, tenant: &str, role: Role) -> Call {
    let mut client = server.tenant_as(caller.clone());
    let request = role_change(user, tenant, role);
    Box::pin(async move { told(client.update_user(request).await) })
}

fn remove(server: &Server, caller: &Metadata, user: &str, tenant: &str) -> Call {
    let mut client = server.tenant_as(caller.clone());
    let request = RemoveUserRequest { user_id: user.to_owned(), tenant_id: tenant.to_owned() };
    Box::pin(async move { told(client.remove_user(request).await) })
}

fn leave(server: &Server, caller: &Metadata, tenant: &str) -> Call {
    let mut client = server.auth_as(caller.clone());
    let request = LeaveTenantRequest { tenant_id: tenant.to_owned() };
    Box::pin(async move { told(client.leave_tenant(request).await) })
}

fn tally(answers: Vec<String>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry(answer).or_default() += 1;
    }
    tally
}

fn id(session: &Session) -> String {
    session.user.clone().unwrap().id
}
fn bearer(session: &Session) -> Metadata {
    Metadata::bearer(&session.access_token)
}

/// Two owners.
async fn duel(backend: Backend) -> (Server, String, [Session; 2]) {
    let server = Server::start(backend).await;
    let acme = server.create_tenant("acme", &["acme.com"]).await;
    let ann = server.sign_up_as("ann@acme.com", Role::Owner).await;
    let bob = server.sign_up_as("bob@acme.com", Role::Owner).await;
    (server, acme, [ann, bob])
}

/// So many demotions at once, of both owners, by both and by an operator; one owner is left.
async fn demote(server: &Server, acme: &str, owners: &[Session; 2], count: usize) {
    const DEMOTED: &str = "events WHERE kind = 'profile.role_changed' AND actor_kind <> 'trigger'";
    let before = server.count(DEMOTED).await;
    let callers = [bearer(&owners[0]), bearer(&owners[1]), server.operator()];
    let calls = (0..count).map(|number| {
        let target = id(&owners[(number / callers.len()) % 2]);
        set_role(server, &callers[number % callers.len()], &target, acme, Role::Member)
    });
    let answers = race(server, &lock_row(server, "tenants", acme), calls.collect()).await;
    let answers = tally(answers);
    let known = ["OK", "LAST_OWNER", "CREDENTIAL_STALE"];
    assert!(answers.keys().all(|it| known.contains(&it.as_str())), "{answers:?}");
    assert!(answers["OK"] >= 1 && answers.contains_key("LAST_OWNER"), "{answers:?}");
    assert_eq!(server.count("user_profiles WHERE role = 'owner'").await, 1, "{answers:?}");
    assert_eq!(server.count(DEMOTED).await - before, 1, "{answers:?}");
}

/// What is true of a person whatever happened: no account without its home, nothing left of one
/// that is gone.
async fn assert_whole(server: &Server) {
    let broken = "users u WHERE NOT EXISTS (SELECT 1 FROM user_profiles p \
                  WHERE p.user_id = u.id AND p.tenant_id = u.tenant_id)";
    assert_eq!(server.count(broken).await, 0);
    for table in ["user_profiles", "sessions"] {
        let orphans = format!("{table} t WHERE t.user_id NOT IN (SELECT id FROM users)");
        assert_eq!(server.count(&orphans).await, 0, "{table}");
    }
}

on_both! {
    // R-TEN-7: 64 at once.
    async fn one_owner_is_left_of_two(backend: Backend) {
        let (server, acme, owners) = duel(backend).await;
        demote(&server, &acme, &owners, 64).await;
    }

    async fn one_owner_is_left_in_every_round(backend: Backend) {
        let (server, acme, mut owners) = duel(backend).await;
        for _ in 0..20 {
            for owner in &mut owners {
                *owner = server.with_role(owner, Role::Owner).await;
            }
            demote(&server, &acme, &owners, 9).await;
        }
    }

    // By every door at once: each leaves, each removes the other, an operator removes both.
    async fn two_owners_do_not_both_go(backend: Backend) {
        let (server, acme, [ann, bob]) = duel(backend).await;
        let mut calls = Vec::new();
        for (one, other) in [(&ann, &bob), (&bob, &ann)] {
            calls.push(leave(&server, &bearer(one), &acme));
            calls.push(remove(&server, &bearer(one), &id(other), &acme));
            calls.push(remove(&server, &server.operator(), &id(one), &acme));
        }
        let answers = tally(race(&server, &lock_row(&server, "tenants", &acme), calls).await);
        assert_eq!(answers.get("OK"), Some(&1), "{answers:?}");
        let known = ["OK", "LAST_OWNER", "NOT_FOUND", "SESSION_ENDED"];
        assert!(answers.keys().all(|it| known.contains(&it.as_str())), "{answers:?}");
        assert_eq!(server.count("user_profiles WHERE role = 'owner'").await, 1);
        assert_eq!(server.count("users").await, 1);
        assert_whole(&server).await;
    }

    // A removal and a change of role: no role is given to a membership that has ended.
    async fn a_removed_member_gets_no_role(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let ann = server.sign_up_as("ann@acme.com", Role::Owner).await;
        for number in 0..5 {
            let bob = id(&server.sign_up(&format!("bob{number}@acme.com")).await);
            let mut calls = Vec::new();
            for _ in 0..4 {
                calls.push(set_role(&server, &bearer(&ann), &bob, "", Role::Admin));
                calls.push(remove(&server, &bearer(&ann), &bob, ""));
            }
            let answers = tally(race(&server, &lock_row(&server, "tenants", &acme), calls).await);
            let known = ["OK", "NOT_FOUND"];
            assert!(answers.keys().all(|it| known.contains(&it.as_str())), "{answers:?}");
            let subject = server.literal(&bob);
            let of = |kind: &str| format!("events WHERE kind = '{kind}' AND subject_id = {subject}");
            assert_eq!(server.count(&of("profile.removed")).await, 1);
            assert!(server.count(&of("profile.role_changed")).await <= 1);
            let after = format!(
                "{} AND position > (SELECT position FROM {})",
                of("profile.role_changed"),
                of("profile.removed")
            );
            assert_eq!(server.count(&after).await, 0);
            assert_eq!(server.count(&format!("user_profiles WHERE user_id = {subject}")).await, 0);
            assert_whole(&server).await;
        }
    }

    // Home and another tenant remove one person at once, and the person leaves a third or keeps it.
    async fn two_tenants_remove_one_person(backend: Backend) {
        let server = Server::start(backend).await;
        let home = server.create_tenant("home", &["home.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let third = server.create_tenant("third", &[]).await;
        for round in 0..10 {
            let email = format!("bob{round}@home.com");
            let session = server.sign_up(&email).await;
            let bob = id(&session);
            server.set_role(&bob, &other, Role::Member).await;
            let keeps = round % 2 == 0;
            if keeps {
                server.set_role(&bob, &third, Role::Member).await;
            }
            let calls = [&home, &other].map(|tenant| remove(&server, &server.operator(), &bob, tenant));
            let answers = race(&server, &lock_row(&server, "users", &bob), calls.into()).await;
            assert_eq!(answers, ["OK", "OK"]);
            assert_whole(&server).await;
            let (user, at) = (server.literal(&bob), server.literal(&third));
            let account = format!("users WHERE id = {user} AND tenant_id = {at}");
            assert_eq!(server.count(&account).await, i64::from(keeps));
            let rows = format!("user_profiles WHERE user_id = {user}");
            assert_eq!(server.count(&rows).await, i64::from(keeps));
            let departed = format!("departures WHERE email_key = '{email}'");
            assert_eq!(server.count(&departed).await, 2);
            if keeps {
                let next = server.sign_in(&email, PASSWORD).await.unwrap();
                assert_eq!(next.tenant.unwrap().id, third);
            }
        }
    }
}

/// A membership that ends while somebody opens a session in it. SQLite has one writer, which
/// leaves no such moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_opens_in_a_membership_that_ends() {
    let server = Server::start(Backend::Postgres).await;
    server.create_tenant("home", &["home.com"]).await;
    let other = server.create_tenant("other", &[]).await;
    let ann = server.sign_up("ann@home.com").await;
    server.set_role(&id(&ann), &other, Role::Member).await;
    let there = server.switch_tenant(&ann.access_token, &other).await.unwrap();
    let (mut auth, mut own) = (server.auth(), server.auth_as(bearer(&ann)));
    let sign_in = SignInRequest {
        email: "ann@home.com".to_owned(),
        password: PASSWORD.to_owned(),
        tenant_id: other.clone(),
    };
    let refresh = RefreshSessionRequest { refresh_token: there.refresh_token };
    let switch = SwitchTenantRequest { tenant_id: other.clone() };
    let mut second = auth.clone();
    let calls: Vec<Call> = vec![
        Box::pin(async move { told(auth.sign_in(sign_in).await) }),
        Box::pin(async move { told(own.switch_tenant(switch).await) }),
        Box::pin(async move { told(second.refresh_session(refresh).await) }),
    ];
    let end = format!("DELETE FROM user_profiles WHERE tenant_id = {}", server.literal(&other));
    let answers = race(&server, &end, calls).await;
    assert_eq!(answers, ["SIGN_IN_FAILED", "NOT_FOUND", "REFRESH_TOKEN_INVALID"]);
    assert_eq!(server.count("sessions").await, 1);
}
