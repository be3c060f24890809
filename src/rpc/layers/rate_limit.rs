//! Limits how often one source calls one public method of this process, before a message is read
//! or the database is asked. Health and reflection are not limited.

use super::{Answer, LayerSettings, Request, RequestInfo, Rpc, Step, refuse, refused};
use crate::{
    model::{
        Error, Reason,
        clock::{Clock, Instant},
        source::Source,
    },
    rpc::authn,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A call comes back so often,
const EVERY: Duration = Duration::from_millis(10);
/// and 300 calls are there at most.
const WHOLE: Duration = Duration::from_secs(3);
/// Buckets that are kept. As each call keeps its bucket for 10 ms, it takes more than six million
/// calls a second to need them all.
const MOST: usize = 65_536;

#[derive(Clone)]
pub(super) struct RateLimit {
    buckets: Arc<Mutex<Buckets>>,
    clock: Arc<dyn Clock>,
}

impl RateLimit {
    pub(super) fn new(settings: &LayerSettings) -> Self {
        let buckets = Arc::new(Mutex::new(Buckets::of(MOST)));
        Self { buckets, clock: Arc::clone(&settings.clock) }
    }
}

impl Step for RateLimit {
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer {
        let Some(info) = RequestInfo::of(&request) else { return Box::pin(next.call(request)) };
        if info.is_infrastructure() || authn::needs_credential(request.uri().path()) {
            return Box::pin(next.call(request));
        }
        let key = (Source::of(info.source_ip), Arc::clone(&info.method));
        let now = self.clock.now();
        let taken = self.buckets.lock().unwrap_or_else(PoisonError::into_inner).take(key, now);
        match taken {
            Ok(()) => Box::pin(next.call(request)),
            Err(wait) => {
                let text = "Too many calls from this address. Try again.";
                let error = Error::new(Reason::RateLimited, text).with("limit", "calls");
                refused(refuse(&error.retry_after(wait), &info))
            }
        }
    }
}

type Key = (Source, Arc<str>);

/// For each source and method, when all its calls are back. A bucket that is whole is as good as
/// none, so forgetting it gives nobody a call.
struct Buckets {
    whole_at: HashMap<Key, Instant>,
    /// Shared by those for whom no bucket is left.
    others: Instant,
    most: usize,
}

impl Buckets {
    fn of(most: usize) -> Self {
        Self { whole_at: HashMap::new(), others: Instant::from_micros(0), most }
    }

    /// Takes a call out of a bucket, or tells how long until one is back.
    fn take(&mut self, key: Key, now: Instant) -> Result<(), Duration> {
        let empty = now + WHOLE;
        if self.whole_at.len() >= self.most && !self.whole_at.contains_key(&key) {
            self.whole_at.retain(|_, at| *at > now && *at <= empty);
        }
        let whole_at = if self.whole_at.len() < self.most || self.whole_at.contains_key(&key) {
            self.whole_at.entry(key).or_insert(now)
        } else {
            &mut self.others
        };
        // A clock that was set back must not empty a bucket for longer than it takes to fill.
        let after = (*whole_at).clamp(now, empty) + EVERY;
        if after > empty {
            return Err(after.since(empty));
        }
        *whole_at = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_micros(1_000_000_000);
    const BURST: usize = 300;

    fn key(source: u8, method: &str) -> Key {
        (Source::of(Some([203, 0, 113, source].into())), method.into())
    }

    /// How many of so many calls pass.
    fn pass(buckets: &mut Buckets, key: &Key, calls: usize, now: Instant) -> usize {
        (0..calls).filter(|_| buckets.take(key.clone(), now).is_ok()).count()
    }

    #[test]
    fn a_burst_passes_and_then_one_call_every_ten_milliseconds() {
        let (mut buckets, ours) = (Buckets::of(MOST), key(1, "a/B"));
        assert_eq!(pass(&mut buckets, &ours, 400, START), BURST);
        assert_eq!(buckets.take(ours.clone(), START), Err(EVERY));
        assert_eq!(buckets.take(ours.clone(), START + EVERY / 2), Err(EVERY / 2));
        assert_eq!(pass(&mut buckets, &ours, 400, START + EVERY), 1);
        assert_eq!(pass(&mut buckets, &ours, 400, START + Duration::from_secs(1)), 99);
        assert_eq!(pass(&mut buckets, &ours, 400, START + Duration::from_hours(1)), BURST);
        let back = START - Duration::from_hours(1);
        assert_eq!(pass(&mut buckets, &ours, 400, back), 0);
        assert_eq!(pass(&mut buckets, &ours, 400, back + WHOLE), 0, "told to wait from then on");
    }

    #[test]
    fn sources_and_methods_have_their_own() {
        let mut buckets = Buckets::of(MOST);
        for key in [key(1, "a/B"), key(2, "a/B"), key(1, "a/C")] {
            assert_eq!(pass(&mut buckets, &key, 400, START), BURST);
        }
    }

    // R-RL-1: many sources neither fill the memory nor reset a bucket that is in use.
    #[test]
    fn only_whole_buckets_are_forgotten() {
        let (mut buckets, ours) = (Buckets::of(3), key(1, "a/B"));
        assert_eq!(pass(&mut buckets, &ours, 400, START), BURST);
        for source in 2..=100 {
            let now = START + EVERY * u32::from(source);
            assert_eq!(buckets.take(key(source, "a/B"), now), Ok(()));
            assert!(buckets.whole_at.len() <= 3);
        }
        assert_eq!(pass(&mut buckets, &ours, 400, START + EVERY * 100), 100);
    }

    #[test]
    fn with_every_bucket_in_use_the_others_share_one() {
        let mut buckets = Buckets::of(2);
        for source in [1, 2] {
            assert_eq!(buckets.take(key(source, "a/B"), START), Ok(()));
        }
        assert_eq!(pass(&mut buckets, &key(3, "a/B"), 200, START), 200);
        assert_eq!(pass(&mut buckets, &key(4, "a/B"), 200, START), 100);
        assert_eq!(pass(&mut buckets, &key(1, "a/B"), 400, START), BURST - 1);
        assert_eq!(buckets.whole_at.len(), 2);
        assert_eq!(pass(&mut buckets, &key(4, "a/B"), 200, START + WHOLE), 200);
    }
}
