//! Messages of `reeve.sync.v1`.

use super::{
    super::call::{NamesTenant, Parsed, optional_tenant},
    fields::{Fields, optional_role, page, request_key},
    resources::{profile, timestamp},
};
use crate::{
    access::{Action, NamedTenant},
    model::{
        error::FieldViolation,
        id::{Id as _, UserId},
        page::{Page, PageRequest},
        sync::{Drift, DriftKind, SyncStatus},
    },
    ops::sync::{CreateProfile, CreatedProfile, HealthReport, HealthStatus},
    pb::sync::v1 as pb,
};
use std::mem::take;

/// These RPCs are the platform's; a tenant in a message is plain input.
macro_rules! names_no_tenant {
    ($($message:ident),+ $(,)?) => { $(
        impl NamesTenant for pb::$message {
            fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
                Ok(NamedTenant::None)
            }
        }
    )+ };
}
names_no_tenant!(GetSyncStatusRequest, GetHealthReportRequest, ListDriftRequest);

impl NamesTenant for pb::CreateProfileRequest {
    fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
        optional_tenant(&self.tenant_id).map(NamedTenant::Scope)
    }
}

#[allow(clippy::unnecessary_wraps, reason = "every request is parsed the same way")]
pub(in crate::rpc) fn get_sync_status(_: pb::GetSyncStatusRequest) -> Parsed<()> {
    Ok(())
}

pub(in crate::rpc) fn get_sync_status_response(status: SyncStatus) -> pb::GetSyncStatusResponse {
    pb::GetSyncStatusResponse {
        total_auth_users: Some(status.total_auth_users),
        total_profiles: Some(status.total_profiles),
        missing_profiles: Some(status.missing_profiles),
        unresolved_users: Some(status.unresolved_users),
        orphaned_profiles: Some(status.orphaned_profiles),
        sync_percentage: Some(status.percentage()),
        trigger_state: status.trigger_state.as_str().to_owned(),
        source: "native".to_owned(),
        checked_time: timestamp(status.checked_time),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "every request is parsed the same way")]
pub(in crate::rpc) fn get_health_report(_: pb::GetHealthReportRequest) -> Parsed<()> {
    Ok(())
}

pub(in crate::rpc) fn get_health_report_response(
    report: HealthReport,
) -> pb::GetHealthReportResponse {
    let connected = if report.database_connected { "connected" } else { "disconnected" };
    let sync = report.sync.as_ref();
    let sync_status = match sync {
        Some(sync) if sync.in_sync() => HealthStatus::Healthy,
        Some(_) => HealthStatus::Degraded,
        None => HealthStatus::Unhealthy,
    };
    pb::GetHealthReportResponse {
        status: report.status.as_str().to_owned(),
        timestamp: report.time.to_string(),
        database: connected.to_owned(),
        user_sync: Some(pb::UserSyncHealth {
            status: sync_status.as_str().to_owned(),
            total_auth_users: sync.map(|sync| sync.total_auth_users),
            total_profiles: sync.map(|sync| sync.total_profiles),
            missing_profiles: sync.map(|sync| sync.missing_profiles),
            sync_percentage: sync.map(SyncStatus::percentage),
        }),
        services: Some(pb::ServicesHealth {
            source: connected.to_owned(),
            auth: if report.auth_operational { "operational" } else { "failing" }.to_owned(),
            triggers: report.trigger_state().as_str().to_owned(),
        }),
    }
}

pub(in crate::rpc) fn create_profile(
    mut message: pb::CreateProfileRequest,
) -> Parsed<CreateProfile> {
    let (request_id, validate_only) =
        (take(&mut message.request_id), take(&mut message.validate_only));
    let mut fields = Fields::default();
    let request = fields.take(request_key(Action::CreateProfile, &request_id, &message));
    let user_id = fields.take(UserId::parse("user_id", &message.user_id));
    let role = fields.take(optional_role("role", message.role));
    let tenant_id = fields.take(optional_tenant(&message.tenant_id));
    let input = (|| {
        Some(CreateProfile {
            user_id: user_id?,
            role: role?,
            tenant_id: tenant_id?,
            request: request?,
            validate_only,
        })
    })();
    fields.finish(input)
}

pub(in crate::rpc) fn create_profile_response(made: CreatedProfile) -> pb::CreateProfileResponse {
    pb::CreateProfileResponse {
        profile: Some(profile(made.profile)),
        created: made.created,
        replayed: made.replayed,
    }
}

pub(in crate::rpc) fn list_drift(message: pb::ListDriftRequest) -> Parsed<PageRequest> {
    let mut fields = Fields::default();
    let request = fields.take(page(message.page_size, message.page_token));
    fields.finish(request)
}

pub(in crate::rpc) fn list_drift_response(page: Page<Drift>) -> pb::ListDriftResponse {
    pb::ListDriftResponse {
        drifts: page.items.into_iter().map(drift).collect(),
        next_page_token: page.next_token,
    }
}

fn drift(drift: Drift) -> pb::Drift {
    let (kind, explanation) = match drift.kind {
        DriftKind::UserWithoutProfile => (
            pb::DriftKind::UserWithoutProfile,
            "The account has no profile in its home tenant. Make it with CreateProfile.",
        ),
        DriftKind::ProfileWithoutUser => {
            (pb::DriftKind::ProfileWithoutUser, "The account of this profile is gone.")
        }
    };
    pb::Drift {
        kind: kind.into(),
        user_id: drift.user_id.to_string(),
        tenant_id: drift.tenant_id.to_string(),
        explanation: explanation.to_owned(),
    }
}
