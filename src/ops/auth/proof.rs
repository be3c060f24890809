//! What the token of a sign-up proves about the mailbox.

use crate::{
    db::{Tx, invitation_tokens, pending_sign_ups},
    model::{
        Error, Reason, Result,
        email::EmailAddress,
        error::FieldViolation,
        invitation::{Delivery, Invitation},
        sign_up::PendingSignUp,
    },
    ops::{Cx, invitation::admit},
    token::{self, SignUpToken},
};
use secrecy::{ExposeSecret as _, SecretString};

/// A token by its form; what no row could match is refused before.
pub(super) enum Presented {
    Nothing,
    /// Made by this service, for this address.
    SignUp(SignUpToken),
    /// The hash of what may be an invitation's.
    Invitation(Vec<u8>),
}

/// Why the mailbox counts as proven.
pub(super) enum Proof {
    /// Nothing was asked for.
    Waived,
    /// The mail that `StartSignUp` sends was read.
    Mail(PendingSignUp),
    /// The mail that brought the invitation was read.
    Invitation(Invitation),
}

/// Reads the token, without the database.
pub(super) fn read(cx: &Cx, token: &SecretString, email: &EmailAddress) -> Result<Presented> {
    let token = token.expose_secret();
    if token.is_empty() {
        if cx.app.settings.require_verified_email {
            return Err(Error::invalid(vec![FieldViolation::new(
                "token",
                "REQUIRED",
                "must be the token of the mail that StartSignUp sends, or of an invitation's",
            )]));
        }
        return Ok(Presented::Nothing);
    }
    if let Some(hash) = token::hash_invitation_token(token) {
        return Ok(Presented::Invitation(hash));
    }
    let parsed = SignUpToken::parse(token).ok_or_else(invalid)?;
    if !cx.app.ring()?.check_sign_up(&parsed, email.key().as_str()) {
        return Err(invalid());
    }
    Ok(Presented::SignUp(parsed))
}

/// Finds what the token stands for, and that it was mailed to this address.
pub(super) async fn prove(
    tx: &mut Tx,
    presented: &Presented,
    email: &EmailAddress,
) -> Result<Proof> {
    match presented {
        Presented::Nothing => Ok(Proof::Waived),
        Presented::SignUp(token) => {
            let now = tx.now().await?;
            let row = pending_sign_ups::find(tx, token.id).await?;
            row.filter(|row| row.expire_time > now && row.email.key() == email.key())
                .ok_or_else(invalid)
                .map(Proof::Mail)
        }
        Presented::Invitation(hash) => {
            let invitation = invitation_tokens::find_by_hash(tx, hash).await?;
            let invitation = invitation.ok_or_else(invalid)?;
            if invitation.delivery == Delivery::ReturnToken {
                return Err(required());
            }
            if invitation.email.key() != email.key() {
                return Err(invalid());
            }
            admit::require_open(tx, &invitation).await?;
            Ok(Proof::Invitation(invitation))
        }
    }
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
