//! The credential, checked before a message is decoded. Default deny: what is not in the list of
//! public methods, compared as whole paths, needs one.

use super::{
    call,
    layers::{Answer, Request, RequestInfo, Rpc, Step},
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
use std::sync::Arc;

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

/// The step that checks credentials.
#[derive(Clone)]
pub struct Authn(pub Arc<App>);

impl Step for Authn {
    fn call<S: Rpc>(&self, mut request: Request, next: &mut S) -> Answer {
        let Some(info) = RequestInfo::of(&request) else { return Box::pin(next.call(request)) };
        if !needs_credential(request.uri().path()) {
            return Box::pin(next.call(request));
        }
        // The service that was polled ready is the one to call.
        let clone = next.clone();
        let mut next = std::mem::replace(next, clone);
        let app = Arc::clone(&self.0);
        Box::pin(async move {
            match check(&app, &info, request.headers()).await {
                Ok(credential) => {
                    if let Some(tenant) = credential.caller.tenant_id() {
                        info.outcome.set_tenant(tenant);
                    }
                    request.extensions_mut().insert(credential);
                    next.call(request).await
                }
                Err(error) => Ok(call::refuse(&error, &info).into_http()),
            }
        })
    }
}

/// Whether a path is a method of ours that is not public. Everything else has no method of ours
/// behind it: health, reflection, or nothing.
pub(super) fn needs_credential(path: &str) -> bool {
    let Some((service, method)) = path.strip_prefix('/').and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let ours = service.starts_with("reeve.");
    let public = |action: &Action| {
        action.is_public() && action.row().service == Some(service) && action.as_str() == method
    };
    ours && !Action::ALL.iter().any(public)
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
