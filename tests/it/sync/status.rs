//! Counts of accounts and profiles, with the fences up, and with them taken down by hand.

use super::{pb, seeded, status_of};
use crate::support::{Backend, Server, assert_refused, server::Metadata};
use reeve::{
    db::migrate,
    model::{
        clock::Instant,
        sync::{SyncStatus, TriggerState},
    },
};
use tonic::Code;

on_both! {
    /// Zero is said, not left out.
    async fn an_empty_service_is_in_sync(backend: Backend) {
        let server = Server::start(backend).await;
        let status = status_of(&server).await;
        let counts = [
            status.total_auth_users,
            status.total_profiles,
            status.missing_profiles,
            status.unresolved_users,
            status.orphaned_profiles,
        ];
        assert_eq!(counts, [Some(0); 5]);
        assert_eq!(status.sync_percentage, Some(100.0));
        assert_eq!((status.trigger_state.as_str(), status.source.as_str()), ("active", "native"));
        assert!(status.checked_time.is_some());
    }

    async fn missing_profiles_are_counted_and_repaired(backend: Backend) {
        let server = Server::start(backend).await;
        let (_, users) = seeded(&server, 7).await;
        server.drop_fences().await;
        server.delete_profiles(&users[..3]).await;

        let status = status_of(&server).await;
        assert_eq!((status.total_auth_users, status.total_profiles), (Some(7), Some(4)));
        assert_eq!((status.missing_profiles, status.orphaned_profiles), (Some(3), Some(0)));
        // 4 of 7 is 57.14…
        assert_eq!(status.sync_percentage, Some(57.1));

        let named = match backend {
            Backend::Postgres => "constraint users.users_home_profile is missing",
            Backend::Sqlite => "trigger user_profiles_keep_home is missing",
        };
        let differences = migrate::verify(&server.owner_target()).await.unwrap();
        assert!(differences.iter().any(|found| found.what.starts_with(named)), "{differences:?}");

        let request =
            pb::CreateProfileRequest { user_id: users[0].clone(), ..Default::default() };
        let made = server.sync_as(server.operator()).create_profile(request).await.unwrap();
        assert!(made.into_inner().created);
        assert_eq!(status_of(&server).await.missing_profiles, Some(2));
    }

    async fn profiles_of_deleted_users_are_counted(backend: Backend) {
        let server = Server::start(backend).await;
        let (_, users) = seeded(&server, 2).await;
        let ours = server.literal(&users[0]);
        if backend == Backend::Postgres {
            let drop = "ALTER TABLE user_profiles DROP CONSTRAINT user_profiles_user_id_fkey";
            server.execute(drop).await;
        }
        let delete = format!("DELETE FROM users WHERE id = {ours}");
        server.execute(&server.unfenced(&delete)).await;
        let status = status_of(&server).await;
        assert_eq!((status.total_auth_users, status.orphaned_profiles), (Some(1), Some(1)));
        assert_eq!((status.missing_profiles, status.sync_percentage), (Some(0), Some(100.0)));
    }

    async fn the_state_of_the_trigger_is_told(backend: Backend) {
        let server = Server::start(backend).await;
        if backend == Backend::Postgres {
            server.execute("ALTER TABLE users DISABLE TRIGGER on_auth_user_created").await;
            assert_eq!(status_of(&server).await.trigger_state, "disabled");
            server.execute("ALTER TABLE users ENABLE TRIGGER on_auth_user_created").await;
            assert_eq!(status_of(&server).await.trigger_state, "active");
        }
        let drop = match backend {
            Backend::Postgres => "DROP TRIGGER on_auth_user_created ON users",
            Backend::Sqlite => "DROP TRIGGER on_auth_user_created",
        };
        server.execute(drop).await;
        assert_eq!(status_of(&server).await.trigger_state, "missing");
    }

    async fn only_operators_may_ask(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.sign_up("ann@acme.com").await.access_token;
        let mut client = server.sync_as(Metadata::bearer(&token));
        let denied = "PERMISSION_DENIED";
        let answer = client.get_sync_status(pb::GetSyncStatusRequest {}).await;
        assert_refused(answer, Code::PermissionDenied, denied);
        let answer = client.get_health_report(pb::GetHealthReportRequest {}).await;
        assert_refused(answer, Code::PermissionDenied, denied);
        let answer = client.list_drift(pb::ListDriftRequest::default()).await;
        assert_refused(answer, Code::PermissionDenied, denied);
        let mut nobody = server.sync_as(Metadata::default());
        let answer = nobody.get_sync_status(pb::GetSyncStatusRequest {}).await;
        assert_refused(answer, Code::Unauthenticated, "CREDENTIAL_MISSING");
    }
}

#[test]
#[allow(clippy::float_cmp, reason = "tenths that were rounded down to exactly these")]
fn the_percentage_is_rounded_down_to_tenths() {
    let percentage = |users, profiles, unresolved| {
        let status = SyncStatus {
            total_auth_users: users,
            total_profiles: profiles,
            missing_profiles: users - profiles - unresolved,
            unresolved_users: unresolved,
            orphaned_profiles: 0,
            trigger_state: TriggerState::Active,
            checked_time: Instant::from_micros(0),
        };
        status.percentage()
    };
    assert_eq!(percentage(0, 0, 0), 100.0);
    assert_eq!(percentage(10_000, 9_999, 0), 99.9);
    assert_eq!(percentage(10_000, 10_000, 0), 100.0);
    assert_eq!(percentage(3, 2, 0), 66.6);
    assert_eq!(percentage(3, 0, 0), 0.0);
    assert_eq!(percentage(4_000_000_000, 3_999_999_999, 0), 99.9);
    assert_eq!(percentage(10, 5, 5), 100.0);
    assert_eq!(percentage(5, 0, 5), 100.0);
}
