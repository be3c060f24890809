//! E-mail addresses: one canonical form, made here and nowhere else.

use super::{domain::DomainName, error::FieldViolation};

const MAX_LENGTH: usize = 254;
const MAX_LOCAL: usize = 64;

/// An address as it was typed, with the key under which it is stored and compared.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    typed: String,
    key: EmailKey,
    domain: DomainName,
}

/// The canonical form of an address: lower-case ASCII on both sides of the `@`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailKey(String);

impl EmailKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The mailbox that the address leads to at most providers: without `+` and what follows.
    #[must_use]
    pub fn without_tag(&self) -> Self {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let local = local.split_once('+').map_or(local, |(name, _)| name);
        Self(format!("{local}@{domain}"))
    }
    /// A key that a database row already holds.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl EmailAddress {
    /// Parses untrusted text by an allow-list (local part `[A-Za-z0-9._+'-]`, single dots inside);
    /// quoted parts, comments, display names, lists, literals and non-ASCII are refused.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        let refuse = |reason, why| Err(FieldViolation::new(field, reason, why));
        if text.is_empty() {
            return refuse("REQUIRED", "must not be empty");
        }
        if text.len() > MAX_LENGTH {
            return refuse("TOO_LONG", "must be at most 254 characters");
        }
        if !text.is_ascii() {
            return refuse("EMAIL_NOT_ASCII", "must be ASCII; write its domain in the xn-- form");
        }
        let Some((local, domain)) = text.rsplit_once('@') else {
            return refuse("EMAIL_MALFORMED", "must be an address like ann@example.com");
        };
        if local.len() > MAX_LOCAL {
            return refuse("TOO_LONG", "the part before the @ must be at most 64 characters");
        }
        if !is_local_part(local) {
            return refuse(
                "EMAIL_LOCAL_PART_REFUSED",
                "the part before the @ may hold letters, digits and . _ + ' - with single inner dots",
            );
        }
        let domain = DomainName::parse(field, domain)?;
        let key = format!("{}@{}", local.to_ascii_lowercase(), domain.as_str());
        Ok(Self { typed: text.to_owned(), key: EmailKey(key), domain })
    }

    /// An address that a database row already holds; rows of foreign writers may be malformed.
    pub fn from_stored(typed: String, key: String) -> Self {
        let domain = key.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned();
        Self { typed, key: EmailKey(key), domain: DomainName::from_stored(domain) }
    }

    /// As typed; what mail is sent to and what people read.
    pub fn as_typed(&self) -> &str {
        &self.typed
    }
    pub fn key(&self) -> &EmailKey {
        &self.key
    }
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }
    /// The canonical address with all but the first character before the `@` hidden, for who may
    /// know that there is one and not which: `b***@else.org`.
    pub fn masked(&self) -> String {
        let first: String = self.local_part().chars().take(1).collect();
        format!("{first}***@{}", self.domain.as_str())
    }
    /// The part before the last `@`, in lower case.
    pub fn local_part(&self) -> &str {
        self.key.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

/// Keeps addresses out of logs, where `{:?}` would put them.
impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}
impl std::fmt::Debug for EmailKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailKey(…)")
    }
}

fn is_local_part(local: &str) -> bool {
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'\'' | b'-');
    !local.is_empty()
        && local.bytes().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

#[cfg(test)]
#[path = "email_tests.rs"]
mod tests;
