//! Invitations, with the hash of the token that stands for each.

use super::{
    schema::{invitation_tokens, tenants, users},
    tenants::TenantRow,
    tx::Tx,
};
use crate::model::{
    Result,
    clock::Instant,
    email::{EmailAddress, EmailKey},
    id::{ApiKeyId, InvitationId, SubjectId, TenantId, UserId},
    invitation::{Delivery, Invitation, InvitationState, Inviter, InviterKind},
    role::Role,
    tenant::Tenant,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = invitation_tokens, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct InvitationRow {
    id: InvitationId,
    tenant_id: TenantId,
    email: String,
    email_key: String,
    role: Role,
    state: InvitationState,
    delivery: Delivery,
    token_time: Instant,
    resend_count: i32,
    inviter_kind: InviterKind,
    invited_by: Option<SubjectId>,
    accepted_by: Option<UserId>,
    expire_time: Instant,
    create_time: Instant,
    end_time: Option<Instant>,
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: row.id,
            tenant_id: row.tenant_id,
            email: EmailAddress::from_stored(row.email, row.email_key),
            role: row.role,
            state: row.state,
            delivery: row.delivery,
            inviter: Inviter { kind: row.inviter_kind, id: row.invited_by },
            token_time: row.token_time,
            resend_count: row.resend_count,
            create_time: row.create_time,
            expire_time: row.expire_time,
            end_time: row.end_time,
            accepted_by: row.accepted_by,
        }
    }
}

/// Invitations of the scope: a tenant's, or those to a person's proven address.
macro_rules! reachable {
    ($scope:expr, $query:expr) => {
        in_scope!(
            $scope,
            $query,
            tenant | id | invitation_tokens::tenant_id.eq(id),
            own | id
                | invitation_tokens::email_key.eq_any(
                    users::table
                        .filter(users::id.eq(id))
                        .filter(users::verified_time.is_not_null())
                        .select(users::email_key),
                )
        )
    };
}

/// Inserts an invitation; `false` when the address has a pending one of the tenant.
pub async fn insert(tx: &mut Tx, invitation: &Invitation, token_hash: &[u8]) -> Result<bool> {
    tx.check_tenant(invitation.tenant_id)?;
    let inserted = on!(tx, |c| diesel::insert_into(invitation_tokens::table)
        .values((
            invitation_tokens::id.eq(invitation.id),
            invitation_tokens::tenant_id.eq(invitation.tenant_id),
            invitation_tokens::email.eq(invitation.email.as_typed()),
            invitation_tokens::email_key.eq(invitation.email.key().as_str()),
            invitation_tokens::role.eq(invitation.role),
            invitation_tokens::state.eq(invitation.state),
            invitation_tokens::delivery.eq(invitation.delivery),
            invitation_tokens::token_hash.eq(token_hash),
            invitation_tokens::token_time.eq(invitation.token_time),
            invitation_tokens::resend_count.eq(invitation.resend_count),
            invitation_tokens::inviter_kind.eq(invitation.inviter.kind),
            invitation_tokens::invited_by.eq(invitation.inviter.id),
            invitation_tokens::accepted_by.eq(invitation.accepted_by),
            invitation_tokens::expire_time.eq(invitation.expire_time),
            invitation_tokens::create_time.eq(invitation.create_time),
            invitation_tokens::end_time.eq(invitation.end_time),
        ))
        .on_conflict_do_nothing()
        .execute(c)
        .await)?;
    Ok(inserted == 1)
}

