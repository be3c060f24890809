//! The token of an invitation, in the hands of who was invited.

use super::admit::unknown;
use crate::{
    access::{Scope, SystemUse},
    db::{Tx, invitation_tokens},
    model::{Error, Reason, Result, invitation::Invitation},
    ops::Cx,
    token,
};
use secrecy::{ExposeSecret as _, SecretString};

/// What stands for a token in the database.
pub(super) struct TokenHash(Vec<u8>);

impl TokenHash {
    /// A text that can be no token is answered as one that stands for nothing.
    pub(super) fn of(token: &SecretString) -> Result<Self> {
        token::hash_invitation_token(token.expose_secret()).map(Self).ok_or_else(unknown)
    }

    /// The invitation whose current token it is, in the scope of the transaction.
    pub(super) async fn find(&self, tx: &mut Tx) -> Result<Invitation> {
        invitation_tokens::find_by_hash(tx, &self.0).await?.ok_or_else(unknown)
    }

    /// The same wherever it is: holding the token is the permission to look.
    pub(super) async fn find_anywhere(&self, cx: &Cx) -> Result<Invitation> {
        cx.read(Scope::system(SystemUse::Invitation), async |tx| self.find(tx).await).await
    }
}

pub(super) fn unverified() -> Error {
    Error::new(
        Reason::EmailUnverified,
        "The address of this account was never proven. Open the link of the mail instead.",
    )
}
