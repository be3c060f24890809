//! `reeve.sync.v1.SyncService`.

use super::{call::call, convert::sync as convert};
use crate::{
    access::Action,
    app::App,
    ops::sync,
    pb::sync::v1::{self as pb, sync_service_server},
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub struct SyncService(pub Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl sync_service_server::SyncService for SyncService {
    async fn get_sync_status(
        &self,
        request: Request<pb::GetSyncStatusRequest>,
    ) -> Answer<pb::GetSyncStatusResponse> {
        call(
            &self.0,
            Action::GetSyncStatus,
            request,
            convert::get_sync_status,
            sync::get_sync_status,
            convert::get_sync_status_response,
        )
        .await
    }

    async fn get_health_report(
        &self,
        request: Request<pb::GetHealthReportRequest>,
    ) -> Answer<pb::GetHealthReportResponse> {
        call(
            &self.0,
            Action::GetHealthReport,
            request,
            convert::get_health_report,
            sync::get_health_report,
            convert::get_health_report_response,
        )
        .await
    }

    async fn create_profile(
        &self,
        request: Request<pb::CreateProfileRequest>,
    ) -> Answer<pb::CreateProfileResponse> {
        call(
            &self.0,
            Action::CreateProfile,
            request,
            convert::create_profile,
            sync::create_profile,
            convert::create_profile_response,
        )
        .await
    }

    async fn list_drift(
        &self,
        request: Request<pb::ListDriftRequest>,
    ) -> Answer<pb::ListDriftResponse> {
        call(
            &self.0,
            Action::ListDrift,
            request,
            convert::list_drift,
            sync::list_drift,
            convert::list_drift_response,
        )
        .await
    }
}
