//! From a mail to its text and its message; pure.

use super::SendError;
use crate::model::{clock::Instant, id::MailId, mail::Mail, text::is_unprintable};
use lettre::{
    Address, Message,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0},
    },
};
use std::time::{Duration, SystemTime};

const NAME_MAX: usize = 100;
/// A line of a message may hold 998 bytes (RFC 5322, section 2.1.1).
const LINK_MAX: usize = 900;
const WIDTH: usize = 72;
/// The end of the year 9999, which a `Date` header cannot pass.
const LAST_SECOND: i64 = 253_402_300_799;

/// The sender when none is configured.
pub fn default_from() -> Result<Mailbox, String> {
    let address = Address::new("no-reply", "localhost").map_err(|error| error.to_string())?;
    Ok(Mailbox::new(Some("Reeve".to_owned()), address))
}

/// What a person reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    pub subject: String,
    /// Lines end in LF; each link stands whole on a line of its own.
    pub body: String,
}

/// How the body travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// 7bit, or 8bit when the text is not ASCII: links stay whole in the source.
    AsWritten,
    /// ASCII alone, for a relay that does not take 8bit.
    Ascii,
}

/// The subject and the body.
pub fn text(mail: &Mail) -> Result<Text, SendError> {
    match mail {
        Mail::SignUpProof { tenant, link, expire_time, .. } => {
            let tenant = shown_name(tenant);
            Ok(Text {
                subject: format!("Finish signing up to {tenant}"),
                body: paragraphs(&[
                    "Hello,",
                    &format!(
                        "somebody, probably you, asked to sign up to \"{tenant}\" with this e-mail \
                         address. To finish, open this link:"
                    ),
                    checked_link(link)?,
                    &format!("The link expires at {}.", shown_time(expire_time)),
                    "If this was not you, ignore it: nothing happens unless the link is opened.",
                ]),
            })
        }
        Mail::Invitation { tenant, inviter, link, expire_time, .. } => {
            let tenant = shown_name(tenant);
            let inviter = inviter.as_deref().map(safe_line).filter(|name| !name.is_empty());
            let inviter = inviter.unwrap_or_else(|| "Somebody".to_owned());
            Ok(Text {
                subject: format!("You are invited to {tenant}"),
                body: paragraphs(&[
                    "Hello,",
                    &format!(
                        "{inviter} invites you to join \"{tenant}\". To answer, open this link:"
                    ),
                    checked_link(link)?,
                    &format!(
                        "The link expires at {}. It is for you alone: pass it on to nobody.",
                        shown_time(expire_time)
                    ),
                    "If you do not want to join, ignore it: nothing happens unless you accept.",
                ]),
            })
        }
        Mail::AccountExists { sign_in_url, invited_to, .. } => {
            account_exists(sign_in_url, invited_to.as_deref())
        }
    }
}

fn account_exists(sign_in_url: &str, invited_to: Option<&str>) -> Result<Text, SendError> {
    let next = invited_to.map_or_else(
        || "Sign in here:".to_owned(),
        |tenant| format!("To accept the invitation to \"{}\", sign in here:", shown_name(tenant)),
    );
    Ok(Text {
        subject: "You already have an account".to_owned(),
        body: paragraphs(&[
            "Hello,",
            &format!(
                "somebody, probably you, asked to sign up with this e-mail address, but you \
                 already have an account. {next}"
            ),
            checked_link(sign_in_url)?,
            "If this was not you, ignore it: nothing has changed.",
        ]),
    })
}

/// The whole message. The same mail has the same `Message-ID` however often it is rendered.
pub fn message(
    id: MailId,
    mail: &Mail,
    from: &Mailbox,
    now: Instant,
    wire: Wire,
) -> Result<Message, SendError> {
    let Text { subject, body } = text(mail)?;
    let to =
        mail.recipient().parse::<Address>().ok().filter(|to| AsRef::<str>::as_ref(to).is_ascii());
    let to = to.ok_or_else(|| SendError::permanent("the recipient is not an address"))?;
    let seconds = u64::try_from(now.as_seconds().clamp(0, LAST_SECOND)).unwrap_or_default();
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .body(encode(&body, wire)?)
        .map_err(|_| SendError::permanent("the message could not be built"))
}

fn encode(body: &str, wire: Wire) -> Result<Body, SendError> {
    use ContentTransferEncoding::{EightBit, QuotedPrintable, SevenBit};
    // lettre's own choice is quoted-printable from 77 bytes a line, which would fold the link;
    // paragraphs() keeps every line far below what 7bit and 8bit allow.
    let crlf = || body.replace('\n', "\r\n").into_bytes();
    match wire {
        _ if body.is_ascii() => Ok(Body::dangerous_pre_encoded(crlf(), SevenBit)),
        Wire::AsWritten => Ok(Body::dangerous_pre_encoded(crlf(), EightBit)),
        Wire::Ascii => Body::new_with_encoding(body.to_owned(), QuotedPrintable)
            .map_err(|_| SendError::permanent("the message could not be encoded")),
    }
}

/// A tenant's name as one short line.
fn shown_name(name: &str) -> String {
    let shown = safe_line(name);
    if shown.is_empty() { "an organisation".to_owned() } else { shown }
}

/// What people chose to be called, as one short line that no mail program turns into a link.
fn safe_line(name: &str) -> String {
    let name = one_line(name).replace("//", " ").replace('"', "'");
    let mut shown = String::new();
    let mut chars = name.chars().take(NAME_MAX).peekable();
    while let Some(c) = chars.next() {
        shown.push(c);
        let dot = matches!(c, '.' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}');
        if dot && chars.peek().is_some_and(|next| next.is_alphanumeric()) {
            shown.push(' ');
        }
    }
    one_line(&shown)
}

fn shown_time(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => one_line(time).chars().take(40).collect(),
    }
}

/// Without control and format characters, and with single spaces.
fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_unprintable(*c))
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn checked_link(link: &str) -> Result<&str, SendError> {
    let web = link.starts_with("https://") || link.starts_with("http://");
    if web && link.len() <= LINK_MAX && link.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(link)
    } else {
        Err(SendError::permanent("the link is not a short http or https URL"))
    }
}

/// Wraps each paragraph at spaces; a word longer than the width, such as a link, stays whole.
fn paragraphs(parts: &[&str]) -> String {
    let mut body = String::new();
    for part in parts {
        if !body.is_empty() {
            body.push('\n');
        }
        let mut width = 0;
        for word in part.split(' ') {
            let length = word.chars().count();
            if width > 0 && width + 1 + length > WIDTH {
                body.push('\n');
                width = 0;
            } else if width > 0 {
                body.push(' ');
                width += 1;
            }
            body.push_str(word);
            width += length;
        }
        body.push('\n');
    }
    body
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
