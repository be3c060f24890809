//! Page tokens: a position in a list, tied to the list it was made for.

use super::{keyring::Keyring, mac::MacPurpose};
use crate::model::{
    clock::Instant,
    error::FieldViolation,
    id::{Id as _, TenantId},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::time::Duration;

const LIFETIME: Duration = Duration::from_hours(24);
const MAX_TEXT: usize = 4_096;
const EXPIRE_LEN: usize = 8;
const TAG_LEN: usize = 32;

/// The list that a page token continues; a token of any other list is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageBinding {
    /// Name of the RPC.
    pub rpc: &'static str,
    /// The granted scope; `None` is the platform.
    pub tenant: Option<TenantId>,
    /// Whatever else selects the rows, in one canonical text.
    pub filter: String,
}

impl Keyring {
    /// The token of the page that follows `position`. The position is authenticated, not hidden:
    /// it must hold nothing that the caller has not been shown.
    pub fn page_token(&self, binding: &PageBinding, position: &[u8], now: Instant) -> String {
        let expire = (now + LIFETIME).as_micros().to_be_bytes();
        let (kid, tag) = self.tag(MacPurpose::PageToken, &message(binding, expire, position));
        let body = [expire.as_slice(), &tag, position].concat();
        format!("{kid}.{}", URL_SAFE_NO_PAD.encode(body))
    }

    /// The position inside a token of the same list; nothing for the first page, an empty text.
    pub fn open_page_token(
        &self,
        binding: &PageBinding,
        text: &str,
        now: Instant,
    ) -> Result<Option<Vec<u8>>, FieldViolation> {
        if text.is_empty() {
            return Ok(None);
        }
        self.open_position(binding, text, now).map(Some).ok_or_else(|| {
            FieldViolation::new(
                "page_token",
                "PAGE_TOKEN_INVALID",
                "must be the token of the page before, with the same request otherwise, \
                 at most a day old; leave it out to start again",
            )
        })
    }

    fn open_position(&self, binding: &PageBinding, text: &str, now: Instant) -> Option<Vec<u8>> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let (kid, body) = text.split_once('.')?;
        let body = URL_SAFE_NO_PAD.decode(body).ok()?;
        let (expire, rest) = body.split_first_chunk::<EXPIRE_LEN>()?;
        let (tag, position) = rest.split_first_chunk::<TAG_LEN>()?;
        let genuine =
            self.check(MacPurpose::PageToken, kid, &message(binding, *expire, position), tag);
        let live = now < Instant::from_micros(i64::from_be_bytes(*expire));
        (genuine && live).then(|| position.to_vec())
    }
}

/// What the MAC covers; every part of variable length is preceded by its length.
fn message(binding: &PageBinding, expire: [u8; EXPIRE_LEN], position: &[u8]) -> Vec<u8> {
    let mut message = expire.to_vec();
    let tenant = binding.tenant.map(|tenant| *tenant.as_uuid().as_bytes());
    let tenant = tenant.as_ref().map_or([].as_slice(), |bytes| bytes.as_slice());
    for part in [binding.rpc.as_bytes(), tenant, binding.filter.as_bytes(), position] {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::fixture::{NOW, ring};

    fn binding() -> PageBinding {
        let tenant = Some(TenantId::from_uuid(uuid::Uuid::from_u128(1)));
        PageBinding { rpc: "reeve.x.v1.X/List", tenant, filter: "role=owner".into() }
    }

    #[test]
    fn a_token_continues_its_own_list_for_a_day() {
        let ring = ring();
        let token = ring.page_token(&binding(), b"position", NOW);
        let open = |binding: &PageBinding, now| ring.open_page_token(binding, &token, now);
        assert_eq!(open(&binding(), NOW).unwrap().unwrap(), b"position");
        assert_eq!(ring.open_page_token(&binding(), "", NOW), Ok(None));
        assert!(open(&binding(), NOW + LIFETIME - Duration::from_micros(1)).is_ok());
        assert!(open(&binding(), NOW + LIFETIME).is_err());
        let other = TenantId::from_uuid(uuid::Uuid::from_u128(2));
        for wrong in [
            PageBinding { rpc: "reeve.x.v1.X/Lis", ..binding() },
            PageBinding { tenant: None, ..binding() },
            PageBinding { tenant: Some(other), ..binding() },
            PageBinding { filter: String::new(), ..binding() },
        ] {
            assert_eq!(open(&wrong, NOW).unwrap_err().reason, "PAGE_TOKEN_INVALID");
        }
    }

    // G-49, R-TEN-9
    #[test]
    fn every_changed_byte_is_refused() {
        let ring = ring();
        let token = ring.page_token(&binding(), b"position", NOW);
        let mut tried = 0;
        for i in 0..token.len() {
            assert!(i == 0 || ring.open_page_token(&binding(), &token[..i], NOW).is_err());
            for byte in 0x20..0x7f {
                let mut bytes = token.clone().into_bytes();
                if std::mem::replace(&mut bytes[i], byte) != byte {
                    let text = String::from_utf8(bytes).unwrap();
                    assert!(ring.open_page_token(&binding(), &text, NOW).is_err(), "{i} {text}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 5_000);
    }

    #[test]
    fn other_texts_are_refused() {
        let ring = ring();
        let session = crate::model::id::SessionId::from_uuid(uuid::Uuid::from_u128(1));
        let refresh = ring.refresh_token(session, 0, None).0;
        let long = format!("{}{}", ring.page_token(&binding(), b"", NOW), "A".repeat(MAX_TEXT));
        for text in [".", "a.b", &refresh, &long, &ring.page_token.active.kid, "\u{feff}"] {
            assert!(ring.open_page_token(&binding(), text, NOW).is_err());
        }
    }
}
