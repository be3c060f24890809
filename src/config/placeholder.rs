//! Secrets that are not secret: documented examples, and texts too regular to be random.

/// Fewest bytes of a secret that signs tokens.
pub const SECRET_MIN: usize = 32;

/// Parts of secrets that people copy from documentation, in lower case without punctuation. None
/// turns up in a random text by accident.
const MARKERS: &[&str] = &[
    "changeit",
    "changeme",
    "changethis",
    "changein",
    "replaceme",
    "replacethis",
    "placeholder",
    "todochange",
    "insertyour",
    "insertsecret",
    "putyour",
    "supersecret",
    "topsecret",
    "mysecret",
    "yoursecret",
    "jwtsecret",
    "secretkey",
    "secrettoken",
    "stringsecret",
    "bitsecret",
    "notsecret",
    "notasecret",
    "donotuse",
    "dontuse",
    "keyboardcat",
    "atleast32",
    "characterslong",
    "insecure",
    "development",
    "testing",
    "password",
    "letmein",
    "qwerty",
    "asdfgh",
    "deadbeef",
    "cafebabe",
    "loremipsum",
];

/// Why this cannot be a signing secret, if it cannot.
pub fn weakness(secret: &str) -> Option<&'static str> {
    let plain: String = secret
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    if MARKERS.iter().any(|marker| plain.contains(marker)) {
        return Some("is a placeholder from documentation; make one with: openssl rand -base64 48");
    }
    if secret.len() < SECRET_MIN {
        return Some("is shorter than 32 bytes; make one with: openssl rand -base64 48");
    }
    is_regular(secret.as_bytes())
        .then_some("is too regular to be random; make one with: openssl rand -base64 48")
}

/// Few different bytes, a repeated block, or mostly runs such as `abcdef` and `987654`. Random
/// texts of 32 hexadecimal digits fail this less than once in ten million.
pub fn is_regular(bytes: &[u8]) -> bool {
    let mut seen = bytes.to_vec();
    seen.sort_unstable();
    seen.dedup();
    let steps = bytes.windows(2).filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) <= 1));
    let repeats = (1..=bytes.len() / 2)
        .any(|block| bytes.iter().skip(block).eq(bytes.iter().take(bytes.len() - block)));
    seen.len() < 8 || repeats || steps.count() * 2 > bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TK-64.
    #[test]
    fn placeholders_are_refused() {
        for secret in [
            "your-super-secret-key-change-this",
            "your-jwt-secret",
            "changeme",
            "secret",
            "ChangeMe-ChangeMe-ChangeMe-ChangeMe!",
            "your-256-bit-secret",
            "a-string-secret-at-least-256-bits-long",
            "super-secret-jwt-token-with-at-least-32-characters-long",
            "secretsecretsecretsecretsecretsecret",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "x7Kq9-short-but-random",
        ] {
            let problem = weakness(secret).unwrap_or_else(|| panic!("{secret} was accepted"));
            assert!(!problem.contains(secret));
        }
    }

    #[test]
    fn random_secrets_are_accepted() {
        for secret in [
            "8f14e45fceea167a5a36dedd4bea2543",
            "Qm7vW0p3ZtK9xB2dR5uY8hN1cL4gF6sJaEoIiTzXwVk=",
            "90417263850192736455019283746501",
        ] {
            assert_eq!(weakness(secret), None, "{secret}");
        }
    }
}
