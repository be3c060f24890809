//! A type for each identifier, so that one cannot stand in for another.

use super::{
    clock::Instant,
    error::{FieldViolation, Result},
};
use std::fmt;
use uuid::Uuid;

/// An identifier: a UUID, version 7 when this service makes it.
pub trait Id: Copy + fmt::Display {
    fn from_uuid(uuid: Uuid) -> Self;
    fn as_uuid(&self) -> &Uuid;

    /// A new identifier from the time and ten random bytes.
    fn new_v7(now: Instant, random: &[u8; 10]) -> Self {
        let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or_default();
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }

    /// Parses the form that callers send: a UUID in the usual hyphenated form.
    fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        let canonical = text.len() == 36;
        match Uuid::try_parse(text) {
            Ok(uuid) if canonical => Ok(Self::from_uuid(uuid)),
            _ => Err(FieldViolation::new(field, "UUID_INVALID", "must be a UUID")),
        }
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);
        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            fn as_uuid(&self) -> &Uuid { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    )* };
}

ids! {
    TenantId,
    DomainId,
    UserId,
    PendingSignUpId,
    SessionId,
    ApiKeyId,
    KeyId,
    MailId,
    InvitationId,
    /// What a caller names a request by, so that it can be repeated.
    RequestId,
    /// Whatever a pending sign-up rests on or an event is about.
    SubjectId,
}

impl SubjectId {
    /// The platform, where otherwise a tenant or a person stands: all zeros.
    pub const PLATFORM: Self = Self(Uuid::nil());
}

impl From<UserId> for SubjectId {
    fn from(id: UserId) -> Self {
        Self(id.0)
    }
}
impl From<TenantId> for SubjectId {
    fn from(id: TenantId) -> Self {
        Self(id.0)
    }
}
impl From<DomainId> for SubjectId {
    fn from(id: DomainId) -> Self {
        Self(id.0)
    }
}
impl From<SessionId> for SubjectId {
    fn from(id: SessionId) -> Self {
        Self(id.0)
    }
}
impl From<InvitationId> for SubjectId {
    fn from(id: InvitationId) -> Self {
        Self(id.0)
    }
}
impl From<ApiKeyId> for SubjectId {
    fn from(id: ApiKeyId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn an_id_is_written_in_one_form() {
        let id = UserId::parse("user_id", TEXT).unwrap();
        assert_eq!((id.to_string().as_str(), id.as_uuid().get_version_num()), (TEXT, 7));
        assert_eq!(UserId::parse("user_id", &TEXT.to_uppercase()), Ok(id));
        let simple = TEXT.replace('-', "");
        let urn = format!("urn:uuid:{TEXT}");
        let braced = format!("{{{TEXT}}}");
        let no_hex = TEXT.replace('a', "g");
        for other in ["", "1", &simple, &urn, &braced, &no_hex, &format!("{TEXT} ")] {
            let refused = UserId::parse("user_id", other).unwrap_err();
            assert_eq!((refused.field, refused.reason), ("user_id", "UUID_INVALID"), "{other}");
        }
    }

    // TI-16: the order of making shows, and no next id can be guessed from it.
    #[test]
    fn a_new_id_is_the_millisecond_and_random_bits() {
        let now = Instant::from_micros(1_700_000_000_123_456);
        let id = UserId::new_v7(now, &[0xff; 10]);
        assert_eq!(id.as_uuid().get_version_num(), 7);
        let (seconds, nanos) = id.as_uuid().get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos), (1_700_000_000, 123_000_000));
        assert_ne!(id, UserId::new_v7(now, &[0xfe; 10]));
        let before_the_epoch = UserId::new_v7(Instant::from_micros(-1_000), &[0xff; 10]);
        assert_eq!(before_the_epoch, UserId::new_v7(Instant::from_micros(0), &[0xff; 10]));
    }

    #[test]
    fn a_subject_is_the_id_of_what_it_is() {
        let uuid = Uuid::from_u128(7);
        for subject in [
            SubjectId::from(UserId(uuid)),
            SubjectId::from(TenantId(uuid)),
            SubjectId::from(DomainId(uuid)),
            SubjectId::from(SessionId(uuid)),
            SubjectId::from(InvitationId(uuid)),
            SubjectId::from(ApiKeyId(uuid)),
        ] {
            assert_eq!(subject, SubjectId(uuid));
        }
        assert_eq!(*SubjectId::PLATFORM.as_uuid(), Uuid::nil());
    }
}
