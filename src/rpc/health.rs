//! `grpc.health.v1`: Check, Watch and List over one shared state.

use super::{
    MAX_MESSAGE,
    layers::{Answer, Request},
    status::to_status,
};
use crate::model::Error;
use futures_util::stream::{BoxStream, unfold};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::watch;
use tonic::{
    Status,
    server::{Grpc, NamedService, UnaryService},
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};
use tower::Service;

const LIST: &str = "/grpc.health.v1.Health/List";

/// What a name reports on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Readiness,
    Liveness,
    Database,
    UserSync,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the four are independent of each other")]
struct Facts {
    ready: bool,
    database: bool,
    user_sync: bool,
    draining: bool,
}

impl Facts {
    fn status(self, source: Source) -> ServingStatus {
        let well = match source {
            Source::Liveness => true,
            _ if self.draining => false,
            Source::Readiness => self.ready,
            Source::Database => self.database,
            Source::UserSync => self.user_sync,
        };
        if well { ServingStatus::Serving } else { ServingStatus::NotServing }
    }
}

/// The health of this process; clones share it. Nothing is ready at first.
#[derive(Debug, Clone)]
pub struct HealthState {
    names: Arc<BTreeMap<&'static str, Source>>,
    facts: Arc<watch::Sender<Facts>>,
}

impl HealthState {
    /// `services` are full service names; they follow readiness, as `""` does.
    pub fn new(services: &[&'static str]) -> Self {
        let mut names: BTreeMap<_, _> =
            services.iter().map(|name| (*name, Source::Readiness)).collect();
        names.extend([
            ("", Source::Readiness),
            ("readiness", Source::Readiness),
            ("liveness", Source::Liveness),
            ("database", Source::Database),
            ("user-sync", Source::UserSync),
        ]);
        Self { names: Arc::new(names), facts: Arc::new(watch::Sender::new(Facts::default())) }
    }

    pub fn set_ready(&self, ready: bool) {
        self.change(|facts| facts.ready = ready);
    }
    pub fn set_database(&self, reachable: bool) {
        self.change(|facts| facts.database = reachable);
    }
    pub fn set_user_sync(&self, in_step: bool) {
        self.change(|facts| facts.user_sync = in_step);
    }

    /// Everything but liveness stops serving, for good; every Watch says so and ends.
    pub fn drain(&self) {
        self.change(|facts| facts.draining = true);
    }

    /// The service for the router.
    pub fn service(&self) -> HealthService {
        let checks = HealthServer::new(self.clone()).max_decoding_message_size(MAX_MESSAGE);
        HealthService { checks, state: self.clone() }
    }

    fn change(&self, with: impl FnOnce(&mut Facts)) {
        self.facts.send_if_modified(|facts| {
            let before = *facts;
            with(facts);
            *facts != before
        });
    }

    fn status(&self, source: Source) -> HealthCheckResponse {
        reply(self.facts.borrow().status(source))
    }
}

fn reply(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for HealthState {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        request: tonic::Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        match self.names.get(request.get_ref().service.as_str()) {
            Some(source) => Ok(tonic::Response::new(self.status(*source))),
            None => Err(to_status(&Error::not_found("service"), "")),
        }
    }

    /// The current status first, then each change; an unknown name stays open too.
    async fn watch(
        &self,
        request: tonic::Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let source = self.names.get(request.get_ref().service.as_str()).copied();
        let start = (self.facts.subscribe(), None);
        let changes = unfold(start, move |(mut facts, told)| async move {
            loop {
                let now = *facts.borrow_and_update();
                let status = source.map_or(ServingStatus::ServiceUnknown, |it| now.status(it));
                if told != Some(status) {
                    return Some((Ok(reply(status)), (facts, Some(status))));
                }
                if now.draining || facts.changed().await.is_err() {
                    return None;
                }
            }
        });
        Ok(tonic::Response::new(Box::pin(changes)))
    }
}

/// The generated service, and List, which its generator does not know yet.
#[derive(Debug, Clone)]
pub struct HealthService {
    checks: HealthServer<HealthState>,
    state: HealthState,
}

impl NamedService for HealthService {
    const NAME: &'static str = tonic_health::pb::health_server::SERVICE_NAME;
}

impl Service<Request> for HealthService {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Answer {
        if request.uri().path() != LIST {
            return self.checks.call(request);
        }
        let state = self.state.clone();
        Box::pin(async move {
            let codec = tonic_prost::ProstCodec::default();
            let mut grpc = Grpc::new(codec).apply_max_message_size_config(Some(MAX_MESSAGE), None);
            Ok(grpc.unary(List(state), request).await)
        })
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct HealthListRequest {}

#[derive(Clone, PartialEq, prost::Message)]
pub struct HealthListResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    pub statuses: BTreeMap<String, HealthCheckResponse>,
}

struct List(HealthState);

impl UnaryService<HealthListRequest> for List {
    type Response = HealthListResponse;
    type Future = Ready<Result<tonic::Response<HealthListResponse>, Status>>;

