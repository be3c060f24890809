//! Starts a sign-up: places the address and mails the proof of its mailbox.

use crate::{
    access::Scope,
    db::{Tx, pending_sign_ups, users},
    model::{
        Error, Reason, Result,
        clock::Instant,
        email::EmailAddress,
        mail::Mail,
        placement::DomainMatch,
        sign_up::{Basis, PendingSignUp},
    },
    ops::{Cx, outbox, placement},
};
use std::time::Duration;

/// How long a restart waits before it mails the same proof again.
const COOL_DOWN: Duration = Duration::from_mins(1);

/// Answers when the proof expires. The answer, the rows and the time it takes are the same for
/// an address that has an account; only the mail differs, and that goes to its owner.
pub async fn start_sign_up(cx: &Cx, scope: Scope, email: EmailAddress) -> Result<Instant> {
    let email = &email;
    let expire_time = cx
        .write(scope, async |tx| {
            let found = placement::require(tx, email).await?;
            let account = users::find_by_email(tx, email.key()).await?;
            let pending = pending(cx, tx, email, &found).await?;
            let now = tx.now().await?;
            if pending_sign_ups::claim_mailing(tx, pending.id, now - COOL_DOWN, now).await? {
                let mail = match account {
                    Some((user, _)) => account_exists(cx, &user.email),
                    None => proof(cx, &pending, &found)?,
                };
                outbox::queue(tx, &cx.app, &mail).await?;
            }
            Ok(pending.expire_time)
        })
        .await?;
    cx.app.outbox.notify_one();
    Ok(expire_time)
}

/// The pending sign-up of this address by this domain. A restart finds the row that is there,
/// and with it the same token, so nobody can void or redirect somebody else's link.
async fn pending(
    cx: &Cx,
    tx: &mut Tx,
    email: &EmailAddress,
    found: &DomainMatch,
) -> Result<PendingSignUp> {
    let basis_id = found.domain.id.into();
    let now = tx.now().await?;
    let standing =
        pending_sign_ups::find_by_basis(tx, email.key(), Basis::Domain, basis_id).await?;
    match standing {
        Some(row) if row.expire_time > now => return Ok(row),
        Some(expired) => {
            pending_sign_ups::delete(tx, expired.id).await?;
        }
        None => {}
    }
    let id = cx.new_id();
    let (_, kid) = cx.app.ring()?.sign_up_token(id, email.key().as_str(), None);
    let fresh = PendingSignUp {
        id,
        email: email.clone(),
        basis: Basis::Domain,
        basis_id,
        tenant_id: found.tenant.id,
        kid,
        expire_time: now + cx.app.settings.verification_ttl,
        mail_time: None,
    };
    if pending_sign_ups::insert(tx, &fresh, now).await? {
        return Ok(fresh);
    }
    pending_sign_ups::find_by_basis(tx, email.key(), Basis::Domain, basis_id).await?.ok_or_else(
        || Error::new(Reason::Conflict, "Lost a race with another request.").retryable(),
    )
}

fn proof(cx: &Cx, pending: &PendingSignUp, found: &DomainMatch) -> Result<Mail> {
    let (token, _) =
        cx.app.ring()?.sign_up_token(pending.id, pending.email.key().as_str(), Some(&pending.kid));
    let name = found.tenant.display_name.as_str();
    let tenant = if name.is_empty() { found.tenant.slug.as_str() } else { name };
    Ok(Mail::SignUpProof {
        // The stored address: the one whose proof the token is.
        to: pending.email.as_typed().to_owned(),
        tenant: tenant.to_owned(),
        // In the fragment, which browsers keep out of requests, logs and referrers.
        link: format!("{}/signup#token={token}", cx.app.settings.public_base_url),
        expire_time: pending.expire_time.to_string(),
    })
}

fn account_exists(cx: &Cx, email: &EmailAddress) -> Mail {
    Mail::AccountExists {
        // The account's address, not the spelling that the caller chose.
        to: email.as_typed().to_owned(),
        sign_in_url: format!("{}/signin", cx.app.settings.public_base_url),
    }
}
