//! The rows that a sign-up makes, in the transaction that let it in.

use super::{
    ground::Ground,
    open_session::Member,
    proof::{self, Proof},
    sign_up::SignUp,
};
use crate::{
    db::{Tx, events, pending_sign_ups, user_profiles, users},
    model::{
        Error, Reason, Result,
        event::{EventKind, NewEvent},
        profile::{Profile, ProfileState},
        sign_up::Basis,
        user::{User, UserState},
    },
    ops::{Cx, invitation::admit},
};

/// Spends the token and makes account and profile.
pub(super) async fn create(
    cx: &Cx,
    tx: &mut Tx,
    input: &SignUp,
    proof: &Proof,
    ground: Ground,
    hash: &str,
) -> Result<Member> {
    let now = tx.now().await?;
    let user = User {
        id: cx.new_id(),
        email: input.email.clone(),
        tenant_id: ground.tenant().id,
        state: UserState::Active,
        verified_time: (!matches!(proof, Proof::Waived)).then_some(now),
        create_time: now,
    };
    spend(tx, proof, &ground, &user).await?;
    if users::find_by_email(tx, input.email.key()).await?.is_some() {
        return Err(account_exists());
    }
    let position = events::next_position(tx).await?;
    let profile = Profile {
        tenant_id: user.tenant_id,
        user_id: user.id,
        email: user.email.clone(),
        display_name: input.display_name.clone(),
        role: ground.role(),
        state: ProfileState::Active,
        mver: position,
        create_time: now,
        update_time: now,
    };
    user_profiles::insert(tx, &profile).await?;
    if !users::insert(tx, &user, hash).await? {
        return Err(account_exists());
    }
    let event = NewEvent::new(EventKind::UserCreated, Some(user.tenant_id), user.id)
        .with("role", profile.role.as_str())
        .with("basis", ground.basis().as_str());
    events::insert(tx, position, &cx.actor(), &event).await?;
    if let Ground::Invitation(invitation, _) = &ground {
        let event =
            NewEvent::new(EventKind::InvitationAccepted, Some(user.tenant_id), invitation.id)
                .with("user_id", user.id.to_string())
                .with("proves_email", matches!(proof, Proof::Invitation(_)));
        events::append(tx, &cx.actor(), &event).await?;
    }
    Ok(Member { user, profile, tenant: ground.into_tenant() })
}

/// Uses up the token and, with it, the invitation and the other token that it may have led to.
async fn spend(tx: &mut Tx, proof: &Proof, ground: &Ground, user: &User) -> Result<()> {
    if let Proof::Mail(row) = proof
        && !pending_sign_ups::delete(tx, row.id).await?
    {
        return Err(proof::invalid());
    }
    let Ground::Invitation(invitation, _) = ground else { return Ok(()) };
    let (key, basis_id) = (user.email.key(), invitation.id.into());
    let started = pending_sign_ups::find_by_basis(tx, key, Basis::Invitation, basis_id).await?;
    if let Some(row) = started {
        pending_sign_ups::delete(tx, row.id).await?;
    }
    admit::close(tx, invitation, user.id).await
}

fn account_exists() -> Error {
    Error::new(Reason::AccountExists, "This address has an account. Sign in instead.")
}
