//! Passwords: what is acceptable, how they are stored, and the one bounded pool that hashes them.
//!
//! A [`Password`] is normalised to Unicode NFC once, when it is made, for setting and checking
//! alike; after that its exact bytes count: nothing is trimmed, folded or cut. Hashing goes
//! through [`Hasher`] alone, so that its cost in memory and processor time has one bound.

mod blocklist;
mod hash;
mod policy;
mod pool;
mod stored;

pub use hash::Verdict;
pub use policy::{MAX_CHARS, Policy};
pub use pool::{Hasher, Permit};
pub use stored::{Scheme, StoredHash};

use std::fmt;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// A password in clear, in NFC; wiped from memory when dropped.
#[derive(Clone)]
pub struct Password {
    text: Zeroizing<String>,
    chars: usize,
}

impl Password {
    /// Takes a password as the user typed it.
    ///
    /// Reading stops one character past [`MAX_CHARS`]: such a password is known to be too long,
    /// is never stored and never matches, so the rest of it would be wasted work.
    pub fn new(raw: &str) -> Self {
        // Room for every character at its widest: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(4 * (MAX_CHARS + 1)));
        let mut chars = 0;
        for c in raw.nfc().take(MAX_CHARS + 1) {
            text.push(c);
            chars += 1;
        }
        Self { text, chars }
    }

    /// Length in code points, after normalisation; at most one more than [`MAX_CHARS`].
    pub fn char_count(&self) -> usize {
        self.chars
    }

    fn is_too_long(&self) -> bool {
        self.chars > MAX_CHARS
    }

    fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // R-PW-2, SU-38: one normalisation, so the same characters give the same bytes.
    #[test]
    fn composed_and_decomposed_forms_are_one_password() {
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        assert_eq!(Password::new(composed).as_str(), Password::new(decomposed).as_str());
        assert_eq!(Password::new(decomposed).char_count(), 12);
    }

    // R-PW-2: spaces, case and compatibility forms are the user's own.
    #[test]
    fn nothing_is_trimmed_or_folded() {
        for text in ["  Two  Spaces ", "ｗｉｄｅ letters", "\u{a0}tab\there"] {
            assert_eq!(Password::new(text).as_str(), text);
        }
    }

    // R-PW-1: reading stops just past the maximum, and never reallocates before it.
    #[test]
    fn reading_stops_past_the_maximum() {
        let long = Password::new(&"𝕒".repeat(5000));
        assert_eq!(long.char_count(), MAX_CHARS + 1);
        assert_eq!(long.text.capacity(), 4 * (MAX_CHARS + 1));
        assert!(long.is_too_long() && !Password::new(&"a".repeat(MAX_CHARS)).is_too_long());
    }

    // R-PW-2: a password cannot slip into a log.
    #[test]
    fn debug_hides_the_text() {
        assert_eq!(format!("{:?}", Password::new("hunter2hunter2")), "Password(…)");
    }
}
