//! The serving process: listener first, then database and keys, workers, and the drain.

use crate::{
    access::{Scope, SystemUse},
    app::App,
    boot::{self, Refusal},
    config::Config,
    db::Db,
    mail::Transport,
    ops, pb,
    rpc::{
        SERVICES,
        health::HealthState,
        layers::{LayerSettings, Methods, Stop, TrustedProxies},
        routes,
    },
    server::{self, ServerSettings},
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How often the database is asked whether it is there.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Failures in a row that make the server not ready; each takes two seconds at most.
const FAILURES: u32 = 2;
/// How often accounts and profiles are counted for the `user-sync` health name.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// How often what has run out is deleted.
const PURGE_EVERY: Duration = Duration::from_mins(1);
/// How often the outbox is looked through when nobody calls.
const OUTBOX_EVERY: Duration = Duration::from_secs(2);
/// How long a mail that is being sent may hold up the end.
const LAST_MAIL: Duration = Duration::from_secs(5);
const RETRY_START: Duration = Duration::from_millis(500);

/// Serves until `shutdown`; `now` then ends the waiting for calls.
pub async fn run(
    config: &Config,
    shutdown: impl Future<Output = ()>,
    now: impl Future<Output = ()>,
) -> Result<(), Refusal> {
    let app = boot::app(config)?;
    let transport = boot::transport(config)?;
    let listen = config.server.listen;
    let listener = server::bind(listen)
        .await
        .map_err(|error| Refusal::Failed(format!("cannot listen on {listen}: {error}")))?;
    run_on(listener, app, config, transport, shutdown, now).await
}

/// Serves an app on a listener that is bound already.
pub async fn run_on(
    listener: TcpListener,
    app: Arc<App>,
    config: &Config,
    transport: Transport,
    shutdown: impl Future<Output = ()>,
    now: impl Future<Output = ()>,
) -> Result<(), Refusal> {
    let settings = settings(config);
    let health = HealthState::new(SERVICES);
    let layers = layers(&app, &settings)?;
    let service = routes(&app, &health, settings.reflection)
        .map_err(|error| Refusal::Failed(error.to_string()))?;
    let address = listener.local_addr().map_err(|error| Refusal::Failed(error.to_string()))?;
    tracing::info!("Starting gRPC server on {address}");

    let stopped = CancellationToken::new();
    let failed = CancellationToken::new();
    let starting = start(&app, config);
    let probe = Db::open(&boot::target(&config.database.target))?;
    let workers = async {
        match starting.await {
            Ok(()) => {
                health.set_database(true);
                health.set_ready(true);
                work(&app, &probe, &health, &transport, &stopped).await;
                Ok(())
            }
            Err(refusal) => {
                failed.cancel();
                Err(refusal)
            }
        }
    };
    let shutdown = async {
        tokio::select! {
            () = shutdown => {}
            () = failed.cancelled() => {}
        }
    };
    let serving = async {
        let hurry = async {
            tokio::select! {
                () = now => {}
                () = failed.cancelled() => {}
            }
        };
        let ended =
            server::serve(listener, &settings, &layers, service, &health, shutdown, hurry).await;
        stopped.cancel();
        ended
    };
    let (worked, served) = tokio::join!(
        async {
            tokio::select! {
                worked = workers => worked,
                () = async { stopped.cancelled().await; sleep(LAST_MAIL * 2).await } => Ok(()),
            }
        },
        serving
    );
    app.db.close();
    worked?;
    served.map_err(|error| Refusal::Failed(error.to_string()))
}

fn settings(config: &Config) -> ServerSettings {
    ServerSettings {
        listen: config.server.listen,
        drain_delay: config.server.drain_delay,
        drain_grace: config.server.drain_grace,
        reflection: config.server.reflection,
        trusted_proxies: TrustedProxies::new(&config.server.trusted_proxies),
        ..ServerSettings::default()
    }
}

fn layers(app: &App, settings: &ServerSettings) -> Result<LayerSettings, Refusal> {
    let methods =
        Methods::of(&[pb::DESCRIPTOR_SET]).map_err(|error| Refusal::Failed(error.to_string()))?;
    let (clock, rng) = (Arc::clone(&app.clock), Arc::clone(&app.rng));
    Ok(settings.layers(Arc::new(methods), clock, rng, Stop::default()))
}

/// Brings everything up, trying again while the database is away. The wait for the database and
/// the self-test are limited in time, unless the tests are skipped; migrations take what they
/// take, and the refusals of security are never skipped.
async fn start(app: &Arc<App>, config: &Config) -> Result<(), Refusal> {
    let skip = config.server.skip_pre_startup_tests;
    if skip {
        tracing::warn!("Pre-startup tests are skipped");
    }
    let patience = config.server.pre_startup_test_timeout;
    let begun = Instant::now();
    loop {
        match bring_up(app, config).await {
            Ok(()) => break,
            Err(Refusal::Unavailable(error)) if skip || begun.elapsed() < patience => {
                tracing::warn!(detail = error.log_detail(), "waiting for the database");
                sleep(RETRY_START).await;
            }
            Err(refusal) => return Err(refusal),
        }
    }
    if !skip {
        let limit = patience.as_secs();
        let why = || Refusal::Failed(format!("the self-test did not end within {limit} s"));
        timeout(patience, boot::self_test(app)).await.map_err(|_| why())??;
        tracing::info!("Pre-startup tests passed");
    }
    Ok(())
}

async fn bring_up(app: &Arc<App>, config: &Config) -> Result<(), Refusal> {
    boot::schema(config, config.database.migrate).await?;
    boot::check_role(app, config.is_production()).await?;
    boot::keyring(app).await?;
    if config.security.bootstrap {
        let cx = ops::Cx::command_line(app, Duration::from_secs(10));
        if let Some(path) = ops::operator::bootstrap(&cx).await? {
            tracing::info!(path = %path.display(), "made the first operator key");
        }
    }
    Ok(())
}

/// Runs the workers until the server stops. A mail that is being sent then is finished, so that
/// it does not go out twice.
async fn work(
    app: &Arc<App>,
    probe: &Db,
    health: &HealthState,
    transport: &Transport,
    stopped: &CancellationToken,
) {
    let watchers = async {
        tokio::select! {
            _ = async {
                tokio::join!(watch_database(probe, health), watch_sync(app, health), purge(app))
            } => {}
            () = stopped.cancelled() => {}
        }
    };
    let mail = async {
        tokio::select! {
            () = send_mail(app, transport, stopped) => {}
            () = async { stopped.cancelled().await; sleep(LAST_MAIL).await } => {}
        }
    };
    tokio::join!(watchers, mail);
}

/// Readiness follows the database, not on its first failure and at once when it is back.
async fn watch_database(probe: &Db, health: &HealthState) {
    let mut failures = 0;
    loop {
        let answer = timeout(Duration::from_secs(2), ops::probe::schema_is_current(probe)).await;
        let ready = matches!(answer, Ok(Ok(true)));
        if ready {
            if failures >= FAILURES {
                tracing::info!("the database is back");
            }
            failures = 0;
        } else {
            failures += 1;
        }
        if failures == FAILURES {
            tracing::error!(answer = ?answer.map_err(|_| "no answer in time"), "not ready");
        }
        if failures == 0 || failures >= FAILURES {
            health.set_database(ready);
            health.set_ready(ready);
        }
        sleep(PROBE_EVERY).await;
    }
}

async fn watch_sync(app: &Arc<App>, health: &HealthState) {
    let scope = Scope::system(SystemUse::Sync);
    loop {
        let cx = ops::Cx::command_line(app, Duration::from_secs(5));
        let in_sync = ops::sync::get_sync_status(&cx, scope, ()).await;
        health.set_user_sync(in_sync.is_ok_and(|status| status.in_sync()));
        sleep(COUNT_EVERY).await;
    }
}

async fn purge(app: &App) {
    loop {
        match ops::purge::purge(app).await {
            Ok(rows) => tracing::debug!(rows, "deleted what has run out"),
            Err(error) => {
                let (reason, detail) = (error.reason().as_str(), error.log_detail());
                tracing::warn!(reason, detail, "what has run out cannot be deleted");
            }
        }
        sleep(PURGE_EVERY).await;
    }
}

async fn send_mail(app: &App, transport: &Transport, stopped: &CancellationToken) {
    while !stopped.is_cancelled() {
        match ops::outbox::deliver_next(app, transport).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(reason = error.reason().as_str(), "the outbox cannot be read");
            }
        }
        // Whoever commits mail wakes the worker; the pause is for what another process left.
        tokio::select! {
            () = app.outbox.notified() => {}
            () = sleep(OUTBOX_EVERY) => {}
            () = stopped.cancelled() => {}
        }
    }
}
