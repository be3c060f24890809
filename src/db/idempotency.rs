//! Requests that named themselves, and what they made. A row belongs to the scope it ran in.

use super::{schema::idempotency, tx::Tx};
use crate::model::{
    Result,
    clock::Instant,
    id::{RequestId, SubjectId},
};
use diesel::{prelude::*, query_dsl::methods, upsert::excluded};
use diesel_async::RunQueryDsl;

/// A request to keep. Its tag recognises a repeat, and was made under the key `kid`.
pub struct NewRequest<'a> {
    pub principal_id: SubjectId,
    pub request_id: RequestId,
    pub kid: &'a str,
    pub tag: &'a [u8],
    pub expire_time: Instant,
}

/// What is kept of a request.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct KeptRequest {
    pub kid: String,
    pub tag: Vec<u8>,
    /// Empty only inside the transaction that makes it.
    pub made: Option<SubjectId>,
}

/// Keeps a request, in the place of one that has run out; `false` when there is a live one.
/// Waits for a transaction that is just keeping the same.
pub async fn insert(tx: &mut Tx, new: &NewRequest<'_>, now: Instant) -> Result<bool> {
    let scope = tx.scope();
    macro_rules! row {
        () => {
            diesel::insert_into(idempotency::table)
                .values((
                    idempotency::principal_id.eq(new.principal_id),
                    idempotency::scope_id.eq(scope.subject()),
                    idempotency::request_id.eq(new.request_id),
                    idempotency::kid.eq(new.kid),
                    idempotency::tag.eq(new.tag),
                    idempotency::made.eq(None::<SubjectId>),
                    idempotency::expire_time.eq(new.expire_time),
                ))
                .on_conflict(idempotency::table.primary_key())
                .do_update()
                .set((
                    idempotency::kid.eq(excluded(idempotency::kid)),
                    idempotency::tag.eq(excluded(idempotency::tag)),
                    idempotency::made.eq(None::<SubjectId>),
                    idempotency::expire_time.eq(excluded(idempotency::expire_time)),
                ))
        };
    }
    let run_out = idempotency::expire_time.le(now);
    let kept = on!(tx, |c| methods::FilterDsl::filter(row!(), run_out).execute(c).await)?;
    Ok(kept == 1)
}

/// The live request of that principal and name in the scope.
pub async fn find(
    tx: &mut Tx,
    principal: SubjectId,
    request: RequestId,
    now: Instant,
) -> Result<Option<KeptRequest>> {
    let key = (principal, tx.scope().subject(), request);
    Ok(on!(tx, |c| idempotency::table
        .find(key)
        .filter(idempotency::expire_time.gt(now))
        .select((idempotency::kid, idempotency::tag, idempotency::made))
        .first(c)
        .await
        .optional())?)
}

/// Notes what a request made; `false` when the scope has no such request.
pub async fn set_made(
    tx: &mut Tx,
    principal: SubjectId,
    request: RequestId,
    made: SubjectId,
) -> Result<bool> {
    let key = (principal, tx.scope().subject(), request);
    let noted = on!(tx, |c| diesel::update(idempotency::table.find(key))
        .set(idempotency::made.eq(made))
        .execute(c)
        .await)?;
    Ok(noted == 1)
}

/// Deletes requests that ran out by `until`, about `limit` of them; answers how many.
pub async fn delete_expired(tx: &mut Tx, until: Instant, limit: i64) -> Result<usize> {
    delete_expired!(tx, idempotency, until, limit)
}
