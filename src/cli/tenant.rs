//! `reeve tenant create` and `reeve tenant list`.

use super::{
    args::{CreateTenant, Output},
    connect,
    domain::Shown as ShownDomain,
    invite,
    outcome::{Failure, Outcome},
    pages, print,
};
use crate::{
    access::{Action, NamedTenant, authorize},
    boot,
    config::Config,
    model::{
        Reason,
        domain::DomainName,
        email::EmailAddress,
        tenant::{HomeUrl, Slug, Tenant},
        text::DisplayName,
    },
    ops::{Cx, tenant as ops},
};
use serde::Serialize;

#[derive(Serialize)]
struct Shown {
    id: String,
    slug: String,
    display_name: String,
    state: &'static str,
    enrollment: &'static str,
    default_role: &'static str,
    seat_limit: Option<u32>,
    home_url: String,
    create_time: String,
    update_time: String,
}

impl From<&Tenant> for Shown {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            slug: tenant.slug.as_str().to_owned(),
            display_name: tenant.display_name.as_str().to_owned(),
            state: tenant.state.as_str(),
            enrollment: tenant.enrollment.as_str(),
            default_role: tenant.default_role.as_str(),
            seat_limit: tenant.seat_limit,
            home_url: tenant.home_url.as_str().to_owned(),
            create_time: tenant.create_time.to_string(),
            update_time: tenant.update_time.to_string(),
        }
    }
}

#[derive(Serialize)]
struct Made {
    tenant: Shown,
    domains: Vec<ShownDomain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_invitation_id: Option<String>,
}

/// An owner's mail is queued; the running server sends it.
pub(super) async fn create(asked: &CreateTenant, config: &Config) -> Result<Outcome, Failure> {
    let input = input(asked)?;
    let cx = connect::open(config).await?;
    if input.owner_email.is_some() {
        boot::keyring(&cx.app).await?;
    }
    let scope = authorize(&cx.caller, Action::CreateTenant, NamedTenant::None, None)?;
    let made = ops::create_tenant(&cx, scope, input).await?;
    let shown = Made {
        tenant: Shown::from(&made.tenant),
        domains: made.domains.iter().map(ShownDomain::from).collect(),
        owner_invitation_id: made.owner_invitation.as_ref().map(|it| it.id.to_string()),
    };
    print::either(asked.output, &shown, || {
        let mut lines = vec![format!("tenant {} was made: {}", shown.tenant.slug, shown.tenant.id)];
        lines.extend(shown.domains.iter().map(ShownDomain::text));
        lines.extend(made.owner_invitation.as_ref().map(invite::text));
        lines.join("\n")
    })?;
    Ok(Outcome::Done)
}

fn input(asked: &CreateTenant) -> Result<ops::CreateTenant, Failure> {
    let name = asked.display_name.as_ref().unwrap_or(&asked.slug);
    let seats = asked.seat_limit;
    if seats.is_some_and(|seats| seats == 0 || i32::try_from(seats).is_err()) {
        return Err(Failure::usage("--seat-limit: must be between 1 and 2147483647"));
    }
    let domains = asked.domains.iter().map(|name| DomainName::parse("--domain", name));
    let owner = asked.owner_email.as_ref().map(|it| EmailAddress::parse("--owner-email", it));
    Ok(ops::CreateTenant {
        slug: Slug::parse("SLUG", &asked.slug)?,
        display_name: DisplayName::parse("--display-name", name)?,
        home_url: HomeUrl::parse("--home-url", asked.home_url.as_deref().unwrap_or_default())?,
        enrollment: asked.enrollment,
        seat_limit: seats,
        domains: domains.collect::<Result<_, _>>()?,
        owner_email: owner.transpose()?,
        request: None,
        validate_only: false,
    })
}

pub(super) async fn list(output: Output, config: &Config) -> Result<Outcome, Failure> {
    let cx = connect::open(config).await?;
    boot::keyring(&cx.app).await?;
    let scope = authorize(&cx.caller, Action::ListTenants, NamedTenant::None, None)?;
    let read = async |request| ops::list_tenants(&cx, scope, request).await;
    let all: Vec<Shown> = pages::all(read).await?.iter().map(Shown::from).collect();
    print::either(output, &all, || table(&all))?;
    Ok(Outcome::Done)
}

fn table(all: &[Shown]) -> String {
    let rows: Vec<[String; 5]> = all
        .iter()
        .map(|tenant| {
            let (state, enrollment) = (tenant.state.to_owned(), tenant.enrollment.to_owned());
            let (slug, id) = (tenant.slug.clone(), tenant.id.clone());
            [slug, state, enrollment, id, tenant.display_name.clone()]
        })
        .collect();
    print::table(["SLUG", "STATE", "ENROLLMENT", "ID", "NAME"], &rows)
}

/// The tenant of that short name.
pub(super) async fn find(cx: &Cx, slug: &str) -> Result<Tenant, Failure> {
    let slug = Slug::parse("tenant", slug)?;
    let scope = authorize(&cx.caller, Action::ListTenants, NamedTenant::None, None)?;
    ops::get_tenant_by_slug(cx, scope, slug).await.map_err(|error| {
        let hint = match error.reason() {
            Reason::NotFound => "'reeve tenant list' shows those that exist",
            _ => "",
        };
        Failure::with_hint(&error, hint)
    })
}
