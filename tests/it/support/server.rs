//! A server in this process, with a clock that tests can move, and clients for it.

use super::{
    Backend,
    postgres::{self, Database},
};
use reeve::{
    access::{self, Action, NamedTenant},
    app::{App, SystemClock, SystemRng},
    boot,
    config::{Config, Flags},
    model::{
        api_key::KeyScope,
        clock::{Clock, Instant},
        text::DisplayName,
    },
    ops::{self, Cx},
    pb::{
        auth::v1::{self as auth, auth_service_client::AuthServiceClient},
        invitation::v1::invitation_service_client::InvitationServiceClient,
        sync::v1::sync_service_client::SyncServiceClient,
        tenant::v1::{self as tenant, tenant_service_client::TenantServiceClient},
    },
    serve,
};
use secrecy::ExposeSecret as _;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::{
    Request, Status,
    metadata::MetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// A password that the policy takes, and that looks like no real one.
pub const PASSWORD: &str = "violet harbour 71 lanterns";

/// The system's clock, moved by what tests ask for.
#[derive(Default)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).unwrap(), Ordering::SeqCst);
    }
}
impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant::from_micros(SystemClock.now().as_micros() + self.0.load(Ordering::SeqCst))
    }
}

/// Environment variables beside those that the harness sets.
#[derive(Default, Clone)]
pub struct Options(pub Vec<(&'static str, String)>);

pub struct Server {
    pub backend: Backend,
    pub app: Arc<App>,
    pub clock: Arc<TestClock>,
    pub channel: Channel,
    #[allow(dead_code, reason = "for tests that speak to the socket")]
    pub address: std::net::SocketAddr,
    pub data_dir: tempfile::TempDir,
    pub database: Option<Database>,
    pub operator_key: String,
    stop: Option<oneshot::Sender<()>>,
    running: Option<Running>,
}

/// Adds credentials and other metadata to every call.
#[derive(Clone, Default)]
pub struct Metadata(Vec<(&'static str, String)>);

impl Metadata {
    pub fn bearer(token: &str) -> Self {
        Self(vec![("authorization", format!("Bearer {token}"))])
    }
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.0.push((key, value.to_owned()));
        self
    }
}
impl Interceptor for Metadata {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        for (key, value) in &self.0 {
            request.metadata_mut().append(*key, MetadataValue::try_from(value.as_str()).unwrap());
        }
        Ok(request)
    }
}

type Called = InterceptedService<Channel, Metadata>;

impl Server {
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, Options::default()).await
    }

    pub async fn start_with(backend: Backend, options: Options) -> Self {
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Database::migrated().await),
        };
        Self::start_on(backend, database, tempfile::tempdir().unwrap(), options).await
    }

    /// Serves a database that is there, as a second replica or after a restart.
    pub async fn start_on(
        backend: Backend,
        database: Option<Database>,
        data_dir: tempfile::TempDir,
        options: Options,
    ) -> Self {
        let config = config(database.as_ref(), data_dir.path(), &options);
        let clock = Arc::new(TestClock::default());
        let app = boot::app_with(&config, clock.clone(), Arc::new(SystemRng)).unwrap();
        let transport = boot::transport(&config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn({
            let app = Arc::clone(&app);
            async move {
                let shutdown = async {
                    stopped.await.ok();
                };
                let never = std::future::pending();
                Box::pin(serve::run_on(listener, app, &config, transport, shutdown, never)).await
            }
        });
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        let running = wait_until_ready(&channel, running).await;
        let operator_key = operator_key(&app, &[]).await;
        Self {
            backend,
            app,
            clock,
            channel,
            address,
            data_dir,
            database,
            operator_key,
            stop: Some(stop),
            running: Some(running),
        }
    }

    /// The configuration of another process on this server's database and data directory.
    pub fn config(&self, options: &Options) -> Config {
        config(self.database.as_ref(), self.data_dir.path(), options)
    }

    /// Another process's app, with its keys loaded, that serves nobody and runs no worker.
    pub async fn another_app(&self, options: &Options) -> (Arc<App>, Config) {
        let config = self.config(options);
        let app = boot::app_with(&config, Arc::clone(&self.clock) as _, Arc::new(SystemRng));
        let app = app.unwrap();
        boot::keyring(&app).await.unwrap();
        (app, config)
    }

    /// Drains and waits for the end.
    pub async fn stop(&mut self) -> Result<(), boot::Refusal> {
        self.stop.take().unwrap().send(()).ok();
        self.running.take().unwrap().await.unwrap()
    }

    pub fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel.clone())
    }
    pub fn auth_as(&self, metadata: Metadata) -> AuthServiceClient<Called> {
        AuthServiceClient::with_interceptor(self.channel.clone(), metadata)
    }
    pub fn tenant_as(&self, metadata: Metadata) -> TenantServiceClient<Called> {
        TenantServiceClient::with_interceptor(self.channel.clone(), metadata)
    }
    pub fn sync_as(&self, metadata: Metadata) -> SyncServiceClient<Called> {
        SyncServiceClient::with_interceptor(self.channel.clone(), metadata)
    }
    pub fn invitations(&self) -> InvitationServiceClient<Channel> {
        InvitationServiceClient::new(self.channel.clone())
    }
    pub fn invitations_as(&self, metadata: Metadata) -> InvitationServiceClient<Called> {
        InvitationServiceClient::with_interceptor(self.channel.clone(), metadata)
    }
    #[allow(dead_code, reason = "for tests of the health service")]
    pub fn health(&self) -> HealthClient<Channel> {
        HealthClient::new(self.channel.clone())
    }
    pub fn operator(&self) -> Metadata {
        Metadata::bearer(&self.operator_key)
    }

    /// Makes a tenant with domains, by the operator, and gives its id.
    pub async fn create_tenant(&self, slug: &str, domains: &[&str]) -> String {
        let request = tenant::CreateTenantRequest {
            slug: slug.to_owned(),
            display_name: slug.to_owned(),
            domains: domains.iter().map(|name| (*name).to_owned()).collect(),
            ..Default::default()
        };
        let made = self.tenant_as(self.operator()).create_tenant(request).await.unwrap();
        made.into_inner().tenant.unwrap().id
    }

    /// Starts a sign-up and gives the token that was mailed.
    pub async fn start_sign_up(&self, email: &str) -> String {
        let request = auth::StartSignUpRequest { email: email.to_owned(), ..Default::default() };
        let before = self.tokens_mailed(email);
        self.auth().start_sign_up(request).await.unwrap();
        self.token_mailed_after(email, before).await
    }

    /// Signs somebody up whose domain a tenant has.
    pub async fn sign_up(&self, email: &str) -> auth::Session {
        let token = self.start_sign_up(email).await;
        let request = auth::SignUpRequest {
            token,
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            display_name: "Test Person".to_owned(),
        };
        self.auth().sign_up(request).await.unwrap().into_inner().session.unwrap()
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Result<auth::Session, Status> {
        let request = auth::SignInRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            tenant_id: String::new(),
        };
        let answer = self.auth().sign_in(request).await?.into_inner();
        match answer.outcome.unwrap() {
            auth::sign_in_response::Outcome::Session(session) => Ok(session),
            auth::sign_in_response::Outcome::MfaChallenge(_) => panic!("nobody has a factor"),
        }
    }

    /// The token of the latest mail to an address that has one.
    pub async fn mailed_token(&self, email: &str) -> String {
        token_in(&self.mail_to(email, "token=").await)
    }

    /// How many mails to an address had a token.
    pub fn tokens_mailed(&self, email: &str) -> usize {
        self.mails().iter().filter(|text| is_to(text, email) && text.contains("token=")).count()
    }

    /// The token of the mail that comes after so many with one, within ten seconds.
    pub async fn token_mailed_after(&self, email: &str, before: usize) -> String {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while self.tokens_mailed(email) <= before {
            assert!(tokio::time::Instant::now() < deadline, "no further mail with a token came");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.mailed_token(email).await
    }

    /// Waits, for ten seconds at most, for a mail to an address that contains a text.
    pub async fn mail_to(&self, email: &str, containing: &str) -> String {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            let fits = |text: &String| is_to(text, email) && text.contains(containing);
            let found = self.mails().into_iter().rev().find(fits);
            if let Some(text) = found {
                return text;
            }
            assert!(tokio::time::Instant::now() < deadline, "no mail with {containing} came");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Every mail that was sent, in the order of their ids.
    pub fn mails(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.data_dir.path().join("mail")) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
        paths.sort();
        paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }
}

