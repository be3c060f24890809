//! Error details on every answer, those of tonic itself included.

use super::{Answer, Request, RequestInfo, Rpc, Step, next_frame, tap};
use crate::rpc::status;
use http::HeaderMap;
use http_body::Frame;
use std::task::Poll;

#[derive(Clone)]
pub(super) struct Details;

impl Step for Details {
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer {
        let Some(info) = RequestInfo::of(&request) else { return Box::pin(next.call(request)) };
        let answer = next.call(request);
        let adopt = move |headers: &mut HeaderMap| {
            if let Some(reason) = status::adopt(headers, &info.request_id) {
                info.outcome.set_reason(reason);
            }
        };
        Box::pin(async move {
            let Ok(mut response) = answer.await;
            adopt(response.headers_mut());
            Ok(response.map(|body| {
                tap(body, move |body, cx| match next_frame(body, cx) {
                    Poll::Ready(Some(Ok(frame))) => {
                        let adopted = frame.into_trailers().map(|mut trailers| {
                            adopt(&mut trailers);
                            Frame::trailers(trailers)
                        });
                        Poll::Ready(Some(Ok(adopted.unwrap_or_else(|data| data))))
                    }
                    other => other,
                })
            }))
        })
    }
}
