//! Counters of attempts, for all replicas together. A bucket is the hash of what is counted; its
//! window begins with the first attempt and ends by the database's time.

use super::{schema::throttle, tx::Tx};
use crate::model::{Result, clock::Instant};
use diesel::{dsl::case_when, prelude::*, sql_types::Integer, upsert::excluded};
use diesel_async::RunQueryDsl;
use std::time::Duration;

/// Counts one attempt and tells how many the window has now, and when it ends. One statement, so
/// that attempts that overlap are counted one after the other.
pub async fn charge(
    tx: &mut Tx,
    bucket: &[u8],
    window: Duration,
    now: Instant,
) -> Result<(i32, Instant)> {
    Ok(on!(tx, |c| diesel::insert_into(throttle::table)
        .values((
            throttle::bucket.eq(bucket),
            throttle::count.eq(1),
            throttle::expire_time.eq(now + window),
        ))
        .on_conflict(throttle::bucket)
        .do_update()
        .set((
            throttle::count.eq(case_when(throttle::expire_time.le(now), 1.into_sql::<Integer>())
                .otherwise(throttle::count + 1)),
            throttle::expire_time.eq(case_when(
                throttle::expire_time.le(now),
                excluded(throttle::expire_time),
            )
            .otherwise(throttle::expire_time)),
        ))
        .returning((throttle::count, throttle::expire_time))
        .get_result(c)
        .await)?)
}

/// Gives one attempt back to the window that ends then; another window keeps its count.
pub async fn refund(tx: &mut Tx, bucket: &[u8], window_end: Instant) -> Result<()> {
    on!(tx, |c| diesel::update(throttle::table.find(bucket))
        .filter(throttle::expire_time.eq(window_end))
        .filter(throttle::count.gt(0))
        .set(throttle::count.eq(throttle::count - 1))
        .execute(c)
        .await)?;
    Ok(())
}

/// Forgets a bucket.
pub async fn clear(tx: &mut Tx, bucket: &[u8]) -> Result<()> {
    on!(tx, |c| diesel::delete(throttle::table.find(bucket)).execute(c).await)?;
    Ok(())
}

/// Deletes at most so many buckets whose window has ended; `true` when there may be more.
pub async fn purge(tx: &mut Tx, most: u16, now: Instant) -> Result<bool> {
    macro_rules! ended {
        () => {
            throttle::table
                .filter(throttle::expire_time.le(now))
                .select(throttle::bucket)
                .limit(i64::from(most))
        };
    }
    // Locked, so that none begins a new window before it is deleted; one in use is left for later.
    let buckets: Vec<Vec<u8>> = on!(
        tx,
        pg | c | ended!().for_update().skip_locked().load(c).await,
        sqlite | c | ended!().load(c).await,
    )?;
    if !buckets.is_empty() {
        on!(tx, |c| diesel::delete(throttle::table.filter(throttle::bucket.eq_any(&buckets)))
            .execute(c)
            .await)?;
    }
    Ok(buckets.len() == usize::from(most))
}
