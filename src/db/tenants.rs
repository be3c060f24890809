//! Tenants.

use super::{schema::tenants, tx::Tx};
use crate::model::{
    Error, Result,
    clock::Instant,
    id::TenantId,
    role::Role,
    tenant::{Enrollment, HomeUrl, Slug, Tenant, TenantState},
    text::DisplayName,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct TenantRow {
    id: TenantId,
    slug: String,
    display_name: String,
    state: TenantState,
    enrollment: Enrollment,
    default_role: Role,
    seat_limit: Option<i32>,
    mfa_required: bool,
    home_url: String,
    create_time: Instant,
    update_time: Instant,
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        Self {
            id: row.id,
            slug: Slug::from_stored(row.slug),
            display_name: DisplayName::from_stored(row.display_name),
            state: row.state,
            enrollment: row.enrollment,
            default_role: row.default_role,
            seat_limit: row.seat_limit.and_then(|limit| u32::try_from(limit).ok()),
            mfa_required: row.mfa_required,
            home_url: HomeUrl::from_stored(row.home_url),
            create_time: row.create_time,
            update_time: row.update_time,
        }
    }
}

/// Inserts a tenant; `false` when the slug is taken.
pub async fn insert(tx: &mut Tx, tenant: &Tenant) -> Result<bool> {
    tx.check_tenant(tenant.id)?;
    let limit = tenant.seat_limit.map(i32::try_from).transpose().map_err(Error::internal)?;
    let inserted = on!(tx, |c| diesel::insert_into(tenants::table)
        .values((
            tenants::id.eq(tenant.id),
            tenants::slug.eq(tenant.slug.as_str()),
            tenants::display_name.eq(tenant.display_name.as_str()),
            tenants::state.eq(tenant.state),
            tenants::enrollment.eq(tenant.enrollment),
            tenants::default_role.eq(tenant.default_role),
            tenants::seat_limit.eq(limit),
            tenants::mfa_required.eq(tenant.mfa_required),
            tenants::home_url.eq(tenant.home_url.as_str()),
            tenants::version.eq(0_i64),
            tenants::create_time.eq(tenant.create_time),
            tenants::update_time.eq(tenant.update_time),
        ))
        .on_conflict(tenants::slug)
        .do_nothing()
        .execute(c)
        .await)?;
    Ok(inserted == 1)
}

pub async fn find(tx: &mut Tx, id: TenantId) -> Result<Option<Tenant>> {
    let scope = tx.scope();
    let row: Option<TenantRow> = on!(tx, |c| {
        in_scope!(scope, tenants::table, tenant tenants::id, own none)
            .filter(tenants::id.eq(id))
            .select(TenantRow::as_select())
            .first(c)
            .await
            .optional()
    })?;
    Ok(row.map(Tenant::from))
}

pub async fn find_by_slug(tx: &mut Tx, slug: &Slug) -> Result<Option<Tenant>> {
    let scope = tx.scope();
    let row: Option<TenantRow> = on!(tx, |c| {
        in_scope!(scope, tenants::table, tenant tenants::id, own none)
            .filter(tenants::slug.eq(slug.as_str()))
            .select(TenantRow::as_select())
            .first(c)
            .await
            .optional()
    })?;
    Ok(row.map(Tenant::from))
}

/// Tenants after `after` in the order of their ids.
pub async fn list(tx: &mut Tx, after: Option<TenantId>, limit: i64) -> Result<Vec<Tenant>> {
    let scope = tx.scope();
    let rows: Vec<TenantRow> = on!(tx, |c| {
        let mut query = in_scope!(scope, tenants::table, tenant tenants::id, own none)
            .order(tenants::id.asc())
            .limit(limit)
            .select(TenantRow::as_select());
        if let Some(after) = after {
            query = query.filter(tenants::id.gt(after));
        }
        query.load(c).await
    })?;
    Ok(rows.into_iter().map(Tenant::from).collect())
}

/// Takes the lock of the tenant's roles, seats and states; every transaction that changes one
/// of them begins with it. `false` when there is no such tenant.
pub async fn lock(tx: &mut Tx, id: TenantId) -> Result<bool> {
    tx.check_tenant(id)?;
    let locked = on!(tx, |c| diesel::update(tenants::table.find(id))
        .set(tenants::version.eq(tenants::version + 1))
        .execute(c)
        .await)?;
    Ok(locked == 1)
}
