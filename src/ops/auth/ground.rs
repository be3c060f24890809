//! What a sign-up rests on, a verified domain or an invitation, and so where it leads.

use super::proof::{self, Proof};
use crate::{
    db::{Tx, invitation_tokens, tenants},
    model::{
        Result,
        clock::Instant,
        email::EmailAddress,
        id::{Id as _, InvitationId, SubjectId, TenantId},
        invitation::Invitation,
        placement::DomainMatch,
        role::Role,
        sign_up::{Basis, PendingSignUp},
        tenant::Tenant,
    },
    ops::{invitation::admit, placement, seat},
};

/// The right of an address to come into a tenant. An invitation leads to its own tenant, whatever
/// the domain says.
pub(super) enum Ground {
    Domain(DomainMatch),
    Invitation(Invitation, Tenant),
}

impl Ground {
    pub(super) fn tenant(&self) -> &Tenant {
        match self {
            Self::Domain(found) => &found.tenant,
            Self::Invitation(_, tenant) => tenant,
        }
    }

    pub(super) fn into_tenant(self) -> Tenant {
        match self {
            Self::Domain(found) => found.tenant,
            Self::Invitation(_, tenant) => tenant,
        }
    }

    /// The role that the person gets.
    pub(super) fn role(&self) -> Role {
        match self {
            Self::Domain(found) => found.tenant.default_role,
            Self::Invitation(invitation, _) => invitation.role,
        }
    }

    pub(super) fn basis(&self) -> Basis {
        match self {
            Self::Domain(_) => Basis::Domain,
            Self::Invitation(..) => Basis::Invitation,
        }
    }

    pub(super) fn basis_id(&self) -> SubjectId {
        match self {
            Self::Domain(found) => found.domain.id.into(),
            Self::Invitation(invitation, _) => invitation.id.into(),
        }
    }

    /// When it runs out, if it does so by itself.
    pub(super) fn expire_time(&self) -> Option<Instant> {
        match self {
            Self::Domain(_) => None,
            Self::Invitation(invitation, _) => Some(invitation.expire_time),
        }
    }
}

/// What the proof rests on, as things stand; without a proof that is the domain. Nothing is
/// locked and no seat is counted.
pub(super) async fn find(tx: &mut Tx, email: &EmailAddress, proof: &Proof) -> Result<Ground> {
    match proof {
        Proof::Waived => Ok(Ground::Domain(placement::require(tx, email).await?)),
        Proof::Mail(row) if row.basis == Basis::Domain => by_domain(tx, email, row).await,
        Proof::Mail(row) => {
            let invitation = invitation_tokens::find(tx, invitation_of(row)).await?;
            by_invitation(tx, invitation.ok_or_else(admit::unknown)?).await
        }
        Proof::Invitation(invitation) => by_invitation(tx, invitation.clone()).await,
    }
}

/// The invitation as a ground, if it admits as things stand.
pub(super) async fn by_invitation(tx: &mut Tx, invitation: Invitation) -> Result<Ground> {
    let tenant = admit::require_admissible(tx, &invitation).await?;
    Ok(Ground::Invitation(invitation, tenant))
}

/// The ground that [`find`] found, under the lock of its tenant and with a free seat. Locked
/// first: what is read after it stays true until the commit.
pub(super) async fn admit(
    tx: &mut Tx,
    email: &EmailAddress,
    proof: &Proof,
    tenant: TenantId,
) -> Result<Ground> {
    let invitation = match proof {
        Proof::Waived => None,
        Proof::Mail(row) => (row.basis == Basis::Invitation).then(|| invitation_of(row)),
        Proof::Invitation(invitation) => Some(invitation.id),
    };
    if let Some(id) = invitation {
        let (invitation, tenant) = admit::admit(tx, tenant, id).await?;
        // A token that was replaced meanwhile is dead.
        if let Proof::Invitation(seen) = proof
            && seen.resend_count != invitation.resend_count
        {
            return Err(proof::invalid());
        }
        return Ok(Ground::Invitation(invitation, tenant));
    }
    tenants::lock(tx, tenant).await?;
    let ground = find(tx, email, proof).await?;
    if ground.tenant().id != tenant {
        return Err(placement::unresolved());
    }
    seat::require_free(tx, ground.tenant()).await?;
    Ok(ground)
}

/// A proof holds for the domain it was made for: when that was removed or moved to another
/// tenant meanwhile, nobody is placed by it.
async fn by_domain(tx: &mut Tx, email: &EmailAddress, row: &PendingSignUp) -> Result<Ground> {
    let found = placement::require(tx, email).await?;
    if row.basis_id == found.domain.id.into() && row.tenant_id == found.tenant.id {
        Ok(Ground::Domain(found))
    } else {
        Err(placement::unresolved())
    }
}

fn invitation_of(row: &PendingSignUp) -> InvitationId {
    InvitationId::from_uuid(*row.basis_id.as_uuid())
}
