//! Keyset pages.

use super::error::FieldViolation;

const DEFAULT_SIZE: u16 = 50;

/// How many rows a page holds: 0 asks for 50, more than 1000 is cut to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The largest.
    pub const MAX: Self = Self(1_000);

    pub fn parse(field: &'static str, asked: i32) -> Result<Self, FieldViolation> {
        if asked < 0 {
            return Err(FieldViolation::new(field, "OUT_OF_RANGE", "must not be negative"));
        }
        Ok(match u16::try_from(asked) {
            Ok(0) => Self(DEFAULT_SIZE),
            Ok(size) => Self(size.min(Self::MAX.0)),
            Err(_) => Self::MAX,
        })
    }
    /// One row more than the page, to see whether another page follows.
    pub fn probe(self) -> i64 {
        i64::from(self.0) + 1
    }
    pub fn len(self) -> usize {
        usize::from(self.0)
    }
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Which page to read. The token is still sealed: the operation opens it, because what it is
/// bound to depends on the granted scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub size: PageSize,
    pub token: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Empty on the last page.
    pub next_token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    // R-TEN-9, G-50
    #[test]
    fn a_page_has_from_one_to_a_thousand_rows() {
        for (asked, rows, probe) in [
            (0, 50, 51),
            (1, 1, 2),
            (999, 999, 1_000),
            (1_000, 1_000, 1_001),
            (1_001, 1_000, 1_001),
            (i32::MAX, 1_000, 1_001),
        ] {
            let size = PageSize::parse("page_size", asked).unwrap();
            assert_eq!((size.len(), size.probe()), (rows, probe), "{asked}");
            assert!(!size.is_empty());
        }
        for asked in [-1, i32::MIN] {
            let refused = PageSize::parse("page_size", asked).unwrap_err();
            assert_eq!((refused.field, refused.reason), ("page_size", "OUT_OF_RANGE"));
        }
        assert!(PageSize(0).is_empty());
    }
}
