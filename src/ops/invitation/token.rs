//! The token of an invitation, in the hands of who was invited.

use super::admit::unknown;
use crate::{
    access::{Scope, SystemUse},
    db::{Tx, invitation_tokens},
    model::{Error, Reason, Result, invitation::Invitation},
    ops::{Cx, throttle},
    token,
};
use secrecy::{ExposeSecret as _, SecretString};

/// What stands for a token in the database.
pub(in crate::ops) struct TokenHash(Vec<u8>);

impl TokenHash {
    /// The invitation whose current token it is, in the scope of the transaction.
    pub(in crate::ops) async fn find(&self, tx: &mut Tx) -> Result<Invitation> {
        invitation_tokens::find_by_hash(tx, &self.0).await?.ok_or_else(unknown)
    }
}

/// The invitation of a token, whatever its state: holding the token is the permission to look.
/// One that stands for nothing is counted against its source, also when it can be no token.
pub(in crate::ops) async fn find(cx: &Cx, token: &SecretString) -> Result<(TokenHash, Invitation)> {
    throttle::token(cx, look_up(cx, token), unknown).await
}

async fn look_up(cx: &Cx, token: &SecretString) -> Result<Option<(TokenHash, Invitation)>> {
    let Some(hash) = token::hash_invitation_token(token.expose_secret()) else { return Ok(None) };
    let wanted = hash.as_slice();
    let found = cx
        .read(Scope::system(SystemUse::Invitation), async |tx| {
            invitation_tokens::find_by_hash(tx, wanted).await
        })
        .await?;
    Ok(found.map(|invitation| (TokenHash(hash), invitation)))
}

pub(super) fn unverified() -> Error {
    Error::new(
        Reason::EmailUnverified,
        "The address of this account was never proven. Open the link of the mail instead.",
    )
}
