//! Mail: what is said to whom, before it is rendered and sealed.

use super::{clock::Instant, id::MailId};
use serde::{Deserialize, Serialize};

/// Which text is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTemplate {
    SignUpProof,
    AccountExists,
    Invitation,
}

crate::closed_set!(MailTemplate {
    SignUpProof = "sign_up_proof",
    AccountExists = "account_exists",
    Invitation = "invitation",
});

/// A mail ready to be rendered; stored sealed, because it may hold a token and an address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mail {
    /// Proof of a mailbox: the link finishes a sign-up into `tenant`.
    SignUpProof { to: String, tenant: String, link: String, expire_time: String },
    /// Somebody started a sign-up for an address that has an account; by an invitation, if it
    /// names whose.
    AccountExists {
        to: String,
        sign_in_url: String,
        #[serde(default)]
        invited_to: Option<String>,
    },
    /// Somebody is invited into `tenant`; the link proves the mailbox.
    Invitation {
        to: String,
        tenant: String,
        /// The person who invites, if it is one and has a name.
        inviter: Option<String>,
        link: String,
        expire_time: String,
    },
}

impl Mail {
    pub const fn template(&self) -> MailTemplate {
        match self {
            Self::SignUpProof { .. } => MailTemplate::SignUpProof,
            Self::AccountExists { .. } => MailTemplate::AccountExists,
            Self::Invitation { .. } => MailTemplate::Invitation,
        }
    }
    pub fn recipient(&self) -> &str {
        match self {
            Self::SignUpProof { to, .. }
            | Self::AccountExists { to, .. }
            | Self::Invitation { to, .. } => to,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    Pending,
    Sent,
    /// Given up; the row says why.
    Dead,
}

crate::closed_set!(MailState { Pending = "pending", Sent = "sent", Dead = "dead" });

/// A mail waiting in the outbox.
#[derive(Clone)]
pub struct QueuedMail {
    pub id: MailId,
    pub sealed: Vec<u8>,
    pub kid: String,
    pub attempts: i32,
    pub create_time: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_knows_its_text_and_whom_it_is_for() {
        let (to, link, tenant) = ("ann@acme.com".to_owned(), String::new(), String::new());
        let proof = Mail::SignUpProof {
            to: to.clone(),
            tenant: tenant.clone(),
            link: link.clone(),
            expire_time: String::new(),
        };
        let exists =
            Mail::AccountExists { to: to.clone(), sign_in_url: link.clone(), invited_to: None };
        let invitation =
            Mail::Invitation { to, tenant, inviter: None, link, expire_time: String::new() };
        for (mail, template) in [
            (proof, MailTemplate::SignUpProof),
            (exists, MailTemplate::AccountExists),
            (invitation, MailTemplate::Invitation),
        ] {
            assert_eq!((mail.template(), mail.recipient()), (template, "ann@acme.com"));
        }
    }
}
