//! The requests kept for the test, within bounds, and the file of all of them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;
use tokio::sync::watch;

use super::received::Received;

const MAX_REQUESTS: usize = 10_000;

/// Of all bodies kept together.
const MAX_BYTES: usize = 256 << 20;

/// Of one body.
const MAX_BODY_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(crate) struct Recorder {
    kept: Mutex<Kept>,
    total: watch::Sender<u64>,
    keeps: bool,
    file: Option<Mutex<File>>,
}

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Arc<Received>>,
    bytes: usize,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { kept: Mutex::default(), total: watch::Sender::new(0), keeps: true, file: None }
    }
}

impl Recorder {
    pub(super) fn keep_none(&mut self) {
        self.keeps = false;
    }

    pub(super) fn write_to(&mut self, path: &Path) -> io::Result<()> {
        self.file = Some(Mutex::new(File::create(path)?));
        Ok(())
    }

    /// How much of a body is worth keeping.
    pub(super) fn body_limit(&self) -> usize {
        // Without recording, the answer still depends on the model and the stream flag.
        if self.keeps { MAX_BODY_BYTES } else { 1 << 20 }
    }

    /// Numbers the request and keeps it.
    pub(super) fn add(&self, mut request: Received) -> Arc<Received> {
        let mut kept = self.lock();
        request.number = *self.total.borrow() + 1;
        let request = Arc::new(request);
        if self.keeps {
            kept.push(Arc::clone(&request));
        }
        // Inside the lock, so that numbers and order agree, and who waits for the number finds the request.
        self.total.send_modify(|total| *total += 1);
        drop(kept);
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(file, "{}", line(&request)).expect("the record file can be written");
        }
        request
    }

    pub(super) fn requests(&self) -> Vec<Arc<Received>> {
        self.lock().requests.iter().cloned().collect()
    }

    pub(super) async fn wait_for(&self, count: u64) {
        let mut total = self.total.subscribe();
        total.wait_for(|total| *total >= count).await.expect("the recorder holds the sender");
    }

    pub(super) fn clear(&self) {
        *self.lock() = Kept::default();
        self.total.send_replace(0);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, request: Arc<Received>) {
        self.bytes += request.body.len();
        self.requests.push_back(request);
        while self.requests.len() > MAX_REQUESTS || (self.bytes > MAX_BYTES && self.requests.len() > 1) {
            self.bytes -= self.requests.pop_front().map_or(0, |oldest| oldest.body.len());
        }
    }
}

fn line(request: &Received) -> serde_json::Value {
    json!({
        "number": request.number,
        "connection": request.connection,
        "method": request.method,
        "target": request.target,
        "headers": request.headers.iter().collect::<Vec<_>>(),
        "body": request.text(),
        "trailers": request.trailers.iter().collect::<Vec<_>>(),
    })
}
