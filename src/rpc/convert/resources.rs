//! Renders what several services answer with.

use crate::{
    model::{
        clock::Instant,
        domain::{DomainState, TenantDomain},
        profile::{Profile, ProfileState, ProfileView},
        role::Role,
        tenant::{Enrollment, Tenant, TenantState},
        user::{User, UserState},
    },
    pb::common::v1 as pb,
};
use prost_types::Timestamp;

#[allow(clippy::unnecessary_wraps, reason = "message fields are optional in the generated code")]
pub(super) fn timestamp(time: Instant) -> Option<Timestamp> {
    let nanos = time.as_micros().rem_euclid(1_000_000) * 1_000;
    Some(Timestamp { seconds: time.as_seconds(), nanos: i32::try_from(nanos).unwrap_or(0) })
}

pub(super) fn role(role: Role) -> pb::Role {
    match role {
        Role::Owner => pb::Role::Owner,
        Role::Admin => pb::Role::Admin,
        Role::Member => pb::Role::Member,
    }
}

pub(super) fn tenant(tenant: Tenant) -> pb::Tenant {
    let state = match tenant.state {
        TenantState::Active => pb::TenantState::Active,
        TenantState::Suspended => pb::TenantState::Suspended,
        TenantState::Deleted => pb::TenantState::Deleted,
    };
    let enrollment = match tenant.enrollment {
        Enrollment::Domain => pb::Enrollment::Domain,
        Enrollment::InviteOnly => pb::Enrollment::InviteOnly,
        Enrollment::Closed => pb::Enrollment::Closed,
    };
    pb::Tenant {
        id: tenant.id.to_string(),
        slug: tenant.slug.as_str().to_owned(),
        display_name: tenant.display_name.as_str().to_owned(),
        state: state.into(),
        enrollment: enrollment.into(),
        default_role: role(tenant.default_role).into(),
        seat_limit: tenant.seat_limit,
        mfa_required: tenant.mfa_required,
        home_url: tenant.home_url.as_str().to_owned(),
        create_time: timestamp(tenant.create_time),
        update_time: timestamp(tenant.update_time),
        etag: tenant.etag(),
    }
}

pub(super) fn domain(domain: TenantDomain) -> pb::Domain {
    let state = match domain.state {
        DomainState::Pending => pb::DomainState::Pending,
        DomainState::Verified => pb::DomainState::Verified,
    };
    pb::Domain {
        id: domain.id.to_string(),
        tenant_id: domain.tenant_id.to_string(),
        domain: domain.domain.as_str().to_owned(),
        include_subdomains: domain.include_subdomains,
        state: state.into(),
        verified_time: domain.verified_time.and_then(timestamp),
        create_time: timestamp(domain.create_time),
    }
}

pub(super) fn user(user: User) -> pb::User {
    let state = match user.state {
        UserState::Active => pb::UserState::Active,
        UserState::Suspended => pb::UserState::Suspended,
    };
    pb::User {
        id: user.id.to_string(),
        email: user.email.as_typed().to_owned(),
        email_verified: user.verified_time.is_some(),
        tenant_id: user.tenant_id.to_string(),
        state: state.into(),
        create_time: timestamp(user.create_time),
    }
}

pub(super) fn profile(profile: Profile) -> pb::Profile {
    let state = match profile.state {
        ProfileState::Active => pb::ProfileState::Active,
        ProfileState::Suspended => pb::ProfileState::Suspended,
    };
    pb::Profile {
        user_id: profile.user_id.to_string(),
        tenant_id: profile.tenant_id.to_string(),
        email: profile.email.as_typed().to_owned(),
        display_name: profile.display_name.as_str().to_owned(),
        role: role(profile.role).into(),
        state: state.into(),
        create_time: timestamp(profile.create_time),
        update_time: timestamp(profile.update_time),
        etag: profile.etag(),
    }
}

pub(super) fn profile_view(view: ProfileView) -> pb::Profile {
    match view {
        ProfileView::Full(full) => profile(full),
        ProfileView::Name { tenant_id, user_id, display_name, role: held } => pb::Profile {
            user_id: user_id.to_string(),
            tenant_id: tenant_id.to_string(),
            display_name: display_name.as_str().to_owned(),
            role: role(held).into(),
            ..pb::Profile::default()
        },
    }
}
