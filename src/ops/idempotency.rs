//! A request that names itself takes effect once: a repeat is told what the first one made.

use super::Cx;
use crate::{
    access::Scope,
    db::{
        Tx,
        idempotency::{self, NewRequest},
    },
    model::{
        Error, Reason, Result,
        id::{Id, SubjectId},
        request_key::RequestKey,
    },
    token::MacPurpose,
};

/// What a request made when it came before; nothing the first time, or when it has no name. The
/// first statement of the operation's transaction: a repeat that comes at the same time waits
/// here until the first one has ended, and a refusal leaves no trace of it.
pub(super) async fn made_before<I: Id>(
    cx: &Cx,
    tx: &mut Tx,
    request: Option<&RequestKey>,
) -> Result<Option<I>> {
    let Some(request) = request else { return Ok(None) };
    let principal = principal(cx);
    let message = message(principal, tx.scope(), request);
    let ring = cx.app.ring()?;
    let (kid, tag) = ring.tag(MacPurpose::Idempotency, &message);
    let now = tx.now().await?;
    let new = NewRequest {
        principal_id: principal,
        request_id: request.id,
        kid: &kid,
        tag: &tag,
        expire_time: now + RequestKey::LIFE,
    };
    if idempotency::insert(tx, &new, now).await? {
        return Ok(None);
    }
    let kept = idempotency::find(tx, principal, request.id).await?.ok_or_else(purged)?;
    if !ring.check(MacPurpose::Idempotency, &kept.kid, &message, &kept.tag) {
        return Err(reused());
    }
    let made = kept.made.ok_or_else(|| Error::internal("a request was kept that made nothing"))?;
    Ok(Some(I::from_uuid(*made.as_uuid())))
}

/// Notes what a request has made, in the scope that [`made_before`] ran in.
pub(super) async fn record(
    cx: &Cx,
    tx: &mut Tx,
    request: Option<&RequestKey>,
    made: impl Into<SubjectId>,
) -> Result<()> {
    let Some(request) = request else { return Ok(()) };
    if idempotency::set_made(tx, principal(cx), request.id, made.into()).await? {
        Ok(())
    } else {
        Err(Error::internal("a request was not kept in this scope"))
    }
}

/// Whose names they are; those of the command line are the platform's.
fn principal(cx: &Cx) -> SubjectId {
    cx.actor().id.unwrap_or(SubjectId::PLATFORM)
}

/// The tag covers by whom and where the request was made, too: a row that is moved fits nothing.
fn message(principal: SubjectId, scope: Scope, request: &RequestKey) -> Vec<u8> {
    let scope = scope.subject();
    let ids = [principal.as_uuid(), scope.as_uuid(), request.id.as_uuid()];
    let ids = ids.into_iter().flat_map(|id| id.as_bytes().iter().copied());
    ids.chain(request.body.iter().copied()).collect()
}

fn reused() -> Error {
    Error::new(
        Reason::RequestIdReused,
        "This request_id was used for a request that said something else. Take a new one.",
    )
    .with("field", "request_id")
}

/// The row ran out between two statements; the next attempt is the first.
fn purged() -> Error {
    Error::new(Reason::Conflict, "Lost a race with another request. Try again.").retryable()
}
