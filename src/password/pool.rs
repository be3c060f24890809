//! The bounded pool of threads that hash.
//!
//! A hash takes some 50 ms of one core and 19 MiB, so there are as many threads as cores, each
//! with memory of its own, and a limited number of places: one for each thread and one for each
//! request that may wait. Whoever finds no place is turned away at once. The threads start with
//! the first hash and end with the last handle to the pool.

use super::{
    Password,
    hash::{Computer, Verdict},
};
use crate::model::{Error, Reason, Result, clock::Rng};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// When a request that found no place may come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

type Job = Box<dyn FnOnce(&mut Computer) + Send>;

/// Hashes and checks passwords, a bounded number at a time.
pub struct Hasher {
    places: Arc<Semaphore>,
    pool: Arc<Pool>,
}

impl Hasher {
    /// A pool of `threads` threads, before which `queue` requests may wait.
    pub fn new(threads: usize, queue: usize, rng: Arc<dyn Rng>) -> Self {
        let threads = threads.max(1);
        let places = threads.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(places)),
            pool: Arc::new(Pool { threads, rng, sender: Mutex::new(None) }),
        }
    }

    /// Refuses as [`Self::permit`] would now, and takes nothing.
    pub fn require_place(&self) -> Result<()> {
        if self.places.available_permits() == 0 { Err(full()) } else { Ok(()) }
    }

    /// Takes a place in the pool; to be called before other work that a refusal would waste.
    ///
    /// Never waits: a place occupies no thread until [`Permit::hash`] or [`Permit::verify`].
    #[expect(clippy::unused_async, reason = "whether a place is waited for is the pool's affair")]
    pub async fn permit(&self) -> Result<Permit> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| full())?;
        Ok(Permit { place, pool: Arc::clone(&self.pool) })
    }
}

fn full() -> Error {
    Error::new(Reason::Overloaded, "Too many passwords are being checked; try again soon.")
        .retry_after(RETRY_AFTER)
}

/// A place in the pool, good for one computation; given back when that ends.
pub struct Permit {
    place: OwnedSemaphorePermit,
    pool: Arc<Pool>,
}

impl Permit {
    /// Hashes a new password, which [`super::Policy`] has accepted, into a PHC string.
    pub async fn hash(self, password: &Password) -> Result<String> {
        let password = password.clone();
        self.run(move |computer| computer.hash(&password)).await
    }

    /// Checks a password against a stored hash, at the same cost when there is none.
    pub async fn verify(self, password: &Password, stored: Option<&str>) -> Result<Verdict> {
        let (password, stored) = (password.clone(), stored.map(str::to_owned));
        self.run(move |computer| computer.verify(&password, stored.as_deref())).await
    }

    /// Runs `work` on a thread of the pool. The place goes with it: it is free again when the
    /// work has ended or was skipped, which happens when nobody waits for it any more.
    async fn run<T, W>(self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Computer) -> Result<T> + Send + 'static,
    {
        let Self { place, pool } = self;
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |computer| {
            if reply.is_closed() {
                return drop(place);
            }
            let result = work(computer);
            drop(place);
            // Nobody listens when the caller has gone meanwhile.
            let _ = reply.send(result);
        });
        let lost = |_| Error::internal("a hashing thread ended without an answer");
        pool.sender()?.send(job).map_err(|_| Error::internal("no hashing thread is left"))?;
        drop(pool);
        answer.await.map_err(lost)?
    }
}

struct Pool {
    threads: usize,
    rng: Arc<dyn Rng>,
    sender: Mutex<Option<Sender<Job>>>,
}

impl Pool {
    /// The way to the threads, which the first call starts.
    fn sender(&self) -> Result<Sender<Job>> {
        let mut slot = lock(&self.sender);
        if let Some(sender) = &*slot {
            return Ok(sender.clone());
        }
        let (sender, receiver) = mpsc::channel();
        let jobs = Arc::new(Mutex::new(receiver));
        for number in 0..self.threads {
            let (jobs, computer) = (Arc::clone(&jobs), Computer::new(Arc::clone(&self.rng)));
            let thread = thread::Builder::new().name(format!("hash-{number}"));
            let started = thread.spawn(move || work_off(&jobs, computer));
            // Fewer threads are slower; none at all is a failure, to be tried again next time.
            if let (Err(error), 0) = (started, number) {
                return Err(Error::internal(error));
            }
        }
        Ok(slot.insert(sender).clone())
    }
}

