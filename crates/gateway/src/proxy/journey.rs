//! The journey itself: the phases in their order, and the loop over attempts.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use domain::classify::Outcome;
use domain::classify::decode::decode_whole;
use domain::secret::Secret;
use http::header::CONTENT_ENCODING;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use hyper::body::Incoming;
use tokio::time::Instant;
use upstream::ResponseBody;
use uuid::Uuid;

use super::admit::{Admitted, admit};
use super::attempt::{Answer, Attempt, BadAnswer, Reply, StreamKind};
use super::guards;
use super::intake::{self, Intake};
use super::judge::{self, Doubt, Failure};
use super::mask::Masker;
use super::plan::{Choice, Tried, choose};
use super::record::{self, Record};
use super::relay::{Ending, Pace, Relay, Success};
use super::respond::{Refusal, passed_on, rewritten};
use super::shape::{self, Shaped};
use super::tunnel::Tunnel;
use super::{DataPlane, model_list, names};
use crate::clock::{self, seconds};
use crate::keyring::Census;
use crate::server::body::ServerBody;
use crate::snapshot::{Route, Service, Target};

/// The longest error body that is decoded to look for a key: far more than any tells, and little enough for a bomb to cost no time.
const DECODE_LIMIT_BYTES: usize = 1024 * 1024;

/// Takes a request all the way.
pub async fn travel(plane: &DataPlane, request: Request<Incoming>, peer: SocketAddr, id: Uuid) -> Response<ServerBody> {
    let (head, body) = request.into_parts();
    let admitted = match admit(&plane.shared, head, peer.ip(), id) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            plane.shared.refusals.count(refusal.status);
            return refusal.into_response();
        }
    };
    let mut record = Record::open(&plane.shared.journal, &admitted);
    let edits = |hints: &_| services(&admitted.route).any(|service| shape::needs_edit(service, &admitted, hints));
    let is_kept = services(&admitted.route).any(|service| service.settings.enable_request_body_logging);
    let at_least = if is_kept { record::BODY_BYTES } else { 0 };
    match intake::take(&plane.shared, &admitted, body, at_least, edits).await {
        Ok(intake) => Journey::begin(plane, admitted, intake, record).run().await,
        Err(refusal) => refused(&mut record, refusal, None),
    }
}

fn services(route: &Route) -> impl Iterator<Item = &Arc<Service>> {
    let (own, members) = match &route.target {
        Target::Service(service) => (Some(service), None),
        Target::Aggregate(aggregate) => (None, Some(aggregate.members())),
    };
    own.into_iter().chain(members.into_iter().flatten())
}

/// An answer of our own, after attempts that had this `outcome`, if there were any.
fn refused(record: &mut Record, refusal: Refusal, outcome: Option<Outcome>) -> Response<ServerBody> {
    record.finish(refusal.status.as_u16(), outcome, Some(&refusal.message));
    refusal.into_response()
}

/// A request that is looking for an answer.
struct Journey<'p> {
    plane: &'p DataPlane,
    admitted: Admitted,
    intake: Intake,
    record: Record,
    /// The model the client asks for.
    asked: Option<Arc<str>>,
    asks_for_stream: bool,
}

/// What has happened so far.
#[derive(Default)]
struct Progress {
    tried: Tried,
    doubts: Vec<Doubt>,
    attempts: i64,
    /// Set by the group chosen first.
    bounds: Option<Bounds>,
    /// The group chosen first, once an attempt has failed.
    began: Option<Arc<Service>>,
    /// How the last attempt failed.
    failure: Option<Failure>,
    /// The last answer an upstream gave.
    last: Option<LastAnswer>,
}

/// An answer that failed.
struct LastAnswer {
    bad: BadAnswer,
    /// Who gave it.
    choice: Arc<Choice>,
    outcome: Outcome,
    message: String,
}

/// A request that waits with its choice made.
struct Waiting<'c> {
    choice: &'c Choice,
    model: Option<&'c str>,
    is_over: bool,
}

