//! One attempt: sending the request with one key to one upstream and looking at the beginning of what comes back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::classify::first_event::{FirstEvent, Verdict};
use domain::classify::{EXCERPT_LIMIT_BYTES, decode};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, response};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use upstream::{Client, Endpoint, Origin, Patience, ResponseBody, Scheme, SendError, SendErrorKind, SourceFailure};
use url::Url;

use super::admit::Admitted;
use super::intake::Intake;
use super::plan::Choice;
use super::shape::Shaped;
use crate::clock::seconds;

/// How long an event stream is held for its first event.
const HOLD: Duration = Duration::from_secs(1);
/// How long the beginning of an error body is waited for.
const EXCERPT: Duration = Duration::from_secs(30);
/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;

/// What an upstream had to say.
pub enum Reply {
    /// An answer below 400 that does not begin with an error.
    Good(Box<Answer>),
    /// An error answer, or a stream that begins with an error or ends before it has begun.
    Bad(BadAnswer),
    /// No answer, or one that broke off before the client had to see it.
    None(NoAnswer),
}

/// An answer on its way to the client.
pub struct Answer {
    /// Status and headers.
    pub head: response::Parts,
    /// What has been read of the body.
    pub held: VecDeque<Frame<Bytes>>,
    /// The rest of the body; `None` if all of it has been read.
    pub rest: Option<ResponseBody>,
    /// The kind of stream its content type tells.
    pub kind: Option<StreamKind>,
    /// Whether it is a stream, by its content type or by what was asked for.
    pub is_stream: bool,
}

/// An answer that is a failure.
pub struct BadAnswer {
    /// The answer as it came.
    pub answer: Box<Answer>,
    /// The status it is judged by: its own, or what its first event stands for.
    pub status: u16,
    /// The decoded beginning of its body, or the data of its first event.
    pub excerpt: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The request could not be sent, or no head came back.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The time for the whole request is over.
    #[error("the request took longer than request_timeout")]
    Deadline,
    /// Path or query hold bytes that no request can have.
    #[error("path and query can't be sent")]
    Target,
    /// The body broke off before the first event.
    #[error("the stream broke off before its first event")]
    Broken,
    /// A 101 to a request that did not ask for one.
    #[error("the provider switched protocols without having been asked to")]
    Switched,
}

/// One attempt about to be made.
pub struct Attempt<'a> {
    /// The upstream connections of this worker.
    pub client: &'a Client,
    /// Who makes it.
    pub choice: &'a Choice,
    /// The request as this group sends it.
    pub shaped: &'a Shaped<'a>,
    /// The request as it came.
    pub admitted: &'a Admitted,
    /// Its body.
    pub intake: &'a Intake,
    /// By when an answer's head must be there.
    pub deadline: Option<Instant>,
}

impl Attempt<'_> {
    /// Sends the request and looks at the beginning of the answer.
    pub async fn make(self) -> Reply {
        match self.send().await {
            Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS && !self.admitted.asks_for_tunnel => {
                Reply::None(NoAnswer::Switched)
            }
            Ok(response) => look(response, self.choice, self.shaped, self.deadline).await,
            Err(none) => Reply::None(none),
        }
    }

    /// Sends it, and again to where redirects lead that are to be followed.
    async fn send(&self) -> Result<Response<ResponseBody>, NoAnswer> {
        let upstream = self.choice.upstream().ok_or(NoAnswer::Target)?;
        let mut target = self.shaped.target(upstream).ok_or(NoAnswer::Target)?;
        let mut endpoint = Arc::clone(&upstream.endpoint);
        if self.admitted.asks_for_tunnel {
            endpoint = endpoint.for_upgrade();
        }
        let mut redirects = 0;
        loop {
            let response = self.send_to(&endpoint, &target).await?;
            let next = followed(&response, &self.admitted.method, &endpoint, &target);
            match next.filter(|_| redirects < MAX_REDIRECTS && self.intake.body.can_replay()) {
                Some(next) => (endpoint, target) = next,
                None => return Ok(response),
            }
            redirects += 1;
        }
    }

    async fn send_to(&self, endpoint: &Arc<Endpoint>, target: &Uri) -> Result<Response<ResponseBody>, NoAnswer> {
        let head = seconds(self.choice.service.settings.response_header_timeout);
        let sending = self.client.send(endpoint, Patience { head, until: self.deadline }, || {
            let mut request = Request::new(self.shaped.body(&self.intake.body));
            *request.method_mut() = self.admitted.method.clone();
            *request.uri_mut() = target.clone();
            *request.headers_mut() = self.shaped.headers(&self.choice.service, &self.choice.key, self.admitted);
            request
        });
        sending.await.map_err(|error| match (error.kind(), past(self.deadline)) {
            (SendErrorKind::Exhausted | SendErrorKind::ClientBody(_), _) | (_, None) => NoAnswer::Send(error),
            (_, Some(deadline)) => deadline,
        })
    }
}

/// [`NoAnswer::Deadline`], if it has passed.
fn past(deadline: Option<Instant>) -> Option<NoAnswer> {
    deadline.filter(|deadline| *deadline <= Instant::now()).map(|_| NoAnswer::Deadline)
}