fn is_to(mail: &str, email: &str) -> bool {
    mail.lines().any(|line| line.starts_with("To:") && line.contains(email))
}

fn token_in(mail: &str) -> String {
    let after = mail.split("token=").nth(1).unwrap();
    let end = |c: char| c.is_whitespace() || c == '&';
    after.split(end).next().unwrap().to_owned()
}

pub fn config(
    database: Option<&Database>,
    data_dir: &std::path::Path,
    options: &Options,
) -> Config {
    let mut environment = vec![
        ("REEVE_DATA_DIR".to_owned(), data_dir.display().to_string()),
        ("REEVE_DRAIN_DELAY".to_owned(), "0s".to_owned()),
    ];
    if let Some(database) = database {
        environment.extend([
            ("DATABASE_URL".to_owned(), database.url(postgres::SERVICE)),
            ("DATABASE_MIGRATION_URL".to_owned(), database.url(postgres::OWNER)),
            ("REEVE_MASTER_KEY".to_owned(), master_key()),
        ]);
    }
    environment.extend(options.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Config::load(Flags::default(), environment.into_iter())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// One for the whole run, so that two servers on one database share it.
pub fn master_key() -> String {
    static KEY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    KEY.get_or_init(|| reeve::token::MasterKey::generate(&SystemRng).to_base64().to_string())
        .clone()
}

type Running = JoinHandle<Result<(), boot::Refusal>>;

/// Waits for readiness; a server that ends instead fails the test with its reason.
async fn wait_until_ready(channel: &Channel, mut running: Running) -> Running {
    let request = HealthCheckRequest { service: "readiness".to_owned() };
    let watch = async {
        let mut states =
            HealthClient::new(channel.clone()).watch(request).await.unwrap().into_inner();
        while let Ok(Some(state)) = states.message().await {
            if state.status() == ServingStatus::Serving {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = watch => {}
        ended = &mut running => panic!("the server ended: {:?}", ended.unwrap()),
        () = tokio::time::sleep(Duration::from_secs(30)) => panic!("the server did not get ready"),
    }
    running
}

/// A new platform key; without scopes it has no limit.
pub async fn operator_key(app: &Arc<App>, scopes: &[KeyScope]) -> String {
    let cx = Cx::command_line(app, Duration::from_secs(10));
    let action = Action::CreateOperatorKey;
    let scope = access::authorize(&cx.caller, action, NamedTenant::None, None).unwrap();
    let input = ops::operator::CreateOperatorKey {
        name: DisplayName::parse("name", "test").unwrap(),
        ttl: None,
        scopes: scopes.iter().copied().collect(),
    };
    let made = ops::operator::create_operator_key(&cx, scope, input).await.unwrap();
    made.key.expose_secret().to_owned()
}
