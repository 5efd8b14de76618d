//! The last task on disk: what was known of it when it was last noted.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ignored, Status};

/// `task.json` in the data directory. It holds no key in clear.
pub(super) struct File(PathBuf);

#[derive(Default, Serialize, Deserialize)]
struct Record {
    status: Status,
    #[serde(default)]
    ignored: Vec<Ignored>,
}

impl File {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self(data_dir.join("task.json"))
    }

    /// The last task. One that was running has ended with its process.
    pub(super) fn read(&self) -> (Status, Vec<Ignored>) {
        let Record { mut status, ignored } = self.load().unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "what became of the last task can't be told");
            Record::default()
        });
        if status.is_running {
            status.is_running = false;
            status.error = Some(status.broken_off());
            status.finished_at = Some(self.last_written().unwrap_or_else(Timestamp::now));
        }
        (status, ignored)
    }

    /// Replaces what is there. A disk that is full must not end the task.
    pub(super) async fn write(&self, status: &Status, ignored: &[Ignored]) {
        let record = Record { status: status.clone(), ignored: ignored.to_vec() };
        let (path, next) = (self.0.clone(), self.0.with_extension("json.next"));
        let written = tokio::task::spawn_blocking(move || {
            std::fs::write(&next, serde_json::to_vec(&record)?)?;
            anyhow::Ok(std::fs::rename(&next, &path)?)
        });
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, file = %self.0.display(), "the running task can't be noted");
        }
    }

    fn load(&self) -> anyhow::Result<Record> {
        match std::fs::read(&self.0) {
            Ok(json) => serde_json::from_slice(&json).with_context(|| format!("{} is damaged", self.0.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Record::default()),
            Err(error) => Err(error).with_context(|| format!("{} can't be read", self.0.display())),
        }
    }

    fn last_written(&self) -> Option<Timestamp> {
        std::fs::metadata(&self.0).and_then(|about| about.modified()).ok()?.try_into().ok()
    }
}
