//! `reeve invite create`.

use super::{
    args::CreateInvitation,
    connect,
    outcome::{Failure, Outcome},
    print, tenant,
};
use crate::{
    access::{Action, NamedTenant, authorize},
    boot,
    config::Config,
    model::{email::EmailAddress, invitation::Invitation},
    ops::invitation as ops,
};
use secrecy::ExposeSecret as _;
use serde::Serialize;

#[derive(Serialize)]
struct Made<'a> {
    id: String,
    tenant_id: String,
    email: &'a str,
    role: &'static str,
    delivery: &'static str,
    expire_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_url: Option<&'a str>,
}

/// Mail is queued; the running server sends it.
pub(super) async fn create(asked: &CreateInvitation, config: &Config) -> Result<Outcome, Failure> {
    let input = input(asked)?;
    let cx = connect::open(config).await?;
    boot::keyring(&cx.app).await?;
    let named = NamedTenant::Scope(Some(tenant::find(&cx, &asked.tenant).await?.id));
    let scope = authorize(&cx.caller, Action::CreateInvitation, named, None)?;
    let issued = ops::create_invitation(&cx, scope, input).await?;
    let invitation = &issued.invitation;
    let returned = issued.returned.as_ref();
    let shown = Made {
        id: invitation.id.to_string(),
        tenant_id: invitation.tenant_id.to_string(),
        email: invitation.email.as_typed(),
        role: invitation.role.as_str(),
        delivery: invitation.delivery.as_str(),
        expire_time: invitation.expire_time.to_string(),
        token: returned.map(|it| it.token.expose_secret()),
        invite_url: returned.map(|it| it.invite_url.expose_secret()),
    };
    match shown.invite_url {
        Some(url) => {
            let text = if asked.output.json { print::json(&shown)? } else { url.to_owned() };
            print::once(&text, "the invitation was made but nobody has its link; resend it")?;
            print::note(
                "this link is shown this once; it proves no mailbox, so a new account asks \
                         for a proof first",
            );
        }
        None => print::either(asked.output, &shown, || text(invitation))?,
    }
    Ok(Outcome::Done)
}

pub(super) fn text(invitation: &Invitation) -> String {
    let (email, end) = (invitation.email.as_typed(), invitation.expire_time);
    format!("{email} is invited as {}: {}; it expires at {end}", invitation.role, invitation.id)
}

fn input(asked: &CreateInvitation) -> Result<ops::CreateInvitation, Failure> {
    Ok(ops::CreateInvitation {
        email: EmailAddress::parse("EMAIL", &asked.email)?,
        role: asked.role,
        expiry: asked.expires.map_or(ops::Expiry::Default, ops::Expiry::After),
        delivery: asked.delivery,
        request: None,
        validate_only: false,
    })
}
