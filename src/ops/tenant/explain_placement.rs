//! Answers which tenant an address would land in, and why.

use crate::{
    access::{Action, Scope},
    db::{Tx, departures, tenants, users},
    model::{
        Error, Reason, Result,
        email::EmailAddress,
        placement::{DomainMatch, PlacementReport, RuleKind, RuleOutcome},
        tenant::{Enrollment, Tenant, TenantState},
    },
    ops::{Cx, placement},
};

/// Walks the rules that placement itself follows. `text` is not parsed before, because an
/// address that is not valid is an answer too. A tenant's admins may ask only about addresses
/// of its own domains.
pub async fn explain_placement(cx: &Cx, scope: Scope, text: String) -> Result<PlacementReport> {
    let email = match EmailAddress::parse("email", &text) {
        Ok(email) => email,
        Err(violation) if scope.tenant_id().is_none() => {
            return Ok(PlacementReport {
                rules: vec![outcome(RuleKind::AddressValid, false, violation.description.into())],
                tenant: None,
                remedy: "Correct the address.".to_owned(),
            });
        }
        Err(violation) => return Err(Error::invalid(vec![violation])),
    };
    let email = &email;
    cx.read(scope, async |tx| {
        let found = placement::by_domain(tx, email).await?;
        if scope.tenant_id().is_some() && found.is_none() {
            return Err(Error::new(
                Reason::PermissionDenied,
                "Only addresses of the tenant's own domains can be explained.",
            )
            .with("action", Action::ExplainPlacement.as_str()));
        }
        explain(tx, email, found).await
    })
    .await
}

async fn explain(
    tx: &mut Tx,
    email: &EmailAddress,
    found: Option<DomainMatch>,
) -> Result<PlacementReport> {
    let mut rules = vec![outcome(RuleKind::AddressValid, true, "The address is valid.".into())];
    if let Some((user, _)) = users::find_by_email(tx, email.key()).await? {
        rules.push(outcome(
            RuleKind::ExistingAccount,
            true,
            "The address has an account; it stays in its home tenant.".into(),
        ));
        let tenant = tenants::find(tx, user.tenant_id).await?;
        return Ok(PlacementReport { rules, tenant, remedy: String::new() });
    }
    let none = "No account has this address.";
    rules.push(outcome(RuleKind::ExistingAccount, false, none.into()));
    rules.extend(domain_rules(email, found.as_ref()));
    let Some(found) = found else {
        let remedy = format!(
            "Add {} to a tenant, a parent of it with its sub-domains, or invite the person.",
            email.domain().as_str()
        );
        return Ok(PlacementReport { rules, tenant: None, remedy });
    };
    let departed = departures::exists(tx, found.tenant.id, email.key()).await?;
    Ok(judge(rules, found.tenant, departed))
}

/// Whether the tenant that the domain leads to takes the address in; every rule must let it.
fn judge(mut rules: Vec<RuleOutcome>, tenant: Tenant, departed: bool) -> PlacementReport {
    let active = tenant.state == TenantState::Active;
    let state = format!("The tenant is {}.", tenant.state);
    rules.push(outcome(RuleKind::TenantState, active, state));
    let open = tenant.enrollment == Enrollment::Domain;
    let enrollment = format!("The tenant's enrolment is {}.", tenant.enrollment);
    rules.push(outcome(RuleKind::Enrollment, open, enrollment));
    let departure = if departed {
        "The tenant removed this address; its domain places it no more."
    } else {
        "The tenant did not remove this address."
    };
    rules.push(outcome(RuleKind::Departure, departed, departure.into()));
    let remedy = match (active, tenant.enrollment, departed) {
        (false, _, _) => "Reactivate the tenant.",
        (true, Enrollment::Domain, false) => "",
        (true, Enrollment::Domain | Enrollment::InviteOnly, true) => "Invite the person.",
        (true, Enrollment::InviteOnly, false) => {
            "Set the tenant's enrolment to domain, or invite the person."
        }
        (true, Enrollment::Closed, false) => "Set the tenant's enrolment to domain.",
        (true, Enrollment::Closed, true) => {
            "Open the tenant's enrolment, and then invite the person."
        }
    };
    let tenant = remedy.is_empty().then_some(tenant);
    PlacementReport { rules, tenant, remedy: remedy.to_owned() }
}

/// The exact rule, then the parent rule; the first that matches decides.
fn domain_rules(email: &EmailAddress, found: Option<&DomainMatch>) -> Vec<RuleOutcome> {
    let name = email.domain().as_str();
    let rule = |kind, exact: bool, miss: &str| match found {
        Some(found) if found.exact == exact => RuleOutcome {
            domain: Some(found.domain.clone()),
            ..outcome(kind, true, format!("{} is a verified domain.", found.domain.domain.as_str()))
        },
        _ => outcome(kind, false, format!("{miss} {name}.")),
    };
    let exact = rule(RuleKind::DomainExact, true, "No verified domain equals");
    if exact.matched {
        return vec![exact];
    }
    let parent =
        rule(RuleKind::DomainParent, false, "No verified domain with its sub-domains covers");
    vec![exact, parent]
}

fn outcome(kind: RuleKind, matched: bool, explanation: String) -> RuleOutcome {
    RuleOutcome { kind, matched, explanation, domain: None }
}
