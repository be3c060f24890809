//! Limits that all replicas count together, in the database. A guess and a started sign-up are
//! counted in a short transaction of their own before anything costly or telling is done, an
//! invitation in the transaction that makes it. What a limit refuses is not counted there.

use crate::{
    access::{Scope, SystemUse},
    app::App,
    db::{Tx, throttle},
    model::{Error, Reason, Result, budget::Budget, clock::Instant, email::EmailKey, id::TenantId},
    ops::Cx,
};
use aws_lc_rs::digest::{SHA256, digest};
use std::{fmt::Display, sync::Arc, time::Duration};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Counters that one transaction deletes.
const PURGED_AT_ONCE: u16 = 1_000;

macro_rules! limits {
    ($($(#[$doc:meta])* $limit:ident = $name:literal: $most:literal in $window:expr;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Limit { $($(#[$doc])* $limit),+ }

        impl Limit {
            /// The name that a refusal tells.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$limit => $name),+ }
            }
            /// Attempts that a window lets through.
            pub const fn most(self) -> i32 {
                match self { $(Self::$limit => $most),+ }
            }
            pub const fn window(self) -> Duration {
                match self { $(Self::$limit => $window),+ }
            }
        }
    };
}

limits! {
    /// Sign-ins of one account, whether it exists or not, from one source. A success clears it.
    SignInAccount = "sign-in-account": 10 in MINUTE;
    /// Sign-ins from one source, whatever the account. A success is given back.
    SignInSource = "sign-in-source": 300 in MINUTE;
    /// Wrong sign-up and invitation tokens from one source.
    WrongTokenSource = "wrong-token-source": 300 in MINUTE;
    /// Wrong sign-up and invitation tokens from everywhere.
    WrongToken = "wrong-token": 10_000 in MINUTE;
    /// Sign-ups started by the domain of an address, from one source.
    StartSignUpSource = "start-sign-up-source": 300 in MINUTE;
    /// The same for one mailbox, whatever the tag of the address, from one source.
    StartSignUpMailbox = "start-sign-up-mailbox": 10 in MINUTE;
    /// Invitations made in one tenant.
    CreateInvitation = "create-invitation": 1_000 in HOUR;
    /// Invitations of one mailbox, whatever the tag of the address, into one tenant.
    CreateInvitationMailbox = "create-invitation-mailbox": 10 in HOUR;
}

/// A limit, for one of those it counts separately.
struct Bucket {
    limit: Limit,
    hash: [u8; 32],
}

impl Bucket {
    /// No part may hold a NUL, so that different parts never make the same bucket.
    fn of(limit: Limit, parts: &[&dyn Display]) -> Self {
        let mut text = limit.as_str().to_owned();
        for part in parts {
            text = format!("{text}\0{part}");
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self { limit, hash }
    }

    /// Counts an attempt and tells when its window ends; an error beyond the limit.
    async fn charge(&self, tx: &mut Tx, now: Instant) -> Result<Instant> {
        let window = self.limit.window();
        let (count, end) = throttle::charge(tx, &self.hash, window, now).await?;
        if count > self.limit.most() { Err(self.refused(end, now)) } else { Ok(end) }
    }

    fn refused(&self, window_end: Instant, now: Instant) -> Error {
        // Another transaction may have begun the window a moment after this one took the time.
        let wait = window_end.since(now).min(self.limit.window());
        Error::new(Reason::RateLimited, "Too many attempts in a short time. Try again later.")
            .with("limit", self.limit.as_str())
            .retry_after(wait)
    }
}

/// Counts an attempt in each bucket, in a transaction of its own, or in none when one is full;
/// tells when the window of the last one ends.
async fn charge<const N: usize>(cx: &Cx, buckets: [&Bucket; N]) -> Result<Instant> {
    cx.write(scope(), async |tx| {
        let now = tx.now().await?;
        let mut window_end = now;
        for bucket in buckets {
            window_end = bucket.charge(tx, now).await?;
        }
        Ok(window_end)
    })
    .await
}

/// An attempt to sign in that was counted.
pub struct SignInAttempt {
    account: Bucket,
    source: Bucket,
    source_window_end: Instant,
}

/// Counts an attempt to sign in. Each source has its own count for an account, so nobody can
/// lock somebody else out.
pub async fn sign_in(cx: &Cx, account: &EmailKey) -> Result<SignInAttempt> {
    let from = cx.client.source();
    let account = Bucket::of(Limit::SignInAccount, &[&account.as_str(), &from]);
    let source = Bucket::of(Limit::SignInSource, &[&from]);
    let source_window_end = charge(cx, [&account, &source]).await?;
    Ok(SignInAttempt { account, source, source_window_end })
}

impl SignInAttempt {
    /// Takes the attempt out of the counts, in the transaction that opens the session.
    pub async fn succeed(&self, tx: &mut Tx) -> Result<()> {
        throttle::clear(tx, &self.account.hash).await?;
        throttle::refund(tx, &self.source.hash, self.source_window_end).await
    }
}

/// Runs `look_up`, which finds what a token stands for; `wrong` is the answer when there is
/// nothing. A source's attempt is counted before that, and given back unless the token is wrong.
/// Too many wrong tokens from everywhere change the answer to a wrong one and nothing else.
pub async fn token<T>(
    cx: &Cx,
    look_up: impl Future<Output = Result<Option<T>>>,
    wrong: impl FnOnce() -> Error,
) -> Result<T> {
    let from = cx.client.source();
    let source = &Bucket::of(Limit::WrongTokenSource, &[&from]);
    let window_end = charge(cx, [source]).await?;
    let found = match look_up.await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => {
            let everywhere = Bucket::of(Limit::WrongToken, &[]);
            return Err(charge(cx, [&everywhere]).await.err().unwrap_or_else(wrong));
        }
        // Whatever it is, the token is not what is wrong.
        Err(error) => Err(error),
    };
    cx.write(scope(), async |tx| throttle::refund(tx, &source.hash, window_end).await).await?;
    found
}

/// Counts a start of a sign-up, which mails whatever address it names. Each source has its own
/// count for a mailbox, so nobody can lock somebody else out.
pub async fn start_sign_up(cx: &Cx, address: &EmailKey) -> Result<()> {
    let (from, mailbox) = (cx.client.source(), address.without_tag());
    let mailbox = Bucket::of(Limit::StartSignUpMailbox, &[&mailbox.as_str(), &from]);
    let source = Bucket::of(Limit::StartSignUpSource, &[&from]);
    charge(cx, [&mailbox, &source]).await.map(drop)
}

/// Counts an invitation in the transaction that makes it: what comes to nothing, a try and a
/// repeat are none.
pub async fn create_invitation(tx: &mut Tx, tenant: TenantId, address: &EmailKey) -> Result<()> {
    let whole = Bucket::of(Limit::CreateInvitation, &[&tenant]);
    let mailbox = address.without_tag();
    let single = Bucket::of(Limit::CreateInvitationMailbox, &[&tenant, &mailbox.as_str()]);
    let now = tx.now().await?;
    tx.within(scope(), async |tx| {
        whole.charge(tx, now).await?;
        single.charge(tx, now).await.map(drop)
    })
    .await
}

/// Deletes counters whose window has ended; `true` when there may be more.
pub async fn purge(app: &App) -> Result<bool> {
    let budget = Arc::new(Budget::lasting(Duration::from_secs(10)));
    app.db
        .write(scope(), &budget, async |tx| {
            let now = tx.now().await?;
            throttle::purge(tx, PURGED_AT_ONCE, now).await
        })
        .await
}

fn scope() -> Scope {
    Scope::system(SystemUse::Throttle)
}
