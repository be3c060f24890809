//! A panic in a call becomes INTERNAL, instead of a reset stream that looks like a cancellation.

use super::{Answer, Request, RequestInfo, Rpc, Step, next_frame, refuse, tap, trailers};
use crate::model::Error;
use futures_util::FutureExt as _;
use std::{
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
                Err(_) => Ok(refuse(&report(&info), &info)),
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
        catch_unwind(AssertUnwindSafe(|| next_frame(body, cx))).unwrap_or_else(|_| {
            ended = true;
            Poll::Ready(Some(Ok(trailers(&report(&info), &info))))
        })
    })
}

/// What a panic says can quote anything, so only the place in the log of the panic hook tells it.
fn report(info: &RequestInfo) -> Error {
    tracing::error!(request_id = info.request_id, method = &*info.method, "a call panicked");
    Error::internal("a call panicked")
}
