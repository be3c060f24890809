//! A panic in a call becomes INTERNAL, instead of a reset stream that looks like a cancellation.

use super::{Answer, Request, RequestInfo, Rpc, Step, next_frame, refuse, tap, trailers};
use crate::model::Error;
use futures_util::FutureExt as _;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
};

#[derive(Clone)]
pub(super) struct Panic;

impl Step for Panic {
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer {
        let Some(info) = RequestInfo::of(&request) else { return Box::pin(next.call(request)) };
        let answer = catch_unwind(AssertUnwindSafe(|| next.call(request)));
        Box::pin(async move {
            let caught = match answer {
                Ok(answer) => AssertUnwindSafe(answer).catch_unwind().await,
                Err(panic) => Err(panic),
            };
            match caught {
                Ok(Ok(response)) if info.streams_answer() => {
                    Ok(response.map(|body| guard(body, info)))
                }
                Ok(answer) => answer,
                Err(panic) => Ok(refuse(&report(panic.as_ref(), &info), &info)),
            }
        })
    }
}

fn guard(body: tonic::body::Body, info: Arc<RequestInfo>) -> tonic::body::Body {
    let mut ended = false;
    tap(body, move |body, cx| {
        if ended {
            return Poll::Ready(None);
        }
        catch_unwind(AssertUnwindSafe(|| next_frame(body, cx))).unwrap_or_else(|panic| {
            ended = true;
            Poll::Ready(Some(Ok(trailers(&report(panic.as_ref(), &info), &info))))
        })
    })
}

fn report(panic: &(dyn Any + Send), info: &RequestInfo) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("no text");
    tracing::error!(request_id = info.request_id, method = &*info.method, "panic: {text}");
    Error::internal(text)
}
