//! `reeve serve`.

use super::outcome::{Failure, Outcome};
use crate::{
    config::{Config, MailTarget},
    db::migrate,
    serve,
    server::shutdown_signal,
    telemetry,
};

/// Serves until SIGTERM or SIGINT; a second one ends the waiting for calls.
pub(super) async fn run(config: &Config) -> Result<Outcome, Failure> {
    telemetry::init(config.log.filter.as_deref(), config.log.format).map_err(Failure::message)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        commit = env!("REEVE_COMMIT"),
        schema = migrate::latest_version(),
        environment = %config.security.environment,
        database = config.database.target.describe(),
        "reeve"
    );
    for warning in warnings(config) {
        tracing::warn!("{warning}");
    }
    Box::pin(serve::run(config, shutdown_signal(), shutdown_signal())).await?;
    tracing::info!("stopped");
    Ok(Outcome::Done)
}

/// Settings that an operator should know of when something is odd.
fn warnings(config: &Config) -> Vec<&'static str> {
    let (server, security) = (&config.server, &config.security);
    let all = [
        (
            security.development_mode,
            "ENABLE_DEVELOPMENT_MODE is on: not for people who are not developing",
        ),
        (
            !security.require_verified_email,
            "REEVE_REQUIRE_VERIFIED_EMAIL is false: anybody can sign up with any address of a \
             tenant's domain",
        ),
        (
            !server.is_loopback(),
            "the listener speaks plaintext on an address that is not loopback: something in \
             front of it must end TLS",
        ),
        (
            matches!(config.mail.target, MailTarget::Log),
            "REEVE_MAIL is log: mail is written to the log and sent to nobody",
        ),
    ];
    all.into_iter().filter_map(|(holds, text)| holds.then_some(text)).collect()
}
