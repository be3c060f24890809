//! The seam of every RPC: the tenant the request names → policy → parse → operation → render.

use super::{authn::Credential, layers::RequestInfo, status};
use crate::{
    access::{self, Action, NamedTenant, Scope},
    app::App,
    model::{
        Error, Kind, Result,
        error::FieldViolation,
        id::{Id as _, TenantId},
    },
    ops::{Client, Cx},
};
use std::{future::Future, sync::Arc};
use tonic::{Request, Response, Status};

/// An operation of `ops`: an async function of context, granted scope and parsed input.
pub(super) trait Operation<'c, In, Out>:
    FnOnce(&'c Cx, Scope, In) -> <Self as Operation<'c, In, Out>>::Fut
{
    type Fut: Future<Output = Result<Out>> + Send;
}
impl<'c, F, Fut, In, Out> Operation<'c, In, Out> for F
where
    F: FnOnce(&'c Cx, Scope, In) -> Fut,
    Fut: Future<Output = Result<Out>> + Send,
{
    type Fut = Fut;
}

/// The tenant that a message names besides the credential; each request message says which.
pub(super) trait NamesTenant {
    fn named_tenant(&self) -> Result<NamedTenant, FieldViolation>;
}

/// A `tenant_id` that selects the scope; empty is left out.
pub(super) fn scope_tenant(text: &str) -> Result<NamedTenant, FieldViolation> {
    optional_tenant(text).map(NamedTenant::Scope)
}

pub(super) fn optional_tenant(text: &str) -> Result<Option<TenantId>, FieldViolation> {
    if text.is_empty() { Ok(None) } else { TenantId::parse("tenant_id", text).map(Some) }
}

pub(super) type Parsed<T> = Result<T, Vec<FieldViolation>>;

/// Runs one RPC.
pub(super) async fn call<M, In, Out, Op, R>(
    app: &Arc<App>,
    action: Action,
    request: Request<M>,
    parse: fn(M) -> Parsed<In>,
    operation: Op,
    render: fn(Out) -> R,
) -> Result<Response<R>, Status>
where
    M: NamesTenant,
    Op: for<'c> Operation<'c, In, Out>,
{
    let (_, extensions, message) = request.into_parts();
    let Some(info) = extensions.get::<Arc<RequestInfo>>() else {
        return Err(status::to_status(&Error::internal("a call outside of the layers"), ""));
    };
    let credential = extensions.get::<Credential>().cloned().unwrap_or_default();
    let named = message.named_tenant().map_err(|violation| Error::invalid(vec![violation]));
    let cx = Cx {
        app: Arc::clone(app),
        caller: credential.caller,
        request_id: info.request_id.clone(),
        budget: Arc::clone(&info.budget),
        client: Client { ip: info.source_ip, user_agent: info.user_agent.clone() },
    };
    let granted = named
        .and_then(|named| access::authorize(&cx.caller, action, named, credential.header_tenant));
    if let Some(tenant) = granted.as_ref().ok().and_then(Scope::tenant_id) {
        info.outcome.set_tenant(tenant);
    }
    let outcome = match granted {
        Ok(scope) => match parse(message) {
            Ok(input) => operation(&cx, scope, input).await,
            Err(violations) => Err(Error::invalid(violations)),
        },
        Err(error) => Err(error),
    };
    match outcome {
        Ok(value) => Ok(Response::new(render(value))),
        Err(error) => Err(refuse(&error, info)),
    }
}

/// Turns an error into its answer; what the caller may not see goes to the log, once.
pub(super) fn refuse(error: &Error, info: &RequestInfo) -> Status {
    let reason = error.reason().as_str();
    info.outcome.set_reason(reason);
    if let Some(detail) = error.log_detail() {
        let (request_id, method) = (&info.request_id, &info.method);
        match error.kind() {
            Kind::Internal => tracing::error!(%request_id, %method, reason, detail, "call failed"),
            Kind::Unavailable | Kind::DeadlineExceeded => {
                tracing::warn!(%request_id, %method, reason, detail, "call failed");
            }
            _ => tracing::debug!(%request_id, %method, reason, detail, "call refused"),
        }
    }
    status::to_status(error, &info.request_id)
}
