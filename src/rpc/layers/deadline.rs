//! Ends a call at its deadline, and at the end of the grace, with a status that says which.

use super::{
    Answer, LayerSettings, Request, RequestInfo, Rpc, Step, Stop, next_frame, refuse, refused, tap,
    trailers,
};
use crate::model::{Error, Reason};
use http::HeaderMap;
use std::{
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

const HEADER: &str = "grpc-timeout";

/// A streaming answer has only to begin in time; its caller's own deadline also ends it.
#[derive(Clone)]
pub(super) struct Deadline {
    longest: Duration,
    stop: Stop,
}

impl Deadline {
    pub(super) fn new(settings: &LayerSettings) -> Self {
        Self { longest: settings.request_timeout, stop: settings.stop.clone() }
    }
}

impl Step for Deadline {
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer {
        let Some(info) = RequestInfo::of(&request) else { return Box::pin(next.call(request)) };
        let granted = match info.timeout {
            Ok(Some(Duration::ZERO)) => return refused(refuse(&expired(), &info)),
            Ok(granted) => granted,
            Err(()) => return refused(refuse(&unreadable(), &info)),
        };
        let until = granted.map(|span| info.started + span);
        let default = info.started + self.longest;
        let begin = match until {
            until if info.streams_request() => until,
            until => Some(until.map_or(default, |until| until.min(default))),
        };
        let stop = self.stop.clone();
        let request = if info.is_infrastructure() && info.streams_request() {
            request.map(|body| until_closing(body, stop.closing.clone()))
        } else {
            request
        };
        let answer = next.call(request);
        Box::pin(async move {
            let response = tokio::select! {
                biased;
                Ok(response) = answer => response,
                error = end(begin, stop.cut.clone()) => return Ok(refuse(&error, &info)),
            };
            if !info.streams_answer() {
                return Ok(response);
            }
            Ok(response.map(|body| bound(body, Box::pin(end(until, stop.cut)), info)))
        })
    }
}

type End = Pin<Box<dyn Future<Output = Error> + Send>>;

fn bound(body: Body, mut end: End, info: Arc<RequestInfo>) -> Body {
    let mut ended = false;
    tap(body, move |body, cx| {
        if ended {
            return Poll::Ready(None);
        }
        let frame = next_frame(body, cx);
        if frame.is_pending()
            && let Poll::Ready(error) = end.as_mut().poll(cx)
        {
            ended = true;
            *body = Body::empty();
            return Poll::Ready(Some(Ok(trailers(&error, &info))));
        }
        frame
    })
}

/// Ends the questions to reflection, which have no end of their own, and so their answers.
fn until_closing(body: Body, closing: CancellationToken) -> Body {
    let mut closed = Box::pin(closing.cancelled_owned());
    tap(body, move |body, cx| {
        if closed.as_mut().poll(cx).is_ready() { Poll::Ready(None) } else { next_frame(body, cx) }
    })
}

async fn end(deadline: Option<Instant>, stop: CancellationToken) -> Error {
    let timer = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = timer => expired(),
        () = stop.cancelled() => {
            Error::new(Reason::ShuttingDown, "This server is stopping. Try another one.")
        }
    }
}

fn expired() -> Error {
    Error::new(Reason::DeadlineExceeded, "The deadline has passed.")
}

fn unreadable() -> Error {
    Error::new(Reason::MetadataInvalid, "grpc-timeout must be 1 to 8 digits and one of HMSmun.")
        .with("key", HEADER)
}

/// The time that the caller grants, less a margin in which the answer can still reach them.
pub(super) fn client_timeout(headers: &HeaderMap) -> Result<Option<Duration>, ()> {
    let mut given = headers.get_all(HEADER).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let span = parse(value.as_bytes()).ok_or(())?;
            let margin = (span / 10).clamp(Duration::from_millis(2), Duration::from_millis(20));
            Ok(Some(span.saturating_sub(margin)))
        }
        (Some(_), Some(_)) => Err(()),
    }
}

fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !matches!(digits.len(), 1..=8) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_hours(count)),
        b'M' => Some(Duration::from_mins(count)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_as_the_protocol_defines_it() {
        assert_eq!(parse(b"99999999H"), Some(Duration::from_hours(99_999_999)));
        assert_eq!(parse(b"1M"), Some(Duration::from_mins(1)));
        assert_eq!(parse(b"13m"), Some(Duration::from_millis(13)));
        assert_eq!(parse(b"0n"), Some(Duration::ZERO));
        for wrong in [&b""[..], b"S", b"1", b"+1S", b"-1S", b" 1S", b"1.5S", b"123456789S", b"1s"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_answer_keeps_a_margin_and_two_timeouts_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(client_timeout(&headers), Ok(None));
        headers.insert(HEADER, "1S".parse().unwrap());
        assert_eq!(client_timeout(&headers), Ok(Some(Duration::from_millis(980))));
        headers.append(HEADER, "1S".parse().unwrap());
        assert_eq!(client_timeout(&headers), Err(()));
        headers.insert(HEADER, "2m".parse().unwrap());
        assert_eq!(client_timeout(&headers), Ok(Some(Duration::ZERO)));
    }
}
