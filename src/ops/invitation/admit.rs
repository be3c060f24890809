//! The one door into a tenant by invitation: for a new account and for one that exists.

use super::inviter;
use crate::{
    db::{Tx, departures, invitation_tokens, tenants},
    model::{
        Error, Reason, Result,
        id::{InvitationId, TenantId, UserId},
        invitation::{Invitation, InvitationState},
        tenant::{Enrollment, Tenant, TenantState},
    },
    ops::seat,
};

/// Locks the tenant and answers the invitation if it admits now: pending, its inviter still
/// entitled to it, a seat free. What is true after the lock stays true until the commit.
pub(in crate::ops) async fn admit(
    tx: &mut Tx,
    tenant: TenantId,
    id: InvitationId,
) -> Result<(Invitation, Tenant)> {
    tenants::lock(tx, tenant).await?;
    let invitation = invitation_tokens::find(tx, id).await?.ok_or_else(unknown)?;
    let tenant = require_admissible(tx, &invitation).await?;
    seat::require_free(tx, &tenant).await?;
    Ok((invitation, tenant))
}

/// The tenant that the invitation leads to, if it admits as things stand. Seats are left out:
/// only under the lock does their number mean anything.
pub(in crate::ops) async fn require_admissible(
    tx: &mut Tx,
    invitation: &Invitation,
) -> Result<Tenant> {
    require_open(tx, invitation).await?;
    let tenant = tenants::find(tx, invitation.tenant_id).await?.ok_or_else(unknown)?;
    require_open_tenant(&tenant)?;
    inviter::require_entitled(tx, invitation).await?;
    Ok(tenant)
}

/// Closes an admitted invitation for the person who came in by it.
pub(in crate::ops) async fn close(tx: &mut Tx, invitation: &Invitation, by: UserId) -> Result<()> {
    let now = tx.now().await?;
    let accepted = InvitationState::Accepted;
    if !invitation_tokens::end(tx, invitation.id, accepted, Some(by), now).await? {
        return Err(Error::lost_race());
    }
    departures::delete(tx, invitation.tenant_id, invitation.email.key()).await
}

/// Refuses what is not pending now, each state with its own reason.
pub(in crate::ops) async fn require_open(tx: &mut Tx, invitation: &Invitation) -> Result<()> {
    let now = tx.now().await?;
    let (reason, message) = match invitation.state_at(now) {
        InvitationState::Pending => return Ok(()),
        InvitationState::Accepted => {
            (Reason::InvitationAccepted, "The invitation was accepted before.")
        }
        InvitationState::Declined => (Reason::InvitationDeclined, "The invitation was declined."),
        InvitationState::Revoked => (Reason::InvitationRevoked, "The invitation was revoked."),
        InvitationState::Expired => {
            (Reason::InvitationExpired, "The invitation has expired. Ask for a new one.")
        }
    };
    Err(Error::new(reason, message))
}

/// Refuses a tenant that takes nobody in, by whichever way.
pub(in crate::ops) fn require_open_tenant(tenant: &Tenant) -> Result<()> {
    if tenant.state != TenantState::Active {
        return Err(Error::new(Reason::TenantInactive, "The organisation is not active."));
    }
    if tenant.enrollment == Enrollment::Closed {
        return Err(Error::new(Reason::EnrollmentClosed, "The organisation takes nobody in."));
    }
    Ok(())
}

/// The same for an invitation that never was and one that is out of reach.
pub(in crate::ops) fn unknown() -> Error {
    Error::not_found("invitation")
}