impl Waiting<'_> {
    fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.choice.told_nothing(self.model);
        }
    }
}

/// How long and how often a request is tried.
#[derive(Clone, Copy)]
struct Bounds {
    attempts: i64,
    deadline: Instant,
}

impl<'p> Journey<'p> {
    fn begin(plane: &'p DataPlane, admitted: Admitted, intake: Intake, mut record: Record) -> Box<Self> {
        let first = services(&admitted.route).next();
        let asked = first.and_then(|service| shape::asked_model(service, &admitted, &intake));
        let asked = asked.map(|model| names::shared(&model));
        let by_path = first.is_some_and(|service| service.channel.streams_by_path(admitted.path()));
        let asks_for_stream = by_path || admitted.asks_for_tunnel || intake.hints.stream == Some(true);
        record.asks_for(asked.as_ref(), asks_for_stream);
        Box::new(Self { plane, admitted, intake, record, asked, asks_for_stream })
    }

    async fn run(mut self: Box<Self>) -> Response<ServerBody> {
        let mut progress = Progress::default();
        while let Some(choice) = self.next(&mut progress) {
            self.pause(&choice).await;
            // A client that leaves in the pause has had its last attempt: that one's row must be the final one.
            if let Some(failure) = progress.failure.take() {
                self.record.retry(&failure);
            }
            match self.attempt(&choice, &mut progress).await {
                Ok(None) => {}
                Ok(Some(answer)) => return self.answer(answer, choice, progress.doubts).await,
                Err(refusal) => return refused(&mut self.record, refusal, None),
            }
        }
        self.give_up(progress)
    }

    /// Who makes the next attempt; `None` if there is to be none.
    fn next(&mut self, progress: &mut Progress) -> Option<Arc<Choice>> {
        let over = |bounds: Bounds| progress.attempts >= bounds.attempts || bounds.deadline <= Instant::now();
        let failed_for_good = progress.failure.as_ref().is_some_and(|failure| !failure.retry);
        if failed_for_good
            || progress.bounds.is_some_and(over)
            || !self.intake.body.can_replay() && progress.attempts > 0
        {
            return None;
        }
        let choice = choose(&self.admitted.route, self.asked.as_deref(), &progress.tried)?;
        if !self.may_go_on(&choice, progress) {
            choice.told_nothing(choice.service.sent_model(self.asked.as_deref()));
            return None;
        }
        progress.bounds.get_or_insert_with(|| Bounds {
            attempts: choice.service.settings.max_retries + 1,
            deadline: Instant::from_std(self.admitted.arrived) + seconds(choice.service.settings.request_timeout),
        });
        Some(Arc::new(choice))
    }

    /// What the guards say about an attempt.
    fn may_go_on(&self, choice: &Choice, progress: &Progress) -> bool {
        let (Some(failure), Some(began)) = (&progress.failure, &progress.began) else {
            guards::begin(choice);
            return true;
        };
        guards::may_retry(began, failure, choice, self.asked.as_deref())
    }

    /// Waits, if the upstream has only just failed. A client that leaves meanwhile leaves the upstream's probe to another request.
    async fn pause(&self, choice: &Choice) {
        let Some(pause) = choice.pause else { return };
        let waiting = Waiting { choice, model: choice.service.sent_model(self.asked.as_deref()), is_over: false };
        tokio::time::sleep(pause).await;
        waiting.over();
    }

