//! Seats: how many active members a tenant may have.

use crate::{
    db::{Tx, user_profiles},
    model::{Error, Reason, Result, tenant::Tenant},
};

/// Refuses when no seat is free. The caller holds the tenant's lock, so the answer stays true
/// until the commit.
pub(super) async fn require_free(tx: &mut Tx, tenant: &Tenant) -> Result<()> {
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
