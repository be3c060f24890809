//! What neither the log nor the database may hold: passwords, tokens, keys, and, in the log,
//! addresses.

use crate::support::{
    Backend, Server, ghost,
    keys::key_request,
    postgres,
    program::{Program, environment},
    server::{Metadata, PASSWORD},
};
use base64::Engine as _;
use reeve::pb::{
    auth::v1::{
        CreateApiKeyRequest, RefreshSessionRequest, Session, SignInRequest, SignUpRequest,
        ValidateTokenRequest, WhoAmIRequest, auth_service_client::AuthServiceClient,
        sign_in_response::Outcome,
    },
    common::v1::Role,
    sync::v1::{
        CreateProfileRequest, GetSyncStatusRequest, sync_service_client::SyncServiceClient,
    },
    tenant::v1::{
        CreateTenantRequest, ListTenantsRequest, tenant_service_client::TenantServiceClient,
    },
};

const ANN: &str = "ann.unmistakable@acme-unmistakable.com";
const WRONG: &str = "a wrong password 1844";

fn sign_in(password: &str) -> SignInRequest {
    SignInRequest { email: ANN.to_owned(), password: password.to_owned(), tenant_id: String::new() }
}

/// A whole journey; every secret that was sent or received.
async fn journey(program: &Program, key: &str) -> Vec<String> {
    let channel = || program.channel.clone();
    let mut auth = AuthServiceClient::new(channel());
    let operator = Metadata::bearer(key);
    let mut tenants = TenantServiceClient::with_interceptor(channel(), operator.clone());
    let mut sync = SyncServiceClient::with_interceptor(channel(), operator);
    let request = CreateTenantRequest {
        slug: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        domains: vec!["acme-unmistakable.com".to_owned()],
        ..Default::default()
    };
    tenants.create_tenant(request).await.unwrap();
    let request = SignUpRequest {
        email: ANN.to_owned(),
        password: PASSWORD.to_owned(),
        display_name: "Test Person".to_owned(),
        token: String::new(),
    };
    let first = auth.sign_up(request).await.unwrap().into_inner().session.unwrap();
    auth.sign_in(sign_in(WRONG)).await.unwrap_err();
    let second = match auth.sign_in(sign_in(PASSWORD)).await.unwrap().into_inner().outcome {
        Some(Outcome::Session(session)) => session,
        other => panic!("{other:?}"),
    };
    let mut latest = first.refresh_token.clone();
    let mut all = vec![key.to_owned(), PASSWORD.to_owned(), WRONG.to_owned(), ANN.to_owned()];
    let mut keep = |session: &Session| {
        all.extend([session.access_token.clone(), session.refresh_token.clone()]);
    };
    keep(&first);
    keep(&second);
    for _ in 0..2 {
        let request = RefreshSessionRequest { refresh_token: latest };
        let session = auth.refresh_session(request).await.unwrap().into_inner().session.unwrap();
        keep(&session);
        latest = session.refresh_token;
    }
    // The first token again: two rotations old, so this is a reuse.
    let reused = RefreshSessionRequest { refresh_token: first.refresh_token };
    auth.refresh_session(reused).await.unwrap_err();
    let me = Metadata::bearer(&second.access_token);
    let mut me = AuthServiceClient::with_interceptor(channel(), me);
    me.who_am_i(WhoAmIRequest {}).await.unwrap();
    sync.get_sync_status(GetSyncStatusRequest {}).await.unwrap();
    let (profile, role) = (second.profile.clone().unwrap(), Role::Owner.into());
    let request =
        CreateProfileRequest { user_id: profile.user_id, role, ..CreateProfileRequest::default() };
    sync.create_profile(request).await.unwrap();
    let owner = match auth.sign_in(sign_in(PASSWORD)).await.unwrap().into_inner().outcome {
        Some(Outcome::Session(session)) => session,
        other => panic!("{other:?}"),
    };
    keep(&owner);
    let me = Metadata::bearer(&owner.access_token);
    let mut me = AuthServiceClient::with_interceptor(channel(), me);
    let request = key_request(Role::Owner, &["tokens:validate"]);
    let made = me.create_api_key(request).await.unwrap().into_inner().key;
    let by = Metadata::bearer(&made);
    let mut by = AuthServiceClient::with_interceptor(channel(), by);
    let request = ValidateTokenRequest { access_token: owner.access_token };
    assert!(by.validate_token(request).await.unwrap().into_inner().active);
    all.push(made);
    tenants.list_tenants(ListTenantsRequest::default()).await.unwrap();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_at_trace_tells_no_secret() {
    let data_dir = tempfile::tempdir().unwrap();
    let mut told = environment(None, data_dir.path());
    told.push(("REEVE_REQUIRE_VERIFIED_EMAIL", "false".to_owned()));
    told.push(("RUST_LOG", "trace".to_owned()));
    let mut program = Program::serve(&told).await;
    super::crash::wait_until_serving(&program).await;
    let key = std::fs::read_to_string(data_dir.path().join("operator.key")).unwrap();
    let secrets = journey(&program, key.trim()).await;
    program.signal("TERM");
    assert_eq!(program.ended().await.code(), Some(0));
    let log = program.log();
    for told in [
        "AuthService/SignUp",
        "AuthService/ValidateToken",
        "SIGN_IN_FAILED",
        "REFRESH_TOKEN_REUSED",
    ] {
        assert!(log.contains(told), "the log does not tell {told}: {log}");
    }
    for secret in &secrets {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    let local = ANN.split('@').next().unwrap();
    assert!(!log.to_lowercase().contains(local), "the address is in the log");
}

/// Everything that the database holds, as bytes.
async fn dump(server: &Server) -> Vec<u8> {
    let Some(database) = &server.database else {
        let files = ["reeve.db", "reeve.db-wal"].map(|name| server.data_dir.path().join(name));
        return files.iter().filter_map(|path| std::fs::read(path).ok()).flatten().collect();
    };
    let (client, _task) = postgres::connect(&database.superuser_url()).await;
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'reeve'";
    let mut all = String::new();
    for row in client.query(tables, &[]).await.unwrap() {
        let table: &str = row.get(0);
        let rows = format!("SELECT t::text FROM reeve.\"{table}\" t");
        for row in client.query(&rows, &[]).await.unwrap() {
            all.push_str(row.get(0));
            all.push('\n');
        }
    }
    all.into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |all, byte| format!("{all}{byte:02x}"))
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

on_both! {
    async fn the_database_holds_no_secret(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let proof = server.start_sign_up("ann@acme.com").await;
        let waiting = server.start_sign_up("bob@acme.com").await;
        let request = SignUpRequest {
            email: "ann@acme.com".to_owned(),
            password: PASSWORD.to_owned(),
            display_name: "Test Person".to_owned(),
            token: proof.clone(),
        };
        let session = server.auth().sign_up(request).await.unwrap().into_inner().session.unwrap();
        let session = server.with_role(&session, Role::Owner).await;
        let owner = Metadata::bearer(&session.access_token);
        // Once used and once repeated by its name, which leave rows, too.
        let request = CreateApiKeyRequest {
            request_id: ghost(),
            ..key_request(Role::Owner, &["tokens:validate"])
        };
        let key = server.try_create_key(&owner, request.clone()).await.unwrap().key;
        assert!(server.try_create_key(&owner, request).await.unwrap().replayed);
        let by = Metadata::bearer(&key);
        assert!(server.validate_token(&by, &session.access_token).await.unwrap().active);
        let platform = server.cli(&["operator", "create-key", "--scope", "users:read"]).await;
        let all = dump(&server).await;
        assert!(contains(&all, b"ann@acme.com"), "the dump is not of this database");
        let secrets = [
            proof.as_str(),
            waiting.as_str(),
            &session.access_token,
            &session.refresh_token,
            &server.operator_key,
            &key,
            platform.stdout.trim(),
        ];
        for secret in secrets.iter().copied().chain([PASSWORD]) {
            assert!(!contains(&all, secret.as_bytes()), "{secret}");
        }
        // Nor the part that is random, whatever its form.
        for secret in secrets {
            let last = secret.rsplit('.').next().unwrap().trim_start_matches("rk_");
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(last).unwrap();
            assert!(bytes.len() >= 32, "{secret}");
            assert!(!contains(&all, last.as_bytes()), "{secret}");
            assert!(!contains(&all, &bytes) && !contains(&all, hex(&bytes).as_bytes()), "{secret}");
        }
    }
}
