//! A mock provider: a real TCP server that answers like OpenAI, Anthropic and Gemini, or misbehaves as a test tells it, and
//! records every request exactly.
//!
//! What a request gets is the [`Script`] of its key, else of its path, else the default one. Unless told otherwise that is
//! [`Script::by_key_text`]: a good answer, or what a word in the key asks for (`sk-dead-1`, `sk-limited-2`, …).

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::server::OwnRuntime;
use crate::wait::within;

mod answer;
pub mod api;
mod bench;
mod connection;
pub mod errors;
mod key_text;
mod received;
mod record;
mod render;
mod rules;
mod script;
mod stats;
mod websocket;

pub use answer::{Answer, At, Fault, Step};
pub use key_text::WORDS as KEY_WORDS;
pub use received::{Progress, Received};
pub use script::{Call, Script};

use record::Recorder;
use rules::Rules;
use stats::Stats;

/// A running provider. Ends when dropped; its port is free then.
#[derive(Debug)]
pub struct MockProvider {
    shared: Arc<Shared>,
    addr: SocketAddr,
    _runtime: OwnRuntime,
}

/// What all connections use.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    rules: Rules,
    recorder: Recorder,
    stats: Stats,
    bench: bench::Answers,
}

/// How to start a provider other than by [`MockProvider::start`].
#[derive(Debug)]
pub struct Builder {
    port: u16,
    threads: usize,
    recorder: Recorder,
}

impl Builder {
    /// The loopback port; 0, the default, chooses a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Worker threads, 1 by default.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Keeps no requests: only counts them.
    pub fn without_recording(mut self) -> Self {
        self.recorder.keep_none();
        self
    }

    /// Also writes every request to this file, one JSON object a line.
    pub fn record_to(mut self, file: &Path) -> io::Result<Self> {
        self.recorder.write_to(file)?;
        Ok(self)
    }

    /// Starts to serve. Panics if the port is taken.
    pub fn start(self) -> MockProvider {
        let runtime = OwnRuntime::new(self.threads);
        let (listener, addr) = runtime.listen(self.port);
        let shared = Arc::new(Shared { recorder: self.recorder, ..Shared::default() });
        let served = Arc::clone(&shared);
        runtime.accept(listener, move |stream, number| connection::serve(Arc::clone(&served), stream, number));
        MockProvider { shared, addr, _runtime: runtime }
    }
}

impl MockProvider {
    /// A provider on a free loopback port that keeps the requests it gets.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// For a fixed port, more threads or another way of recording.
    pub fn builder() -> Builder {
        Builder { port: 0, threads: 1, recorder: Recorder::default() }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What calls with this key get from now on; their count begins anew.
    pub fn on_key(&self, key: &str, script: impl Into<Script>) {
        self.shared.rules.set_key(key, script.into());
    }

    /// What calls of this path get from now on if their key has no script. With a `*` at its end: all paths that begin so.
    pub fn on_path(&self, path: &str, script: impl Into<Script>) {
        self.shared.rules.set_path(path, script.into());
    }

    /// What all other calls get from now on.
    pub fn otherwise(&self, script: impl Into<Script>) {
        self.shared.rules.set_default(script.into());
    }

    /// The requests kept, oldest first: at most 10,000 and 256 MiB of bodies, the oldest are dropped beyond.
    pub fn requests(&self) -> Vec<Arc<Received>> {
        self.shared.recorder.requests()
    }

    /// The newest request. Panics if there is none.
    pub fn last_request(&self) -> Arc<Received> {
        self.requests().pop().expect("a recorded request")
    }

    /// Waits until `count` requests have come in all, then returns those kept.
    pub async fn wait_for(&self, count: u64) -> Vec<Arc<Received>> {
        within(&format!("request {count} at the provider"), self.shared.recorder.wait_for(count)).await;
        self.requests()
    }

    /// Waits until request `number` (from 1) has come and its client has closed the connection before the whole answer was
    /// written. Panics if the answer was written or broken off by the script instead.
    pub async fn wait_client_gone(&self, number: u64) {
        self.wait_for(number).await;
        let requests = self.requests();
        let request = requests.iter().find(|r| r.number == number).expect("the request is still kept");
        let end = request.ended().await;
        assert_eq!(end, Progress::ClientGone, "the end of request {number} at the provider");
    }

    /// How many requests came, kept or not.
    pub fn count(&self) -> u64 {
        self.shared.stats.total()
    }

    /// How many requests came with this key.
    pub fn count_for_key(&self, key: &str) -> u64 {
        self.shared.stats.for_key(key)
    }

    /// How many connections carried requests.
    pub fn connections(&self) -> u64 {
        self.shared.stats.connections()
    }

    /// The counts as `GET /__mock/stats` shows them.
    pub fn stats(&self) -> Value {
        self.shared.stats.to_json()
    }

    /// Forgets requests and counts, not scripts.
    pub fn forget(&self) {
        self.shared.forget();
    }
}

impl Shared {
    fn forget(&self) {
        self.recorder.clear();
        self.stats.clear();
    }
}

#[cfg(test)]
mod tests;
