//! The rows a request leaves in the log: one for each attempt, the last of them final.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use jiff::Timestamp;
use uuid::Uuid;

use super::admit::Admitted;
use super::judge::Failure;
use super::plan::Choice;
use crate::journal::{Entry, GroupRef, Journal};
use crate::snapshot::Target;

/// Bytes of a request's body that are kept in the log.
pub const BODY_BYTES: usize = 64 * 1024;
/// What a client that leaves is logged as, after nginx.
const CLIENT_GONE: u16 = 499;
/// What a request is logged as that we cut off.
const CUT_OFF: u16 = 503;

/// A request's page in the log. Dropped before it is finished, it notes that the client has left, or that we are stopping.
pub struct Record {
    journal: Journal,
    request_id: Uuid,
    arrived: std::time::Instant,
    route: GroupRef,
    is_aggregate: bool,
    model: Option<Arc<str>>,
    sent_model: Option<Box<str>>,
    source_ip: IpAddr,
    path: Arc<str>,
    user_agent: Option<Box<str>>,
    body: Option<Bytes>,
    proxy_key: [u8; 32],
    is_stream: bool,
    attempt: u32,
    first_byte: Option<Duration>,
    choice: Option<Arc<Choice>>,
    upstream: Option<Arc<str>>,
    finished: bool,
}

impl Record {
    /// A page for an admitted request.
    pub fn open(journal: &Journal, admitted: &Admitted) -> Self {
        let route = &admitted.route;
        Self {
            journal: journal.clone(),
            request_id: admitted.id,
            arrived: admitted.arrived,
            route: GroupRef { id: route.id, name: Arc::clone(&route.name) },
            is_aggregate: matches!(route.target, Target::Aggregate(_)),
            model: None,
            sent_model: None,
            source_ip: admitted.client_ip,
            path: Arc::clone(&admitted.full_path),
            user_agent: None,
            body: None,
            proxy_key: admitted.proxy_key,
            is_stream: false,
            attempt: 0,
            first_byte: None,
            choice: None,
            upstream: None,
            finished: false,
        }
    }

    /// What the body has told.
    pub fn asks_for(&mut self, model: Option<&str>, is_stream: bool) {
        self.model = model.map(Arc::from);
        self.is_stream = is_stream;
    }

    /// Keeps the body's beginning and the client's program, where the settings want that.
    pub fn keep_body(&mut self, admitted: &Admitted, body: &Bytes) {
        if self.body.is_some() {
            return;
        }
        self.body = Some(Bytes::copy_from_slice(body.get(..BODY_BYTES).unwrap_or(body)));
        let agent = admitted.headers.get(USER_AGENT);
        self.user_agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into());
    }

    /// An attempt begins.
    pub fn begin(&mut self, choice: &Arc<Choice>, sent_model: Option<&str>, path: &str) {
        self.attempt += 1;
        self.first_byte = None;
        self.upstream = choice.upstream().map(|upstream| format!("{}{path}", upstream.url).into());
        self.sent_model = sent_model.map(Box::from);
        self.choice = Some(Arc::clone(choice));
    }

    /// The answer's head is there.
    pub fn answered(&mut self, is_stream: bool) {
        self.first_byte = Some(self.arrived.elapsed());
        self.is_stream |= is_stream;
    }

    /// The attempt failed and another one follows.
    pub fn retry(&mut self, failure: &Failure) {
        self.write(failure.status, false, Some(&failure.message), true);
    }

    /// The request has ended.
    pub fn finish(&mut self, status: u16, is_success: bool, error: Option<&str>) {
        if !std::mem::replace(&mut self.finished, true) {
            self.write(status, is_success, error, false);
        }
    }

    fn write(&self, status: u16, is_success: bool, error: Option<&str>, is_retry: bool) {
        let choice = self.choice.as_ref();
        let service = choice.map(|choice| GroupRef { id: choice.service.id, name: Arc::clone(&choice.service.name) });
        self.journal.add(Entry {
            request_id: self.request_id,
            at: Timestamp::now(),
            group: service.unwrap_or_else(|| self.route.clone()),
            parent: choice.filter(|_| self.is_aggregate).map(|_| self.route.clone()),
            key: choice.map(|choice| Arc::clone(&choice.key)),
            model: self.model.clone(),
            is_success,
            source_ip: self.source_ip,
            status,
            path: Arc::clone(&self.path),
            duration: self.arrived.elapsed(),
            first_byte: self.first_byte,
            error: error.map(Box::from),
            user_agent: self.user_agent.clone(),
            is_retry,
            upstream: self.upstream.clone(),
            is_stream: self.is_stream,
            body: self.body.clone(),
            attempt: self.attempt.max(1),
            proxy_key: Some(self.proxy_key),
        });
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        if let Some(choice) = &self.choice {
            choice.told_nothing(self.sent_model.as_deref());
        }
        if self.journal.is_cutting_off() {
            self.finish(CUT_OFF, false, Some("the server was stopped before the request had ended"));
        } else {
            self.finish(CLIENT_GONE, false, Some("the client closed the connection"));
        }
    }
}
