//! The policy: one table of actions, and the one function that reads it.

use super::{
    caller::Caller,
    scope::{Scope, SystemUse},
};
use crate::model::{Error, Reason, Result, id::TenantId, role::Role};

/// The tenant that a request names besides its credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedTenant {
    /// The message has no tenant field.
    None,
    /// The field selects the scope: operators set it, everyone else may only repeat their own.
    Scope(Option<TenantId>),
    /// The field is the object asked for: a foreign one does not exist.
    Argument(TenantId),
}

/// Who may do an action, and in which scope it then runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Anybody; the operation itself demands its proofs.
    Public(SystemUse),
    /// A signed-in person, on their own rows.
    Own,
    /// A member from this role up, or an operator who names the tenant.
    Tenant(Role),
    /// As `Tenant`; an operator who names no tenant reaches all of them.
    TenantOrAll(Role, SystemUse),
    /// An operator who names the tenant.
    OperatorInTenant,
    /// An operator.
    Platform(SystemUse),
}

macro_rules! policy {
    ($($action:ident => $rule:expr),+ $(,)?) => {
        /// Everything that can be asked for; one action for each RPC.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action { $($action),+ }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$action),+];

            /// The RPC's name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$action => stringify!($action)),+ }
            }

            const fn rule(self) -> Rule {
                match self { $(Self::$action => $rule),+ }
            }
        }
    };
}

policy! {
    StartSignUp => Rule::Public(SystemUse::Placement),
    SignUp => Rule::Public(SystemUse::Placement),
    SignIn => Rule::Public(SystemUse::SignIn),
    RefreshSession => Rule::Public(SystemUse::Refresh),
    GetJwks => Rule::Public(SystemUse::Keyring),
    SignOut => Rule::Own,
    WhoAmI => Rule::Own,
    SwitchTenant => Rule::Own,
    LeaveTenant => Rule::Own,
    CreateTenant => Rule::Platform(SystemUse::Operator),
    GetTenant => Rule::Tenant(Role::Member),
    ListTenants => Rule::TenantOrAll(Role::Member, SystemUse::Operator),
    AddDomain => Rule::OperatorInTenant,
    RemoveDomain => Rule::Tenant(Role::Owner),
    ListDomains => Rule::Tenant(Role::Admin),
    ExplainPlacement => Rule::TenantOrAll(Role::Admin, SystemUse::Placement),
    ListUsers => Rule::Tenant(Role::Member),
    GetUser => Rule::Tenant(Role::Member),
    UpdateUser => Rule::Tenant(Role::Admin),
    RemoveUser => Rule::Tenant(Role::Admin),
    GetSyncStatus => Rule::Platform(SystemUse::Sync),
    GetHealthReport => Rule::Platform(SystemUse::Sync),
    CreateProfile => Rule::Platform(SystemUse::Sync),
    ListDrift => Rule::Platform(SystemUse::Sync),
    CreateOperatorKey => Rule::Platform(SystemUse::Operator),
}

impl Action {
    /// Whether the action needs no credential.
    pub const fn is_public(self) -> bool {
        matches!(self.rule(), Rule::Public(_))
    }
}

/// Decides whether `caller` may do `action` in the tenant that the request names. `header` is
/// the `x-tenant-id` of the request; it is only ever compared.
pub fn authorize(
    caller: &Caller,
    action: Action,
    named: NamedTenant,
    header: Option<TenantId>,
) -> Result<Scope> {
    let rule = action.rule();
    if let Rule::Public(used_for) = rule {
        return Ok(Scope::system(used_for));
    }
    match caller {
        Caller::Anonymous => {
            Err(Error::new(Reason::CredentialMissing, "This RPC needs a credential."))
        }
        Caller::User(user) => {
            let scoped = match named {
                NamedTenant::Scope(tenant) => tenant,
                NamedTenant::None | NamedTenant::Argument(_) => None,
            };
            let own = user.tenant_id;
            if header.is_some_and(|id| id != own) || scoped.is_some_and(|id| id != own) {
                return Err(mismatch());
            }
            let (Rule::Own | Rule::Tenant(_) | Rule::TenantOrAll(..)) = rule else {
                return Err(denied(action));
            };
            if rule == Rule::Own {
                return Ok(Scope::own(user.user_id));
            }
            if let Rule::Tenant(least) | Rule::TenantOrAll(least, _) = rule
                && user.role < least
            {
                return Err(denied(action));
            }
            match named {
                NamedTenant::Argument(id) if id != own => Err(Error::not_found("tenant")),
                _ => Ok(Scope::tenant(own)),
            }
        }
        Caller::Operator(_) => authorize_operator(rule, action, named, header),
    }
}

fn authorize_operator(
    rule: Rule,
    action: Action,
    named: NamedTenant,
    header: Option<TenantId>,
) -> Result<Scope> {
    let tenant = match named {
        NamedTenant::None => None,
        NamedTenant::Scope(tenant) => tenant,
        NamedTenant::Argument(tenant) => Some(tenant),
    };
    if let (Some(header), Some(tenant)) = (header, tenant)
        && header != tenant
    {
        return Err(mismatch());
    }
    match (rule, tenant) {
        (Rule::Platform(used_for), _) | (Rule::TenantOrAll(_, used_for), None) => {
            Ok(Scope::system(used_for))
        }
        (Rule::Tenant(_) | Rule::TenantOrAll(..) | Rule::OperatorInTenant, Some(tenant)) => {
            Ok(Scope::tenant(tenant))
        }
        (Rule::Tenant(_) | Rule::OperatorInTenant, None) => Err(Error::new(
            Reason::TenantRequired,
            "A platform key belongs to no tenant: set tenant_id.",
        )
        .with("field", "tenant_id")),
        (Rule::Own | Rule::Public(_), _) => Err(denied(action)),
    }
}

fn mismatch() -> Error {
    Error::new(
        Reason::TenantMismatch,
        "The request names another tenant than its credential belongs to.",
    )
}

fn denied(action: Action) -> Error {
    Error::new(
        Reason::PermissionDenied,
        format!("Permission {} denied for this credential.", action.as_str()),
    )
    .with("action", action.as_str())
}
