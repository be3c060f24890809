//! What the token of a sign-up proves about the mailbox.

use crate::{
    access::Scope,
    db::{invitation_tokens, pending_sign_ups},
    model::{
        Error, Reason, Result,
        email::EmailAddress,
        error::FieldViolation,
        invitation::{Delivery, Invitation},
        sign_up::PendingSignUp,
    },
    ops::{Cx, throttle},
    token::{self, SignUpToken},
};
use secrecy::{ExposeSecret as _, SecretString};

/// Why the mailbox counts as proven.
pub(super) enum Proof {
    /// Nothing was asked for.
    Waived,
    /// The mail that `StartSignUp` sends was read.
    Mail(PendingSignUp),
    /// The mail that brought the invitation was read.
    Invitation(Invitation),
}

/// What the token proves about this address; what proves nothing is counted against its source.
pub(super) async fn prove(
    cx: &Cx,
    scope: Scope,
    token: &SecretString,
    email: &EmailAddress,
) -> Result<Proof> {
    let token = token.expose_secret();
    if token.is_empty() {
        if cx.app.settings.require_verified_email {
            return Err(Error::invalid(vec![FieldViolation::new(
                "token",
                "REQUIRED",
                "must be the token of the mail that StartSignUp sends, or of an invitation's",
            )]));
        }
        return Ok(Proof::Waived);
    }
    throttle::token(cx, look_up(cx, scope, token, email), invalid).await
}

/// Nothing for a token that is forged, spent, expired or of another address. The form tells the
/// kinds apart: an invitation's has no dots.
async fn look_up(
    cx: &Cx,
    scope: Scope,
    token: &str,
    email: &EmailAddress,
) -> Result<Option<Proof>> {
    if let Some(hash) = token::hash_invitation_token(token) {
        let hash = hash.as_slice();
        let found =
            cx.read(scope, async |tx| invitation_tokens::find_by_hash(tx, hash).await).await?;
        return found.map_or(Ok(None), |invitation| by_invitation(invitation, email));
    }
    let ring = cx.app.ring()?;
    let Some(parsed) =
        SignUpToken::parse(token).filter(|parsed| ring.check_sign_up(parsed, email.key().as_str()))
    else {
        return Ok(None);
    };
    cx.read(scope, async |tx| {
        let now = tx.now().await?;
        let row = pending_sign_ups::find(tx, parsed.id).await?;
        let row = row.filter(|row| row.expire_time > now && row.email.key() == email.key());
        Ok(row.map(Proof::Mail))
    })
    .await
}

/// How the token was delivered comes first: without a proof, nothing else is told. Whether the
/// invitation still stands is for [`super::ground`].
fn by_invitation(invitation: Invitation, email: &EmailAddress) -> Result<Option<Proof>> {
    if invitation.delivery == Delivery::ReturnToken {
        return Err(required());
    }
    let same = invitation.email.key() == email.key();
    Ok(same.then_some(Proof::Invitation(invitation)))
}

/// One answer for a token that is forged, spent, expired or of another address.
pub(super) fn invalid() -> Error {
    Error::new(
        Reason::MailboxProofInvalid,
        "The sign-up token is not valid for this address, or was used or has expired. \
         Start the sign-up again.",
    )
}

/// Whoever invited had this token in hand, so having it says nothing about the mailbox.
fn required() -> Error {
    Error::new(
        Reason::MailboxProofRequired,
        "This invitation was not mailed, so it proves no mailbox. Start the sign-up with it to \
         get a mail that does.",
    )
}
