//! A method that takes one message is given one; tonic would ignore a second.

use super::{Answer, Request, RequestInfo, Rpc, Step, next_frame, tap};
use crate::rpc::status;
use std::task::Poll;

#[derive(Clone)]
pub(super) struct OneMessage;

/// Where in the length-prefixed message the body is.
#[derive(Default)]
struct Progress {
    prefix: [u8; 5],
    read: usize,
    left: usize,
}

impl Progress {
    /// Takes the next bytes; false if they begin a second message.
    fn take(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((first, rest)) = bytes.split_first() {
            if let Some(slot) = self.prefix.get_mut(self.read) {
                *slot = *first;
                self.read += 1;
                bytes = rest;
                if self.read == self.prefix.len() {
                    let [_, a, b, c, d] = self.prefix;
                    self.left =
                        usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                }
            } else if bytes.len() <= self.left {
                self.left -= bytes.len();
                return true;
            } else {
                return false;
            }
        }
        true
    }
}

impl Step for OneMessage {
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer {
        if RequestInfo::of(&request).is_some_and(|info| info.streams_request()) {
            return Box::pin(next.call(request));
        }
        let mut progress = Progress::default();
        let request = request.map(|body| {
            tap(body, move |body, cx| match next_frame(body, cx) {
                Poll::Ready(Some(Ok(frame)))
                    if frame.data_ref().is_some_and(|data| !progress.take(data)) =>
                {
                    Poll::Ready(Some(Err(status::unimplemented())))
                }
                other => other,
            })
        });
        Box::pin(next.call(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_message_is_seen_however_the_bytes_are_cut() {
        let one = [0, 0, 0, 0, 3, 1, 2, 3];
        let two = [&one[..], &[0, 0, 0, 0, 0]].concat();
        for size in 1..=two.len() {
            let mut progress = Progress::default();
            assert!(one.chunks(size).all(|bytes| progress.take(bytes)));
            let mut progress = Progress::default();
            assert!(!two.chunks(size).all(|bytes| progress.take(bytes)), "{size}");
        }
        let empty = [0; 5];
        assert!(Progress::default().take(&empty));
        assert!(!Progress::default().take(&[0; 6]));
    }
}
