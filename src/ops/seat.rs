//! Seats: how many active members a tenant may have.

use crate::{
    db::{Tx, tenants, user_profiles},
    model::{Error, Reason, Result, tenant::Tenant},
};

/// Locks the tenant's seats until the commit and refuses when none is free.
pub(super) async fn take(tx: &mut Tx, tenant: &Tenant) -> Result<()> {
    tenants::lock(tx, tenant.id).await?;
    let Some(limit) = tenant.seat_limit else { return Ok(()) };
    if user_profiles::count_active(tx, tenant.id).await? >= limit {
        return Err(Error::new(
            Reason::SeatLimitReached,
            "The organisation has no free seat. Ask its administrator.",
        )
        .with("seat_limit", limit.to_string()));
    }
    Ok(())
}
