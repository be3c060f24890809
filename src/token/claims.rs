//! What an access token says.

use crate::model::{
    id::{Id, SessionId, TenantId, UserId},
    role::Role,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The claims of an access token, decoded once into values that cannot be wrong.
///
/// A claim that this type does not know is refused. A new one is therefore optional, and is
/// accepted one release before it is issued, so that two releases can run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessClaims {
    /// One text; a list is refused.
    pub iss: String,
    #[serde(with = "id")]
    pub sub: UserId,
    /// One text; a list is refused.
    pub aud: String,
    pub iat: u64,
    pub exp: u64,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    pub jti: String,
    #[serde(with = "id")]
    pub sid: SessionId,
    #[serde(with = "id")]
    pub tenant_id: TenantId,
    pub tenant_slug: String,
    #[serde(with = "role")]
    pub role: Role,
    pub email_verified: bool,
    /// Version of the membership that the token was made from.
    pub mver: i64,
}

/// A claim that may be left out, but not be null.
fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
    u64::deserialize(input).map(Some)
}

mod id {
    use super::{Deserialize, Deserializer, Id, Serializer};
    use serde::de::Error as _;

    pub fn serialize<I: Id, S: Serializer>(id: &I, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(id)
    }

    pub fn deserialize<'de, I: Id, D: Deserializer<'de>>(input: D) -> Result<I, D::Error> {
        let text = String::deserialize(input)?;
        I::parse("id", &text)
            .ok()
            .filter(|id| id.to_string() == text)
            .ok_or_else(|| D::Error::custom("not a UUID in canonical form"))
    }
}

mod role {
    use super::{Deserialize, Deserializer, Role, Serializer};
    use serde::de::Error as _;

    // serde passes a reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub fn serialize<S: Serializer>(role: &Role, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(role.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Role, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}
