//! Sign-ups that wait for the proof of a mailbox.

use super::{schema::pending_sign_ups, tx::Tx};
use crate::model::{
    Result,
    clock::Instant,
    email::{EmailAddress, EmailKey},
    id::{PendingSignUpId, SubjectId, TenantId},
    sign_up::{Basis, PendingSignUp},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// Proofs that one pending sign-up mails at most, so that nobody can flood a mailbox.
const MAX_MAILS: i32 = 10;

#[derive(Queryable, Selectable)]
#[diesel(table_name = pending_sign_ups, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct PendingRow {
    id: PendingSignUpId,
    email: String,
    email_key: String,
    basis: Basis,
    basis_id: SubjectId,
    tenant_id: TenantId,
    kid: String,
    expire_time: Instant,
    mail_time: Option<Instant>,
}

impl From<PendingRow> for PendingSignUp {
    fn from(row: PendingRow) -> Self {
        Self {
            id: row.id,
            email: EmailAddress::from_stored(row.email, row.email_key),
            basis: row.basis,
            basis_id: row.basis_id,
            tenant_id: row.tenant_id,
            kid: row.kid,
            expire_time: row.expire_time,
            mail_time: row.mail_time,
        }
    }
}

/// Inserts a pending sign-up; `false` when the address has one on the same basis.
pub async fn insert(tx: &mut Tx, pending: &PendingSignUp, now: Instant) -> Result<bool> {
    tx.check_tenant(pending.tenant_id)?;
    let inserted = on!(tx, |c| diesel::insert_into(pending_sign_ups::table)
        .values((
            pending_sign_ups::id.eq(pending.id),
            pending_sign_ups::email.eq(pending.email.as_typed()),
            pending_sign_ups::email_key.eq(pending.email.key().as_str()),
            pending_sign_ups::basis.eq(pending.basis),
            pending_sign_ups::basis_id.eq(pending.basis_id),
            pending_sign_ups::tenant_id.eq(pending.tenant_id),
            pending_sign_ups::kid.eq(&pending.kid),
            pending_sign_ups::expire_time.eq(pending.expire_time),
            pending_sign_ups::mail_time.eq(pending.mail_time),
            pending_sign_ups::mail_count.eq(i32::from(pending.mail_time.is_some())),
            pending_sign_ups::create_time.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(c)
        .await)?;
    Ok(inserted == 1)
}

pub async fn find(tx: &mut Tx, id: PendingSignUpId) -> Result<Option<PendingSignUp>> {
    let scope = tx.scope();
    let row: Option<PendingRow> = on!(tx, |c| {
        in_scope!(scope, pending_sign_ups, pending_sign_ups::table)
            .filter(pending_sign_ups::id.eq(id))
            .select(PendingRow::as_select())
            .first(c)
            .await
            .optional()
    })?;
    Ok(row.map(PendingSignUp::from))
}

/// The pending sign-up of an address on one basis.
pub async fn find_by_basis(
    tx: &mut Tx,
    key: &EmailKey,
    basis: Basis,
    basis_id: SubjectId,
) -> Result<Option<PendingSignUp>> {
    let scope = tx.scope();
    let row: Option<PendingRow> = on!(tx, |c| {
        in_scope!(scope, pending_sign_ups, pending_sign_ups::table)
            .filter(pending_sign_ups::email_key.eq(key.as_str()))
            .filter(pending_sign_ups::basis.eq(basis))
            .filter(pending_sign_ups::basis_id.eq(basis_id))
            .select(PendingRow::as_select())
            .first(c)
            .await
            .optional()
    })?;
    Ok(row.map(PendingSignUp::from))
}

/// Claims the right to mail the proof again: `false` when it was mailed after `cool_down`, or
/// too often.
pub async fn claim_mailing(
    tx: &mut Tx,
    id: PendingSignUpId,
    cool_down: Instant,
    now: Instant,
) -> Result<bool> {
    let scope = tx.scope();
    let updated = on!(tx, |c| {
        in_scope!(scope, pending_sign_ups, diesel::update(pending_sign_ups::table.find(id)))
            .filter(
                pending_sign_ups::mail_time.is_null().or(pending_sign_ups::mail_time.le(cool_down)),
            )
            .filter(pending_sign_ups::mail_count.lt(MAX_MAILS))
            .set((
                pending_sign_ups::mail_time.eq(now),
                pending_sign_ups::mail_count.eq(pending_sign_ups::mail_count + 1),
            ))
            .execute(c)
            .await
    })?;
    Ok(updated == 1)
}

/// Removes a pending sign-up; `false` when another transaction was first.
pub async fn delete(tx: &mut Tx, id: PendingSignUpId) -> Result<bool> {
    let scope = tx.scope();
    let deleted = on!(tx, |c| in_scope!(
        scope,
        pending_sign_ups,
        diesel::delete(pending_sign_ups::table.find(id))
    )
    .execute(c)
    .await)?;
    Ok(deleted == 1)
}

/// Deletes pending sign-ups that ran out by `until`, about `limit` of them; answers how many.
pub async fn delete_expired(tx: &mut Tx, until: Instant, limit: i64) -> Result<usize> {
    delete_expired!(tx, pending_sign_ups, until, limit)
}
