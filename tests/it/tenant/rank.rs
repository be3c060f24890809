//! Who may change whom: every role against every rank, for each RPC that takes a role or a member.

use crate::support::{Backend, Server, reason, server::Metadata};
use reeve::pb::{auth::v1::Session, common::v1::Role};
use tonic::Status;

const ROLES: [Role; 3] = [Role::Member, Role::Admin, Role::Owner];

fn name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        _ => "member",
    }
}

/// The place in the order of the roles.
fn rank(role: Role) -> usize {
    ROLES.iter().position(|it| *it == role).unwrap()
}

/// A tenant that is nobody's home, with an owner who stays, the caller and the target.
struct World {
    server: Server,
    tenant: String,
    caller: Session,
    target: String,
}

impl World {
    async fn new(backend: Backend) -> Self {
        let server = Server::start(backend).await;
        server.create_tenant("home", &["home.com"]).await;
        let tenant = server.create_tenant("acme", &[]).await;
        let mut people = Vec::new();
        for email in ["root@home.com", "caller@home.com", "target@home.com"] {
            let session = server.sign_up(email).await;
            server.set_role(&session.user.as_ref().unwrap().id, &tenant, Role::Owner).await;
            people.push(session);
        }
        let target = people[2].user.clone().unwrap().id;
        let caller = server.switch_tenant(&people[1].access_token, &tenant).await.unwrap();
        Self { server, tenant, caller, target }
    }

    fn own(&self) -> String {
        self.caller.user.clone().unwrap().id
    }

    /// By plain SQL, which leaves the version of the membership, and so the tokens, alone.
    async fn set(&self, user: &str, role: Role) {
        let (server, role) = (&self.server, name(role));
        let (user, tenant) = (server.literal(user), server.literal(&self.tenant));
        let row = format!("user_id = {user} AND tenant_id = {tenant}");
        server.execute(&format!("UPDATE user_profiles SET role = '{role}' WHERE {row}")).await;
    }

    async fn role_of(&self, user: &str) -> String {
        let (server, user) = (&self.server, self.server.literal(user));
        let tenant = server.literal(&self.tenant);
        let sql = "SELECT role AS value FROM user_profiles";
        let of = format!("{sql} WHERE user_id = {user} AND tenant_id = {tenant}");
        server.texts(&of).await.pop().unwrap_or_default()
    }

    /// Nobody but the caller and the target is an owner any more.
    async fn without_root(&self) {
        let sql = "UPDATE user_profiles SET role = 'member' WHERE user_id IN \
                   (SELECT id FROM users WHERE email_key = 'root@home.com')";
        self.server.execute(sql).await;
    }
}

fn outcome<T>(answer: &Result<T, Status>) -> String {
    answer.as_ref().map_or_else(reason, |_| "OK".to_owned())
}

/// What the contract says of a member's fate in the hands of a caller.
fn expected(caller: Option<Role>, highest: Role) -> &'static str {
    match caller {
        Some(Role::Member) => "PERMISSION_DENIED",
        Some(role) if rank(role) < rank(highest) => "ROLE_TOO_HIGH",
        // An operator stands above every role.
        None | Some(_) => "OK",
    }
}

