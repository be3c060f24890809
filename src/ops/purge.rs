//! Deletes what has run out, a batch a transaction, so that none is long.

use crate::{
    access::{Scope, SystemUse},
    app::App,
    db::{idempotency, pending_sign_ups, sessions},
    model::{Result, budget::Budget},
    ops::throttle,
};
use std::{sync::Arc, time::Duration};

/// How many rows one transaction deletes.
const BATCH: i64 = 500;
/// How long a row outlives its end, so that who comes late with it is still told the truth.
const GRACE: Duration = Duration::from_hours(24);

#[derive(Debug, Clone, Copy)]
enum Expired {
    Requests,
    SignUps,
    /// Past their absolute end: before it, a spent refresh token must be recognised.
    Sessions,
}

/// Deletes until nothing is left that has run out; answers how many rows it deleted, counters
/// of attempts aside.
pub async fn purge(app: &App) -> Result<usize> {
    while throttle::purge(app).await? {}
    let mut deleted = 0;
    for what in [Expired::Requests, Expired::SignUps, Expired::Sessions] {
        loop {
            let batch = delete(app, what).await?;
            deleted += batch;
            if i64::try_from(batch).is_ok_and(|rows| rows < BATCH) {
                break;
            }
        }
    }
    Ok(deleted)
}

async fn delete(app: &App, what: Expired) -> Result<usize> {
    let scope = Scope::system(SystemUse::Purge);
    let budget = Arc::new(Budget::lasting(Duration::from_secs(10)));
    app.db
        .write(scope, &budget, async |tx| {
            let now = tx.now().await?;
            match what {
                Expired::Requests => idempotency::delete_expired(tx, now, BATCH).await,
                Expired::SignUps => pending_sign_ups::delete_expired(tx, now - GRACE, BATCH).await,
                Expired::Sessions => sessions::delete_expired(tx, now - GRACE, BATCH).await,
            }
        })
        .await
}
