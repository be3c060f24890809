//! The passwords that everybody tries first.
//!
//! `blocklist.txt` holds the most common leaked passwords of at least 12 characters and the
//! patterns behind them: common words with years and endings, keyboard walks, runs of digits.
//! It is sorted by bytes, in lower case, one entry a line.

use std::sync::LazyLock;
use zeroize::Zeroizing;

static ENTRIES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("blocklist.txt").lines().collect());

/// Whether `password` is too common to protect anything: listed, whatever the case of its
/// ASCII letters, or a single character over and over.
pub(super) fn contains(password: &str) -> bool {
    let folded = Zeroizing::new(password.to_ascii_lowercase());
    is_one_character(&folded) || ENTRIES.binary_search(&folded.as_str()).is_ok()
}

fn is_one_character(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| chars.all(|c| c == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    // R-PW-3: a list large enough, in the shape that the search relies on.
    #[test]
    fn the_list_is_sorted_lower_case_and_long_enough() {
        assert!(ENTRIES.len() >= 3000);
        assert!(ENTRIES.is_sorted_by(|a, b| a < b));
        for entry in ENTRIES.iter() {
            assert!(entry.len() >= 12 && entry.trim() == *entry, "{entry}");
            assert_eq!(*entry, entry.to_ascii_lowercase());
        }
    }

    // R-PW-3: the usual suspects are on it.
    #[test]
    fn common_passwords_are_found_in_any_case() {
        let common = "password1234 password12345 passwordpassword 123456789012 1234567890123 \
            qwertyuiop12 qwerty123456 iloveyou1234 administrator adminadmin12 letmein12345 \
            welcome12345 aaaaaaaaaaaa 111111111111 1q2w3e4r5t6y qwertyuiop[] abcdefghijkl \
            changeme1234 Password1234! PASSWORD12345 Welcome2026! Qwertyuiop123";
        for password in common.split_whitespace() {
            assert!(contains(password), "{password}");
        }
        assert!(contains(&" ".repeat(20)) && contains(&"ж".repeat(40)));
    }

    // R-PW-3: the match is exact, so a longer or rarer password is left alone.
    #[test]
    fn other_passwords_are_not_found() {
        for password in ["TestPass123!", "correct horse battery staple", "password1234 ", ""] {
            assert!(!contains(password), "{password}");
        }
    }
}
