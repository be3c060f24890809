//! The public keys, for services that check tokens themselves.

use super::keyring::Keyring;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

/// A public key (RFC 7517, RFC 8037). Has no member that could hold a private one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    pub kty: &'static str,
    pub crv: &'static str,
    pub x: String,
    pub kid: String,
    #[serde(rename = "use")]
    pub use_: &'static str,
    pub alg: &'static str,
}

impl Keyring {
    /// The signing keys: active, next, retired. Empty when tokens are signed with a secret.
    pub fn jwks(&self) -> Vec<Jwk> {
        self.signing
            .iter()
            .filter_map(|named| {
                Some(Jwk {
                    kty: "OKP",
                    crv: "Ed25519",
                    x: URL_SAFE_NO_PAD.encode(named.key.public.as_ref()?),
                    kid: named.kid.clone(),
                    use_: "sig",
                    alg: named.key.algorithm_name(),
                })
            })
            .collect()
    }

    /// The JWK set as JSON.
    pub fn jwks_json(&self) -> String {
        serde_json::json!({ "keys": self.jwks() }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use crate::token::fixture::{rotated_rings, secret_ring};
    use std::collections::BTreeSet;

    // TK-60
    #[test]
    fn the_set_holds_public_members_and_unique_kids() {
        let (_, ring) = rotated_rings();
        let set: serde_json::Value = serde_json::from_str(&ring.jwks_json()).unwrap();
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        for key in keys {
            let members = key.as_object().unwrap().keys().map(String::as_str);
            let known = BTreeSet::from(["kty", "crv", "x", "kid", "use", "alg"]);
            assert_eq!(members.collect::<BTreeSet<_>>(), known);
        }
        assert_ne!(keys[0]["kid"], keys[1]["kid"]);
        assert_eq!(keys[0]["kid"], ring.signing.active.kid.as_str());
        let read: jsonwebtoken::jwk::JwkSet = serde_json::from_value(set).unwrap();
        assert!(jsonwebtoken::DecodingKey::from_jwk(&read.keys[0]).is_ok());
    }

    #[test]
    fn a_secret_is_never_published() {
        assert_eq!(secret_ring().jwks_json(), r#"{"keys":[]}"#);
    }
}