on_both! {
    // G-14, G-47, G-48, R-TEN-7: caller role × target role × new role.
    async fn nobody_grants_above_their_own_role_or_changes_who_stands_above(backend: Backend) {
        let world = World::new(backend).await;
        let token = Metadata::bearer(&world.caller.access_token);
        for caller in [Some(Role::Member), Some(Role::Admin), Some(Role::Owner), None] {
            let credential = if caller.is_some() { token.clone() } else { world.server.operator() };
            for before in ROLES {
                for after in ROLES {
                    world.set(&world.own(), caller.unwrap_or(Role::Owner)).await;
                    world.set(&world.target, before).await;
                    let update = world.server.update_role(&credential, &world.target, &world.tenant, after);
                    let answer = update.await;
                    let highest = if rank(before) > rank(after) { before } else { after };
                    let wanted = expected(caller, highest);
                    assert_eq!(outcome(&answer), wanted, "{caller:?}: {before:?} to {after:?}");
                    let now = if wanted == "OK" { after } else { before };
                    assert_eq!(world.role_of(&world.target).await, name(now));
                }
            }
        }
    }

    // G-48, G-36: caller role × target role, and the target is in again for the next.
    async fn nobody_removes_who_stands_above(backend: Backend) {
        let world = World::new(backend).await;
        let (server, tenant, target) = (&world.server, &world.tenant, &world.target);
        let token = Metadata::bearer(&world.caller.access_token);
        for caller in [Some(Role::Member), Some(Role::Admin), Some(Role::Owner), None] {
            let credential = if caller.is_some() { token.clone() } else { server.operator() };
            for before in ROLES {
                world.set(&world.own(), caller.unwrap_or(Role::Owner)).await;
                server.set_role(target, tenant, before).await;
                let answer = server.remove_user(&credential, target, tenant).await;
                let wanted = expected(caller, before);
                assert_eq!(outcome(&answer), wanted, "{caller:?} removes {before:?}");
                let now = if wanted == "OK" { "" } else { name(before) };
                assert_eq!(world.role_of(target).await, now);
            }
        }
    }

    // The caller as target: down as far as one likes, up never, out from admin up.
    async fn people_change_themselves_by_the_same_rules(backend: Backend) {
        let world = World::new(backend).await;
        let (server, own, mut session) = (&world.server, world.own(), world.caller.clone());
        for before in ROLES {
            for after in ROLES {
                world.set(&own, before).await;
                session = server.refresh(&session.refresh_token).await.unwrap();
                let token = Metadata::bearer(&session.access_token);
                let answer = server.update_role(&token, &own, "", after).await;
                let wanted = match (before, after) {
                    (Role::Member, _) => "PERMISSION_DENIED",
                    (Role::Admin, Role::Owner) => "ROLE_TOO_HIGH",
                    _ => "OK",
                };
                assert_eq!(outcome(&answer), wanted, "{before:?} to {after:?}");
                let now = if wanted == "OK" { after } else { before };
                assert_eq!(world.role_of(&own).await, name(now));
            }
        }
    }

    // The last owner, as seen by each caller: who may not at all is told so first.
    async fn the_last_owner_stays_whoever_asks(backend: Backend) {
        let world = World::new(backend).await;
        let (server, tenant) = (&world.server, &world.tenant);
        world.without_root().await;
        let token = Metadata::bearer(&world.caller.access_token);
        for (caller, wanted) in [
            (Some(Role::Member), "PERMISSION_DENIED"),
            (Some(Role::Admin), "ROLE_TOO_HIGH"),
            (None, "LAST_OWNER"),
        ] {
            world.set(&world.own(), caller.unwrap_or(Role::Admin)).await;
            let credential = if caller.is_some() { token.clone() } else { server.operator() };
            for after in [Role::Member, Role::Admin] {
                let update = server.update_role(&credential, &world.target, tenant, after).await;
                assert_eq!(outcome(&update), wanted, "{caller:?}");
            }
            let removal = server.remove_user(&credential, &world.target, tenant).await;
            assert_eq!(outcome(&removal), wanted, "{caller:?}");
        }
        world.set(&world.target, Role::Admin).await;
        world.set(&world.own(), Role::Owner).await;
        for after in [Role::Member, Role::Admin] {
            let update = server.update_role(&token, &world.own(), "", after).await;
            assert_eq!(outcome(&update), "LAST_OWNER");
        }
        assert_eq!(outcome(&server.remove_user(&token, &world.own(), "").await), "LAST_OWNER");
        let leave = server.leave_tenant(&world.caller.access_token, tenant).await;
        assert_eq!(outcome(&leave), "LAST_OWNER");
        assert_eq!(world.role_of(&world.own()).await, "owner");
    }
}
