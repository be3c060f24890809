//! Bounds how many calls run at once in the whole process, and sheds the rest early.

use super::{Answer, LayerSettings, Request, RequestInfo, Rpc, Step, next_frame, refuse, tap};
use crate::model::{Error, Reason};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const RETRY_AFTER: Duration = Duration::from_secs(1);

/// As many calls may wait as may run; health and reflection do neither.
#[derive(Clone)]
pub(super) struct Concurrency {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    patience: Duration,
}

impl Concurrency {
    pub(super) fn new(settings: &LayerSettings) -> Self {
        Self {
            running: Arc::new(Semaphore::new(settings.concurrency_limit)),
            waiting: Arc::new(Semaphore::new(settings.concurrency_limit)),
            patience: settings.queue_wait,
        }
    }

    async fn enter(self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Some(permit);
        }
        let _place = self.waiting.try_acquire().ok()?;
        tokio::time::timeout(self.patience, self.running.acquire_owned()).await.ok()?.ok()
    }
}

impl Step for Concurrency {
    fn call<S: Rpc>(&self, request: Request, next: &mut S) -> Answer {
        let Some(info) = RequestInfo::of(&request) else { return Box::pin(next.call(request)) };
        if info.is_infrastructure() {
            return Box::pin(next.call(request));
        }
        let later = next.clone();
        let mut next = std::mem::replace(next, later);
        let entry = self.clone().enter();
        Box::pin(async move {
            let Some(permit) = entry.await else {
                let error = Error::new(Reason::Overloaded, "Too many calls at once. Try again.");
                return Ok(refuse(&error.retry_after(RETRY_AFTER), &info));
            };
            let Ok(response) = next.call(request).await;
            Ok(response.map(|body| {
                tap(body, move |body, cx| {
                    let _held_until_the_body_ends = &permit;
                    next_frame(body, cx)
                })
            }))
        })
    }
}