    /// Makes one attempt. `None`: it failed, and `progress` knows how.
    async fn attempt(&mut self, choice: &Arc<Choice>, progress: &mut Progress) -> Result<Option<Box<Answer>>, Refusal> {
        let shaped = shape::shape(&choice.service, &self.admitted, &self.intake);
        let shaped = shaped.inspect_err(|_| choice.told_nothing(choice.service.sent_model(self.asked.as_deref())))?;
        let model = shaped.model().map(|model| self.shared_name(model));
        progress.attempts += 1;
        self.record.begin(choice, model.as_ref(), shaped.sent_path(&self.admitted));
        if choice.service.settings.enable_request_body_logging {
            self.record.keep_body(&self.admitted, &self.intake.beginning);
        }
        let reply = self.send(choice, &shaped, progress).await;
        if !matches!(reply, Reply::Good(_)) {
            progress.began.get_or_insert_with(|| Arc::clone(&choice.service));
        }
        match reply {
            Reply::Good(answer) => return Ok(Some(answer)),
            Reply::Bad(bad) => {
                let Progress { tried, doubts, .. } = progress;
                let failure = judge::bad_answer(choice, model.as_deref(), &bad, tried, doubts);
                self.record.failed(&failure, true);
                let (choice, message) = (Arc::clone(choice), failure.message.clone());
                progress.last = Some(LastAnswer { bad, choice, outcome: failure.outcome, message });
                progress.failure = Some(failure);
            }
            Reply::None(none) if none.is_of_this_machine() => {
                judge::not_tried(choice, model.as_deref(), &none);
                return Err(Refusal::no_sockets(self.admitted.error_shape()));
            }
            Reply::None(none) => {
                let failure = judge::no_answer(choice, model.as_deref(), &none, &mut progress.tried);
                self.record.failed(&failure, false);
                progress.failure = Some(failure);
            }
        }
        Ok(None)
    }

    /// `model` shared with the model that was asked for, if it is the same.
    fn shared_name(&self, model: &str) -> Arc<str> {
        let asked = self.asked.as_ref().filter(|asked| ***asked == *model);
        asked.map_or_else(|| names::shared(model), Arc::clone)
    }

    async fn send(&self, choice: &Choice, shaped: &Shaped<'_>, progress: &Progress) -> Reply {
        // A stream may take as long as it likes; whoever asks for one has only the head's own time limit.
        let deadline = progress.bounds.map(|bounds| bounds.deadline).filter(|_| !self.asks_for_stream);
        let (client, admitted, intake) = (&self.plane.client, &self.admitted, &self.intake);
        Attempt { client, choice, shaped, admitted, intake, deadline }.make().await
    }

    /// The provider's answer goes to the client.
    async fn answer(
        mut self: Box<Self>,
        mut answer: Box<Answer>,
        choice: Arc<Choice>,
        doubts: Vec<Doubt>,
    ) -> Response<ServerBody> {
        self.record.answered(answer.is_stream);
        if answer.head.status == StatusCode::SWITCHING_PROTOCOLS {
            return self.tunnel(*answer, &choice, doubts);
        }
        if model_list::is_to_be_rewritten(&self.admitted, &choice.service, &answer) {
            Box::pin(model_list::rewrite(&mut answer, &choice.service, self.admitted.query.as_deref())).await;
        }
        let proves_key = self.admitted.method == Method::POST && self.asked.is_some();
        guards::succeeded(&choice, self.asked.as_deref(), proves_key);
        self.relay(answer, choice, Ok(Success { proves_key, doubts }), None)
    }

    /// The provider has accepted key and request; what its connection and the client's carry from now on is their own.
    fn tunnel(self: Box<Self>, answer: Answer, choice: &Choice, doubts: Vec<Doubt>) -> Response<ServerBody> {
        guards::succeeded(choice, self.asked.as_deref(), true);
        let model = choice.service.sent_model(self.asked.as_deref());
        Success { proves_key: true, doubts }.credit(choice, model);
        let idle = seconds(choice.service.settings.stream_idle_timeout);
        let upstream = answer.rest.and_then(ResponseBody::into_upgraded);
        Tunnel::begin(answer.head, upstream, self.record, idle, self.admitted.counted)
    }