/// Where a redirect leads that is to be followed: on the same host, or from http to https on it. Any other would have to be followed by
/// the client, and ours would take the credential elsewhere.
fn followed(
    response: &Response<ResponseBody>,
    method: &Method,
    endpoint: &Arc<Endpoint>,
    target: &Uri,
) -> Option<(Arc<Endpoint>, Uri)> {
    let follow = match response.status() {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => matches!(*method, Method::GET | Method::HEAD),
        _ => false,
    };
    let location = response.headers().get(LOCATION).filter(|_| follow)?.to_str().ok()?;
    let from = endpoint.origin();
    let here = Url::parse(&format!("{from}{target}")).ok()?;
    let there = here.join(location).ok()?;
    let origin = Origin::from_url(&there).ok()?;
    let path = there.path().to_owned() + &there.query().map(|query| format!("?{query}")).unwrap_or_default();
    let to_https = from.scheme() == Scheme::Http && origin.scheme() == Scheme::Https && from.host() == origin.host();
    let endpoint = match origin == *from {
        true => Arc::clone(endpoint),
        false if to_https => Endpoint::new(origin, Arc::clone(endpoint.profile())).ok()?,
        false => return None,
    };
    Some((endpoint, path.parse().ok()?))
}

async fn look(
    response: Response<ResponseBody>,
    choice: &Choice,
    shaped: &Shaped<'_>,
    deadline: Option<Instant>,
) -> Reply {
    let (head, body) = response.into_parts();
    let kind = StreamKind::of(&head.headers);
    let is_stream = kind.is_some() || choice.service.channel.streams_by_path(shaped.path());
    let answer = Box::new(Answer { head, held: VecDeque::new(), rest: Some(body), kind, is_stream });
    if answer.head.status.as_u16() >= 400 {
        return Reply::Bad(excerpt(answer, deadline).await);
    }
    let is_plain = !answer.head.headers.contains_key(CONTENT_ENCODING);
    if kind == Some(StreamKind::Events) && is_plain && answer.head.status == StatusCode::OK {
        return hold(answer).await;
    }
    Reply::Good(answer)
}

/// The kinds of streams told by their content type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// `text/event-stream`
    Events,
    /// JSON values, one a line.
    Lines,
}

impl StreamKind {
    /// The kind of an answer with these headers.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        match () {
            () if is("text/event-stream") => Some(Self::Events),
            () if is("application/x-ndjson") || is("application/ndjson") => Some(Self::Lines),
            () => None,
        }
    }
}

/// Reads the beginning of an error body.
async fn excerpt(mut answer: Box<Answer>, deadline: Option<Instant>) -> BadAnswer {
    let patience = Instant::now() + EXCERPT;
    let patience = deadline.map_or(patience, |deadline| deadline.min(patience));
    let mut raw = Vec::new();
    while let Some(body) = answer.rest.as_mut().filter(|_| raw.len() < EXCERPT_LIMIT_BYTES) {
        match timeout_at(patience, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                raw.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
                answer.held.push_back(frame);
            }
            Ok(None) => answer.rest = None,
            // What is there will have to do. The relay waits for the rest, or meets the same broken end.
            Ok(Some(Err(_))) | Err(_) => break,
        }
    }
    raw.truncate(EXCERPT_LIMIT_BYTES);
    let encoding = answer.head.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let decoded = encoding.and_then(|encoding| decode::decode(encoding, &raw, EXCERPT_LIMIT_BYTES));
    BadAnswer { status: answer.head.status.as_u16(), excerpt: decoded.unwrap_or(raw), answer }
}

/// Holds an event stream until its first event tells what it is.
async fn hold(mut answer: Box<Answer>) -> Reply {
    let mut scanner = FirstEvent::new();
    let until = Instant::now() + HOLD;
    loop {
        let Some(body) = &mut answer.rest else { return Reply::Good(answer) };
        let verdict = match timeout_at(until, body.frame()).await {
            Err(_) => Verdict::Data,
            Ok(None) => {
                answer.rest = None;
                std::mem::take(&mut scanner).finish()
            }
            Ok(Some(Err(_))) => return Reply::None(NoAnswer::Broken),
            Ok(Some(Ok(frame))) => {
                let verdict = frame.data_ref().map_or(Verdict::NeedMore, |data| scanner.push(data));
                answer.held.push_back(frame);
                verdict
            }
        };
        match verdict {
            Verdict::NeedMore => {}
            Verdict::Data => return Reply::Good(answer),
            Verdict::Error { status, body } => return Reply::Bad(BadAnswer { status, excerpt: body, answer }),
            Verdict::Empty => {
                let status = domain::classify::first_event::EMPTY_STATUS;
                let excerpt = br#"{"error":{"message":"the provider's stream was empty"}}"#.to_vec();
                return Reply::Bad(BadAnswer { answer, status, excerpt });
            }
        }
    }
}

impl NoAnswer {
    /// Whether the client's own request is at fault.
    pub fn is_the_clients(&self) -> bool {
        matches!(self, Self::Target) || self.source_failure().is_some()
    }

    /// Whether this machine could not even try.
    pub fn is_of_this_machine(&self) -> bool {
        matches!(self, Self::Send(error) if error.kind() == SendErrorKind::Exhausted)
    }

    /// How the client failed to send its body, if that is what happened.
    pub fn source_failure(&self) -> Option<SourceFailure> {
        match self {
            Self::Send(error) => match error.kind() {
                SendErrorKind::ClientBody(failure) => Some(failure),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a time limit ended it.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Deadline) || matches!(self, Self::Send(error) if error.is_timeout())
    }
}
