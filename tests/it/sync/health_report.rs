//! The report for people and dashboards: healthy, or what is not.

use super::{pb, seeded};
use crate::support::{Backend, Server};

async fn report_of(server: &Server) -> pb::GetHealthReportResponse {
    let request = pb::GetHealthReportRequest {};
    server.sync_as(server.operator()).get_health_report(request).await.unwrap().into_inner()
}

on_both! {
    async fn a_sound_service_is_healthy(backend: Backend) {
        let server = Server::start(backend).await;
        let empty = report_of(&server).await.user_sync.unwrap();
        assert_eq!(
            (empty.total_auth_users, empty.total_profiles, empty.missing_profiles),
            (Some(0), Some(0), Some(0)),
        );
        assert_eq!(empty.sync_percentage, Some(100.0));

        seeded(&server, 2).await;
        let report = report_of(&server).await;
        assert_eq!((report.status.as_str(), report.database.as_str()), ("healthy", "connected"));
        let sync = report.user_sync.unwrap();
        assert_eq!((sync.status.as_str(), sync.total_auth_users), ("healthy", Some(2)));
        let services = report.services.unwrap();
        assert_eq!(
            [services.source.as_str(), services.auth.as_str(), services.triggers.as_str()],
            ["connected", "operational", "active"],
        );
        // RFC 3339 in UTC, whole seconds: 2026-01-02T03:04:05Z.
        let time = report.timestamp;
        assert!(time.len() == 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    }

    async fn missing_profiles_degrade_it(backend: Backend) {
        let server = Server::start(backend).await;
        let (_, users) = seeded(&server, 3).await;
        server.drop_fences().await;
        server.delete_profiles(&users[..1]).await;
        let report = report_of(&server).await;
        assert_eq!((report.status.as_str(), report.database.as_str()), ("degraded", "connected"));
        let sync = report.user_sync.unwrap();
        assert_eq!((sync.status.as_str(), sync.missing_profiles), ("degraded", Some(1)));
        assert_eq!(sync.sync_percentage, Some(66.6));
        assert_eq!(report.services.unwrap().auth, "operational");
    }

    async fn a_missing_trigger_degrades_it(backend: Backend) {
        let server = Server::start(backend).await;
        let drop = match backend {
            Backend::Postgres => "DROP TRIGGER on_auth_user_created ON users",
            Backend::Sqlite => "DROP TRIGGER on_auth_user_created",
        };
        server.execute(drop).await;
        let report = report_of(&server).await;
        assert_eq!(report.status, "degraded");
        assert_eq!(report.services.unwrap().triggers, "missing");
        assert_eq!(report.user_sync.unwrap().missing_profiles, Some(0));
    }
}