    /// All attempts have failed.
    fn give_up(mut self: Box<Self>, progress: Progress) -> Response<ServerBody> {
        let shape = self.admitted.error_shape();
        let Some(failure) = progress.failure else {
            let refusal = self.no_keys();
            return refused(&mut self.record, refusal, None);
        };
        let outcome = failure.outcome;
        let refusal = match progress.last {
            Some(last) if last.outcome == Outcome::BadKey => {
                Refusal::key_rejected(shape, last.bad.status, &last.message)
            }
            Some(last) => return self.last_answer(last, failure),
            None if failure.outcome != Outcome::SickUpstream => {
                Refusal::request_failed(shape, failure.status, &failure.message)
            }
            None => Refusal::no_answer(shape, failure.status, &failure.message),
        };
        refused(&mut self.record, refusal, Some(outcome))
    }

    /// Why there is no key for this request.
    fn no_keys(&self) -> Refusal {
        let (shape, asked, now_ms) = (self.admitted.error_shape(), self.asked.as_deref(), clock::mono_ms());
        match &self.admitted.route.target {
            _ if !self.admitted.route.enabled => Refusal::disabled(shape),
            Target::Service(service) => {
                Refusal::no_keys(shape, false, &service.pool.census(service.sent_model(asked), now_ms))
            }
            Target::Aggregate(aggregate) if aggregate.refuses(asked) => {
                Refusal::model_refused(shape, asked.unwrap_or_default())
            }
            Target::Aggregate(aggregate) => {
                let censuses =
                    aggregate.members().map(|service| service.pool.census(service.sent_model(asked), now_ms));
                Refusal::no_keys(shape, true, &censuses.fold(Census::default(), Census::plus))
            }
        }
    }

    /// The last answer an upstream gave goes to the client as it was, but for our key.
    fn last_answer(mut self: Box<Self>, last: LastAnswer, failure: Failure) -> Response<ServerBody> {
        self.record.answered(last.bad.answer.is_stream);
        let (answer, masker) = without_key(last.bad, &last.choice.key.secret);
        self.relay(answer, last.choice, Err(failure), masker)
    }

    fn relay(
        self: Box<Self>,
        answer: Box<Answer>,
        choice: Arc<Choice>,
        result: Result<Success, Failure>,
        masker: Option<Masker>,
    ) -> Response<ServerBody> {
        let settings = &choice.service.settings;
        let pace = if answer.is_stream {
            Pace::idle(seconds(settings.stream_idle_timeout))
        } else {
            Pace::Until(Instant::from_std(self.admitted.arrived) + seconds(settings.request_timeout))
        };
        let head = passed_on(answer.head, answer.kind == Some(StreamKind::Events));
        let model = choice.service.sent_model(self.asked.as_deref()).map(|model| self.shared_name(model));
        let ending = Ending { record: self.record, status: head.status.as_u16(), model, choice, result };
        let relay = Relay::new(answer.held, answer.rest, pace, ending, self.admitted.counted);
        let relay = masker.into_iter().fold(relay, Relay::masked);
        Response::from_parts(head, ServerBody::Relay(Box::new(relay)))
    }
}

/// Takes a key out of an error answer: out of what has been read, by a masker out of what is still to come. Of a compressed body that is
/// too long to be read whole, only what has been looked at goes on if the key is in it.
fn without_key(bad: BadAnswer, secret: &Secret) -> (Box<Answer>, Option<Masker>) {
    let mut answer = bad.answer;
    let encoding = answer.head.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let whole = encoding.filter(|_| answer.rest.is_none()).and_then(|encoding| {
        let raw: Vec<u8> = answer.held.iter().filter_map(Frame::data_ref).flatten().copied().collect();
        decode_whole(encoding, &raw, DECODE_LIMIT_BYTES)
    });
    let (is_encoded, is_whole) = (encoding.is_some(), answer.rest.is_none());
    let plain = whole.unwrap_or(bad.excerpt);
    let names_key = memchr::memmem::find(&plain, secret.expose().as_bytes()).is_some();
    if !names_key && (is_encoded || is_whole) {
        return (answer, None);
    }
    if is_encoded {
        answer.held = VecDeque::from([Frame::data(Bytes::from(plain))]);
        answer.rest = None;
    }
    rewritten(&mut answer.head);
    (answer, Some(Masker::new(secret.clone())))
}
