//! Who asks for what, until when: the description that the other layers and the calls share.

use super::{Answer, LayerSettings, Method, Request, Rpc, Step, deadline::client_timeout};
use crate::model::{budget::Budget, id::TenantId};
use http::{HeaderMap, HeaderValue};
use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tonic::transport::server::TcpConnectInfo;

const HEADER: &str = "x-request-id";
const OTHER: &str = "_OTHER";

/// The description of a call; in the request's extensions as `Arc<RequestInfo>`.
#[derive(Debug)]
pub struct RequestInfo {
    pub request_id: String,
    /// Full name of the method, `_OTHER` when there is no such method.
    pub method: Arc<str>,
    pub budget: Arc<Budget>,
    /// Address of the caller: the socket's peer, or whom a trusted proxy names.
    pub source_ip: Option<IpAddr>,
    /// At most 200 printable ASCII characters.
    pub user_agent: String,
    pub outcome: Arc<Outcome>,
    pub(super) known: Option<Method>,
    /// The time that the caller grants, less what the answer needs; an error if unreadable.
    pub(super) timeout: Result<Option<std::time::Duration>, ()>,
    pub(super) started: Instant,
}

impl RequestInfo {
    /// The description of a request that came through the layers.
    pub fn of<B>(request: &http::Request<B>) -> Option<Arc<Self>> {
        request.extensions().get::<Arc<Self>>().map(Arc::clone)
    }

    pub(super) fn is_infrastructure(&self) -> bool {
        self.known.as_ref().is_some_and(Method::is_infrastructure)
    }
    pub(super) fn streams_answer(&self) -> bool {
        self.known.as_ref().is_some_and(|method| method.server_streaming)
    }
    pub(super) fn streams_request(&self) -> bool {
        self.known.as_ref().is_some_and(|method| method.client_streaming)
    }
}

/// What the access log tells of a call beyond its code; filled in on the way.
#[derive(Debug, Default)]
pub struct Outcome(Mutex<Known>);

#[derive(Debug, Default, Clone, Copy)]
struct Known {
    reason: Option<&'static str>,
    tenant_id: Option<TenantId>,
}

impl Outcome {
    pub fn set_reason(&self, reason: &'static str) {
        self.change(|known| known.reason = Some(reason));
    }
    pub fn set_tenant(&self, tenant: TenantId) {
        self.change(|known| known.tenant_id = Some(tenant));
    }
    pub fn reason(&self) -> Option<&'static str> {
        self.change(|known| known.reason)
    }
    pub fn tenant_id(&self) -> Option<TenantId> {
        self.change(|known| known.tenant_id)
    }
    fn change<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Describes each request and echoes its id.
#[derive(Clone)]
pub(super) struct Describe(LayerSettings);

impl Describe {
    pub(super) fn new(settings: &LayerSettings) -> Self {
        Self(settings.clone())
    }

    fn describe(&self, request: &Request) -> RequestInfo {
        let known = self.0.methods.find(request.uri().path()).cloned();
        let timeout = client_timeout(request.headers());
        let streams = known.as_ref().is_some_and(|m| m.client_streaming || m.server_streaming);
        let most = if streams { self.0.stream_timeout } else { self.0.request_timeout };
        let span = timeout.ok().flatten().map_or(most, |asked| asked.min(most));
        let peer = request.extensions().get::<TcpConnectInfo>().and_then(|peer| peer.remote_addr);
        let caller = |peer: SocketAddr| self.0.trusted_proxies.caller(peer.ip(), request.headers());
        RequestInfo {
            request_id: given_id(request.headers()).unwrap_or_else(|| self.new_id()),
            method: known.as_ref().map_or_else(|| OTHER.into(), |method| method.name.clone()),
            budget: Arc::new(Budget::lasting(span)),
            source_ip: peer.map(caller),
            user_agent: user_agent(request.headers()),
            outcome: Arc::default(),
            known,
            timeout,
            started: Instant::now(),
        }
    }

    fn new_id(&self) -> String {
        let mut bytes = [0; 16];
        self.0.rng.fill(&mut bytes);
        bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
            // Writing to a string cannot fail.
            write!(id, "{byte:02x}").ok();
            id
        })
    }
}

impl Step for Describe {
    fn call<S: Rpc>(&self, mut request: Request, next: &mut S) -> Answer {
        let info = Arc::new(self.describe(&request));
        request.extensions_mut().insert(Arc::clone(&info));
        let answer = next.call(request);
        Box::pin(async move {
            let Ok(mut response) = answer.await;
            if let Ok(id) = HeaderValue::from_str(&info.request_id) {
                response.headers_mut().insert(HEADER, id);
            }
            Ok(response)
        })
    }
}

/// The caller's request id, if there is exactly one and it is well-formed.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let mut given = headers.get_all(HEADER).iter();
    let (Some(id), None) = (given.next(), given.next()) else { return None };
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let id = id.to_str().ok()?;
    (matches!(id.len(), 1..=64) && id.as_bytes().iter().all(allowed)).then(|| id.to_owned())
}

fn user_agent(headers: &HeaderMap) -> String {
    let sent = headers.get(http::header::USER_AGENT).map_or(&b""[..], HeaderValue::as_bytes);
    let printable = sent.iter().filter(|byte| matches!(byte, b' '..=b'~'));
    printable.take(200).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_taken_only_if_it_is_one_and_well_formed() {
        let longest = "x".repeat(64);
        let too_long = "x".repeat(65);
        let cases = [
            ("a.B_9-z", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("a b", false),
            ("a,b", false),
        ];
        for (id, taken) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, id.parse().unwrap());
            assert_eq!(given_id(&headers).is_some(), taken, "{id:?}");
            headers.append(HEADER, id.parse().unwrap());
            assert_eq!(given_id(&headers), None);
        }
    }

    #[test]
    fn a_user_agent_keeps_two_hundred_printable_characters() {
        let mut headers = HeaderMap::new();
        let sent = format!("é{}", "u".repeat(300));
        headers.insert("user-agent", HeaderValue::from_bytes(sent.as_bytes()).unwrap());
        assert_eq!(user_agent(&headers), "u".repeat(200));
    }
}
