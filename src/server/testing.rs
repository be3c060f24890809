//! A real server on a free port, with a service that does as it is told.

use super::{ServerSettings, bind, serve};
use crate::{
    model::clock::{Clock, Instant, Rng},
    rpc::{
        health::HealthState,
        layers::{Answer, LayerSettings, Methods, Request, RequestInfo, Stop},
        reflection,
    },
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::{Notify, Semaphore, mpsc, oneshot},
    task::JoinHandle,
};
use tonic::{Status, body::Body, server::NamedService, service::RoutesBuilder};

pub(crate) struct Running {
    pub address: SocketAddr,
    pub health: HealthState,
    /// A permit for each held call that may go on.
    pub gate: Arc<Semaphore>,
    /// A message for each call that has begun to wait.
    pub entered: mpsc::UnboundedReceiver<()>,
    /// Ends the waiting of a shutdown.
    pub now: Arc<Notify>,
    shutdown: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl Running {
    pub fn shut_down(self) -> JoinHandle<io::Result<()>> {
        self.shutdown.send(()).unwrap();
        self.served
    }

    pub async fn client(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        spawn(connection);
        Client(send)
    }

    pub async fn channel(&self) -> tonic::transport::Channel {
        tonic::transport::Endpoint::new(format!("http://{}", self.address))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "the test ends with its runtime")]
fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(future)
}

pub(crate) async fn start() -> Running {
    start_with(|_| {}).await
}

pub(crate) async fn start_with(change: impl FnOnce(&mut ServerSettings)) -> Running {
    let mut settings = ServerSettings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        drain_delay: Duration::ZERO,
        queue_wait: Duration::ZERO,
        ..ServerSettings::default()
    };
    change(&mut settings);
    let listener = bind(settings.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let health = HealthState::new(&["test.Svc"]);
    let gate = Arc::new(Semaphore::new(0));
    let (enter, entered) = mpsc::unbounded_channel();
    let mut routes = RoutesBuilder::default();
    routes.add_service(health.service());
    routes.add_service(Obedient { gate: Arc::clone(&gate), enter });
    reflection::add(&mut routes, &[]).unwrap();
    let (shutdown, asked) = oneshot::channel();
    let state = health.clone();
    let now = Arc::new(Notify::new());
    let hurry = Arc::clone(&now);
    let served = spawn(async move {
        let layers = layers(&settings);
        let shutdown = async { asked.await.unwrap() };
        let hurry = hurry.notified();
        serve(listener, &settings, &layers, routes.routes(), &state, shutdown, hurry).await
    });
    Running { address, health, gate, entered, now, shutdown, served }
}

fn layers(settings: &ServerSettings) -> LayerSettings {
    let methods = [
        "test.Svc/Panic",
        "test.Svc/Hold",
        "test.Svc/Ok",
        "reeve.auth.v1.AuthService/SignIn",
        "reeve.auth.v1.AuthService/WhoAmI",
    ]
    .iter()
    .fold(Methods::of(&[]).unwrap(), |all, name| all.with(name, false, false))
    .with("test.Svc/PanicLater", false, true);
    settings.layers(Arc::new(methods), Arc::new(Still), Arc::new(Sevens), Stop::default())
}

/// No time passes.
struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::from_micros(0)
    }
}

struct Sevens;

impl Rng for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Does what the method is called.
#[derive(Clone)]
struct Obedient {
    gate: Arc<Semaphore>,
    enter: mpsc::UnboundedSender<()>,
}

impl NamedService for Obedient {
    const NAME: &'static str = "test.Svc";
}

impl tower::Service<Request> for Obedient {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Answer {
        let Self { gate, enter } = self.clone();
        Box::pin(async move {
            let info = RequestInfo::of(&request).unwrap();
            assert!(info.source_ip.is_some_and(|ip| ip.is_loopback()));
            match &*info.method {
                "test.Svc/Panic" => panic!("secret"),
                "test.Svc/PanicLater" => Ok(http::Response::new(Body::new(Bomb))),
                "test.Svc/Hold" => {
                    enter.send(()).unwrap();
                    gate.acquire().await.unwrap().forget();
                    Ok(Status::ok("").into_http())
                }
                _ => Ok(Status::ok("").into_http()),
            }
        })
    }
}

struct Bomb;

impl http_body::Body for Bomb {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        panic!("secret")
    }
}

/// A client that can also ask what no gRPC client would.
#[derive(Clone)]
pub(crate) struct Client(SendRequest<Full<Bytes>>);

pub(crate) struct Reply {
    pub http: u16,
    pub headers: http::HeaderMap,
    /// From the trailers, or from the headers of a trailers-only answer.
    pub status: Option<Status>,
}

impl Client {
    /// A well-formed call with an empty message.
    pub async fn call(&self, path: &str) -> Reply {
        self.send(post(path), &[0; 5]).await
    }

    pub async fn call_with(&self, path: &str, key: &str, value: &str) -> Reply {
        self.send(post(path).header(key, value), &[0; 5]).await
    }

    pub async fn send(&self, request: http::request::Builder, body: &[u8]) -> Reply {
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).unwrap();
        let response = self.0.clone().send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().unwrap_or(&parts.headers);
        let status = Status::from_header_map(trailers);
        Reply { http: parts.status.as_u16(), headers: parts.headers, status }
    }
}

pub(crate) fn post(path: &str) -> http::request::Builder {
    http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}
