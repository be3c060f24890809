//! Addresses of removed members: their domain places them no more. Without their tags, so that
//! nobody walks around a removal by adding one.

use super::{schema::departures, tx::Tx};
use crate::model::{Result, clock::Instant, email::EmailKey, id::TenantId};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// Records a departure; a second one changes nothing.
pub async fn insert(tx: &mut Tx, tenant: TenantId, key: &EmailKey, now: Instant) -> Result<()> {
    tx.check_tenant(tenant)?;
    let key = key.without_tag();
    on!(tx, |c| diesel::insert_into(departures::table)
        .values((
            departures::tenant_id.eq(tenant),
            departures::email_key.eq(key.as_str()),
            departures::create_time.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(c)
        .await)?;
    Ok(())
}

pub async fn exists(tx: &mut Tx, tenant: TenantId, key: &EmailKey) -> Result<bool> {
    let (scope, key) = (tx.scope(), key.without_tag());
    let count: i64 = on!(tx, |c| in_scope!(scope, departures, departures::table)
        .filter(departures::tenant_id.eq(tenant))
        .filter(departures::email_key.eq(key.as_str()))
        .count()
        .get_result(c)
        .await)?;
    Ok(count > 0)
}

/// Forgets a departure: the person was invited back.
pub async fn delete(tx: &mut Tx, tenant: TenantId, key: &EmailKey) -> Result<()> {
    let (scope, key) = (tx.scope(), key.without_tag());
    on!(tx, |c| in_scope!(
        scope,
        departures,
        diesel::delete(departures::table.find((tenant, key.as_str())))
    )
    .execute(c)
    .await)?;
    Ok(())
}
