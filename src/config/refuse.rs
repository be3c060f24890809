//! What is refused although every value is well-formed: settings that would lose mail or accounts,
//! or open the service to strangers.

use super::{Config, mail::MailTarget, source::Lookup};

/// Refused wherever the program runs.
pub(super) fn anywhere(lookup: &mut Lookup, config: &Config) {
    if !config.server.is_loopback() && !config.server.allow_plaintext {
        let text = "is not a loopback address, and the listener speaks plaintext; put it behind a \
                    proxy that ends TLS and set REEVE_ALLOW_PLAINTEXT=true, or listen on 127.0.0.1";
        lookup.refuse("REEVE_LISTEN", text);
    }
    if config.database.target.is_postgres() && !lookup.is_set("REEVE_MASTER_KEY") {
        let text = "is required with PostgreSQL; make it once with: openssl rand -base64 32, and \
                    keep it";
        lookup.refuse("REEVE_MASTER_KEY", text);
    }
}

/// Refused with `ENVIRONMENT=production`.
pub(super) fn production(lookup: &mut Lookup, config: &Config) {
    if !config.security.environment.is_production() {
        return;
    }
    for name in ["REEVE_ISSUER", "REEVE_AUDIENCE", "PUBLIC_BASE_URL", "REEVE_MAIL"] {
        if !lookup.is_set(name) {
            lookup.refuse(name, "must be set in production");
        }
    }
    let security = &config.security;
    if security.development_mode {
        lookup.refuse("ENABLE_DEVELOPMENT_MODE", "must not be true in production");
    }
    if !security.require_verified_email {
        let text = "must not be false in production: anybody could sign up with any address";
        lookup.refuse("REEVE_REQUIRE_VERIFIED_EMAIL", text);
    }
    if security.bootstrap {
        let text = "must not be false in production; make a key with: reeve operator create-key";
        lookup.refuse("DISABLE_BOOTSTRAP", text);
    }
    if matches!(config.mail.target, MailTarget::Log) {
        lookup.refuse("REEVE_MAIL", "must not be log in production: every mail would be lost");
    }
    if config.mail.public_base_url.starts_with("http://") {
        lookup.refuse("PUBLIC_BASE_URL", "must begin with https:// in production");
    }
}
