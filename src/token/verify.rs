//! Checking access tokens. The library checks signatures; every other rule is here.

use super::{
    claims::AccessClaims,
    issue::{ACCESS_TOKEN_TYPE, TokenSettings},
    keyring::{Keyring, SigningKey},
};
use crate::model::clock::Instant;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};

const MAX_TOKEN_BYTES: usize = 4_096;
/// How far the clock of another replica may be ahead, in seconds.
const SKEW: u64 = 30;

/// Why an access token was refused. For logs; callers learn only whether it had expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    Malformed,
    Oversize,
    UnknownKey,
    Algorithm,
    Header,
    Type,
    Signature,
    Expired,
    NotYet,
    Claims,
    Issuer,
    Audience,
    Lifetime,
}

crate::closed_set!(Refusal {
    Malformed = "malformed",
    Oversize = "oversize",
    UnknownKey = "unknown_key",
    Algorithm = "algorithm",
    Header = "header",
    Type = "type",
    Signature = "signature",
    Expired = "expired",
    NotYet = "not_yet",
    Claims = "claims",
    Issuer = "issuer",
    Audience = "audience",
    Lifetime = "lifetime",
});

/// The members that a header may have; `crit`, `jwk`, `zip` and all others are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
}

/// The claims of a token that this service issued and that is valid at `now`.
/// `Refusal::Expired` is told only of tokens that were good until they expired.
pub fn verify(
    keys: &Keyring,
    settings: &TokenSettings,
    now: Instant,
    token: &str,
) -> Result<AccessClaims, Refusal> {
    match read(keys, settings, now, token)? {
        (claims, true) => Ok(claims),
        (_, false) => Err(Refusal::Expired),
    }
}

/// As [`verify`], for who must know what a token said: the claims also of one that has expired,
/// and whether it is still in time.
pub fn read(
    keys: &Keyring,
    settings: &TokenSettings,
    now: Instant,
    token: &str,
) -> Result<(AccessClaims, bool), Refusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::Oversize);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
    if payload.contains('.') {
        return Err(Refusal::Malformed);
    }
    let key = choose_key(keys, header)?;
    check_signature(key, signed, signature)?;
    let claims = decode(payload, Refusal::Claims)?;
    let in_time = check_claims(settings, now, &claims)?;
    Ok((claims, in_time))
}

/// The key comes from the ring; the header may only agree with it.
fn choose_key<'a>(keys: &'a Keyring, header: &str) -> Result<&'a SigningKey, Refusal> {
    let header: Header = decode(header, Refusal::Header)?;
    if header.typ.as_deref() != Some(ACCESS_TOKEN_TYPE) {
        return Err(Refusal::Type);
    }
    let kid = header.kid.ok_or(Refusal::UnknownKey)?;
    let key = &keys.signing.find(&kid).ok_or(Refusal::UnknownKey)?.key;
    if header.alg.as_deref() != Some(key.algorithm_name()) {
        return Err(Refusal::Algorithm);
    }
    Ok(key)
}

fn check_signature(key: &SigningKey, signed: &str, signature: &str) -> Result<(), Refusal> {
    decode_part(signature)?;
    match jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key.decoding, key.algorithm) {
        Ok(true) => Ok(()),
        _ => Err(Refusal::Signature),
    }
}

/// Whether the token, good otherwise, has not expired.
fn check_claims(
    settings: &TokenSettings,
    now: Instant,
    claims: &AccessClaims,
) -> Result<bool, Refusal> {
    let now = u64::try_from(now.as_seconds()).map_err(|_| Refusal::NotYet)?;
    if claims.jti.is_empty() {
        return Err(Refusal::Claims);
    }
    if claims.iss != settings.issuer {
        return Err(Refusal::Issuer);
    }
    if claims.aud != settings.audience {
        return Err(Refusal::Audience);
    }
    let lifetime = claims.exp.checked_sub(claims.iat).ok_or(Refusal::Lifetime)?;
    if lifetime == 0 || lifetime > settings.max_seconds() {
        return Err(Refusal::Lifetime);
    }
    if claims.iat.max(claims.nbf.unwrap_or(0)) > now + SKEW {
        return Err(Refusal::NotYet);
    }
    Ok(now < claims.exp)
}

/// Only the canonical base64url form, without padding.
fn decode_part(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)
}

/// A JSON object. The brace is checked because serde would read a list into a struct too.
fn decode<T: DeserializeOwned>(part: &str, otherwise: Refusal) -> Result<T, Refusal> {
    let bytes = decode_part(part)?;
    if bytes.first() != Some(&b'{') {
        return Err(otherwise);
    }
    serde_json::from_slice(&bytes).map_err(|_| otherwise)
}

#[cfg(test)]
mod tests;
