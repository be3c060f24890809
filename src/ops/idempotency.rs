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
        clock::Instant,
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
    let (kid, tag) = cx.app.ring()?.tag(MacPurpose::Idempotency, &message);
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
    // The row may run out between two statements; the next attempt is the first then.
    let made = kept(cx, tx, request, now).await?.ok_or_else(Error::lost_race)?;
    Ok(Some(I::from_uuid(*made.as_uuid())))
}

/// The same for what is decided ahead of the operation's transaction. Nothing is kept: a repeat
/// that comes at the same time is seen by [`made_before`] alone.
pub(super) async fn made_already<I: Id>(
    cx: &Cx,
    scope: Scope,
    request: Option<&RequestKey>,
) -> Result<Option<I>> {
    let Some(request) = request else { return Ok(None) };
    let made = cx
        .read(scope, async |tx| {
            let now = tx.now().await?;
            kept(cx, tx, request, now).await
        })
        .await?;
    Ok(made.map(|made| I::from_uuid(*made.as_uuid())))
}

/// What a live request of this name made; an error when it said something else.
async fn kept(
    cx: &Cx,
    tx: &mut Tx,
    request: &RequestKey,
    now: Instant,
) -> Result<Option<SubjectId>> {
    let principal = principal(cx);
    let message = message(principal, tx.scope(), request);
    let Some(row) = idempotency::find(tx, principal, request.id, now).await? else {
        return Ok(None);
    };
    if !cx.app.ring()?.check(MacPurpose::Idempotency, &row.kid, &message, &row.tag) {
        return Err(reused());
    }
    let made = row.made.ok_or_else(|| Error::internal("a request was kept that made nothing"))?;
    Ok(Some(made))
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
