//! Where the program's own log goes, and how much of it.

use std::path::PathBuf;

use tracing::Level;

use super::environment::{LOG_ENABLE_FILE, LOG_FILE_PATH, LOG_FORMAT, LOG_LEVEL};
use super::reader::Reader;

/// The program's own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// The least level that is logged.
    pub level: Level,
    /// The form of a line.
    pub format: LogFormat,
    /// A file that gets every line too.
    pub file: Option<PathBuf>,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let level = reader.value(&LOG_LEVEL, "one of error, warn, info, debug, trace", |text| level(text).map(Some));
        let format = reader.value(&LOG_FORMAT, "text or json", format);
        let path = PathBuf::from(reader.text_or_default(&LOG_FILE_PATH));
        let file = reader.boolean(&LOG_ENABLE_FILE).then_some(path);
        Self { level: level.unwrap_or(Level::INFO), format, file }
    }
}

/// The names that logrus knows, as GPT-Load 1.4.x took them; `fatal` and `panic` log errors only.
fn level(name: &str) -> Option<Level> {
    match name.to_ascii_lowercase().as_str() {
        "panic" | "fatal" | "error" => Some(Level::ERROR),
        "warn" | "warning" => Some(Level::WARN),
        "info" => Some(Level::INFO),
        "debug" => Some(Level::DEBUG),
        "trace" => Some(Level::TRACE),
        _ => None,
    }
}

fn format(name: &str) -> Option<LogFormat> {
    match name.to_ascii_lowercase().as_str() {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}
