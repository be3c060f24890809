//! Message authentication under the keyring's MAC keys.

use super::keyring::{Family, Keyring, Named};
use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};

/// What a MAC vouches for; each purpose has its own keys and its own prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacPurpose {
    PageToken,
    Refresh,
    SignUp,
    Idempotency,
}

crate::closed_set!(MacPurpose {
    PageToken = "page_token",
    Refresh = "refresh",
    SignUp = "sign_up",
    Idempotency = "idempotency",
});

impl Keyring {
    /// The tag of a message under the active key, with that key's identifier.
    pub fn tag(&self, purpose: MacPurpose, message: &[u8]) -> (String, [u8; 32]) {
        self.tag_under(purpose, None, message)
    }

    /// The tag under a named key, if the ring still holds it.
    pub fn tag_with(&self, purpose: MacPurpose, kid: &str, message: &[u8]) -> Option<[u8; 32]> {
        self.macs(purpose).find(kid).map(|named| compute(named, purpose, message))
    }

    /// Whether `tag` is the tag of `message`; takes the same time wherever they differ.
    pub fn check(&self, purpose: MacPurpose, kid: &str, message: &[u8], tag: &[u8]) -> bool {
        self.tag_with(purpose, kid, message)
            .is_some_and(|expected| verify_slices_are_equal(&expected, tag).is_ok())
    }

    /// The tag under `kid`, or under the active key when none is named or it is gone.
    pub(super) fn tag_under(
        &self,
        purpose: MacPurpose,
        kid: Option<&str>,
        message: &[u8],
    ) -> (String, [u8; 32]) {
        let family = self.macs(purpose);
        let named = kid.and_then(|kid| family.find(kid)).unwrap_or(&family.active);
        (named.kid.clone(), compute(named, purpose, message))
    }

    fn macs(&self, purpose: MacPurpose) -> &Family<hmac::Key> {
        match purpose {
            MacPurpose::PageToken => &self.page_token,
            MacPurpose::Refresh => &self.refresh,
            MacPurpose::SignUp => &self.sign_up,
            MacPurpose::Idempotency => &self.idempotency,
        }
    }
}

fn compute(named: &Named<hmac::Key>, purpose: MacPurpose, message: &[u8]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&named.key);
    context.update(b"reeve mac v1\0");
    context.update(purpose.as_str().as_bytes());
    context.update(b"\0");
    context.update(message);
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::fixture::{ring, rotated_rings};

    #[test]
    fn a_tag_holds_for_its_purpose_key_and_message_alone() {
        let ring = ring();
        let (kid, tag) = ring.tag(MacPurpose::Refresh, b"m");
        assert!(ring.check(MacPurpose::Refresh, &kid, b"m", &tag));
        assert!(!ring.check(MacPurpose::Refresh, &kid, b"n", &tag));
        assert!(!ring.check(MacPurpose::Refresh, &kid, b"m", &tag[..31]));
        assert!(!ring.check(MacPurpose::Refresh, &kid, b"m", b""));
        assert!(!ring.check(MacPurpose::Refresh, "0", b"m", &tag));
        assert!(!ring.check(MacPurpose::SignUp, &kid, b"m", &tag));
    }

    #[test]
    fn purposes_differ_even_under_one_key() {
        let key = || hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
        let tags = MacPurpose::ALL
            .iter()
            .map(|purpose| compute(&Named { kid: String::new(), key: key() }, *purpose, b"m"))
            .collect::<std::collections::HashSet<_>>();
        assert_eq!(tags.len(), MacPurpose::ALL.len());
    }

    #[test]
    fn a_retired_key_still_checks_and_is_not_used_anew() {
        let (old, new) = rotated_rings();
        let (kid, tag) = old.tag(MacPurpose::PageToken, b"m");
        assert!(new.check(MacPurpose::PageToken, &kid, b"m", &tag));
        assert_ne!(new.tag(MacPurpose::PageToken, b"m").0, kid);
    }
}
