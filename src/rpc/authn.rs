//! The credential, checked before a message is decoded. Default deny: what is not in the list of
//! public methods, compared as whole paths, needs one.

use super::{
    layers::RequestInfo,
    status,
};
use crate::{
    access::{Action, Caller},
    app::App,
    model::{
        Error, Reason, Result,
        id::{Id as _, TenantId},
    },
    ops,
};
use http::HeaderMap;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::body::Body;

/// Longest credential that is looked at.
const MAX_CREDENTIAL: usize = 4_096;

/// What the layer found out; in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    pub caller: Caller,
    /// The `x-tenant-id` of the request, only ever compared.
    pub header_tenant: Option<TenantId>,
}

impl Default for Credential {
    fn default() -> Self {
        Self { caller: Caller::Anonymous, header_tenant: None }
    }
}

#[derive(Clone)]
pub struct AuthnLayer {
    app: Arc<App>,
}

impl AuthnLayer {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl<S> tower::Layer<S> for AuthnLayer {
    type Service = Authn<S>;
    fn layer(&self, inner: S) -> Authn<S> {
        Authn { app: Arc::clone(&self.app), inner }
    }
}

#[derive(Clone)]
pub struct Authn<S> {
    app: Arc<App>,
    inner: S,
}

impl<S> tower::Service<http::Request<Body>> for Authn<S>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        // The service that was polled ready is the one to call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let app = Arc::clone(&self.app);
        Box::pin(async move {
            let info = request.extensions().get::<RequestInfo>().cloned();
            if let Some(info) = info
                && needs_credential(request.uri().path())
            {
                match check(&app, &info, request.headers()).await {
                    Ok(credential) => {
                        info.outcome.set_tenant(tenant_of(&credential.caller));
                        request.extensions_mut().insert(credential);
                    }
                    Err(error) => return Ok(status::refuse(&error, &info).into_http()),
                }
            }
            inner.call(request).await
        })
    }
}

/// Whether a path is a method of ours that is not public. Everything else has no method of ours
/// behind it: health, reflection, or nothing.
fn needs_credential(path: &str) -> bool {
    let Some((service, method)) = path.strip_prefix('/').and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let ours = service.starts_with("reeve.");
    let public = service == "reeve.auth.v1.AuthService"
        && Action::ALL.iter().any(|action| action.is_public() && action.as_str() == method);
    ours && !public
}

async fn check(app: &App, info: &RequestInfo, headers: &HeaderMap) -> Result<Credential> {
    let credential = bearer(headers)?;
    let caller = ops::auth::authenticate(app, &info.budget, credential).await?;
    let header_tenant = tenant_header(headers)?;
    Ok(Credential { caller, header_tenant })
}

/// Exactly one `authorization: Bearer <credential>`.
fn bearer(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(http::header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Error::new(
            Reason::CredentialMissing,
            "This RPC needs a credential: authorization: Bearer <access token or API key>.",
        ));
    };
    let malformed =
        || Error::new(Reason::CredentialInvalid, "Send exactly one authorization: Bearer <token>.");
    if values.next().is_some() || value.len() > MAX_CREDENTIAL + "Bearer ".len() {
        return Err(malformed());
    }
    let text = value.to_str().map_err(|_| malformed())?;
    let (scheme, credential) = text.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") || credential.is_empty() {
        return Err(malformed());
    }
    Ok(credential)
}

/// At most one `x-tenant-id`, one UUID in any case.
fn tenant_header(headers: &HeaderMap) -> Result<Option<TenantId>> {
    let malformed = || {
        Error::new(Reason::MetadataInvalid, "Send at most one x-tenant-id, holding one UUID.")
            .with("key", "x-tenant-id")
    };
    if headers.contains_key("x-tenant-id-bin") {
        return Err(malformed());
    }
    let mut values = headers.get_all("x-tenant-id").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed());
    }
    let text = value.to_str().map_err(|_| malformed())?;
    TenantId::parse("x-tenant-id", text).map(Some).map_err(|_| malformed())
}

fn tenant_of(caller: &Caller) -> Option<TenantId> {
    match caller {
        Caller::User(user) => Some(user.tenant_id),
        Caller::Anonymous | Caller::Operator(_) => None,
    }
}
