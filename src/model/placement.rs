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
