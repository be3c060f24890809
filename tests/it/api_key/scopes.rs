//! What each scope opens, and the least role that it needs besides.

use super::World;
use crate::{
    contract::rpcs,
    support::{
        Backend, assert_refused,
        keys::{MadeKey, SCOPES},
        reason,
        server::operator_key,
    },
};
use reeve::{
    model::api_key::KeyScope,
    pb::{common::v1::Role, tenant::v1::GetTenantRequest},
};
use std::collections::{BTreeMap, BTreeSet};
use tonic::{Code, Status};

/// The scope that a key needs for an RPC, and a tenant's key's least role there, if any has one.
const OPENED: &[(&str, &str, Option<Role>)] = &[
    ("ValidateToken", "tokens:validate", Some(Role::Member)),
    ("GetTenant", "tenants:read", Some(Role::Member)),
    ("ListTenants", "tenants:read", Some(Role::Member)),
    ("ListDomains", "domains:read", Some(Role::Admin)),
    ("ExplainPlacement", "domains:read", Some(Role::Admin)),
    ("AddDomain", "domains:write", None),
    ("RemoveDomain", "domains:write", Some(Role::Owner)),
    ("ListUsers", "users:read", Some(Role::Member)),
    ("GetUser", "users:read", Some(Role::Member)),
    ("UpdateUser", "users:write", Some(Role::Admin)),
    ("RemoveUser", "users:write", Some(Role::Admin)),
    ("GetInvitation", "invitations:read", Some(Role::Admin)),
    ("ListInvitations", "invitations:read", Some(Role::Admin)),
    ("CreateInvitation", "invitations:write", Some(Role::Admin)),
    ("ResendInvitation", "invitations:write", Some(Role::Admin)),
    ("RevokeInvitation", "invitations:write", Some(Role::Admin)),
];

/// Needs no credential, so it looks at none.
const PUBLIC: [&str; 7] = [
    "StartSignUp",
    "SignUp",
    "SignIn",
    "RefreshSession",
    "GetJwks",
    "PreviewInvitation",
    "DeclineInvitation",
];

/// Their message names the tenant that is asked for, which is read before the policy.
const ARGUMENT: [&str; 3] = ["GetTenant", "SwitchTenant", "LeaveTenant"];

fn rank(role: Role) -> i32 {
    -i32::from(role)
}

/// The names of the RPCs that a credential gets into: the others answer that it may not. An empty
/// message is wrong in most of them, but that is told only to who may call.
async fn opened(it: &World, key: &str) -> BTreeSet<String> {
    let authorization = format!("Bearer {key}");
    let mut names = BTreeSet::new();
    for (full, name) in rpcs() {
        if PUBLIC.contains(&name.as_str()) || ARGUMENT.contains(&name.as_str()) {
            continue;
        }
        let answer = it.server.call_by_name(&full, &[&authorization]).await;
        if enters(answer) {
            names.insert(name);
        }
    }
    let tenant_id = it.acme.clone();
    let mut client = it.server.tenant_as(crate::support::server::Metadata::bearer(key));
    if enters(client.get_tenant(GetTenantRequest { tenant_id: tenant_id.clone() }).await) {
        names.insert("GetTenant".to_owned());
    }
    assert!(!enters(it.server.switch_tenant(key, &tenant_id).await));
    assert!(!enters(it.server.leave_tenant(key, &tenant_id).await));
    names
}

fn enters<T>(answer: Result<T, Status>) -> bool {
    let Err(status) = answer else { return true };
    let denied = status.code() == Code::PermissionDenied;
    assert_eq!(denied, reason(&status) == "PERMISSION_DENIED", "{status:?}");
    assert_ne!(status.code(), Code::Unauthenticated, "{status:?}");
    !denied
}

fn expected(role: Option<Role>, scopes: &[&str]) -> BTreeSet<String> {
    let may = |(_, scope, least): &&(&str, &str, Option<Role>)| {
        let high = role.is_none_or(|role| least.is_some_and(|least| rank(role) >= rank(least)));
        scopes.contains(scope) && high
    };
    OPENED.iter().filter(may).map(|(name, ..)| (*name).to_owned()).collect()
}

on_both! {
    // R-TEN-4, G-48, TI-12: each scope × each RPC, with the highest role.
    async fn a_scope_opens_its_rpcs_and_no_other(backend: Backend) {
        let it = World::new(backend).await;
        let mut keys: BTreeMap<&str, MadeKey> = BTreeMap::new();
        for scope in SCOPES {
            let key = it.key(Role::Owner, &[scope]).await;
            assert_eq!(opened(&it, &key.text).await, expected(Some(Role::Owner), &[scope]), "{scope}");
            keys.insert(scope, key);
        }
        assert_eq!(keys.len(), KeyScope::ALL.len());
    }

    // G-48: each role × each RPC, with every scope.
    async fn a_scope_opens_what_the_role_allows(backend: Backend) {
        let it = World::new(backend).await;
        for role in [Role::Member, Role::Admin, Role::Owner] {
            let key = it.key(role, &SCOPES).await;
            assert_eq!(opened(&it, &key.text).await, expected(Some(role), &SCOPES), "{role:?}");
        }
    }

    // A platform key that is limited to scopes; one without has no limit.
    async fn a_scope_limits_a_platform_key_as_well(backend: Backend) {
        let it = World::new(backend).await;
        for scope in KeyScope::ALL {
            let key = operator_key(&it.server.app, &[*scope]).await;
            let names = opened(&it, &key).await;
            assert_eq!(names, expected(None, &[scope.as_str()]), "{scope}");
        }
        let all = opened(&it, &it.server.operator_key).await;
        let limited = expected(None, &SCOPES);
        assert!(all.is_superset(&limited));
        let more: Vec<&str> = all.difference(&limited).map(String::as_str).collect();
        let unlimited = [
            "CreateProfile",
            "CreateTenant",
            "GetHealthReport",
            "GetSyncStatus",
            "ListApiKeys",
            "ListDrift",
            "RevokeApiKey",
        ];
        assert_eq!(more, unlimited);
    }

    // A stored scope of a newer release is no scope of this one, and does not take the limit away.
    async fn a_scope_that_is_not_known_opens_nothing(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Owner, &["users:read"]).await;
        let json = |text: &str| format!("scopes = '{text}'");
        it.set("api_keys", &key.id, &json(r#"["later:read", "users:read"]"#)).await;
        it.list_users(&key.credential(), "").await.unwrap();
        it.set("api_keys", &key.id, &json(r#"["later:read"]"#)).await;
        let refused = it.list_users(&key.credential(), "").await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
        it.set("api_keys", &key.id, &json("[]")).await;
        let refused = it.list_users(&key.credential(), "").await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        let sql = r#"UPDATE api_keys SET scopes = '["later:read"]' WHERE tenant_id IS NULL"#;
        it.server.execute(sql).await;
        let refused = it.list_users(&it.server.operator(), &it.acme).await;
        assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
    }
}
