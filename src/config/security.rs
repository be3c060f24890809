//! The environment, the secrets, and what may be relaxed outside production.

use super::{database::DatabaseTarget, placeholder, show::masked, source::Lookup};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Development,
    Production,
}

crate::closed_set!(Environment { Development = "development", Production = "production" });

impl Environment {
    pub fn is_production(self) -> bool {
        self == Self::Production
    }

    pub(super) fn read(lookup: &mut Lookup) -> Self {
        let parse = |text: &str| text.trim().parse();
        lookup.value("ENVIRONMENT", Self::Development, parse, Self::to_string)
    }
}

#[derive(Debug, Clone)]
pub struct Security {
    pub environment: Environment,
    pub development_mode: bool,
    pub require_verified_email: bool,
    /// Base64 of 32 bytes; `None`: made in the data directory, with the embedded database.
    pub master_key: Option<SecretString>,
    /// An operator key is made on an empty database.
    pub bootstrap: bool,
    /// HS256 with this secret; `None`: `EdDSA` from the keyring.
    pub jwt_secret: Option<SecretString>,
    pub issuer: String,
    pub audience: String,
    /// The fewest characters of a new password.
    pub password_min: usize,
}

impl Security {
    pub(super) fn read(
        lookup: &mut Lookup,
        environment: Environment,
        target: &DatabaseTarget,
    ) -> Self {
        let production = environment.is_production();
        let no_bootstrap = production || target.is_postgres();
        let unset =
            if target.is_postgres() { "(required)" } else { "(made in the data directory)" };
        Self {
            environment,
            development_mode: lookup.flag("ENABLE_DEVELOPMENT_MODE", false),
            require_verified_email: lookup.flag("REEVE_REQUIRE_VERIFIED_EMAIL", true),
            master_key: lookup.optional("REEVE_MASTER_KEY", unset, master_key, masked),
            bootstrap: !lookup.flag("DISABLE_BOOTSTRAP", no_bootstrap),
            jwt_secret: jwt_secret(lookup),
            issuer: named(lookup, "REEVE_ISSUER", production),
            audience: named(lookup, "REEVE_AUDIENCE", production),
            password_min: lookup.value("REEVE_PASSWORD_MIN", 12, password_min, usize::to_string),
        }
    }
}

/// One secret under either of its two names.
fn jwt_secret(lookup: &mut Lookup) -> Option<SecretString> {
    let first = lookup.optional("JWT_SECRET", "(unset)", signing_secret, masked);
    let second = lookup.optional("JWT_SECRET_KEY", "(unset)", signing_secret, masked);
    if let (Some(first), Some(second)) = (&first, &second)
        && first.expose_secret() != second.expose_secret()
    {
        lookup.refuse("JWT_SECRET", "and JWT_SECRET_KEY are set and differ; keep one");
    }
    first.or(second)
}

fn signing_secret(text: &str) -> Result<SecretString, String> {
    placeholder::weakness(text).map_or_else(|| Ok(text.into()), |problem| Err(problem.into()))
}

fn master_key(text: &str) -> Result<SecretString, String> {
    let key = text.trim();
    let bytes = BASE64_STANDARD.decode(key).map(Zeroizing::new);
    match bytes {
        Ok(bytes) if bytes.len() != 32 || placeholder::is_regular(&bytes) => {
            Err("must be 32 random bytes; make it with: openssl rand -base64 32".into())
        }
        Ok(_) => Ok(key.into()),
        Err(_) => Err("must be base64 of 32 bytes; make it with: openssl rand -base64 32".into()),
    }
}

/// `iss` or `aud`: `reeve` outside production, without a default there.
fn named(lookup: &mut Lookup, name: &'static str, production: bool) -> String {
    if production {
        return lookup.optional(name, "(required)", claim, String::clone).unwrap_or_default();
    }
    lookup.value(name, "reeve".to_owned(), claim, String::clone)
}

fn claim(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.len() > 255 || text.contains(char::is_whitespace) {
        return Err("must be at most 255 bytes without spaces".into());
    }
    Ok(text.to_owned())
}

fn password_min(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(count @ 8..=256) => Ok(count),
        _ => Err("expected a whole number from 8 to 256".into()),
    }
}
