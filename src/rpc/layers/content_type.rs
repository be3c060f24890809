//! Lets in gRPC alone: POST, `application/grpc`, and the exact path of a method.

use super::{Answer, Request, RequestInfo, Response, Rpc, Step, refuse, refused};
use crate::{
    model::{Error, Reason},
    rpc::status,
};
use http::{HeaderValue, Method, StatusCode, header};

#[derive(Clone)]
pub(super) struct ContentType;

impl Step for ContentType {
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer {
        let Some(info) = RequestInfo::of(&request) else { return Box::pin(next.call(request)) };
        match object(&request, &info) {
            Some(response) => refused(response),
            None => Box::pin(next.call(request)),
        }
    }
}

fn object(request: &Request, info: &RequestInfo) -> Option<Response> {
    if request.method() != Method::POST {
        let error = Error::new(Reason::MetadataInvalid, "Only POST is accepted.");
        let mut response = refuse(&error.with("key", ":method"), info);
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return Some(response);
    }
    if !request.headers().get(header::CONTENT_TYPE).is_some_and(is_grpc) {
        let text = "The content type must be application/grpc.";
        let error = Error::new(Reason::MetadataInvalid, text).with("key", "content-type");
        let mut response = refuse(&error, info);
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Some(response);
    }
    // Routing ignores a query, so a path with one must not pass as the path without.
    (request.uri().query().is_some() || info.known.is_none())
        .then(|| status::unimplemented().into_http())
}

fn is_grpc(content_type: &HeaderValue) -> bool {
    let bytes = content_type.as_bytes();
    let essence = bytes.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    [&b"application/grpc"[..], b"application/grpc+proto"]
        .iter()
        .any(|accepted| essence.eq_ignore_ascii_case(accepted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_grpc_with_protobuf_is_accepted() {
        let accepted = ["application/grpc", "application/grpc+proto", "Application/gRPC; a=b"];
        let refused = ["application/grpc-web", "application/grpc+json", "application/json", ""];
        assert!(accepted.iter().all(|text| is_grpc(&HeaderValue::from_static(text))));
        assert!(!refused.iter().any(|text| is_grpc(&HeaderValue::from_static(text))));
    }
}
