//! The listening side: limits of connections, and a shutdown that lets calls finish.

mod connection;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use crate::{
    model::clock::{Clock, Rng},
    rpc::{
        health::HealthState,
        layers::{LayerSettings, Methods, Rpc, Stop, TrustedProxies, stack},
    },
};
use std::{future::pending, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

/// Time in which the answers to calls that were cut may still leave.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// Streams that a caller may open and reset before the connection is closed.
const MAX_PENDING_RESETS: usize = 20;
const MAX_LOCAL_RESETS: usize = 1024;
const MAX_HEADERS: u32 = 16 * 1024;

#[derive(Debug, Clone)]
pub struct ServerSettings {
    pub listen: SocketAddr,
    /// Concurrent streams of one connection.
    pub max_streams: u32,
    /// Connections of the whole process; more are closed at once.
    pub max_connections: usize,
    /// Time to the end of the HTTP/2 preface.
    pub handshake_timeout: Duration,
    pub keepalive_interval: Duration,
    pub keepalive_timeout: Duration,
    /// Age, varied by a tenth, at which a connection is asked to go; its calls finish.
    pub connection_age: Duration,
    /// Time in which traffic moves elsewhere while this server still accepts it.
    pub drain_delay: Duration,
    /// Time for running calls after the last connection was accepted.
    pub drain_grace: Duration,
    pub request_timeout: Duration,
    pub stream_timeout: Duration,
    pub concurrency_limit: usize,
    pub queue_wait: Duration,
    pub reflection: bool,
    /// Peers whose `x-forwarded-for` is believed.
    pub trusted_proxies: TrustedProxies,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 50051)),
            max_streams: 128,
            max_connections: 4096,
            handshake_timeout: Duration::from_secs(10),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            connection_age: Duration::from_mins(30),
            drain_delay: Duration::from_secs(2),
            drain_grace: Duration::from_secs(20),
            request_timeout: Duration::from_secs(30),
            stream_timeout: Duration::from_hours(1),
            concurrency_limit: 512,
            queue_wait: Duration::from_millis(100),
            reflection: false,
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

impl ServerSettings {
    /// What the layers need of these settings, and of the rest of the process.
    pub fn layers(
        &self,
        methods: Arc<Methods>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        stop: Stop,
    ) -> LayerSettings {
        LayerSettings {
            methods,
            clock,
            rng,
            trusted_proxies: self.trusted_proxies.clone(),
            request_timeout: self.request_timeout,
            stream_timeout: self.stream_timeout,
            concurrency_limit: self.concurrency_limit,
            queue_wait: self.queue_wait,
            stop,
        }
    }
}

/// Serves until `shutdown`, then drains: health first, then the listener, then the calls.
/// `now` is polled after `shutdown` alone and ends the waiting. Returns within
/// `drain_delay + drain_grace` and half a second, whatever callers do.
pub async fn serve<S: Rpc>(
    listener: TcpListener,
    settings: &ServerSettings,
    layers: &LayerSettings,
    service: S,
    health: &HealthState,
    shutdown: impl Future<Output = ()>,
    now: impl Future<Output = ()>,
) -> io::Result<()> {
    let sever = CancellationToken::new();
    let incoming = connection::incoming(listener, settings, sever.clone());
    let served = builder(settings, layers).serve_with_incoming_shutdown(
        stack(layers, service),
        incoming,
        layers.stop.closing.clone().cancelled_owned(),
    );
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = async {
            shutdown.await;
            drain(settings, &layers.stop, health, now).await;
        } => {
            sever.cancel();
            timeout(LAST_WORDS, served).await.unwrap_or(Ok(()))
        }
    };
    ended.map_err(io::Error::other)
}

/// Takes the server out of service step by step; ends when nothing is left to wait for.
async fn drain(
    settings: &ServerSettings,
    stop: &Stop,
    health: &HealthState,
    now: impl Future<Output = ()>,
) {
    tracing::info!("shutting down");
    health.drain();
    tokio::select! {
        () = now => {}
        () = async {
            sleep(settings.drain_delay).await;
            stop.closing.cancel();
            sleep(settings.drain_grace).await;
        } => {}
    }
    tracing::warn!("cutting the calls that still run");
    stop.closing.cancel();
    stop.cut.cancel();
    sleep(LAST_WORDS).await;
}

fn builder(settings: &ServerSettings, layers: &LayerSettings) -> Server {
    Server::builder()
        .max_concurrent_streams(settings.max_streams)
        .max_connection_age(varied(settings.connection_age, layers))
        .http2_keepalive_interval(Some(settings.keepalive_interval))
        .http2_keepalive_timeout(Some(settings.keepalive_timeout))
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(MAX_LOCAL_RESETS))
}

/// 90 % to 110 %, so that not all servers lose their connections together.
fn varied(age: Duration, layers: &LayerSettings) -> Duration {
    let mut byte = [0];
    layers.rng.fill(&mut byte);
    age.mul_f64(0.9 + 0.2 * f64::from(byte[0]) / 255.0)
}

/// Ends at the next SIGTERM or SIGINT.
pub async fn shutdown_signal() {
    tokio::select! {
        () = received(SignalKind::terminate()) => {}
        () = received(SignalKind::interrupt()) => {}
    }
}

async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => _ = signals.recv().await,
        Err(error) => {
            tracing::error!("cannot listen for a signal: {error}");
            pending::<()>().await;
        }
    }
}
