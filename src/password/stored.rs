//! Hashes as they are stored: argon2id, and bcrypt for imported users until they sign in.

use argon2::{
    ARGON2ID_IDENT, Params, Version,
    password_hash::phc::{Output, PasswordHash, Salt},
};
use std::{fmt, str::FromStr as _};

/// Cost of the hashes that we store: OWASP's line for argon2id with 19 MiB.
pub(super) const MEMORY_KIB: u32 = 19_456;
pub(super) const PASSES: u32 = 2;
pub(super) const LANES: u32 = 1;
pub(super) const SALT_BYTES: usize = 16;
pub(super) const OUTPUT_BYTES: usize = 32;

/// Bounds for imported hashes: past them a single sign-in would occupy a core for too long.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 4;
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=14;

/// How a stored password was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Argon2id,
    Bcrypt,
}

/// A stored hash that this service can check: of a known kind, well formed, of bounded cost.
pub struct StoredHash(pub(super) Kind);

pub(super) enum Kind {
    Argon2id { params: Params, salt: Salt, output: Output },
    Bcrypt(String),
}

impl StoredHash {
    /// Reads an argon2id PHC string of version 19 (at most 256 MiB, 10 passes, 4 lanes) or a
    /// bcrypt string (`$2a$`, `$2b$`, `$2y$`, cost 4 to 14); `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with("$2") { parse_bcrypt(text) } else { parse_argon2id(text) }.map(Self)
    }

    pub fn scheme(&self) -> Scheme {
        match self.0 {
            Kind::Argon2id { .. } => Scheme::Argon2id,
            Kind::Bcrypt(_) => Scheme::Bcrypt,
        }
    }

    /// Whether it is weaker than the hashes that we store today.
    pub fn needs_rehash(&self) -> bool {
        match &self.0 {
            Kind::Bcrypt(_) => true,
            Kind::Argon2id { params, salt, output } => {
                params.m_cost() < MEMORY_KIB
                    || params.t_cost() < PASSES
                    || salt.as_ref().len() < SALT_BYTES
                    || output.len() < OUTPUT_BYTES
            }
        }
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredHash({:?})", self.scheme())
    }
}

fn parse_bcrypt(text: &str) -> Option<Kind> {
    let parts = bcrypt::HashParts::from_str(text).ok()?;
    let known = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
    (known && BCRYPT_COSTS.contains(&parts.get_cost())).then(|| Kind::Bcrypt(text.to_owned()))
}

fn parse_argon2id(text: &str) -> Option<Kind> {
    let hash = PasswordHash::new(text).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let bounded = params.m_cost() <= MAX_MEMORY_KIB
        && params.t_cost() <= MAX_PASSES
        && params.p_cost() <= MAX_LANES;
    let plain = params.keyid().is_empty() && params.data().is_empty();
    let ours = hash.algorithm == ARGON2ID_IDENT && hash.version == Some(Version::V0x13.into());
    let (salt, output) = (hash.salt?, hash.hash?);
    (bounded && plain && ours).then_some(Kind::Argon2id { params, salt, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const BCRYPT: &str = "$2b$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

    fn argon2id(costs: &str) -> Option<StoredHash> {
        StoredHash::parse(&format!("$argon2id$v=19${costs}${BODY}"))
    }

    // R-PW-4: what we store is up to date; anything weaker is to be replaced.
    #[test]
    fn weaker_parameters_need_a_rehash() {
        let stale = |costs| argon2id(costs).unwrap().needs_rehash();
        assert!(!stale("m=19456,t=2,p=1") && !stale("m=65536,t=3,p=4"));
        assert!(stale("m=19455,t=2,p=1") && stale("m=65536,t=1,p=1"));
        let bcrypt = StoredHash::parse(BCRYPT).unwrap();
        assert!(bcrypt.needs_rehash() && bcrypt.scheme() == Scheme::Bcrypt);
    }

    // R-PW-4: an imported hash cannot ask for an absurd amount of work.
    #[test]
    fn costs_out_of_bounds_are_refused() {
        assert!(argon2id("m=262144,t=10,p=4").is_some());
        for costs in ["m=262145,t=1,p=1", "m=19456,t=11,p=1", "m=19456,t=2,p=5", "m=1,t=2,p=1"] {
            assert!(argon2id(costs).is_none(), "{costs}");
        }
        for (cost, known) in [("03", false), ("04", true), ("14", true), ("15", false)] {
            assert_eq!(
                StoredHash::parse(&BCRYPT.replace("$04$", &format!("${cost}$"))).is_some(),
                known
            );
        }
    }

    // R-PW-4: other kinds, versions and shapes are not understood, and do not panic.
    #[test]
    fn unknown_hashes_are_refused() {
        for prefix in ["$argon2i$v=19$", "$argon2d$v=19$", "$argon2id$v=16$", "$argon2id$"] {
            assert!(StoredHash::parse(&format!("{prefix}m=19456,t=2,p=1${BODY}")).is_none());
        }
        assert!(argon2id("m=19456,t=2,p=1,data=AAAA").is_none());
        assert!(StoredHash::parse(&BCRYPT.replace("$2b$", "$2x$")).is_none());
        for text in ["", "$", "$2", "$2b$", "plain", "{SSHA}x", "$2b$04$é", &BCRYPT[..59]] {
            assert!(StoredHash::parse(text).is_none(), "{text}");
        }
    }
}
