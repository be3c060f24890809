//! Domain names: one canonical form, and which of them a tenant may claim.

use super::{
    clock::Instant,
    error::FieldViolation,
    id::{DomainId, TenantId},
};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Providers that hand mailboxes to anybody; nobody may claim their whole domain.
const CONSUMER_MAIL_DOMAINS: &str = include_str!("consumer_mail_domains.txt");

/// A host name of at least two labels in lower-case ASCII (A-labels), without a trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(String);

impl DomainName {
    /// Parses untrusted text. Only ASCII case may differ from the canonical form: characters
    /// that IDNA would map are refused, so two spellings never meet in one name by surprise.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        let refuse = |reason, why| Err(FieldViolation::new(field, reason, why));
        if text.is_empty() {
            return refuse("REQUIRED", "must not be empty");
        }
        if text.len() > 253 {
            return refuse("TOO_LONG", "domain must be at most 253 characters");
        }
        if !text.is_ascii() {
            return refuse("DOMAIN_NOT_ASCII", "write an international domain in its xn-- form");
        }
        let lower = text.to_ascii_lowercase();
        if lower.ends_with('.') {
            return refuse("DOMAIN_TRAILING_DOT", "domain must not end with a dot");
        }
        if lower.parse::<Ipv4Addr>().is_ok()
            || lower.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok()
            || lower.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
        {
            return refuse("DOMAIN_IS_ADDRESS", "must be a domain name, not an IP address");
        }
        if !lower.contains('.') {
            return refuse("DOMAIN_BARE_LABEL", "must have at least two labels, like example.com");
        }
        if !lower.split('.').all(is_label) {
            return refuse(
                "DOMAIN_MALFORMED",
                "labels are 1 to 63 letters, digits and inner hyphens",
            );
        }
        if !round_trips(&lower) {
            return refuse("DOMAIN_IDNA_INVALID", "holds an xn-- label that is not valid IDNA");
        }
        Ok(Self(lower))
    }

    /// A name that a database row already holds.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This name and each parent of at least two labels, the longest first.
    pub fn with_parents(&self) -> Vec<&str> {
        let mut names = vec![self.0.as_str()];
        let mut rest = self.0.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            if parent.contains('.') {
                names.push(parent);
            }
            rest = parent;
        }
        names
    }

    /// Whether one organisation can own the name: no public suffix, no consumer mail provider,
    /// no special-use name. The error says which rule refused it.
    pub fn check_claimable(&self, field: &'static str) -> Result<(), FieldViolation> {
        let refuse = |reason, why| Err(FieldViolation::new(field, reason, why));
        let last = self.0.rsplit('.').next().unwrap_or_default();
        if matches!(last, "localhost" | "local" | "internal" | "onion" | "arpa") {
            return refuse("DOMAIN_SPECIAL_USE", "is a special-use name that nobody owns");
        }
        if psl::suffix_str(&self.0) == Some(self.0.as_str()) {
            return refuse(
                "DOMAIN_PUBLIC_SUFFIX",
                "is a public suffix under which anybody registers",
            );
        }
        let consumer = |name: &str| CONSUMER_MAIL_DOMAINS.lines().any(|known| known == name);
        if self.with_parents().into_iter().any(consumer) {
            return refuse("DOMAIN_CONSUMER_MAIL", "belongs to a public mail provider");
        }
        Ok(())
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether every `xn--` label decodes and encodes to itself.
fn round_trips(lower: &str) -> bool {
    if !lower.split('.').any(|label| label.starts_with("xn--")) {
        return lower.split('.').all(|label| label.get(2..4) != Some("--"));
    }
    let (unicode, outcome) = idna::domain_to_unicode(lower);
    outcome.is_ok()
        && unicode != lower
        && idna::domain_to_ascii_strict(&unicode).is_ok_and(|ascii| ascii == lower)
}

/// How far a claim on a domain has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainState {
    Pending,
    Verified,
}

crate::closed_set!(DomainState { Pending = "pending", Verified = "verified" });

/// A tenant's claim on a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantDomain {
    pub id: DomainId,
    pub tenant_id: TenantId,
    pub domain: DomainName,
    /// Whether addresses of sub-domains are placed too.
    pub include_subdomains: bool,
    pub state: DomainState,
    pub verified_time: Option<Instant>,
    pub create_time: Instant,
}

#[cfg(test)]
#[path = "domain_tests.rs"]
mod tests;
