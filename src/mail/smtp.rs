//! Mail to a relay over SMTP.
//!
//! One connection a mail: a connection dropped by the deadline in the middle of a command must
//! never be used again. Keep lettre's `tracing` feature off; it logs whole mails and credentials.

use super::{
    SendError,
    render::{self, Wire},
};
use crate::model::{clock::Instant, id::MailId, mail::Mail};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, message::Mailbox,
    transport::smtp::Error,
};
use secrecy::{ExposeSecret, SecretString};
use std::{net::IpAddr, time::Duration};
use url::{Host, Url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For everything from the connection to the relay's last word.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

type Client = AsyncSmtpTransport<Tokio1Executor>;

/// The address of a relay, checked; secret, because it may hold a password.
#[derive(Clone)]
pub struct SmtpUrl(SecretString);

impl SmtpUrl {
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text)
            .map_err(|_| "is not a URL; write @ : / # % in a password as %40 %3A %2F %23 %25")?;
        let host = match url.host() {
            Some(Host::Domain(host)) if !host.is_empty() => host,
            Some(Host::Ipv6(_)) => return Err("must name its host, not by IPv6 address".into()),
            _ => return Err("must name its host".into()),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("must have no path; write / # in a password as %2F %23".into());
        }
        let query: Vec<_> = url.query_pairs().collect();
        let tls = match (url.scheme(), query.as_slice()) {
            ("smtp" | "smtps", []) => url.scheme(),
            ("smtp", [(key, mode)]) if key == "tls" && mode == "required" => "required",
            ("smtp", [(key, mode)]) if key == "tls" && mode == "opportunistic" => "opportunistic",
            ("smtps", _) => return Err("smtps:// takes no options".into()),
            _ => return Err("takes no option but tls=required or tls=opportunistic".into()),
        };
        if url.username().is_empty() != url.password().is_none_or(str::is_empty) {
            return Err("must have both a user and a password, or neither".into());
        }
        let near = host == "localhost"
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !url.username().is_empty() && !near && !matches!(tls, "smtps" | "required") {
            return Err("sends a password: use smtps:// or ?tls=required".into());
        }
        let parsed = Self(text.into());
        parsed.client()?;
        Ok(parsed)
    }

    fn client(&self) -> Result<Client, String> {
        // The cause is left out: it may quote the URL.
        let builder = Client::from_url(self.0.expose_secret())
            .map_err(|_| "is not usable; check the host and the escapes in the password")?;
        Ok(builder.timeout(Some(CONNECT_TIMEOUT)).build())
    }
}

/// A relay.
pub struct Smtp {
    client: Client,
    pub(super) from: Mailbox,
}

impl Smtp {
    pub fn new(url: &SmtpUrl, from: Mailbox) -> Result<Self, String> {
        Ok(Self { client: url.client()?, from })
    }

    pub(super) async fn send(
        &self,
        id: MailId,
        mail: &Mail,
        now: Instant,
    ) -> Result<(), SendError> {
        let render = |wire| render::message(id, mail, &self.from, now, wire);
        let message = render(Wire::AsWritten)?;
        let plain = message.formatted().is_ascii();
        let attempt = async {
            match self.client.send(message).await {
                // Most likely the relay takes no 8bit; any other cause shows again.
                Err(error) if error.is_client() && !plain => self.again(render(Wire::Ascii)?).await,
                sent => sent.map(drop).map_err(|error| classify(&error)),
            }
        };
        tokio::time::timeout(SEND_TIMEOUT, attempt)
            .await
            .unwrap_or_else(|_| Err(SendError::transient("the relay did not answer in time")))
    }

    async fn again(&self, message: Message) -> Result<(), SendError> {
        self.client.send(message).await.map(drop).map_err(|error| classify(&error))
    }
}

/// Keeps the reply code and drops the relay's words, which often quote the address.
fn classify(error: &Error) -> SendError {
    if let Some(code) = error.status() {
        let code = u16::from(code);
        // A refused sign-in is this service's fault and can be mended: the mail must wait.
        let sign_in = matches!(code, 530 | 534 | 535 | 538);
        return SendError {
            permanent: error.is_permanent() && !sign_in,
            why: format!("the relay answered {code}"),
        };
    }
    SendError::transient(if error.is_timeout() {
        "the relay did not answer in time"
    } else if error.is_tls() {
        "no TLS with the relay"
    } else if error.is_response() {
        "the relay's answer was not understood"
    } else if error.is_client() {
        "the relay lacks STARTTLS, a sign-in method or another needed extension"
    } else {
        "the relay cannot be reached"
    })
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
