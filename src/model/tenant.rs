//! Tenants: the organisations that people belong to.

use super::{clock::Instant, error::FieldViolation, id::TenantId, role::Role, text::DisplayName};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantState {
    Active,
    Suspended,
    Deleted,
}

crate::closed_set!(TenantState { Active = "active", Suspended = "suspended", Deleted = "deleted" });

/// Who may join without being invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrollment {
    /// Anyone with a proven address in a verified domain of the tenant.
    Domain,
    /// Only invited people.
    InviteOnly,
    /// Nobody.
    Closed,
}

crate::closed_set!(Enrollment { Domain = "domain", InviteOnly = "invite_only", Closed = "closed" });

/// The tenant's short name: 2 to 40 lower-case letters, digits and inner hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let well_formed = (2..=40).contains(&text.len())
            && text.bytes().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if !well_formed {
            return Err(FieldViolation::new(
                field,
                "SLUG_MALFORMED",
                "must be 2 to 40 lower-case letters, digits and inner hyphens",
            ));
        }
        Ok(Self(text.to_owned()))
    }
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the tenant's people go after signing in: an http(s) URL, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HomeUrl(String);

impl HomeUrl {
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let refuse = || FieldViolation::new(field, "URL_INVALID", "must be an http or https URL");
        let url = url::Url::parse(text).map_err(|_| refuse())?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none();
        if text.len() > 2_000 || !plain || text.chars().any(super::text::is_unprintable) {
            return Err(refuse());
        }
        Ok(Self(text.to_owned()))
    }
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: Slug,
    pub display_name: DisplayName,
    pub state: TenantState,
    pub enrollment: Enrollment,
    /// The role of people who join by domain.
    pub default_role: Role,
    /// How many active members the tenant may have; `None` is no limit.
    pub seat_limit: Option<u32>,
    pub mfa_required: bool,
    pub home_url: HomeUrl,
    pub create_time: Instant,
    pub update_time: Instant,
}

impl Tenant {
    /// What people outside of it know it by.
    pub fn shown_name(&self) -> &str {
        let name = self.display_name.as_str();
        if name.is_empty() { self.slug.as_str() } else { name }
    }

    /// Changes with every change of the row's content.
    pub fn etag(&self) -> String {
        format!("{:x}", self.update_time.as_micros())
    }
}

#[cfg(test)]
#[path = "tenant_tests.rs"]
mod tests;
