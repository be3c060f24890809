//! Domains that tenants have claimed.

use super::{
    schema::{tenant_domains, tenants},
    tenants::TenantRow,
    tx::Tx,
};
use crate::model::{
    Result,
    clock::Instant,
    domain::{DomainName, DomainState, TenantDomain},
    id::{DomainId, TenantId},
    tenant::Tenant,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tenant_domains, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct DomainRow {
    id: DomainId,
    tenant_id: TenantId,
    domain: String,
    include_subdomains: bool,
    state: DomainState,
    verified_time: Option<Instant>,
    create_time: Instant,
}

impl From<DomainRow> for TenantDomain {
    fn from(row: DomainRow) -> Self {
        Self {
            id: row.id,
            tenant_id: row.tenant_id,
            domain: DomainName::from_stored(row.domain),
            include_subdomains: row.include_subdomains,
            state: row.state,
            verified_time: row.verified_time,
            create_time: row.create_time,
        }
    }
}

/// Inserts a claim; `false` when the name is verified for some tenant or claimed by this one.
pub async fn insert(tx: &mut Tx, domain: &TenantDomain) -> Result<bool> {
    tx.check_tenant(domain.tenant_id)?;
    let inserted = on!(tx, |c| diesel::insert_into(tenant_domains::table)
        .values((
            tenant_domains::id.eq(domain.id),
            tenant_domains::tenant_id.eq(domain.tenant_id),
            tenant_domains::domain.eq(domain.domain.as_str()),
            tenant_domains::include_subdomains.eq(domain.include_subdomains),
            tenant_domains::state.eq(domain.state),
            tenant_domains::verified_time.eq(domain.verified_time),
            tenant_domains::create_time.eq(domain.create_time),
        ))
        .on_conflict_do_nothing()
        .execute(c)
        .await)?;
    Ok(inserted == 1)
}

/// The scope's own claim on a name.
pub async fn find_by_name(tx: &mut Tx, name: &DomainName) -> Result<Option<TenantDomain>> {
    let scope = tx.scope();
    let row: Option<DomainRow> = on!(tx, |c| {
        in_scope!(scope, tenant_domains, tenant_domains::table)
            .filter(tenant_domains::domain.eq(name.as_str()))
            .select(DomainRow::as_select())
            .first(c)
            .await
            .optional()
    })?;
    Ok(row.map(TenantDomain::from))
}

/// Removes a claim and answers what it was.
pub async fn delete(tx: &mut Tx, id: DomainId) -> Result<Option<TenantDomain>> {
    let scope = tx.scope();
    let row: Option<DomainRow> = on!(tx, |c| {
        in_scope!(scope, tenant_domains, tenant_domains::table)
            .filter(tenant_domains::id.eq(id))
            .select(DomainRow::as_select())
            .first(c)
            .await
            .optional()
    })?;
    if row.is_none() {
        return Ok(None);
    }
    let deleted = on!(tx, |c| in_scope!(
        scope,
        tenant_domains,
        diesel::delete(tenant_domains::table.find(id))
    )
    .execute(c)
    .await)?;
    Ok(row.filter(|_| deleted == 1).map(TenantDomain::from))
}

/// Claims after `after` in the order of their ids.
pub async fn list(tx: &mut Tx, after: Option<DomainId>, limit: i64) -> Result<Vec<TenantDomain>> {
    let scope = tx.scope();
    let rows: Vec<DomainRow> = on!(tx, |c| {
        let mut query = in_scope!(scope, tenant_domains, tenant_domains::table)
            .order(tenant_domains::id.asc())
            .limit(limit)
            .select(DomainRow::as_select());
        if let Some(after) = after {
            query = query.filter(tenant_domains::id.gt(after));
        }
        query.load(c).await
    })?;
    Ok(rows.into_iter().map(TenantDomain::from).collect())
}

/// Verified claims on any of `names`, with their tenants.
pub async fn find_verified(tx: &mut Tx, names: &[&str]) -> Result<Vec<(TenantDomain, Tenant)>> {
    let scope = tx.scope();
    let rows: Vec<(DomainRow, TenantRow)> = on!(tx, |c| {
        let query = tenant_domains::table.inner_join(tenants::table);
        in_scope!(scope, query, tenant tenant_domains::tenant_id, own none)
            .filter(tenant_domains::state.eq(DomainState::Verified))
            .filter(tenant_domains::domain.eq_any(names))
            .select((DomainRow::as_select(), TenantRow::as_select()))
            .load(c)
            .await
    })?;
    Ok(rows.into_iter().map(|(domain, tenant)| (domain.into(), tenant.into())).collect())
}
