//! Making access tokens.

use super::{claims::AccessClaims, keyring::Keyring};
use crate::model::{
    Error, Result,
    clock::{Instant, Rng},
    id::{SessionId, TenantId, UserId},
    role::Role,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Header;
use std::time::Duration;

/// No access token lives longer, whatever is configured.
pub const MAX_TTL: Duration = Duration::from_mins(15);

/// The `typ` of access tokens (RFC 9068 §2.1).
pub(super) const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// What every access token of this service has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    pub issuer: String,
    pub audience: String,
    /// How long an access token lives at most; up to `MAX_TTL`, in whole seconds.
    pub ttl: Duration,
}

impl TokenSettings {
    /// The longest lifetime that is issued and accepted, in seconds.
    pub(super) fn max_seconds(&self) -> u64 {
        self.ttl.min(MAX_TTL).as_secs()
    }
}

/// Whom a token speaks for, as read from a live membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub user: UserId,
    pub session: SessionId,
    pub tenant: TenantId,
    pub tenant_slug: String,
    pub role: Role,
    pub email_verified: bool,
    pub mver: i64,
}

/// A signed access token and when it expires.
pub fn issue(
    keys: &Keyring,
    settings: &TokenSettings,
    subject: &Subject,
    now: Instant,
    rng: &dyn Rng,
) -> Result<(String, Instant)> {
    let key = &keys.signing.active;
    let iat = u64::try_from(now.as_seconds()).map_err(Error::internal)?;
    let exp = iat + lifetime(settings, rng);
    let claims = claims(settings, subject, (iat, exp), rng);
    let mut header = Header::new(key.key.algorithm);
    header.typ = Some(ACCESS_TOKEN_TYPE.to_owned());
    header.kid = Some(key.kid.clone());
    let token =
        jsonwebtoken::encode(&header, &claims, &key.key.encoding).map_err(Error::internal)?;
    Ok((token, Instant::from_micros(0) + Duration::from_secs(exp)))
}

/// Up to a twentieth shorter than configured, so that tokens made together do not expire together.
fn lifetime(settings: &TokenSettings, rng: &dyn Rng) -> u64 {
    let most = settings.max_seconds();
    let mut random = [0; 8];
    rng.fill(&mut random);
    most - u64::from_be_bytes(random) % (most / 20 + 1)
}

fn claims(
    settings: &TokenSettings,
    subject: &Subject,
    (iat, exp): (u64, u64),
    rng: &dyn Rng,
) -> AccessClaims {
    let mut jti = [0; 16];
    rng.fill(&mut jti);
    AccessClaims {
        iss: settings.issuer.clone(),
        sub: subject.user,
        aud: settings.audience.clone(),
        iat,
        exp,
        nbf: None,
        jti: URL_SAFE_NO_PAD.encode(jti),
        sid: subject.session,
        tenant_id: subject.tenant,
        tenant_slug: subject.tenant_slug.clone(),
        role: subject.role,
        email_verified: subject.email_verified,
        mver: subject.mver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::fixture::{NOW, SystemRng, ring, settings, subject};
    use std::collections::HashSet;

    // TK-61, and the jitter of the lifetime.
    #[test]
    fn tokens_are_unique_and_their_lifetimes_spread_by_a_twentieth() {
        let ring = ring();
        let mut ids = HashSet::new();
        let mut lifetimes = HashSet::new();
        for _ in 0..1_000 {
            let (token, expire) = issue(&ring, &settings(), &subject(), NOW, &SystemRng).unwrap();
            let claims = crate::token::verify(&ring, &settings(), NOW, &token).unwrap();
            assert_eq!(i64::try_from(claims.exp).unwrap(), expire.as_seconds());
            assert_eq!(claims.jti.len(), 22);
            ids.insert(claims.jti);
            lifetimes.insert(claims.exp - claims.iat);
        }
        assert_eq!(ids.len(), 1_000);
        assert!(lifetimes.len() > 10);
        assert!(lifetimes.iter().all(|seconds| (570..=600).contains(seconds)));
    }

    #[test]
    fn a_longer_configured_lifetime_is_cut() {
        let long = TokenSettings { ttl: Duration::from_hours(1), ..settings() };
        let (_, expire) = issue(&ring(), &long, &subject(), NOW, &SystemRng).unwrap();
        assert!(expire.since(NOW) <= MAX_TTL);
    }
}
