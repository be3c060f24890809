//! Refresh tokens, sign-up tokens, invitation tokens and API keys: opaque texts, no JWTs.

use super::{keyring::Keyring, mac::MacPurpose};
use crate::model::{
    clock::Rng,
    id::{Id, PendingSignUpId, SessionId},
};
use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use uuid::Uuid;
use zeroize::Zeroizing;

/// No opaque token is longer; longer texts are refused unread.
const MAX_TEXT: usize = 160;

/// A refresh token whose MAC held: the session and how often it was rotated when this was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub session: SessionId,
    pub counter: i64,
    pub kid: String,
}

/// A sign-up token in canonical form. Its MAC is not checked yet, see `check_sign_up`.
pub struct SignUpToken {
    pub id: PendingSignUpId,
    /// The key that the token claims to be made under.
    pub kid: String,
    tag: [u8; 32],
}

impl Keyring {
    /// `rt_<session>.<counter>.<kid>.<mac>` and its `kid`. The same arguments make the same text;
    /// a `kid` that the ring no longer holds gives way to the active key.
    pub fn refresh_token(
        &self,
        session: SessionId,
        counter: i64,
        kid: Option<&str>,
    ) -> (String, String) {
        let message = refresh_message(session, counter);
        let (kid, tag) = self.tag_under(MacPurpose::Refresh, kid, &message);
        (refresh_text(session, counter, &kid, &tag), kid)
    }

    /// Reads a refresh token; only a text that `refresh_token` made, byte for byte, is one.
    pub fn parse_refresh(&self, text: &str) -> Option<RefreshToken> {
        let [session, counter, kid, _] = fields(text, "rt_")?;
        let session = simple_id::<SessionId>(session)?;
        let counter = counter.parse().ok().filter(|count: &i64| *count >= 0)?;
        let tag = self.tag_with(MacPurpose::Refresh, kid, &refresh_message(session, counter))?;
        let made = refresh_text(session, counter, kid, &tag);
        verify_slices_are_equal(made.as_bytes(), text.as_bytes()).ok()?;
        Some(RefreshToken { session, counter, kid: kid.to_owned() })
    }

    /// `su_<id>.<kid>.<mac>` and its `kid`; the MAC also covers the canonical address.
    pub fn sign_up_token(
        &self,
        id: PendingSignUpId,
        email_key: &str,
        kid: Option<&str>,
    ) -> (String, String) {
        let (kid, tag) = self.tag_under(MacPurpose::SignUp, kid, &sign_up_message(id, email_key));
        let tag = URL_SAFE_NO_PAD.encode(tag);
        (format!("su_{}.{kid}.{tag}", id.as_uuid().simple()), kid)
    }

    /// Whether the token was made for this row's address.
    pub fn check_sign_up(&self, token: &SignUpToken, email_key: &str) -> bool {
        let message = sign_up_message(token.id, email_key);
        self.check(MacPurpose::SignUp, &token.kid, &message, &token.tag)
    }
}

impl SignUpToken {
    /// Reads the canonical form; says nothing yet about who made it.
    pub fn parse(text: &str) -> Option<Self> {
        let [id, kid, tag] = fields(text, "su_")?;
        Some(Self { id: simple_id(id)?, kid: kid.to_owned(), tag: decode_32(tag)? })
    }
}

/// A new API key: the text that is shown once, and the hash that is stored.
pub fn new_api_key(rng: &dyn Rng) -> (SecretString, Vec<u8>) {
    let mut random = Zeroizing::new([0; 32]);
    rng.fill(random.as_mut_slice());
    let text = format!("rk_{}", URL_SAFE_NO_PAD.encode(random.as_slice()));
    let hash = sha256(&text);
    (SecretString::from(text), hash)
}

/// The stored hash of an API key; nothing when the text cannot be one.
pub fn hash_api_key(text: &str) -> Option<Vec<u8>> {
    text.strip_prefix("rk_").and_then(decode_32)?;
    Some(sha256(text))
}

/// A new invitation token, of 43 characters without a prefix, and the hash that is stored.
pub fn new_invitation_token(rng: &dyn Rng) -> (SecretString, Vec<u8>) {
    let mut random = Zeroizing::new([0; 32]);
    rng.fill(random.as_mut_slice());
    let text = URL_SAFE_NO_PAD.encode(random.as_slice());
    let hash = sha256(&text);
    (SecretString::from(text), hash)
}

/// The stored hash of an invitation token; nothing when the text cannot be one.
pub fn hash_invitation_token(text: &str) -> Option<Vec<u8>> {
    decode_32(text)?;
    Some(sha256(text))
}

fn refresh_message(session: SessionId, counter: i64) -> Vec<u8> {
    [session.as_uuid().as_bytes().as_slice(), &counter.to_be_bytes()].concat()
}

fn refresh_text(session: SessionId, counter: i64, kid: &str, tag: &[u8; 32]) -> String {
    let session = session.as_uuid().simple();
    format!("rt_{session}.{counter}.{kid}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn sign_up_message(id: PendingSignUpId, email_key: &str) -> Vec<u8> {
    [id.as_uuid().as_bytes().as_slice(), email_key.as_bytes()].concat()
}

/// Exactly `N` fields between dots, after the prefix.
fn fields<'a, const N: usize>(text: &'a str, prefix: &str) -> Option<[&'a str; N]> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let parts: Vec<&str> = text.strip_prefix(prefix)?.split('.').collect();
    parts.try_into().ok()
}

/// An identifier as 32 lower-case hexadecimal digits.
fn simple_id<I: Id>(text: &str) -> Option<I> {
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.simple().to_string() == text).then(|| I::from_uuid(uuid))
}

/// 32 bytes from canonical base64url.
fn decode_32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 43 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn sha256(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests;
