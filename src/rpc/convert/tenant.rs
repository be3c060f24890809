//! Messages of `reeve.tenant.v1`.

use super::{
    super::call::{NamesTenant, Parsed, scope_tenant},
    fields::{Fields, mask, optional_role, page, request_key, required_role, unknown_value},
    resources::{domain, profile, profile_view, tenant, user},
};
use crate::{
    access::{Action, NamedTenant},
    model::{
        domain::{DomainName, TenantDomain},
        email::EmailAddress,
        error::FieldViolation,
        id::{DomainId, Id as _, TenantId, UserId},
        page::{Page, PageRequest},
        placement::{PlacementReport, RuleKind, RuleOutcome},
        profile::{Profile, ProfileFilter, ProfileState, ProfileView},
        tenant::{Enrollment, HomeUrl, Slug, Tenant},
        text::{DisplayName, is_unprintable},
    },
    ops::tenant::{AddDomain, CreateTenant, CreatedTenant, FoundUser, ListUsers, UpdateUser},
    pb::{common::v1 as common, tenant::v1 as pb},
};
use std::mem::take;

const MAX_DOMAINS: usize = 100;
/// No address is longer, so no prefix of one is.
const EMAIL_MAX: usize = 254;

macro_rules! names_scope {
    ($($message:ident),+ $(,)?) => { $(
        impl NamesTenant for pb::$message {
            fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
                scope_tenant(&self.tenant_id)
            }
        }
    )+ };
}
names_scope!(
    AddDomainRequest,
    RemoveDomainRequest,
    ListDomainsRequest,
    ExplainPlacementRequest,
    ListUsersRequest,
    GetUserRequest,
    UpdateUserRequest,
    RemoveUserRequest,
);

impl NamesTenant for pb::CreateTenantRequest {
    fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
        Ok(NamedTenant::None)
    }
}
impl NamesTenant for pb::ListTenantsRequest {
    fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
        Ok(NamedTenant::None)
    }
}
impl NamesTenant for pb::GetTenantRequest {
    fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
        TenantId::parse("tenant_id", &self.tenant_id).map(NamedTenant::Argument)
    }
}

pub(in crate::rpc) fn create_tenant(mut message: pb::CreateTenantRequest) -> Parsed<CreateTenant> {
    let (request_id, validate_only) =
        (take(&mut message.request_id), take(&mut message.validate_only));
    let mut fields = Fields::default();
    let request = fields.take(request_key(Action::CreateTenant, &request_id, &message));
    let slug = fields.take(Slug::parse("slug", &message.slug));
    let name =
        if message.display_name.trim().is_empty() { &message.slug } else { &message.display_name };
    let display_name = fields.take(DisplayName::parse("display_name", name));
    let home_url = fields.take(HomeUrl::parse("home_url", &message.home_url));
    let enrollment = fields.take(enrollment(message.enrollment));
    let seat_limit = fields.take(seat_limit(message.seat_limit));
    let domains = fields.take(domains(&message.domains));
    let owner_email = fields.take(owner_email(&message.owner_email));
    let input = (|| {
        Some(CreateTenant {
            slug: slug?,
            display_name: display_name?,
            home_url: home_url?,
            enrollment: enrollment?,
            seat_limit: seat_limit?,
            domains: domains?,
            owner_email: owner_email?,
            request: request?,
            validate_only,
        })
    })();
    fields.finish(input)
}

fn enrollment(value: i32) -> Result<Enrollment, FieldViolation> {
    match common::Enrollment::try_from(value) {
        Ok(common::Enrollment::Unspecified | common::Enrollment::Domain) => Ok(Enrollment::Domain),
        Ok(common::Enrollment::InviteOnly) => Ok(Enrollment::InviteOnly),
        Ok(common::Enrollment::Closed) => Ok(Enrollment::Closed),
        Err(_) => Err(unknown_value("enrollment")),
    }
}

fn seat_limit(limit: Option<u32>) -> Result<Option<u32>, FieldViolation> {
    match limit {
        Some(limit) if limit == 0 || i32::try_from(limit).is_err() => Err(FieldViolation::new(
            "seat_limit",
            "OUT_OF_RANGE",
            "must be between 1 and 2147483647",
        )),
        limit => Ok(limit),
    }
}

fn domains(names: &[String]) -> Result<Vec<DomainName>, FieldViolation> {
    if names.len() > MAX_DOMAINS {
        return Err(FieldViolation::new("domains", "TOO_MANY", "must be at most 100 domains"));
    }
    names.iter().map(|name| DomainName::parse("domains", name)).collect()
}

