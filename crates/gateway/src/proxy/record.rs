//! The rows a request leaves in the log: one for each attempt, the last of them final.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::classify::Outcome;
use http::header::USER_AGENT;
use jiff::Timestamp;

use super::admit::Admitted;
use super::judge::Failure;
use super::plan::Choice;
use crate::journal::{Course, Entry, GroupRef, Journal, SentPath, UpstreamRef};
use crate::snapshot::Target;

/// Bytes of a request's body that are kept in the log.
pub const BODY_BYTES: usize = 64 * 1024;
/// What a client that leaves is logged as, after nginx.
const CLIENT_GONE: u16 = 499;
/// What a request is logged as that we cut off.
const CUT_OFF: u16 = 503;

/// A request's page in the log. Dropped before it is finished, it notes that the client has left, or that we are stopping.
pub struct Record(Box<Page>);

struct Page {
    journal: Journal,
    arrived: std::time::Instant,
    route: GroupRef,
    is_aggregate: bool,
    sent_model: Option<Arc<str>>,
    choice: Option<Arc<Choice>>,
    /// The row in the making; `None` once the request has ended.
    entry: Option<Entry>,
}

impl Record {
    /// A page for an admitted request.
    pub fn open(journal: &Journal, admitted: &Admitted) -> Self {
        let route = &admitted.route;
        let route = GroupRef { id: route.id, name: Arc::clone(&route.name) };
        let entry = Entry {
            request_id: admitted.id,
            at: Timestamp::UNIX_EPOCH,
            group: route.clone(),
            parent: None,
            key: None,
            model: None,
            outcome: None,
            source_ip: admitted.client_ip,
            status: 0,
            path: Arc::clone(&admitted.full_path),
            duration: Duration::ZERO,
            course: Course::default(),
            error: None,
            user_agent: None,
            is_retry: false,
            upstream: None,
            is_stream: false,
            body: None,
            attempt: 0,
            proxy_key: admitted.proxy_key,
        };
        Self(Box::new(Page {
            journal: journal.clone(),
            arrived: admitted.arrived,
            route,
            is_aggregate: matches!(admitted.route.target, Target::Aggregate(_)),
            sent_model: None,
            choice: None,
            entry: Some(entry),
        }))
    }

    /// What the body has told.
    pub fn asks_for(&mut self, model: Option<&Arc<str>>, is_stream: bool) {
        let Some(entry) = &mut self.0.entry else { return };
        entry.model = model.cloned();
        entry.is_stream = is_stream;
    }

    /// Keeps the body's beginning and the client's program, where the settings want that.
    pub fn keep_body(&mut self, admitted: &Admitted, body: &Bytes) {
        let Some(entry) = self.0.entry.as_mut().filter(|entry| entry.body.is_none()) else { return };
        entry.body = Some(Bytes::copy_from_slice(body.get(..BODY_BYTES).unwrap_or(body)));
        let agent = admitted.headers.get(USER_AGENT);
        entry.user_agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into());
    }

    /// An attempt begins.
    pub fn begin(&mut self, choice: &Arc<Choice>, sent_model: Option<&Arc<str>>, path: SentPath) {
        self.0.sent_model = sent_model.cloned();
        self.0.choice = Some(Arc::clone(choice));
        let page = &mut *self.0;
        let Some(entry) = &mut page.entry else { return };
        entry.attempt += 1;
        entry.course = Course { begun: Some(page.arrived.elapsed()), ..Course::default() };
        let base_url = choice.upstream().map(|upstream| Arc::clone(&upstream.url));
        entry.upstream = base_url.map(|base_url| UpstreamRef { base_url, path });
        entry.key = Some(Arc::clone(&choice.key));
        if page.is_aggregate {
            entry.group = GroupRef { id: choice.service.id, name: Arc::clone(&choice.service.name) };
            entry.parent = Some(page.route.clone());
        }
    }

    /// The answer's head is there.
    pub fn answered(&mut self, is_stream: bool) {
        let Some(entry) = &mut self.0.entry else { return };
        entry.course.first_byte.get_or_insert_with(|| self.0.arrived.elapsed());
        entry.is_stream |= is_stream;
    }

    /// The attempt failed; `has_answer`: it is an answer that says so.
    pub fn failed(&mut self, failure: &Failure, has_answer: bool) {
        let Some(entry) = &mut self.0.entry else { return };
        let first_byte = has_answer.then(|| self.0.arrived.elapsed());
        let &Failure { rest, is_key_out, .. } = failure;
        entry.course = Course { first_byte, rest, is_key_out, ..entry.course };
    }

    /// The attempt failed and another one follows.
    pub fn retry(&mut self, failure: &Failure) {
        if let Some(entry) = self.0.entry.clone() {
            let (outcome, error) = (Some(failure.outcome), Some(failure.message.as_str().into()));
            self.add(Entry { is_retry: true, status: failure.status, outcome, error, ..entry });
        }
    }

    /// The request has ended; without an `outcome` if it was we who ended it.
    pub fn finish(&mut self, status: u16, outcome: Option<Outcome>, error: Option<&str>) {
        let Some(mut entry) = self.0.entry.take() else { return };
        entry.status = status;
        entry.outcome = outcome;
        entry.error = error.map(Box::from);
        self.add(entry);
    }

    fn add(&self, mut entry: Entry) {
        entry.at = Timestamp::now();
        entry.duration = self.0.arrived.elapsed();
        entry.attempt = entry.attempt.max(1);
        self.0.journal.add(entry);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.0.entry.is_none() {
            return;
        }
        if let Some(choice) = &self.0.choice {
            choice.told_nothing(self.0.sent_model.as_deref());
        }
        if self.0.journal.is_cutting_off() {
            self.finish(CUT_OFF, None, Some("the server was stopped before the request had ended"));
        } else {
            self.finish(CLIENT_GONE, Some(Outcome::ClientGone), Some("the client closed the connection"));
        }
    }
}
