//! Starts a sign-up: places the address and mails the proof of its mailbox.

use super::ground::{self, Ground};
use crate::{
    access::Scope,
    db::{Tx, pending_sign_ups, users},
    model::{
        Error, Reason, Result,
        clock::Instant,
        email::EmailAddress,
        mail::Mail,
        sign_up::{Basis, PendingSignUp},
        tenant::Tenant,
    },
    ops::{
        Cx,
        invitation::{
            admit,
            token::{self, TokenHash},
        },
        outbox, placement, throttle,
    },
};
use secrecy::SecretString;
use std::time::Duration;

/// How long a restart waits before it mails the same proof again.
const COOL_DOWN: Duration = Duration::from_mins(1);

pub struct StartSignUp {
    pub email: EmailAddress,
    /// Of an invitation to this address, however it was delivered.
    pub invitation_token: Option<SecretString>,
}

/// Answers when the proof expires. The answer, the rows and the time it takes are the same for
/// an address that has an account; only the mail differs, and that goes to its owner.
pub async fn start_sign_up(cx: &Cx, scope: Scope, input: StartSignUp) -> Result<Instant> {
    let input = &input;
    let invited = if let Some(token) = &input.invitation_token {
        Some(token::find(cx, token).await?.0)
    } else {
        throttle::start_sign_up(cx, input.email.key()).await?;
        None
    };
    let invited = invited.as_ref();
    let expire_time = cx
        .write(scope, async |tx| {
            let ground = place(tx, input, invited).await?;
            let account = users::find_by_email(tx, input.email.key()).await?;
            let pending = pending(cx, tx, &input.email, &ground).await?;
            let now = tx.now().await?;
            if pending_sign_ups::claim_mailing(tx, pending.id, now - COOL_DOWN, now).await? {
                let mail = match account {
                    Some((user, _)) => account_exists(cx, &user.email, &ground),
                    None => proof(cx, &pending, ground.tenant())?,
                };
                outbox::queue(tx, &cx.app, &mail).await?;
            }
            Ok(pending.expire_time)
        })
        .await?;
    cx.app.outbox.notify_one();
    Ok(expire_time)
}

/// The invitation whose token came along, else the verified domain.
async fn place(tx: &mut Tx, input: &StartSignUp, invited: Option<&TokenHash>) -> Result<Ground> {
    let Some(token) = invited else {
        return Ok(Ground::Domain(placement::require(tx, &input.email).await?));
    };
    let invitation = token.find(tx).await?;
    // Who has the token may know how it ended, even with another address.
    admit::require_open(tx, &invitation).await?;
    if invitation.email.key() != input.email.key() {
        return Err(Error::new(
            Reason::EmailMismatch,
            "The invitation is for another address. Use the one it was made for.",
        ));
    }
    ground::by_invitation(tx, invitation).await
}

/// The pending sign-up of this address on this ground. A restart finds the row that is there,
/// and with it the same token, so nobody can void or redirect somebody else's link.
async fn pending(
    cx: &Cx,
    tx: &mut Tx,
    email: &EmailAddress,
    ground: &Ground,
) -> Result<PendingSignUp> {
    let (basis, basis_id) = (ground.basis(), ground.basis_id());
    let now = tx.now().await?;
    let standing = pending_sign_ups::find_by_basis(tx, email.key(), basis, basis_id).await?;
    match standing {
        Some(row) if row.expire_time > now => return Ok(row),
        Some(expired) => {
            pending_sign_ups::delete(tx, expired.id).await?;
        }
        None => {}
    }
    let id = cx.new_id();
    let (_, kid) = cx.app.ring()?.sign_up_token(id, email.key().as_str(), None);
    let ttl_end = now + cx.app.settings.verification_ttl;
    let fresh = PendingSignUp {
        id,
        email: email.clone(),
        basis,
        basis_id,
        tenant_id: ground.tenant().id,
        kid,
        // No proof outlives what it rests on.
        expire_time: ground.expire_time().map_or(ttl_end, |end| end.min(ttl_end)),
        mail_time: None,
    };
    if pending_sign_ups::insert(tx, &fresh, now).await? {
        return Ok(fresh);
    }
    pending_sign_ups::find_by_basis(tx, email.key(), basis, basis_id)
        .await?
        .ok_or_else(Error::lost_race)
}

fn proof(cx: &Cx, pending: &PendingSignUp, tenant: &Tenant) -> Result<Mail> {
    let (token, _) =
        cx.app.ring()?.sign_up_token(pending.id, pending.email.key().as_str(), Some(&pending.kid));
    Ok(Mail::SignUpProof {
        // The stored address: the one whose proof the token is.
        to: pending.email.as_typed().to_owned(),
        tenant: tenant.shown_name().to_owned(),
        // In the fragment, which browsers keep out of requests, logs and referrers.
        link: format!("{}/signup#token={token}", cx.app.settings.public_base_url),
        expire_time: pending.expire_time.to_string(),
    })
}

fn account_exists(cx: &Cx, email: &EmailAddress, ground: &Ground) -> Mail {
    Mail::AccountExists {
        // The account's address, not the spelling that the caller chose.
        to: email.as_typed().to_owned(),
        sign_in_url: format!("{}/signin", cx.app.settings.public_base_url),
        invited_to: (ground.basis() == Basis::Invitation)
            .then(|| ground.tenant().shown_name().to_owned()),
    }
}
