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