    fn call(&mut self, _: tonic::Request<HealthListRequest>) -> Self::Future {
        let List(state) = self;
        let statuses = state
            .names
            .iter()
            .map(|(name, source)| ((*name).to_owned(), state.status(*source)))
            .collect();
        ready(Ok(tonic::Response::new(HealthListResponse { statuses })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;
    use tonic::Code;

    async fn check(state: &HealthState, name: &str) -> Result<ServingStatus, Code> {
        let request = HealthCheckRequest { service: name.to_owned() };
        let answer = state.check(tonic::Request::new(request)).await;
        answer.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
    }

    async fn watch(state: &HealthState, name: &str) -> BoxStream<'static, ServingStatus> {
        let request = HealthCheckRequest { service: name.to_owned() };
        let stream = state.watch(tonic::Request::new(request)).await.unwrap().into_inner();
        stream.map(|reply| reply.unwrap().status()).boxed()
    }

    #[tokio::test]
    async fn names_report_what_they_stand_for() {
        use ServingStatus::{NotServing, Serving};
        let state = HealthState::new(&["reeve.auth.v1.AuthService"]);
        for name in ["", "readiness", "database", "user-sync", "reeve.auth.v1.AuthService"] {
            assert_eq!(check(&state, name).await, Ok(NotServing), "{name}");
        }
        assert_eq!(check(&state, "liveness").await, Ok(Serving));
        assert_eq!(check(&state, "other").await, Err(Code::NotFound));
        state.set_ready(true);
        for name in ["", "readiness", "reeve.auth.v1.AuthService"] {
            assert_eq!(check(&state, name).await, Ok(Serving), "{name}");
        }
        assert_eq!(check(&state, "user-sync").await, Ok(NotServing));
        state.set_user_sync(true);
        assert_eq!(check(&state, "user-sync").await, Ok(Serving));
        state.drain();
        state.set_ready(true);
        assert_eq!(check(&state, "").await, Ok(NotServing));
        assert_eq!(check(&state, "liveness").await, Ok(Serving));
    }

    #[tokio::test]
    async fn a_watch_tells_the_current_status_then_changes_alone_and_ends_with_the_drain() {
        use ServingStatus::{NotServing, ServiceUnknown, Serving};
        let state = HealthState::new(&[]);
        let mut known = watch(&state, "").await;
        let mut unknown = watch(&state, "other").await;
        let mut alive = watch(&state, "liveness").await;
        assert_eq!(known.next().await, Some(NotServing));
        assert_eq!(unknown.next().await, Some(ServiceUnknown));
        assert_eq!(alive.next().await, Some(Serving));
        state.set_database(true);
        state.set_ready(true);
        assert_eq!(known.next().await, Some(Serving));
        state.drain();
        assert_eq!(known.next().await, Some(NotServing));
        assert_eq!(known.next().await, None);
        assert_eq!(unknown.next().await, None);
        assert_eq!(alive.next().await, None);
    }
}
