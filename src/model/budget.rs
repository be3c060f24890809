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
