//! Which tenant an address lands in, and why.

use super::{
    domain::TenantDomain,
    tenant::{Enrollment, Tenant, TenantState},
};

/// The verified domain that places an address, with its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainMatch {
    pub domain: TenantDomain,
    pub tenant: Tenant,
    /// The registered name equals the address's domain, rather than a parent of it.
    pub exact: bool,
}

impl DomainMatch {
    /// Whether the tenant takes people in by domain now.
    pub fn admits(&self) -> bool {
        self.tenant.state == TenantState::Active && self.tenant.enrollment == Enrollment::Domain
    }
}

/// One rule of placement, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    AddressValid,
    ExistingAccount,
    DomainExact,
    DomainParent,
    TenantState,
    Enrollment,
    /// Whether the tenant removed the person.
    Departure,
}

/// What one rule said about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutcome {
    pub kind: RuleKind,
    pub matched: bool,
    pub explanation: String,
    pub domain: Option<TenantDomain>,
}

/// The whole answer to "where would this address land".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementReport {
    pub rules: Vec<RuleOutcome>,
    pub tenant: Option<Tenant>,
    /// What would change the result; empty when the address is placed.
    pub remedy: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        clock::Instant,
        domain::{DomainName, DomainState},
        id::{DomainId, Id as _, TenantId},
        role::Role,
        tenant::{HomeUrl, Slug},
        text::DisplayName,
    };

    fn matching(state: TenantState, enrollment: Enrollment) -> DomainMatch {
        let (then, tenant_id) = (Instant::from_micros(0), TenantId::from_uuid(uuid::Uuid::nil()));
        DomainMatch {
            domain: TenantDomain {
                id: DomainId::from_uuid(uuid::Uuid::nil()),
                tenant_id,
                domain: DomainName::parse("domain", "acme.com").unwrap(),
                include_subdomains: false,
                state: DomainState::Verified,
                verified_time: Some(then),
                create_time: then,
            },
            tenant: Tenant {
                id: tenant_id,
                slug: Slug::parse("slug", "acme").unwrap(),
                display_name: DisplayName::default(),
                state,
                enrollment,
                default_role: Role::Member,
                seat_limit: None,
                mfa_required: false,
                home_url: HomeUrl::default(),
                create_time: then,
                update_time: then,
            },
            exact: true,
        }
    }

    // SU-48, R-DOM-4
    #[test]
    fn only_an_active_tenant_that_enrols_by_domain_admits() {
        for state in TenantState::ALL {
            for enrollment in Enrollment::ALL {
                let expected = (*state, *enrollment) == (TenantState::Active, Enrollment::Domain);
                let asked = matching(*state, *enrollment).admits();
                assert_eq!(asked, expected, "{state} {enrollment}");
            }
        }
    }
}
