//! Where mail goes and where its links lead.

use super::{security::Environment, show::MASK, source::Lookup};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use url::Url;

/// The transport, as text; the mail module opens it.
#[derive(Debug, Clone)]
pub enum MailTarget {
    /// One line in the log for each mail, without its text.
    Log,
    /// One `.eml` file for each mail in `Mail::directory`.
    Directory,
    /// `smtp://` or `smtps://`, with the password.
    Smtp(SecretString),
}

#[derive(Debug, Clone)]
pub struct Mail {
    pub target: MailTarget,
    pub directory: PathBuf,
    /// The sender, such as `Example <no-reply@example.com>`.
    pub from: String,
    /// The front end that links lead to, without a slash at its end.
    pub public_base_url: String,
}

impl Mail {
    pub(super) fn read(lookup: &mut Lookup, environment: Environment, data_dir: &Path) -> Self {
        let production = environment.is_production();
        let directory = lookup.value(
            "REEVE_MAIL_DIR",
            data_dir.join("mail"),
            |text| Ok(PathBuf::from(text)),
            |path| path.display().to_string(),
        );
        let (target, public_base_url) = if production {
            let target = lookup.optional("REEVE_MAIL", "(required)", target, describe);
            let base = lookup.optional("PUBLIC_BASE_URL", "(required)", base_url, String::clone);
            (target.unwrap_or(MailTarget::Directory), base.unwrap_or_default())
        } else {
            let base = "http://localhost:3000".to_owned();
            (
                lookup.value("REEVE_MAIL", MailTarget::Directory, target, describe),
                lookup.value("PUBLIC_BASE_URL", base, base_url, String::clone),
            )
        };
        let sender = sender_of(&public_base_url);
        let from = lookup.value("REEVE_MAIL_FROM", sender, from, String::clone);
        Self { target, directory, from, public_base_url }
    }
}

fn target(text: &str) -> Result<MailTarget, String> {
    match text.trim() {
        "log" => Ok(MailTarget::Log),
        "directory" => Ok(MailTarget::Directory),
        url => match smtp(url) {
            Some(_) => Ok(MailTarget::Smtp(url.into())),
            None => Err("expected log, directory, smtp://USER:PASSWORD@HOST:PORT or smtps://…; \
                         special characters in the password must be percent-encoded"
                .into()),
        },
    }
}

/// A mail server's URL, only if no part of a password can have ended up in another part.
fn smtp(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let known = matches!(url.scheme(), "smtp" | "smtps");
    let tail = [url.path(), url.query().unwrap_or_default(), url.fragment().unwrap_or_default()];
    let whole = matches!(url.path(), "" | "/") && tail.iter().all(|part| !part.contains('@'));
    let named = url.host_str().is_some_and(|host| !host.is_empty());
    let one_at = text.matches('@').count() <= 1;
    (known && whole && named && one_at).then_some(url)
}

/// The target without its password and options.
fn describe(target: &MailTarget) -> String {
    let text = match target {
        MailTarget::Log => return "log".into(),
        MailTarget::Directory => return "directory".into(),
        MailTarget::Smtp(url) => url.expose_secret(),
    };
    let Some(url) = smtp(text) else { return MASK.into() };
    let mask = if url.password().is_some() { ":***" } else { "" };
    let user = match url.username() {
        "" => String::new(),
        user => format!("{user}{mask}@"),
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{user}{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// A sender at the host that links lead to.
fn sender_of(public_base_url: &str) -> String {
    let url = Url::parse(public_base_url).ok();
    let host = url.as_ref().and_then(Url::domain).unwrap_or("localhost");
    format!("Reeve <no-reply@{host}>")
}

fn from(text: &str) -> Result<String, String> {
    let text = text.trim();
    let (_, domain) = text.rsplit_once('@').ok_or("expected NAME <ADDRESS> or an address")?;
    if domain.trim_end_matches('>').is_empty() {
        return Err("expected NAME <ADDRESS> or an address".to_owned());
    }
    Ok(text.to_owned())
}

fn base_url(text: &str) -> Result<String, String> {
    let problem = "expected the front end's address, such as https://app.example.com, without \
                   user, query or fragment";
    let url = Url::parse(text.trim()).map_err(|_| problem.to_owned())?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if web && plain {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(problem.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_servers_are_shown_without_passwords() {
        let shown = |text: &str| target(text).map(|target| describe(&target));
        assert_eq!(shown("log").unwrap(), "log");
        assert_eq!(shown("smtp://localhost").unwrap(), "smtp://localhost");
        assert_eq!(
            shown("smtps://ann:hunter2%40@mail.example.com:465?tls=required").unwrap(),
            "smtps://ann:***@mail.example.com:465"
        );
        for text in [
            "smtp://u:hunter2/x@h",
            "smtp://u:12/hunter2@h",
            "smtp://u:12?hunter2@h",
            "smtp://u:p@hunter2@h",
            "http://u:hunter2@h",
            "smtp://",
            "hunter2",
        ] {
            let problem = shown(text).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn the_base_url_is_normal() {
        assert_eq!(base_url("https://app.example.com/").unwrap(), "https://app.example.com");
        assert_eq!(base_url("https://example.com/app/").unwrap(), "https://example.com/app");
        for text in
            ["example.com", "ftp://example.com", "https://u:p@example.com", "https://e.com/?a"]
        {
            assert!(base_url(text).is_err(), "{text}");
        }
    }
}
