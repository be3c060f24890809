//! kill -9 under load: what was acknowledged is there.

use crate::support::{
    Backend,
    postgres::Database,
    program::{Environment, Program, environment},
    server::{Metadata, PASSWORD},
};
use reeve::pb::{
    auth::v1::{SignUpRequest, auth_service_client::AuthServiceClient},
    sync::v1::{GetSyncStatusRequest, sync_service_client::SyncServiceClient},
    tenant::v1::{CreateTenantRequest, GetUserRequest, tenant_service_client::TenantServiceClient},
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

const ROUNDS: usize = 5;
const WRITERS: usize = 4;
/// How many must be acknowledged in a round before the process is killed.
const ENOUGH: usize = 6;

/// Waits until it is ready, and tells how long that took.
pub async fn wait_until_serving(program: &Program) -> Duration {
    let begun = Instant::now();
    let request = HealthCheckRequest { service: "readiness".to_owned() };
    let watch = async {
        let mut health = HealthClient::new(program.channel.clone());
        let mut states = health.watch(request).await.unwrap().into_inner();
        while states.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), watch).await;
    assert!(waited.is_ok(), "it does not get ready: {}", program.log());
    begun.elapsed()
}

pub fn operator(data_dir: &Path) -> Metadata {
    let key = std::fs::read_to_string(data_dir.join("operator.key")).unwrap();
    Metadata::bearer(key.trim())
}

async fn create_tenant(program: &Program, operator: Metadata) -> String {
    let mut tenants = TenantServiceClient::with_interceptor(program.channel.clone(), operator);
    let request = CreateTenantRequest {
        slug: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        domains: vec!["acme.com".to_owned()],
        ..Default::default()
    };
    tenants.create_tenant(request).await.unwrap().into_inner().tenant.unwrap().id
}

/// Signs people up until the process is gone; the ids of those that were acknowledged.
async fn load(program: &mut Program, round: usize, acknowledged: &Arc<Mutex<Vec<String>>>) {
    let before = acknowledged.lock().unwrap().len();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let mut client = AuthServiceClient::new(program.channel.clone());
            let acknowledged = Arc::clone(acknowledged);
            tokio::spawn(async move {
                for number in 0.. {
                    let request = SignUpRequest {
                        email: format!("p{round}-{writer}-{number}@acme.com"),
                        password: PASSWORD.to_owned(),
                        display_name: "Test Person".to_owned(),
                        token: String::new(),
                    };
                    let Ok(answer) = client.sign_up(request).await else { return };
                    let user = answer.into_inner().session.unwrap().user.unwrap();
                    acknowledged.lock().unwrap().push(user.id);
                }
            })
        })
        .collect();
    let begun = Instant::now();
    while acknowledged.lock().unwrap().len() < before + ENOUGH {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody gets in: {}", program.log());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    program.signal("KILL");
    assert_eq!(program.ended().await.code(), None);
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn assert_all_there(program: &Program, operator: Metadata, tenant: &str, users: &[String]) {
    let channel = || program.channel.clone();
    let mut tenants = TenantServiceClient::with_interceptor(channel(), operator.clone());
    for user in users {
        let request = GetUserRequest { user_id: user.clone(), tenant_id: tenant.to_owned() };
        let found = tenants.get_user(request).await.unwrap().into_inner();
        assert_eq!(found.profile.unwrap().user_id, *user);
    }
    let mut sync = SyncServiceClient::with_interceptor(channel(), operator);
    let status = sync.get_sync_status(GetSyncStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((status.missing_profiles, status.orphaned_profiles), (Some(0), Some(0)));
    let counted = usize::try_from(status.total_auth_users.unwrap()).unwrap();
    assert!(counted >= users.len() && counted <= users.len() + ROUNDS * WRITERS);
}

async fn serve_in_time(told: &Environment) -> Program {
    let begun = Instant::now();
    let program = Program::serve(told).await;
    wait_until_serving(&program).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    program
}

on_both! {
    async fn an_acknowledged_sign_up_survives_a_kill(backend: Backend) {
        let data_dir = tempfile::tempdir().unwrap();
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Database::migrated().await),
        };
        let mut told = environment(database.as_ref(), data_dir.path());
        told.push(("REEVE_REQUIRE_VERIFIED_EMAIL", "false".to_owned()));
        told.push(("DISABLE_BOOTSTRAP", "false".to_owned()));
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let mut program = serve_in_time(&told).await;
        let operator = operator(data_dir.path());
        let tenant = create_tenant(&program, operator.clone()).await;
        for round in 0..ROUNDS {
            load(&mut program, round, &acknowledged).await;
            program = serve_in_time(&told).await;
            let users = acknowledged.lock().unwrap().clone();
            assert_all_there(&program, operator.clone(), &tenant, &users).await;
        }
    }
}
