//! Last phase: an answer's body on its way to the client, as it arrives, and what its end says.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use domain::classify::Outcome;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use upstream::ResponseBody;

use super::judge::{Doubt, Failure};
use super::mask::Masker;
use super::plan::Choice;
use super::record::Record;
use crate::clock;
use crate::server::body::CutShort;
use crate::server::in_flight::Entered;

/// How long an upstream may take over the body.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// The whole of it must be there by then.
    Until(Instant),
    /// Nothing may be missing for longer than `limit`; the last came at `since`.
    Idle { limit: Duration, since: Instant },
}

impl Pace {
    /// No pause longer than `limit`, counted from now on.
    pub fn idle(limit: Duration) -> Self {
        Self::Idle { limit, since: Instant::now() }
    }
}

/// What is to be done when the body has ended, one way or another.
pub struct Ending {
    /// The request's page in the log.
    pub record: Record,
    /// The status the client saw.
    pub status: u16,
    /// Who answered.
    pub choice: Arc<Choice>,
    /// The model that went to the provider.
    pub model: Option<Arc<str>>,
    /// `Ok`: the client got what it asked for. `Err`: why it gets the last answer there was.
    pub result: Result<Success, Failure>,
}

/// A success, once it is complete.
pub struct Success {
    /// Whether it proves the key: an answer to a model call does, a public model list does not.
    pub proves_key: bool,
    /// Keys that failed this request before.
    pub doubts: Vec<Doubt>,
}

impl Success {
    /// Tells key and upstream of it.
    pub fn credit(self, choice: &Choice, model: Option<&str>) {
        if self.proves_key {
            choice.service.pool.served(&choice.key, model);
            self.doubts.into_iter().for_each(|doubt| doubt.settle(choice, model));
        }
        if let Some(upstream) = choice.upstream() {
            upstream.health.well(model);
        }
    }
}

/// A response body on its way through.
pub struct Relay {
    held: VecDeque<Frame<Bytes>>,
    rest: Option<ResponseBody>,
    masker: Option<Masker>,
    pace: Pace,
    timer: Option<Pin<Box<Sleep>>>,
    ending: Option<Ending>,
    /// The body has broken off, and the client is about to see it.
    breaking: bool,
    _counted: Entered,
}

impl Relay {
    /// `held` is what has been read of the body, `rest` what is still to come; `counted` keeps the request counted until the end.
    pub fn new(
        held: VecDeque<Frame<Bytes>>,
        rest: Option<ResponseBody>,
        pace: Pace,
        ending: Ending,
        counted: Entered,
    ) -> Self {
        let ending = Some(ending);
        let mut relay =
            Self { held, rest, masker: None, pace, timer: None, ending, breaking: false, _counted: counted };
        if relay.is_end_stream() {
            relay.complete();
        }
        relay
    }

    /// Masks a secret in what passes. The length of the body must not be told beforehand then.
    pub fn masked(mut self, masker: Masker) -> Self {
        self.masker = Some(masker);
        self
    }

    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        if let Some(frame) = self.held.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(body) = &mut self.rest else { return Poll::Ready(None) };
        match Pin::new(body).poll_frame(cx) {
            Poll::Pending => self.poll_pace(cx).map(|why| Some(Err(why))),
            Poll::Ready(frame) => {
                if let Pace::Idle { since, .. } = &mut self.pace {
                    *since = Instant::now();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(|error| format!("the response was cut short: {error}"))))
            }
        }
    }

    /// Nothing is there: for too long? The timer is not touched while frames come; it is set anew when it fires too early.
    fn poll_pace(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        let deadline = match self.pace {
            Pace::Until(deadline) => deadline,
            Pace::Idle { limit, since } => since + limit,
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        while timer.deadline() < deadline {
            ready!(timer.as_mut().poll(cx));
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(match self.pace {
            Pace::Until(_) => "the response was not complete within request_timeout".to_owned(),
            Pace::Idle { limit, .. } => format!("the stream sent nothing for {} s", limit.as_secs()),
        })
    }

    fn complete(&mut self) {
        if let Some(ending) = self.ending.take() {
            ending.complete();
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        loop {
            match ready!(self.poll_upstream(cx)) {
                Some(Ok(frame)) => {
                    let frame = match &mut self.masker {
                        Some(masker) => masker.frame(frame),
                        None => frame,
                    };
                    if self.is_end_stream() {
                        self.complete();
                    }
                    if frame.data_ref().is_some_and(Bytes::is_empty) {
                        continue;
                    }
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Err(why)) => {
                    // A body that fails makes hyper drop what it has not written yet: it gets a turn to write first.
                    if !std::mem::replace(&mut self.breaking, true) {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    self.rest = None;
                    if let Some(ending) = self.ending.take() {
                        ending.cut_short(&why);
                    }
                    return Poll::Ready(Some(Err(CutShort)));
                }
                None => {
                    self.complete();
                    let last = self.masker.as_mut().and_then(Masker::finish);
                    return Poll::Ready(last.map(|bytes| Ok(Frame::data(bytes))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.masker.is_none() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        if self.masker.is_some() {
            return SizeHint::default();
        }
        let held: u64 = self.held.iter().filter_map(|frame| frame.data_ref()).map(|data| data.len() as u64).sum();
        let rest = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        rest.exact().map_or_else(SizeHint::default, |rest| SizeHint::with_exact(held + rest))
    }
}

impl Ending {
    fn complete(mut self) {
        match self.result {
            Ok(success) => {
                success.credit(&self.choice, self.model.as_deref());
                self.record.finish(self.status, Some(Outcome::Ok), None);
            }
            Err(failure) => self.record.finish(self.status, Some(failure.outcome), Some(&failure.message)),
        }
    }

    fn cut_short(mut self, why: &str) {
        if let Some(upstream) = self.choice.upstream() {
            if upstream.health.transport_failed(self.choice.ticket, clock::mono_ms()) {
                self.choice.service.incidents.ejections.add();
            }
            // If it was the probe of its model, nothing has been reported about that.
            upstream.health.told_nothing(self.model.as_deref(), self.choice.ticket);
        }
        self.record.finish(self.status, Some(Outcome::CutShort), Some(why));
    }
}
