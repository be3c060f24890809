//! Free text that people choose, and closed sets kept as text.

use super::error::FieldViolation;

/// Gives an enum its one textual form, used in the database, tokens and the command line.
#[macro_export]
macro_rules! closed_set {
    ($type:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $type {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!("expected one of: {}", [$($text),+].join(", "))),
                }
            }
        }
    };
}

const DISPLAY_NAME_MAX: usize = 100;

/// A single-line name for people to read: no control or direction characters, at most 100
/// characters; may be empty where a caller leaves it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisplayName(String);

impl DisplayName {
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        let text = text.trim();
        if text.chars().count() > DISPLAY_NAME_MAX {
            return Err(FieldViolation::new(field, "TOO_LONG", "must be at most 100 characters"));
        }
        if text.chars().any(is_unprintable) {
            return Err(FieldViolation::new(
                field,
                "CHARACTER_REFUSED",
                "must be one line without control or direction characters",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// A name that a database row already holds.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control, format, bidirectional, line-separating and private characters.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E000}'..='\u{F8FF}'
            | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> &'static str {
        DisplayName::parse("display_name", text).map_or_else(|refused| refused.reason, |_| "taken")
    }

    #[test]
    fn a_name_is_trimmed_and_has_a_longest() {
        assert_eq!(DisplayName::parse("display_name", " Ann  Lee\n").unwrap().as_str(), "Ann  Lee");
        assert_eq!(DisplayName::parse("display_name", " ").unwrap(), DisplayName::default());
        // Characters count, not bytes, and not what is trimmed.
        let name = |length| "\u{e4}".repeat(length) + " ";
        assert_eq!((refusal(&name(100)), refusal(&name(101))), ("taken", "TOO_LONG"));
        assert_eq!(refusal(&name(102)), "TOO_LONG");
        assert_eq!(DisplayName::from_stored(" x ".to_owned()).as_str(), " x ");
    }

    // IN-33: what would break a line, or turn it round, is in no name.
    #[test]
    fn a_name_is_one_line_that_reads_as_it_is_written() {
        for c in
            "\n\0\u{1b}\u{7f}\u{85}\u{ad}\u{200b}\u{2028}\u{202e}\u{2066}\u{feff}\u{e000}\u{e0001}"
                .chars()
        {
            assert!(is_unprintable(c), "{c:?}");
            assert_eq!(refusal(&format!("An{c}n")), "CHARACTER_REFUSED", "{c:?}");
        }
        for text in ["Ann O'Neil-Lee", "\u{4e2d}\u{6587}", "\u{1f600}", "<b>&\"", "\u{5d0}"] {
            assert_eq!(refusal(text), "taken", "{text}");
        }
    }
}
