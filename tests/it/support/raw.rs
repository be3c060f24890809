//! Calls that no generated client makes: any path, any headers, any bytes.

use super::Server;
use bytes::{Buf as _, BufMut as _, Bytes};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::{
    Request, Response, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataValue,
};

/// One HTTP/2 connection.
#[derive(Clone)]
pub struct Raw(SendRequest<Full<Bytes>>);

pub struct Reply {
    pub http: u16,
    pub headers: http::HeaderMap,
    /// From the trailers, or from the headers of a trailers-only answer.
    pub status: Option<Status>,
}

impl Reply {
    /// The code and the reason of a refusal.
    pub fn refusal(&self) -> (tonic::Code, String) {
        let status = self.status.as_ref().expect("the answer has no status");
        (status.code(), super::reason(status))
    }

    pub fn request_id(&self) -> &str {
        self.headers.get("x-request-id").unwrap().to_str().unwrap()
    }
}

impl Raw {
    pub async fn send(&self, request: http::request::Builder, body: &[u8]) -> Reply {
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).unwrap();
        let response = self.0.clone().send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().unwrap_or(&parts.headers);
        let status = Status::from_header_map(trailers);
        Reply { http: parts.status.as_u16(), headers: parts.headers, status }
    }

    /// A well-formed call.
    pub async fn call(&self, path: &str, message: &impl prost::Message) -> Reply {
        self.send(post(path), &framed(&message.encode_to_vec())).await
    }
}

impl Server {
    pub async fn raw(&self) -> Raw {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        Raw(send)
    }

    /// An empty message to a method by its name, `package.Service/Method`.
    pub async fn call_by_name(&self, name: &str, authorization: &[&str]) -> Result<Bytes, Status> {
        let metadata: Vec<_> =
            authorization.iter().map(|value| ("authorization", *value)).collect();
        let answer = self.call_with(name, &metadata, Bytes::new()).await?;
        Ok(answer.into_inner())
    }

    /// A message, as it is on the wire, to a method by its name.
    pub async fn call_with(
        &self,
        name: &str,
        metadata: &[(&'static str, &str)],
        message: Bytes,
    ) -> Result<Response<Bytes>, Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let mut request = Request::new(message);
        for (key, value) in metadata {
            let value = MetadataValue::try_from(*value).unwrap();
            request.metadata_mut().append(*key, value);
        }
        let path = format!("/{name}").parse().unwrap();
        grpc.unary(request, path, AsBytes).await
    }
}

pub fn post(path: &str) -> http::request::Builder {
    http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

/// A message behind its length.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat()
}

/// Messages as they are on the wire.
#[derive(Clone, Copy)]
struct AsBytes;

impl Codec for AsBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }
    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
