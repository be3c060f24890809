//! Outgoing mail: rendering, and the transports that take it away.
//!
//! Nothing here retries or stores; the outbox does. Nothing here puts an address, a link, a
//! credential or a peer's words into a log or an error.

mod directory;
pub mod render;
mod smtp;

pub use directory::Directory;
pub use smtp::{Smtp, SmtpUrl};

use crate::model::{clock::Instant, id::MailId, mail::Mail};
use lettre::message::Mailbox;
use render::Wire;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Why a mail did not leave; the text names no address, credential or content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendError {
    /// Trying again cannot help.
    pub permanent: bool,
    pub why: String,
}

impl SendError {
    pub(crate) fn permanent(why: impl Into<String>) -> Self {
        Self { permanent: true, why: why.into() }
    }
    pub(crate) fn transient(why: impl Into<String>) -> Self {
        Self { permanent: false, why: why.into() }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for SendError {}

/// Where mail goes, as configured; has no `Debug`, because a relay's address holds its password.
#[derive(Clone)]
pub enum MailSpec {
    Log,
    Directory(PathBuf),
    Smtp(SmtpUrl),
}

impl MailSpec {
    /// Parses `log`, `directory`, `smtp://[user:pass@]host[:port][?tls=required|opportunistic]` or
    /// `smtps://…`; the error never repeats the text.
    pub fn parse(text: &str, default_dir: &Path) -> Result<Self, String> {
        match text {
            "log" => Ok(Self::Log),
            "directory" => Ok(Self::Directory(default_dir.to_owned())),
            url if url.starts_with("smtp://") || url.starts_with("smtps://") => {
                SmtpUrl::parse(url).map(Self::Smtp)
            }
            _ => Err("must be log, directory, smtp://host or smtps://host".to_owned()),
        }
    }
}

/// Takes mail away.
pub enum Transport {
    /// Drops the mail and logs its id and template, never its address or link: for smoke tests of
    /// the service without mail.
    Log,
    /// Writes one `.eml` file a mail.
    Directory(Directory),
    /// Hands the mail to a relay.
    Smtp(Box<Smtp>),
}

impl Transport {
    /// A transport that sends as [`render::default_from`].
    pub fn from_config(spec: &MailSpec) -> Result<Self, String> {
        Ok(match spec {
            MailSpec::Log => Self::Log,
            MailSpec::Directory(path) => {
                Self::Directory(Directory::new(path.clone(), render::default_from()?))
            }
            MailSpec::Smtp(url) => Self::Smtp(Box::new(Smtp::new(url, render::default_from()?)?)),
        })
    }

    /// Sends as `from` instead, for example `Example <no-reply@example.com>`.
    pub fn with_from(mut self, from: &str) -> Result<Self, String> {
        let from = from
            .parse::<Mailbox>()
            .ok()
            .filter(|mailbox| {
                let name = mailbox.name.as_deref().unwrap_or_default();
                AsRef::<str>::as_ref(&mailbox.email).is_ascii() && !name.contains(char::is_control)
            })
            .ok_or("must be a sender like: Example <no-reply@example.com>")?;
        match &mut self {
            Self::Log => {}
            Self::Directory(directory) => directory.from = from,
            Self::Smtp(smtp) => smtp.from = from,
        }
        Ok(self)
    }

    /// Sends one mail. A mail sent again keeps its `Message-ID` and its file.
    pub async fn send(&self, id: MailId, mail: &Mail, now: Instant) -> Result<(), SendError> {
        match self {
            Self::Log => {
                tracing::info!(mail_id = %id, template = mail.template().as_str(), "mail dropped");
                Ok(())
            }
            Self::Directory(directory) => {
                let message = render::message(id, mail, &directory.from, now, Wire::AsWritten)?;
                directory.write(id, &message.formatted()).await
            }
            Self::Smtp(smtp) => smtp.send(id, mail, now).await,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::id::Id;

    pub(crate) const NOW: Instant = Instant::from_micros(1_700_000_000_000_000);

    pub(crate) fn id() -> MailId {
        MailId::new_v7(NOW, &[7; 10])
    }

    pub(crate) fn proof(tenant: &str) -> Mail {
        Mail::SignUpProof {
            to: "ann@example.com".to_owned(),
            tenant: tenant.to_owned(),
            link: format!("https://app.example.com/sign-up#token={}", "a1-_".repeat(50)),
            expire_time: "2023-11-15T22:13:20Z".to_owned(),
        }
    }

    #[test]
    fn specs_are_parsed_and_never_repeated() {
        let parse = |text: &str| MailSpec::parse(text, Path::new("/data/mail"));
        assert!(matches!(parse("log"), Ok(MailSpec::Log)));
        assert!(matches!(parse("directory"), Ok(MailSpec::Directory(p)) if p.ends_with("mail")));
        for good in [
            "smtp://mail.example.com",
            "smtp://mail.example.com:2525?tls=opportunistic",
            "smtp://ann:s3cret@mail.example.com?tls=required",
            "smtp://ann:s3cret@localhost:1025",
            "smtps://ann%40example.com:s3%2Fcret@mail.example.com:465",
        ] {
            let spec = parse(good).unwrap_or_else(|why| panic!("{good}: {why}"));
            let transport = Transport::from_config(&spec).unwrap();
            assert!(transport.with_from("Example <a@example.com>").is_ok());
        }
        for bad in [
            "",
            "Log",
            "sendmail",
            "http://s3cret@host",
            "smtp://",
            "smtp:///s3cret",
            "smtp://host/s3cret",
            "smtp://host#s3cret",
            "smtp://host:s3cret",
            "smtp://[::1]:25/",
            "smtp://s3cret@host?tls=required",
            "smtp://:s3cret@host?tls=required",
            "smtp://ann:s3cret@host",
            "smtp://ann:s3cret@host?tls=opportunistic",
            "smtp://host?tls=s3cret",
            "smtp://host?s3cret=1",
            "smtp://host?tls=required&tls=opportunistic",
            "smtps://host?tls=opportunistic",
            "smtps://ann:s3%FFcret@host",
        ] {
            let why = parse(bad).err().unwrap_or_else(|| panic!("{bad} was accepted"));
            assert!(!why.contains("s3cret") && !why.contains("ann"), "{why}");
        }
        assert!(Transport::Log.with_from("a\r\nBcc: b@example.com").is_err());
    }
}