fn owner_email(text: &str) -> Result<Option<EmailAddress>, FieldViolation> {
    (!text.is_empty()).then(|| EmailAddress::parse("owner_email", text)).transpose()
}

pub(in crate::rpc) fn create_tenant_response(created: CreatedTenant) -> pb::CreateTenantResponse {
    pb::CreateTenantResponse {
        tenant: Some(tenant(created.tenant)),
        domains: created.domains.into_iter().map(domain).collect(),
        replayed: created.replayed,
        owner_invitation_id: created
            .owner_invitation
            .map_or_else(String::new, |it| it.id.to_string()),
    }
}

pub(in crate::rpc) fn get_tenant(message: pb::GetTenantRequest) -> Parsed<TenantId> {
    let mut fields = Fields::default();
    let id = fields.take(TenantId::parse("tenant_id", &message.tenant_id));
    fields.finish(id)
}

pub(in crate::rpc) fn get_tenant_response(found: Tenant) -> pb::GetTenantResponse {
    pb::GetTenantResponse { tenant: Some(tenant(found)) }
}

pub(in crate::rpc) fn list_tenants(message: pb::ListTenantsRequest) -> Parsed<PageRequest> {
    let mut fields = Fields::default();
    let request = fields.take(page(message.page_size, message.page_token));
    fields.finish(request)
}

pub(in crate::rpc) fn list_tenants_response(page: Page<Tenant>) -> pb::ListTenantsResponse {
    pb::ListTenantsResponse {
        tenants: page.items.into_iter().map(tenant).collect(),
        next_page_token: page.next_token,
    }
}

pub(in crate::rpc) fn add_domain(message: pb::AddDomainRequest) -> Parsed<AddDomain> {
    let mut fields = Fields::default();
    let name = fields.take(DomainName::parse("domain", &message.domain));
    let input = name.map(|name| AddDomain {
        domain: name,
        include_subdomains: message.include_subdomains,
        validate_only: message.validate_only,
    });
    fields.finish(input)
}

pub(in crate::rpc) fn add_domain_response(added: TenantDomain) -> pb::AddDomainResponse {
    pb::AddDomainResponse { domain: Some(domain(added)) }
}

pub(in crate::rpc) fn remove_domain(message: pb::RemoveDomainRequest) -> Parsed<DomainId> {
    let mut fields = Fields::default();
    let id = fields.take(DomainId::parse("domain_id", &message.domain_id));
    fields.finish(id)
}

pub(in crate::rpc) fn remove_domain_response((): ()) -> pb::RemoveDomainResponse {
    pb::RemoveDomainResponse {}
}

pub(in crate::rpc) fn list_domains(message: pb::ListDomainsRequest) -> Parsed<PageRequest> {
    let mut fields = Fields::default();
    let request = fields.take(page(message.page_size, message.page_token));
    fields.finish(request)
}

pub(in crate::rpc) fn list_domains_response(page: Page<TenantDomain>) -> pb::ListDomainsResponse {
    pb::ListDomainsResponse {
        domains: page.items.into_iter().map(domain).collect(),
        next_page_token: page.next_token,
    }
}

/// The address is not parsed here: that it is none is a part of the answer.
#[allow(clippy::unnecessary_wraps, reason = "every request is parsed the same way")]
pub(in crate::rpc) fn explain_placement(message: pb::ExplainPlacementRequest) -> Parsed<String> {
    Ok(message.email)
}

pub(in crate::rpc) fn explain_placement_response(
    report: PlacementReport,
) -> pb::ExplainPlacementResponse {
    pb::ExplainPlacementResponse {
        rules: report.rules.into_iter().map(rule).collect(),
        tenant: report.tenant.map(tenant),
        remedy: report.remedy,
    }
}

fn rule(outcome: RuleOutcome) -> pb::PlacementRule {
    use pb::PlacementRuleKind as Kind;
    let kind = match outcome.kind {
        RuleKind::AddressValid => Kind::AddressValid,
        RuleKind::ExistingAccount => Kind::ExistingAccount,
        RuleKind::DomainExact => Kind::DomainExact,
        RuleKind::DomainParent => Kind::DomainParent,
        RuleKind::TenantState => Kind::TenantState,
        RuleKind::Enrollment => Kind::Enrollment,
        RuleKind::Departure => Kind::Departure,
    };
    let (name, tenant_id) = outcome.domain.map_or_else(Default::default, |domain| {
        (domain.domain.as_str().to_owned(), domain.tenant_id.to_string())
    });
    pb::PlacementRule {
        rule: kind.into(),
        matched: outcome.matched,
        explanation: outcome.explanation,
        domain: name,
        tenant_id,
    }
}

