//! The policy: `policy.toml` as a type, and the one function that reads it.

use super::{
    caller::Caller,
    rule::{ByOperator, NamedTenant, Person, Refusal, Rule},
    scope::{Scope, SystemUse},
};
use crate::model::{Error, Reason, Result, api_key::KeyScope, id::TenantId, role::Role};

/// What the policy says of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The full name of the RPC's service; `None` for what the command line alone does.
    pub service: Option<&'static str>,
    pub rule: Rule,
    /// How the RPC's message names a tenant.
    pub tenant_id: TenantField,
    pub writes: bool,
    /// One line for people.
    pub says: &'static str,
}

/// What a message's `tenant_id` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantField {
    /// There is none, or it is plain input.
    None,
    Scope,
    Argument,
}

macro_rules! policy {
    ($($(#[$doc:meta])* $action:ident => $row:expr,)+) => {
        /// Everything that can be asked for; one action for each RPC.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action { $($(#[$doc])* $action),+ }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$action),+];

            /// The RPC's name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$action => stringify!($action)),+ }
            }

            pub const fn row(self) -> &'static Row {
                match self { $(Self::$action => &$row),+ }
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/policy.rs"));

impl Action {
    /// Whether the action needs no credential.
    pub const fn is_public(self) -> bool {
        self.row().rule.anyone.is_some()
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
    action.row().rule.decide(caller, named, header).map_err(|refusal| refuse(refusal, action))
}

fn refuse(refusal: Refusal, action: Action) -> Error {
    match refusal {
        Refusal::CredentialMissing => {
            Error::new(Reason::CredentialMissing, "This RPC needs a credential.")
        }
        Refusal::Mismatch => Error::new(
            Reason::TenantMismatch,
            "The request names another tenant than its credential belongs to.",
        ),
        Refusal::Denied => Error::new(
            Reason::PermissionDenied,
            format!("Permission {} denied for this credential.", action.as_str()),
        )
        .with("action", action.as_str()),
        Refusal::NotFound => Error::not_found("tenant"),
        Refusal::TenantRequired => Error::new(
            Reason::TenantRequired,
            "A platform key belongs to no tenant: set tenant_id.",
        )
        .with("field", "tenant_id"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};
    use crate::{access::Reach, model::Kind};

    #[test]
    fn every_refusal_has_its_reason() {
        let reasons = [
            (Refusal::CredentialMissing, "CREDENTIAL_MISSING", Kind::Unauthenticated, None),
            (Refusal::Mismatch, "TENANT_MISMATCH", Kind::Denied, None),
            (Refusal::Denied, "PERMISSION_DENIED", Kind::Denied, Some(("action", "ListUsers"))),
            (Refusal::NotFound, "NOT_FOUND", Kind::NotFound, Some(("resource", "tenant"))),
            (
                Refusal::TenantRequired,
                "TENANT_REQUIRED",
                Kind::Invalid,
                Some(("field", "tenant_id")),
            ),
        ];
        for (refusal, reason, kind, metadata) in reasons {
            let error = refuse(refusal, Action::ListUsers);
            assert_eq!((error.reason().as_str(), error.kind()), (reason, kind));
            let told = error.metadata().iter().map(|(key, value)| (*key, value.as_str()));
            assert_eq!(told.collect::<Vec<_>>(), metadata.into_iter().collect::<Vec<_>>());
        }
    }

    /// The rule is the action's own, and its refusals come out as errors.
    #[test]
    fn actions_are_decided_by_their_row() {
        let ask = |caller: &Caller, action, named| {
            authorize(caller, action, named, None).map_err(|error| error.reason())
        };
        let none = NamedTenant::None;
        let member = user(Role::Member);
        assert_eq!(
            ask(&Caller::Anonymous, Action::SignIn, none),
            Ok(Scope::system(SystemUse::SignIn))
        );
        assert_eq!(ask(&member, Action::WhoAmI, none), Ok(Scope::own(person())));
        assert_eq!(ask(&member, Action::ListUsers, none), Ok(Scope::tenant(own())));
        assert_eq!(ask(&member, Action::ListDomains, none), Err(Reason::PermissionDenied));
        let scoped = NamedTenant::Scope(Some(other()));
        assert_eq!(ask(&member, Action::ListUsers, scoped), Err(Reason::TenantMismatch));
        assert_eq!(ask(&COMMAND_LINE, Action::AddDomain, scoped), Ok(Scope::tenant(other())));
        let refused = authorize(&member, Action::ListUsers, none, Some(other())).unwrap_err();
        assert_eq!(refused.reason(), Reason::TenantMismatch);
    }

    /// The operator's word is the proof of a domain, so no tenant's key gives it.
    #[test]
    fn a_scope_alone_does_not_let_a_tenant_key_assert_a_domain() {
        let scopes = &[KeyScope::DomainsWrite];
        let named = NamedTenant::Scope(Some(own()));
        let refused = authorize(&key(Role::Owner, scopes), Action::AddDomain, named, None);
        assert_eq!(refused.unwrap_err().reason(), Reason::PermissionDenied);
        let allowed = authorize(&platform_key(scopes), Action::AddDomain, named, None);
        assert_eq!(allowed.unwrap(), Scope::tenant(own()));
    }

    #[test]
    fn what_anyone_may_do_is_public_and_nothing_else() {
        assert!(Action::SignIn.is_public() && !Action::ListUsers.is_public());
        for action in Action::ALL {
            let asked = authorize(&Caller::Anonymous, *action, NamedTenant::None, None);
            let told = asked.map_err(|error| error.reason());
            if action.is_public() {
                assert!(matches!(told.unwrap().reach(), Reach::System(_)), "{action:?}");
            } else {
                assert_eq!(told, Err(Reason::CredentialMissing), "{action:?}");
            }
        }
    }
}
