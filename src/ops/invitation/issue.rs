//! How a new token leaves: by mail to who is invited, or in the answer to who invites.

use crate::{
    access::Caller,
    db::{Tx, user_profiles},
    model::{
        Result,
        email::EmailKey,
        invitation::{Delivery, Invitation},
        mail::Mail,
        tenant::Tenant,
    },
    ops::{Cx, outbox},
};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt::Write as _;

/// An invitation with a new token.
pub struct IssuedInvitation {
    pub invitation: Invitation,
    /// Absent where the token went by mail, or there is none.
    pub returned: Option<Returned>,
}

/// A token in the hands of who invites.
pub struct Returned {
    pub token: SecretString,
    pub invite_url: SecretString,
}

/// Queues the mail if the token leaves by mail.
pub(super) async fn send(
    cx: &Cx,
    tx: &mut Tx,
    tenant: &Tenant,
    invitation: &Invitation,
    token: &SecretString,
) -> Result<()> {
    if invitation.delivery != Delivery::Outbox {
        return Ok(());
    }
    let mail = Mail::Invitation {
        to: invitation.email.as_typed().to_owned(),
        tenant: tenant.shown_name().to_owned(),
        inviter: inviter_name(cx, tx, tenant).await?,
        link: link(cx, invitation.email.key(), token).expose_secret().to_owned(),
        expire_time: invitation.expire_time.to_string(),
    };
    outbox::queue(tx, &cx.app, &mail).await
}

/// After the commit: wakes the mail worker, or hands the token over.
pub(super) fn finish(cx: &Cx, invitation: Invitation, token: SecretString) -> IssuedInvitation {
    let returned = match invitation.delivery {
        Delivery::Outbox => {
            cx.app.outbox.notify_one();
            None
        }
        Delivery::ReturnToken => {
            let invite_url = link(cx, invitation.email.key(), &token);
            Some(Returned { token, invite_url })
        }
    };
    IssuedInvitation { invitation, returned }
}

async fn inviter_name(cx: &Cx, tx: &mut Tx, tenant: &Tenant) -> Result<Option<String>> {
    let Caller::User(user) = &cx.caller else { return Ok(None) };
    let profile = user_profiles::find(tx, tenant.id, user.user_id).await?;
    Ok(profile.map(|profile| profile.display_name.as_str().to_owned()))
}

/// The base is configuration, never what a request says. Everything behind it stands in the
/// fragment, which browsers keep out of requests, logs and referrers.
fn link(cx: &Cx, email: &EmailKey, token: &SecretString) -> SecretString {
    let base = &cx.app.settings.public_base_url;
    let (token, email) = (token.expose_secret(), percent_encoded(email.as_str()));
    SecretString::from(format!("{base}/signup#token={token}&email={email}"))
}

/// All but the unreserved characters of RFC 3986.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() + 8), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_meaning_in_a_link() {
        assert_eq!(percent_encoded("bob@else.org"), "bob%40else.org");
        assert_eq!(percent_encoded("o'neil+a_b-c@else.org"), "o%27neil%2Ba_b-c%40else.org");
        assert_eq!(percent_encoded("a&b=c#d%e"), "a%26b%3Dc%23d%25e");
    }
}
