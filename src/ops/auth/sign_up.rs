//! Finishes a sign-up: account, profile, session and event in one commit.

use super::{
    ground, new_account,
    open_session::{self, IssuedSession},
    proof,
};
use crate::{
    access::Scope,
    db::sessions,
    model::{Error, Result, email::EmailAddress, tenant::Tenant, text::DisplayName},
    ops::Cx,
    password::Password,
};
use secrecy::SecretString;

pub struct SignUp {
    /// From the proof mail, or of an invitation that was mailed; may be empty only where
    /// operators do not ask for proof.
    pub token: SecretString,
    pub email: EmailAddress,
    pub password: Password,
    pub display_name: DisplayName,
}

/// Creates the account and signs it in. The password is looked at only once the mailbox is
/// proven, so nobody can prepare an account that its owner then activates. The token decides
/// where the person lands: an invitation's in its tenant, any other where the domain says.
pub async fn sign_up(cx: &Cx, scope: Scope, input: SignUp) -> Result<IssuedSession> {
    let input = &input;
    let proof = &proof::prove(cx, scope, &input.token, &input.email).await?;
    let ground = cx.read(scope, async |tx| ground::find(tx, &input.email, proof).await).await?;
    let tenant = ground.tenant();
    check_password(cx, input, tenant)?;
    let hash = &cx.app.hasher.permit().await?.hash(&input.password).await?;
    let (member, session) = cx
        .write(scope, async |tx| {
            let ground = ground::admit(tx, &input.email, proof, tenant.id).await?;
            let member = new_account::create(cx, tx, input, proof, ground, hash).await?;
            let session = open_session::new_session(cx, tx, &member).await?;
            sessions::insert(tx, &session).await?;
            Ok((member, session))
        })
        .await?;
    open_session::issue(cx, member, &session)
}

fn check_password(cx: &Cx, input: &SignUp, tenant: &Tenant) -> Result<()> {
    let context = [
        input.email.key().as_str(),
        input.display_name.as_str(),
        tenant.slug.as_str(),
        tenant.display_name.as_str(),
    ];
    cx.app
        .passwords
        .check("password", &input.password, &context)
        .map_err(|violation| Error::invalid(vec![violation]))
}
