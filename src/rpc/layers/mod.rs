//! What surrounds every call, outermost first: request id, access log, error details, panics,
//! admission, rate limit, deadline, one message, concurrency. Authentication goes inside all of
//! these.
//!
//! A layer is a [`Step`]; [`With`] makes it a tower service.

mod access_log;
mod concurrency;
mod content_type;
mod deadline;
mod details;
mod forwarded;
mod methods;
mod one_message;
mod panic;
mod rate_limit;
mod request_info;
#[cfg(test)]
mod tests;

pub use forwarded::TrustedProxies;
pub use methods::{Method, Methods};
pub use request_info::{Outcome, RequestInfo};

use super::status;
use crate::model::{
    self,
    clock::{Clock, Rng},
};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};
use tower::Service;

pub type Request = http::Request<Body>;
pub type Response = http::Response<Body>;
pub type Answer = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;
type Polled = Poll<Option<Result<Frame<Bytes>, Status>>>;

/// A service that answers every request: routes, or a layer around them.
pub trait Rpc:
    Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + 'static
{
}

impl<S> Rpc for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static
{
}

/// What a layer does with a request and the service behind it.
pub trait Step: Clone + Send + 'static {
    /// `next` is ready; a step that calls it later takes it and leaves a clone.
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer;

    fn around<S: Rpc>(self, next: S) -> With<Self, S> {
        With { step: self, next }
    }
}

/// A service with a layer around it.
#[derive(Clone)]
pub struct With<L, S> {
    step: L,
    next: S,
}

impl<L: Step, S: Rpc> Service<Request> for With<L, S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.next.poll_ready(cx)
    }
    fn call(&mut self, request: Request) -> Answer {
        self.step.call(request, &mut self.next)
    }
}

/// Ends calls when the process stops.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// No new connections; streams without an end of their own should end.
    pub closing: CancellationToken,
    /// The grace is over; whatever still runs is answered UNAVAILABLE.
    pub cut: CancellationToken,
}

#[derive(Clone)]
pub struct LayerSettings {
    pub methods: Arc<Methods>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub trusted_proxies: TrustedProxies,
    /// Longest time to the beginning of an answer, and the default.
    pub request_timeout: Duration,
    /// Budget of a streaming call whose caller sets no deadline.
    pub stream_timeout: Duration,
    pub concurrency_limit: usize,
    /// How long a call may wait for its turn before it is shed.
    pub queue_wait: Duration,
    pub stop: Stop,
}

/// Puts all layers around a service.
pub fn stack<S: Rpc>(settings: &LayerSettings, service: S) -> impl Rpc {
    let service = concurrency::Concurrency::new(settings).around(service);
    let service = one_message::OneMessage.around(service);
    let service = deadline::Deadline::new(settings).around(service);
    let service = rate_limit::RateLimit::new(settings).around(service);
    let service = content_type::ContentType.around(service);
    let service = panic::Panic.around(service);
    let service = details::Details.around(service);
    let service = access_log::AccessLog.around(service);
    request_info::Describe::new(settings).around(service)
}

/// Answers with an error instead of calling the service.
pub fn refuse(error: &model::Error, info: &RequestInfo) -> Response {
    info.outcome.set_reason(error.reason().as_str());
    status::to_status(error, &info.request_id).into_http()
}

fn refused(response: Response) -> Answer {
    Box::pin(std::future::ready(Ok(response)))
}

/// Ends a response body with an error.
fn trailers(error: &model::Error, info: &RequestInfo) -> Frame<Bytes> {
    let mut headers = HeaderMap::new();
    // Only an invalid header value can fail; the message is percent-encoded.
    status::to_status(error, &info.request_id).add_header(&mut headers).ok();
    Frame::trailers(headers)
}

/// A body whose frames pass through a function, which also owns what must live as long.
struct Tapped<F> {
    body: Body,
    poll: F,
}

fn tap<F>(body: Body, poll: F) -> Body
where
    F: FnMut(&mut Body, &mut Context<'_>) -> Polled + Send + Unpin + 'static,
{
    Body::new(Tapped { body, poll })
}

impl<F> http_body::Body for Tapped<F>
where
    F: FnMut(&mut Body, &mut Context<'_>) -> Polled + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let this = &mut *self;
        (this.poll)(&mut this.body, cx)
    }
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Passes on the next frame of a body.
fn next_frame(body: &mut Body, cx: &mut Context<'_>) -> Polled {
    http_body::Body::poll_frame(Pin::new(body), cx)
}
