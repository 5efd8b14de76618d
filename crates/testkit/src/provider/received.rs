//! A request as the provider got it.

use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;
use url::form_urlencoded;

use crate::wait::within;
use crate::wire::{Headers, MAX_HEADERS, broken};

/// How far the answer to a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being written, or held back.
    Answering,
    /// It was written to its end.
    Answered,
    /// The script broke it off.
    Broken,
    /// The client closed before the end, or while it was still sending its body.
    ClientGone,
}

/// One request, exactly as it came.
#[derive(Debug)]
pub struct Received {
    /// Which request to this provider it was, from 1.
    pub number: u64,
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// When its head had been read.
    pub at: Instant,
    /// The head with its empty line.
    pub raw_head: Bytes,
    /// The method as sent.
    pub method: String,
    /// The request target as sent, with its query.
    pub target: String,
    /// The minor version: 0 or 1.
    pub version: u8,
    /// The fields in their order and spelling.
    pub headers: Headers,
    /// The body without chunk framing; its first 64 MiB.
    pub body: Bytes,
    /// The length of the whole body.
    pub body_len: u64,
    /// The fields after a chunked body.
    pub trailers: Headers,
    /// Whether the body had come to its end when the answer began.
    pub complete: bool,
    /// The provider key, from wherever a client puts one.
    pub key: Option<String>,
    pub(super) progress: watch::Sender<Progress>,
}

impl Received {
    pub(super) fn parse(raw_head: &Bytes, connection: u64) -> std::io::Result<Self> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut fields);
        let status = parsed.parse(raw_head).map_err(|_| broken("a head that is no HTTP"))?;
        let (true, Some(method), Some(target)) = (status.is_complete(), parsed.method, parsed.path) else {
            return Err(broken("a head that is not whole"));
        };
        let headers = Headers::from_parsed(parsed.headers);
        Ok(Self {
            number: 0,
            connection,
            at: Instant::now(),
            method: method.to_owned(),
            target: target.to_owned(),
            version: parsed.version.unwrap_or_default(),
            key: key_of(&headers, target),
            raw_head: raw_head.clone(),
            headers,
            body: Bytes::new(),
            body_len: 0,
            trailers: Headers::default(),
            complete: false,
            progress: watch::Sender::new(Progress::Answering),
        })
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The decoded value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        query(&self.target, name)
    }

    /// The first value of that field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body as text; bytes that are none are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The model asked for: in the body, in a form field, or in Gemini's path.
    pub fn model(&self) -> Option<String> {
        let in_body = || self.json().get("model").and_then(Value::as_str).map(str::to_owned);
        self.model_in_path().or_else(in_body).or_else(|| self.form_field("model"))
    }

    /// How far the answer is.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Waits for the end of the answer, however it ends.
    pub async fn ended(&self) -> Progress {
        let mut progress = self.progress.subscribe();
        let end = progress.wait_for(|p| *p != Progress::Answering);
        *within(&format!("the end of request {}", self.number), end).await.expect("the request holds the sender")
    }

    pub(super) fn wants_stream(&self) -> bool {
        self.json().get("stream") == Some(&Value::Bool(true))
    }

    fn model_in_path(&self) -> Option<String> {
        let (_, name) = self.path().split_once("/models/")?;
        let name = name.split(':').next().filter(|name| !name.is_empty())?;
        Some(name.to_owned())
    }

    /// A plain field of a multipart form (RFC 7578).
    fn form_field(&self, name: &str) -> Option<String> {
        let marker = format!("name=\"{name}\"");
        let at = memchr::memmem::find(&self.body, marker.as_bytes())?;
        let rest = &self.body[at..];
        let start = memchr::memmem::find(rest, b"\r\n\r\n")? + 4;
        let end = memchr::memmem::find(&rest[start..], b"\r\n")?;
        Some(String::from_utf8_lossy(&rest[start..start + end]).into_owned())
    }
}

fn query(target: &str, name: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

fn key_of(headers: &Headers, target: &str) -> Option<String> {
    let bearer = headers.get("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let key = bearer.or_else(|| ["x-api-key", "x-goog-api-key", "api-key"].iter().find_map(|name| headers.get(name)));
    key.map(str::to_owned).or_else(|| query(target, "key"))
}
