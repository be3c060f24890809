//! The report that the guides' health check gave.

use crate::{
    access::Scope,
    model::{
        Kind, Result,
        clock::Instant,
        sync::{SyncStatus, TriggerState},
    },
    ops::{Cx, self_test, sync::get_sync_status},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    Healthy,
    /// Everything works, but accounts and profiles are out of step or a fence is down.
    Degraded,
    Unhealthy,
}

crate::closed_set!(HealthStatus {
    Healthy = "healthy",
    Degraded = "degraded",
    Unhealthy = "unhealthy",
});

pub struct HealthReport {
    pub status: HealthStatus,
    pub time: Instant,
    pub database_connected: bool,
    /// `None` while the database is away.
    pub sync: Option<SyncStatus>,
    /// A token was signed and verified just now.
    pub auth_operational: bool,
}

/// A database that is away is an answer here, not an error.
pub async fn get_health_report(cx: &Cx, scope: Scope, (): ()) -> Result<HealthReport> {
    let sync = match get_sync_status(cx, scope, ()).await {
        Ok(status) => Some(status),
        Err(error) if matches!(error.kind(), Kind::Unavailable | Kind::DeadlineExceeded) => None,
        Err(error) => return Err(error),
    };
    let auth_operational = self_test::sign_and_verify(&cx.app).is_ok();
    let status = match &sync {
        Some(sync) if sync.in_sync() && auth_operational => HealthStatus::Healthy,
        Some(_) if auth_operational => HealthStatus::Degraded,
        _ => HealthStatus::Unhealthy,
    };
    Ok(HealthReport {
        status,
        time: cx.app.clock.now(),
        database_connected: sync.is_some(),
        sync,
        auth_operational,
    })
}

impl HealthReport {
    /// The trigger's state, `missing` while the database cannot be asked.
    pub fn trigger_state(&self) -> TriggerState {
        self.sync.as_ref().map_or(TriggerState::Missing, |sync| sync.trigger_state)
    }
}
