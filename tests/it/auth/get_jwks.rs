//! `GetJwks`: the public keys, with which other services check access tokens.

use crate::support::{Backend, Options, Server, claims, ghost};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use reeve::pb::auth::v1::{GetJwksRequest, GetJwksResponse};
use std::collections::BTreeSet;

const CLAIMS: [&str; 12] = [
    "iss",
    "sub",
    "aud",
    "iat",
    "exp",
    "jti",
    "sid",
    "tenant_id",
    "tenant_slug",
    "role",
    "email_verified",
    "mver",
];

async fn jwks(server: &Server) -> GetJwksResponse {
    server.auth().get_jwks(GetJwksRequest {}).await.unwrap().into_inner()
}

fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&["reeve"]);
    validation.set_audience(&["reeve"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.leeway = 0;
    validation
}

/// The names of the claims.
fn names(token: &str) -> BTreeSet<String> {
    claims(token).as_object().unwrap().keys().cloned().collect()
}

on_both! {
    // TK-60, R-TOK-12, and the way in which another service verifies a token by itself.
    async fn the_set_is_public_and_verifies_tokens_offline(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up("ann@acme.com").await;
        let answer = jwks(&server).await;
        let json: serde_json::Value = serde_json::from_str(&answer.jwks_json).unwrap();
        let keys = json["keys"].as_array().unwrap();
        let members = BTreeSet::from(["kty", "crv", "x", "kid", "use", "alg"]);
        for (listed, key) in keys.iter().zip(&answer.keys) {
            let found: BTreeSet<_> = listed.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(found, members);
            assert_eq!((listed["kid"].as_str(), listed["x"].as_str()), (Some(&*key.kid), Some(&*key.x)));
            assert_eq!((&*key.kty, &*key.crv, &*key.r#use, &*key.alg), ("OKP", "Ed25519", "sig", "EdDSA"));
        }
        let kids: BTreeSet<_> = answer.keys.iter().map(|key| &key.kid).collect();
        assert!(!kids.is_empty() && kids.len() == keys.len() && keys.len() == answer.keys.len());

        let header = decode_header(&session.access_token).unwrap();
        assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some("at+jwt")));
        let set: JwkSet = serde_json::from_value(json).unwrap();
        let key = DecodingKey::from_jwk(set.find(&header.kid.unwrap()).unwrap()).unwrap();
        let validation = validation(Algorithm::EdDSA);
        let token =
            decode::<serde_json::Value>(&session.access_token, &key, &validation).unwrap().claims;
        assert_eq!(token["tenant_id"], acme.as_str());
        assert_eq!(token["sub"], session.user.unwrap().id.as_str());
        let mut forged = session.access_token.clone();
        let last = forged.len() - 10;
        let other = if &forged[last..=last] == "A" { "B" } else { "A" };
        forged.replace_range(last..=last, other);
        assert!(decode::<serde_json::Value>(&forged, &key, &validation).is_err());
    }

    // TK-62: exactly what is documented, and one tenant.
    async fn the_claims_are_the_documented_ones(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let session = server.sign_up("ann@acme.com").await;
        let user = session.user.clone().unwrap();
        server.set_role(&user.id, &other, reeve::pb::common::v1::Role::Owner).await;
        let token = server.refresh(&session.refresh_token).await.unwrap().access_token;
        let documented: BTreeSet<_> = CLAIMS.map(str::to_owned).into();
        assert_eq!(names(&token), documented);
        let token = claims(&token);
        assert_eq!((&token["iss"], &token["aud"]), (&"reeve".into(), &"reeve".into()));
        assert_eq!((&token["tenant_id"], &token["tenant_slug"]), (&acme.into(), &"acme".into()));
        assert_eq!((&token["role"], &token["email_verified"]), (&"member".into(), &true.into()));
        let lifetime = token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap();
        assert!((570..=600).contains(&lifetime), "{lifetime}");
        assert!(!token.to_string().contains("ann@"), "no personal data");
        assert!(!token.to_string().contains(&other));
    }

    // With a shared secret there is nothing to publish, and the token is checked with it.
    async fn a_shared_secret_is_not_published(backend: Backend) {
        let secret = format!("{}{}", ghost(), ghost());
        let server =
            Server::start_with(backend, Options(vec![("JWT_SECRET", secret.clone())])).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up("ann@acme.com").await;
        let answer = jwks(&server).await;
        assert_eq!((answer.keys.len(), answer.jwks_json.as_str()), (0, r#"{"keys":[]}"#));
        let key = DecodingKey::from_secret(secret.as_bytes());
        let header = decode_header(&session.access_token).unwrap();
        assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::HS256, Some("at+jwt")));
        decode::<serde_json::Value>(&session.access_token, &key, &validation(Algorithm::HS256)).unwrap();
        server.who_am_i(&session.access_token).await.unwrap();
    }
}