pub(in crate::rpc) fn list_users(message: pb::ListUsersRequest) -> Parsed<ListUsers> {
    let mut fields = Fields::default();
    let request = fields.take(page(message.page_size, message.page_token));
    let role = fields.take(optional_role("role", message.role));
    let state = fields.take(profile_state(message.state));
    let prefix = fields.take(email_prefix(&message.email_prefix));
    let input = (|| {
        Some(ListUsers {
            filter: ProfileFilter { role: role?, state: state?, email_prefix: prefix? },
            page: request?,
        })
    })();
    fields.finish(input)
}

/// What may begin an address; the databases refuse NUL and patterns of any length in their own way.
fn email_prefix(text: &str) -> Result<Option<String>, FieldViolation> {
    let refuse = |reason, why| Err(FieldViolation::new("email_prefix", reason, why));
    if text.len() > EMAIL_MAX {
        return refuse("TOO_LONG", "must be at most 254 bytes");
    }
    if text.chars().any(is_unprintable) {
        return refuse("CHARACTER_REFUSED", "must hold no control or format characters");
    }
    Ok((!text.is_empty()).then(|| text.to_ascii_lowercase()))
}

fn profile_state(value: i32) -> Result<Option<ProfileState>, FieldViolation> {
    match common::ProfileState::try_from(value) {
        Ok(common::ProfileState::Unspecified) => Ok(None),
        Ok(common::ProfileState::Active) => Ok(Some(ProfileState::Active)),
        Ok(common::ProfileState::Suspended) => Ok(Some(ProfileState::Suspended)),
        Err(_) => Err(unknown_value("state")),
    }
}

pub(in crate::rpc) fn list_users_response(page: Page<ProfileView>) -> pb::ListUsersResponse {
    pb::ListUsersResponse {
        profiles: page.items.into_iter().map(profile_view).collect(),
        next_page_token: page.next_token,
    }
}

pub(in crate::rpc) fn get_user(message: pb::GetUserRequest) -> Parsed<UserId> {
    let mut fields = Fields::default();
    let id = fields.take(UserId::parse("user_id", &message.user_id));
    fields.finish(id)
}

pub(in crate::rpc) fn get_user_response(found: FoundUser) -> pb::GetUserResponse {
    pb::GetUserResponse { user: found.user.map(user), profile: Some(profile_view(found.profile)) }
}

pub(in crate::rpc) fn update_user(message: pb::UpdateUserRequest) -> Parsed<UpdateUser> {
    let mut fields = Fields::default();
    let user_id = fields.take(UserId::parse("user_id", &message.user_id));
    let paths = fields.take(mask(message.update_mask, &["role", "display_name"]));
    let names = |path| paths.as_ref().is_some_and(|paths| paths.contains(&path));
    let role = fields.take(masked(names("role"), || required_role("role", message.role)));
    let display_name = fields.take(masked(names("display_name"), || {
        DisplayName::parse("display_name", &message.display_name)
    }));
    let etag = Some(message.etag).filter(|etag| !etag.is_empty());
    let input = (|| {
        Some(UpdateUser { user_id: user_id?, role: role?, display_name: display_name?, etag })
    })();
    fields.finish(input)
}

/// A field that is read only if the mask names it.
fn masked<T>(
    is_named: bool,
    parse: impl FnOnce() -> Result<T, FieldViolation>,
) -> Result<Option<T>, FieldViolation> {
    is_named.then(parse).transpose()
}

pub(in crate::rpc) fn update_user_response(changed: Profile) -> pb::UpdateUserResponse {
    pb::UpdateUserResponse { profile: Some(profile(changed)) }
}

pub(in crate::rpc) fn remove_user(message: pb::RemoveUserRequest) -> Parsed<UserId> {
    let mut fields = Fields::default();
    let id = fields.take(UserId::parse("user_id", &message.user_id));
    fields.finish(id)
}

pub(in crate::rpc) fn remove_user_response((): ()) -> pb::RemoveUserResponse {
    pb::RemoveUserResponse {}
}
