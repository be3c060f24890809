//! What the whole process shares: built once, passed down; there are no statics.

use crate::{
    db::Db,
    model::{
        Error, Reason, Result,
        clock::{Clock, Instant, Rng},
        id::Id,
    },
    password::{Hasher, Policy},
    token::{Keyring, MasterKey, TokenSettings},
};
use secrecy::SecretString;
use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::Notify;

pub struct App {
    pub db: Db,
    pub hasher: Hasher,
    pub passwords: Policy,
    pub tokens: TokenSettings,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    /// Tells the outbox worker that mail was committed.
    pub outbox: Notify,
    pub master: MasterKey,
    pub jwt_secret: Option<SecretString>,
    ring: RwLock<Option<Arc<Keyring>>>,
}

/// What operators decide about the service's behaviour.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base of every link in a mail; without a trailing slash.
    pub public_base_url: String,
    /// Whether a sign-up must prove its mailbox.
    pub require_verified_email: bool,
    /// How long a session lives without being refreshed.
    pub refresh_idle: Duration,
    /// How long a session lives at most.
    pub refresh_absolute: Duration,
    /// How long the proof of a mailbox may take.
    pub verification_ttl: Duration,
    /// How long an invitation stands whose maker does not say.
    pub invitation_ttl: Duration,
    pub data_dir: PathBuf,
}

/// What an [`App`] is built from.
pub struct Parts {
    pub db: Db,
    pub hasher: Hasher,
    pub passwords: Policy,
    pub tokens: TokenSettings,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub master: MasterKey,
    pub jwt_secret: Option<SecretString>,
}

impl App {
    /// The keyring is loaded later: the listener is up before the database has answered.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            db: parts.db,
            hasher: parts.hasher,
            passwords: parts.passwords,
            tokens: parts.tokens,
            settings: parts.settings,
            clock: parts.clock,
            rng: parts.rng,
            outbox: Notify::new(),
            master: parts.master,
            jwt_secret: parts.jwt_secret,
            ring: RwLock::new(None),
        })
    }

    /// The keys; until they are loaded the service is not ready.
    pub fn ring(&self) -> Result<Arc<Keyring>> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.clone().ok_or_else(|| {
            Error::new(Reason::DatabaseUnavailable, "The service is starting. Try again.")
                .retry_after(Duration::from_secs(1))
        })
    }

    pub fn set_ring(&self, ring: Keyring) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(ring));
    }

    /// A new identifier, ordered by time.
    pub fn new_id<I: Id>(&self) -> I {
        let mut random = [0; 10];
        self.rng.fill(&mut random);
        I::new_v7(self.clock.now(), &random)
    }
}

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that is injected")]
    fn now(&self) -> Instant {
        Instant::from_micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// The operating system's random numbers.
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        // The operating system's generator does not fail once it has been seeded; should it
        // ever, a key or token made of zeros would be worse than ending the process.
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
