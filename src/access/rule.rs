//! A rule of the policy, and the one function that decides by it.

use super::{
    caller::{Caller, Operator},
    scope::{Scope, SystemUse},
};
use crate::model::{api_key::KeyScope, id::TenantId, role::Role};

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

/// Who may do an action, and in which scope it then runs. Whoever is not mentioned may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Anybody, with or without a credential; the operation itself demands its proofs.
    pub anyone: Option<SystemUse>,
    pub person: Option<Person>,
    /// The scope that a tenant's key needs, and a platform key that is limited to scopes.
    pub key: Option<KeyScope>,
    /// The least role of a tenant's key.
    pub tenant_key: Option<Role>,
    pub operator: Option<ByOperator>,
}

/// Which signed-in people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// Every one, on their own rows.
    Own,
    /// From this role up, in the tenant they are signed in to.
    From(Role),
}

/// How far an operator reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByOperator {
    /// The tenant that the request names; it must name one.
    InTenant,
    /// Everything, whatever the request names.
    Everywhere(SystemUse),
    /// The tenant that the request names, else everything.
    Either(SystemUse),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    CredentialMissing,
    /// A header or scope field names another tenant than the credential, or than each other.
    Mismatch,
    Denied,
    /// The tenant asked for is not the caller's, so for the caller it does not exist.
    NotFound,
    /// An operator has to name the tenant.
    TenantRequired,
}

impl Rule {
    /// Decides for `caller`, in the tenant that the request names. `header` is only ever compared.
    pub(super) fn decide(
        self,
        caller: &Caller,
        named: NamedTenant,
        header: Option<TenantId>,
    ) -> Result<Scope, Refusal> {
        if let Some(used_for) = self.anyone {
            return Ok(Scope::system(used_for));
        }
        match caller {
            Caller::Anonymous => Err(Refusal::CredentialMissing),
            Caller::User(user) => {
                compare(user.tenant_id, named, header)?;
                match self.person {
                    Some(Person::Own) => Ok(Scope::own(user.user_id)),
                    Some(Person::From(least)) if user.role >= least => enter(user.tenant_id, named),
                    _ => Err(Refusal::Denied),
                }
            }
            Caller::Key(key) => {
                compare(key.tenant_id, named, header)?;
                match (self.tenant_key, self.key) {
                    (Some(least), Some(scope))
                        if key.role >= least && key.scopes.contains(scope) =>
                    {
                        enter(key.tenant_id, named)
                    }
                    _ => Err(Refusal::Denied),
                }
            }
            Caller::Operator(operator) => self.decide_operator(*operator, named, header),
        }
    }

    fn decide_operator(
        self,
        operator: Operator,
        named: NamedTenant,
        header: Option<TenantId>,
    ) -> Result<Scope, Refusal> {
        let tenant = match named {
            NamedTenant::None => None,
            NamedTenant::Scope(tenant) => tenant,
            NamedTenant::Argument(tenant) => Some(tenant),
        };
        if let (Some(header), Some(tenant)) = (header, tenant)
            && header != tenant
        {
            return Err(Refusal::Mismatch);
        }
        let reach = self.operator.filter(|_| operator.is_within_scopes(self.key));
        match (reach.ok_or(Refusal::Denied)?, tenant) {
            (ByOperator::Everywhere(used_for), _) | (ByOperator::Either(used_for), None) => {
                Ok(Scope::system(used_for))
            }
            (ByOperator::InTenant | ByOperator::Either(_), Some(tenant)) => {
                Ok(Scope::tenant(tenant))
            }
            (ByOperator::InTenant, None) => Err(Refusal::TenantRequired),
        }
    }
}

/// Who belongs to a tenant may repeat it and name no other.
fn compare(own: TenantId, named: NamedTenant, header: Option<TenantId>) -> Result<(), Refusal> {
    let scoped = match named {
        NamedTenant::Scope(tenant) => tenant,
        NamedTenant::None | NamedTenant::Argument(_) => None,
    };
    let foreign = |tenant: TenantId| tenant != own;
    if header.is_some_and(foreign) || scoped.is_some_and(foreign) {
        return Err(Refusal::Mismatch);
    }
    Ok(())
}

/// The scope of who belongs to the tenant.
fn enter(own: TenantId, named: NamedTenant) -> Result<Scope, Refusal> {
    match named {
        NamedTenant::Argument(tenant) if tenant != own => Err(Refusal::NotFound),
        _ => Ok(Scope::tenant(own)),
    }
}
