//! What one request may still spend, and what it has spent.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// The deadline of a request and the number of statements it has run.
#[derive(Debug)]
pub struct Budget {
    deadline: Instant,
    queries: AtomicU32,
}

impl Budget {
    pub fn lasting(span: Duration) -> Self {
        Self { deadline: Instant::now() + span, queries: AtomicU32::new(0) }
    }
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
    /// Time left; zero once the deadline has passed.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
    pub fn count_query(&self) {
        self.queries.fetch_add(1, Ordering::Relaxed);
    }
    pub fn queries(&self) -> u32 {
        self.queries.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_when_its_span_has_passed() {
        let hour = Duration::from_hours(1);
        let start = Instant::now();
        let budget = Budget::lasting(hour);
        assert!(budget.deadline() >= start + hour);
        assert!(budget.deadline() <= Instant::now() + hour);
        assert!(budget.remaining() > hour / 2 && budget.remaining() <= hour);
        assert_eq!(Budget::lasting(Duration::ZERO).remaining(), Duration::ZERO);
    }

    #[test]
    fn every_query_is_counted() {
        let budget = Budget::lasting(Duration::ZERO);
        for asked in 0..3 {
            assert_eq!(budget.queries(), asked);
            budget.count_query();
        }
    }
}
