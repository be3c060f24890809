//! One line for each call, when its answer is complete.

use super::{Answer, Request, RequestInfo, Rpc, Step, next_frame, tap};
use crate::rpc::status::code_name;
use http::HeaderMap;
use std::{sync::Arc, task::Poll};
use tonic::{Code, Status};

#[derive(Clone)]
pub(super) struct AccessLog;

/// The line to be; written when dropped, so that an abandoned call leaves one too.
struct Line {
    info: Arc<RequestInfo>,
    code: Option<Code>,
}

macro_rules! write_line {
    ($level:ident, $line:expr) => {{
        let info = &$line.info;
        let code = $line.code.unwrap_or(Code::Cancelled);
        tracing::$level!(
            target: "reeve::access",
            request_id = info.request_id,
            method = &*info.method,
            code = code_name(code),
            reason = info.outcome.reason(),
            tenant_id = info.outcome.tenant_id().map(tracing::field::display),
            duration_ms = u64::try_from(info.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            queries = info.budget.queries(),
        );
    }};
}

impl Line {
    fn read(&mut self, headers: &HeaderMap) {
        if let Some(code) = headers.get(Status::GRPC_STATUS) {
            self.code = Some(Code::from_bytes(code.as_bytes()));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.info.method.starts_with("grpc.health.") {
            write_line!(debug, self);
        } else {
            write_line!(info, self);
        }
    }
}

impl Step for AccessLog {
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer {
        let Some(info) = RequestInfo::of(&request) else { return Box::pin(next.call(request)) };
        let mut line = Line { info, code: None };
        let answer = next.call(request);
        Box::pin(async move {
            let Ok(response) = answer.await;
            line.read(response.headers());
            Ok(response.map(|body| {
                tap(body, move |body, cx| {
                    let frame = next_frame(body, cx);
                    if let Poll::Ready(Some(Ok(frame))) = &frame
                        && let Some(trailers) = frame.trailers_ref()
                    {
                        line.read(trailers);
                    }
                    frame
                })
            }))
        })
    }
}