/// Runs jobs until the pool is gone and the last of them is done.
fn work_off(jobs: &Mutex<Receiver<Job>>, mut computer: Computer) {
    while let Some(job) = next(jobs) {
        // A defect costs one answer, not the thread; the hook has reported it.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut computer)));
    }
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    lock(jobs).recv().ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Rng for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(9);
        }
    }

    fn hasher(threads: usize, queue: usize) -> Hasher {
        Hasher::new(threads, queue, Arc::new(Fixed))
    }

    async fn eventually(condition: impl Fn() -> bool) {
        for _ in 0..500 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("did not happen in time");
    }

    // R-PW-4: a round trip through the pool, whose threads start with it and carry names.
    #[tokio::test]
    async fn hashes_and_verifies() {
        let (hasher, password) = (hasher(2, 0), Password::new("TestPass123!"));
        assert!(lock(&hasher.pool.sender).is_none());
        let stored = hasher.permit().await.unwrap().hash(&password).await.unwrap();
        let verdict = hasher.permit().await.unwrap().verify(&password, Some(&stored)).await;
        assert_eq!(verdict.unwrap(), Verdict { matches: true, rehash: false });
        let verdict = hasher.permit().await.unwrap().verify(&password, None).await;
        assert_eq!(verdict.unwrap(), Verdict { matches: false, rehash: false });
        let name = |_: &mut Computer| Ok(thread::current().name().map(str::to_owned));
        let name = hasher.permit().await.unwrap().run(name).await.unwrap().unwrap();
        assert!(name.starts_with("hash-"), "{name}");
        assert_eq!(hasher.places.available_permits(), 2);
    }

    // R-PW-4: with the threads busy and the queue full, the next request is turned away at once.
    #[tokio::test]
    async fn a_full_queue_sheds() {
        let hasher = hasher(1, 1);
        let held = (hasher.permit().await.unwrap(), hasher.permit().await.unwrap());
        let error = hasher.permit().await.err().unwrap();
        assert_eq!(hasher.require_place().unwrap_err().reason(), Reason::Overloaded);
        assert_eq!((error.reason(), error.retry_delay()), (Reason::Overloaded, Some(RETRY_AFTER)));
        drop(held);
        hasher.require_place().unwrap();
        assert!(hasher.permit().await.is_ok());
    }

    // R-PW-4: a caller that goes away frees its place only when its computation has ended, and a
    // job that nobody waits for any more is skipped.
    #[tokio::test]
    async fn a_cancelled_caller_keeps_its_place_until_the_job_ends() {
        let hasher = hasher(1, 1);
        let (started, has_started) = oneshot::channel();
        let (finish, finished) = mpsc::channel::<()>();
        let mut running = Box::pin(hasher.permit().await.unwrap().run(move |_| {
            let _ = started.send(());
            finished.recv().map_err(Error::internal)
        }));
        assert!(futures_util::poll!(&mut running).is_pending());
        has_started.await.unwrap();
        let (touch, touched) = oneshot::channel();
        let mut waiting = Box::pin(hasher.permit().await.unwrap().run(|_| Ok(touch.send(()))));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop((running, waiting));
        assert_eq!(hasher.places.available_permits(), 0);
        assert!(hasher.permit().await.is_err());
        finish.send(()).unwrap();
        eventually(|| hasher.places.available_permits() == 2).await;
        assert!(touched.await.is_err(), "the skipped job did not run");
    }

    // R-PW-4: a defect in one computation costs neither a thread nor a place.
    #[tokio::test]
    async fn a_panic_costs_one_answer() {
        let hasher = hasher(1, 0);
        let failed = hasher.permit().await.unwrap().run::<(), _>(|_| panic!("on purpose")).await;
        assert_eq!(failed.unwrap_err().reason(), Reason::Internal);
        eventually(|| hasher.places.available_permits() == 1).await;
        assert_eq!(hasher.permit().await.unwrap().run(|_| Ok(1)).await.unwrap(), 1);
    }

    // R-PW-4: the threads end with the pool.
    #[tokio::test]
    async fn dropping_the_hasher_ends_its_threads() {
        let rng: Arc<dyn Rng> = Arc::new(Fixed);
        let hasher = Hasher::new(3, 0, Arc::clone(&rng));
        hasher.permit().await.unwrap().run(|_| Ok(())).await.unwrap();
        assert_eq!(Arc::strong_count(&rng), 5);
        drop(hasher);
        eventually(|| Arc::strong_count(&rng) == 1).await;
    }
}