pub async fn find(tx: &mut Tx, id: InvitationId) -> Result<Option<Invitation>> {
    let scope = tx.scope();
    let row: Option<InvitationRow> = on!(tx, |c| reachable!(scope, invitation_tokens::table)
        .filter(invitation_tokens::id.eq(id))
        .select(InvitationRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(Invitation::from))
}

/// The invitation whose current token has this hash.
pub async fn find_by_hash(tx: &mut Tx, token_hash: &[u8]) -> Result<Option<Invitation>> {
    let scope = tx.scope();
    let row: Option<InvitationRow> = on!(tx, |c| reachable!(scope, invitation_tokens::table)
        .filter(invitation_tokens::token_hash.eq(token_hash))
        .select(InvitationRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(Invitation::from))
}

/// The pending invitation of an address; in the scope of one tenant there is at most one.
pub async fn find_pending(tx: &mut Tx, key: &EmailKey) -> Result<Option<Invitation>> {
    let scope = tx.scope();
    let row: Option<InvitationRow> = on!(tx, |c| reachable!(scope, invitation_tokens::table)
        .filter(invitation_tokens::email_key.eq(key.as_str()))
        .filter(invitation_tokens::state.eq(InvitationState::Pending))
        .select(InvitationRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(Invitation::from))
}

/// The first invitation that a tenant made for an address.
pub async fn find_first(
    tx: &mut Tx,
    tenant: TenantId,
    key: &EmailKey,
) -> Result<Option<Invitation>> {
    let scope = tx.scope();
    let row: Option<InvitationRow> = on!(tx, |c| reachable!(scope, invitation_tokens::table)
        .filter(invitation_tokens::tenant_id.eq(tenant))
        .filter(invitation_tokens::email_key.eq(key.as_str()))
        .order(invitation_tokens::id.asc())
        .select(InvitationRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(row.map(Invitation::from))
}

/// Invitations of the scope after `after` in the order of their ids. A state is meant as it is
/// at `now`: what has run out is expired and not pending.
pub async fn list(
    tx: &mut Tx,
    state: Option<InvitationState>,
    after: Option<InvitationId>,
    limit: i64,
    now: Instant,
) -> Result<Vec<(Invitation, Tenant)>> {
    let scope = tx.scope();
    let rows: Vec<(InvitationRow, TenantRow)> = on!(tx, |c| {
        let mut query = reachable!(scope, invitation_tokens::table.inner_join(tenants::table))
            .order(invitation_tokens::id.asc())
            .limit(limit)
            .select((InvitationRow::as_select(), TenantRow::as_select()));
        match state {
            Some(InvitationState::Pending) => {
                query = query
                    .filter(invitation_tokens::state.eq(InvitationState::Pending))
                    .filter(invitation_tokens::expire_time.gt(now));
            }
            Some(InvitationState::Expired) => {
                query = query.filter(
                    invitation_tokens::state.eq(InvitationState::Expired).or(
                        invitation_tokens::state
                            .eq(InvitationState::Pending)
                            .and(invitation_tokens::expire_time.le(now)),
                    ),
                );
            }
            Some(other) => query = query.filter(invitation_tokens::state.eq(other)),
            None => {}
        }
        if let Some(after) = after {
            query = query.filter(invitation_tokens::id.gt(after));
        }
        query.load(c).await
    })?;
    Ok(rows.into_iter().map(|(row, tenant)| (row.into(), tenant.into())).collect())
}

/// Revokes every invitation that waits, to a mailbox, whatever the tag, or by a person or their
/// keys; answers which.
pub async fn revoke_concerning(
    tx: &mut Tx,
    key: &EmailKey,
    inviter: UserId,
    keys: &[ApiKeyId],
    now: Instant,
) -> Result<Vec<InvitationId>> {
    let (scope, mailbox) = (tx.scope(), key.without_tag());
    let pending: Vec<(InvitationId, String, InviterKind, Option<SubjectId>)> =
        on!(tx, |c| reachable!(scope, invitation_tokens::table)
            .filter(invitation_tokens::state.eq(InvitationState::Pending))
            .select((
                invitation_tokens::id,
                invitation_tokens::email_key,
                invitation_tokens::inviter_kind,
                invitation_tokens::invited_by,
            ))
            .load(c)
            .await)?;
    let keys = keys.iter().map(|key| (InviterKind::ApiKey, SubjectId::from(*key)));
    let by: Vec<_> = keys.chain([(InviterKind::User, inviter.into())]).collect();
    let concerned: Vec<InvitationId> = pending
        .into_iter()
        .filter(|(_, key, kind, id)| {
            id.is_some_and(|id| by.contains(&(*kind, id)))
                || EmailKey::from_stored(key.clone()).without_tag() == mailbox
        })
        .map(|(id, ..)| id)
        .collect();
    let mut revoked: Vec<InvitationId> =
        on!(tx, |c| reachable!(scope, diesel::update(invitation_tokens::table))
            .filter(invitation_tokens::state.eq(InvitationState::Pending))
            .filter(invitation_tokens::id.eq_any(&concerned))
            .set((
                invitation_tokens::state.eq(InvitationState::Revoked),
                invitation_tokens::end_time.eq(now),
            ))
            .returning(invitation_tokens::id)
            .get_results(c)
            .await)?;
    revoked.sort_unstable();
    Ok(revoked)
}

/// How many invitations wait for an answer.
pub async fn count_pending(tx: &mut Tx, now: Instant) -> Result<u32> {
    let scope = tx.scope();
    let count: i64 = on!(tx, |c| reachable!(scope, invitation_tokens::table)
        .filter(invitation_tokens::state.eq(InvitationState::Pending))
        .filter(invitation_tokens::expire_time.gt(now))
        .count()
        .get_result(c)
        .await)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Puts a new token in the place of the old one, which is dead with this statement, and with it
/// what `next` says of the token; `false` when the invitation is not pending any more or its
/// token was replaced meanwhile.
pub async fn replace_token(tx: &mut Tx, next: &Invitation, token_hash: &[u8]) -> Result<bool> {
    let scope = tx.scope();
    let updated =
        on!(tx, |c| reachable!(scope, diesel::update(invitation_tokens::table.find(next.id)))
            .filter(invitation_tokens::state.eq(InvitationState::Pending))
            .filter(invitation_tokens::resend_count.eq(next.resend_count - 1))
            .set((
                invitation_tokens::token_hash.eq(token_hash),
                invitation_tokens::delivery.eq(next.delivery),
                invitation_tokens::token_time.eq(next.token_time),
                invitation_tokens::inviter_kind.eq(next.inviter.kind),
                invitation_tokens::invited_by.eq(next.inviter.id),
                invitation_tokens::expire_time.eq(next.expire_time),
                invitation_tokens::resend_count.eq(next.resend_count),
            ))
            .execute(c)
            .await)?;
    Ok(updated == 1)
}

/// Ends a pending invitation; `false` when it had ended before.
pub async fn end(
    tx: &mut Tx,
    id: InvitationId,
    state: InvitationState,
    accepted_by: Option<UserId>,
    now: Instant,
) -> Result<bool> {
    let scope = tx.scope();
    let updated =
        on!(tx, |c| reachable!(scope, diesel::update(invitation_tokens::table.find(id)))
            .filter(invitation_tokens::state.eq(InvitationState::Pending))
            .set((
                invitation_tokens::state.eq(state),
                invitation_tokens::accepted_by.eq(accepted_by),
                invitation_tokens::end_time.eq(now),
            ))
            .execute(c)
            .await)?;
    Ok(updated == 1)
}
