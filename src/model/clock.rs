//! Time and randomness, injected so that tests can hold them.

use std::{fmt, time::Duration};

/// Microseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }
    pub const fn as_micros(self) -> i64 {
        self.0
    }
    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
    /// Time since `earlier`; zero when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.as_seconds()) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    fn now(&self) -> Instant;
}

/// Where randomness comes from; must be cryptographically strong outside tests.
pub trait Rng: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(micros: i64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn seconds_are_rounded_down_before_the_epoch_too() {
        for (micros, seconds) in [(0, 0), (999_999, 0), (2_000_000, 2), (-1, -1), (-3_000_000, -3)]
        {
            assert_eq!(at(micros).as_seconds(), seconds);
            assert_eq!(at(micros).as_micros(), micros);
        }
    }

    #[test]
    fn spans_move_a_time_and_lie_between_two() {
        assert_eq!(at(5) + SECOND, at(1_000_005));
        assert_eq!(at(5) - SECOND, at(-999_995));
        assert_eq!(at(1_000_005).since(at(5)), SECOND);
        assert_eq!(at(5).since(at(1_000_005)), Duration::ZERO);
    }

    #[test]
    fn no_span_leads_past_the_ends_of_time() {
        let (first, last) = (at(i64::MIN), at(i64::MAX));
        assert_eq!((last + SECOND, first - SECOND), (last, first));
        assert_eq!((at(0) + Duration::MAX, at(-1) - Duration::MAX), (last, first));
        assert_eq!(last.since(first), Duration::from_micros(i64::MAX as u64));
    }

    #[test]
    fn a_time_reads_as_rfc_3339_to_the_second() {
        assert_eq!(at(1_700_000_000_999_999).to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(at(i64::MAX).to_string(), "9223372036854775807us");
    }
}
